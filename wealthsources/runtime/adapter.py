"""ContextDataAdapter: one strategy's view of the chain, bound to its context and its time."""

from __future__ import annotations

import copy
import dataclasses
import logging
import operator
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

import numpy as np

from wealthsources.model.bars import Bars, time_text
from wealthsources.model.errors import (
    AllSourcesFailed,
    ClockError,
    HoleError,
    RequestError,
    StaleDataError,
    WealthSourcesError,
)
from wealthsources.model.timeframe import EARLIEST_TIME, LATEST_TIME, Timeframe
from wealthsources.resolve.answer_builder import Query
from wealthsources.resolve.chain import Attempt, SourceChain, describe
from wealthsources.runtime.clocks import EngineClock, FeedClock, context_time, current_bar_end, field

if TYPE_CHECKING:
    import datetime as dt

    from wealthsources.runtime.clocks import Clock
    from wealthsources.runtime.session import Session

Mode = Literal["auto", "live", "backtest"]
OnHole = Literal["mark", "raise", "trim"]
OnStale = Literal["mark", "raise"]

_log = logging.getLogger("wealthsources.adapter")


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """How an adapter answers when bars are missing. Times in ms.

    on_stale None: raise in a live binding, mark in a backtest.
    """

    on_hole: OnHole = "mark"
    on_stale: OnStale | None = None
    max_behind: int = 1
    late_after: int = 5_000


class DataAdapter(ABC):
    """What a strategy's façade reads bars from."""

    @abstractmethod
    def get_history(
        self,
        symbol: str,
        count: int | None = None,
        timeframe: Timeframe | str = "1h",
        *,
        start: int | None = None,
        end: int | None = None,
        include_now: bool = False,
        on_hole: OnHole | None = None,
        on_stale: OnStale | None = None,
    ) -> Bars:
        """The newest `count` closed bars, or those from `start`, that end by min(`end`, now); oldest first."""

    @abstractmethod
    def get_all_symbols(self) -> list[str]:
        """The symbols there are bars of, sorted."""


