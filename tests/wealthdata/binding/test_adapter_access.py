from __future__ import annotations

import threading

import pytest

import wealthdata
import wealthsources
from wealthdata import get_bars, get_last_price, get_price, get_security_info, history
from wealthsources import Bars, SourceError

from ...support.bars import HOUR, MONDAY as T0

#: The ways to ask for a symbol that no source may have.
ASK = [
    lambda symbol: get_price(symbol, count=1, frequency="1h"),
    lambda symbol: get_bars(symbol, 1, "1h"),
    lambda symbol: history(1, "1h", security_list=symbol),
    get_last_price,
    get_security_info,
]


@pytest.fixture
def over(session, context):
    """over({...}, ...): a backtest over these sources in memory, at an hour that all of their bars precede."""

    def make(*options, **settings):
        made = session(*options, **settings)
        wealthdata.set_context(context({}, T0 + 100 * HOUR), mode="backtest")
        return made

    return make


def test_a_symbol_that_is_in_no_list_is_not_found(over):
    over({"symbols": ["BTCUSDT"]}, {"symbols": ["ETHUSDT"]})
    with pytest.raises(wealthdata.SecurityNotFound, match=r"no source has 'BTCUSD'; did you mean 'BTCUSDT'\?"):
        get_price("BTCUSD", count=1, frequency="1h")


def test_without_a_near_one_some_symbols_are_named(over):
    over({"symbols": ["BTCUSDT", "ETHUSDT"]})
    with pytest.raises(LookupError, match="there are BTCUSDT, ETHUSDT"):
        get_price("XYZ", count=1, frequency="1h")


def test_a_source_that_cannot_list_may_have_it(over):
    over({"symbols": ["BTCUSDT"]}, {})
    with pytest.raises(wealthdata.DataUnavailable):
        get_price("ETHUSDT", count=1, frequency="1h")


def test_a_source_of_another_frequency_may_have_what_it_is_made_of(over):
    over({"symbols": ["BTCUSDT"]}, {"timeframes": ["1m"]})
    with pytest.raises(wealthdata.DataUnavailable, match="serves no 1h"):
        get_price("ETHUSDT", count=1, frequency="1h")


def test_a_symbol_that_is_there_in_another_frequency_is_found(over):
    over({"symbols": ["BTCUSDT"], "timeframes": ["1m"]}, {"symbols": ["ETHUSDT"]})
    with pytest.raises(wealthdata.DataUnavailable, match="serves no 1h"):
        get_price("BTCUSDT", count=1, frequency="1h")


def test_a_source_that_failed_may_have_it(over):
    # The list is of what it had before it failed, and the failure of the asked one is what there is to tell.
    made = over({"symbols": ["BTCUSDT"], "timeframes": ["1h"]}, {})
    made.source("m1").get_all_symbols = lambda: ["ETHUSDT"]
    made.source("m1").failure = SourceError("disk on fire")
    with pytest.raises(wealthdata.DataUnavailable, match="disk on fire"):
        get_price("XRPUSDT", count=1, frequency="1h")


def test_a_source_may_list_its_symbols_when_asked(over):
    over({}).source("m0").get_all_symbols = lambda: ["ETHUSDT"]
    with pytest.raises(wealthdata.SecurityNotFound):
        get_price("XRPUSDT", count=1, frequency="1h")


@pytest.mark.parametrize("ask", ASK)
def test_a_source_whose_list_fails_may_have_it_and_the_error_names_it(over, ask):
    over({}, {"symbols": ["BTCUSDT"]}).source("m0").get_all_symbols = lambda: 1 / 0
    with pytest.raises(wealthdata.DataUnavailable) as caught:
        ask("XRPUSDT")
    assert "m0: failed - cannot list its symbols: ZeroDivisionError: division by zero" in str(caught.value)
    assert [attempt.source for attempt in caught.value.attempts if attempt.outcome == "failed"] == ["m0"]


