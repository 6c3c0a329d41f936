"""What may be a bar and what may not."""

from __future__ import annotations

import numpy as np
import pytest

from wealthsources import EARLIEST_TIME, LATEST_TIME, Bars, Timeframe
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


def one(open_time: int = T0, frame: str = "1h", **changes: object) -> tuple[int, str] | None:
    """The fault of a bar that is right but for these changes."""
    return first_fault(Bars.from_records("X", frame, [record(0, open_time=open_time, **changes)]))


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_every_value_must_be_finite(place, bad):
    columns = [np.ones(2) for _ in range(5)]
    columns[place][1] = bad
    assert first_fault(Bars.from_columns("X", "1h", [T0, T0 + HOUR], *columns)) == (1, "a value is not a finite number")


@pytest.mark.parametrize("changes", [{"open": "8.9"}, {"close": "8.9"}])
def test_open_and_close_are_not_below_low(changes):
    assert one(**changes) == (0, "open or close is below low")


@pytest.mark.parametrize("changes", [{"open": "12.1"}, {"close": "12.1"}])
def test_open_and_close_are_not_above_high(changes):
    assert one(**changes) == (0, "open or close is above high")


def test_all_prices_may_be_the_same_and_the_volume_nothing():
    assert one(**dict.fromkeys(("open", "high", "low", "close"), "5"), volume="0") is None


def test_prices_may_be_negative():
    assert one(open="-5", high="-1", low="-9", close="-9") is None


def test_a_time_is_of_1980_to_2200():
    assert one(EARLIEST_TIME) is None
    assert one(LATEST_TIME) is None
    assert one(EARLIEST_TIME - HOUR) == (0, f"open_time {EARLIEST_TIME - HOUR} is not a time in ms of 1980 to 2200")
    assert one(LATEST_TIME + HOUR) == (0, f"open_time {LATEST_TIME + HOUR} is not a time in ms of 1980 to 2200")


@pytest.mark.parametrize("name", ["1m", "1d", "1w", "1M"])
def test_a_bar_opens_where_a_window_of_its_timeframe_does(name):
    opened = Timeframe(name).floor(T0)
    assert one(opened, name) is None
    assert one(opened + 1, name) == (0, f"open_time is not on the {name} grid")


def test_the_first_of_several_bad_rows_is_named():
    rows = [record(0), record(1, high="8"), record(2), record(3, high="7")]
    assert first_fault(Bars.from_records("X", "1h", rows)) == (1, "high is below low")


def test_a_time_that_was_given_twice_is_not_after_the_one_before():
    assert first_fault(Bars.from_records("X", "1h", [record(0), record(0)])) == (
        1,
        "open_time is not after the one before",
    )


def test_each_bar_is_compared_with_the_one_before_it():
    rows = [record(0), record(1), record(2), record(2)]
    assert first_fault(Bars.from_records("X", "1h", rows)) == (3, "open_time is not after the one before")
