"""The bars of a strategy's context, as its view gives them and as they come through the chain."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

import wealthsources
from wealthsources import (
    AllSourcesFailed,
    Bars,
    ClockError,
    ContextDataAdapter,
    Finality,
    HistoryRequest,
    HistoryStandIn,
    NotHere,
    SourceError,
    Timeframe,
)
from wealthsources_context.source import ContextSource

HOUR = 3_600_000
T0 = 1_600_000_000_000 // HOUR * HOUR
NAMES = ("_market_data_context", "market_data_context")


def at(place: int) -> int:
    return T0 + place * HOUR


def record(place: int, **changes: Any) -> dict[str, Any]:
    values = {"open": "10.0", "high": "12.50", "low": "9", "close": "11.0", "volume": "100.00"}
    return {"open_time": at(place), "close_time": at(place + 1) - 1, **values, **changes}


def series(*bars: Any, symbol: str = "BTCUSDT", timeframe: str = "1h") -> dict[str, Any]:
    return {"symbol": symbol, "timeframe": timeframe, "bars": list(bars)}


def hours(count: int) -> dict[str, Any]:
    return series(*(record(place) for place in range(count)))


def context(*entries: Any, **more: Any) -> SimpleNamespace:
    return SimpleNamespace(market_data_context=list(entries), **more)


class Clock:
    def __init__(self, now: int | None) -> None:
        self._now = now

    def now(self) -> int:
        if self._now is None:
            raise ClockError("no time yet")
        return self._now


def view_of(bound: object, session_now: int | None = None, *, started: bool = True):
    source = ContextSource()
    if started:
        source.start(SimpleNamespace(clock=Clock(session_now)))
    view = source.for_context(bound)
    assert view is not None
    return view


def ask(view, *, live: bool = False, symbol: str = "BTCUSDT", timeframe: str = "1h", **request: Any) -> Bars:
    request = {"end": at(100), "count": 10} | request
    return view.get_history(HistoryRequest(symbol, Timeframe(timeframe), live=live, **request))


def places(bars: Bars) -> list[int]:
    return [(time - T0) // HOUR for time in bars.open_times.tolist()]


def closed(bars: Bars) -> list[bool | None]:
    return [bar.closed for bar in bars]


# Binding.


def test_there_is_no_view_without_a_context() -> None:
    assert ContextSource().for_context(None) is None


def test_bars_that_come_into_the_context_after_it_was_bound_are_seen() -> None:
    late = SimpleNamespace(now_ms=at(1))
    view = ContextSource().for_context(late)
    assert view is not None
    with pytest.raises(NotHere, match="has no bars"):
        ask(view)
    late.market_data_context = [series(record(0))]
    assert len(ask(view)) == 1


def test_without_a_context_there_are_no_bars() -> None:
    with pytest.raises(NotHere, match="no context is bound"):
        ask(ContextSource())


def test_a_list_that_is_filled_after_binding_is_read() -> None:
    bound = context()
    view = view_of(bound)
    bound.market_data_context.append(hours(3))
    assert places(ask(view)) == [0, 1, 2]


def test_a_list_that_is_replaced_after_binding_is_read() -> None:
    bound = context(hours(3))
    view = view_of(bound)
    bound.market_data_context = [hours(5)]
    assert places(ask(view)) == [0, 1, 2, 3, 4]


def test_a_view_needs_no_session() -> None:
    assert closed(ask(view_of(context(hours(1), now_ms=at(1)), started=False), live=True)) == [True]


# Where the bars are found.


@pytest.mark.parametrize("name", NAMES)
def test_both_names_of_the_list_are_known(name: str) -> None:
    assert places(ask(view_of(SimpleNamespace(**{name: [hours(2)]})))) == [0, 1]


def test_a_context_may_be_a_mapping() -> None:
    assert places(ask(view_of({"market_data_context": [hours(2)]}))) == [0, 1]


def test_an_empty_list_gives_way_to_the_other_name() -> None:
    assert places(ask(view_of(SimpleNamespace(_market_data_context=[], market_data_context=[hours(2)])))) == [0, 1]


def test_entries_and_bars_may_be_objects() -> None:
    entry = SimpleNamespace(**series(SimpleNamespace(**record(0)), SimpleNamespace(**record(1))))
    assert places(ask(view_of(context(entry)))) == [0, 1]


def test_bars_may_be_any_sequence() -> None:
    entry = hours(3) | {"bars": deque(hours(3)["bars"])}
    assert places(ask(view_of(context(entry)))) == [0, 1, 2]


def test_the_first_of_two_entries_for_one_series_counts() -> None:
    assert places(ask(view_of(context(hours(2), hours(5))))) == [0, 1]


def test_timeframes_are_told_apart() -> None:
    minutes = series(record(0) | {"open_time": at(0) + 60_000}, timeframe="1m")
    assert ask(view_of(context(hours(2), minutes)), timeframe="1m").open_times.tolist() == [at(0) + 60_000]


def test_entries_that_are_no_series_are_passed_over() -> None:
    odd = [series(timeframe="7x", symbol="ODD"), {"symbol": 5, "timeframe": "1h"}, "text", None]
    view = view_of(context(*odd, hours(2)))
    assert list(view.capabilities.symbols) == ["BTCUSDT"]
    assert places(ask(view)) == [0, 1]


def test_a_series_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NotHere, match="no bars of BTCUSDT 4h; its series: BTCUSDT 1h"):
        ask(view_of(context(hours(2))), timeframe="4h")


def test_bars_that_are_no_list_are_an_error() -> None:
    with pytest.raises(SourceError, match="BTCUSDT 1h bars: a list was expected, not dict"):
        ask(view_of(context(series() | {"bars": {"open_time": 1}})))


# Symbols.


def test_the_symbols_are_those_of_the_list() -> None:
    bound = context(hours(1), series(symbol="ETHUSDT"), hours(1) | {"timeframe": "4h"})
    view = view_of(bound)
    assert list(view.capabilities.symbols) == ["BTCUSDT", "ETHUSDT"]
    assert view.get_all_symbols() == ["BTCUSDT", "ETHUSDT"]
    assert len(view.capabilities.symbols) == 2
    assert "ETHUSDT" in view.capabilities.symbols


def test_with_a_history_the_symbols_cannot_be_told() -> None:
    view = view_of(context(hours(1), history=lambda *_: []))
    assert view.capabilities.symbols is None
    assert view.get_all_symbols() == ["BTCUSDT"]


def test_a_symbol_spelled_otherwise_is_found_and_answered_as_asked() -> None:
    bars = ask(view_of(context(hours(2), history=lambda *_: [])), symbol="btc-usdt")
    assert (bars.symbol, len(bars)) == ("btc-usdt", 2)


# Which part of a series.


def test_the_newest_bars_that_end_in_time_are_taken() -> None:
    assert places(ask(view_of(context(hours(50))), end=at(30), count=3)) == [27, 28, 29]


def test_a_bar_that_ends_exactly_at_the_end_is_in() -> None:
    assert places(ask(view_of(context(hours(50))), end=at(30) + HOUR - 1, count=1)) == [29]


def test_a_span_is_taken_from_its_start() -> None:
    assert places(ask(view_of(context(hours(50))), start=at(10) + 1, end=at(14), count=None)) == [11, 12, 13]


def test_a_span_without_bars_names_those_that_are_there() -> None:
    with pytest.raises(NotHere, match="BTCUSDT 1h open from 2020-09-13 12:00 to 2020-09-13 14:00"):
        ask(view_of(context(hours(3))), end=at(0))


def test_an_empty_list_of_bars_has_none() -> None:
    with pytest.raises(NotHere):
        ask(view_of(context(series())))


def test_months_are_cut_by_the_calendar() -> None:
    january, february, march = 1_577_836_800_000, 1_580_515_200_000, 1_583_020_800_000
    bars = [record(0) | {"open_time": time} for time in (january, february, march)]
    found = ask(view_of(context(series(*bars, timeframe="1M"))), timeframe="1M", end=march + 1)
    assert found.open_times.tolist() == [january, february]


@given(
    present=st.sets(st.integers(0, 40)).map(sorted),
    start=st.none() | st.integers(-2, 42),
    end=st.integers(-2, 44),
    count=st.none() | st.integers(1, 12),
    flags=st.lists(st.sampled_from([None, True, False]), min_size=41, max_size=41),
)
def test_the_answer_equals_a_filter_over_all_bars(
    present: list[int], start: int | None, end: int, count: int | None, flags: list[bool | None]
) -> None:
    bars = [record(place) | ({} if flags[place] is None else {"closed": flags[place]}) for place in present]
    wanted = [place for place in present if place + 1 <= end and (start is None or place >= start)]
    # Nothing tells the time but the request: what ends after it has not happened. One not closed does not count.
    ended = [place for place in present if place + 1 <= end]
    open_ones = {place for place in wanted if flags[place] is False and place == ended[-1]}
    if count is not None:
        counted = [place for place in wanted if place not in open_ones][-count:]
        wanted = [place for place in wanted if place in open_ones or place in counted]
    try:
        got = places(
            ask(
                view_of(context(series(*bars))),
                start=None if start is None else at(start),
                end=at(end),
                count=count,
            )
        )
    except NotHere:
        got = []
    assert got == wanted


# Values.


@given(st.decimals(min_value=1, max_value=10**20, allow_nan=False, places=6).map(str))
def test_text_comes_back_exactly(text: str) -> None:
    same = dict.fromkeys(("open", "high", "low", "close"), text)
    assert ask(view_of(context(series(record(0, **same)))))[0].exact("close") == text


def test_numbers_are_taken_as_well() -> None:
    bar = ask(view_of(context(series(record(0, open=10.5, high=11, low=10, close=10.25, volume=3)))))[0]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (10.5, 11.0, 10.0, 10.25, 3.0)


def test_times_may_be_text() -> None:
    bars = [record(place) | {"open_time": str(at(place))} for place in range(3)]
    assert places(ask(view_of(context(series(*bars))), count=2)) == [1, 2]


def test_the_close_time_is_kept_as_sent() -> None:
    assert ask(view_of(context(hours(1))))[0].close_time == at(1) - 1


def test_a_bar_without_a_close_time_is_taken() -> None:
    bar = record(0)
    del bar["close_time"]
    assert ask(view_of(context(series(bar))))[0].close_time == at(1)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"close": "abc"}, r"bars\[1\].close: 'abc' is not a number"),
        ({"close": None}, r"bars\[1\].close: None is not a number"),
        ({"volume": float("nan")}, r"bars\[1\].volume: nan is not a finite number"),
        ({"open_time": "yesterday"}, r"bars\[1\].open_time: 'yesterday' is not a number"),
        ({"open_time": None}, r"bars\[1\].open_time: is missing"),
        ({"open_time": at(1) + 0.5}, r"bars\[1\].open_time: .* is not a time in ms"),
        ({"close_time": "later"}, r"bars\[1\].close_time: 'later' is not a time in ms"),
        ({"is_closed": "perhaps"}, r"bars\[1\].is_closed: 'perhaps' is neither true nor false"),
        ({"closed": 2}, r"bars\[1\].closed: 2 is neither true nor false"),
    ],
)
def test_a_malformed_record_is_named(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(SourceError, match=f"^BTCUSDT 1h {problem}"):
        ask(view_of(context(series(record(0), record(1, **changes), record(2)))))


@pytest.mark.parametrize("kind", [dict, SimpleNamespace])
def test_a_value_that_is_missing_is_named(kind: Any) -> None:
    bar = record(0)
    del bar["close"]
    with pytest.raises(SourceError, match=r"bars\[0\].close: is missing"):
        ask(view_of(context(series(kind(**bar)))))


def test_a_record_that_is_no_bar_is_named() -> None:
    with pytest.raises(SourceError, match=r"bars\[2\].open_time: is missing"):
        ask(view_of(context(series(record(0), record(1), "text"))))


def test_a_malformed_record_that_is_not_needed_does_no_harm() -> None:
    bars = hours(50)["bars"]
    bars[3] = record(3, close="abc")
    assert places(ask(view_of(context(series(*bars))), end=at(30), count=3)) == [27, 28, 29]


def test_the_index_of_a_malformed_record_counts_from_the_beginning_of_the_list() -> None:
    bars = hours(50)["bars"]
    bars[28] = record(28, high="")
    with pytest.raises(SourceError, match=r"bars\[28\].high"):
        ask(view_of(context(series(*bars))), end=at(30), count=3)


def test_a_list_with_the_newest_bar_first_is_refused() -> None:
    with pytest.raises(SourceError, match=r"bars\[2\].open_time: .* the oldest comes first"):
        ask(view_of(context(series(record(2), record(1), record(0)))))


def test_bars_out_of_order_are_refused() -> None:
    with pytest.raises(SourceError, match=r"bars\[2\].open_time: is not after that of bars\[1\]"):
        ask(view_of(context(series(record(0), record(2), record(1), record(3)))))


def test_a_bar_that_is_there_twice_is_refused() -> None:
    with pytest.raises(SourceError, match=r"bars\[2\].open_time"):
        ask(view_of(context(series(record(0), record(1), record(1)))))


def test_only_the_bars_that_are_asked_for_are_read() -> None:
    read: list[int] = []

    class Counted(SimpleNamespace):
        @property
        def close(self) -> str:
            read.append((self.open_time - T0) // HOUR)
            return "11.0"

    bars = [record(place) for place in range(20_000)]
    for bar in bars:
        del bar["close"]
    ask(view_of(context(series(*(Counted(**bar) for bar in bars)))), end=at(15_000), count=20)
    assert set(read) == set(range(14_980, 15_000))


# Closed or not, in a live binding.


def test_live_a_bar_with_a_later_one_is_closed() -> None:
    bars = ask(view_of(context(hours(3))), live=True)
    assert closed(bars) == [True, True, False]
    assert bars[0].finality is Finality.SUCCESSOR


@pytest.mark.parametrize("name", ["closed", "is_closed"])
@pytest.mark.parametrize("flag", [True, 1, "1", "true", "True"])
def test_live_a_flag_closes_a_bar(name: str, flag: object) -> None:
    bar = ask(view_of(context(series(record(0, **{name: flag})))), live=True)[0]
    assert (bar.closed, bar.finality) == (True, Finality.FLAG)


def test_live_the_contexts_time_closes_a_bar() -> None:
    bar = ask(view_of(context(hours(1), now_ms=at(1)), at(9)), live=True)[0]
    assert (bar.closed, bar.finality) == (True, Finality.HISTORY)


def test_live_a_bar_that_ends_after_the_contexts_time_is_forming() -> None:
    assert closed(ask(view_of(context(hours(1), now_ms=at(1) - 1), at(9)), live=True)) == [False]


def test_live_the_end_of_the_current_bar_is_the_contexts_time() -> None:
    bound = context(hours(2), current_bar=record(1))
    assert closed(ask(view_of(bound, at(9)), live=True)) == [True, True]


def test_live_the_contexts_time_counts_no_further_than_the_sessions() -> None:
    assert closed(ask(view_of(context(hours(2), current_bar=record(1)), at(1) + 5), live=True)) == [True, False]


def test_live_a_session_without_a_time_sets_no_bound() -> None:
    assert closed(ask(view_of(context(hours(1), now_ms=at(1)), None), live=True)) == [True]


def test_live_the_sessions_time_alone_closes_nothing() -> None:
    assert closed(ask(view_of(context(hours(1)), at(50)), live=True)) == [False]


def test_live_a_context_whose_time_makes_no_sense_closes_nothing_by_it() -> None:
    assert closed(ask(view_of(context(hours(2), now_ms="soon"), at(50)), live=True)) == [True, False]


def test_live_the_snapshot_is_of_the_time_of_binding() -> None:
    bound = context(hours(1), now_ms=at(0) + 60_000)
    view = view_of(bound, at(50))
    bound.now_ms = at(20)
    assert closed(ask(view, live=True)) == [False]


def test_live_no_time_overrules_a_flag_that_says_forming() -> None:
    assert closed(ask(view_of(context(series(record(0, closed=False)), now_ms=at(5)), at(9)), live=True)) == [False]


def test_live_a_later_bar_overrules_a_flag_that_says_forming() -> None:
    assert closed(ask(view_of(context(series(record(0, closed=False), record(1)))), live=True)) == [True, False]


def test_a_forming_bar_is_not_one_of_the_count() -> None:
    assert places(ask(view_of(context(hours(5))), live=True, count=2)) == [2, 3, 4]


def test_a_closed_newest_bar_is_one_of_the_count() -> None:
    assert places(ask(view_of(context(hours(5), now_ms=at(5))), live=True, count=2)) == [3, 4]


def test_a_bar_is_closed_by_a_later_one_that_is_not_asked_for() -> None:
    assert closed(ask(view_of(context(hours(5))), live=True, end=at(2))) == [True, True]


# Closed or not, in a backtest.


def test_in_a_backtest_the_last_bar_is_left_unset() -> None:
    assert closed(ask(view_of(context(hours(3), now_ms=at(1))))) == [True, True, None]


def test_in_a_backtest_a_flag_counts() -> None:
    assert closed(ask(view_of(context(series(record(0), record(1, is_closed=True)))))) == [True, True]


@pytest.mark.parametrize("flag", [False, 0, "0", "false"])
def test_in_a_backtest_a_flag_that_says_forming_stays(flag: object) -> None:
    assert closed(ask(view_of(context(series(record(0), record(1, is_closed=flag)))))) == [True, False]


# history().


class History:
    """A context's own history, which remembers what it was asked."""

    def __init__(self, count: int = 50) -> None:
        self.bars = hours(count)["bars"]
        self.asked: list[tuple[str, int, str]] = []

    def __call__(self, symbol: str, count: int, timeframe: str) -> list[Any]:
        self.asked.append((symbol, count, timeframe))
        return self.bars[-count:]


