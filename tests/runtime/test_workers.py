"""The threads that ask sources which may block, and how long anybody waits for one."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest

from wealthsources import AllSourcesFailed, Bars, Capabilities, HistoryRequest, Source, SourceError, Timeframe
from wealthsources.model.errors import NotAsked
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.circuit_breaker import CircuitBreaker
from wealthsources.resolve.query import Query
from wealthsources.runtime.workers import Caller, Workers, WouldWait, at_once

from ..support.waiting import wait_until

REQUEST = HistoryRequest("BTCUSDT", Timeframe("1h"), 1_600_000_000_000)


class Waiting(Source):
    capabilities = Capabilities(blocking=True)

    def __init__(self) -> None:
        self.release = threading.Event()
        self.threads: list[str] = []
        self.deadlines: list[float | None] = []

    def get_history(self, request):
        self.threads.append(threading.current_thread().name)
        self.deadlines.append(request.deadline)
        self.release.wait(20)
        return Bars.empty(request.symbol, request.timeframe)


@pytest.fixture
def make_workers():
    """make_workers(size, name): workers that are let go after the test."""
    made: list[Workers] = []

    def make(*arguments) -> Workers:
        made.append(Workers(*arguments))
        return made[-1]

    yield make
    for workers in made:
        workers.stop()


@pytest.fixture
def source():
    waiting = Waiting()
    yield waiting
    waiting.release.set()


def named(name: str) -> list[threading.Thread]:
    """The threads of the workers of that name."""
    return [thread for thread in threading.enumerate() if thread.name.startswith(f"{name}-")]


def answers(caller: Caller, source: Source) -> bool:
    """The call after the last hanging one may still find it at work for a moment."""
    try:
        return len(caller("s", source, REQUEST)) == 0
    except SourceError:
        return False


def test_a_source_that_never_blocks_is_called_directly(source, make_workers):
    source.capabilities = Capabilities(blocking=False)
    source.release.set()
    chain = SourceChain([ChainLink("s", source)], Caller(make_workers(), 1))
    with contextlib.suppress(AllSourcesFailed):  # it has nothing
        chain.resolve(Query(REQUEST.symbol, Timeframe("1m"), REQUEST.end, 1))
    assert source.threads == [threading.current_thread().name]


def test_a_source_that_may_block_is_called_on_a_worker_and_told_its_deadline(source, make_workers):
    source.release.set()
    before = time.monotonic()
    Caller(make_workers(), 5)("s", source, REQUEST)
    assert source.threads[0].startswith("wealthsources-worker")
    assert before + 5 <= source.deadlines[0] <= time.monotonic() + 5


def test_a_source_that_overruns_its_deadline_is_a_source_error(source, make_workers):
    with pytest.raises(SourceError, match=r"no answer within 0\.05 s"):
        Caller(make_workers(), 0.05)("s", source, REQUEST)


def test_what_a_source_raises_comes_through(make_workers):
    class Failing(Source):
        def get_history(self, request):
            raise TimeoutError("disk")

    with pytest.raises(TimeoutError, match="disk"):
        Caller(make_workers(), 5)("s", Failing(), REQUEST)


def test_a_hanging_source_is_not_asked_again_and_again(source, make_workers):
    caller = Caller(make_workers(), 0.3)
    for _ in range(2):
        with pytest.raises(SourceError, match="no answer"):
            caller("s", source, REQUEST)
    with pytest.raises(SourceError, match="still hangs on 2 earlier"):
        caller("s", source, REQUEST)
    source.release.set()
    wait_until(lambda: answers(caller, source))


def test_hanging_sources_leave_workers_for_the_others(source, make_workers):
    workers = make_workers(2)
    caller = Caller(workers, 0.05)
    for name in ("a", "a", "b", "b", "c", "c"):
        with pytest.raises(SourceError, match="no answer"):
            caller(name, source, REQUEST)

    class Quick(Source):
        def get_history(self, request):
            return Bars.empty(request.symbol, request.timeframe)

    assert len(Caller(workers, 5)("other", Quick(), REQUEST)) == 0


def test_a_source_that_no_worker_was_free_for_has_not_been_asked(source, make_workers):
    workers, release = make_workers(1), threading.Event()
    workers.submit(lambda: release.wait(20))
    caller = Caller(workers, 0.05)
    for _ in range(3):
        with pytest.raises(NotAsked, match=r"no worker was free for it within 0\.05 s"):
            caller("s", source, REQUEST)
    assert source.threads == []
    release.set()
    source.release.set()
    assert len(Caller(workers, 5)("s", source, REQUEST)) == 0


def test_a_source_that_overruns_its_deadline_has_been_asked(source, make_workers):
    with pytest.raises(SourceError) as caught:
        Caller(make_workers(), 0.05)("s", source, REQUEST)
    assert not isinstance(caught.value, NotAsked)


def test_many_threads_may_ask_one_healthy_source(make_workers):
    class Healthy(Source):
        def get_history(self, request):
            return Bars.empty(request.symbol, request.timeframe)

    caller, failures = Caller(make_workers(2), 5), []

    def ask() -> None:
        try:
            for _ in range(50):
                caller("s", Healthy(), REQUEST)
        except SourceError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_source_that_exits_ends_only_its_answer(make_workers):
    class Exiting(Source):
        def get_history(self, request):
            raise SystemExit("bye")

    with pytest.raises(SourceError, match="raised SystemExit"):
        Caller(make_workers(), 5)("s", Exiting(), REQUEST)


def test_there_are_never_more_threads_than_the_size(make_workers):
    workers, release = make_workers(3, "few"), threading.Event()
    futures = [workers.submit(lambda: release.wait(20)) for _ in range(10)]
    alive = named("few")
    assert len(alive) == 3
    release.set()
    assert all(future.result(5) for future in futures)
    workers.stop()
    for thread in alive:
        thread.join(5)
        assert not thread.is_alive()


def test_after_stop_nothing_is_taken(make_workers):
    workers = make_workers()
    workers.stop()
    with pytest.raises(NotAsked, match="has been stopped"):
        workers.submit(lambda: None)


def fill(workers: Workers, release: threading.Event) -> None:
    """Have one thread wait until it is released, and as many jobs behind it as there is room for."""
    hanging = workers.submit(lambda: release.wait(20))
    wait_until(hanging.running)
    for _ in range(1_000):
        workers.submit(lambda: None)


def test_a_request_without_a_free_place_in_the_queue_is_not_taken(make_workers):
    workers, release = make_workers(1), threading.Event()
    fill(workers, release)
    with pytest.raises(NotAsked, match=r"1000 requests are waiting already \(a fixed limit\)"):
        workers.submit(lambda: None)
    release.set()


def test_work_that_was_given_up_before_it_began_is_not_done(make_workers):
    workers, release, done = make_workers(1), threading.Event(), []
    first = workers.submit(lambda: release.wait(20))
    workers.abandon(workers.submit(lambda: done.append("given up")))
    last = workers.submit(lambda: done.append("wanted"))
    release.set()
    assert first.result(5)
    last.result(5)
    assert done == ["wanted"]


def test_for_work_that_hangs_one_more_thread_may_work_until_it_ends(make_workers):
    workers, release = make_workers(1, "replaced"), threading.Event()
    hanging = workers.submit(lambda: release.wait(20))
    wait_until(hanging.running)
    workers.abandon(hanging)
    assert workers.submit(lambda: "done").result(5) == "done"
    release.set()
    assert hanging.result(5)


def test_what_is_done_cannot_be_given_up(make_workers):
    workers = make_workers(1, "calm")
    for _ in range(5):
        done = workers.submit(lambda: "done")
        assert done.result(5) == "done"
        workers.abandon(done)
    assert len(named("calm")) == 1


def test_threads_are_started_only_when_there_is_work_for_them(make_workers):
    workers = make_workers(8, "idle")
    assert named("idle") == []
    for _ in range(20):
        workers.submit(lambda: None).result(5)
    assert 1 <= len(named("idle")) < 8, "the end of one piece of work may be told before its thread is free"


def test_a_stop_lets_the_threads_go_and_waits_for_none(make_workers):
    workers, release = make_workers(2, "leaving"), threading.Event()
    futures = [workers.submit(lambda: release.wait(20)) for _ in range(2)]
    began = time.monotonic()
    workers.stop()
    workers.stop()
    assert time.monotonic() - began < 5
    release.set()
    assert all(future.result(5) for future in futures)
    wait_until(lambda: not named("leaving"))


def test_a_stop_does_not_wait_for_room_in_a_full_queue(make_workers):
    workers, release = make_workers(1), threading.Event()
    fill(workers, release)
    began = time.monotonic()
    workers.stop()
    assert time.monotonic() - began < 5
    release.set()


def test_threads_are_named_after_their_workers(make_workers):
    name = make_workers(1, "tellers").submit(lambda: threading.current_thread().name).result(5)
    assert name == "tellers-1"


def test_a_source_that_never_blocks_is_told_no_deadline(source, make_workers):
    source.capabilities = Capabilities(blocking=False)
    source.release.set()
    with contextlib.suppress(AllSourcesFailed):  # it has nothing
        chain = SourceChain([ChainLink("s", source)], Caller(make_workers(), 1))
        chain.resolve(Query(REQUEST.symbol, Timeframe("1m"), REQUEST.end, 1))
    assert source.deadlines == [None]


def test_where_nobody_may_wait_a_source_that_may_block_is_not_even_asked(source, make_workers):
    """And that says nothing about the source: an open circuit breaker still has its probe."""
    chain = SourceChain([ChainLink("s", source)], Caller(make_workers(1), 5.0), {"s": breaker()})
    for _ in range(2):
        with pytest.raises(WouldWait), at_once():
            chain.resolve(Query("BTCUSDT", Timeframe("1h"), 1_600_000_000_000, 3))
    assert source.threads == []
    source.release.set()
    with pytest.raises(AllSourcesFailed) as told:
        chain.resolve(Query("BTCUSDT", Timeframe("1h"), 1_600_000_000_000, 3))
    assert told.value.attempts[0].outcome == "not_here"
    assert source.threads, "it was the probe"


def breaker() -> CircuitBreaker:
    """One that is open, and admits a probe."""
    one = CircuitBreaker("s", 1, 0.0)
    with contextlib.suppress(SourceError), one.guard():
        raise SourceError("no disk")
    return one
