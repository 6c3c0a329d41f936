from __future__ import annotations

import pytest

from wealthsources import Bars

from ..support.bars import record


def test_a_time_that_no_int64_holds_is_refused():
    with pytest.raises(ValueError, match=r"bars\[0\]: close_time: 1000.* is not a time in ms"):
        Bars.from_records("X", "1h", [record(0, close_time=10**30)])
