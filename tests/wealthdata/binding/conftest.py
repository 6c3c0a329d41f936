from __future__ import annotations

import pytest

from ...support.bars import HOUR, MONDAY as T0
from .engines import Engine


@pytest.fixture
def engine(records):
    return Engine(records("1h", 50), T0 + 50 * HOUR)
