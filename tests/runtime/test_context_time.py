"""What a context tells of time."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from types import SimpleNamespace

import pandas as pd
import pytest

from wealthsources import ClockError, Market, Timeframe, context_time
from wealthsources.runtime.clocks import EngineClock
from wealthsources.runtime.context_time import context_series, current_bar_end, current_timeframe, timeless

from ..support.bars import HOUR, T0, record
from ..support.hours import hours_of, utc

T_2024 = 1_704_067_200_000
DAY = 24 * HOUR


NAIVE = dt.datetime(2024, 1, 1, 8)  # noqa: DTZ001 - that is the case


def entry(timeframe: str, *bars: dict) -> dict:
    return {"symbol": "BTCUSDT", "timeframe": timeframe, "bars": list(bars)}


def test_the_current_bars_timeframe_is_found_in_the_series_that_holds_it():
    current = record(1)
    context = SimpleNamespace(
        current_bar=current,
        market_data_context=[entry("1d", record(-5)), entry("1h", record(0), current)],
    )
    assert current_timeframe(context) is Timeframe("1h")
    assert EngineClock(context).now() == T0 + 2 * HOUR


def test_an_equal_bar_will_do_where_it_is_not_the_same_object():
    context = SimpleNamespace(
        current_bar=SimpleNamespace(**record(1)), market_data_context=[entry("1h", record(0), record(1))]
    )
    assert current_timeframe(context) is Timeframe("1h")


def test_of_two_series_that_hold_it_the_shorter_counts_so_that_nothing_is_seen_too_early():
    current = record(0)
    context = SimpleNamespace(current_bar=current, market_data_context=[entry("1d", current), entry("1h", current)])
    assert current_timeframe(context) is Timeframe("1h")


def test_with_neither_it_is_current_dt():
    shanghai = dt.timezone(dt.timedelta(hours=8))
    moment = dt.datetime(2024, 1, 1, 8, 0, 0, 5_000, tzinfo=shanghai)
    assert context_time(SimpleNamespace(current_dt=moment, current_bar=None)) == T_2024 + 5
    assert context_time(SimpleNamespace(current_dt=pd.Timestamp(moment))) == T_2024 + 5
    assert context_time(SimpleNamespace(current_dt=moment, current_bar=record(0, timeframe="1h"))) == T0 + HOUR


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
        context_time(SimpleNamespace(current_bar=record(0, timeframe="5x")))


def test_a_context_may_be_a_mapping():
    assert context_time({"now_ms": T0}) == T0


@pytest.mark.parametrize("flag", [{"closed": False}, {"is_closed": "false"}, {"closed": 0}])
def test_a_current_bar_that_says_it_is_not_over_proves_only_that_it_has_begun(flag):
    context = SimpleNamespace(current_bar=record(2, timeframe="1h", **flag))
    assert EngineClock(context).now() == T0 + 2 * HOUR
    over = SimpleNamespace(current_bar=record(2, timeframe="1h", closed=True))
    assert EngineClock(over).now() == T0 + 3 * HOUR


@pytest.mark.parametrize("now", [T0, str(T0), float(T0)])
def test_now_ms_is_read_like_any_time(now):
    assert context_time(SimpleNamespace(now_ms=now)) == T0


def test_a_context_that_tells_nothing_has_no_time():
    assert context_time(SimpleNamespace()) is None
    assert context_time(SimpleNamespace(now_ms=None, current_bar=None, current_dt=None)) is None


def test_a_current_bar_ends_with_its_own_timeframe():
    assert current_bar_end(SimpleNamespace(current_bar={"open_time": T_2024, "timeframe": "1d"})) == T_2024 + DAY
    assert current_bar_end(SimpleNamespace(current_bar=record(0, timeframe=Timeframe("1m")))) == T0 + 60_000


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"current_bar": None},
        {"current_bar": {"close": 1, "timeframe": "1h"}},
        {"current_bar": record(0)},
        {"current_bar": record(0), "market_data_context": [entry("1h", record(1))]},
        {"current_bar": record(0), "market_data_context": [{"symbol": "BTCUSDT", "timeframe": "1h", "bars": None}]},
        {"current_bar": record(0), "market_data_context": [entry("1h", record(0, close="11.2"))]},
    ],
)
def test_a_current_bar_whose_timeframe_nothing_tells_has_no_end(context):
    assert current_bar_end(SimpleNamespace(**context)) is None


def test_an_open_time_that_is_no_time_is_an_error_that_names_it():
    with pytest.raises(ClockError, match=r"the context's current_bar\.open_time: 'noon' is not a time"):
        current_bar_end(SimpleNamespace(current_bar={"open_time": "noon", "timeframe": "1h"}))


@pytest.mark.parametrize("name", ["60m", "1H", "H1", "1hour"])
def test_an_engine_may_call_the_timeframe_by_another_name(name):
    assert current_timeframe(SimpleNamespace(current_bar=record(0, timeframe=name))) is Timeframe("1h")
    in_list = SimpleNamespace(current_bar=record(0), market_data_context=[entry(name, record(0))])
    assert current_timeframe(in_list) is Timeframe("1h")


def test_a_timeframe_of_a_series_that_there_is_not_is_an_error():
    context = SimpleNamespace(current_bar=record(0), market_data_context=[entry("5x", record(0))])
    with pytest.raises(ClockError, match="the context's current_bar: '5x' is not a timeframe"):
        current_timeframe(context)


def test_without_a_current_bar_there_is_no_timeframe():
    assert current_timeframe(SimpleNamespace(market_data_context=[entry("1h", record(0))])) is None


@pytest.mark.parametrize("name", ["_market_data_context", "market_data_context"])
def test_the_series_of_a_context_have_one_of_two_names(name):
    entries = [entry("1h", record(0)), entry("1d", record(0))]
    assert list(context_series(SimpleNamespace(**{name: entries}))) == entries


def test_the_first_of_the_two_that_holds_anything_is_taken():
    hours, days = [entry("1h", record(0))], [entry("1d", record(0))]
    both = SimpleNamespace(_market_data_context=hours, market_data_context=days)
    assert list(context_series(both)) == hours
    assert list(context_series(SimpleNamespace(_market_data_context=[], market_data_context=days))) == days
    assert list(context_series(SimpleNamespace(market_data_context="hours"))) == []


@pytest.mark.parametrize("flag", [True, 1, "true", "yes", None])
def test_only_a_clear_no_says_that_a_bar_is_not_over(flag):
    assert current_bar_end(SimpleNamespace(current_bar=record(0, timeframe="1h", closed=flag))) == T0 + HOUR


def test_what_is_missing_for_a_clock_is_told_with_the_kind_of_context():
    assert timeless({}) == (
        "the context (dict) tells no time, so nothing may be seen: "
        "it has no now_ms (ms since 1970, UTC), it has no current_bar, and it has no current_dt"
    )


@pytest.mark.parametrize(
    ("context", "why"),
    [
        ({"current_bar": {"close": 1}}, "its current_bar has no open_time, and it has no current_dt"),
        ({"current_bar": record(0)}, "its current_bar has no timeframe, and no series of the context holds it, and it"),
        ({"current_dt": NAIVE}, "it has no current_bar, and its current_dt has no time zone, and none is stated"),
    ],
)
def test_of_each_of_the_three_it_is_told_what_it_lacks(context, why):
    assert why in timeless(SimpleNamespace(**context))


# clocks that are set ----------------------------------------------------------------------------------------------

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")


@pytest.mark.parametrize("kind", [dt.datetime.fromisoformat, pd.Timestamp])
@pytest.mark.parametrize(("text", "why"), [("2024-11-03 01:30", "comes twice"), ("2024-03-10 02:30", "does not exist")])
def test_a_current_dt_that_clocks_of_the_zone_skip_or_show_twice_is_no_time(kind, text, why):
    # Of the two readings the earlier one would have time go back by an hour.
    with pytest.raises(ClockError, match=f"current_dt: {text}:00 {why} in America/New_York.*; give it with its zone"):
        context_time(SimpleNamespace(current_dt=kind(text)), NEW_YORK)
    assert context_time(SimpleNamespace(current_dt=kind(text)), dt.UTC) is not None


def test_a_current_dt_may_say_which_of_two_it_is():
    first = context_time(SimpleNamespace(current_dt=dt.datetime(2024, 11, 3, 0, 30)), NEW_YORK) + HOUR  # noqa: DTZ001
    second = dt.datetime(2024, 11, 3, 1, 30, fold=1)  # noqa: DTZ001
    assert context_time(SimpleNamespace(current_dt=second), NEW_YORK) == first + HOUR
    assert context_time(SimpleNamespace(current_dt=second.replace(tzinfo=NEW_YORK)), None) == first + HOUR


@pytest.mark.parametrize(
    ("timeframe", "opened", "ended"),
    [
        ("1m", utc(2024, 1, 5, 13), utc(2024, 1, 5, 13, 1)),  # before the opening
        ("1m", utc(2024, 1, 5, 22), utc(2024, 1, 5, 22, 1)),  # on Friday night
        ("1h", utc(2024, 1, 5, 14), utc(2024, 1, 5, 15)),  # of full hours, the first of which begins before the opening
        ("1h", utc(2024, 1, 5, 20, 30), utc(2024, 1, 5, 21)),  # cut short by the end of the day
        ("1d", utc(2024, 1, 5), utc(2024, 1, 5, 21)),  # named by its date
        ("1d", utc(2024, 1, 6), utc(2024, 1, 7)),  # a day without trading
        ("1M", utc(2024, 1, 31), utc(2024, 1, 31, 21)),
        ("1M", utc(2024, 3, 31), utc(2024, 3, 28, 21)),  # named by its last date, after its last trading day
    ],
)
def test_no_current_bar_ends_with_a_window_that_comes_after_it(timeframe, opened, ended):
    hours = [("14:30", "21:00")]
    dates = ("2023-12-29", "2024-01-05", "2024-01-08", "2024-01-31", "2024-02-29", "2024-03-28", "2024-04-30")
    market = Market(hours=hours_of(dict.fromkeys((*dates, "2024-05-31", "2024-06-28"), hours)))
    bar = {"symbol": "AAPL", "timeframe": timeframe, "open_time": opened}
    assert context_time(SimpleNamespace(current_bar=bar), market_of=lambda _: market) == ended
