"""Aggregation: what all sources left missing is made of finer bars, whose own holes are filled in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from wealthsources.model.attempt import Attempt
from wealthsources.resolve.aggregate import aggregate
from wealthsources.resolve.finer_query import MOST_FINER, finer_query, may_go_on
from wealthsources.resolve.known_empty import NO_SPANS

if TYPE_CHECKING:
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.answer_builder import AnswerBuilder
    from wealthsources.resolve.finer_query import FinerQuery
    from wealthsources.resolve.query import Query


class Asked(NamedTuple):
    """The sources asked in order: their answer so far, each attempt, and who may block and has failed."""

    builder: AnswerBuilder
    attempts: list[Attempt]
    failed: frozenset[str]


class Chain(Protocol):
    """What is asked for finer bars."""

    def ask(self, query: Query, failed: frozenset[str]) -> Asked:
        """Ask the sources in order, but for those that have `failed`."""

    def is_served(self, query: Query, timeframe: Timeframe) -> bool:
        """Whether any source takes part in such requests for that timeframe."""


class Aggregation:
    """One request's resort to finer bars.

    attempts  what was asked of the finer timeframes that have bars
    in_vain   failures of others, which may be no matter, as where a source knows no such timeframe
    """

    def __init__(self, chain: Chain, most_finer: int = MOST_FINER) -> None:
        self.attempts: list[Attempt] = []
        self.in_vain: list[Attempt] = []
        self._chain = chain
        self._most = most_finer

    def fill(self, builder: AnswerBuilder, failed: frozenset[str]) -> frozenset[str]:
        """Make what is missing of the coarsest finer bars there are. Returns who may block and has failed by now."""
        for finer in builder.query.timeframe.finer():
            if not self._chain.is_served(builder.query, finer):
                continue
            asked = finer_query(builder, finer, most=self._most)
            part, attempts, failed = self._chain.ask(asked.query, failed)
            told = _told(attempts, finer)
            if part.is_empty:
                self.in_vain += [attempt for attempt in told if attempt.outcome == "failed"]
                continue
            self.attempts += told
            self._add(builder, part, failed)
            return self._go_back(builder, asked, part, failed)
        return failed

    def _go_back(
        self, builder: AnswerBuilder, asked: FinerQuery, part: AnswerBuilder, failed: frozenset[str]
    ) -> frozenset[str]:
        """Bars are counted, not windows: one without all its parts is made up for by an older one."""
        finer, before, most = asked.query.timeframe, -1, self._most
        while builder.lacks_head and part.is_full and _count(part) < most and len(builder.bars) > before:
            before = len(builder.bars)
            asked = finer_query(builder, finer, 4 * _count(part), self._most)
            part, attempts, failed = self._chain.ask(asked.query, failed)
            self.attempts += _told(attempts, finer)
            self._add(builder, part, failed)
        if asked.clipped and may_go_on(part, builder.query.timeframe):
            text = f"no more than {most:,} finer bars are made into others (a fixed limit), so older ones are missing"
            self.attempts.append(Attempt("the chain", "failed", reason=text, finer=finer))
        return failed

    def _add(self, builder: AnswerBuilder, part: AnswerBuilder, failed: frozenset[str]) -> None:
        """Make bars of the finer ones, after what is missing there was made of still finer ones."""
        if part.wants_finer:
            self.fill(part, failed)
        bars = part.build()
        until = None if part.quiet is None else part.quiet.until
        empty = NO_SPANS if part.quiet is not None else part.missing.empty.spans
        made = aggregate(bars, builder.query.timeframe, forming=part.may_form, quiet_until=until, empty=empty)
        builder.missing.learn_finer(empty, bars.timeframe, made.open_times)
        builder.add_aggregated(made, bars.behind, part.differs, until)


def _count(part: AnswerBuilder) -> int:
    return part.query.count or 0


def _told(attempts: list[Attempt], finer: Timeframe) -> list[Attempt]:
    """What is worth telling of requests for a finer timeframe."""
    return [attempt._replace(finer=finer) for attempt in attempts if attempt.outcome not in ("skipped", "not_asked")]
