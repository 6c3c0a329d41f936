"""EventStream: the events of a session for one task of asyncio.

The dispatcher's thread puts events into a bounded queue and wakes the loop if somebody waits there; nothing else of
this happens on another thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from typing import TYPE_CHECKING, Final, TypeVar

from wealthsources.forking import ForkLock
from wealthsources.model.errors import RequestError, WealthSourcesError
from wealthsources.model.symbols import match_symbol
from wealthsources.model.text import short_repr
from wealthsources.model.timeframe import Timeframe
from wealthsources.runtime.event_queue import MOST_WAITING, EventQueue
from wealthsources.runtime.paced_log import PacedLogger

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from types import TracebackType

    from wealthsources.model.events import Event
    from wealthsources.runtime.session import Session
    from wealthsources.source import Source

_MOST_SPELLINGS: Final = 10_000

T = TypeVar("T")


class Filter:
    """Which events are wanted: of one symbol, in any spelling of it, of one timeframe; None: of all."""

    def __init__(self, symbol: str | None, timeframe: str | Timeframe | None) -> None:
        if symbol is not None and (not isinstance(symbol, str) or not symbol):
            raise RequestError(f"symbol must be text like 'BTCUSDT', or None for all, was {symbol!r}")
        self._symbol = symbol
        self._timeframe = None if timeframe is None else Timeframe(timeframe).name
        self._meant: dict[tuple[str, str], bool] = {}

    def __str__(self) -> str:
        return f"{self._symbol or 'any symbol'} {self._timeframe or 'of any timeframe'}"

    def takes(self, event: Event, source: Source | None) -> bool:
        """Whether an event of that source is wanted. One of a connection is, if the source may bring the series."""
        if not event.symbol and event.timeframe is None:
            return source is None or self.may_come_from(source)
        if self._timeframe is not None and (event.timeframe is None or event.timeframe.name != self._timeframe):
            return False
        return self._symbol is None or event.symbol == self._symbol or self._means(event, source)

    def may_come_from(self, source: Source) -> bool:
        """Whether a live source brings such a series, or does not say which it brings."""
        can = source.capabilities
        if self._timeframe is not None and can.timeframes and self._timeframe not in can.timeframes:
            return False
        return self._symbol is None or not can.symbols or match_symbol(self._symbol, can.symbols) is not None

    def _means(self, event: Event, source: Source | None) -> bool:
        """Whether the source's spelling is one of the symbol, and the only one."""
        key = event.source, event.symbol
        if key not in self._meant:
            if len(self._meant) > _MOST_SPELLINGS:
                self._meant.clear()
            known = (source.capabilities.symbols if source is not None else None) or ()
            self._meant[key] = match_symbol(self._symbol or "", {*known, event.symbol}) == event.symbol
        return self._meant[key]


