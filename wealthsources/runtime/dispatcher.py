"""Dispatcher: hands events to subscribers on a thread of its own, so that no callback can hold up a source."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from wealthsources.forking import call_in_child
from wealthsources.runtime.paced_log import PacedLogger

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.model.events import Event
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.recorder import Sink

_MOST_WAITING: Final = 10_000
_SLOW: Final = 1.0

_SourceSeries = tuple[str, str, "Timeframe | None"]


class Dispatcher:
    """A bounded queue of events. Of the updates of one forming bar only the newest waits.

    When the queue is full the oldest update of a forming bar gives way; if there is none, the oldest event is lost,
    counted in `lost` and said in the log. `slow_consumer` counts the times that callbacks fell behind by over a second,
    `handler_errors` what they raised. The log has each of these once, then once a minute. `clock` is monotonic, in
    seconds.
    """

    def __init__(self, most_waiting: int = _MOST_WAITING, clock: Callable[[], float] = time.monotonic) -> None:
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
        # One event each; a forming bar's is replaced by its next state, and one that gave way is empty.
        self._waiting: deque[list[Event]] = deque()
        self._filled = 0  # of them, those that are not empty
        self._handing_out = False
        self._idle_at = 0.0  # by the clock: when an event was last handed out, or one came while none waited
        self._slow = False  # and that this has been said, since an event was last taken; so for the next one
        self._losing = False
        self._forming: dict[_SourceSeries, list[Event]] = {}
        self._callbacks: tuple[Sink, ...] = ()
        self._of_forming: tuple[Sink, ...] = ()  # of them, those that want updates of forming bars
        self._thread: threading.Thread | None = None

    def subscribe(self, callback: Sink, *, forming: bool = True) -> Callable[[], None]:
        """Call `callback` with every event from now on; or all but updates of forming bars. Returns what ends that.

        To wake a thread at every message costs as much as to receive it: who has no use for them should say so.
        """
        with self._ready:
            self._callbacks = (*self._callbacks, callback)
            if forming:
                self._of_forming = (*self._of_forming, callback)
            self._count_sinks()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="wealthsources-dispatcher", daemon=True)
                self._thread.start()

        def unsubscribe() -> None:
            with self._ready:
                self._callbacks = tuple(other for other in self._callbacks if other is not callback)
                self._of_forming = tuple(other for other in self._of_forming if other is not callback)
                self._count_sinks()

        return unsubscribe

    def _count_sinks(self) -> None:
        self.listening, self.wants_forming = bool(self._callbacks), bool(self._of_forming)

    def emit(self, event: Event) -> None:
        """Take an event and return at once."""
        forming = _is_forming(event)
        if self._closed or not self._who_take(forming):
            return
        series = _series(event)
        with self._ready:
            self._look_at_pace()
            waiting = self._forming.get(series) if forming else None
            if waiting is not None:
                waiting[0] = event
                self.conflated += 1
                return
            self._make_room()
            entry = [event]
            self._waiting.append(entry)
            if forming:
                self._forming[series] = entry
            else:
                self._forming.pop(series, None)  # what comes after this event must not overtake it
            self._ready.notify()

    def _who_take(self, forming: bool) -> tuple[Sink, ...]:
        return self._of_forming if forming else self._callbacks

    def _look_at_pace(self) -> None:
        now = self._clock()
        if not self._filled:
            self._handed_out(now)
        elif now - self._idle_at > _SLOW and not self._slow:
            self._slow = True
            self._log.warning(
                "subscribers are slow: no event was taken for %.1f s, %d wait", now - self._idle_at, self._filled
            )
            self.slow_consumer += 1

    def _handed_out(self, now: float) -> None:
        self._idle_at, self._slow, self._losing = now, False, False

    def _make_room(self) -> None:
        if self._filled < self._most:
            self._filled += 1
            return
        if self._forming:
            oldest = next(iter(self._forming))
            self._forming.pop(oldest).clear()
            self.conflated += 1
            if len(self._waiting) > 2 * self._most:
                self._waiting = deque(entry for entry in self._waiting if entry)
            return
        while not self._waiting.popleft():
            pass
        if not self._losing:
            self._losing = True
            self._log.warning(
                "subscribers are too slow: %d events wait (a fixed limit), the oldest are being lost", self._most
            )
        self.lost += 1

    def drain(self, timeout: float) -> bool:
        """Wait until every event has been handed out, at most `timeout` seconds; whether that is so."""
        with self._ready:
            return self._drained.wait_for(lambda: self._closed or not (self._filled or self._handing_out), timeout)

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
                    return
                entry = self._waiting.popleft()
                if not entry:
                    continue
                self._filled -= 1
                self._handed_out(self._clock())
                event = entry[0]
                callbacks = self._who_take(_is_forming(event))
                self._handing_out = True
                if self._forming.get(_series(event)) is entry:
                    del self._forming[_series(event)]
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
                if not self._filled:
                    self._drained.notify_all()


def _is_forming(event: Event) -> bool:
    return event.kind == "bar" and event.bar is not None and not event.bar.closed


def _series(event: Event) -> _SourceSeries:
    return event.source, event.symbol, event.timeframe
