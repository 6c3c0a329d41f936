"""SourceChain: whom to ask for what is missing, in which order, and what became of it.

A request is for closed bars up to `now`. The sources are asked in order, each once, for the span from the oldest to
the newest bar that is still missing; this ends as soon as nothing is. An earlier source beats a later one, bar by bar.
What all of them left missing is made of finer bars, if the sources have those. What an answer may add is for
`AnswerBuilder` to say: no bar that ends after `now`, and none that nobody vouches for as closed, gets past it.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from typing import TYPE_CHECKING, Literal, NamedTuple

from wealthsources.model.answer_errors import AllSourcesFailed
from wealthsources.model.attempt import Attempt
from wealthsources.model.errors import NotHere
from wealthsources.model.text import describe, short_repr
from wealthsources.resolve.aggregation import Aggregation, Asked
from wealthsources.resolve.answer_builder import AnswerBuilder
from wealthsources.resolve.finer_query import MOST_FINER
from wealthsources.resolve.overlap import NO_SEAM, LabelShift, Overlap
from wealthsources.resolve.query import participation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from wealthsources.model.bars import Bars
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.answer_builder import Added
    from wealthsources.resolve.circuit_breaker import CircuitBreaker
    from wealthsources.resolve.known_empty import KnownEmpty
    from wealthsources.resolve.query import Query
    from wealthsources.source import HistoryRequest, Source

_log = logging.getLogger("wealthsources.chain")


class ChainLink(NamedTuple):
    """A source under its name in this deployment, as it takes part for one adapter; None: it does not, for `why`."""

    name: str
    source: Source | None
    why: str = ""


class Resolution(NamedTuple):
    """An answer with the record of how it came about; `differs` as in its attempts, together."""

    bars: Bars
    attempts: tuple[Attempt, ...]
    differs: int

    def __repr__(self) -> str:
        return short_repr(self, lambda: self.bars, lambda: "; ".join(attempt.line() for attempt in self.attempts))


class SourceChain:
    """The ordered sources of one adapter. `call` asks one that may block; a session's knows deadlines and workers.

    `breakers`, by name, are those of sources that may block; one that never does needs none, and in a backtest, whose
    answers must be the same every time, none is used. `known_empty` remembers what never existed. No more than
    `most_finer` finer bars are asked for to make coarser ones of. `log` is told what goes wrong beside the answers.
    """

    def __init__(
        self,
        sources: Sequence[ChainLink],
        call: Callable[[str, Source, HistoryRequest], Bars] | None = None,
        breakers: Mapping[str, CircuitBreaker] | None = None,
        known_empty: KnownEmpty | None = None,
        most_finer: int = MOST_FINER,
        log: logging.Logger = _log,
    ) -> None:
        self.sources = tuple(sources)
        self._known_empty = known_empty
        self._call = call or (lambda _name, source, request: source.get_history(request))
        self._breakers = breakers or {}
        self._most_finer = most_finer
        self._log = log
        self._overlap = Overlap()

    def resolve(self, query: Query) -> Resolution:
        """Answer the query as well as the sources can. Raises AllSourcesFailed if there is no bar at all."""
        builder, attempts, failed = self.ask(query)
        if (not builder.complete or query.include_now) and builder.wants_finer:
            return self._resolve_with_finer(builder, attempts, failed)
        return Resolution(builder.build(attempts), tuple(attempts), builder.differs)

    def _resolve_with_finer(
        self, builder: AnswerBuilder, attempts: list[Attempt], failed: frozenset[str]
    ) -> Resolution:
        finer = Aggregation(self, self._most_finer)
        failed = finer.fill(builder, failed)
        told = {attempt.source for attempt in attempts if attempt.outcome == "failed"}
        in_vain = [attempt for attempt in finer.in_vain if attempt.source not in told]
        if builder.lacks_all:
            raise AllSourcesFailed(str(builder.query), attempts + in_vain + finer.attempts)
        # One that never blocks may just not know such a timeframe; of others it may have been the disk.
        reportable = [attempt for attempt in in_vain if attempt.source in failed]
        answer = builder.build(attempts + reportable + finer.attempts)
        return Resolution(answer, tuple(attempts + in_vain + finer.attempts), builder.differs)

    def ask(self, query: Query, failed: frozenset[str] = frozenset()) -> Asked:
        """Ask the sources in order until nothing is missing; but not those that may block and have `failed`."""
        builder = AnswerBuilder(query, self._known_empty, self._overlap)
        attempts: list[Attempt] = []
        if not builder.missing.is_possible and not query.include_now:
            return Asked(builder, attempts, failed)
        for place, link in enumerate(self.sources):
            if self._known_empty is not None and _can(link.source, "authoritative"):
                builder.missing.empty.recall(link.name)
            attempt = self._ask(link, builder, failed)
            attempts.append(attempt)
            if attempt.outcome == "failed" and _can(link.source, "blocking"):
                failed |= {link.name}
            if builder.complete:
                attempts += [Attempt(other.name, "not_asked") for other in self.sources[place + 1 :]]
                break
        return Asked(builder, attempts, failed)

    def is_served(self, query: Query, timeframe: Timeframe) -> bool:
        """Whether any source takes part in such requests for that timeframe."""
        sources = [link.source for link in self.sources if link.source is not None]
        try:
            return any(participation(source, query, timeframe)[0] is not None for source in sources)
        except Exception:  # noqa: BLE001 - a stranger's code; it fails where it is asked
            return True

    def stale_for(self, symbol: str, timeframe: Timeframe) -> float | None:
        """Seconds for which all live streams of the series, else of all series, have been stale; None: no stream."""
        try:
            live = [link.source for link in self.sources if link.source is not None and link.source.capabilities.live]
            ages = [age for source in live if (age := source.stale_for(symbol, timeframe)) is not None]
            if not ages:
                ages = [age for source in live if (age := source.stale_for()) is not None]
        except Exception:  # noqa: BLE001 - a stranger's code
            self._log.exception("a live source cannot tell whether it is stale; it is taken as such")
            return float("inf")
        return min(ages, default=None)

    def _ask(self, link: ChainLink, builder: AnswerBuilder, failed: frozenset[str]) -> Attempt:
        name, source, query = link.name, link.source, builder.query
        if source is None:
            return Attempt(name, "skipped", reason=link.why)
        if failed and name in failed:
            return Attempt(name, "skipped", reason="it has just failed")
        began = time.perf_counter()
        try:
            spelling, why = participation(source, query, query.timeframe)
            if spelling is None:
                return Attempt(name, "skipped", reason=why)
            request = builder.request_to(source, spelling)
            if request is None:
                return Attempt(name, "not_asked")
            added = self._take(name, source, request, builder)
            if builder.lacks_voucher and source.capabilities.live:
                builder.vouch(by=source.stale_for(spelling, query.timeframe))
        except NotHere as reason:
            return Attempt(name, "not_here", 0, time.perf_counter() - began, describe(reason))
        except Exception as error:  # noqa: BLE001 - whatever a source does, the strategy gets an answer
            self._log.debug("source %s failed", name, exc_info=True)
            elapsed, seam = time.perf_counter() - began, error.seam if isinstance(error, LabelShift) else NO_SEAM
            return Attempt(name, "failed", 0, elapsed, describe(error), seam.differs, None, seam.stamped)
        outcome, new, said, seam = added
        return Attempt(name, outcome, new, time.perf_counter() - began, said, seam.differs, None, seam.stamped)

    def _take(self, name: str, source: Source, request: HistoryRequest, builder: AnswerBuilder) -> Added:
        if not source.capabilities.blocking:
            return builder.add(source.get_history(request), name, request, source, source.get_history)
        ask = functools.partial(self._call, name, source)
        breaker = self._breakers.get(name) if request.live else None
        with contextlib.nullcontext() if breaker is None else breaker.guard():  # an invalid answer fails too
            return builder.add(source.get_at_once(request) or ask(request), name, request, source, ask)


def _can(source: Source | None, capability: Literal["blocking", "authoritative"]) -> bool:
    """What a source says of itself. One that cannot say it may block, and is no authority."""
    try:
        return source is not None and getattr(source.capabilities, capability)
    except Exception:  # noqa: BLE001 - a stranger's code
        return capability == "blocking"