class Mailbox:
    """What waits for one stream. Events are put in on the dispatcher's thread and taken out on the loop's.

    It knows nothing of the stream, so that one that nobody has any more can be closed.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, most: int = MOST_WAITING) -> None:
        self.lost = 0
        self.conflated = 0
        self.ended = False
        self._loop = loop
        self._name = name
        self._most = most
        self._log = PacedLogger("wealthsources.stream")
        # One that may be taken again: Python may throw a stream away, which closes it, in the middle of what is here.
        self._lock = ForkLock()
        self._queue = EventQueue(most)
        self._losing = False
        self._is_waited_for = False
        self._waiter: asyncio.Future[None] | None = None
        self._leave: Callable[[], None] | None = None

    def put(self, event: Event) -> bool:
        """Take an event. False if one is lost for it, of which the log is told."""
        with self._lock:
            if self.ended:
                return True
            cost = self._queue.put(event)
            self.conflated += cost == "conflated"
            self.lost += cost == "lost"
            is_news, self._losing = cost == "lost" and not self._losing, self._losing or cost == "lost"
        if is_news:
            self._log.warning(
                "a stream is read too slowly: %d events of %s wait (a fixed limit), the oldest are being lost",
                *(self._most, self._name),
            )
        self._wake()
        return cost != "lost"

    def end(self) -> None:
        """No more events will come. Those that wait may be taken."""
        with self._lock:
            self.ended = True
        self._wake()

    def close(self) -> None:
        """Nobody wants any more, neither those that wait. May be called again, and from any thread."""
        with self._lock:
            self.ended = True
            self._queue.clear()
            leave, self._leave = self._leave, None
        if leave is not None:
            leave()
        self._wake()

    def leave_with(self, leave: Callable[[], None]) -> None:
        """Call that when it is closed, which may have happened already."""
        with self._lock:
            self._leave = leave
            ended = self.ended
        if ended:
            self.close()

    async def take(self) -> Event | None:
        """The next event; None if there will be none. Others of the loop get their turn at every one.

        Raises WealthSourcesError if another task waits already. Cancelled, it has taken nothing.
        """
        if self._waiter is not None:
            raise WealthSourcesError("another task waits for this stream already; open one for each task")
        waiter = self._waiter = self._loop.create_future()
        try:
            self._loop.call_soon(_set, waiter)  # at first only to let others have their turn
            while True:
                await waiter
                with self._lock:
                    event = self._queue.take()
                    if event is not None:
                        self._losing = self._losing and len(self._queue) > self._most // 2
                    if event is not None or self.ended:
                        return event
                    self._is_waited_for = True
                    waiter = self._waiter = self._loop.create_future()
        finally:
            self._is_waited_for, self._waiter = False, None

    def _wake(self) -> None:
        with self._lock:
            wake, self._is_waited_for = self._is_waited_for, False
        if wake:
            try:
                self._loop.call_soon_threadsafe(self._wake_here)
            except RuntimeError:  # the loop was closed, and whoever waited there is gone
                self.close()

    def _wake_here(self) -> None:
        if self._waiter is not None:
            _set(self._waiter)


class EventStream:
    """The events of a session, one by one: `async for event in session.stream("BTCUSDT", "1m")`.

    It begins with the first event that is waited for, or on entry if it is used in an `async with` statement, and ends
    when the session is closed. The events are those that `Session.subscribe` hands out, of the wanted series, and those
    of the connections that may bring it.

    It holds up nobody. At most 10,000 events wait, and of the updates of a forming bar only the newest; those that it
    replaced are counted in `conflated`. A closed bar is never left out in silence: where the queue is full of events
    that nothing replaces, the oldest is lost, counted in `lost` (and in `events_lost` of the session's status), and
    said in the log. Whoever sees `lost` grow asks for the bars: `session.get_history`.

    A task that is cancelled while it waits has taken no event, so `asyncio.timeout` around one step loses nothing. What
    nobody has any more is closed: after the loop was left, by `break`, an error or a cancellation. One that is kept in
    a variable is closed by `async with`, or by `aclose`.
    """

    def __init__(
        self, opened: Callable[[Mailbox], Future[None]], check: Callable[[], None], mailbox: Mailbox, what: Filter
    ) -> None:
        """`opened` subscribes the mailbox; `check` raises in a process and in a loop that are not the session's."""
        self._check = check
        self._mailbox = mailbox
        self._what = what
        self._opening = _Opening(opened, mailbox)
        weakref.finalize(self, mailbox.close).atexit = False

    def __repr__(self) -> str:
        return short_repr(
            self,
            lambda: self._what,
            lambda: "ended" if self._mailbox.ended else "" if self._opening.begun else "not begun",
            lambda: f"{self.lost} lost" if self.lost else "",
        )

    @property
    def lost(self) -> int:
        """How many events were lost because nobody took them in time."""
        return self._mailbox.lost

    @property
    def conflated(self) -> int:
        """How many updates of forming bars a newer one replaced before anybody took them."""
        return self._mailbox.conflated

    async def __aenter__(self) -> EventStream:
        self._check()
        await self._opening.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> EventStream:
        return self

    async def __anext__(self) -> Event:
        """The next event. Raises RequestError if no live source brings what is wanted: it would wait for ever."""
        self._check()
        try:
            return await _next(self._opening, self._mailbox)
        except BaseException:
            del self  # this frame, in the traceback of whoever is cancelled, would keep the stream open
            raise

    async def aclose(self) -> None:
        """Take no more events. May be called again."""
        self._mailbox.close()


class _Opening:
    """Subscribes a mailbox, once, whoever waits for that and gives up."""

    def __init__(self, opened: Callable[[Mailbox], Future[None]], mailbox: Mailbox) -> None:
        self._opened = opened
        self._mailbox = mailbox
        self._future: Future[None] | None = None

    @property
    def begun(self) -> bool:
        return self._is_done() and self._future is not None and self._future.exception() is None

    async def wait(self) -> None:
        if self.begun or self._mailbox.ended:
            return
        if self._future is None or self._is_done():  # one that failed is tried again by who asks again
            self._future = self._opened(self._mailbox)
        await outcome(self._future)

    def _is_done(self) -> bool:
        return self._future is not None and self._future.done()


async def _next(opening: _Opening, mailbox: Mailbox) -> Event:
    await opening.wait()
    event = await mailbox.take()
    if event is None:
        raise StopAsyncIteration
    return event


def subscribe(session: Session, what: Filter, mailbox: Mailbox, *, forming: bool) -> None:
    """Have the wanted events put into the mailbox. Raises RequestError if no live source may bring any."""
    live = {name: each for name, each in session.sources.items() if each is not None and each.capabilities.live}
    if not any(what.may_come_from(source) for source in live.values()):
        raise RequestError(f"no live source of this session brings {what}, so no event would come: {_told(live)}")

    def put(event: Event) -> None:
        if what.takes(event, live.get(event.source)) and not mailbox.put(event):
            session.dispatcher.count_lost()

    mailbox.leave_with(session.subscribe(put, forming=forming, at_end=mailbox.end))


def _told(live: dict[str, Source]) -> str:
    """What each live source brings, in one line."""
    told = []
    for name, source in live.items():
        can = source.capabilities
        symbols = ", ".join(sorted(can.symbols or ())[:5]) + (", …" if len(can.symbols or ()) > 5 else "")
        told.append(f"{name} has {symbols or 'no symbol'} in {', '.join(can.timeframes or ()) or 'no timeframe'}")
    return "; ".join(told) or "there is none; list one, such as {plugin: websocket}"


async def outcome(future: Future[T]) -> T:
    """What comes of the work of another thread. To be cancelled here changes nothing there."""
    loop = asyncio.get_running_loop()
    waiter: asyncio.Future[None] = loop.create_future()

    def wake(_future: Future[T]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop was closed, and whoever waited there is gone
            loop.call_soon_threadsafe(_set, waiter)

    future.add_done_callback(wake)
    await waiter
    return future.result()


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
