"""SourceChain: which bars are missing, whom to ask for them, and what to make of the answers. Pure logic.

A request is for closed bars up to `now`. The sources are asked in order, each once, for the span from the oldest to
the newest bar that is still missing; the walk ends as soon as nothing is. An earlier source beats a later one, bar by
bar. Whatever a source returns, no bar that ends after `now` gets past this module, and none that nobody vouches for
as closed, but for the one forming bar that was asked for.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from wealthsources.bars import (
    BY_HISTORY,
    CLOSED,
    COLUMNS,
    FORMING,
    SOURCE_BYTE,
    STATUS_BYTE,
    UNSET,
    Bars,
    Hole,
    fault,
    time_text,
)
from wealthsources.errors import AllSourcesFailed, NotHere
from wealthsources.source import HistoryRequest
from wealthsources.symbols import match_symbol
from wealthsources.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wealthsources.bars import Rows
    from wealthsources.breaker import Breaker
    from wealthsources.source import Source

Outcome = Literal["bars", "not_here", "failed", "skipped", "not_asked"]

_log = logging.getLogger("wealthsources.chain")

_FOREVER: Final = 1 << 62
_BELIEVED: Final = 3600.0  # seconds
_MOST_EMPTIES: Final = 10_000
#: No bar of any series.
_NOTHING: Final = Bars("", Timeframe("1m"), np.empty((0, COLUMNS)), trusted=True, unbroken=True)


class Attempt(NamedTuple):
    """One source asked once: what came of it.

    outcome  bars · not_here · failed · skipped (does not take part) · not_asked (nothing was missing any more)
    bars     how many bars of the answer came through it
    elapsed  seconds
    differs  bars that an earlier source of the chain has too, with other values; that one's were taken
    """

    source: str
    outcome: Outcome
    bars: int = 0
    elapsed: float = 0.0
    reason: str = ""
    differs: int = 0

    def line(self) -> str:
        """As one line of text."""
        words = {"bars": f"{self.bars} bars", "not_here": "not here", "not_asked": "not asked"}
        text = f"{self.source}: {words.get(self.outcome, self.outcome)}"
        if self.elapsed:
            text += f" in {self.elapsed * 1000:.1f} ms"
        if self.differs:
            text += f", {self.differs} of them differ from an earlier source's"
        return f"{text} - {self.reason}" if self.reason else text

    def __str__(self) -> str:
        return f"{self.source}: {self.reason or self.outcome}"


class Named(NamedTuple):
    """A source under its name in this deployment, as it takes part for one adapter; None: it does not, for `why`."""

    name: str
    source: Source | None
    why: str = ""


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


class Resolution(NamedTuple):
    """An answer with the record of how it came about; `differs` as in its attempts, together."""

    bars: Bars
    attempts: tuple[Attempt, ...]
    differs: int = 0


class SourceChain:
    """The ordered sources of one adapter. `call` asks a source; a session's one knows deadlines and workers.

    `breakers`, by name, are those of sources that may block; one that never does needs none, and in a backtest, whose
    answers must be the same every time, none is used. `empties` remembers what never existed.
    """

    def __init__(
        self,
        sources: Sequence[Named],
        call: Callable[[str, Source, HistoryRequest], Bars] | None = None,
        breakers: Mapping[str, Breaker] | None = None,
        empties: Empties | None = None,
    ) -> None:
        self.sources = tuple(sources)
        self._empties = empties
        self._call = call or _call_directly
        self._breakers = breakers or {}

    def resolve(self, query: Query) -> Resolution:
        """Answer the query as well as the sources can. Raises AllSourcesFailed if there is no bar at all."""
        walk = _Walk(query, self._empties)
        attempts: list[Attempt] = []
        if not walk.possible and not query.include_now:
            return Resolution(Bars.empty(query.symbol, query.timeframe), ())
        for at, named in enumerate(self.sources):
            walk.remember(named.name)
            attempts.append(self._ask(named, walk))
            if walk.complete:
                attempts += [Attempt(other.name, "not_asked") for other in self.sources[at + 1 :]]
                break
        if walk.nothing:
            raise AllSourcesFailed(str(query), attempts)
        return Resolution(walk.answer(attempts), tuple(attempts), walk.differ_in_all)

    def _ask(self, named: Named, walk: _Walk) -> Attempt:
        source = named.source
        if source is None:
            return Attempt(named.name, "skipped", reason=named.why)
        began = time.perf_counter()
        try:
            spelling, why = _participation(source, walk.query)
            if spelling is None:
                return Attempt(named.name, "skipped", reason=why)
            request = walk.request_to(source, spelling)
            if request is None:
                return Attempt(named.name, "not_asked")
            breaker = self._breakers.get(named.name) if source.capabilities.blocking and walk.query.live else None
            if breaker is not None:
                with breaker.asking():  # garbage is found by taking it
                    bars = self._call(named.name, source, request)
                    added = walk.take(bars, named.name, request, source)
            else:
                bars = self._call(named.name, source, request)
                added = walk.take(bars, named.name, request, source)
        except NotHere as reason:
            return Attempt(named.name, "not_here", 0, time.perf_counter() - began, describe(reason))
        except Exception as error:  # noqa: BLE001 - whatever a source does, the strategy gets an answer
            _log.debug("source %s failed", named.name, exc_info=True)
            return Attempt(named.name, "failed", 0, time.perf_counter() - began, describe(error))
        return Attempt(named.name, "bars", added, time.perf_counter() - began, bars.note, walk.differs)


def _call_directly(_name: str, source: Source, request: HistoryRequest) -> Bars:
    return source.get_history(request)


def describe(error: BaseException) -> str:
    """An exception as one line; our own speak for themselves, others are named."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - a stranger's exception may not even print
        text = ""
    text = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    kind = type(error)
    if kind.__module__.startswith("wealthsources.") and text:
        return text
    return f"{kind.__name__}: {text}" if text else kind.__name__


