"""Workers: a bounded pool of daemon threads that asks the sources which may block.

Not `concurrent.futures.ThreadPoolExecutor`: that one waits at exit for threads that a hanging source holds.
"""

from __future__ import annotations

import contextlib
import dataclasses
import queue
import threading
import time
from collections import Counter
from concurrent.futures import Future, TimeoutError as Overdue
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

from wealthsources.forking import ForkLock, call_in_child
from wealthsources.model.errors import NotAsked, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.model.bars import Bars
    from wealthsources.source import HistoryRequest, Source

_MOST_ABANDONED: Final = 2
_MOST_WAITING: Final = 1_000

T = TypeVar("T")
Job = tuple["Future[object]", "Callable[[], object]"]
_may_wait: ContextVar[bool] = ContextVar("may_wait", default=True)


class WouldWait(BaseException):
    """An answer would have to be waited for; see `at_once`. No Exception: it is no failure of the source's."""


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """In this block nobody waits for a source: where one would have to be asked that may block, WouldWait is raised."""
    before = _may_wait.set(False)
    try:
        yield
    finally:
        _may_wait.reset(before)


class Workers:
    """At most `size` threads, started when there is work for them."""

    def __init__(self, size: int = 8, name: str = "wealthsources-worker") -> None:
        self._name = name
        self._least = size
        self._lock = ForkLock()
        self._closed = False
        self._begin_anew()
        call_in_child(self, Workers._begin_anew)

    def _begin_anew(self) -> None:
        """As at first; in a forked child, whose threads and what waited for them are the parent's."""
        self._size = self._least
        self._jobs: queue.Queue[Job | None] = queue.Queue(_MOST_WAITING)
        self._threads = 0
        self._busy = 0

    def submit(self, work: Callable[[], object]) -> Future[object]:
        """Have `work` done on one of the threads. Raises NotAsked when too much is waiting already."""
        future: Future[object] = Future()
        with self._lock:
            if self._closed:
                raise NotAsked("the session has been stopped")
            if self._threads < self._size and self._busy + self._jobs.qsize() >= self._threads:
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()
        try:
            self._jobs.put_nowait((future, work))
        except queue.Full:
            raise NotAsked(f"{_MOST_WAITING} requests are waiting already (a fixed limit)") from None
        return future

    def abandon(self, future: Future[object]) -> None:
        """Nobody waits for this work any more. Until it ends, one more thread may do the work of others."""
        if future.cancel() or future.done():
            return
        with self._lock:
            self._size += 1
        future.add_done_callback(self._ended)

    def _ended(self, _future: Future[object]) -> None:
        with self._lock:
            self._size -= 1

    def stop(self) -> None:
        """Let the threads go when they are done; none is waited for."""
        with self._lock:
            self._closed = True
            threads = self._threads
        for _ in range(threads):
            try:
                self._jobs.put_nowait(None)
            except queue.Full:
                return

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            if not future.set_running_or_notify_cancel():
                continue
            with self._lock:
                self._busy += 1
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - belongs to whoever waits
                future.set_exception(error)
            except BaseException as error:  # noqa: BLE001 - a source that calls sys.exit ends nothing but its answer
                future.set_exception(SourceError(f"raised {type(error).__name__}"))
            finally:
                with self._lock:
                    self._busy -= 1


class Caller:
    """Asks sources that may block: on workers, and for at most `deadline` seconds."""

    def __init__(self, workers: Workers, deadline: float) -> None:
        self._workers = workers
        self._deadline = deadline
        self._lock = ForkLock()
        self._abandoned: Counter[str] = Counter()
        call_in_child(self, Caller._forget_abandoned)

    def __call__(self, name: str, source: Source, request: HistoryRequest) -> Bars:
        """Return what the source returns; raise what it raises, or SourceError if it takes too long.

        NotAsked, a SourceError, if it was not even called.
        """
        request = dataclasses.replace(request, deadline=time.monotonic() + self._deadline)
        return self.begin(name, lambda: source.get_history(request))()  # the chain checks what it is

    def begin(self, name: str, work: Callable[[], T]) -> Callable[[], T]:
        """Have `work` done on a worker. Returns what waits for its result, until the deadline, with errors as above.

        Raises SourceError if two pieces of work of that name hang already, NotAsked if too much is waiting; WouldWait.
        """
        if not _may_wait.get():
            raise WouldWait
        if self._abandoned[name] >= _MOST_ABANDONED:
            raise SourceError(f"still hangs on {_MOST_ABANDONED} earlier requests (a fixed limit)")
        future = self._workers.submit(work)
        until = time.monotonic() + self._deadline
        return lambda: self._result(name, future, until)  # type: ignore[return-value]  # of that work

    def _result(self, name: str, future: Future[object], until: float) -> object:
        try:
            return future.result(max(0.0, until - time.monotonic()))
        except Overdue:
            if future.done():
                return future.result()  # it came just now, or is the work's own TimeoutError
            if future.cancel():
                raise NotAsked(f"no worker was free for it within {self._deadline:g} s (source_deadline)") from None
            self._abandon(name, future)
            raise SourceError(f"gave no answer within {self._deadline:g} s (source_deadline)") from None

    def _forget_abandoned(self) -> None:
        """In a forked child: what hangs, hangs in the parent."""
        self._abandoned.clear()

    def _abandon(self, name: str, future: Future[object]) -> None:
        with self._lock:
            self._abandoned[name] += 1
        future.add_done_callback(lambda _: self._ended(name))
        self._workers.abandon(future)

    def _ended(self, name: str) -> None:
        with self._lock:
            self._abandoned[name] -= 1
