"""Where a context has its bars."""

from __future__ import annotations

from collections import deque
from types import MappingProxyType, SimpleNamespace

import pytest

from wealthsources import HistoryStandIn, NotHere, SourceError, Timeframe, read_field
from wealthsources_context.context import ContextSeries, ask_history

from ...support.bars import at, places, record
from .contexts import History, ask, context, hours, series, view_of

NAMES = ("_market_data_context", "market_data_context")


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
    odd = [{"symbol": "ODD", "bars": []}, {"symbol": 5, "timeframe": "1h"}, "text", None]
    view = view_of(context(*odd, hours(2)))
    assert list(view.capabilities.symbols) == ["BTCUSDT"]
    assert places(ask(view)) == [0, 1]


def test_a_series_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(NotHere, match="no bars of BTCUSDT 4h; its series: BTCUSDT 1h"):
        ask(view_of(context(hours(2))), timeframe="4h")


@pytest.mark.parametrize("name", ["60m", "1H", "60min", "1hour", "hour", "H1"])
def test_another_name_of_a_timeframe_is_read_where_it_can_mean_no_other(name: str) -> None:
    view = view_of(context(hours(2) | {"timeframe": name}))
    assert places(ask(view)) == [0, 1]
    assert view.get_all_symbols() == ["BTCUSDT"]


def test_a_timeframe_may_be_an_object_that_is_called_so() -> None:
    assert places(ask(view_of(context(hours(2) | {"timeframe": Timeframe("1h")})))) == [0, 1]


@pytest.mark.parametrize("before", [True, False])
def test_the_timeframes_own_name_comes_before_another(before: bool) -> None:
    both = [hours(5) | {"timeframe": "60m"}, hours(2)]
    assert places(ask(view_of(context(*(both if before else reversed(both)))))) == [0, 1]


def test_of_two_other_names_the_first_entry_counts() -> None:
    assert places(ask(view_of(context(hours(2) | {"timeframe": "H1"}, hours(5) | {"timeframe": "60m"})))) == [0, 1]


@pytest.mark.parametrize("name", ["60", "3600", "7x", "M1", 60])
def test_a_symbol_under_a_timeframe_that_is_not_known_is_told_with_those_that_are(name: object) -> None:
    view = view_of(context(hours(2) | {"timeframe": name}))
    told = f"the context has BTCUSDT under '{name}', which is no timeframe; known: 1m, 3m, .*1M"
    with pytest.raises(NotHere, match=told):
        ask(view)
    with pytest.raises(NotHere, match=told):
        ask(view, symbol="btc-usdt")
    assert view.get_all_symbols() == []


def test_it_is_told_too_where_a_history_has_nothing() -> None:
    view = view_of(context(hours(2) | {"timeframe": "60"}, history=lambda *_: []))
    with pytest.raises(NotHere, match="returned no bars; the context has BTCUSDT under '60'"):
        ask(view)


def test_of_another_symbol_it_is_not() -> None:
    with pytest.raises(NotHere, match=r"its series: BTCUSDT 60$"):
        ask(view_of(context(hours(2) | {"timeframe": "60"})), symbol="ETHUSDT")


def test_of_many_odd_names_a_few_are_told_and_not_in_full() -> None:
    odd = [hours(1) | {"timeframe": f"{number}" + "x" * 10_000} for number in range(1, 50)]
    with pytest.raises(NotHere) as nothing:
        ask(view_of(context(*odd)))
    assert len(str(nothing.value)) < 1_500


def test_bars_that_are_no_list_are_an_error() -> None:
    with pytest.raises(SourceError, match="BTCUSDT 1h bars: a list was expected, not dict"):
        ask(view_of(context(series() | {"bars": {"open_time": 1}})))


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


# The lists by themselves.


def test_a_value_is_that_of_a_mapping_or_of_an_object() -> None:
    assert read_field({"close": 1}, "close") == read_field(MappingProxyType({"close": 1}), "close") == 1
    assert read_field(SimpleNamespace(close=1), "close") == 1
    assert read_field({}, "close") is read_field(SimpleNamespace(), "close") is read_field(None, "close") is None


def test_of_a_series_that_is_not_there_there_are_no_bars() -> None:
    assert ContextSeries(context(hours(1))).find("ETHUSDT", Timeframe("1h")) == ()


def test_of_a_series_without_bars_there_are_none() -> None:
    assert ContextSeries(context(series() | {"bars": None})).find("BTCUSDT", Timeframe("1h")) == ()


def test_the_bars_of_a_series_are_those_of_the_list_and_no_copy() -> None:
    entry = hours(2)
    assert ContextSeries(context(entry)).find("BTCUSDT", Timeframe("1h")) is entry["bars"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("entries", "exists"), [([], True), ((), True), (None, False), ("text", False), ({}, False)])
def test_there_is_a_list_even_if_it_is_empty(name: str, entries: object, exists: bool) -> None:
    assert ContextSeries(SimpleNamespace(**{name: entries})).exists is exists


def test_a_symbol_is_spelled_as_the_list_spells_it_and_else_stays() -> None:
    listed = ContextSeries(context(hours(1)))
    assert (listed.spelling("btc/usdt"), listed.spelling("eth/usdt")) == ("BTCUSDT", "eth/usdt")


def test_all_series_are_named() -> None:
    assert ContextSeries(context(hours(1), series(timeframe="4h"))).names() == ["BTCUSDT 1h", "BTCUSDT 4h"]


def test_a_context_without_a_history_is_not_asked() -> None:
    assert ask_history(context(hours(1)), "BTCUSDT", 1, Timeframe("1h")) is None


def test_history_is_asked_by_name_of_symbol_and_timeframe_and_its_list_is_returned() -> None:
    history = History(5)
    bars = ask_history(SimpleNamespace(history=history), "BTCUSDT", 2, Timeframe("1h"))
    assert history.asked == [("BTCUSDT", 2, "1h")]
    assert bars == history.bars[-2:]
