from __future__ import annotations

import pytest

from .engines import HOUR, T0, Engine


@pytest.fixture
def engine(records):
    return Engine(records("1h", 50), T0 + 50 * HOUR)
