"""What may be a bar and what may not: one rule, for arrays and for one bar."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import EARLIEST_TIME, FIELDS, LATEST_TIME, Bars, Timeframe, fault_of, find_faults
from wealthsources.model.validity import first_fault, is_usual, time_fault, value_fault

from ..support.bars import HOUR, T0, record, recorded

FRAME = Timeframe("1h")


def one(open_time: int = T0, frame: str = "1h", prices: str = "positive", **changes: object) -> tuple[int, str] | None:
    """The fault of a bar that is right but for these changes."""
    return first_fault(Bars.from_records("X", frame, [record(0, open_time=open_time, **changes)]), prices)


# several bars ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"high": "8"}, "high 8.0 is below low 9.0"),
        ({"open": "13"}, "open 13.0 or close 11.1 is above high 12.0"),
        ({"close": "8"}, "open 10.5 or close 8.0 is below low 9.0"),
        ({"volume": "-1"}, "volume: -1.0 is negative"),
        ({"low": "0"}, "low: 0.0 is not positive"),
        ({"open_time": T0 + HOUR + 1}, f"open_time: {T0 + HOUR + 1} is not on the 1h grid"),
        ({"open_time": T0}, "open_time is not after the one before"),
        ({"open_time": (T0 + HOUR) // 1000}, "is not a time in ms of 1980 to 2200; in seconds it would be 2020-"),
    ],
)
def test_fault_names_the_row_and_the_rule(changes, why):
    index, text = first_fault(Bars.from_records("X", "1h", [record(0), record(1, **changes), record(2)]))
    assert index == 1
    assert why in text


def test_good_bars_have_no_fault():
    assert first_fault(recorded()) is None
    assert first_fault(Bars.empty("X", "1h")) is None


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_every_value_must_be_finite(place, bad):
    columns = [np.ones(2) for _ in range(5)]
    columns[place][1] = bad
    found = first_fault(Bars.from_columns("X", "1h", [T0, T0 + HOUR], *columns), "any")
    assert found == (1, f"{FIELDS[place]}: {bad} is not a finite number")


def test_the_first_of_several_bad_rows_is_named_whatever_is_wrong_with_it():
    rows = [record(0), record(1, volume="-1"), record(2, high="8"), record(2)]
    assert first_fault(Bars.from_records("X", "1h", rows)) == (1, "volume: -1.0 is negative")


def test_a_time_that_was_given_twice_is_not_after_the_one_before():
    assert first_fault(Bars.from_records("X", "1h", [record(0), record(0)])) == (
        1,
        "open_time is not after the one before",
    )


def test_each_bar_is_compared_with_the_one_before_it():
    rows = [record(0), record(1), record(2), record(2)]
    assert first_fault(Bars.from_records("X", "1h", rows)) == (3, "open_time is not after the one before")


def test_rows_are_marked_each_by_itself():
    bars = Bars.from_records("X", "1h", [record(1), record(0), record(0)])
    assert find_faults(bars.open_times, bars.values, FRAME).tolist() == [False] * 3
    assert fault_of(T0, bars.values[0].tolist(), FRAME) == ""


def test_no_rows_have_no_fault():
    assert find_faults(np.empty(0, np.int64), np.empty((0, 5)), FRAME).tolist() == []


# one bar ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [{"open": "8.9"}, {"close": "8.9"}])
def test_open_and_close_are_not_below_low(changes):
    assert "is below low 9.0" in one(**changes)[1]


@pytest.mark.parametrize("changes", [{"open": "12.1"}, {"close": "12.1"}])
def test_open_and_close_are_not_above_high(changes):
    assert "is above high 12.0" in one(**changes)[1]


def test_all_prices_may_be_the_same_and_the_volume_nothing():
    assert one(**dict.fromkeys(("open", "high", "low", "close"), "5"), volume="0") is None


def test_prices_may_be_negative_only_where_that_is_said():
    spread = {"open": "-5", "high": "0", "low": "-9", "close": "-9"}
    assert one(prices="any", **spread) is None
    assert one(**spread) == (0, "open: -5.0 is not positive")


def test_the_zeros_of_a_halted_symbol_are_no_bar():
    assert one(**dict.fromkeys(FIELDS, "0")) == (0, "open: 0.0 is not positive")


def test_a_time_is_of_1980_to_2200():
    assert one(EARLIEST_TIME) is None
    assert one(LATEST_TIME) is None
    assert one(EARLIEST_TIME - HOUR) == (0, f"open_time: {EARLIEST_TIME - HOUR} is not a time in ms of 1980 to 2200")
    assert one(LATEST_TIME + HOUR) == (0, f"open_time: {LATEST_TIME + HOUR} is not a time in ms of 1980 to 2200")


@pytest.mark.parametrize("name", ["1m", "1d", "1w", "1M"])
def test_a_bar_opens_where_a_window_of_its_timeframe_does(name):
    opened = Timeframe(name).floor(T0)
    assert one(opened, name) is None
    assert one(opened + 1, name) == (0, f"open_time: {opened + 1} is not on the {name} grid")


@pytest.mark.parametrize("time", [0, -1, -(1 << 62), (1 << 63) - 1])
def test_a_time_far_from_any_is_refused_also_where_windows_are_months(time):
    assert time_fault(time, Timeframe("1M")) == f"open_time: {time} is not a time in ms of 1980 to 2200"
    assert find_faults(np.array([time]), np.ones((1, 5)), Timeframe("1M")).tolist() == [True]


# both say the same -----------------------------------------------------------------------------------------------

NUMBERS = st.sampled_from([-1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, np.nan, np.inf, -np.inf])
ROWS = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS)


@given(ROWS, st.sampled_from(["positive", "any"]), st.integers(0, 3))
def test_the_rule_for_arrays_is_the_rule_for_one_bar(values, prices, off):
    time = T0 + off * HOUR // 2
    marked = find_faults(np.array([time]), np.array([values]), FRAME, prices).tolist() == [True]
    assert marked is bool(time_fault(time, FRAME) or value_fault(values, prices))


@given(ROWS)
def test_what_is_usual_breaks_no_rule_and_nothing_else_keeps_all(values):
    assert is_usual(values) is (value_fault(values) == "")