def _participation(source: Source, query: Query) -> tuple[str | None, str]:
    """The symbol in the source's spelling; or None, and why it takes no part."""
    can = source.capabilities
    if can.live and not query.live:
        return None, "a live source takes no part in a backtest"
    if can.timeframes is not None and query.timeframe.name not in can.timeframes:
        return None, f"serves no {query.timeframe}; it has {', '.join(can.timeframes) or 'none'}"
    if can.symbols is None:
        return query.symbol, ""
    spelling = match_symbol(query.symbol, can.symbols)
    return spelling, "" if spelling is not None else f"does not know {query.symbol}"


class Empties:
    """Spans of windows of which an exchange's own history said that there never was a bar; believed for an hour.

    So that minutes without a trade are not asked for again with every request. Bounded; for any number of threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._spans: dict[tuple[str, str, Timeframe], dict[tuple[int, int], float]] = {}
        self._held = 0

    def learn(self, source: str, symbol: str, timeframe: Timeframe, spans: list[tuple[int, int]]) -> None:
        """Remember spans of window numbers, first and last, of which `source` said it."""
        until = self._clock() + _BELIEVED
        with self._lock:
            if self._held >= _MOST_EMPTIES:
                self._spans.clear()
                self._held = 0
            known = self._spans.setdefault((source, symbol, timeframe), {})
            self._held -= len(known)
            known.update(dict.fromkeys(spans, until))
            self._held += len(known)

    def of(self, source: str, symbol: str, timeframe: Timeframe) -> list[tuple[int, int]]:
        """The spans of a series of which `source` said it, and that are still believed."""
        if not self._spans:
            return []
        now = self._clock()
        with self._lock:
            return [span for span, until in self._spans.get((source, symbol, timeframe), {}).items() if until > now]


class Garbage(ValueError):  # noqa: N818 - it is the answer that is garbage
    """An answer that cannot be used."""


class _Walk:
    """One query on its way through the chain: the bars in hand and what is still missing."""

    def __init__(self, query: Query, empties: Empties | None) -> None:
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

    @property
    def possible(self) -> bool:
        """Whether any whole bar fits between start and limit."""
        return self.oldest_slot is None or self.oldest_slot <= self.newest_slot

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to answer with, though there should be."""
        if self.forming is not None or len(self.hand):
            return False
        if not self.possible:
            return False
        return not self._is_empty(-_FOREVER if self.oldest_slot is None else self.oldest_slot, self.newest_slot)

    # what is missing -------------------------------------------------------------------------------------------

    def request_to(self, source: Source, spelling: str) -> HistoryRequest | None:
        """What to ask this source; None if it can have nothing of what is missing."""
        query, frame, can = self.query, self.frame, source.capabilities
        include_forming = can.live and self._wants_forming()
        last = self.newest_slot if can.closes else self.settled_slot
        if not len(self.hand):
            end = query.limit if last == self.newest_slot else min(query.limit, frame.open_time(last + 1))
            if self.oldest_slot is not None and self.oldest_slot > last and not include_forming:
                return None
            return HistoryRequest(spelling, frame, end, query.start, query.count, include_forming, query.live)
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
        return HistoryRequest(spelling, frame, frame.open_time(final + 1), start, count, include_forming, query.live)

    def _wants_forming(self) -> bool:
        """Whether a forming bar is asked for, can be there, and is not in hand."""
        query = self.query
        if not (query.include_now and query.live) or self._fitting_forming() is not None:
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

    # taking an answer ------------------------------------------------------------------------------------------

    def take(self, bars: Bars, name: str, request: HistoryRequest, source: Source) -> int:
        """Merge an answer. Returns how many of its bars are new to the hand; raises Garbage if it cannot be used."""
        self._check(bars, request)
        closed, forming = self._visible(bars, request)
        if forming is not None:
            self.forming = _named(forming, name, self.query.symbol)
        if not len(closed) and forming is None and (len(bars) or not source.capabilities.authoritative):
            raise NotHere(f"none of its {len(bars)} bars is closed by then" if len(bars) else "returned no bars")
        self.differs = 0
        added = self._add(_named(closed, name, self.query.symbol))
        if source.capabilities.authoritative:
            self._learn_empty(name, bars, request)
        self.complete = self._is_complete()
        return added

    def _add(self, closed: Bars) -> int:
        before, count = self.hand, self.query.count
        hand = merge(before, closed) if len(before) else closed
        if count is not None and len(hand) > count:
            hand = hand.take(hand.rows[-count:])
        self.hand = hand
        if not len(before):
            return len(hand)
        self.differs = _count_differences(before, closed)
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
            unbroken=_unbroken(self.frame, rows),
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


