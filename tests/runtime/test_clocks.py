from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from wealthsources import ClockError, Timeframe, context_time
from wealthsources.runtime.clocks import EngineClock, FeedClock, SystemClock, wall_time
from wealthsources.runtime.context_time import current_timeframe

HOUR = 3_600_000
T_2024 = 1_704_067_200_000
NAIVE = dt.datetime(2024, 1, 1, 8)  # noqa: DTZ001 - that is the case
T0 = 1_600_000_000_000 // HOUR * HOUR


def bar(place: int = 0, **changes) -> dict:
    values = dict.fromkeys(("open", "high", "low", "close", "volume"), "1")
    return {"open_time": T0 + place * HOUR, "close_time": T0 + (place + 1) * HOUR, **values, **changes}


def entry(timeframe: str, *bars: dict) -> dict:
    return {"symbol": "BTCUSDT", "timeframe": timeframe, "bars": list(bars)}


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
    context = SimpleNamespace(now_ms=T0 + 7, current_bar=bar(timeframe="1h"))
    assert EngineClock(context).now() == T0 + 7


def test_without_now_ms_it_is_the_end_of_the_current_bar():
    assert EngineClock(SimpleNamespace(current_bar=bar(2, timeframe="1h"))).now() == T0 + 3 * HOUR


def test_the_current_bars_timeframe_is_found_in_the_series_that_holds_it():
    current = bar(1)
    context = SimpleNamespace(
        current_bar=current,
        market_data_context=[entry("1d", bar(-5)), entry("1h", bar(0), current)],
    )
    assert current_timeframe(context) is Timeframe("1h")
    assert EngineClock(context).now() == T0 + 2 * HOUR


def test_an_equal_bar_will_do_where_it_is_not_the_same_object():
    context = SimpleNamespace(current_bar=SimpleNamespace(**bar(1)), market_data_context=[entry("1h", bar(0), bar(1))])
    assert current_timeframe(context) is Timeframe("1h")


def test_of_two_series_that_hold_it_the_shorter_counts_so_that_nothing_is_seen_too_early():
    current = bar(0)
    context = SimpleNamespace(current_bar=current, market_data_context=[entry("1d", current), entry("1h", current)])
    assert current_timeframe(context) is Timeframe("1h")


@pytest.mark.parametrize(
    ("context", "why"),
    [
        ({}, "no now_ms .*, it has no current_bar, and it has no current_dt"),
        ({"current_bar": None}, "it has no current_bar, and"),
        ({"current_bar": {"close": 1}}, "its current_bar has no open_time, and"),
        ({"current_bar": bar()}, "its current_bar has no timeframe, and no series of the context holds it, and"),
        ({"current_dt": NAIVE}, "and its current_dt has no time zone, and none is stated"),
    ],
)
def test_a_context_without_a_clock_is_an_error_that_says_what_is_missing(context, why):
    with pytest.raises(ClockError, match=why):
        EngineClock(SimpleNamespace(**context)).now()


def test_with_neither_it_is_current_dt():
    shanghai = dt.timezone(dt.timedelta(hours=8))
    moment = dt.datetime(2024, 1, 1, 8, 0, 0, 5_000, tzinfo=shanghai)
    assert context_time(SimpleNamespace(current_dt=moment, current_bar=None)) == T_2024 + 5
    assert context_time(SimpleNamespace(current_dt=pd.Timestamp(moment))) == T_2024 + 5
    assert context_time(SimpleNamespace(current_dt=moment, current_bar=bar(timeframe="1h"))) == T0 + HOUR


def test_a_current_dt_without_a_zone_needs_one_stated():
    shanghai = dt.timezone(dt.timedelta(hours=8))
    naive = SimpleNamespace(current_dt=NAIVE)
    assert context_time(naive) is None
    assert context_time(naive, shanghai) == T_2024
    assert EngineClock(naive, dt.UTC).now() == T_2024 + 8 * HOUR


@pytest.mark.parametrize("moment", ["2024-01-01", T_2024, pd.NaT, dt.date(2024, 1, 1)])
def test_a_current_dt_that_is_no_datetime_is_an_error(moment):
    with pytest.raises(ClockError, match=r"current_dt: .* is not a datetime"):
        context_time(SimpleNamespace(current_dt=moment), dt.UTC)


def test_a_time_that_is_none_is_an_error_that_names_the_place():
    with pytest.raises(ClockError, match="now_ms: 'soon' is not a time"):
        context_time(SimpleNamespace(now_ms="soon"))
    with pytest.raises(ClockError, match="'5x' is not a timeframe"):
        context_time(SimpleNamespace(current_bar=bar(timeframe="5x")))


@pytest.mark.parametrize("flag", [{"closed": False}, {"is_closed": "false"}, {"closed": 0}])
def test_a_current_bar_that_says_it_is_not_over_proves_only_that_it_has_begun(flag):
    context = SimpleNamespace(current_bar=bar(2, timeframe="1h", **flag))
    assert EngineClock(context).now() == T0 + 2 * HOUR
    over = SimpleNamespace(current_bar=bar(2, timeframe="1h", closed=True))
    assert EngineClock(over).now() == T0 + 3 * HOUR


def test_a_context_may_be_a_mapping():
    assert context_time({"now_ms": T0}) == T0


def test_a_current_bar_that_ends_in_the_future_is_still_forming():
    ahead = wall_time() // HOUR * HOUR
    context = SimpleNamespace(current_bar={"open_time": ahead, "timeframe": "1h"})
    assert ahead <= EngineClock(context).now() < ahead + HOUR
