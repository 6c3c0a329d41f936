from __future__ import annotations

import pytest

import wealthdata
from wealthdata import clear_context, get_price, set_context
from wealthdata.binding.history_guard import asking_own_history, is_asking_own_history

from .engines import Engine


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


def test_it_is_the_context_itself_that_counts_and_only_within_the_block():
    one, other = [], []
    with asking_own_history(one), asking_own_history(other):
        assert is_asking_own_history(one)
        assert is_asking_own_history(other)
        assert not is_asking_own_history([])
    assert not is_asking_own_history(one)
