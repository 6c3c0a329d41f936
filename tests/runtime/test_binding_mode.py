"""Whether a context is bound live or in a backtest."""

from __future__ import annotations

import datetime as dt
import logging
import time
from types import SimpleNamespace

import pytest

from wealthsources import ClockError, RequestError
from wealthsources.runtime.binding_mode import BindingMode

from ..support.bars import HOUR, T0, at
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


# without a session -------------------------------------------------------------------------------------------------


def mode_at(now: int) -> BindingMode:
    return BindingMode(lambda: now)


def test_without_a_context_a_binding_is_live_and_settles_nothing():
    mode = mode_at(at(10))
    assert [mode.decide(None, each) for each in ("auto", "live")] == ["live", "live"]
    assert mode.decided is None


@pytest.mark.parametrize("wanted", ["live", "backtest"])
def test_a_mode_that_is_stated_is_taken_whatever_the_context_looks_like_and_settles_nothing(wanted):
    mode = mode_at(at(10))
    assert {mode.decide(context_at(place), wanted) for place in (0, 9)} == {wanted}
    assert mode.decided is None


def test_before_the_first_context_nothing_is_decided_and_then_it_stays():
    mode = mode_at(at(10))
    assert mode.decided is None
    assert mode.decide(context_at(0), "auto") == mode.decided == "backtest"


@pytest.mark.parametrize(
    ("behind", "binding"), [(0, "live"), (2 * HOUR, "live"), (2 * HOUR + 1, "backtest"), (-5 * HOUR, "live")]
)
def test_more_than_two_bars_behind_is_a_backtest(behind, binding):
    context = SimpleNamespace(current_bar={"open_time": at(9), "timeframe": "1h"})
    assert mode_at(at(10) + behind).decide(context, "auto") == binding


def test_the_bars_are_those_of_the_current_bars_timeframe():
    now = at(10)
    for timeframe, binding in (("1m", "backtest"), ("1d", "live")):
        context = SimpleNamespace(now_ms=now - HOUR, current_bar={"open_time": at(9), "timeframe": timeframe})
        assert mode_at(now).decide(context, "auto") == binding


def test_without_a_current_bar_they_are_minutes():
    assert mode_at(at(10)).decide(SimpleNamespace(now_ms=at(10) - 120_000), "auto") == "live"
    assert mode_at(at(10)).decide(SimpleNamespace(now_ms=at(10) - 120_001), "auto") == "backtest"


def test_a_zone_that_is_stated_makes_a_clock_of_a_current_dt():
    noon = dt.datetime(2020, 9, 13, 22)  # noqa: DTZ001 - that is the case
    context = SimpleNamespace(current_dt=noon)
    assert mode_at(at(10)).decide(context, "auto") == "backtest"
    assert mode_at(at(10)).decide(context, "auto", dt.UTC) == "live"


@pytest.mark.parametrize(
    ("context", "why"),
    [
        (context_at(9), "bound as live: the context's clock keeps up with the session's"),
        (context_at(4), "bound as backtest: the context's clock is 5.0 bars of 1h behind"),
        (SimpleNamespace(), "bound as backtest: the context has no clock"),
    ],
)
def test_what_was_decided_is_logged_once_with_the_reason(context, why, caplog):
    mode = mode_at(at(10))
    with caplog.at_level(logging.INFO, "wealthsources.session"):
        for _ in range(3):
            mode.decide(context, "auto")
    assert caplog.messages == [why]


def test_a_context_that_is_gone_is_not_taken_for_one_that_comes_later():
    """The number of an object that is gone is given to another one."""
    mode = mode_at(at(10))
    reused = 0
    for _ in range(50):
        gone = Engine()
        number = id(gone)
        mode.decide(gone, "auto")
        del gone  # it is in no circle, so it is gone at once; collecting garbage would take seconds in a large process
        late = Engine()
        reused += id(late) == number
        late.current_bar = context_at(9).current_bar
        with pytest.raises(RequestError, match="looks like a live one"):
            mode.decide(late, "auto")
    assert reused


def test_of_contexts_that_take_no_weak_reference_the_last_sixteen_are_known():
    mode, contexts = mode_at(at(10)), [context_at(0) for _ in range(17)]
    for context in contexts:
        mode.decide(context, "auto")
        context.now_ms = at(10)
    assert mode.decide(contexts[-16], "auto") == "backtest"
    with pytest.raises(RequestError, match="looks like a live one"):
        mode.decide(contexts[0], "auto")


def test_a_context_whose_attributes_come_back_here_is_bound_too():
    mode = mode_at(at(10))

    class Asking:
        @property
        def now_ms(self) -> int:
            assert mode.decide(None, "auto") == "live"
            return at(1)

    assert mode.decide(Asking(), "auto") == "backtest"
