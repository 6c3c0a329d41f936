"""AsyncSession: a session for programs that run on asyncio. A thin face: the core, and its threads, are the same.

What may block runs on a few threads that all calls share. A call that is cancelled is waited for by nobody: what it had
begun ends within the deadlines of the sources, and its outcome is dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import dataclasses
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Final, TypeVar

from wealthsources import forking
from wealthsources.model.errors import WealthSourcesError
from wealthsources.model.text import short_repr
from wealthsources.resolve.query import BarRequest, takes_arguments_of
from wealthsources.runtime.event_stream import EventStream, Filter, Mailbox, outcome, subscribe
from wealthsources.runtime.session import open as open_session
from wealthsources.runtime.workers import Workers, WouldWait, at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from concurrent.futures import Future
    from pathlib import Path
    from types import TracebackType

    from wealthsources.model.bars import Bars
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.explanation import Explanation
    from wealthsources.runtime.adapter import ContextDataAdapter
    from wealthsources.runtime.session import Session
    from wealthsources.runtime.session_status import SessionStatus

_THREADS: Final = 8

T = TypeVar("T")


def aopen(config: str | Path | Mapping[str, Any] = "config.yaml") -> AsyncSession:
    """`open` for programs that run on asyncio: `async with wealthsources.aopen("config.yaml") as session: …`.

    The configuration is read on entry, which raises ConfigError that names the mistakes.
    """
    return AsyncSession(config)


class AsyncSession:
    """A session whose calls are awaited. Use it in an `async with` statement, within one event loop of asyncio.

    It answers live: up to now, and without a context. On entry it becomes the process-wide session if this process has
    opened none. `Session.observe`, backtests and what else is not here are those of `sync`, the session under it.

    Bars that are in memory are answered at once, on the loop's own thread. Else a few threads ask the sources: 8 calls
    at a time, 1,000 more may wait. Calls raise WealthSourcesError in another event loop than the one that opened the
    session, or in a forked child.
    """

    def __init__(self, config: str | Path | Mapping[str, Any] = "config.yaml") -> None:
        self._config = config
        self._session: Session | None = None
        self._closed = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._owner = 0
        self._lock = forking.ForkLock()
        self._workers = Workers(_THREADS, "wealthsources-asyncio")
        self._openers = Workers(2, "wealthsources-asyncio-open")
        self._closing: Future[object] | None = None
        self._adapter: ContextDataAdapter | None = None
        self._mailboxes: weakref.WeakSet[Mailbox] = weakref.WeakSet()

    def __repr__(self) -> str:
        state = "closed" if self._closed.is_set() else "not open yet"
        return short_repr(self, lambda: state if self._closed.is_set() or self._session is None else self._session)

    # life ------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> AsyncSession:
        if self._loop is not None or self._closed.is_set():
            raise WealthSourcesError("this session has been open before; make a new one with wealthsources.aopen")
        self._loop, self._owner = _running_loop(), os.getpid()
        try:
            await outcome(self._openers.submit(self._open))
        except BaseException as error:
            closing = self._begin_to_close()
            if isinstance(error, Exception):
                await outcome(closing)
            raise  # a cancellation waits for nothing: a plugin may hang
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop everything, within 3 s. Streams end. May be called again; if it is cancelled the rest goes on."""
        if self._loop is None:
            self._closed.set()
            return
        self._require_here()
        await outcome(self._begin_to_close())

    def _open(self) -> None:
        session = open_session(self._config)
        with self._lock:
            if self._closed.is_set():
                return
            self._session = session
        session.__enter__()
        if self._closed.is_set():
            session.stop()

    def _begin_to_close(self) -> Future[object]:
        if self._closing is None:
            with self._lock:
                self._closed.set()
            self._closing = self._openers.submit(self._stop)
        return self._closing

    def _stop(self) -> None:
        try:
            if self._session is not None:
                self._session.stop()
        finally:
            for mailbox in list(self._mailboxes):
                mailbox.end()
            self._workers.stop()
            self._openers.stop()

    @property
    def sync(self) -> Session:
        """The session under it, whose calls may wait. Raises WealthSourcesError while it is not open."""
        if self._session is None or self._loop is None:
            raise WealthSourcesError("the session is not open: use it in an async with statement")
        return self._session

    # answers ---------------------------------------------------------------------------------------------------

    @takes_arguments_of(BarRequest)
    def get_history(self, request: BarRequest) -> Coroutine[Any, Any, Bars]:
        """Bars as `ContextDataAdapter.get_history` gives them, of a live binding without a context; same errors."""
        return self._ask(lambda adapter: adapter.get_history(**_arguments(request)))

    @takes_arguments_of(BarRequest)
    def explain(self, request: BarRequest) -> Coroutine[Any, Any, Explanation]:
        """How `get_history` with the same arguments comes to its answer, or to its error: prints as a table."""
        return self._ask(lambda adapter: adapter.explain(**_arguments(request)))

    async def latest_price(self, symbol: str) -> float:
        """The newest close, whichever series has it, as `ContextDataAdapter.latest_price` gives it."""
        return await self._ask(lambda adapter: adapter.latest_price(symbol))

    async def get_all_symbols(self) -> list[str]:
        """The symbols that the sources list, sorted."""
        return await self._ask(lambda adapter: adapter.get_all_symbols())

    async def knows_symbol(self, symbol: str) -> bool:
        """Whether a source has the symbol, or may have it."""
        return await self._ask(lambda adapter: adapter.knows_symbol(symbol))

    def status(self) -> SessionStatus:
        """How the sources are. Never waits for a network."""
        return self.sync.status()

    def stream(
        self, symbol: str | None = None, timeframe: str | Timeframe | None = None, *, forming: bool = True
    ) -> EventStream:
        """The events of a series, or of all, from now on: `async for event in session.stream("BTCUSDT", "1m")`.

        symbol     in any spelling; None: of all symbols
        timeframe  None: of all timeframes
        forming    whether updates of forming bars are wanted too; those are nearly all of the events of a feed

        Raises RequestError for what is no timeframe; so does the first step, if no live source brings such a series.
        """
        self._require_open()
        what = Filter(symbol, timeframe)
        mailbox = Mailbox(_running_loop(), str(what))
        self._mailboxes.add(mailbox)

        def opened(mailbox: Mailbox) -> Future[None]:
            return self._begin(lambda: subscribe(self.sync, what, mailbox, forming=forming))

        return EventStream(opened, self._require_here, mailbox, what)

    # -----------------------------------------------------------------------------------------------------------

    async def _ask(self, question: Callable[[ContextDataAdapter], T]) -> T:
        """The answer: at once if it is in memory, else from a thread."""
        self._require_open()
        await asyncio.sleep(0)  # others have their turn, also where somebody asks again and again
        if self._adapter is not None:
            with contextlib.suppress(WouldWait), at_once():
                return question(self._adapter)
        answer = self._begin(lambda: question(self._bound()))
        try:
            return await outcome(answer)
        except asyncio.CancelledError:
            answer.cancel()  # unless it is under way
            raise

    def _bound(self) -> ContextDataAdapter:
        if self._adapter is None:
            self._adapter = self.sync.adapter(mode="live")
        return self._adapter

    def _begin(self, work: Callable[[], T]) -> Future[T]:
        """Have it done on one of the threads, with the context variables of the caller."""
        context = contextvars.copy_context()
        return self._workers.submit(lambda: context.run(work))  # type: ignore[return-value]  # of that work

    def _require_open(self) -> None:
        self._require_here()
        if self._closed.is_set():
            raise WealthSourcesError("the session has been closed; open a new one")

    def _require_here(self) -> None:
        """Raise WealthSourcesError unless this is the loop that opened the session, in the process that did."""
        if self._loop is None:
            raise WealthSourcesError("the session is not open: use it in an async with statement")
        if os.getpid() != self._owner:
            raise WealthSourcesError(forking.whose(self._owner))
        if _running_loop() is not self._loop:
            raise WealthSourcesError(
                "the session belongs to another event loop, in which it was opened; open one in each loop"
            )


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise WealthSourcesError(
            "this needs a running event loop of asyncio: call it in a coroutine; elsewhere use wealthsources.open"
        ) from None


def _arguments(request: BarRequest) -> dict[str, Any]:
    return {field.name: getattr(request, field.name) for field in dataclasses.fields(request)}
