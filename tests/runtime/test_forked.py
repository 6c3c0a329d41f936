"""A session in a forked child: what is asked goes on, what is pushed is the parent's, and nothing hangs."""

from __future__ import annotations

import copy
import os
import pickle
import threading
import time

import pytest

from wealthsources import Event, WealthSourcesError, current_session, forking
from wealthsources.runtime.dispatcher import Dispatcher
from wealthsources.runtime.workers import Workers

from ..support.bars import at, sources
from ..support.forking import held_elsewhere, in_child
from ..support.waiting import wait_until
from .conftest import context_at


def ask(adapter, count: int = 3) -> list[str]:
    return sources(adapter.get_history("X", count, "1h"))


# Sources that are asked.


def test_a_source_that_may_block_is_asked_on_threads_of_the_childs_own(mine):
    with mine({"bars": 9, "blocking": True}) as session:
        adapter = session.adapter(context_at(9), mode="backtest")
        assert ask(adapter) == ["s0"] * 3
        began = time.monotonic()
        assert in_child(lambda: (ask(adapter), threading.active_count())) == (["s0"] * 3, 2)
        assert time.monotonic() - began < 2, "that would be the deadline of a worker that is not there"
        assert ask(adapter) == ["s0"] * 3


def test_calls_that_hang_in_the_parent_do_not_count_in_the_child(mine):
    with mine({"fail": "hang", "blocking": True}, source_deadline=0.05, breaker_failures=100) as session:
        adapter = session.adapter(context_at(9), mode="backtest")
        for _ in range(3):
            text = str(adapter.explain("X", 3))
        assert "still hangs on 2 earlier requests" in text
        assert "gave no answer within 0.05 s" in in_child(lambda: str(adapter.explain("X", 3)))


def test_a_probe_that_is_under_way_in_the_parent_keeps_the_child_from_nothing(mine):
    with mine({"fail": "ask", "blocking": True}, breaker_failures=1, breaker_probe_after=0.001) as session:
        adapter = session.adapter()
        adapter.explain("X", 3)
        breaker = session._breakers["s0"]
        breaker._probing = True
        assert "a probe is under way" in str(adapter.explain("X", 3))
        text = in_child(lambda: str(adapter.explain("X", 3)))
        assert "no disk" in text
        assert "not asked" not in text


def test_work_that_waits_in_the_parent_is_not_done_in_the_child_too():
    done, release, workers = [], threading.Event(), Workers(1)
    try:
        workers.submit(lambda: release.wait(20))
        workers.submit(lambda: done.append("parent"))
        assert in_child(lambda: (workers.submit(lambda: 5).result(10), done)) == (5, [])
    finally:
        release.set()
    wait_until(lambda: done == ["parent"])
    workers.stop()


def test_the_pool_of_a_session_that_was_stopped_is_closed_in_the_child_too():
    workers = Workers()
    workers.stop()
    with pytest.raises(WealthSourcesError, match="has been stopped"):
        in_child(lambda: workers.submit(lambda: 5))


# Subscribers.


def test_those_who_subscribed_in_the_parent_hear_nothing_in_the_child():
    heard: list[Event] = []
    dispatcher = Dispatcher()
    dispatcher.subscribe(heard.append)

    def emit():
        dispatcher.emit(Event("state", "s0"))
        return dispatcher.listening, threading.active_count()

    assert in_child(emit) == (False, 1)
    assert dispatcher.listening
    dispatcher.emit(Event("state", "s0"))
    wait_until(lambda: heard)
    dispatcher.stop(5)


def test_a_subscriber_of_the_childs_own_hears():
    dispatcher = Dispatcher()
    dispatcher.subscribe(lambda event: None)

    def subscribe() -> str:
        heard = threading.Event()
        dispatcher.subscribe(lambda event: heard.set())
        dispatcher.emit(Event("state", "s0"))
        assert heard.wait(10)
        dispatcher.stop(5)
        return "heard"

    with held_elsewhere(dispatcher._ready):
        assert in_child(subscribe) == "heard"
    dispatcher.stop(5)


def test_nobody_subscribes_to_live_sources_of_the_parent(mine):
    with mine({"live": True}) as session:
        session.start_live()

        def refusals() -> list[str]:
            said = []
            for call in (lambda: session.subscribe(print), session.start_live):
                with pytest.raises(WealthSourcesError) as refused:
                    call()
                said.append(str(refused.value))
            return [*said, session.foreign, str(threading.active_count())]

        whose = f"the session belongs to process {os.getpid()}, which opened it; open one in this process"
        assert in_child(refusals) == [whose, whose, whose, "1"]
        assert session.foreign == ""


# Live sources that nobody has started.


