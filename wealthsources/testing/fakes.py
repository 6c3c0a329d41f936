"""A source and a clock that say what a test told them, and a host without anybody behind it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from wealthsources.model.bars import Bars
from wealthsources.model.errors import NotHere, RequestError
from wealthsources.model.markets import Market
from wealthsources.source import Capabilities, Clock, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.model.events import Event
    from wealthsources.recorder import Sink
    from wealthsources.source import HistoryRequest


class ListSource(Source):
    """Answers from bars in memory, one `Bars` per series, and keeps the requests it was asked in `requests`.

    `before` is called with each request first; it may raise what a real source would.
    """

    def __init__(
        self,
        *series: Bars,
        capabilities: Capabilities | None = None,
        before: Callable[[HistoryRequest], None] | None = None,
    ) -> None:
        self.capabilities = capabilities or Capabilities(blocking=False)
        self.requests: list[HistoryRequest] = []
        self._series = {(bars.symbol, bars.timeframe): bars for bars in series}
        self._before = before

    def get_history(self, request: HistoryRequest) -> Bars:
        """The bars of the span, as a source should return them."""
        self.requests.append(request)
        if self._before is not None:
            self._before(request)
        bars = self._series.get((request.symbol, request.timeframe))
        if bars is None:
            raise NotHere("has no such series")
        wanted = bars.ends <= request.end
        if request.start is not None:
            wanted &= bars.open_times >= request.start
        of_span = bars.take(bars.rows[wanted])
        if not len(of_span):
            raise NotHere("has nothing of that time")
        return of_span if request.count is None else of_span[-request.count :]

    def get_all_symbols(self) -> list[str]:
        """The symbols of its series."""
        return [symbol for symbol, _ in self._series]


class SetClock(Clock):
    """A clock that says what it was told."""

    name = "system"

    def __init__(self, now: int) -> None:
        self.time = now

    def now(self) -> int:
        """The time that was set, ms."""
        return self.time


class LoneHost:
    """A host without a chain behind it: nobody listens, and a backfill finds nothing."""

    name = "yours"
    listening = wants_forming = False

    def __init__(self, clock: SetClock) -> None:
        self.clock = clock
        self.logger = logging.getLogger("wealthsources.testing")

    def market(self, symbol: str) -> Market:  # noqa: ARG002
        """As of a deployment that says nothing of it."""
        return Market()

    def backfill(self, request: HistoryRequest, done: Callable[[Bars | None, str], None]) -> None:  # noqa: ARG002
        """Nothing is after this source."""
        done(None, "no other source")

    def history(self, source: str, request: HistoryRequest) -> Bars:  # noqa: ARG002
        """There is no other source."""
        raise RequestError(f"there is no source {source!r}")

    def emit(self, event: Event) -> None:
        """Nobody listens."""


class LoneRecorderHost:
    """What a recorder is started with, without a session: `emit` hands an event to whoever subscribed, at once.

    sinks  those who take events
    """

    events_lost = 0

    def __init__(self, now: int = 1_800_000_000_000, **sources: Source | None) -> None:
        self.clock = SetClock(now)
        self.logger = logging.getLogger("wealthsources.testing")
        self.sources: dict[str, Source | None] = sources
        self.sinks: list[Sink] = []

    def subscribe(self, sink: Sink, *, forming: bool = True) -> Callable[[], None]:
        """Hand every event to `sink` until what is returned is called; without those of forming bars if so told."""

        def take(event: Event) -> None:
            if forming or event.bar is None or event.bar.closed is not False:
                sink(event)

        def end() -> None:
            if take in self.sinks:
                self.sinks.remove(take)

        self.sinks.append(take)
        return end

    def drain(self, timeout: float) -> bool:  # noqa: ARG002
        """Every event has been handed out."""
        return True

    def emit(self, event: Event) -> None:
        """Hand it to all who subscribed, on this thread."""
        for sink in tuple(self.sinks):
            sink(event)
