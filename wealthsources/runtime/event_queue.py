"""EventQueue: a bounded queue of events, in which of the updates of one forming bar only the newest waits."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from wealthsources.model.events import Event
    from wealthsources.model.timeframe import Timeframe

    #: What an event cost that came: nothing, an update of a forming bar that nobody needs any more, an event.
    Cost = Literal["", "conflated", "lost"]
    _SourceSeries = tuple[str, str, Timeframe | None]

#: So many events wait at most, where nothing else is said.
MOST_WAITING: Final = 10_000


class EventQueue:
    """A queue of at most `most` events. Whoever has it sees to it that one thread at a time uses it.

    When it is full the oldest update of a forming bar gives way, be it the one that comes; if there is none, the oldest
    event is lost.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._most = most
        # One event each; a forming bar's is replaced by its next state, and one that gave way is empty.
        self._waiting: deque[list[Event]] = deque()
        self._filled = 0  # of them, those that are not empty
        self._forming: dict[_SourceSeries, list[Event]] = {}

    def __len__(self) -> int:
        return self._filled

    def put(self, event: Event) -> Cost:
        """Take an event; what that cost."""
        forming, series = is_forming(event), _series(event)
        waiting = self._forming.get(series) if forming else None
        if waiting is not None:
            waiting[0] = event
            return "conflated"
        if forming and not self._forming and self._filled >= self._most:
            return "conflated"  # no closed bar is lost for what the next update makes worthless
        cost = self._make_room()
        entry = [event]
        self._waiting.append(entry)
        if forming:
            self._forming[series] = entry
        else:
            self._forming.pop(series, None)  # what comes after this event must not overtake it
        return cost

    def take(self) -> Event | None:
        """The oldest event; None if there is none."""
        while self._waiting:
            entry = self._waiting.popleft()
            if not entry:
                continue
            self._filled -= 1
            event = entry[0]
            if self._forming.get(_series(event)) is entry:
                del self._forming[_series(event)]
            return event
        return None

    def clear(self) -> None:
        """Forget all of them."""
        self._waiting.clear()
        self._forming.clear()
        self._filled = 0

    def _make_room(self) -> Cost:
        if self._filled < self._most:
            self._filled += 1
            return ""
        if self._forming:
            oldest = next(iter(self._forming))
            self._forming.pop(oldest).clear()
            if len(self._waiting) > 2 * self._most:
                self._waiting = deque(entry for entry in self._waiting if entry)
            return "conflated"
        while not self._waiting.popleft():
            pass
        return "lost"


def is_forming(event: Event) -> bool:
    """Whether it is an update of a forming bar, which the next one makes worthless."""
    return event.kind == "bar" and event.bar is not None and not event.bar.closed


def _series(event: Event) -> _SourceSeries:
    return event.source, event.symbol, event.timeframe
