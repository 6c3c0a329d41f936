"""SourceChain: whom to ask for what is missing, in which order, and what became of it. Pure logic.

A request is for closed bars up to `now`. The sources are asked in order, each once, for the span from the oldest to
the newest bar that is still missing; the walk ends as soon as nothing is. An earlier source beats a later one, bar by
bar. What all of them left missing is made of finer bars, if the sources have those. What an answer may add is for
`Walk` to say: no bar that ends after `now`, and none that nobody vouches for as closed, gets past it.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from wealthsources.model.bars import Bars
from wealthsources.model.errors import AllSourcesFailed, NotHere
from wealthsources.model.symbols import match_symbol
from wealthsources.resolve.aggregate import aggregate, finer_than
from wealthsources.resolve.answer_builder import MOST_FINER, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.answer_builder import Query
    from wealthsources.resolve.circuit_breaker import Breaker
    from wealthsources.resolve.known_empty import Empties
    from wealthsources.source import HistoryRequest, Source

Outcome = Literal["bars", "not_here", "failed", "skipped", "not_asked"]

_log = logging.getLogger("wealthsources.chain")


class Attempt(NamedTuple):
    """One source asked once: what came of it.

    outcome  bars · not_here · failed · skipped (does not take part) · not_asked (nothing was missing any more)
    bars     how many bars of the answer came through it
    elapsed  seconds
    differs  bars that an earlier source of the chain has too, with other values; that one's were taken
    finer    the timeframe it was asked for, if that was a finer one to make the bars of
    """

    source: str
    outcome: Outcome
    bars: int = 0
    elapsed: float = 0.0
    reason: str = ""
    differs: int = 0
    finer: Timeframe | None = None

    @property
    def asked(self) -> str:
        """The source, and what it was asked for if that was a finer timeframe: "archive (1m)"."""
        return f"{self.source} ({self.finer})" if self.finer else self.source

    def line(self) -> str:
        """As one line of text."""
        words = {"bars": f"{self.bars} bars", "not_here": "not here", "not_asked": "not asked"}
        text = f"{self.asked}: {words.get(self.outcome, self.outcome)}"
        if self.elapsed:
            text += f" in {self.elapsed * 1000:.1f} ms"
        if self.differs:
            text += f", {self.differs} of them differ from an earlier source's"
        return f"{text} - {self.reason}" if self.reason else text

    def __str__(self) -> str:
        return f"{self.asked}: {self.reason or self.outcome}"


class Named(NamedTuple):
    """A source under its name in this deployment, as it takes part for one adapter; None: it does not, for `why`."""

    name: str
    source: Source | None
    why: str = ""


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
        walk, attempts = self._walk(query)
        if (not walk.complete or query.include_now) and walk.wants_more:
            failed = {attempt.source for attempt in attempts if attempt.outcome == "failed"}
            used, vain = self._aggregate(walk)
            vain = [attempt for attempt in vain if attempt.source not in failed]
            if walk.nothing:
                raise AllSourcesFailed(str(query), attempts + vain + used)
            # One that never blocks may just not know such a timeframe; of others it may have been the disk.
            weighty = [attempt for attempt in vain if attempt.source in walk.failed]
            answer = walk.answer(attempts + weighty + used)
            return Resolution(answer, tuple(attempts + vain + used), walk.differ_in_all)
        if walk.nothing:
            raise AllSourcesFailed(str(query), attempts)
        return Resolution(walk.answer(attempts), tuple(attempts), walk.differ_in_all)

    def _walk(self, query: Query, failed: frozenset[str] = frozenset()) -> tuple[Walk, list[Attempt]]:
        """Ask the sources in order until nothing is missing."""
        walk = Walk(query, self._empties, failed)
        attempts: list[Attempt] = []
        if not walk.possible and not query.include_now:
            return walk, attempts
        for at, named in enumerate(self.sources):
            walk.remember(named.name)
            attempts.append(self._ask(named, walk))
            if walk.complete:
                attempts += [Attempt(other.name, "not_asked") for other in self.sources[at + 1 :]]
                break
        return walk, attempts

    def _aggregate(self, walk: Walk) -> tuple[list[Attempt], list[Attempt]]:
        """Make what is missing of the coarsest finer bars there are, whose own holes are filled in the same way.

        Returns what was asked of the finer timeframes that have bars; and failures of others, which may be no matter,
        as where a source knows no such timeframe.
        """
        vain: list[Attempt] = []
        for finer in finer_than(walk.query.timeframe):
            if not self._is_served(walk.query, finer):
                continue
            part, attempts = self._walk(walk.finer_query(finer), walk.failed)
            walk.failed = part.failed
            told = _told(attempts, finer)
            if part.empty:
                vain += [attempt for attempt in told if attempt.outcome == "failed"]
                continue
            self._make(walk, part, told, vain)
            # Bars are counted, not windows: one without all its parts is made up for by an older one.
            before = -1
            while walk.lacks_head and part.is_full and part.asked < MOST_FINER and len(walk.hand) > before:
                before = len(walk.hand)
                part, attempts = self._walk(walk.finer_query(finer, 4 * part.asked), walk.failed)
                told += _told(attempts, finer)
                self._make(walk, part, told, vain)
            if walk.clipped and part.may_go_on(walk.query.timeframe):
                text = f"no more than {MOST_FINER:,} finer bars are made into others, so older ones are missing"
                told.append(Attempt("the chain", "failed", reason=text, finer=finer))
            return told, vain
        return [], vain

    def _make(self, walk: Walk, part: Walk, told: list[Attempt], vain: list[Attempt]) -> None:
        """Make bars of the finer ones of a walk, after what is missing there was made of still finer ones."""
        if part.wants_more:
            used, others = self._aggregate(part)
            told += used
            vain += others
        query, bars = part.query, part.answer(())
        # Live, somebody has to know that nothing came after the newest closed one.
        forming = query.include_now and (not query.live or part.vouched or part.forming is not None)
        walk.take_aggregated(aggregate(bars, walk.query.timeframe, forming=forming), bars.behind)
        walk.differ_in_all += part.differ_in_all

    def _is_served(self, query: Query, finer: Timeframe) -> bool:
        """Whether any source takes part in requests for that timeframe."""
        sources = [named.source for named in self.sources if named.source is not None]
        try:
            return any(_participation(source, query, finer)[0] is not None for source in sources)
        except Exception:  # noqa: BLE001 - a stranger's code; it fails where it is asked
            return True

    def _ask(self, named: Named, walk: Walk) -> Attempt:
        source = named.source
        if source is None:
            return Attempt(named.name, "skipped", reason=named.why)
        if walk.failed and named.name in walk.failed:
            return Attempt(named.name, "skipped", reason="it has just failed")
        began, blocking = time.perf_counter(), True
        try:
            blocking = source.capabilities.blocking
            spelling, why = _participation(source, walk.query, walk.query.timeframe)
            if spelling is None:
                return Attempt(named.name, "skipped", reason=why)
            request = walk.request_to(source, spelling)
            if request is None:
                return Attempt(named.name, "not_asked")
            breaker = self._breakers.get(named.name) if blocking and walk.query.live else None
            if breaker is not None:
                with breaker.asking():  # garbage is found by taking it
                    bars = self._call(named.name, source, request)
                    added = walk.take(bars, named.name, request, source)
            else:
                bars = self._call(named.name, source, request)
                added = walk.take(bars, named.name, request, source)
            if walk.query.include_now and source.capabilities.live and not walk.vouched:
                walk.vouched = source.stale_for(spelling, walk.query.timeframe) == 0.0
        except NotHere as reason:
            return Attempt(named.name, "not_here", 0, time.perf_counter() - began, describe(reason))
        except Exception as error:  # noqa: BLE001 - whatever a source does, the strategy gets an answer
            _log.debug("source %s failed", named.name, exc_info=True)
            if blocking:
                walk.failed |= {named.name}
            return Attempt(named.name, "failed", 0, time.perf_counter() - began, describe(error))
        return Attempt(named.name, "bars", added, time.perf_counter() - began, bars.note, walk.differs)


def _told(attempts: list[Attempt], finer: Timeframe) -> list[Attempt]:
    """What is worth telling of requests for a finer timeframe."""
    return [attempt._replace(finer=finer) for attempt in attempts if attempt.outcome not in ("skipped", "not_asked")]


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


def _participation(source: Source, query: Query, timeframe: Timeframe) -> tuple[str | None, str]:
    """The symbol in the source's spelling; or None, and why it takes no part."""
    can = source.capabilities
    if can.live and not query.live:
        return None, "a live source takes no part in a backtest"
    if can.timeframes is not None and timeframe.name not in can.timeframes:
        return None, f"serves no {timeframe}; it has {', '.join(can.timeframes) or 'none'}"
    if can.symbols is None:
        return query.symbol, ""
    spelling = match_symbol(query.symbol, can.symbols)
    return spelling, "" if spelling is not None else f"does not know {query.symbol}"