def test_live_sources_that_the_parent_did_not_start_start_in_the_child(mine):
    with mine({"live": True, "bars": 3}, {"bars": 9}) as session:

        def start():
            session.start_live()
            source = session.source("s0")
            session.stop()
            return session.foreign, source.calls

        assert in_child(start) == ("", ["start", "stop"])
        assert session.source("s0").calls == []


def test_such_a_session_belongs_to_the_child_then(mine):
    with mine({"live": True}) as session:

        def take_over() -> str:
            session.start_live()
            with mine({}):
                kept = current_session() is session
            return in_child(lambda: session.foreign) if kept else "another one became current"

        assert "belongs to process" in (said := in_child(take_over))
        assert str(os.getpid()) not in said


# Stopping.


def test_what_the_parent_started_is_not_stopped_by_the_child(mine):
    with mine({"live": True}, {"bars": 3}, {"hang": True}) as session:
        session.start_live()
        made = [session.source(name) for name in ("s0", "s1", "s2")]

        def stop():
            began = time.monotonic()
            session.stop()
            session.stop()
            return [source.calls for source in made], time.monotonic() - began < 1, current_session() is None

        assert in_child(stop) == ([["start"], ["start"], ["start"]], True, True)
        assert current_session() is session
        for source in made:
            source.release.set()


# The process-wide session.


def test_the_childs_own_becomes_the_process_wide_one_in_place_of_the_parents(mine):
    with mine({"live": True}) as session:

        def open_one():
            inherited = current_session() is session
            with mine({}) as own:
                became = current_session() is own, session.is_current, own.is_current
            return inherited, became, current_session()

        assert in_child(open_one) == (True, (True, False, True), None)
        assert current_session() is session


def test_the_first_one_of_the_child_stays_when_it_opens_another(mine):
    with mine({}):

        def open_two() -> bool:
            with mine({}) as own, mine({}):
                return current_session() is own

        assert in_child(open_two)


def test_a_session_that_the_parent_had_stopped_is_stopped(mine):
    session = mine({})
    with session:
        pass
    with pytest.raises(WealthSourcesError, match="has been stopped"):
        in_child(session.adapter)


def test_a_session_that_another_thread_was_opening_can_be_opened(mine):
    session = mine({"slow": True}, {"bars": 9})
    opening = threading.Thread(target=session.start)
    opening.start()
    wait_until(lambda: session.sources and session.source("s0").starting.is_set())
    slow = session.source("s0")

    def open_here():
        with pytest.raises(WealthSourcesError, match="is not open"):
            session.adapter(context_at(9), mode="backtest")
        import zmine_module

        zmine_module.Mine.start = lambda self, host: None
        with session:
            return ask(session.adapter(context_at(9), mode="backtest"))

    assert in_child(open_here) == ["s1"] * 3
    slow.release.set()
    opening.join(20)


# Nothing hangs.


def test_whatever_locks_other_threads_hold_every_call_returns(mine):
    """Every lock there is in the process is held by another thread at the moment of the fork."""
    with mine({"live": True, "bars": 3}, {"bars": 9, "blocking": True}) as session:
        adapter = session.adapter()
        session.subscribe(lambda event: None)
        locks = [*forking._locks, session.dispatcher._ready, session._workers._jobs.mutex]

        def call_everything() -> str:
            end = session.observe(lambda observation: None)
            session.status()
            adapter.get_history("X", 3, on_stale="mark")
            adapter.explain("X", 3)
            adapter.get_all_symbols()
            session.adapter(context_at(9), mode="backtest").get_history("X", 3)
            session.clock.saw_closed(at(1))
            with pytest.raises(WealthSourcesError):
                session.subscribe(print)
            end()
            with mine({"bars": 2}) as own:
                own.adapter().explain("X", 1)
            session.stop()
            return "all returned"

        assert len(locks) > 10
        with held_elsewhere(*locks):
            assert in_child(call_everything) == "all returned"


# Other ways into another process.


@pytest.mark.parametrize(
    "look",
    [
        lambda session: session.foreign,
        lambda session: session.status(),
        lambda session: session.adapter(),
        lambda session: session.start(),
        lambda session: session.start_live(),
        lambda session: session.stop(),
    ],
    ids=["foreign", "status", "adapter", "start", "start_live", "stop"],
)
def test_whatever_a_session_is_asked_a_fork_of_which_python_was_not_told_is_noticed_first(mine, monkeypatch, look):
    with mine({}) as session:
        noticed = []
        monkeypatch.setattr(forking, "notice_fork", lambda: noticed.append(session._lock))
        look(session)
        assert noticed


def test_a_session_is_not_sent_to_another_process_and_the_error_says_what_to_do(mine):
    with mine({}) as session:
        for send in (pickle.dumps, copy.copy, copy.deepcopy):
            for what in (session, session.adapter()):
                if what is session or send is not copy.copy:
                    with pytest.raises(TypeError, match=r"open one in the process that needs it, wealthsources\.open"):
                        send(what)
