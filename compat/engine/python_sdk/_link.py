"""Link: one session as a legacy client has it. It feeds the legacy cache with what the session's live source tells."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import Any, Final

import wealthsources
from engine.python_sdk._bar import bar_of
from engine.python_sdk.websocket_cache import get_websocket_cache
from wealthsources import (
    Event,
    ForkLock,
    HistoryRequest,
    Hole,
    NotHere,
    Session,
    SourceStatus,
    Timeframe,
    WealthSourcesError,
)
from wealthsources_websocket import WebSocketSource

#: Sessions that clients opened. A client uses a session that somebody else opened, but not that of another client.
_opened: Final[weakref.WeakSet[Session]] = weakref.WeakSet()
_opening: Final = ForkLock()


class Link:
    """The first websocket source of a session: of the process-wide one, if somebody opened one, else of one of its own.

    Raises WealthSourcesError if that session has no such source, or cannot be opened with these options.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        with _opening:
            current = wealthsources.current_session()
            foreign = current is not None and bool(current.foreign)
            self.own = current is None or foreign or current in _opened
            if current is None or current in _opened:
                self._session = _open(_new_session(options), current is None or foreign)
            else:  # that of a deployment; where it is another process's, one like it
                self._session = _open(Session(current.config), True) if foreign else current
        sources = self._session.sources.items()
        found = [(name, source) for name, source in sources if isinstance(source, WebSocketSource)]
        if not found:
            raise WealthSourcesError("the session that is open has no websocket source to drive")
        self._name, self.source = found[0]
        self._market = (self.source.options.endpoint, self.source.options.market)
        self._feeding = ForkLock()
        self._closed = False
        self._on_state: Callable[[str], None] | None = None
        self._unsubscribe: Callable[[], None] = lambda: None

    def follow(self, on_state: Callable[[str], None]) -> None:
        """Start the source, feed the cache from now on, and call `on_state` on the session's thread for events.

        Raises WealthSourcesError if the source cannot be started.
        """
        self._on_state = on_state
        self._unsubscribe = self._session.subscribe(self._on_event)
        if not self.own:
            self._copy_what_is_there()

    def close(self) -> None:
        """Feed no more, and stop the session if it is of our own. Within 3 s, from any thread."""
        self._closed = True
        self._unsubscribe()
        if self.own:
            self._session.stop()

    @property
    def alive(self) -> bool:
        """Whether the session goes on. Somebody else may have stopped it, or it may be another process's."""
        try:
            self._session.start()  # does nothing to one that has been started, and refuses one that has been stopped
        except WealthSourcesError:
            return False
        return not self._closed and not self._session.foreign

    @property
    def status(self) -> SourceStatus:
        """The source's status."""
        return self.source.status()

    # the feed, on the session's thread -------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        if event.source != self._name or self._closed:
            return
        if event.kind == "state" and self._on_state is not None:
            self._on_state(event.state)
        elif event.kind == "bar" and event.bar is not None:
            with self._feeding:
                self._feed(event.bar)
        elif event.kind == "filled" and event.hole is not None and event.timeframe is not None:
            self._feed_hole(event.symbol, event.timeframe, event.hole)

    def _feed_hole(self, symbol: str, timeframe: Timeframe, hole: Hole) -> None:
        """What another source filled came without events of its own."""
        request = HistoryRequest(symbol, timeframe, end=hole.end, start=hole.start)
        with self._feeding:
            try:
                bars = self.source.get_history(request)
            except NotHere:  # dropped again in the meantime
                return
            for bar in bars:
                self._feed(bar)

    def _copy_what_is_there(self) -> None:
        cache = self.source.cache
        for symbol, timeframe in cache.get_cached_symbols():
            with self._feeding:  # so that no older state of a bar comes after a newer one
                for bar in cache.get_bars(symbol, timeframe):
                    self._feed(bar)

    def _feed(self, bar: wealthsources.Bar) -> None:
        get_websocket_cache().receive(bar.symbol, bar.timeframe.name, bar_of(bar), self._market)


def _new_session(options: Mapping[str, Any]) -> Session:
    """A session with the chain live, then context."""
    live = {"name": "live", "plugin": "websocket", "options": dict(options)}
    return wealthsources.open({"sources": [live, {"plugin": "context"}]})


def _open(session: Session, current: bool) -> Session:
    session.start()
    _opened.add(session)
    if current:
        session.make_current()
    return session
