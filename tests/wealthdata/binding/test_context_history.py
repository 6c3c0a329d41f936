from __future__ import annotations

import asyncio
import contextvars
import copy
import gc
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

import wealthdata
from wealthdata import clear_context, get_price, set_context
from wealthdata.binding.context_history import ChainHistory
from wealthsources import ContextDataAdapter

from ...support.bars import HOUR, MONDAY as T0
from .engines import Engine


def test_a_bound_contexts_history_reads_the_chain(session, engine, closed, records):
    session({"live": False}, {}).source("m0").put(closed("X", "1h", records("1h", 50, first=T0 - 7 * HOUR)))
    set_context(engine, mode="backtest")
    bars = engine.history("X", 3, "1h")
    assert [bar.close for bar in bars] == get_price("X", count=3, frequency="1h")["close"].tolist()
    assert bars[0].source == "m0"


def test_it_gives_bars_with_numbers_oldest_first(engine):
    set_context(engine)
    bars = engine.history("X", 3, "1h")
    assert type(bars) is list
    assert [bar.close for bar in bars] == [147.5, 148.5, 149.5]
    assert all(bar.close > 140 for bar in bars)
    assert [bar.open_time for bar in bars] == [T0 + hour * HOUR for hour in (47, 48, 49)]


def test_it_shows_nothing_that_ends_after_now(engine):
    engine.now_ms = T0 + 10 * HOUR
    engine.bars = engine.bars[:11]
    set_context(engine)
    assert engine.history("X", 1, "1h")[-1].open_time == T0 + 9 * HOUR


def test_it_takes_the_frequencies_of_get_price(engine):
    set_context(engine)
    assert engine.history(symbol="X", count=1, timeframe="60m")[0].close == 149.5
    with pytest.raises(wealthdata.UnsupportedFrequency):
        engine.history("X", 1, "7m")


def test_it_raises_where_there_is_no_bar(engine):
    set_context(engine)
    engine.bars = []
    with pytest.raises(wealthdata.DataUnavailable, match="returned no bars"):
        engine.history("X", 1, "1h")


def test_the_contexts_own_function_is_a_source_of_the_chain(engine):
    set_context(engine)
    assert get_price("X", count=2, frequency="1h")["close"].tolist() == [148.5, 149.5]
    assert engine.asked[0][0] == "X"


def test_a_context_without_one_has_one_while_it_is_bound(bind, records):
    made = bind({"X 1h": records("1h", 50)}, T0 + 50 * HOUR)
    assert made.history("X", 1, "1h")[0].close == 149.5
    clear_context()
    assert not hasattr(made, "history")


def test_clearing_restores_the_contexts_own(engine):
    set_context(engine)
    clear_context()
    assert "history" not in vars(engine)
    assert engine.history("X", 1, "1h") == engine.bars[-1:]


def test_clearing_restores_one_that_was_put_there(records):
    own = Engine(records("1h", 5), 0).history
    made = SimpleNamespace(now_ms=T0 + 5 * HOUR, history=own)
    set_context(made)
    assert made.history is not own
    clear_context()
    assert made.history == own


def test_one_that_the_engine_puts_there_meanwhile_stays(engine):
    set_context(engine)
    engine.history = later = lambda *_: []
    clear_context()
    assert engine.history is later


def test_the_same_context_may_be_bound_twice(engine):
    set_context(engine)
    set_context(engine)
    clear_context()
    assert engine.history("X", 1, "1h")[0].close == 149.5
    clear_context()
    assert "history" not in vars(engine)


def test_a_context_that_puts_aside_what_strategies_set_reads_the_chain_too(engine):
    class Aside(Engine):
        def __setattr__(self, name, value):
            self.__dict__.setdefault("aside", {})[name] = value

        def __getattr__(self, name):
            try:
                return self.__dict__["aside"][name]
            except KeyError:
                raise AttributeError(name) from None

    made = Aside(engine.bars, engine.now_ms)
    set_context(made)
    assert made.history("X", 1, "1h")[0].close == 149.5


def test_one_that_cannot_be_replaced_is_told_of(engine, caplog):
    class Slotted:
        __slots__ = ("now_ms",)

        def history(self, symbol, count, timeframe):
            return engine.bars[-count:]

    made = Slotted()
    made.now_ms = engine.now_ms
    with caplog.at_level(logging.WARNING, "wealthdata"):
        set_context(made)
    assert "history of Slotted cannot be replaced" in caplog.text
    assert get_price("X", count=1, frequency="1h")["close"][-1] == 149.5
    clear_context()


