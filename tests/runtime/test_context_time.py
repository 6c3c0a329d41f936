from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from wealthsources import ClockError, Timeframe, context_time
from wealthsources.runtime.clocks import EngineClock
from wealthsources.runtime.context_time import current_timeframe

from ..support.bars import HOUR, T0, record

T_2024 = 1_704_067_200_000


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
