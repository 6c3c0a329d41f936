"""What the policies say of an answer from which bars are missing: it is marked, cut, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources.model.answer_errors import StaleDataError

if TYPE_CHECKING:
    from wealthsources.model.attempt import Attempt
    from wealthsources.model.bars import Bars
    from wealthsources.resolve.chain import SourceChain
    from wealthsources.resolve.query import BarRequest, OnStale, Query
    from wealthsources.runtime.engine import Engine


def judged(
    bars: Bars, attempts: tuple[Attempt, ...], query: Query, request: BarRequest, engine: Engine, chain: SourceChain
) -> Bars:
    """The answer of an adapter as the policies want it. Raises HoleError, StaleDataError."""
    if bars.holes:
        bars = engine.judge_holes(bars, request.on_hole)
    if bars.behind:
        engine.note_behind(bars, query)
    _refuse_stale(bars, attempts, query, request.on_stale, engine, chain)
    return bars


def _refuse_stale(
    bars: Bars,
    attempts: tuple[Attempt, ...],
    query: Query,
    on_stale: OnStale | None,
    engine: Engine,
    chain: SourceChain,
) -> None:
    policy = on_stale or engine.policy.on_stale or ("raise" if query.live else "mark")
    if policy == "mark":
        return
    if bars.behind > engine.policy.max_behind:
        what = f"the newest {bars.behind} bars are missing (max_behind: {engine.policy.max_behind})"
        raise StaleDataError(f"{bars.symbol} {bars.timeframe} is stale: {what}", bars, attempts)
    if query.live and engine.clock.name == "feed" and query.limit == query.now:
        idle = chain.stale_for(query.symbol, query.timeframe)
        if idle is not None and idle * 1000 > engine.stale_after:
            what = f"no live stream for {idle:.0f} s (more than late_after), so time stands still"
            raise StaleDataError(f"{bars.symbol} {bars.timeframe} is stale: {what}", bars, attempts)
