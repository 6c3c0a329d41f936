"""A context's own history, past what stands in for it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from wealthsources import HistoryStandIn, is_asking_history, original_history


class StandIn(HistoryStandIn):
    """Never answers itself."""

    def __init__(self, own):
        self.own = own

    def __call__(self, symbol, count, timeframe):
        raise AssertionError("the chain asked what asks the chain")

    def original_of(self, context):
        return self.own


def own(symbol, count, timeframe):
    return [symbol, count, timeframe]


@pytest.mark.parametrize("kind", [SimpleNamespace, dict])
def test_it_is_the_contexts_own_function_be_there_a_stand_in_or_not(kind):
    for history in own, StandIn(own):
        assert original_history(kind(history=history))("X", 3, "1h") == ["X", 3, "1h"]


@pytest.mark.parametrize("context", [None, SimpleNamespace(), {}, {"history": ["signal"]}, {"history": StandIn(None)}])
def test_a_context_without_one_has_none(context):
    assert original_history(context) is None


def test_it_is_told_to_be_asked_while_it_runs_and_no_longer():
    def history(symbol, count, timeframe):
        seen.append((is_asking_history(context), is_asking_history(other)))
        if count:
            original_history(other)(symbol, 0, timeframe)
        raise ValueError("no")

    seen: list[tuple[bool, bool]] = []
    context, other = SimpleNamespace(history=history), SimpleNamespace(history=history)
    with pytest.raises(ValueError, match="no"):
        original_history(context)("X", 1, "1h")
    assert seen == [(True, False), (True, True)]
    assert not is_asking_history(context)


def test_it_is_the_context_itself_that_counts_and_not_one_that_is_equal():
    one, other = {"n": 1}, {"n": 1}
    one["history"] = lambda *_: (is_asking_history(one), is_asking_history(other))
    assert original_history(one)("X", 1, "1h") == (True, False)
