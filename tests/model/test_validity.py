from __future__ import annotations

import numpy as np
import pytest

from wealthsources import Bars
from wealthsources.model.validity import first_fault

from ..support.bars import HOUR, T0, record, recorded


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"high": "8"}, "high is below low"),
        ({"open": "13"}, "open or close is above high"),
        ({"close": "8"}, "open or close is below low"),
        ({"volume": "-1"}, "volume is negative"),
        ({"open_time": T0 + HOUR + 1}, "not on the 1h grid"),
        ({"open_time": T0}, "not after the one before"),
        ({"open_time": (T0 + HOUR) // 1000}, "not a time in ms"),
    ],
)
def test_fault_names_the_row_and_the_rule(changes, why):
    index, text = first_fault(Bars.from_records("X", "1h", [record(0), record(1, **changes), record(2)]))
    assert index == 1
    assert why in text


def test_a_value_that_is_not_finite_is_a_fault():
    one = np.ones(1)
    found = first_fault(Bars.from_columns("X", "1h", [T0], one, one, one, one * np.nan, one))
    assert found == (0, "a value is not a finite number")


def test_good_bars_have_no_fault():
    assert first_fault(recorded()) is None
    assert first_fault(Bars.empty("X", "1h")) is None
