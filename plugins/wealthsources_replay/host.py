"""What the source that reads recorded frames is given: the session, as it was when they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources import Clock

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from wealthsources import Bars, Event, HistoryRequest, Host, Market
    from wealthsources_replay.bars_player import BarsTime
    from wealthsources_replay.played_time import PlayedTime


class RecordedClock(Clock):
    """The system's clock of then. What bars prove, the session's clock is told too: it has no other way to know."""

    name = "system"

    def __init__(self, time: PlayedTime | BarsTime, session: Clock) -> None:
        self._time = time
        self._session = session
        self._proven = -1

    def now(self) -> int:
        """Milliseconds, and never behind the newest closed bar."""
        return max(self._time.wall_ms, self._proven)

    def saw_closed(self, end: int) -> None:
        """It is at least `end`."""
        self._proven = max(self._proven, end)
        self._session.saw_closed(end)

    def saw_open(self, open_time: int) -> None:
        """Of the session's clock."""
        self._session.saw_open(open_time)


class ReplayHost:
    """A Host that fills no holes: what else is known today was not known then.

    told  if it is a list: gets every event but updates of forming bars
    """

    def __init__(self, host: Host, clock: Clock) -> None:
        self.name = host.name
        self.clock = clock
        self.told: list[Event] | None = None
        self._host = host

    @property
    def logger(self) -> logging.Logger:
        """The source's."""
        return self._host.logger

    @property
    def listening(self) -> bool:
        """Whether anybody wants events."""
        return self.told is not None or self._host.listening

    @property
    def wants_forming(self) -> bool:
        """Whether anybody wants updates of forming bars; `told` gets none."""
        return self._host.wants_forming

    def backfill(self, request: HistoryRequest, done: Callable[[Bars | None, str], None]) -> None:  # noqa: ARG002
        """Nothing is asked for; the chain asks the other sources whenever it answers."""
        done(None, "a replay fills no holes")

    def history(self, source: str, request: HistoryRequest) -> Bars:
        """What another source has."""
        return self._host.history(source, request)

    def emit(self, event: Event) -> None:
        """Tell it to who subscribed."""
        if self.told is not None and (event.bar is None or event.bar.closed):
            self.told.append(event)
        self._host.emit(event)

    def market(self, symbol: str) -> Market:
        """As this deployment says it."""
        return self._host.market(symbol)
