"""The legacy ContextDataAdapter: cache and context in one list; and the registry of adapters."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from engine.python_sdk.context_data_adapter import ContextDataAdapter
from engine.python_sdk.data_adapter import DataAdapter, clear_data_adapter, get_data_adapter, register_data_adapter
from engine.python_sdk.websocket_cache import WebSocketCache, get_websocket_cache, set_websocket_cache
from wealthsources import HistoryStandIn

ONE = ("BTCUSDT", "1h")


@dataclasses.dataclass
class EngineBar:
    """A bar as a strategy engine has it."""

    open_time: int
    close_time: int
    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any


class LegacyContext:
    """It keeps what a strategy stores on it aside, and looks there for everything that it does not know."""

    def __init__(self, market_data_context: list[Any]) -> None:
        self._strategy_data: dict[str, Any] = {}
        self._market_data_context = market_data_context
        self.current_bar = None

    def __getattr__(self, name: str) -> Any:
        if name in self._strategy_data:  # endless for a copy that has no such dict yet
            return self._strategy_data[name]
        raise AttributeError(name)


def series(bars, symbol="BTCUSDT", timeframe="1h"):
    return {"symbol": symbol, "timeframe": timeframe, "bars": bars}


@pytest.fixture
def context(bar):
    """Bars 1000 and 2000, which closed at 105.0 and 110.0."""
    return SimpleNamespace(_market_data_context=[series([bar(1000), bar(2000, "110.0")])])


def closes(context, count=10, timeframe="1h"):
    return [each["close"] for each in ContextDataAdapter(context).get_history("BTCUSDT", count, timeframe)]


# the newest of both --------------------------------------------------------------------------------------------------


def test_without_a_cached_bar_the_context_answers(context):
    assert closes(context) == ["105.0", "110.0"]


def test_without_a_context_bar_the_cache_answers(bar):
    get_websocket_cache().add_bar(*ONE, bar(3000, "115.0"))
    assert closes(SimpleNamespace()) == ["115.0"]


def test_the_newest_of_both_are_merged_in_order(context, bar):
    get_websocket_cache().add_bar(*ONE, bar(3000, "115.0"))
    get_websocket_cache().add_bar(*ONE, bar(500, "100.5"))
    assert closes(context) == ["100.5", "105.0", "110.0", "115.0"]
    assert closes(context, count=2) == ["110.0", "115.0"]
    assert closes(context, count=1) == ["115.0"]


def test_of_the_same_open_time_the_cache_counts(context, bar):
    get_websocket_cache().add_bar(*ONE, bar(2000, "112.0"))
    assert closes(context, count=2) == ["105.0", "112.0"]


def test_origin_02_bars_that_are_in_both_hide_no_history(context, bar):
    for close in range(120, 145):
        get_websocket_cache().add_bar(*ONE, bar(3000, f"{close}"))
    assert closes(context, count=20) == ["105.0", "110.0", "144"]


def test_origin_02_a_context_out_of_order_is_put_in_order(bar):
    bars = [bar(3000, "3"), bar(1000, "1"), bar(2000, "2"), bar(1000, "1.5")]
    assert closes(SimpleNamespace(market_data_context=[series(bars)])) == ["1.5", "2", "3"]


@pytest.mark.parametrize("count", [0, -3])
def test_a_count_of_nothing_gives_nothing(context, count):
    assert closes(context, count=count) == []


def test_other_symbols_and_timeframes_stay_out(context, bar):
    get_websocket_cache().add_bar("ETHUSDT", "1h", bar(3000, "1"))
    get_websocket_cache().add_bar("BTCUSDT", "5m", bar(4000, "2"))
    assert closes(context) == ["105.0", "110.0"]
    assert closes(context, timeframe="5m") == ["2"]
    assert closes(context, timeframe="4h") == []


def test_no_clock_no_grid_and_no_finality(bar):
    get_websocket_cache().add_bar(*ONE, bar(4_000_000_000_123, "9", closed=False))
    context = SimpleNamespace(market_data_context=[series([bar(7)])], now_ms=10)
    assert closes(context) == ["105.0", "9"]


def test_it_reads_the_cache_that_is_the_process_s_now(context, bar):
    adapter = ContextDataAdapter(context)
    set_websocket_cache(WebSocketCache(5))
    get_websocket_cache().add_bar(*ONE, bar(3000, "115.0"))
    assert [each.close for each in adapter.get_history("BTCUSDT", 9, "1h")] == ["105.0", "110.0", "115.0"]


# one shape -----------------------------------------------------------------------------------------------------------


def test_origin_23_every_bar_is_a_dict_and_has_attributes_wherever_it_came_from(bar):
    mixed = [bar(1000), EngineBar(2000, 3000, 1, 2.5, "0.50", 2, "7"), SimpleNamespace(**bar(3000, closed=True))]
    get_websocket_cache().add_bar(*ONE, bar(4000, closed=False))
    for current_bar in (None, mixed[1]):
        context = SimpleNamespace(market_data_context=[series(mixed)], current_bar=current_bar)
        found = ContextDataAdapter(context).get_history("BTCUSDT", 10, "1h")
        assert len({type(each) for each in found}) == 1
        assert [each["open_time"] for each in found] == [each.open_time for each in found] == [1000, 2000, 3000, 4000]
        assert found[1] == {**bar(2000), "open": "1", "high": "2.5", "low": "0.50", "close": "2", "volume": "7"}
        assert [each.closed for each in found] == [True, True, True, False]


def test_origin_23_bars_and_adapters_can_be_copied_and_pickled(bar):
    adapter = ContextDataAdapter(LegacyContext([series([bar(1000)])]))
    for twin in (adapter, copy.copy(adapter)):
        (found,) = twin.get_history("BTCUSDT", 1, "1h")
        assert copy.copy(found) == copy.deepcopy(found) == pickle.loads(pickle.dumps(found)) == bar(1000)


def test_a_bar_says_which_name_it_does_not_have(context):
    (found,) = ContextDataAdapter(context).get_history("BTCUSDT", 1, "1h")
    with pytest.raises(AttributeError, match="'money'"):
        _ = found.money


def test_what_is_handed_out_is_a_copy(context, bar):
    get_websocket_cache().add_bar(*ONE, bar(3000))
    for each in ContextDataAdapter(context).get_history("BTCUSDT", 3, "1h"):
        each["close"] = "0"
    assert closes(context) == ["105.0", "110.0", "105.0"]


@pytest.mark.parametrize("field", ["open_time", "volume"])
def test_a_bar_of_the_context_that_cannot_be_read_is_an_error_with_the_field(bar, field):
    broken = bar(1000)
    del broken[field]
    with pytest.raises(ValueError, match=f"{field}: "):
        closes(SimpleNamespace(market_data_context=[series([broken])]))


# the context ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["_market_data_context", "market_data_context"])
def test_the_list_may_have_either_name_and_the_context_be_a_mapping(bar, name):
    entries = [series([bar(5)], "ETHUSDT"), SimpleNamespace(**series([bar(1000)]))]
    for context in (SimpleNamespace(**{name: entries}), {name: entries}):
        assert closes(context) == ["105.0"]
        assert ContextDataAdapter(context).get_all_symbols() == ["BTCUSDT", "ETHUSDT"]


def test_what_the_lists_do_not_have_is_asked_of_history(context, bar):
    asked = []

    def history(symbol, count, timeframe):
        asked.append((symbol, count, timeframe))
        return [bar(0, "99"), bar(1000, "98")]

    context.history = history
    assert closes(context, 2) == ["105.0", "110.0"]
    assert closes(context, 2, "5m") == ["99", "98"]
    assert asked == [("BTCUSDT", 2, "5m")]


@pytest.mark.parametrize("answer", [None, []])
def test_a_history_that_has_nothing_is_no_error(answer):
    assert closes(SimpleNamespace(history=lambda *request: answer)) == []


def test_a_history_that_fails_is_not_hidden_by_cached_bars(bar):
    def history(*request):
        raise LookupError("the engine's own")

    get_websocket_cache().add_bar(*ONE, bar(1000))
    with pytest.raises(LookupError, match="the engine's own"):
        closes(SimpleNamespace(history=history))


def test_a_history_that_reads_the_chain_in_place_of_the_context_s_own_is_passed_by(bar):
    class StandIn(HistoryStandIn):
        def __call__(self, *request):
            raise AssertionError("the chain is not this adapter's business")

        def original_of(self, context):
            return lambda *request: [bar(1000)]

    assert closes(SimpleNamespace(history=StandIn())) == ["105.0"]


def test_orders_and_series_are_the_context_s(bar):
    entries = [series([bar(1000)])]
    context = SimpleNamespace(_market_data_context=entries, _completed_orders=["a"], incomplete_orders=["b"])
    adapter = ContextDataAdapter(context)
    assert adapter.get_market_data_context() == entries
    assert adapter.get_completed_orders() == ["a"]
    assert adapter.get_incomplete_orders() == ["b"]
    assert ContextDataAdapter(SimpleNamespace()).get_completed_orders() == []
    assert ContextDataAdapter(SimpleNamespace()).get_all_symbols() == []


# the registry --------------------------------------------------------------------------------------------------------


@pytest.fixture
def _nobody_registered():
    clear_data_adapter()
    yield
    clear_data_adapter()


@pytest.mark.usefixtures("_nobody_registered")
def test_an_adapter_is_registered_found_and_cleared(context):
    adapter = ContextDataAdapter(context)
    register_data_adapter(adapter)
    assert get_data_adapter() is adapter
    clear_data_adapter()
    clear_data_adapter()
    with pytest.raises(RuntimeError, match="Data adapter not registered"):
        get_data_adapter()


@pytest.mark.usefixtures("_nobody_registered")
def test_each_thread_has_its_own_adapter():
    found: dict[str, object] = {}
    barrier = threading.Barrier(3)

    def work(name: str) -> None:
        with pytest.raises(RuntimeError):
            get_data_adapter()
        mine = ContextDataAdapter({"name": name})
        register_data_adapter(mine)
        barrier.wait(10)
        found[name] = get_data_adapter() is mine

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == dict.fromkeys("abc", True)
    with pytest.raises(RuntimeError):
        get_data_adapter()


def test_an_adapter_must_have_the_four_methods():
    class Half(DataAdapter):
        def get_history(self, symbol, count, timeframe):
            return []

    with pytest.raises(TypeError, match=r"abstract.*get_all_symbols.*get_completed_orders.*get_market_data_context"):
        Half()
