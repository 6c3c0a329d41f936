"""The windows of each timeframe."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import RequestError, Timeframe

from ..support.bars import ms
from ..support.hours import hours_of

EVERY = st.sampled_from([Timeframe(name) for name in Timeframe.known()])
TIMES = st.integers(min_value=-2_000_000_000_000, max_value=7_000_000_000_000)


def test_known_names_are_those_of_the_wire_and_of_strategies():
    wanted = ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1M"]
    assert list(Timeframe.known()) == wanted


@pytest.mark.parametrize("name", ["5x", "", "1H", "60m", "1min", None, 5, "1 h"])
def test_unknown_name_is_an_error_that_lists_the_known(name):
    with pytest.raises(RequestError, match="is not a timeframe; known: 1m, 3m") as caught:
        Timeframe(name)
    assert isinstance(caught.value, ValueError)


def test_minute_and_month_are_not_mixed_up():
    assert Timeframe("1m") is not Timeframe("1M")


def test_there_is_one_object_per_name():
    assert Timeframe("1h") is Timeframe(Timeframe("1h")) is pickle.loads(pickle.dumps(Timeframe("1h")))


def test_a_timeframe_cannot_be_changed():
    with pytest.raises(AttributeError, match="cannot be changed"):
        Timeframe("1h").name = "2h"


def test_weeks_open_on_monday():
    assert Timeframe("1w").floor(ms(2024, 2, 29, 12)) == ms(2024, 2, 26)


def test_months_open_on_the_first_and_february_may_have_29_days():
    month = Timeframe("1M")
    assert month.floor(ms(2024, 2, 29, 23)) == ms(2024, 2, 1)
    assert month.end(ms(2024, 2, 1)) == ms(2024, 3, 1)


@given(EVERY, TIMES)
def test_every_time_is_in_exactly_one_window(frame, time):
    opened = frame.floor(time)
    assert opened <= time < frame.end(opened)
    assert frame.opens_at(opened)
    assert frame.open_time(frame.slot(time)) == opened


@given(EVERY, TIMES)
def test_windows_follow_one_another(frame, time):
    opened = frame.floor(time)
    assert frame.slot(frame.end(opened)) == frame.slot(opened) + 1


@given(EVERY, st.lists(TIMES, min_size=1, max_size=20))
def test_arrays_agree_with_single_times(frame, times):
    array = np.array(times, dtype=np.int64)
    slots = frame.slots(array)
    assert slots.tolist() == [frame.slot(time) for time in times]
    opened = frame.open_times(slots)
    assert opened.tolist() == [frame.floor(time) for time in times]
    assert frame.ends(opened).tolist() == [frame.end(int(time)) for time in opened]


def test_an_absurd_month_is_an_error():
    with pytest.raises(RequestError, match="outside the years"):
        Timeframe("1M").slot(1 << 60)
    for slot in (8030 * 12, -1971 * 12, 1 << 60):
        with pytest.raises(RequestError, match=f"month {slot} from 1970-01 is outside the years 1 to 9999"):
            Timeframe("1M").open_time(slot)


@pytest.mark.parametrize(
    ("name", "minutes"),
    [
        *(("1m", 1), ("3m", 3), ("5m", 5), ("15m", 15), ("30m", 30)),
        *(("1h", 60), ("2h", 120), ("4h", 240), ("6h", 360), ("8h", 480), ("12h", 720)),
        *(("1d", 1_440), ("3d", 4_320), ("1w", 10_080)),
    ],
)
def test_a_fixed_length_is_that_of_every_window(name, minutes):
    assert Timeframe(name).fixed == Timeframe(name).milliseconds == minutes * 60_000


def test_a_month_has_no_fixed_length_and_is_never_longer_than_31_days():
    assert Timeframe("1M").fixed == 0
    assert Timeframe("1M").milliseconds == 31 * 86_400_000


def test_known_names_come_shortest_first():
    lengths = [Timeframe(name).milliseconds for name in Timeframe.known()]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) == len(lengths)


def test_window_number_0_holds_1970():
    assert all(Timeframe(name).slot(0) == 0 for name in Timeframe.known())
    assert Timeframe("1w").open_time(0) == ms(1969, 12, 29)


def test_a_timeframe_prints_as_its_name():
    assert str(Timeframe("1h")) == "1h"
    assert repr(Timeframe("1h")) == "Timeframe('1h')"


@pytest.mark.parametrize(("name", "hours"), [("1m", 1 / 60), ("1h", 1), ("6h", 4), ("1d", 4), ("1w", 28)])
def test_a_market_is_open_for_no_longer_in_a_window_than_on_its_days(name, hours):
    days = {f"2024-01-{day:02}": [("01:30", "03:30"), ("05:00", "07:00")] for day in range(1, 16)}
    assert Timeframe(name).on(hours_of(days)).open_milliseconds == round(hours * 3_600_000)


def test_a_market_that_never_closes_is_open_in_all_of_a_window():
    assert Timeframe("1d").open_milliseconds == Timeframe("1d").milliseconds
