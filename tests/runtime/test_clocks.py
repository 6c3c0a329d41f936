from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from wealthsources import ClockError
from wealthsources.runtime.clocks import EngineClock, FeedClock, SystemClock, wall_time

from ..support.bars import HOUR, T0, record

T_2024 = 1_704_067_200_000
NAIVE = dt.datetime(2024, 1, 1, 8)  # noqa: DTZ001 - that is the case


def test_the_system_clock_is_the_systems():
    wall = [T0]
    clock = SystemClock(lambda: wall[0])
    assert clock.now() == T0
    wall[0] += 5
    assert clock.now() == T0 + 5


def test_the_system_clock_is_never_behind_the_newest_closed_bar():
    clock = SystemClock(lambda: T0)
    clock.saw_closed(T0 + 300)
    clock.saw_closed(T0 + 200)
    assert clock.now() == T0 + 300


def test_a_forming_bar_proves_nothing_to_the_system_clock():
    clock = SystemClock(lambda: T0)
    clock.saw_open(T0 + 300)
    assert clock.now() == T0


def test_the_feed_clock_has_no_time_before_its_first_bar():
    with pytest.raises(ClockError, match="no live bar has come"):
        FeedClock().now()


def test_the_feed_clock_is_the_latest_time_that_bars_prove():
    clock = FeedClock()
    clock.saw_open(T0)
    assert clock.now() == T0
    clock.saw_closed(T0 + HOUR)
    assert clock.now() == T0 + HOUR
    clock.saw_open(T0 + 5)
    assert clock.now() == T0 + HOUR


def test_the_engines_now_ms_comes_before_its_current_bar():
    context = SimpleNamespace(now_ms=T0 + 7, current_bar=record(0, timeframe="1h"))
    assert EngineClock(context).now() == T0 + 7


def test_without_now_ms_it_is_the_end_of_the_current_bar():
    assert EngineClock(SimpleNamespace(current_bar=record(2, timeframe="1h"))).now() == T0 + 3 * HOUR


@pytest.mark.parametrize(
    ("context", "why"),
    [
        ({}, "no now_ms .*, it has no current_bar, and it has no current_dt"),
        ({"current_bar": None}, "it has no current_bar, and"),
        ({"current_bar": {"close": 1}}, "its current_bar has no open_time, and"),
        ({"current_bar": record(0)}, "its current_bar has no timeframe, and no series of the context holds it, and"),
        ({"current_dt": NAIVE}, "and its current_dt has no time zone, and none is stated"),
    ],
)
def test_a_context_without_a_clock_is_an_error_that_says_what_is_missing(context, why):
    with pytest.raises(ClockError, match=why):
        EngineClock(SimpleNamespace(**context)).now()


def test_a_current_bar_that_ends_in_the_future_is_still_forming():
    ahead = wall_time() // HOUR * HOUR
    context = SimpleNamespace(current_bar={"open_time": ahead, "timeframe": "1h"})
    assert ahead <= EngineClock(context).now() < ahead + HOUR
