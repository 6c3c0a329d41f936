"""Dispatcher: hands events to subscribers on a thread of its own, so that no callback can hold up a source."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from wealthsources.forking import call_in_child
from wealthsources.runtime.event_queue import MOST_WAITING, EventQueue, is_forming
from wealthsources.runtime.paced_log import PacedLogger

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.model.events import Event
    from wealthsources.recorder import Sink
    from wealthsources.runtime.event_queue import Cost

_SLOW: Final = 1.0


class Dispatcher:
    """Hands out events from an `EventQueue`; one that is lost there is counted in `lost` and said in the log.

    `slow_consumer` counts the times that callbacks fell behind by over a second, `handler_errors` what they raised.
    The log has each of these once, then once a minute. `clock` is monotonic, in seconds.
    """

    def __init__(self, most_waiting: int = MOST_WAITING, clock: Callable[[], float] = time.monotonic) -> None:
        self.lost = 0
        self.conflated = 0
        self.handler_errors = 0
        self.slow_consumer = 0
        self._most = most_waiting
        self._clock = clock
        self._log = PacedLogger("wealthsources.dispatcher", clock)
        self._closed = False
        self._begin_anew()
        call_in_child(self, Dispatcher._begin_anew)

    def _begin_anew(self) -> None:
        """Nobody has subscribed, and nothing waits. In a forked child too: those who subscribed did in the parent."""
        # Whether anybody subscribed, and to updates of forming bars too; sources ask at every message.
        self.listening = self.wants_forming = False
        lock = threading.RLock()
        self._ready, self._drained = threading.Condition(lock), threading.Condition(lock)
        self._waiting = EventQueue(self._most)
        self._handing_out = False
        self._idle_at = 0.0  # by the clock: when an event was last handed out, or one came while none waited
        self._slow = False  # and that this has been said, since an event was last taken; so for the next one
        self._losing = False
        self._callbacks: tuple[Sink, ...] = ()
        self._of_forming: tuple[Sink, ...] = ()  # of them, those that want updates of forming bars
        self._at_end: tuple[Callable[[], None], ...] = ()
        self._thread: threading.Thread | None = None

    def subscribe(
        self, callback: Sink, *, forming: bool = True, at_end: Callable[[], None] | None = None
    ) -> Callable[[], None]:
        """Call `callback` with every event from now on; or all but updates of forming bars. Returns what ends that.

        To wake a thread at every message costs as much as to receive it: who has no use for them should say so.
        `at_end` is called when there will be no more, since the dispatcher has stopped.
        """
        with self._ready:
            closed = self._closed
            self._callbacks = (*self._callbacks, callback)
            if forming:
                self._of_forming = (*self._of_forming, callback)
            if at_end is not None:
                self._at_end = (*self._at_end, at_end)
            self._count_sinks()
            if self._thread is None and not closed:
                self._thread = threading.Thread(target=self._run, name="wealthsources-dispatcher", daemon=True)
                self._thread.start()
        if closed and at_end is not None:
            at_end()

        def unsubscribe() -> None:
            with self._ready:
                self._callbacks = tuple(other for other in self._callbacks if other is not callback)
                self._of_forming = tuple(other for other in self._of_forming if other is not callback)
                self._at_end = tuple(other for other in self._at_end if other is not at_end)
                self._count_sinks()

        return unsubscribe

    def _count_sinks(self) -> None:
        self.listening, self.wants_forming = bool(self._callbacks), bool(self._of_forming)

    def emit(self, event: Event) -> None:
        """Take an event and return at once."""
        if self._closed or not self._who_take(is_forming(event)):
            return
        with self._ready:
            self._look_at_pace()
            cost = self._waiting.put(event)
            if cost:
                self._count(cost)
            else:  # others wait already, and whoever takes them is awake
                self._ready.notify()

    def _count(self, cost: Cost) -> None:
        """What it cost to take an event: one that nobody needs any more, or one that is lost."""
        if cost == "conflated":
            self.conflated += 1
            return
        if not self._losing:
            self._losing = True
            self._log.warning(
                "subscribers are too slow: %d events wait (a fixed limit), the oldest are being lost", self._most
            )
        self.lost += 1

    def count_lost(self) -> None:
        """A subscriber with a queue of its own lost an event there, and has said so."""
        with self._ready:
            self.lost += 1

    def _who_take(self, forming: bool) -> tuple[Sink, ...]:
        return self._of_forming if forming else self._callbacks

    def _look_at_pace(self) -> None:
        now = self._clock()
        if not self._waiting:
            self._handed_out(now)
        elif now - self._idle_at > _SLOW and not self._slow:
            self._slow = True
            self._log.warning(
                "subscribers are slow: no event was taken for %.1f s, %d wait", now - self._idle_at, len(self._waiting)
            )
            self.slow_consumer += 1

    def _handed_out(self, now: float) -> None:
        self._idle_at, self._slow, self._losing = now, False, False

    def drain(self, timeout: float) -> bool:
        """Wait until every event has been handed out, at most `timeout` seconds; whether that is so."""
        with self._ready:
            return self._drained.wait_for(lambda: self._closed or not (self._waiting or self._handing_out), timeout)

    def stop(self, timeout: float) -> None:
        """Stop handing out events; wait at most `timeout` seconds for a callback that is running."""
        with self._ready:
            self._closed = True
            self._ready.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._waiting and not self._closed:
                    self._ready.wait()
                if self._closed:
                    break
                self._handed_out(self._clock())
                event = self._waiting.take()
                assert event is not None  # noqa: S101 - one waits
                callbacks = self._who_take(is_forming(event))
                self._handing_out = True
            if self.handler_errors:
                self._log.settle()
            for callback in callbacks:
                try:
                    callback(event)
                except BaseException:  # noqa: BLE001 - a stranger's code, and sys.exit there ends nothing here
                    self._log.exception("a subscriber failed on %s of %s", event.kind, event.source)
                    self.handler_errors += 1  # last: what is counted has been told
            with self._ready:
                self._handing_out = False
                if not self._waiting:
                    self._drained.notify_all()
        for at_end in self._at_end:
            at_end()
