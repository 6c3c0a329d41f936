"""Missing: which windows of a query have no bar yet, though they should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wealthsources.model.holes import hole_of, missing_slots
from wealthsources.resolve.known_empty import EmptyWindows

if TYPE_CHECKING:
    from wealthsources.model.bars import Bars
    from wealthsources.model.holes import Hole
    from wealthsources.model.rows import Integers
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.known_empty import KnownEmpty, Spans
    from wealthsources.resolve.query import Query


class Missing:
    """Which windows of one query have no bar yet. Windows are numbers, see `Timeframe.slot`.

    newest  the newest one that is over
    due     the newest one whose bar must be there by now
    oldest  the oldest one that was asked for; None: as far back as the count needs
    """

    def __init__(self, query: Query, known_empty: KnownEmpty | None) -> None:
        self._query = query
        self._timeframe = timeframe = query.timeframe
        self._known_empty = known_empty
        self._empty: EmptyWindows | None = None
        limit = query.limit
        self.newest = timeframe.slot(limit) - 1
        due = min(limit, query.now - query.late_after) if query.late_after else limit
        self.due = min(self.newest, timeframe.slot(due) - 1)
        self.oldest: int | None = None
        if query.start is not None:
            self.oldest = timeframe.first_from(query.start)

    @property
    def is_possible(self) -> bool:
        """Whether any whole bar fits between start and limit."""
        return self.oldest is None or self.oldest <= self.newest

    @property
    def empty(self) -> EmptyWindows:
        """Windows of which an exchange's own history says that there never was a bar."""
        if self._empty is None:
            self._empty = EmptyWindows(self._query, self._known_empty)
        return self._empty

    def learn_finer(self, empty: Spans, finer: Timeframe, made: Integers) -> None:
        """Bars that open then were made of `finer` ones. Windows between them without any of these never had a bar."""
        timeframe = self._timeframe
        if not empty:
            return
        for first, last in missing_slots(timeframe, made):
            begin, end = (finer.slot(timeframe.open_time(slot)) for slot in (first, last + 1))
            if empty.cover(np.array([begin]), np.array([end - 1]))[0]:
                self.empty.learn_span(first, last)

    @property
    def is_known_empty(self) -> bool:
        """Whether there never was a bar in all that was asked for."""
        return self._is_empty(self.oldest, self.newest)

    def _is_empty(self, first: int | None, last: int) -> bool:
        return self._empty is not None and self._empty.holds(first, last)

    def span(self, bars: Bars, last: int) -> tuple[int | None, int] | None:
        """From the oldest to the newest window, up to `last`, that these bars lack; None if they lack none.

        None as the oldest: as far back as the count needs. There must be a bar.
        """
        oldest, newest = self._timeframe.slot(bars.oldest), self._timeframe.slot(bars.newest)
        spans: list[tuple[int | None, int]] = []
        if self._is_head_missing(bars, oldest):
            spans.append((self.oldest, oldest - 1))
        spans += self._hole_slots(bars)
        if newest < last and not self._is_empty(newest + 1, last):
            spans.append((newest + 1, last))
        if not spans:
            return None
        return spans[0][0], spans[-1][1]

    def all_of(self, bars: Bars) -> tuple[int | None, int]:
        """The oldest and the newest window of all that is missing; the one after the other if nothing is."""
        nothing = self.newest + 1, self.newest
        if not self.is_possible:
            return nothing
        if not len(bars):
            return self.oldest, self.newest
        return self.span(bars, self.newest) or nothing

    def _is_head_missing(self, bars: Bars, oldest: int) -> bool:
        if self.oldest is not None:
            return oldest > self.oldest and not self._is_empty(self.oldest, oldest - 1)
        if self._query.count is None or len(bars.rows) >= self._query.count:
            return False
        return not self._is_empty(None, oldest - 1)

    def _hole_slots(self, bars: Bars) -> list[tuple[int, int]]:
        if bars.unbroken:
            return []
        spans = missing_slots(self._timeframe, bars.open_times)
        return [(first, last) for first, last in spans if not self._is_empty(first, last)]

    def holes(self, bars: Bars) -> tuple[Hole, ...]:
        """The holes between these bars."""
        return tuple(hole_of(self._timeframe, first, last) for first, last in self._hole_slots(bars))

    def count_for(self, bars: Bars, final: int) -> int:
        """How many bars up to window `final` suffice, whichever they are, to complete the count."""
        wanted = self._query.count or 0
        if not len(bars):
            return wanted
        oldest = self._timeframe.slot(bars.oldest)
        return min(wanted, max(0, final - oldest + 1) + wanted - len(bars))

    def behind(self, bars: Bars, forming: Bars | None) -> int:
        """How many bars should be there after the newest one by now, beyond those that may still be on their way."""
        if len(bars):
            newest = self._timeframe.slot(bars.newest)
            known = newest >= self.due or self._is_empty(newest + 1, self.due)
            return 0 if known else self.due - newest
        if forming is None:
            return 0
        # A forming bar alone: of what was asked for, all that is over is missing.
        first = self.oldest if self.oldest is not None else self.due - (self._query.count or 1) + 2
        return max(0, self.due - first + 1)