def test_a_context_that_is_a_mapping_is_read_as_it_is_and_told_of(records, caplog):
    made = {"now_ms": T0 + 5 * HOUR, "history": lambda symbol, count, timeframe: records("1h", 5)[-count:]}
    set_context(made)
    assert "history of dict cannot be replaced" in caplog.text
    assert get_price("X", count=1, frequency="1h")["close"][-1] == 104.5
    assert not isinstance(made["history"], ChainHistory)


def test_a_history_that_is_no_function_is_left_as_it_is(engine, caplog):
    made = SimpleNamespace(now_ms=T0, history=["signal"])
    set_context(made)
    assert made.history == ["signal"]
    assert "history of SimpleNamespace is no function" in caplog.text
    clear_context()
    assert made.history == ["signal"]


# an engine that asks itself ----------------------------------------------------------------------------------------


def test_an_own_history_that_asks_its_context_gets_its_own_bars(engine):
    class Hourly(Engine):
        def history(self, symbol, count, timeframe):
            return (
                super().history(symbol, count, timeframe) if timeframe == "1h" else self.history(symbol, 48, "1h")[:1]
            )

    made = Hourly(engine.bars, engine.now_ms)
    set_context(made)
    assert made.history("X", 1, "2h")[0].source == "context 1h"
    assert made.asked[0] == ("X", 48, "1h")


def test_an_own_history_that_asks_wealthdata_fails_once_and_says_why(engine):
    class Circle(Engine):
        def history(self, symbol, count, timeframe):
            self.asked.append(timeframe)
            return get_price(symbol, count=count, frequency=timeframe)

    made = Circle([], engine.now_ms)
    set_context(made)
    with pytest.raises(wealthdata.DataUnavailable, match="let it read the engine's bars"):
        get_price("X", count=1, frequency="1h")
    assert made.asked.count("1h") == 1


def test_a_clock_that_asks_the_contexts_history_is_told_by_its_own(engine):
    """As where current_bar is a property: the newest bar of history()."""

    class Derived:
        def __init__(self):
            self.asked = 0

        def history(self, symbol, count, timeframe):
            self.asked += 1
            return [{**bar, "timeframe": "1h"} for bar in engine.bars[-count:]] if timeframe == "1h" else []

        @property
        def current_bar(self):
            return self.history("X", 1, "1h")[-1]

    made = Derived()
    set_context(made, mode="backtest")
    set_context(made, mode="backtest")
    assert get_price("X", count=2, frequency="1h")["close"].tolist() == [148.5, 149.5]
    assert [bar.close for bar in made.history("X", 2, "1h")] == [148.5, 149.5]
    assert made.asked < 150, "each question asks the clock, and none of them asks itself"


def test_another_bound_context_may_be_asked_meanwhile(engine, records):
    class Outer(Engine):
        def history(self, symbol, count, timeframe):
            set_context(engine)
            try:
                return engine.history(symbol, count, timeframe)
            finally:
                clear_context()

    made = Outer([], engine.now_ms)
    set_context(made)
    assert made.history("X", 1, "1h")[0].close == 149.5


def test_an_engine_that_binds_with_every_bar_and_never_clears_does_not_slow_down(engine):
    for _ in range(500):
        set_context(engine)
    assert len(engine.history._bindings) <= 101


# copies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])
def test_a_copy_of_a_bound_context_is_not_bound(engine, duplicate):
    set_context(engine)
    twin = duplicate(engine)
    twin.bars = twin.bars[:1]
    assert not isinstance(twin.history, ChainHistory)
    assert twin.history("X", 5, "1h") == engine.bars[:1]


def test_a_shallow_copy_that_is_bound_itself_reads_its_own_bars_at_its_own_time(records):
    class Slow(Engine):
        def history(self, symbol, count, timeframe):
            ended = [bar for bar in super().history(symbol, 50, timeframe) if bar["open_time"] + HOUR <= self.now_ms]
            return ended[-count:]

    made = Slow(records("1h", 50), T0 + 10 * HOUR)
    set_context(made)
    twin = copy.copy(made)
    twin.now_ms = T0 + 20 * HOUR
    set_context(twin)
    assert get_price("X", count=1, frequency="1h")["close"].tolist() == [119.5]
    assert twin.history("X", 1, "1h")[0].close == 119.5
    assert made.history("X", 1, "1h")[0].close == 109.5
    clear_context()
    assert twin.history("X", 1, "1h")[0]["close"] == "119.5"


def test_an_adapter_of_a_shallow_copy_reads_the_copys_own_bars(engine, records):
    set_context(engine)
    twin = copy.copy(engine)
    twin.bars = records("1h", 50, first=T0 - 10 * HOUR)
    bars = ContextDataAdapter(twin).get_history("X", 1, "1h")
    assert bars[-1].open_time == T0 + 39 * HOUR


