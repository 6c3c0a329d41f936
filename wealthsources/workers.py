"""Workers: a bounded pool of daemon threads that asks the sources which may block.

Not `concurrent.futures.ThreadPoolExecutor`: that one waits at exit for threads that a hanging source holds.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from collections import Counter
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Overdue
from typing import TYPE_CHECKING, Final

from wealthsources.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.bars import Bars
    from wealthsources.source import HistoryRequest, Source

_MOST_PER_SOURCE: Final = 4
_MOST_WAITING: Final = 1_000

Job = tuple["Future[object]", "Callable[[], object]"]


class Workers:
    """At most `size` threads, started when there is work for them."""

    def __init__(self, size: int = 8, name: str = "wealthsources-worker") -> None:
        self._size = size
        self._name = name
        self._jobs: queue.Queue[Job | None] = queue.Queue(_MOST_WAITING)
        self._lock = threading.Lock()
        self._threads = 0
        self._busy = 0
        self._closed = False

    def submit(self, work: Callable[[], object]) -> Future[object]:
        """Have `work` done on one of the threads. Raises SourceError when too much is waiting already."""
        future: Future[object] = Future()
        with self._lock:
            if self._closed:
                raise SourceError("the session has been stopped")
            if self._threads < self._size and self._busy + self._jobs.qsize() >= self._threads:
                self._threads += 1
                threading.Thread(target=self._work, name=f"{self._name}-{self._threads}", daemon=True).start()
        try:
            self._jobs.put_nowait((future, work))
        except queue.Full:
            raise SourceError(f"{_MOST_WAITING} requests are waiting already") from None
        return future

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
            except BaseException as error:  # noqa: BLE001 - belongs to whoever waits
                future.set_exception(error)
            finally:
                with self._lock:
                    self._busy -= 1


class Caller:
    """Asks a source: directly if it never blocks, else on a worker and for at most `deadline` seconds."""

    def __init__(self, workers: Workers, deadline: float) -> None:
        self._workers = workers
        self._deadline = deadline
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()

    def __call__(self, name: str, source: Source, request: HistoryRequest) -> Bars:
        """Return what the source returns; raise what it raises, or SourceError if it takes too long."""
        if not source.capabilities.blocking:
            return source.get_history(request)
        with self._lock:
            if self._under_way[name] >= _MOST_PER_SOURCE:
                raise SourceError(f"is still busy with {_MOST_PER_SOURCE} earlier requests")
            self._under_way[name] += 1
        request = dataclasses.replace(request, deadline=time.monotonic() + self._deadline)
        try:
            future = self._workers.submit(lambda: source.get_history(request))
        except SourceError:
            self._done(name)
            raise
        future.add_done_callback(lambda _: self._done(name))
        try:
            return future.result(self._deadline)  # type: ignore[return-value]  # the chain checks what it is
        except Overdue:
            if future.done():
                raise  # the source's own TimeoutError
            future.cancel()
            raise SourceError(f"gave no answer within {self._deadline:g} s") from None

    def _done(self, name: str) -> None:
        with self._lock:
            self._under_way[name] -= 1
