"""What stands in a forked child for a live source that is not a PushedSource."""

from __future__ import annotations

import os

import pytest

from wealthsources import AllSourcesFailed, Capabilities, HistoryRequest, NotHere, StaleDataError, Timeframe
from wealthsources.runtime.foreign import ForeignSource
from wealthsources.testing import ListSource

from ..support.bars import FRAME, at, hourly, sources
from ..support.forking import in_child
from ..support.waiting import wait_until


def standing_for(**capabilities) -> ForeignSource:
    return ForeignSource(ListSource(hourly(0, 1), capabilities=Capabilities(live=True, **capabilities)), "not ours")


def test_it_has_nothing_and_says_why():
    with pytest.raises(NotHere, match="not ours"):
        standing_for().get_history(HistoryRequest("BTCUSDT", FRAME, at(9)))
    status = standing_for().status()
    assert (status.state, status.reason) == ("disconnected", "not ours")


def test_it_is_asked_as_the_other_was_but_never_waited_for():
    can = standing_for(timeframes=("1h",), symbols=("BTCUSDT",), blocking=True).capabilities
    assert (can.live, can.blocking, can.timeframes, can.symbols) == (True, False, ("1h",), ("BTCUSDT",))


def test_it_is_stale_ever_longer_for_the_series_that_the_other_served():
    source = standing_for(timeframes=("1h",), symbols=("BTCUSDT",))
    first = source.stale_for("btc-usdt", FRAME)
    assert first > 0
    wait_until(lambda: source.stale_for() > first)
    assert source.stale_for("BTCUSDT", Timeframe("1m")) is None
    assert source.stale_for("ETHUSDT", FRAME) is None
    assert standing_for().stale_for("ETHUSDT", FRAME) > 0


def test_a_source_that_cannot_say_what_it_can_is_taken_as_live():
    class Silent(ListSource):
        capabilities = property(lambda self: 1 / 0, lambda self, value: None)

    assert ForeignSource(Silent(), "not ours").capabilities == Capabilities(live=True, blocking=False)


# In a session.


def test_an_adapter_made_before_the_fork_asks_it_no_more(mine):
    with mine({"live": True, "bars": 3, "stale": 0.0}, {"bars": 1}) as session:
        adapter = session.adapter()
        assert sources(adapter.get_history("X", 3, on_stale="mark")) == ["s0"] * 3
        answer, text = in_child(
            lambda: (sources(adapter.get_history("X", 3, on_stale="mark")), str(adapter.explain("X", 3)))
        )
    assert answer == ["s1"]
    assert f"the session belongs to process {os.getpid()}" in text


def test_what_it_says_is_in_the_error_the_status_and_the_sources_of_the_session(mine):
    with mine({"live": True, "bars": 3}) as session:
        session.start_live()

        def look():
            with pytest.raises(AllSourcesFailed) as nothing:
                session.adapter().get_history("X", 3)
            status = session.status().sources["s0"]
            return str(nothing.value), status.state, status.reason, type(session.source("s0")).__name__

        error, state, reason, kind = in_child(look)
    assert f"belongs to process {os.getpid()}" in error
    assert (state, kind) == ("disconnected", "ForeignSource")
    assert reason in error


def test_under_a_feed_clock_that_stands_still_the_answer_of_another_source_is_refused_at_once(mine):
    with mine({"live": True, "stale": 0.0}, {"bars": 9}, clock="feed") as session:
        adapter = session.adapter()
        session.clock.saw_closed(at(9))
        assert sources(adapter.get_history("X", 3)) == ["s1"] * 3
        with pytest.raises(StaleDataError, match=f"no live stream(.|\n)*belongs to process {os.getpid()}"):
            in_child(lambda: adapter.get_history("X", 3))


def test_a_live_source_that_cannot_say_what_it_can_is_not_asked_either(mine):
    with mine({"live": True, "bars": 3}) as session:
        session.start_live()
        kind = type(session.source("s0"))
        kind.capabilities = property(lambda self: 1 / 0, lambda self, value: None)
        assert in_child(lambda: session.status().sources["s0"].state) == "disconnected"