def test_a_shallow_copy_outlives_the_binding(engine):
    set_context(engine)
    twin = copy.copy(engine)
    clear_context()
    assert twin.history("X", 1, "1h") == engine.bars[-1:]


def test_a_copy_of_a_context_without_one_says_that_it_is_not_bound(bind, records):
    twin = copy.copy(bind({"X 1h": records("1h", 50)}, T0 + 50 * HOUR))
    clear_context()
    with pytest.raises(wealthdata.WealthDataError, match="not bound any more"):
        twin.history("X", 1, "1h")


def test_a_thread_that_ended_without_clearing_leaves_the_contexts_own(engine):
    thread = threading.Thread(target=contextvars.copy_context().run, args=(set_context, engine))
    thread.start()
    thread.join()
    del thread
    gc.collect()
    assert engine.history("X", 1, "1h") == engine.bars[-1:]


# threads and tasks -------------------------------------------------------------------------------------------------


def strategies(records, number: int) -> list[Engine]:
    """Engines whose bars tell which one they belong to: that of engine n closes at n thousand and something."""
    made = []
    for place in range(number):
        bars = [
            {**bar, **dict.fromkeys(("open", "high", "low", "close"), str(1000 * place + n))}
            for n, bar in enumerate(records("1h", 50))
        ]
        made.append(Engine(bars, T0 + 50 * HOUR))
    return made


def test_sixteen_strategies_in_as_many_threads_never_see_one_anothers_bars(records):
    ready = threading.Barrier(16)

    def live(place: int, engine: Engine) -> set[int]:
        seen = set()
        ready.wait(20)
        for _ in range(10):
            set_context(engine)
            seen |= {int(bar.close) // 1000 for bar in engine.history("X", 20, "1h")}
            seen |= set(get_price("X", count=20, frequency="1h")["close"] // 1000)
            clear_context()
        return seen

    with ThreadPoolExecutor(16) as pool:
        seen = list(pool.map(live, range(16), strategies(records, 16)))
    assert seen == [{place} for place in range(16)]


def test_sixteen_tasks_never_see_one_anothers_bars(records):
    async def live(engine: Engine) -> set[int]:
        set_context(engine)
        seen = set()
        for _ in range(10):
            await asyncio.sleep(0)
            seen |= {int(bar.close) // 1000 for bar in engine.history("X", 20, "1h")}
            seen |= set(get_price("X", count=20, frequency="1h")["close"] // 1000)
        clear_context()
        return seen

    async def all_of_them() -> list[set[int]]:
        return await asyncio.gather(*map(live, strategies(records, 16)))

    assert asyncio.run(all_of_them()) == [{place} for place in range(16)]


def test_clearing_in_a_task_does_not_end_the_binding_outside(engine):
    async def clear() -> None:
        clear_context()

    set_context(engine)
    asyncio.run(clear())
    assert isinstance(engine.history, ChainHistory)
    assert get_price("X", count=1, frequency="1h")["close"][-1] == 149.5


def test_a_context_that_threads_bind_over_and_over_is_never_its_own_meanwhile(engine):
    def work(_: int) -> set[str]:
        kinds = set()
        for _ in range(200):
            set_context(engine)
            kinds.add(type(engine.history).__name__)
            clear_context()
        return kinds

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [{"ChainHistory"}] * 4
    assert "history" not in vars(engine)


def test_clearing_in_a_callback_does_not_end_the_binding_outside(engine):
    """A callback runs on the same thread, in no task, and in a copy of the context."""

    async def let_it_run() -> None:
        asyncio.get_running_loop().call_soon(clear_context)
        await asyncio.sleep(0)

    set_context(engine)
    asyncio.run(let_it_run())
    assert isinstance(engine.history, ChainHistory)
    with ThreadPoolExecutor(1) as pool, pytest.raises(wealthdata.NoContextError, match="a backtest is running"):
        pool.submit(get_price, "X", count=1, frequency="1h").result(20)


def test_a_context_that_two_threads_have_bound_is_restored_by_the_last(engine):
    bound, cleared = threading.Event(), threading.Event()

    def other() -> None:
        set_context(engine)
        bound.set()
        cleared.wait(20)
        assert engine.history("X", 1, "1h")[0].close == 149.5
        clear_context()

    with ThreadPoolExecutor(1) as pool:
        set_context(engine)
        future = pool.submit(contextvars.copy_context().run, other)
        bound.wait(20)
        clear_context()
        assert isinstance(engine.history, ChainHistory)
        cleared.set()
        future.result(20)
    assert "history" not in vars(engine)