def test_history_is_asked_for_a_series_that_is_not_in_the_list() -> None:
    history = History(50)
    view = view_of(SimpleNamespace(history=history, now_ms=at(50)))
    assert places(ask(view, end=at(50), count=3)) == [47, 48, 49]


def test_history_is_not_asked_for_a_series_of_the_list() -> None:
    history = History()
    ask(view_of(context(hours(2), history=history)))
    assert not history.asked


def test_history_is_asked_for_a_series_of_the_list_that_is_empty() -> None:
    history = History()
    ask(view_of(context(series(), history=history)), end=at(50))
    assert history.asked


def test_history_is_asked_for_enough_to_reach_an_earlier_end() -> None:
    view = view_of(SimpleNamespace(history=History(50), now_ms=at(50)))
    assert places(ask(view, end=at(20), count=3)) == [17, 18, 19]


def test_history_is_asked_for_enough_to_reach_the_start() -> None:
    view = view_of(SimpleNamespace(history=History(50), now_ms=at(50)))
    assert places(ask(view, start=at(5), end=at(8), count=None)) == [5, 6, 7]


def test_history_is_asked_for_no_more_than_reaches_the_start() -> None:
    history = History(50)
    ask(view_of(SimpleNamespace(history=history, now_ms=at(50))), start=at(48), end=at(50), count=30)
    assert history.asked == [("BTCUSDT", 3, "1h")]


