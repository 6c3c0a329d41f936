from __future__ import annotations

import logging
import time
from types import SimpleNamespace

import pytest

from wealthsources import (
    ClockError,
    RequestError,
)

from ..support.bars import HOUR, T0
from .conftest import context_at


def test_a_context_that_keeps_up_is_bound_live_and_one_far_behind_is_a_backtest(mine, caplog):
    now = time.time_ns() // 1_000_000
    with caplog.at_level(logging.INFO, "wealthsources.session"):
        with mine({}) as session:
            assert session.adapter(context_at(0, now_ms=now - HOUR)).mode == "live"
        with mine({}) as session:
            assert session.adapter(context_at(0)).mode == "backtest"
    assert "bound as live" in caplog.text
    assert "bound as backtest: the context's clock is" in caplog.text


class Engine:
    """A context that takes weak references, which a SimpleNamespace does not."""

    def __init__(self) -> None:
        self.current_bar = context_at(0).current_bar


@pytest.mark.parametrize("make", [lambda: context_at(0), Engine])
def test_auto_is_settled_once_for_a_context_and_stays(mine, make):
    with mine({}) as session:
        bound = make()
        assert session.adapter(bound).mode == "backtest"
        bound.now_ms = time.time_ns() // 1_000_000
        assert session.adapter(bound).mode == "backtest"
        assert session.adapter(context_at(0)).mode == "backtest"


def test_contexts_that_take_turns_stay_what_they_were(mine):
    with mine({}) as session:
        first, second = context_at(0), context_at(0)
        assert {session.adapter(each).mode for each in (first, second)} == {"backtest"}
        first.now_ms = second.now_ms = time.time_ns() // 1_000_000
        assert {session.adapter(each).mode for each in (first, second, first)} == {"backtest"}


def test_a_context_that_looks_like_the_other_kind_has_to_state_it(mine):
    """A backtest beside a live strategy would see live bars, and the other way round the strategy would miss them."""
    now = time.time_ns() // 1_000_000
    for first, second, wanted in (
        (context_at(0), context_at(0, now_ms=now), "live"),
        (context_at(0, now_ms=now), context_at(0), "backtest"),
    ):
        with mine({}) as session:
            assert session.adapter(first).mode != wanted
            with pytest.raises(RequestError, match=f"looks like a {wanted} one .* state mode="):
                session.adapter(second)
            assert session.adapter(second, mode=wanted).mode == wanted


def test_before_the_feeds_first_bar_a_context_has_to_state_its_mode(mine):
    with mine({}, clock="feed") as session:
        with pytest.raises(ClockError, match=r"before the first live bar.* state mode="):
            session.adapter(context_at(0))
        session.clock.saw_closed(T0 + 9 * HOUR)
        assert session.adapter(context_at(0)).mode == "backtest"


def test_a_context_without_a_clock_is_a_backtest_that_can_see_nothing(mine):
    with mine({"bars": 5}) as session:
        adapter = session.adapter(SimpleNamespace(history=lambda *_: []))
        assert adapter.mode == "backtest"
        with pytest.raises(ClockError, match="tells no time"):
            adapter.get_history("X", 3)


def test_without_a_context_there_is_no_backtest(mine):
    with mine({}) as session, pytest.raises(RequestError, match="needs a context"):
        session.adapter(mode="backtest")
    with mine({}) as session, pytest.raises(RequestError, match="mode must be"):
        session.adapter(context_at(0), mode="dry")
