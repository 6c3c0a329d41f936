from __future__ import annotations

from wealthsources import Event, HistoryRequest, Timeframe
from wealthsources.runtime.clocks import FeedClock
from wealthsources.testing.fakes import LoneHost
from wealthsources_replay.host import RecordedClock, ReplayHost
from wealthsources_replay.played_time import PlayedTime

from .records import T0, frame


def made():
    time, session = PlayedTime(), FeedClock()
    return time, session, RecordedClock(time, session)


def test_the_clock_is_the_machines_of_then_and_never_behind_a_closed_bar():
    time, session, clock = made()
    time.come_to(frame(0))
    assert (clock.name, clock.now()) == ("system", T0)
    clock.saw_open(T0 + 5_000)
    assert (clock.now(), session.now()) == (T0, T0 + 5_000)
    clock.saw_closed(T0 + 9_000)
    assert (clock.now(), session.now()) == (T0 + 9_000, T0 + 9_000)


def test_a_host_passes_on_all_but_what_is_asked_of_others():
    lone = LoneHost(FeedClock())
    told = []
    lone.emit = told.append
    host = ReplayHost(lone, lone.clock)
    assert (host.name, host.logger, host.listening) == (lone.name, lone.logger, False)
    assert host.market("BTCUSDT") == lone.market("BTCUSDT")
    host.emit(Event("state", "live", state="connected"))
    host.told = []
    assert host.listening
    assert not host.wants_forming
    lone.wants_forming = True
    assert host.wants_forming
    host.emit(Event("state", "live", state="error"))
    assert ([each.state for each in told], [each.state for each in host.told]) == (["connected", "error"], ["error"])
    answers = []
    host.backfill(HistoryRequest("BTCUSDT", Timeframe("1m"), T0), lambda *answer: answers.append(answer))
    assert answers == [(None, "a replay fills no holes")]


def test_a_host_asks_another_source_as_the_session_does():
    lone, request = LoneHost(FeedClock()), HistoryRequest("BTCUSDT", Timeframe("1m"), T0)
    lone.history = lambda *asked: asked
    assert ReplayHost(lone, lone.clock).history("archive", request) == ("archive", request)