def test_history_that_ends_with_a_forming_bar_still_gives_the_count() -> None:
    view = view_of(SimpleNamespace(history=History(51), now_ms=at(50) + 60_000))
    assert places(ask(view, end=at(50), count=3)) == [47, 48, 49]


def test_live_history_reaches_up_to_the_sessions_time() -> None:
    view = view_of(SimpleNamespace(history=History(50)), at(50))
    assert places(ask(view, live=True, end=at(20), count=3)) == [17, 18, 19]


@given(
    now=st.integers(1, 40),
    forming=st.booleans(),
    end=st.integers(1, 40),
    start=st.none() | st.integers(0, 40),
    count=st.none() | st.integers(1, 12),
)
def test_history_gives_what_the_whole_series_would(
    now: int, forming: bool, end: int, start: int | None, count: int | None
) -> None:
    end = min(end, now)
    history = History(now + forming)
    request = {"end": at(end), "start": None if start is None else at(start), "count": count}
    everything = series(*history.bars)

    def answer(view) -> list[int]:
        try:
            return places(ask(view, **request))
        except NotHere:
            return []

    by_history = view_of(SimpleNamespace(history=history, now_ms=at(now) + 1))
    assert answer(by_history) == answer(view_of(context(everything)))


def test_a_symbol_that_is_not_known_goes_to_history_as_it_is() -> None:
    history = History()
    ask(view_of(context(hours(1), history=history)), symbol="eth/usdt", end=at(50))
    assert history.asked[0][0] == "eth/usdt"