@pytest.mark.parametrize("ask", ASK)
def test_a_source_whose_list_hangs_may_have_it_and_the_error_names_it(over, ask):
    release = threading.Event()
    source = over({}, {"symbols": ["BTCUSDT"]}, source_deadline=0.1).source("m0")
    source.capabilities = wealthsources.Capabilities(blocking=True)
    source.get_all_symbols = lambda: release.wait(50)
    try:
        with pytest.raises(wealthdata.DataUnavailable, match=r"m0: failed - cannot list its symbols: (gave no|still)"):
            ask("XRPUSDT")
    finally:
        release.set()


def test_a_source_that_is_left_out_may_have_it(session, context):
    session({"symbols": ["BTCUSDT"]}).stop()
    known = {"plugin": "memory", "options": {"symbols": ["BTCUSDT"]}}
    with wealthsources.open({"sources": [known, {"plugin": "gone", "optional": True}]}):
        wealthdata.set_context(context({}, T0), mode="backtest")
        with pytest.raises(wealthdata.DataUnavailable, match="left out"):
            get_price("ETHUSDT", count=1, frequency="1h")


def test_what_a_context_lists_is_all_it_has(bind, records):
    bind({"BTCUSDT 1h": records("1h", 5)}, T0 + 5 * HOUR)
    with pytest.raises(wealthdata.SecurityNotFound):
        get_price("ETHUSDT", count=1, frequency="1h")


def test_a_context_with_a_history_may_have_more_than_it_lists(context, records):
    made = context({"BTCUSDT 1h": records("1h", 5)}, T0 + 5 * HOUR)
    made.history = lambda symbol, count, timeframe: []
    wealthdata.set_context(made)
    with pytest.raises(wealthdata.DataUnavailable, match="returned no bars"):
        get_price("ETHUSDT", count=1, frequency="1h")


def test_every_source_and_its_reason_is_in_the_error(over):
    made = over({}, {"timeframes": ["1m"]}, {"live": True})
    made.source("m0").failure = OSError("no route")
    with pytest.raises(wealthdata.DataUnavailable) as failure:
        get_price("BTCUSDT", count=1, frequency="1h")
    assert [(attempt.source, attempt.outcome) for attempt in failure.value.attempts] == [
        ("m0", "failed"),
        ("m1", "skipped"),
        ("m2", "skipped"),
    ]
    assert "no route" in str(failure.value)


def test_a_source_that_failed_is_in_attrs_of_an_answer(over, closed, records):
    made = over({}, {})
    made.source("m0").failure = SourceError("disk on fire")
    made.source("m1").put(closed("X", "1h", records("1h", 100)))
    assert get_price("X", count=5, frequency="1h").attrs == {"failed": ["m0: disk on fire"]}


def test_an_authoritative_none_is_an_empty_frame(over):
    made = over({"authoritative": True})
    made.source("m0").put(Bars.empty("X", "1h"))
    assert len(get_price("X", count=5, frequency="1h", end_date="2024-01-02")) == 0


def test_a_stale_answer_is_refused_live(session, closed, records):
    made = session({"live": True}, clock="feed")
    made.start_live()
    made.source("m0").put(closed("X", "1h", records("1h", 5)))
    made.source("m0").put(closed("X", "1m", records("1m", 1, first=T0 + 9 * HOUR)))
    with pytest.raises(wealthdata.StaleDataError, match="newest 4 bars are missing"):
        get_price("X", count=5, frequency="1h")


def test_a_deployment_may_refuse_holes(over, closed, records):
    made = over({}, on_hole="raise")
    made.source("m0").put(closed("X", "1h", records("1h", 100, skip={95})))
    with pytest.raises(wealthdata.HoleError, match="has holes"):
        get_price("X", count=20, frequency="1h")


def test_a_context_that_tells_no_time_is_an_error(context, records):
    wealthdata.set_context(context({"X 1h": records("1h", 5)}, None))
    with pytest.raises(wealthdata.ClockError, match="tells no time"):
        get_price("X", count=1, frequency="1h")
    with pytest.raises(wealthdata.ClockError, match="tells no time"):
        get_price("X", end_date="2024-01-01", frequency="1h")


def test_a_live_source_need_not_list_for_a_backtest(over):
    over({"live": True}, {"symbols": ["BTCUSDT"]})
    with pytest.raises(wealthdata.SecurityNotFound):
        get_price("ETHUSDT", count=1, frequency="1h")