class ContextDataAdapter(DataAdapter):
    """Resolves bars through the chain, for one strategy.

    `ContextDataAdapter(context)` alone reads that context only and is a backtest: now is the context's clock.
    `session.adapter(context)` reads the session's whole chain. `zone` is that of a `context.current_dt` without one.
    """

    def __init__(
        self,
        context: object = None,
        *,
        session: Session | None = None,
        mode: Mode = "auto",
        zone: dt.tzinfo | None = None,
    ) -> None:
        if session is None:
            from wealthsources.runtime.session import context_session  # noqa: PLC0415 - the session makes adapters

            if context is None:
                raise RequestError("an adapter without a session needs a context to read")
            session, mode = context_session(), "backtest"
        self.context = context
        self.session = session
        self.mode: Literal["live", "backtest"] = session.settle(context, mode, zone)
        self.chain: SourceChain = session.chain_for(context, live=self.mode == "live")
        self._policy = session.policy
        self._engine = EngineClock(context, zone) if self.mode == "backtest" else None
        self._frozen: int | None = None

    def frozen(self) -> ContextDataAdapter:
        """The same adapter at this very time: what it answers from now on is of one moment."""
        view = copy.copy(self)
        view._frozen = self.now()
        return view

    @property
    def clock(self) -> Clock:
        """The clock of this binding: the engine's in a backtest, else the session's."""
        return self._engine or self.session.clock

    def now(self) -> int:
        """The time beyond which nothing is seen, ms. Raises ClockError if nothing tells it."""
        if self._frozen is not None:
            return self._frozen
        if self._engine is not None:
            return self._engine.now()
        try:
            now = self.session.clock.now()
        except ClockError:
            end = None if self.context is None else current_bar_end(self.context)
            if end is None:
                raise
            return end
        if self.context is None or isinstance(self.session.clock, FeedClock):
            return now
        bound = field(self.context, "now_ms")
        return now if bound is None else max(now, context_time(self.context) or now)

    def get_history(
        self,
        symbol: str,
        count: int | None = None,
        timeframe: Timeframe | str = "1h",
        *,
        start: int | None = None,
        end: int | None = None,
        include_now: bool = False,
        on_hole: OnHole | None = None,
        on_stale: OnStale | None = None,
    ) -> Bars:
        """Bars of `symbol`, oldest first: the newest `count`, or those with open_time >= `start`.

        All of them are closed and end by min(`end`, now); with `include_now` the one that is forming may follow, as
        one of `count`. Times are ms since 1970, UTC. Fewer bars than `count` is no error.

        on_hole   mark: list holes in `bars.holes` · raise: HoleError · trim: keep the newest unbroken run
        on_stale  mark: say it in `bars.behind` · raise: StaleDataError

        Raises RequestError for a request that makes no sense, AllSourcesFailed if no source has any bar, ClockError
        if nothing tells what now is.
        """
        query = self._query(symbol, count, timeframe, start, end, include_now)
        bars, attempts = self._resolve(query)
        if bars.holes:
            bars = self._with_holes(bars, on_hole or self._policy.on_hole)
        self._refuse_stale(bars, attempts, query, on_stale)
        return bars

    def explain(
        self,
        symbol: str,
        count: int | None = None,
        timeframe: Timeframe | str = "1h",
        *,
        start: int | None = None,
        end: int | None = None,
        include_now: bool = False,
        on_hole: OnHole | None = None,
        on_stale: OnStale | None = None,
    ) -> Explanation:
        """How `get_history` with the same arguments comes to its answer, or to its error: prints as a table."""
        query = self._query(symbol, count, timeframe, start, end, include_now)
        attempts: tuple[Attempt, ...] = ()
        bars: Bars | None = None
        error: WealthSourcesError | None = None
        try:
            bars, attempts = self._resolve(query)
            if bars.holes:
                bars = self._with_holes(bars, on_hole or self._policy.on_hole)
            self._refuse_stale(bars, attempts, query, on_stale)
        except AllSourcesFailed as failure:
            error, attempts = failure, failure.attempts
        except WealthSourcesError as refusal:
            error = refusal
        return Explanation(str(query), query.now, attempts, bars, error)

    def get_all_symbols(self) -> list[str]:
        """The symbols that the sources of this binding list, sorted; a spelling is listed as its source has it."""
        found: set[str] = set()
        for named in self.chain.sources:
            if named.source is None:
                continue
            try:
                if self.mode == "live" or not named.source.capabilities.live:
                    found.update(named.source.get_all_symbols())
            except Exception as error:  # noqa: BLE001 - a stranger's code
                _log.warning("source %s cannot list its symbols: %s", named.name, describe(error))
        return sorted(found)

    # -----------------------------------------------------------------------------------------------------------

    def _query(
        self,
        symbol: str,
        count: int | None,
        timeframe: Timeframe | str,
        start: int | None,
        end: int | None,
        include_now: bool,
    ) -> Query:
        if not isinstance(symbol, str) or not symbol:
            raise RequestError(f"symbol must be text like 'BTCUSDT', was {symbol!r}")
        if count is not None:
            count = _whole(count, "count")
            if count < 1:
                raise RequestError(f"count must be at least 1, was {count}")
        if (count is None) == (start is None):
            raise RequestError("give either count or start" + ("" if count is None else ", not both"))
        if start is not None:
            start = _whole(start, "start")
        if end is not None:
            end = _whole(end, "end")
        if start is not None and end is not None and start > end:
            raise RequestError(f"start ({time_text(start)}) is after end ({time_text(end)})")
        live = self.mode == "live"
        late_after = self._policy.late_after if live and self.session.clock.name == "system" else 0
        return Query(symbol, Timeframe(timeframe), self.now(), count, start, end, include_now, live, late_after)

    def _resolve(self, query: Query) -> tuple[Bars, tuple[Attempt, ...]]:
        resolution = self.chain.resolve(query)
        if resolution.differs:
            self.session.note_disagreements(resolution)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s: %s", query, "; ".join(attempt.line() for attempt in resolution.attempts))
        return resolution.bars, resolution.attempts

    def _with_holes(self, bars: Bars, policy: OnHole) -> Bars:
        if policy == "trim":
            return newest_run(bars)
        text = "; ".join(str(hole) for hole in bars.holes)
        if policy == "raise":
            raise HoleError(f"{bars.symbol} {bars.timeframe} has holes: {text} (UTC)", bars, bars.holes)
        for hole in bars.holes:
            self.session.warn_of_hole(bars.symbol, bars.timeframe, hole)
        return bars

    def _refuse_stale(self, bars: Bars, attempts: tuple[Attempt, ...], query: Query, on_stale: OnStale | None) -> None:
        policy = on_stale or self._policy.on_stale or ("raise" if query.live else "mark")
        if policy == "mark":
            return
        if bars.behind > self._policy.max_behind:
            raise StaleDataError(
                f"{bars.symbol} {bars.timeframe} is stale: the newest {bars.behind} bars are missing", bars, attempts
            )
        if query.live and self.session.clock.name == "feed" and query.limit == query.now:
            idle = self.session.stale_for(query.symbol, query.timeframe)
            if idle is not None and idle * 1000 > self._policy.late_after:
                raise StaleDataError(
                    f"{bars.symbol} {bars.timeframe} is stale: no live stream for {idle:.0f} s, so time stands still",
                    bars,
                    attempts,
                )


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """How one answer came about. `str()` of it is a table; `bars` is the answer, or `error` why there is none."""

    request: str
    now: int
    attempts: tuple[Attempt, ...]
    bars: Bars | None
    error: WealthSourcesError | None

    def __str__(self) -> str:
        rows = [("source", "outcome", "bars", "ms", "reason")]
        rows += [
            (
                attempt.asked,
                attempt.outcome.replace("_", " "),
                str(attempt.bars) if attempt.outcome == "bars" else "",
                f"{attempt.elapsed * 1000:.2f}" if attempt.elapsed else "",
                "; ".join(filter(None, (attempt.reason, f"{attempt.differs} differ" if attempt.differs else ""))),
            )
            for attempt in self.attempts
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [self.request]
        for row in rows:
            cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
            lines.append("  ".join([*cells, row[4]]).rstrip())
        return "\n".join([*lines, *self._verdict()])

    def _verdict(self) -> list[str]:
        if self.error is not None:
            first = str(self.error).splitlines()[0]
            return [f"{type(self.error).__name__}: {first}"]
        bars = self.bars
        if bars is None or not len(bars):
            return ["no bar fits"]
        counts = dict.fromkeys(bars.sources, 0)
        for code in bars.source_codes.tolist():
            counts[bars.sources[code]] += 1
        shares = ", ".join(f"{count} from {name}" for name, count in counts.items() if count)
        lines = [f"{len(bars)} bars, {time_text(bars[0].open_time)} to {time_text(bars[-1].end)} UTC: {shares}"]
        lines += [f"hole: {hole} UTC" for hole in bars.holes]
        if bars.behind:
            lines.append(f"behind: the newest {bars.behind} bars are missing")
        return lines


def newest_run(bars: Bars) -> Bars:
    """The bars after the newest hole."""
    if not bars.holes:
        return bars
    first = int((bars.open_times < bars.holes[-1].end).sum())
    kept = bars.take(bars.rows[first:])
    return Bars(
        kept.symbol,
        kept.timeframe,
        kept.rows,
        kept.sources,
        kept.texts,
        behind=bars.behind,
        failed=bars.failed,
        trusted=True,
        unbroken=True,
    )


def _whole(value: object, what: str) -> int:
    """A whole number; numpy's will do, a bool will not."""
    if hasattr(value, "__index__") and not isinstance(value, bool | np.bool_):
        number = operator.index(value)
        if what != "count" and not EARLIEST_TIME <= number <= LATEST_TIME:
            raise RequestError(f"{what} must be a time in ms of the years 1 to 9999, was {number}")
        return number
    unit = "" if what == "count" else " of ms since 1970"
    raise RequestError(f"{what} must be a whole number{unit}, was {value!r}")