def test_a_symbol_that_the_list_knows_goes_to_history_in_its_spelling() -> None:
    history = History()
    with pytest.raises(NotHere):
        ask(view_of(context(series(timeframe="4h"), history=history)), symbol="btc-usdt", end=at(0))
    assert history.asked[0][0] == "BTCUSDT"


def test_history_that_fails_is_an_error() -> None:
    def history(*_: object) -> None:
        raise KeyError("no such symbol")

    with pytest.raises(SourceError, match=r"context.history\('BTCUSDT', .*, '1h'\) raised KeyError"):
        ask(view_of(SimpleNamespace(history=history)))


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_history_that_returns_nothing_has_no_bars(nothing: object) -> None:
    with pytest.raises(NotHere, match="returned no bars"):
        ask(view_of(SimpleNamespace(history=lambda *_: nothing)))


@pytest.mark.parametrize("odd", [5, "text", {"open_time": 1}, iter([])])
def test_history_that_returns_no_list_is_an_error(odd: object) -> None:
    with pytest.raises(SourceError, match="a list was expected"):
        ask(view_of(SimpleNamespace(history=lambda *_: odd)))


def test_the_original_of_a_history_that_was_replaced_is_asked() -> None:
    class StandIn(HistoryStandIn):
        def __call__(self, *_: object) -> None:
            raise AssertionError("this one reads the chain")

        def original_of(self, context: object) -> History:
            return History(50)

    assert places(ask(view_of(SimpleNamespace(history=StandIn())), end=at(50), count=1)) == [49]


