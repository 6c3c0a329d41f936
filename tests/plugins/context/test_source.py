"""The bars of a strategy's context, as its view gives them and as they come through the chain."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given, strategies as st

import wealthsources
from wealthsources import AllSourcesFailed, ContextDataAdapter, Finality, NotHere
from wealthsources_context.source import ContextSource, ContextView

from ...support.bars import at, places, record
from .contexts import History, ask, closed, context, hours, series, view_of

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


def test_a_view_needs_no_session() -> None:
    assert closed(ask(view_of(context(hours(1), now_ms=at(1)), started=False), live=True)) == [True]


# Closed or not, in a live binding.


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


# history().


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


def test_source_and_view_are_shown_and_nothing_of_the_context_is_asked():
    class Odd:
        def __getattr__(self, name):
            raise AttributeError(name)

        def __repr__(self):
            raise LookupError

    assert repr(ContextSource()) == "<ContextSource>"
    assert repr(view_of(Odd())) == "<ContextView: of Odd>"
    assert repr(object.__new__(ContextView)) == "<ContextView>"
