from __future__ import annotations

import collections.abc
import math

import pytest

import wealthdata
from wealthdata import get_current_data, get_last_price
from wealthsources import Bars, SourceError

from ...support.bars import DAY, HOUR, MONDAY as T0


def test_a_security_has_joinquants_attributes(hourly):
    now = get_current_data()["BTCUSDT"]
    assert (now.last_price, now.day_open) == (149.5, 148.0)
    assert (now.high_limit, now.low_limit) == (math.inf, 0.0)
    assert (now.paused, now.is_st) == (False, False)
    assert (now.name, now.industry_code) == ("BTCUSDT", "")


def test_the_last_price_is_that_of_get_last_price(hourly):
    assert get_current_data()["ETHUSDT"].last_price == get_last_price("ETHUSDT")


def test_nothing_is_asked_before_it_is_wanted(session, context, closed, records):
    source = session({}).source("m0")
    source.put(closed("X", "1m", records("1m", 60)))
    wealthdata.set_context(context({}, T0 + HOUR), mode="backtest")
    data = get_current_data()
    assert source.asked == []
    now = data["X"]
    asked = len(source.asked)
    assert asked
    assert (now.last_price, data["X"].last_price) == (159.5, 159.5)
    assert len(source.asked) == asked
    assert now.day_open == 100.0
    assert len(source.asked) > asked


def test_all_values_are_of_the_moment_of_the_call(hourly):
    data = get_current_data()
    first = data["BTCUSDT"]
    hourly.now_ms += 30 * HOUR
    assert (first.day_open, data["ETHUSDT"].last_price, data["ETHUSDT"].day_open) == (148.0, 149.5, 148.0)
    assert get_current_data()["ETHUSDT"].last_price == 179.5


def test_it_is_a_mapping_of_what_was_asked_for_so_far(hourly):
    data = get_current_data()
    assert isinstance(data, collections.abc.Mapping)
    assert (len(data), list(data)) == (0, [])
    one = data["BTCUSDT"]
    assert data["BTCUSDT"] is one
    assert (len(data), list(data), list(data.values())) == (1, ["BTCUSDT"], [one])
    assert "BTCUSDT" in repr(data)
    assert repr(one) == "<Current BTCUSDT>"


def test_it_may_be_asked_for_while_it_is_gone_through(hourly):
    data = get_current_data()
    data["BTCUSDT"]
    assert [data["ETHUSDT"].last_price for _ in data] == [149.5]


def test_it_cannot_be_written_to(hourly):
    with pytest.raises(TypeError):
        get_current_data()["BTCUSDT"] = 1


def test_whether_a_security_is_in_it_is_looked_up(hourly):
    data = get_current_data()
    assert "BTCUSDT" in data
    assert "DOGEUSDT" not in data
    assert 5 not in data
    assert list(data) == ["BTCUSDT"]


def test_a_symbol_may_be_spelt_in_any_way_and_keeps_its_spelling(hourly):
    now = get_current_data()["btc/usdt"]
    assert (now.name, now.last_price) == ("btc/usdt", 149.5)


def test_a_symbol_that_nobody_lists_is_not_found(hourly):
    with pytest.raises(wealthdata.SecurityNotFound, match="did you mean 'BTCUSDT'"):
        get_current_data()["BTCUSD"]


def test_a_symbol_of_which_nobody_has_a_bar_is_an_error(session, context):
    made = session({})
    made.source("m0").failure = SourceError("disk on fire")
    wealthdata.set_context(context({}, T0), mode="backtest")
    data = get_current_data()
    with pytest.raises(wealthdata.DataUnavailable, match="disk on fire"):
        data["X"]
    assert "X" not in data


@pytest.mark.parametrize("key", [None, 5, "", ["X"], ("X",)])
def test_a_key_that_is_no_symbol_is_refused(hourly, key):
    with pytest.raises(wealthdata.ParamsError, match="the key must be a symbol"):
        get_current_data()[key]


def test_a_context_that_tells_no_time_is_an_error(context):
    wealthdata.set_context(context({}))
    with pytest.raises(wealthdata.ClockError):
        get_current_data()


# the open of the day -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hours", "opened"), [(49, 148.0), (71, 148.0), (72.5, math.nan), (73, 172.0)])
def test_the_day_is_that_of_utc_which_holds_now(bind, records, hours, opened):
    wealthdata.configure(tz="Asia/Shanghai")
    bind({"X 1h": records("1h", 100)}, T0 + int(hours * HOUR))
    assert get_current_data()["X"].day_open == pytest.approx(opened, nan_ok=True)


def test_at_midnight_the_day_that_has_just_ended_is_not_todays(bind, records):
    bind({"X 1h": records("1h", 100), "X 1d": records("1d", 5)}, T0 + 3 * DAY)
    assert math.isnan(get_current_data()["X"].day_open)


def test_with_days_alone_the_open_of_today_is_not_known(bind, records):
    bind({"X 1d": records("1d", 10)}, T0 + 3 * DAY + 5 * HOUR)
    now = get_current_data()["X"]
    assert now.last_price == 102.5
    assert math.isnan(now.day_open)


def test_the_open_of_a_day_with_a_hole_is_not_known(bind, records):
    bind({"X 1h": records("1h", 50, skip={48})}, T0 + 50 * HOUR)
    assert math.isnan(get_current_data()["X"].day_open)


@pytest.fixture
def live(session, records):
    """live("1h", 5): the bars by rule as a live source has them, the last one forming; returns the session."""
    made = session({"live": True}, {}, clock="feed")
    made.start_live()

    def make(timeframe, count, first=T0):
        states = [{**record, "closed": True} for record in records(timeframe, count, first)]
        states[-1]["closed"] = False
        made.source("m0").put(Bars.from_records("X", timeframe, states))
        return made

    return make


def test_live_the_open_is_that_of_the_forming_day(live):
    live("1d", 3)
    live("1m", 5, T0 + 2 * DAY)
    now = get_current_data()["X"]
    assert (now.last_price, now.day_open) == (104.5, 102.0)


def test_live_the_open_is_known_from_midnight_on(live):
    live("1d", 3)
    assert get_current_data()["X"].day_open == 102.0


def test_live_the_open_is_that_of_the_minutes_since_midnight_if_there_is_no_day(live):
    live("1m", 5, T0 + 9 * DAY)
    assert get_current_data()["X"].day_open == 100.0


def test_live_an_old_day_is_not_today(live, closed, records):
    made = live("1m", 5, T0 + 9 * DAY + HOUR)
    made.source("m1").put(closed("X", "1d", records("1d", 3)))
    assert math.isnan(get_current_data()["X"].day_open)


def test_a_stale_price_is_refused_when_it_is_asked_for(live, closed, records):
    made = live("1m", 5, T0 + 9 * DAY)
    made.source("m1").put(closed("Y", "1m", records("1m", 5)))
    now = get_current_data()["Y"]
    assert (now.paused, now.name) == (False, "Y")
    with pytest.raises(wealthdata.StaleDataError, match="Y 1m is stale"):
        _ = now.last_price
    assert math.isnan(now.day_open)