# Through the chain.


def test_a_backtest_sees_what_has_ended_by_the_contexts_time() -> None:
    adapter = ContextDataAdapter(context(hours(50), now_ms=at(30) + 60_000))
    bars = adapter.get_history("BTCUSDT", 5)
    assert places(bars) == [25, 26, 27, 28, 29]
    assert bars[-1].source == "context"
    assert bars.holes == ()
    assert bars.behind == 0


def test_a_backtest_sees_the_last_bar_of_the_list_when_it_has_ended() -> None:
    assert places(ContextDataAdapter(context(hours(3), now_ms=at(3))).get_history("BTCUSDT", 1)) == [2]


def test_a_backtest_does_not_see_a_bar_that_is_flagged_as_forming() -> None:
    adapter = ContextDataAdapter(context(series(record(0), record(1), record(2, closed=False)), now_ms=at(3)))
    bars = adapter.get_history("BTCUSDT", 2)
    assert places(bars) == [0, 1]
    assert bars.behind == 1


def test_a_backtest_follows_a_context_that_moves_on() -> None:
    bound = context(hours(50), now_ms=at(10))
    adapter = ContextDataAdapter(bound)
    seen = []
    for place in range(10, 15):
        bound.now_ms = at(place)
        seen.append(places(adapter.get_history("BTCUSDT", 2)))
    assert seen == [[place - 2, place - 1] for place in range(10, 15)]


