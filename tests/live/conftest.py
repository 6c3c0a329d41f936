from __future__ import annotations

import pytest

from .feed import Feed


@pytest.fixture
def feed() -> Feed:
    return Feed()