def _unbroken(frame: Timeframe, rows: Rows) -> bool:
    return len(rows) < 2 or bool((np.diff(frame.slots(rows.view(np.int64)[:, 0])) == 1).all())


def _named(bars: Bars, name: str, symbol: str) -> Bars:
    """The bars under the caller's spelling, with the chain's name for those whose source said none."""
    if "" not in bars.sources and symbol == bars.symbol:
        return bars
    sources = tuple(source or name for source in bars.sources)
    return Bars(
        symbol,
        bars.timeframe,
        bars.rows,
        sources,
        bars.texts,
        note=bars.note,
        trusted=bars.trusted,
        unbroken=bars.unbroken,
    )


def merge(first: Bars, second: Bars) -> Bars:
    """The bars of both, in order; where both have one, that of the first."""
    sources = tuple(dict.fromkeys((*first.sources, *second.sources)))
    rows = np.concatenate([_recoded(first, sources), _recoded(second, sources)])
    _, places = np.unique(rows.view(np.int64)[:, 0], return_index=True)
    rows = rows[places]
    texts = {}
    if first.texts or second.texts:
        held = set(first.open_times.tolist())
        texts = {at: kept for at, kept in first.texts.items() if at in held}
        texts |= {at: kept for at, kept in second.texts.items() if at not in held}
    return Bars(first.symbol, first.timeframe, rows, sources, texts, unbroken=_unbroken(first.timeframe, rows))


def _count_differences(first: Bars, second: Bars) -> int:
    """How many bars both have, with different values."""
    _, mine, theirs = np.intersect1d(first.open_times, second.open_times, assume_unique=True, return_indices=True)
    return int((first.values[mine] != second.values[theirs]).any(axis=1).sum())


def _recoded(bars: Bars, sources: tuple[str, ...]) -> Rows:
    """The rows with source codes that index `sources`."""
    rows = np.array(bars.rows).reshape(-1, COLUMNS)
    codes = np.array([sources.index(name) for name in bars.sources], dtype=np.uint8)
    octets = rows.view(np.uint8)
    octets[:, SOURCE_BYTE] = codes[octets[:, SOURCE_BYTE]]
    return rows
