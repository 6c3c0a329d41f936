"""AnswerBuilder: the answer to one query as it grows. What is held, what is still missing, and what that leaves to ask.

It lets no bar pass that may not be seen: none that ends after `now`, and none that nobody vouches for as closed, but
for one forming bar that was asked for.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from wealthsources.model.bars import Bars
from wealthsources.model.errors import NotHere
from wealthsources.model.holes import is_contiguous
from wealthsources.model.rows import CLOSED, FORMING, open_times
from wealthsources.model.timeframe import Timeframe
from wealthsources.resolve.merge import merge
from wealthsources.resolve.missing import Missing
from wealthsources.resolve.overlap import NO_SEAM, LabelShift, Overlap
from wealthsources.resolve.quiet import Quiet
from wealthsources.resolve.visibility import check_answer, piece_of_series, split_visible
from wealthsources.source import HistoryRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources.model.attempt import Attempt
    from wealthsources.resolve.known_empty import KnownEmpty
    from wealthsources.resolve.overlap import Ask, Seam
    from wealthsources.resolve.query import Query
    from wealthsources.source import Source

_NO_USE: Final = "has none of the bars that are missing"
#: No bar of any series.
_NOTHING: Final = Bars.empty("", Timeframe("1m"))


class Added(NamedTuple):
    """What an answer brought, as in an Attempt: `bars` that were missing; and how it fits to those in hand."""

    outcome: Literal["bars", "not_here"]
    bars: int
    reason: str
    seam: Seam = NO_SEAM


class AnswerBuilder:
    """The answer to one query: the closed bars in hand, the forming one, and what is still missing.

    bars        the closed ones, in order
    forming     the forming one that a source showed, or that was made
    complete    nothing is missing any more, so that no further source need be asked
    differs     how many bars of all answers an earlier source has too, with other values
    quiet       what is known of windows without a bar; None on a continuous market, where each has one
    """

    def __init__(self, query: Query, known_empty: KnownEmpty | None = None, overlap: Overlap | None = None) -> None:
        self.query = query
        self._overlap = overlap or Overlap()
        self.bars = _NOTHING
        self.forming: Bars | None = None
        self.complete = False
        self.differs = 0
        self._timeframe = query.timeframe
        self._vouched = False
        self.missing = Missing(query, known_empty)
        self.quiet = None if query.market.continuous else Quiet(self.missing.empty)

    @property
    def is_empty(self) -> bool:
        """Whether no bar is in hand."""
        return not len(self.bars) and self.forming is None

    @property
    def lacks_all(self) -> bool:
        """Whether there is nothing to answer with, though there should be."""
        return self.is_empty and self.missing.is_possible and not self.missing.is_known_empty

    # what is missing -------------------------------------------------------------------------------------------

    @property
    def wants_finer(self) -> bool:
        """Whether finer bars could give anything that is not in hand: closed bars, or the forming one."""
        return (self.missing.is_possible and not self.complete) or self.lacks_forming()

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

    # what to ask -----------------------------------------------------------------------------------------------

    def request_to(self, source: Source, spelling: str) -> HistoryRequest | None:
        """What to ask this source; None if it can have nothing of what is missing."""
        query, can, missing = self.query, source.capabilities, self.missing
        late = None if can.live else query.known_late  # a live source knows no more than it was told so far
        include_forming = can.live and self._wants_forming()
        last = missing.newest if can.states_closed else missing.due
        if not len(self.bars):
            if missing.oldest is not None and missing.oldest > last and not include_forming:
                return None
            end = query.limit if last == missing.newest else min(query.limit, query.timeframe.open_time(last + 1))
            return self._request(late, spelling, query.start, end, query.count, include_forming, (False, False))
        span = missing.span(self.bars, last)
        if span is None:
            if not include_forming:
                return None
            span = (last + 1, last)
        first, final = span
        # One bar more on either side, to be compared. With both an exchange can say that none was between them.
        held = first is not None and first > query.timeframe.slot(self.bars.oldest), final < last
        final += held[1]
        start = None if first is None else query.timeframe.open_time(first - held[0])
        # Of the newest `count` bars no more than `count` can come from this source, whatever the span.
        count = missing.count_for(self.bars, final) if first is None else query.count
        return self._request(late, spelling, start, query.timeframe.open_time(final + 1), count, include_forming, held)

    def _request(
        self,
        late: int | None,
        spelling: str,
        start: int | None,
        end: int,
        count: int | None,
        forming: bool,
        held: tuple[bool, bool],
    ) -> HistoryRequest:
        now, live = self.query.now, late is None and self.query.live
        made = HistoryRequest(spelling, self._timeframe, end, start, count, forming, live, None, now, held)
        return made if late is None else dataclasses.replace(made, known_at=now, known_late=late)

    # taking an answer ------------------------------------------------------------------------------------------

    def add(self, bars: Bars, name: str, request: HistoryRequest, source: Source, ask: Ask | None = None) -> Added:
        """Merge an answer. Raises InvalidAnswer if it cannot be used, NotHere if nothing of it may be seen.

        `ask` asks the source again, for bars to compare.
        """
        query, authoritative = self.query, source.capabilities.authoritative
        seen = piece_of_series(bars, request)
        if seen is None:
            check_answer(bars, request, query.market.prices)
            seen = split_visible(bars, request, query.now - query.late_after)
        closed, forming = seen
        if forming is not None and not (self._wants_forming() and forming.oldest <= query.now):
            forming = None
        if not len(closed) and forming is None and (len(bars) or not authoritative):
            raise NotHere(f"none of its {len(bars)} bars is closed by then" if len(bars) else "returned no bars")
        closed, seam = closed.named(query.symbol, name), NO_SEAM
        if len(self.bars.rows):
            seam = self._overlap.compare(query, self.bars, closed, name, request, None if authoritative else ask)
            self.differs += seam.differs
        if seam.shifted:
            raise LabelShift(seam)
        if forming is not None:
            self.forming = forming.named(query.symbol, name)
        added = self._merge(closed)
        if authoritative:
            self.missing.empty.learn(name, bars, request, self.bars.open_times)
        if self.quiet is not None:
            self.quiet.learn_from(source, bars, request, self.bars.open_times)
        self.complete = self._is_complete()
        if added or forming is not None or authoritative:
            return Added("bars", added, bars.note, seam)
        return Added("not_here", 0, "; ".join(filter(None, (_NO_USE, bars.note))), seam)

    def add_aggregated(self, bars: Bars, behind: int, differs: int, quiet_until: int | None = None) -> None:
        """Merge bars of this timeframe that were made of finer ones, which lack the newest `behind`.

        quiet_until  ms; on a market that is not continuous: as of the finer bars
        """
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
        if self.quiet is not None:
            self.quiet.learn(bars, query.limit, quiet_until, self.bars.open_times)
        self.complete = self._is_complete()

    def vouch(self, by: float | None) -> None:
        """A live stream of this series, stale for so many seconds, was asked; one that is not vouches for its newest.

        Then nothing came after the newest closed bar, as far as anybody knows.
        """
        self._vouched = by == 0.0

    @property
    def lacks_voucher(self) -> bool:
        """Whether somebody has yet to vouch for a forming bar."""
        return self.query.include_now and not self._vouched

    @property
    def may_form(self) -> bool:
        """Whether a forming bar may be made of these. Live, somebody has to know that nothing came after them."""
        query = self.query
        return query.include_now and (not query.live or self._vouched or self.forming is not None)

    def _merge(self, closed: Bars) -> int:
        """How many bars it adds."""
        before, count = self.bars, self.query.count
        is_first = not len(before.rows)
        bars = closed if is_first else merge(before, closed)
        if count is not None and len(bars.rows) > count:
            bars = bars.take(bars.rows[-count:])
        self.bars = bars
        if is_first:
            return len(bars.rows)
        return int(np.count_nonzero(~np.isin(bars.open_times, before.open_times)))

    def _is_complete(self) -> bool:
        if not len(self.bars.rows) or self._wants_forming():
            return False
        return self.missing.span(self.bars, self.missing.newest) is None

    # the answer ------------------------------------------------------------------------------------------------

    def build(self, attempts: Sequence[Attempt] = ()) -> Bars:
        """The bars in hand, with holes, `behind`, failures, and the forming bar if there is one that fits."""
        bars, forming = self.bars, self._fitting_forming()
        failed = tuple(attempt for attempt in attempts if attempt.outcome == "failed")
        holes = self.missing.holes(bars)
        behind = self.missing.behind(bars, forming)
        if len(bars.rows) and bars.trusted and forming is None and not (holes or behind or failed or bars.note):
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

    def _with_forming(self, forming: Bars) -> Bars:
        """The forming bar is one of `count`: the oldest closed one gives way."""
        bars, count = self.bars, self.query.count
        if not len(bars):
            return forming
        rows = bars.rows if count is None else bars.rows[max(0, len(bars) - count + 1) :]
        return merge(bars.take(rows), forming)
