"""AnswerBuilder: the answer to one query as it grows. What is held, what is still missing, and what that leaves to ask.

It lets no bar pass that may not be seen: none that ends after `now`, and none that nobody vouches for as closed, but
for one forming bar that was asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources.model.bars import Bars
from wealthsources.model.errors import NotHere
from wealthsources.model.holes import Hole, is_contiguous, missing_slots
from wealthsources.model.rows import CLOSED, FORMING, open_times
from wealthsources.model.timeframe import Timeframe
from wealthsources.resolve.known_empty import EmptyWindows
from wealthsources.resolve.merge import count_differences, merge
from wealthsources.resolve.visibility import check_answer, split_visible
from wealthsources.source import HistoryRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources.model.attempt import Attempt
    from wealthsources.resolve.known_empty import KnownEmpty
    from wealthsources.resolve.query import Query
    from wealthsources.source import Source

#: No bar of any series.
_NOTHING: Final = Bars.empty("", Timeframe("1m"))


class Added(NamedTuple):
    """What an answer brought: bars that were missing, and bars that were there already with other values."""

    bars: int
    differs: int


class AnswerBuilder:
    """The answer to one query: the closed bars in hand, the forming one, and what is still missing.

    bars        the closed ones, in order
    forming     the forming one that a source showed, or that was made
    complete    nothing is missing any more, so that no further source need be asked
    differs     how many bars of all answers an earlier source has too, with other values
    """

    def __init__(self, query: Query, known_empty: KnownEmpty | None = None) -> None:
        self.query = query
        self.bars = _NOTHING
        self.forming: Bars | None = None
        self.complete = False
        self.differs = 0
        self._timeframe = timeframe = query.timeframe
        self._known_empty = known_empty
        self._empty: EmptyWindows | None = None
        self._vouched = False
        limit = query.limit
        #: The newest window that is over, and the newest one whose bar must be there by now.
        self._newest_slot = timeframe.slot(limit) - 1
        due = min(limit, query.now - query.late_after) if query.late_after else limit
        self._due_slot = min(self._newest_slot, timeframe.slot(due) - 1)
        self._oldest_slot: int | None = None
        if query.start is not None:
            self._oldest_slot = timeframe.slot(query.start) + (not timeframe.opens_at(query.start))

    @property
    def empty(self) -> EmptyWindows:
        """Windows of which an exchange's own history says that there never was a bar."""
        if self._empty is None:
            self._empty = EmptyWindows(self.query, self._known_empty)
        return self._empty

    def _is_empty(self, first: int | None, last: int) -> bool:
        return self._empty is not None and self._empty.holds(first, last)

    @property
    def is_possible(self) -> bool:
        """Whether any whole bar fits between start and limit."""
        return self._oldest_slot is None or self._oldest_slot <= self._newest_slot

    @property
    def is_empty(self) -> bool:
        """Whether no bar is in hand."""
        return not len(self.bars) and self.forming is None

    @property
    def lacks_all(self) -> bool:
        """Whether there is nothing to answer with, though there should be."""
        if not self.is_empty or not self.is_possible:
            return False
        return not self._is_empty(self._oldest_slot, self._newest_slot)

    # what is missing -------------------------------------------------------------------------------------------

    @property
    def wants_finer(self) -> bool:
        """Whether finer bars could give anything that is not in hand: closed bars, or the forming one."""
        return (self.is_possible and not self.complete) or self.lacks_forming()

    @property
    def lacks_head(self) -> bool:
        """Whether there are fewer bars than were counted on."""
        return self.query.count is not None and len(self.bars) + (self.forming is not None) < self.query.count

    @property
    def is_full(self) -> bool:
        """Whether as many bars as were asked for are there, so that there may be more."""
        count = self.query.count
        return count is not None and len(self.bars) + (self.forming is not None) >= count

    def lacks_forming(self) -> bool:
        """Whether a forming bar is asked for and there is none that fits."""
        query = self.query
        if not query.include_now or self._fitting_forming() is not None:
            return False
        return query.end is None or query.end >= query.now

    def _wants_forming(self) -> bool:
        """Whether a live source is to add its forming bar. In a backtest that is made of finer bars, or absent."""
        return self.query.live and self.lacks_forming()

    def _fitting_forming(self) -> Bars | None:
        """The forming bar, if it opens no earlier than the newest closed bar ends."""
        forming = self.forming
        if forming is None or not len(self.bars):
            return forming
        newest_end = self._timeframe.end(self.bars.newest)
        return forming if forming.oldest >= newest_end else None

    def _missing(self, last: int) -> tuple[int | None, int] | None:
        """The span of windows from the oldest to the newest missing bar; None as its first: as far as needed."""
        oldest, newest = self._timeframe.slot(self.bars.oldest), self._timeframe.slot(self.bars.newest)
        spans: list[tuple[int | None, int]] = []
        if self._is_head_missing(oldest):
            spans.append((self._oldest_slot, oldest - 1))
        spans += self._hole_slots()
        if newest < last and not self._is_empty(newest + 1, last):
            spans.append((newest + 1, last))
        if not spans:
            return None
        return spans[0][0], spans[-1][1]

    def _is_head_missing(self, oldest: int) -> bool:
        if self._oldest_slot is not None:
            return oldest > self._oldest_slot and not self._is_empty(self._oldest_slot, oldest - 1)
        if self.query.count is None or len(self.bars) >= self.query.count:
            return False
        return not self._is_empty(None, oldest - 1)

    def _hole_slots(self) -> list[tuple[int, int]]:
        if self.bars.unbroken:
            return []
        spans = missing_slots(self._timeframe, self.bars.open_times)
        return [(first, last) for first, last in spans if not self._is_empty(first, last)]

    def count_for(self, final: int) -> int:
        """How many bars up to window `final` suffice, whichever they are, to complete the count."""
        wanted = self.query.count or 0
        if not len(self.bars):
            return wanted
        oldest = self._timeframe.slot(self.bars.oldest)
        return min(wanted, max(0, final - oldest + 1) + wanted - len(self.bars))

    # what to ask -----------------------------------------------------------------------------------------------

    def request_to(self, source: Source, spelling: str) -> HistoryRequest | None:
        """What to ask this source; None if it can have nothing of what is missing."""
        query, can = self.query, source.capabilities
        include_forming = can.live and self._wants_forming()
        last = self._newest_slot if can.states_closed else self._due_slot
        if not len(self.bars):
            if self._oldest_slot is not None and self._oldest_slot > last and not include_forming:
                return None
            end = query.limit if last == self._newest_slot else min(query.limit, self._timeframe.open_time(last + 1))
            return self._request(spelling, query.start, end, query.count, include_forming)
        span = self._missing(last)
        if span is None:
            if not include_forming:
                return None
            span = (last + 1, last)
        first, final = span
        if can.authoritative:
            # With a bar on either side it can say that there was none between them.
            final = min(final + 1, last)
            if first is not None and first > self._timeframe.slot(self.bars.oldest):
                first -= 1
        start = None if first is None else self._timeframe.open_time(first)
        # Of the newest `count` bars no more than `count` can come from this source, whatever the span.
        count = self.count_for(final) if first is None else query.count
        return self._request(spelling, start, self._timeframe.open_time(final + 1), count, include_forming)

    def _request(
        self, spelling: str, start: int | None, end: int, count: int | None, include_forming: bool
    ) -> HistoryRequest:
        query = self.query
        return HistoryRequest(
            spelling, query.timeframe, end, start, count, include_forming, query.live, deadline=None, now=query.now
        )

    def missing_windows(self) -> tuple[int | None, int]:
        """The oldest and the newest window of all that is missing; None as the oldest: as far back as needed."""
        nothing = self._newest_slot + 1, self._newest_slot
        if not self.is_possible:
            return nothing
        if not len(self.bars):
            return self._oldest_slot, self._newest_slot
        return self._missing(self._newest_slot) or nothing

    # taking an answer ------------------------------------------------------------------------------------------

    def add(self, bars: Bars, name: str, request: HistoryRequest, source: Source) -> Added:
        """Merge an answer. Raises InvalidAnswer if it cannot be used, NotHere if nothing of it may be seen."""
        query, authoritative = self.query, source.capabilities.authoritative
        seen = _all_of_series(bars, request)
        if seen is None:
            check_answer(bars, request)
            seen = split_visible(bars, request, query.now - query.late_after)
        closed, forming = seen
        if forming is not None and not (self._wants_forming() and forming.oldest <= query.now):
            forming = None
        if forming is not None:
            self.forming = forming.named(query.symbol, name)
        if not len(closed) and forming is None and (len(bars) or not authoritative):
            raise NotHere(f"none of its {len(bars)} bars is closed by then" if len(bars) else "returned no bars")
        added = self._merge(closed.named(query.symbol, name))
        if authoritative:
            self.empty.learn(name, bars, request, self.bars.open_times)
        self.complete = self._is_complete()
        return added

    def add_aggregated(self, bars: Bars, behind: int, differs: int) -> None:
        """Merge bars of this timeframe that were made of finer ones, which lack the newest `behind`."""
        query = self.query
        good = (bars.states == CLOSED) & (bars.ends <= query.limit)
        if query.start is not None:
            good &= bars.open_times >= query.start
        good &= ~np.isin(bars.open_times, self.bars.open_times)
        if good.any():
            rows = bars.rows[good]
            unbroken = is_contiguous(self._timeframe, open_times(rows))
            texts = bars.texts
            self._merge(Bars(query.symbol, self._timeframe, rows, bars.sources, texts, trusted=True, unbroken=unbroken))
        if len(bars) and bars.states[-1] == FORMING and not behind and self.lacks_forming():
            forming = bars.take(bars.rows[-1:])
            if query.start is None or forming.oldest >= query.start:
                self.forming = forming
        self.differs += differs
        self.complete = self._is_complete()

    def vouch(self) -> None:
        """A live stream of this series is up: nothing came after the newest closed bar, as far as anybody knows."""
        self._vouched = True

    @property
    def lacks_voucher(self) -> bool:
        """Whether somebody has yet to vouch for a forming bar."""
        return self.query.include_now and not self._vouched

    @property
    def may_form(self) -> bool:
        """Whether a forming bar may be made of these. Live, somebody has to know that nothing came after them."""
        query = self.query
        return query.include_now and (not query.live or self._vouched or self.forming is not None)

    def _merge(self, closed: Bars) -> Added:
        before, count = self.bars, self.query.count
        bars = merge(before, closed) if len(before) else closed
        if count is not None and len(bars) > count:
            bars = bars.take(bars.rows[-count:])
        self.bars = bars
        if not len(before):
            return Added(len(bars), 0)
        differs = count_differences(before, closed)
        self.differs += differs
        return Added(int(np.count_nonzero(~np.isin(bars.open_times, before.open_times))), differs)

    def _is_complete(self) -> bool:
        if not len(self.bars) or self._wants_forming():
            return False
        return self._missing(self._newest_slot) is None

    # the answer ------------------------------------------------------------------------------------------------

    def build(self, attempts: Sequence[Attempt] = ()) -> Bars:
        """The bars in hand, with holes, `behind`, failures, and the forming bar if there is one that fits."""
        bars, forming = self.bars, self._fitting_forming()
        failed = tuple(attempt for attempt in attempts if attempt.outcome == "failed")
        holes = () if bars.unbroken else self._holes()
        behind = self._behind()
        if len(bars) and bars.trusted and forming is None and not (holes or behind or failed or bars.note):
            return bars
        whole = bars if forming is None else self._with_forming(forming)
        if len(whole):
            oldest = whole.oldest
            holes = tuple(hole for hole in holes if hole.start > oldest)
        return Bars(
            self.query.symbol,
            self._timeframe,
            whole.rows,
            whole.sources,
            whole.texts,
            holes=holes,
            behind=behind,
            failed=failed,
            trusted=True,
            unbroken=bars.unbroken and forming is None,
        )

    def _holes(self) -> tuple[Hole, ...]:
        timeframe = self._timeframe
        return tuple(
            Hole(timeframe.open_time(first), timeframe.open_time(last + 1), last - first + 1)
            for first, last in self._hole_slots()
        )

    def _behind(self) -> int:
        """How many bars should be there after the newest one by now, beyond those that may still be on their way."""
        if len(self.bars):
            newest = self._timeframe.slot(self.bars.newest)
            known = newest >= self._due_slot or self._is_empty(newest + 1, self._due_slot)
            return 0 if known else self._due_slot - newest
        if self.forming is None:
            return 0
        # A forming bar alone: of what was asked for, all that is over is missing.
        first = self._oldest_slot if self._oldest_slot is not None else self._due_slot - (self.query.count or 1) + 2
        return max(0, self._due_slot - first + 1)

    def _with_forming(self, forming: Bars) -> Bars:
        """The forming bar is one of `count`: the oldest closed one gives way."""
        bars, count = self.bars, self.query.count
        if not len(bars):
            return forming
        rows = bars.rows if count is None else bars.rows[max(0, len(bars) - count + 1) :]
        return merge(bars.take(rows), forming)


def _all_of_series(bars: Bars, request: HistoryRequest) -> tuple[Bars, Bars | None] | None:
    """The closed bars and the forming one of an answer that is a piece of our own series, of the span asked for.

    Such an answer is in order and valid already. None for any other: it is looked at bar by bar.
    """
    if not (isinstance(bars, Bars) and bars.trusted and bars.unbroken):
        return None
    if bars.symbol != request.symbol or bars.timeframe is not request.timeframe:
        return None
    closed, forming = bars.split_forming()
    if not len(closed.rows):
        return closed, forming
    if (request.start and closed.oldest < request.start) or bars.timeframe.end(closed.newest) > request.end:
        return None
    return closed, forming
