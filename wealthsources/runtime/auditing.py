"""Auditing: each source of a chain is asked by itself for a span, and its bars are compared with those of the others.

A source is asked piece by piece. Of a piece that fails, or with which a source has something to say, the halves are
asked for, and so on, so that all but what is wrong is looked at, and each thing that is wrong is told. Where that
tells nothing new the whole source fails, and is left alone.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import time
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from wealthsources.model.answer_errors import AllSourcesFailed
from wealthsources.model.attempt import Attempt
from wealthsources.model.bars import Bars
from wealthsources.model.errors import NotHere
from wealthsources.model.text import describe
from wealthsources.resolve.chain import ChainLink, SourceChain
from wealthsources.resolve.findings import Finding, compare_sources, judge_rows
from wealthsources.resolve.merge import merge
from wealthsources.resolve.query import BarRequest, participation
from wealthsources.resolve.visibility import check_series, split_visible
from wealthsources.source import Capabilities, HistoryRequest, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from wealthsources.model.holes import Hole
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.query import Query
    from wealthsources.runtime.adapter import ContextDataAdapter
    from wealthsources.runtime.engine import Engine

_MINUTE: Final = 60_000
#: Windows of one piece; how often one source is asked to find out what is wrong with its pieces; and how many pieces
#: may fail one after the other, from end to end, before it is left alone.
_PIECE: Final = 5_000
_MOST_LOOKS: Final = 20_000
_MOST_IN_VAIN: Final = 5
#: Whose the holes are that no source fills.
CHAIN: Final = "chain"


@dataclasses.dataclass(frozen=True, slots=True)
class Audited:
    """What became of one source: its closed bars of the span, and why there are no more."""

    name: str
    outcome: Literal["bars", "not_here", "failed", "skipped"]
    bars: Bars
    reason: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class AuditReport:
    """The sources of a chain over a span (ms), and what is wrong with them, kind by kind in the order of time."""

    symbol: str
    timeframe: Timeframe
    start: int
    end: int
    sources: tuple[Audited, ...]
    findings: tuple[Finding, ...]


def audit(adapter: ContextDataAdapter, symbol: str, timeframe: Timeframe, start: int, end: int | None) -> AuditReport:
    """Look at the closed bars with open_time >= `start` that end by min(`end`, now). Times in ms.

    Raises RequestError for a span that makes no sense or has no whole window, AllSourcesFailed if there is neither a
    bar nor anything wrong.
    """
    session = adapter.session
    policy = session.policy
    request = BarRequest(symbol, None, timeframe, start=start, end=end)
    query = request.query(adapter.now, policy.lateness(session.clock), policy.markets)
    readers = [_Reader(session, link, query) for link in adapter.chain.sources]
    sources = tuple(reader.read() for reader in readers)
    with_bars = [reader for reader, each in zip(readers, sources, strict=True) if len(each.bars)]
    findings = [finding for reader in readers for finding in reader.findings]
    findings += _holes(query, with_bars)
    findings += _disagreements([each for each in sources if len(each.bars)])
    if not findings and not with_bars:
        raise AllSourcesFailed(str(query), [Attempt(each.name, each.outcome, reason=each.reason) for each in sources])
    until = query.limit // _MINUTE * _MINUTE  # now has ms, and no bar ends between two minutes
    return AuditReport(symbol, query.timeframe, start, until, sources, tuple(findings))


def _disagreements(sources: Sequence[Audited]) -> Iterator[Finding]:
    """Each is compared with each before it. A bar is told once, beside the first source that has it otherwise.

    Who stamps its bars with their ends is compared with no other any more.
    """
    late: set[str] = set()
    for place, each in enumerate(sources):
        told: set[int] = set()
        for before in sources[:place]:
            if late & {before.name, each.name}:
                continue
            for finding in compare_sources(before.bars, before.name, each.bars, each.name):
                if finding.kind == "label_shift":
                    late.add(finding.stamped)
                if finding.kind == "label_shift" or finding.number > 1 or finding.start not in told:
                    yield finding
                told.add(finding.start)


class _Said(NamedTuple):
    """What a source said of a piece: why it failed, or what it noted beside its bars.

    is_overdue  it took all the time there was, so its parts are not asked for
    """

    kind: Literal["failed", "note"]
    text: str
    is_overdue: bool = False


class _Reader:
    """Reads all that one source has of the span, and notes what is wrong with it. Windows are numbers."""

    def __init__(self, session: Engine, link: ChainLink, query: Query) -> None:
        self._session, self._query, self._timeframe = session, query, query.timeframe
        self.name, self._source = link.name, link.source
        self._reason, self._spelling = link.why, query.symbol
        self._parts: list[Bars] = []
        self._bars = Bars.empty(query.symbol, query.timeframe)
        self._holes: dict[Hole, None] = {}
        self._said: dict[_Said, list[Finding]] = {}
        self._rows: dict[Finding, None] = {}
        self._looks = self._in_vain = 0
        self._is_over = False  # it is to be left alone

    @property
    def findings(self) -> list[Finding]:
        """What is wrong, in the order of time."""
        said = itertools.chain.from_iterable(self._said.values())
        return sorted([*said, *self._rows], key=lambda finding: (finding.start, -finding.size))

    def read(self) -> Audited:
        """Ask for everything."""
        try:
            if not self._takes_part():
                return Audited(self.name, "skipped", self._bars, self._reason)
            self._read_pieces()
        except Exception as error:  # noqa: BLE001 - a stranger's code
            first, last = self._span()
            self._tell(first, last, _Said("failed", describe(error)))
        self._join()
        if len(self._bars):
            return Audited(self.name, "bars", self._bars)
        failed = any(said.kind == "failed" for said in self._said)
        return Audited(self.name, "failed" if failed else "not_here", self._bars, "" if failed else self._reason)

    @property
    def open_times(self) -> NDArray[np.int64]:
        """Of the bars that it has, ms."""
        return self._bars.open_times

    def answered(self) -> ChainLink:
        """In place of the source: one that has these bars in hand, and is what the source is."""
        capabilities = Capabilities() if self._source is None else self._source.capabilities
        return ChainLink(self.name, _Answered(capabilities, self._bars, tuple(self._holes)))

    def _takes_part(self) -> bool:
        if self._source is None:
            return False
        spelling, self._reason = participation(self._source, self._query, self._timeframe)
        self._spelling = spelling or ""
        return spelling is not None

    def _span(self) -> tuple[int, int]:
        """The first window that is asked for, and the last that is over."""
        return self._timeframe.first_from(self._query.start or 0), self._timeframe.slot(self._query.limit) - 1

    def _end(self, window: int) -> int:
        return self._timeframe.end(self._timeframe.open_time(window))

    def _read_pieces(self) -> None:
        first, last = self._span()
        if self._source is not None and not self._source.capabilities.states_closed:
            last = min(last, self._timeframe.slot(self._query.now - self._query.late_after) - 1)
        while first <= last and not self._is_over:
            until = min(first + _PIECE, last)
            said = self._ask(first, until)
            if said is not None and said.is_overdue:  # a large file is read once
                said = self._ask(first, until)
            in_vain = self._in_vain
            if said is not None:
                self._look_closer(first, until, said)
            if self._in_vain == in_vain:
                self._in_vain = 0
            self._is_over |= self._in_vain >= _MOST_IN_VAIN
            first = until + (until == last)  # one window is asked for again: what is wrong may be between two
        if first <= last:
            self._tell(first, last, _Said("failed", "was left alone, so what it has of the rest is not known"))

    # asking ----------------------------------------------------------------------------------------------------------

    def _look_closer(self, first: int, last: int, said: _Said) -> None:
        """A source said something of this piece: find out which part of it that is about."""
        if self._looks >= _MOST_LOOKS or self._is_over:
            self._tell(first, last, said._replace(text=f"{said.text}; what else is wrong there was not looked for"))
            return
        if said.is_overdue:
            self._tell(first, last, said)
            self._in_vain += 1
            return
        if last - first <= 1:
            self._look_at_two(first, last, said)
            return
        middle = (first + last) // 2
        halves = [(first, middle), (middle, last)]
        heard = [self._ask(*half) for half in halves]
        if not any(heard) or (heard == [said, said] and self._ask(first, first) == self._ask(last, last) == said):
            self._tell(first, last, said)
            self._in_vain += said.kind == "failed" and last - first >= _PIECE
            return
        for half, each in zip(halves, heard, strict=True):
            if each is not None:
                self._look_closer(*half, each)

    def _look_at_two(self, first: int, last: int, said: _Said) -> None:
        """Two windows, or one: it is about either of them, or between them."""
        heard = {window: self._ask(window, window) for window in (first, last)} if first < last else {first: said}
        for window, each in heard.items():
            if each is not None:
                self._tell(window, window, each)
        if not any(heard.values()):
            self._tell(first, last, said)

    def _ask(self, first: int, last: int) -> _Said | None:
        """Keep what there is of these windows; what was said of it."""
        source, query = self._source, self._query
        if source is None:
            return None
        self._looks += 1
        start, end = self._timeframe.open_time(first), self._end(last)
        request = HistoryRequest(self._spelling, self._timeframe, end, start, live=query.live, now=query.now)
        began = time.monotonic()
        try:
            answer = self._session.ask(self.name, source, request)
            check_series(answer, request)
            bars, findings = judge_rows(answer, self.name, query.market.prices)
            self._rows.update(dict.fromkeys(findings))
            self._keep(split_visible(bars, request, query.now - query.late_after)[0])
        except NotHere as reason:
            self._reason = describe(reason)
            return None
        except Exception as error:  # noqa: BLE001 - whatever a source does is a finding
            if getattr(error, "retry_after", 0):
                self._is_over = True
            is_overdue = time.monotonic() - began >= self._session.config.settings.source_deadline
            return _Said("failed", describe(error), is_overdue)
        self._holes.update(dict.fromkeys(answer.holes))
        return _Said("note", answer.note) if answer.note else None

    def _keep(self, bars: Bars) -> None:
        if len(bars):
            self._parts.append(bars.named(self._query.symbol, self.name))

    def _join(self) -> None:
        """Make one of all that was kept: neighbours first, so that no bar is copied more often than it must be."""
        parts = self._parts
        while len(parts) > 1:
            pairs = [parts[at : at + 2] for at in range(0, len(parts), 2)]
            parts = [functools.reduce(merge, pair) for pair in pairs]
        self._bars = parts[0] if parts else self._bars

    def _tell(self, first: int, last: int, said: _Said) -> None:
        """A text that goes on where it was said before is one finding."""
        start, end = self._timeframe.open_time(first), self._end(last)
        told = self._said.setdefault(said, [])
        if told and start <= told[-1].end:
            before = told.pop()
            start, end = min(start, before.start), max(end, before.end)
        told.append(Finding(said.kind, self.name, start, end, said.text))


# holes ---------------------------------------------------------------------------------------------------------------


class _Answered(Source):
    """What a source answered, to be asked for again by the rules of the chain."""

    def __init__(self, capabilities: Capabilities, bars: Bars, holes: tuple[Hole, ...]) -> None:
        self.capabilities = dataclasses.replace(
            capabilities, blocking=False, symbols=None, timeframes=(bars.timeframe.name,), states_closed=True
        )
        self._bars, self._holes = bars, holes

    def get_history(self, request: HistoryRequest) -> Bars:
        """The bars of the span."""
        bars = self._bars
        inside = bars.ends <= request.end
        if request.start is not None:
            inside &= bars.open_times >= request.start
        return bars.take(bars.rows[inside]).replace(holes=self._holes, unbroken=False)


def _holes(query: Query, readers: Sequence[_Reader]) -> Iterator[Finding]:
    """What is missing between the bars of all sources together, and between those of each, where others have some."""
    for hole in _answer(query, readers):
        yield Finding("hole", CHAIN, hole.start, hole.end, f"{hole.count:,} missing", hole.count, hole.count)
    for reader in readers:
        others = [other.open_times for other in readers if other is not reader]
        there = np.unique(np.concatenate(others)) if others else np.zeros(0, np.int64)
        for hole in _answer(query, [reader]):
            first, last = np.searchsorted(there, [hole.start, hole.end]).tolist()
            if first < last:
                text = f"{hole.count:,} missing, of which others have {last - first:,}"
                yield Finding("hole", reader.name, hole.start, hole.end, text, hole.count, hole.count)


def _answer(query: Query, readers: Sequence[_Reader]) -> tuple[Hole, ...]:
    """The holes in what these sources together answer."""
    try:
        return SourceChain([reader.answered() for reader in readers]).resolve(query).bars.holes
    except AllSourcesFailed:
        return ()
