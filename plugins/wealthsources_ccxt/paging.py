"""Asking for a series page by page, until its end, the end of the exchange's history, or the deadline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources_ccxt.page import read_page
from wealthsources_ccxt.stretch import SeamMissing

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources import Bars
    from wealthsources_ccxt.connection import Answer
    from wealthsources_ccxt.stretch import Stretch

#: Pages without a bar, after which no more are asked for: the symbol may be traded no longer.
_MOST_EMPTY: Final = 20
#: No exchange gives fewer rows than that; a shorter page that does not fit is a fault, and no limit to be learnt.
_LEAST_LIMIT: Final = 50
#: Later than any bar.
_NEVER: Final = 1 << 62


class Paging:
    """`fetch(since, limit)` asks for rows; what is known of its limits is learnt on the way and kept in `limit`.

    windowed  a page is of `limit` windows, whatever is in them: one that is empty says nothing of the next
    now       the exchange's time as of its last answer, ms; None: it did not say
    """

    def __init__(self, fetch: Callable[[int, int], Answer], limit: int, windowed: bool) -> None:
        self._fetch = fetch
        self.limit = limit
        self._windowed = windowed
        self.now: int | None = None

    def extend(self, stretch: Stretch, end: int) -> None:
        """Make a stretch reach `end`, ms, as far as there are bars. What it raises leaves in it what was verified."""
        empty = 0
        while stretch.reached < self._end(stretch, end) and empty <= _MOST_EMPTY:
            if self._add_page(stretch, self._limit_to(stretch, end)):
                continue
            empty += 1
            if not len(stretch) and self._windowed:
                stretch.skip_to(self._first(stretch, self._end(stretch, end)))

    def _end(self, stretch: Stretch, end: int) -> int:
        """By now no later window has ended."""
        return end if self.now is None else min(end, stretch.timeframe.floor(self.now))

    def _limit_to(self, stretch: Stretch, end: int) -> int:
        """No more windows than are left, where a page is of windows; else it may be of the newest so many."""
        if not self._windowed:
            return self.limit
        slot = stretch.timeframe.slot
        return min(self.limit, max(2, slot(end) - slot(stretch.since) + 1))

    def _add_page(self, stretch: Stretch, limit: int) -> int:
        since, timeframe = stretch.since, stretch.timeframe
        rows, page = self._page(stretch, since, limit)
        covered = timeframe.open_time(timeframe.slot(since) + limit) if self._windowed else _NEVER
        try:
            return stretch.add(page, covered)
        except SeamMissing:
            # It gave the newest of a page that was too long for it, without a word.
            if not (self._windowed and _LEAST_LIMIT <= rows < limit):
                raise
            self.limit = rows
            return 1

    def _page(self, stretch: Stretch, since: int, limit: int) -> tuple[int, Bars]:
        answer = self._fetch(since, limit)
        self.now = answer.now
        return len(answer.rows), read_page(answer.rows, stretch.timeframe, since, answer.now)

    def _first(self, stretch: Stretch, end: int) -> int:
        """Where to go on if there was no bar at first, ms: from there on a page has some; `end` if none was found.

        Looks further and further ahead, then halves the distance: a symbol has no bars until it is traded, and not
        every page of the years before is asked for. If it misses an early bar, nothing was said of that time.
        """
        timeframe = stretch.timeframe
        low, high, step = timeframe.slot(stretch.since), timeframe.slot(end), self.limit
        probe = low + step
        while probe < high and not self._has_bars(stretch, probe):
            low, step, probe = probe, step * 2, probe + step * 2
        high = min(probe, high)
        while high - low > self.limit:
            middle = (low + high) // 2
            low, high = (low, middle) if self._has_bars(stretch, middle) else (middle, high)
        return timeframe.open_time(low)

    def _has_bars(self, stretch: Stretch, slot: int) -> bool:
        return bool(len(self._page(stretch, stretch.timeframe.open_time(slot), self.limit)[1]))
