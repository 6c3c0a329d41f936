"""Walk: one query on its way through the chain, with the bars in hand and what is still missing. Pure logic.

It says what to ask the next source, checks and merges what that one answers, and lets no bar pass that may not be seen:
none that ends after `now`, and none that nobody vouches for as closed, but for one forming bar that was asked for.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources.model.bars import (
    BY_HISTORY,
    CLOSED,
    COLUMNS,
    FORMING,
    STATUS_BYTE,
    UNSET,
    Bars,
    Hole,
    fault,
    time_text,
)
from wealthsources.model.errors import NotHere
from wealthsources.model.timeframe import Timeframe
from wealthsources.resolve.merge import count_differences, merge, named, unbroken
from wealthsources.source import HistoryRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources.resolve.chain import Attempt
    from wealthsources.resolve.known_empty import Empties
    from wealthsources.source import Source

_FOREVER: Final = 1 << 62
#: No more finer bars than this, 64 MB of them, are asked for to make coarser ones of.
MOST_FINER: Final = 1_000_000
#: No bar of any series.
_NOTHING: Final = Bars("", Timeframe("1m"), np.empty((0, COLUMNS)), trusted=True, unbroken=True)


@dataclasses.dataclass(slots=True)  # frozen would take three times as long to make
class Query:
    """What a caller wants: the newest `count` closed bars, or those from `start`, that end by min(`end`, `now`).

    late_after is in ms: how long after its end a bar may still be on its way (0 unless the clock is the system's).
    """

    symbol: str
    timeframe: Timeframe
    now: int
    count: int | None = None
    start: int | None = None
    end: int | None = None
    include_now: bool = False
    live: bool = True
    late_after: int = 0

    @property
    def limit(self) -> int:
        """No closed bar that ends later is in the answer."""
        return self.now if self.end is None else min(self.end, self.now)

    def __str__(self) -> str:
        what = f"{self.count} bars" if self.count is not None else f"bars from {time_text(self.start or 0)}"
        return f"{what} of {self.symbol} {self.timeframe} up to {time_text(self.limit)} UTC"


class Garbage(ValueError):  # noqa: N818 - it is the answer that is garbage
    """An answer that cannot be used."""


class Walk:
    """One query on its way through the chain: the bars in hand and what is still missing."""

    def __init__(self, query: Query, empties: Empties | None, failed: frozenset[str] = frozenset()) -> None:
        self.query = query
        self._empties = empties
        frame = self.frame = query.timeframe
        limit = query.limit
        #: The newest window that is over, and the newest one whose bar must be there by now.
        self.newest_slot = frame.slot(limit) - 1
        settled = min(limit, query.now - query.late_after) if query.late_after else limit
        self.settled_slot = min(self.newest_slot, frame.slot(settled) - 1)
        self.oldest_slot: int | None = None
        if query.start is not None:
            self.oldest_slot = frame.slot(query.start) + (not frame.opens_at(query.start))
        self.hand = _NOTHING
        self.forming: Bars | None = None
        #: Windows that an exchange's own history says never had a bar.
        self.empty_spans: list[tuple[int, int]] = []
        self._known_empty: set[tuple[int, int]] = set()
        self.differs = 0  # bars of the last answer that an earlier source has too, with other values
        self.differ_in_all = 0
        self.complete = False
        #: Sources that may block and failed: one call does not ask them again, for finer bars.
        self.failed = failed
        #: Whether a live stream of this series is up, for a forming bar that is made of these.
        self.vouched = False
        #: Whether more finer bars were wanted than are asked for.
        self.clipped = False

    @property
    def possible(self) -> bool:
        """Whether any whole bar fits between start and limit."""
        return self.oldest_slot is None or self.oldest_slot <= self.newest_slot

    @property
    def empty(self) -> bool:
        """Whether no bar is in hand."""
        return not len(self.hand) and self.forming is None

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to answer with, though there should be."""
        if not self.empty or not self.possible:
            return False
        return not self._is_empty(-_FOREVER if self.oldest_slot is None else self.oldest_slot, self.newest_slot)

    # what is missing -------------------------------------------------------------------------------------------

    @property
    def wants_more(self) -> bool:
        """Whether finer bars could give anything that is not in hand: closed bars, or the forming one."""
        return (self.possible and not self.complete) or self._lacks_forming()

    def request_to(self, source: Source, spelling: str) -> HistoryRequest | None:
        """What to ask this source; None if it can have nothing of what is missing."""
        query, frame, can = self.query, self.frame, source.capabilities
        include_forming = can.live and self._wants_forming()
        last = self.newest_slot if can.closes else self.settled_slot
        if not len(self.hand):
            end = query.limit if last == self.newest_slot else min(query.limit, frame.open_time(last + 1))
            if self.oldest_slot is not None and self.oldest_slot > last and not include_forming:
                return None
            return HistoryRequest(
                spelling, frame, end, query.start, query.count, include_forming, query.live, None, query.now
            )
        span = self._missing(last)
        if span is None:
            if not include_forming:
                return None
            span = (last + 1, last)
        first, final = span
        if can.authoritative:
            # With a bar on either side it can say that there was none between them.
            final = min(final + 1, last)
            if first is not None and first > frame.slot(int(self.hand.open_times[0])):
                first -= 1
        start = None if first is None else frame.open_time(first)
        # Of the newest `count` bars no more than `count` can come from this source, whatever the span.
        count = self._count_for(final) if first is None else query.count
        return HistoryRequest(
            spelling, frame, frame.open_time(final + 1), start, count, include_forming, query.live, None, query.now
        )

    def _wants_forming(self) -> bool:
        """Whether a live source is to add its forming bar. In a backtest that is made of finer bars, or absent."""
        return self.query.live and self._lacks_forming()

    def _lacks_forming(self) -> bool:
        query = self.query
        if not query.include_now or self._fitting_forming() is not None:
            return False
        return query.end is None or query.end >= query.now

    def _fitting_forming(self) -> Bars | None:
        """The forming bar, if it opens no earlier than the newest closed bar ends."""
        forming = self.forming
        if forming is None or not len(self.hand):
            return forming
        newest_end = self.frame.end(int(self.hand.open_times[-1]))
        return forming if int(forming.open_times[0]) >= newest_end else None

    def _missing(self, last: int) -> tuple[int | None, int] | None:
        """The span of windows from the oldest to the newest missing bar; None as its first: as far as needed."""
        times = self.hand.open_times
        oldest, newest = self.frame.slot(int(times[0])), self.frame.slot(int(times[-1]))
        spans: list[tuple[int | None, int]] = []
        if self._head_missing(oldest):
            spans.append((self.oldest_slot, oldest - 1))
        spans += self._hole_slots()
        if newest < last and not self._is_empty(newest + 1, last):
            spans.append((newest + 1, last))
        if not spans:
            return None
        return spans[0][0], spans[-1][1]

    def _head_missing(self, oldest: int) -> bool:
        if self.oldest_slot is not None:
            return oldest > self.oldest_slot and not self._is_empty(self.oldest_slot, oldest - 1)
        if self.query.count is None or len(self.hand) >= self.query.count:
            return False
        return not self._is_empty(-_FOREVER, oldest - 1)

    def _hole_slots(self) -> list[tuple[int, int]]:
        if self.hand.unbroken:
            return []
        slots = self.frame.slots(self.hand.open_times)
        found = []
        for place in np.flatnonzero(np.diff(slots) > 1):
            first, last = int(slots[place]) + 1, int(slots[place + 1]) - 1
            if not self._is_empty(first, last):
                found.append((first, last))
        return found

    def _count_for(self, final: int) -> int:
        """How many bars of a source suffice, whichever they are, to complete the count."""
        wanted = self.query.count or 0
        oldest = self.frame.slot(int(self.hand.open_times[0]))
        return min(wanted, max(0, final - oldest + 1) + wanted - len(self.hand))

    def _is_empty(self, first: int, last: int) -> bool:
        """Whether an exchange's own history says that none of these windows had a bar."""
        return (first, last) in self._known_empty or any(
            begin <= first and last <= end for begin, end in self.empty_spans
        )

    @property
    def lacks_head(self) -> bool:
        """Whether there are fewer bars than were counted on."""
        return self.query.count is not None and len(self.hand) + (self.forming is not None) < self.query.count

    @property
    def asked(self) -> int:
        """How many bars were asked for; 0 if it was a range."""
        return self.query.count or 0

    @property
    def is_full(self) -> bool:
        """Whether as many bars as were asked for are there, so that there may be more."""
        return 0 < self.asked <= len(self.hand) + (self.forming is not None)

    def may_go_on(self, coarser: Timeframe) -> bool:
        """Whether there may be bars that are older than could be asked for."""
        if self.query.start is None:
            return self.is_full
        return len(self.hand) > 0 and coarser.slot(int(self.hand.open_times[0])) <= coarser.slot(self.query.start) + 1

    def finer_query(self, finer: Timeframe, count: int = 0) -> Query:
        """What to ask the chain for, of a timeframe that divides this one: no more than `MOST_FINER`, the newest.

        Windows are asked for whole, from the oldest missing one on; a forming bar is made of all that is over by now.
        Where the newest so many are asked for, at least `count` finer ones.
        """
        query, frame = self.query, self.frame
        include_now = self._lacks_forming()
        span = self._missing(self.newest_slot) if len(self.hand) else (self.oldest_slot, self.newest_slot)
        if span is None or not self.possible:
            span = (self.newest_slot + 1, self.newest_slot)
        first, last = span
        end = None if include_now else min(frame.open_time(last + 1), query.limit)
        if first is None:
            wanted = self._count_for(last) if len(self.hand) else query.count or 0
            wanted = max((wanted + include_now) * (frame.milliseconds // finer.milliseconds), count)
            self.clipped = wanted > MOST_FINER
            wanted = min(wanted, MOST_FINER)
            return dataclasses.replace(query, timeframe=finer, count=wanted, end=end, include_now=include_now)
        earliest = finer.open_time(finer.slot(query.limit if end is None else end) - MOST_FINER)
        start = max(frame.open_time(first), earliest)
        self.clipped = start > frame.open_time(first)
        return dataclasses.replace(query, timeframe=finer, count=None, start=start, end=end, include_now=include_now)

    # taking an answer ------------------------------------------------------------------------------------------

    def take(self, bars: Bars, name: str, request: HistoryRequest, source: Source) -> int:
        """Merge an answer. Returns how many of its bars are new to the hand; raises Garbage if it cannot be used."""
        self._check(bars, request)
        closed, forming = self._visible(bars, request)
        if forming is not None:
            self.forming = named(forming, name, self.query.symbol)
        if not len(closed) and forming is None and (len(bars) or not source.capabilities.authoritative):
            raise NotHere(f"none of its {len(bars)} bars is closed by then" if len(bars) else "returned no bars")
        self.differs = 0
        added = self._add(named(closed, name, self.query.symbol))
        if source.capabilities.authoritative:
            self._learn_empty(name, bars, request)
        self.complete = self._is_complete()
        return added

    def take_aggregated(self, bars: Bars, behind: int) -> None:
        """Merge bars of this timeframe that were made of finer ones, which lack the newest `behind`."""
        query = self.query
        good = (bars.states == CLOSED) & (bars.ends <= query.limit)
        if query.start is not None:
            good &= bars.open_times >= query.start
        good &= ~np.isin(bars.open_times, self.hand.open_times)
        if good.any():
            rows = bars.rows[good]
            whole = unbroken(self.frame, rows)
            self._add(Bars(query.symbol, self.frame, rows, bars.sources, bars.texts, trusted=True, unbroken=whole))
        if len(bars) and bars.states[-1] == FORMING and not behind and self._lacks_forming():
            forming = bars.take(bars.rows[-1:])
            if query.start is None or forming.open_times[0] >= query.start:
                self.forming = forming
        self.complete = self._is_complete()

    def _add(self, closed: Bars) -> int:
        before, count = self.hand, self.query.count
        hand = merge(before, closed) if len(before) else closed
        if count is not None and len(hand) > count:
            hand = hand.take(hand.rows[-count:])
        self.hand = hand
        if not len(before):
            return len(hand)
        self.differs = count_differences(before, closed)
        self.differ_in_all += self.differs
        return int(np.count_nonzero(~np.isin(hand.open_times, before.open_times)))

    def _check(self, bars: Bars, request: HistoryRequest) -> None:
        if not isinstance(bars, Bars):
            raise Garbage(f"returned {type(bars).__name__}, not Bars")
        if bars.symbol != request.symbol or bars.timeframe is not request.timeframe:
            raise Garbage(
                f"returned {bars.symbol} {bars.timeframe} when asked for {request.symbol} {request.timeframe}"
            )
        if bars.trusted:
            return
        wrong = fault(bars)
        if wrong is not None:
            index, why = wrong
            raise Garbage(f"returned a bad bar: bars[{index}] at {time_text(int(bars.open_times[index]))}: {why}")

    def _visible(self, bars: Bars, request: HistoryRequest) -> tuple[Bars, Bars | None]:
        """The closed bars of an answer that may be seen, and its forming bar if that may."""
        forming = None
        length = len(bars)
        if bars.unbroken and bars.trusted and (not request.start or not length or bars.open_times[0] >= request.start):
            if length and bars.rows[-1].view(np.uint8)[STATUS_BYTE] == FORMING:
                forming, bars = bars.take(bars.rows[-1:]), bars.take(bars.rows[:-1])
                length -= 1
            if not length or self.frame.end(int(bars.open_times[-1])) <= request.end:
                return bars, self._forming_by_now(forming)
        states = bars.states
        ends = bars.ends
        if length and states[-1] == FORMING and request.include_forming:
            forming = bars.take(bars.rows[-1:])
        unset_until = self.query.now - self.query.late_after
        good = (states == CLOSED) | ((states == UNSET) & (ends <= unset_until))
        good &= ends <= request.end
        if request.start is not None:
            good &= bars.open_times >= request.start
        rows = np.array(bars.rows[good])
        octets = rows.view(np.uint8)
        octets[octets[:, STATUS_BYTE] == UNSET, STATUS_BYTE] = BY_HISTORY
        if request.count is not None:
            rows = rows[max(0, len(rows) - request.count) :]
        closed = Bars(
            bars.symbol,
            bars.timeframe,
            rows,
            bars.sources,
            bars.texts,
            note=bars.note,
            unbroken=unbroken(self.frame, rows),
        )
        return closed, self._forming_by_now(forming)

    def _forming_by_now(self, forming: Bars | None) -> Bars | None:
        if forming is None or not self._wants_forming():
            return None
        return forming if int(forming.open_times[0]) <= self.query.now else None

    def remember(self, name: str) -> None:
        """What that source said before of windows without a bar holds for it and for those after it."""
        if self._empties is not None:
            self._believe(self._empties.of(name, self.query.symbol, self.frame))

    def _believe(self, spans: list[tuple[int, int]]) -> None:
        self.empty_spans += spans
        self._known_empty.update(spans)

    def _learn_empty(self, name: str, bars: Bars, request: HistoryRequest) -> None:
        """What an exchange's own history leaves out between two bars it returned never existed.

        A bar that ends later than was asked for proves nothing, and a window of which there is a bar is not empty.
        """
        times = bars.open_times[bars.ends <= request.end]
        held = self.hand.open_times
        if len(times):
            times = np.union1d(times, held[(held > times[0]) & (held < times[-1])])
        slots = self.frame.slots(times)
        between = [(int(slots[place]) + 1, int(slots[place + 1]) - 1) for place in np.flatnonzero(np.diff(slots) > 1)]
        self._believe(between)
        if between and self._empties is not None:
            self._empties.learn(name, self.query.symbol, self.frame, between)
        if not len(bars) and request.end < self.query.now - 3_600_000:
            first = -_FOREVER if request.start is None else self.frame.slot(request.start)
            self.empty_spans.append((first, self.frame.slot(request.end) - 1))

    def _is_complete(self) -> bool:
        """Whether nothing is missing any more, so that no further source need be asked."""
        if not len(self.hand) or self._wants_forming():
            return False
        return self._missing(self.newest_slot) is None

    # the answer ------------------------------------------------------------------------------------------------

    def answer(self, attempts: Sequence[Attempt]) -> Bars:
        """The bars in hand, with holes, `behind`, failures, and the forming bar if there is one that fits."""
        hand, forming = self.hand, self._fitting_forming()
        failed = tuple(attempt for attempt in attempts if attempt.outcome == "failed")
        holes = () if hand.unbroken else self._holes()
        behind = self._behind()
        if len(hand) and hand.trusted and forming is None and not (holes or behind or failed or hand.note):
            return hand
        whole = hand if forming is None else self._with_forming(hand, forming)
        if len(whole):
            first_left = int(whole.open_times[0])
            holes = tuple(hole for hole in holes if hole.start > first_left)
        return Bars(
            self.query.symbol,
            self.frame,
            whole.rows,
            whole.sources,
            whole.texts,
            holes=holes,
            behind=behind,
            failed=failed,
            trusted=True,
            unbroken=hand.unbroken and forming is None,
        )

    def _holes(self) -> tuple[Hole, ...]:
        frame = self.frame
        return tuple(
            Hole(frame.open_time(first), frame.open_time(last + 1), last - first + 1)
            for first, last in self._hole_slots()
        )

    def _behind(self) -> int:
        """How many bars should be there after the newest one by now, beyond those that may still be on their way."""
        if not len(self.hand):
            # A forming bar alone: of what was asked for, all that is over is missing.
            first = (
                self.oldest_slot if self.oldest_slot is not None else self.settled_slot - (self.query.count or 1) + 2
            )
            return max(0, self.settled_slot - first + 1) if self.forming is not None else 0
        newest = self.frame.slot(int(self.hand.open_times[-1]))
        if newest >= self.settled_slot or self._is_empty(newest + 1, self.settled_slot):
            return 0
        return self.settled_slot - newest

    def _with_forming(self, hand: Bars, forming: Bars) -> Bars:
        """The forming bar is one of `count`: the oldest closed one gives way."""
        count = self.query.count
        if not len(hand):
            return forming
        rows = hand.rows if count is None else hand.rows[max(0, len(hand) - count + 1) :]
        return merge(hand.take(rows), forming)
