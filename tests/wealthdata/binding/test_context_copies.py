"""A copy of a bound context has a history of its own, however it was copied, while the context is bound and after."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from types import SimpleNamespace
from unittest import mock

import pytest

from wealthdata import clear_context, get_price, set_context
from wealthdata.binding.context_copies import HistoryOfClass, tell_copies_apart
from wealthdata.binding.context_history import ChainHistory
from wealthsources import original_history

from ...support.bars import HOUR, MONDAY as T0
from .engines import Engine


def updated(context):
    twin = type(context).__new__(type(context))
    vars(twin).update(vars(context))
    return twin


WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda context: pickle.loads(pickle.dumps(context)),
    "attributes": updated,
}


@pytest.fixture(params=WAYS)
def duplicate(request):
    return WAYS[request.param]


def test_a_copy_reads_its_own_bars_while_the_context_is_bound(engine, duplicate):
    set_context(engine)
    twin = duplicate(engine)
    twin.bars = engine.bars[:1]
    assert not isinstance(twin.history, ChainHistory)
    assert twin.history("X", 5, "1h") == engine.bars[:1]
    assert engine.history("X", 1, "1h")[0].close == 149.5


def test_a_copy_reads_its_own_bars_after_the_context_was_bound(engine, duplicate):
    set_context(engine)
    twin = duplicate(engine)
    clear_context()
    twin.bars = engine.bars[:1]
    assert twin.history("X", 5, "1h") == engine.bars[:1]
    assert original_history(twin)("X", 5, "1h") == engine.bars[:1]


def test_a_copy_of_a_copy_is_a_copy_of_that(engine, duplicate):
    set_context(engine)
    twin = duplicate(engine)
    twin.bars = engine.bars[:1]
    assert duplicate(twin).history("X", 5, "1h") == engine.bars[:1]


def test_a_function_that_the_engine_put_there_is_that_of_the_copy_too(engine):
    engine.history = own = lambda symbol, count, timeframe: engine.bars[:1]
    set_context(engine)
    assert copy.copy(engine).history is own


def test_a_copy_may_be_made_by_a_dataclass(records):
    @dataclasses.dataclass
    class Made:
        now_ms: int
        history: object

    def own(symbol, count, timeframe):
        return records("1h", 5)[-count:]

    made = Made(T0 + 5 * HOUR, own)
    set_context(made)
    assert dataclasses.replace(made, now_ms=T0).history is own
    assert isinstance(made.history, ChainHistory)


def test_a_copy_of_a_context_without_history_has_none(records):
    class Without:
        now_ms = T0 + 5 * HOUR
        market_data_context = ({"symbol": "X", "timeframe": "1h", "bars": records("1h", 5)},)

    made = Without()
    set_context(made)
    twin = copy.copy(made)
    assert made.history("X", 1, "1h")[0].close == 104.5
    assert not hasattr(twin, "history")
    with pytest.raises(AttributeError, match="'Without' object has no attribute 'history'"):
        _ = twin.history
    clear_context()
    assert not hasattr(made, "history")
    assert not hasattr(Without, "history")


def test_a_class_that_asks_the_one_above_reads_that_ones(engine):
    class Newest(Engine):
        def history(self, symbol, count, timeframe):
            return super().history(symbol, count, timeframe)[-1:]

    set_context(engine)  # so that the class above has been changed too
    made = Newest(engine.bars, engine.now_ms)
    set_context(made)
    assert get_price("X", count=5, frequency="1h")["close"].tolist() == [149.5]
    assert len(copy.copy(made).history("X", 5, "1h")) == 1


def test_other_contexts_of_the_class_find_what_they_found_before(engine):
    set_context(engine)
    other = Engine(engine.bars[:2], 0)
    assert other.history("X", 5, "1h") == engine.bars[:2]
    other.history = later = lambda *_: []
    assert other.history is later
    del other.history
    assert other.history("X", 5, "1h") == engine.bars[:2]
    with pytest.raises(AttributeError):
        del other.history
    assert Engine.history.__name__ == "history"
    assert Engine.history(other, "X", 1, "1h") == engine.bars[1:2]


def test_the_class_may_be_patched_as_before(engine):
    set_context(engine)
    clear_context()
    with mock.patch.object(Engine, "history", return_value="patched"):
        assert engine.history("X", 1, "1h") == "patched"
    assert engine.history("X", 1, "1h") == engine.bars[-1:]


def test_a_class_is_changed_once_and_one_that_cannot_be_is_left(engine):
    class WithProperty:
        history = property(lambda self: None)

    for kind in (Engine, Engine, SimpleNamespace, WithProperty):
        tell_copies_apart(kind)
    assert isinstance(vars(Engine)["history"], HistoryOfClass)
    assert not isinstance(vars(Engine)["history"]._original, HistoryOfClass)
    assert "history" not in vars(SimpleNamespace)
    assert isinstance(vars(WithProperty)["history"], property)
