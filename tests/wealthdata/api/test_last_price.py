from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

import wealthdata
from wealthdata import get_last_price
from wealthdata.binding.stack import current_reader
from wealthsources import Bars, SourceError, Timeframe

from ...support.bars import DAY, HOUR, MINUTE, MONDAY as T0


@pytest.fixture
def over(session, context):
    """over({...}, ..., now=...): a backtest over these sources in memory."""

    def make(*options, now=T0 + 5 * HOUR, **settings):
        made = session(*options, **settings)
        wealthdata.set_context(context({}, now), mode="backtest")
        return made

    return make


# a backtest --------------------------------------------------------------------------------------------------------


def test_in_a_backtest_it_is_the_close_of_the_bar_that_ended_last(bind, records):
    bind({"X 1h": records("1h", 100)}, T0 + 50 * HOUR + HOUR // 2)
    assert get_last_price("X") == 149.5
    assert type(get_last_price("X")) is float


def test_a_bar_that_ends_now_counts_and_none_after_it(bind, records):
    made = bind({"X 1h": records("1h", 100)}, T0 + 50 * HOUR)
    assert get_last_price("X") == 149.5
    made.now_ms -= 1
    assert get_last_price("X") == 148.5


def test_the_series_of_the_shortest_bars_is_read(bind, records):
    bind({"X 1h": records("1h", 5), "X 5m": records("5m", 60), "X 1d": records("1d", 5)}, T0 + 4 * HOUR + 50 * MINUTE)
    assert get_last_price("X") == 157.5


def test_a_series_of_shorter_bars_that_ended_long_ago_is_passed_over(bind, records):
    bind({"X 1h": records("1h", 10), "X 1m": records("1m", 90)}, T0 + 9 * HOUR)
    assert get_last_price("X") == 108.5


def test_the_newest_bar_is_taken_though_its_series_lacks_others(bind, records):
    # The hour up to 02:00 is complete; the minutes go on to 02:03, but it is 02:05.
    bind({"X 1h": records("1h", 2), "X 1m": records("1m", 123)}, T0 + 2 * HOUR + 5 * MINUTE)
    assert get_last_price("X") == 222.5


def test_of_series_that_all_ended_long_ago_the_one_that_goes_furthest_is_named(bind, records):
    bind({"X 1m": records("1m", 90), "X 1h": records("1h", 3), "X 1d": []}, T0 + 20 * DAY)
    with pytest.raises(wealthdata.StaleDataError, match="of 1h, ended 2024-01-01 03:00 UTC"):
        get_last_price("X")


def test_of_several_it_is_a_dict(bind, records):
    bind({"A 1h": records("1h", 48), "B 1d": records("1d", 5)}, T0 + 2 * DAY)
    assert get_last_price(["B", "a", "B"]) == {"B": 101.5, "a": 147.5}
    assert get_last_price(("A",)) == {"A": 147.5}


def test_no_further_series_is_asked_once_one_is_up_to_date(over, closed, records):
    source = over({}).source("m0")
    source.put(closed("X", "1m", records("1m", 300)))
    source.asked.clear()
    assert get_last_price("X") == 399.5
    assert [request.timeframe.name for request in source.asked] == ["1m"]


def test_live_bars_are_not_seen_in_a_backtest(over, closed, records):
    made = over({"live": True}, {})
    made.start_live()
    made.source("m0").put(closed("X", "1m", records("1m", 900)))
    made.source("m1").put(closed("X", "1h", records("1h", 20)))
    assert get_last_price("X") == 104.5


@given(st.integers(60, 600), st.sampled_from(["1m", "5m", "15m", "1h"]), st.integers(0, 300))
def test_the_last_price_is_the_same_whatever_comes_later(bind, records, minute, name, ends):
    now = T0 + minute * MINUTE
    whole = {"X 1m": records("1m", ends or 1), f"X {name}": records(name, 700 * MINUTE // Timeframe(name).fixed)}
    whole["X 1h"] = records("1h", 12)
    cut = {
        series: [bar for bar in bars if bar["open_time"] + Timeframe(series.split()[1]).fixed <= now]
        for series, bars in whole.items()
    }
    prices = []
    for series in (whole, cut):
        bind(series, now)
        prices.append(get_last_price(["X"])["X"])
    assert prices[0] == prices[1] or all(map(math.isnan, prices))
    newest = {name: bars[-1] for name, bars in cut.items() if bars}
    ends = {series: bar["open_time"] + Timeframe(series.split()[1]).fixed for series, bar in newest.items()}
    if not math.isnan(prices[0]):
        assert prices[0] in {float(newest[series]["close"]) for series in newest if ends[series] == max(ends.values())}


# an old one --------------------------------------------------------------------------------------------------------


@pytest.fixture
def hour(bind, records):
    """hour(age): a backtest in which the only bar of X, an hour, ended so many ms ago; Y and Z are up to date."""

    def make(age):
        series = {"X 1h": records("1h", 5), "Y 1m": records("1m", 1_000), "Z 1d": records("1d", 5)}
        return bind(series, T0 + 5 * HOUR + age)

    return make


def test_a_price_may_be_as_old_as_two_of_its_bars(hour):
    hour(2 * HOUR)
    assert get_last_price("X") == 104.5


def test_an_older_price_is_an_error_that_says_how_old_it_is_and_what_to_set(hour):
    hour(2 * HOUR + 1)
    with pytest.raises(wealthdata.StaleDataError) as failure:
        get_last_price("X")
    assert str(failure.value) == (
        "the last price of X is 7200.001 s old, and 7200 s is the limit (twice 1h; set max_price_age): its newest bar, "
        "of 1h, ended 2024-01-01 05:00 UTC, and now is 2024-01-01 07:00:00.001 UTC"
    )
    assert failure.value.bars[-1].close == 104.5


def test_in_a_list_an_older_price_is_nan(hour):
    hour(3 * HOUR)
    prices = get_last_price(["X", "Y"])
    assert math.isnan(prices["X"])
    assert (list(prices), prices["Y"]) == (["X", "Y"], 579.5)


def test_current_data_has_an_older_price_as_an_error_and_the_security_all_the_same(hour):
    hour(3 * HOUR)
    data = wealthdata.get_current_data()
    assert "X" in data
    with pytest.raises(wealthdata.StaleDataError, match="10800 s old"):
        _ = data["X"].last_price


def test_a_deployment_may_state_the_age(over, closed, records):
    for most, age, right in ((60, 60_000, 104.5), (60, 60_001, None), (1e9, 3 * DAY, 104.5)):
        source = over({}, now=T0 + 5 * HOUR + age, max_price_age=most).source("m0")
        source.put(closed("X", "1h", records("1h", 5)))
        if right is None:
            with pytest.raises(wealthdata.StaleDataError, match=r"60 s is the limit \(max_price_age\)"):
                get_last_price("X")
        else:
            assert get_last_price("X") == right


# what is not there -------------------------------------------------------------------------------------------------


def test_a_symbol_that_nobody_lists_is_not_found(bind, records):
    bind({"BTCUSDT 1h": records("1h", 5)}, T0 + 5 * HOUR)
    with pytest.raises(wealthdata.SecurityNotFound, match="did you mean 'BTCUSDT'"):
        get_last_price("BTCUSD")


def test_without_any_bar_the_error_is_that_of_the_shortest_ones(over):
    over({})
    with pytest.raises(wealthdata.DataUnavailable, match="no source has 1 bars of X 1m"):
        get_last_price("X")


def test_a_price_of_the_future_is_none(bind, records):
    bind({"X 1h": records("1h", 5)}, T0)
    with pytest.raises(wealthdata.DataUnavailable):
        get_last_price("X")


def test_a_source_that_failed_may_have_had_a_newer_price(over, closed, records):
    made = over({"timeframes": ["1m"], "blocking": True}, {})
    made.source("m0").failure = SourceError("disk on fire")
    made.source("m1").put(closed("X", "1h", records("1h", 5)))
    with pytest.raises(wealthdata.DataUnavailable, match="disk on fire"):
        get_last_price("X")


def test_a_failure_does_not_matter_if_another_source_has_the_bars(over, closed, records):
    made = over({}, {})
    made.source("m0").failure = SourceError("disk on fire")
    made.source("m1").put(closed("X", "1m", records("1m", 300)))
    assert get_last_price("X") == 399.5


def test_in_a_backtest_nothing_more_is_asked_after_a_failure(over):
    source = over({"blocking": True}).source("m0")
    source.failure = SourceError("disk on fire")
    with pytest.raises(wealthdata.DataUnavailable):
        get_last_price("X")
    assert [request.timeframe.name for request in source.asked] == ["1m"]


def test_a_context_that_raises_for_a_timeframe_it_has_not_does_not_hide_the_others(records):
    known = {"1h": records("1h", 5)}
    bound = SimpleNamespace(now_ms=T0 + 5 * HOUR, history=lambda symbol, count, timeframe: known[timeframe][-count:])
    wealthdata.set_context(bound)
    assert get_last_price("X") == 104.5


def test_an_exchange_that_has_no_bar_is_passed_over(over, closed, records):
    made = over({"authoritative": True, "timeframes": ["1m"]}, {})
    made.source("m0").put(Bars.empty("X", "1m"))
    made.source("m1").put(closed("X", "1h", records("1h", 5)))
    assert get_last_price("X") == 104.5


@pytest.mark.parametrize("security", [None, "", [], 5, ["A", None]])
def test_a_security_that_is_none_is_refused(security):
    with pytest.raises(wealthdata.ParamsError, match="security must be a symbol"):
        get_last_price(security)


def test_without_a_binding_or_a_session_there_is_no_price(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEALTHSOURCES_CONFIG", raising=False)
    with pytest.raises(wealthdata.NoContextError):
        get_last_price("X")


# live, by the feed's clock -----------------------------------------------------------------------------------------


@pytest.fixture
def put(session, records):
    """put("1h", 5): the bars by rule as the live source has them; forming=True: the last one is not closed."""
    made = session({"live": True}, {"symbols": ["X"], "blocking": True}, clock="feed")
    made.start_live()

    def make(timeframe, count, first=T0, *, forming=False, name="m0"):
        states = [{**record, "closed": True} for record in records(timeframe, count, first)]
        if forming:
            states[-1]["closed"] = False
        made.source(name).put(Bars.from_records("X", timeframe, states))
        return made

    return make


def test_live_it_is_the_close_so_far_of_the_forming_bar(put):
    put("1h", 5, forming=True)
    assert get_last_price("X") == 104.5


def test_live_the_stream_of_the_shortest_bars_is_read(put):
    put("1h", 5, forming=True)
    put("1m", 11, T0 + 4 * HOUR, forming=True)
    assert get_last_price("X") == 110.5


def test_live_a_forming_bar_is_newer_than_an_archive_of_shorter_bars(put):
    put("1m", 60, name="m1")
    put("1h", 5, forming=True)
    assert get_last_price("X") == 104.5


def test_live_the_newest_closed_bar_will_do_if_no_bar_is_forming(put):
    put("1m", 5)
    assert get_last_price("X") == 104.5


def test_live_an_hour_that_forms_does_not_make_up_for_minutes_that_stopped(put):
    made = put("1m", 5)
    put("1h", 5, forming=True)
    live = made.source("m0")
    live.stale_for = lambda symbol=None, timeframe=None: 60.0 if str(timeframe) == "1m" else 0.0
    with pytest.raises(wealthdata.StaleDataError, match="X 1m is stale"):
        get_last_price("X")


def test_live_a_streams_forming_bar_comes_before_an_archive_of_shorter_ones(session, records):
    made = session({"live": True, "timeframes": ["1h"]}, {"symbols": ["X"]}, clock="feed")
    made.start_live()
    states = [{**record, "closed": n < 4} for n, record in enumerate(records("1h", 5))]
    made.source("m0").put(Bars.from_records("X", "1h", states))
    made.source("m1").put(Bars.from_records("X", "1m", [{**one, "closed": True} for one in records("1m", 240)]))
    assert get_last_price("X") == 104.5


def test_live_a_stale_series_is_refused(put):
    put("1m", 5)
    made = put("1h", 1, T0 + 9 * HOUR)
    made.source("m0")._series.pop(("X", Timeframe("1h")))
    with pytest.raises(wealthdata.StaleDataError, match="X 1m is stale"):
        get_last_price("X")


def test_live_a_closed_bar_that_is_newer_than_a_stale_series_is_taken(put):
    put("1m", 5)
    put("1h", 2)
    assert get_last_price("X") == 101.5


def test_live_a_closed_bar_that_is_older_than_a_stale_series_is_not_taken(put):
    # It is 02:30, and the hour up to 02:00 is complete; but the minutes went on to 02:10 and stopped.
    put("1h", 2)
    put("1m", 130)
    made = put("5m", 1, T0 + 2 * HOUR + 25 * MINUTE)
    made.source("m0")._series.pop(("X", Timeframe("5m")))
    with pytest.raises(wealthdata.StaleDataError, match="X 1m is stale"):
        get_last_price("X")


def test_live_a_forming_bar_whose_time_is_over_is_as_old_as_its_end(put):
    put("1m", 5, forming=True)
    made = put("3m", 1, T0 + 6 * MINUTE)
    made.source("m0")._series.pop(("X", Timeframe("3m")))
    with pytest.raises(wealthdata.StaleDataError, match="X 1m is stale"):
        get_last_price("X")


def test_live_a_forming_bar_that_has_just_ended_will_do(put):
    put("1m", 5, forming=True)
    made = put("5m", 1)
    made.source("m0")._series.pop(("X", Timeframe("5m")))
    assert get_last_price("X") == 104.5


def test_live_all_prices_are_as_of_one_moment(session, closed, records):
    made = session({"live": True}, clock="feed")
    made.start_live()
    source = made.source("m0")
    for symbol in ("A", "B"):
        source.put(closed(symbol, "1m", records("1m", 5)))
    ask = source.get_history

    def and_time_goes_on(request):
        bars = ask(request)
        source.put(closed("B", "1m", records("1m", 6)))
        return bars

    source.get_history = and_time_goes_on
    assert get_last_price(["A", "B"]) == {"A": 104.5, "B": 104.5}


def test_live_a_forming_bar_of_longer_ones_will_do_after_a_failure(put):
    made = put("1h", 4)
    put("4h", 2, forming=True)
    made.source("m1").failure = SourceError("no route")
    assert get_last_price("X") == 101.5


def test_live_a_source_may_name_its_bars_itself(put):
    made = put("1h", 5, forming=True)
    named = made.source("m0")._series["X", Timeframe("1h")]
    made.source("m0").put(Bars("X", named.timeframe, named.rows, ("its own name",)))
    assert get_last_price("X") == 104.5


def test_live_a_source_that_failed_does_not_hide_the_forming_bar(put):
    made = put("1h", 5, forming=True)
    made.source("m1").failure = SourceError("no route")
    assert get_last_price("X") == 104.5


def test_live_a_closed_bar_will_not_do_if_a_source_failed_that_may_have_a_newer_one(put):
    made = put("1h", 5)
    made.source("m1").failure = SourceError("no route")
    with pytest.raises(wealthdata.DataUnavailable, match="no route"):
        get_last_price("X")


def test_live_a_bar_made_of_closed_ones_is_no_forming_one(put):
    # 2h is made of 1h then, and would hold now; what it says is the close of the hour, which may be long ago.
    made = put("1h", 1)
    made.source("m1").failure = SourceError("no route")
    put("1m", 1, T0 + HOUR + 30 * MINUTE)
    made.source("m0")._series.pop(("X", Timeframe("1m")))
    with pytest.raises(wealthdata.DataUnavailable, match="no route"):
        get_last_price("X")


def test_live_a_feed_that_stands_still_is_refused(put):
    made = put("1h", 5)
    made.source("m0").stale_for = lambda symbol=None, timeframe=None: 60.0
    with pytest.raises(wealthdata.StaleDataError, match="time stands still"):
        get_last_price("X")


# live, by the system's clock ---------------------------------------------------------------------------------------


@pytest.fixture
def live(session, closed, records):
    """live(ago, silent_for): the price, if an hour ended so many ms ago and streams are silent for so many seconds."""

    def make(ago, silent_for, **settings):
        made = session({"live": True}, {}, **settings)
        made.start_live()
        made.source("m0").stale_for = lambda symbol=None, timeframe=None: silent_for
        moment = current_reader().as_of_now()
        moment.adapter._frozen = moment.now() // HOUR * HOUR + ago
        made.source("m1").put(closed("X", "1h", records("1h", 5, moment.now() - ago - 5 * HOUR)))
        return moment.latest_price("X")

    return make


def test_an_hour_that_ended_before_the_streams_fell_silent_tells_no_price(live):
    with pytest.raises(wealthdata.StaleDataError, match="no live stream for 600 s"):
        live(50 * MINUTE, 600.0)


def test_an_hour_that_ended_after_the_streams_fell_silent_tells_one(live):
    assert live(5 * MINUTE, 600.0) == 104.5


@pytest.mark.parametrize("silent_for", [None, 0.0, 4.0])
def test_without_a_silence_the_hour_that_ended_last_tells_the_price(live, silent_for):
    assert live(50 * MINUTE, silent_for) == 104.5


def test_a_deployment_that_marks_stale_answers_has_its_price(live):
    assert live(50 * MINUTE, 600.0, on_stale="mark") == 104.5


def test_live_a_security_that_is_stale_is_nan_in_a_list_and_the_others_are_there(put, closed, records):
    made = put("1m", 300)
    made.source("m0").put(closed("Y", "1m", records("1m", 5)))
    made.source("m1").capabilities = dataclasses.replace(made.source("m1").capabilities, symbols=("X", "Y"))
    prices = get_last_price(["X", "Y"])
    assert prices["X"] == 399.5
    assert math.isnan(prices["Y"])
    with pytest.raises(wealthdata.StaleDataError, match="Y 1m is stale"):
        get_last_price("Y")


def test_live_a_forming_bar_is_of_now_however_long_ago_it_opened(session, records):
    made = session({"live": True}, clock="feed", max_price_age=0.001)
    made.start_live()
    states = [{**record, "closed": n < 4} for n, record in enumerate(records("1h", 5))]
    made.source("m0").put(Bars.from_records("X", "1h", states))
    made.clock.saw_closed(T0 + 4 * HOUR + 50 * MINUTE)
    assert get_last_price("X") == 104.5


def test_live_an_old_price_is_refused_too_where_stale_answers_are_marked(session, closed, records):
    made = session({"live": True}, clock="feed", on_stale="mark")
    made.start_live()
    made.source("m0").put(closed("X", "1h", records("1h", 5)))
    made.clock.saw_closed(T0 + 8 * HOUR)
    with pytest.raises(wealthdata.StaleDataError, match="10800 s old, and 7200 s is the limit"):
        get_last_price("X")