def test_a_backtest_goes_by_the_current_bar_without_a_clock() -> None:
    bound = context(hours(50), current_bar=record(20))
    assert places(ContextDataAdapter(bound).get_history("BTCUSDT", 2)) == [19, 20]


def test_a_backtest_reads_history() -> None:
    bound = SimpleNamespace(history=History(50), now_ms=at(50))
    assert places(ContextDataAdapter(bound).get_history("ETHUSDT", 2, "1h")) == [48, 49]


def test_a_live_binding_shows_no_forming_bar() -> None:
    with wealthsources.open({"sources": [{"plugin": "context"}]}) as session:
        adapter = session.adapter(context(hours(5)), mode="live")
        assert places(adapter.get_history("BTCUSDT", 2, on_stale="mark")) == [2, 3]


def test_a_bad_record_is_the_reason_of_a_failed_attempt() -> None:
    adapter = ContextDataAdapter(context(series(record(0, low="x")), now_ms=at(3)))
    with pytest.raises(AllSourcesFailed, match=r"context: failed .* BTCUSDT 1h bars\[0\].low: 'x' is not a number"):
        adapter.get_history("BTCUSDT", 1)


def test_bars_on_a_wrong_grid_are_refused_by_the_chain() -> None:
    odd = series(record(0), record(1) | {"open_time": at(1) + 60_000})
    with pytest.raises(AllSourcesFailed, match="not on the 1h grid"):
        ContextDataAdapter(context(odd, now_ms=at(9))).get_history("BTCUSDT", 1)


def test_a_history_that_asks_the_chain_which_asks_it_fails_once_and_says_why() -> None:
    asked = []

    class Delegating:
        now_ms = at(5)

        def history(self, symbol: str, count: int, timeframe: str) -> list[object]:
            asked.append(timeframe)
            return list(adapter.get_history(symbol, count, timeframe))

    adapter = ContextDataAdapter(Delegating())
    with pytest.raises(AllSourcesFailed, match="let it read the engine's bars"):
        adapter.get_history("BTCUSDT", 1)
    assert asked.count("1h") == 1


def test_a_context_without_bars_says_what_it_might_have() -> None:
    wanted = r"the context \(SimpleNamespace\) has no bars: neither market_data_context nor a history"
    with pytest.raises(AllSourcesFailed, match=wanted):
        ContextDataAdapter(SimpleNamespace(now_ms=at(1))).get_history("BTCUSDT", 1)


def test_an_adapter_lists_the_symbols_of_its_context() -> None:
    adapter = ContextDataAdapter(context(series(symbol="ETHUSDT"), hours(1), now_ms=at(1)))
    assert adapter.get_all_symbols() == ["BTCUSDT", "ETHUSDT"]
