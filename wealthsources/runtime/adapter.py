"""ContextDataAdapter: one strategy's view of the chain, bound to its context and its time."""

from __future__ import annotations

import copy
import functools
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal

import wealthsources
from wealthsources.model.answer_errors import AllSourcesFailed
from wealthsources.model.errors import ClockError, RequestError, WealthSourcesError
from wealthsources.model.records import read_field
from wealthsources.model.text import short_repr
from wealthsources.resolve.chain import SourceChain
from wealthsources.resolve.explanation import Explanation
from wealthsources.resolve.query import BarRequest, takes_arguments_of
from wealthsources.runtime.clocks import EngineClock, FeedClock
from wealthsources.runtime.context_time import context_time, current_bar_end
from wealthsources.runtime.engine import Observation
from wealthsources.runtime.judging import judged
from wealthsources.runtime.latest_price import LatestPrice

if TYPE_CHECKING:
    import datetime as dt

    from wealthsources import Session
    from wealthsources.model.attempt import Attempt
    from wealthsources.model.bars import Bars
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.query import Knowledge, Query
    from wealthsources.runtime.binding_mode import Mode
    from wealthsources.runtime.symbol_lists import SymbolLists
    from wealthsources.source import Clock

_log = logging.getLogger("wealthsources.adapter")


class DataAdapter(ABC):
    """What a strategy's façade reads bars from."""

    @abstractmethod
    @takes_arguments_of(BarRequest)
    def get_history(self, request: BarRequest) -> Bars:
        """The newest `count` closed bars, or those from `start`, that end by min(`end`, now); oldest first."""

    @abstractmethod
    def get_all_symbols(self) -> list[str]:
        """The symbols there are bars of, sorted."""


class ContextDataAdapter(DataAdapter):
    """Resolves bars through the chain, for one strategy.

    `ContextDataAdapter(context)` alone reads that context only and is a backtest: now is the context's clock.
    `session.adapter(context)` reads the session's whole chain. `zone` is that of a `context.current_dt` without one.
    `known`: whether a backtest sees what was known then, or what is known now; None: as the session has it.
    """

    def __init__(
        self,
        context: object = None,
        *,
        session: Session | None = None,
        mode: Mode = "auto",
        zone: dt.tzinfo | None = None,
        known: Knowledge | None = None,
    ) -> None:
        if session is None:
            if context is None:
                raise RequestError("an adapter without a session needs a context to read")
            # The context alone: it owns nothing that would have to be stopped.
            session, mode = wealthsources.open({"sources": [{"plugin": "context"}]}), "backtest"
            session.start()
        self.context = context
        self.session = session
        self.mode: Literal["live", "backtest"] = session.decide_mode(context, mode, zone)
        self.chain: SourceChain = session.chain_for(context, live=self.mode == "live")
        self._engine_clock = EngineClock(context, zone, session.policy.markets.of) if self.mode == "backtest" else None
        self._frozen: int | None = None
        late = session.policy.known_late(known)
        # Live, by the system's time, all that is known is known by now; a feed's may be long ago.
        self._known_late = None if self.mode == "live" and session.clock.name == "system" else late

    def __repr__(self) -> str:
        context = "" if getattr(self, "context", None) is None else f"of {type(self.context).__name__}"
        return short_repr(self, lambda: self.mode, lambda: context, lambda: self.session)

    def frozen(self) -> ContextDataAdapter:
        """The same adapter at this very time: what it answers from now on is of one moment."""
        view = copy.copy(self)
        view._frozen = self.now()
        return view

    @property
    def clock(self) -> Clock:
        """The clock of this binding: the engine's in a backtest, else the session's."""
        return self._engine_clock or self.session.clock

    def now(self) -> int:
        """The time beyond which nothing is seen, ms. Raises ClockError if nothing tells it."""
        if self._frozen is not None:
            return self._frozen
        if self._engine_clock is not None:
            return self._engine_clock.now()
        try:
            now = self.session.clock.now()
        except ClockError:
            end = None if self.context is None else current_bar_end(self.context, self.session.policy.markets.of)
            if end is None:
                raise
            return end
        if self.context is None or isinstance(self.session.clock, FeedClock):
            return now
        bound = read_field(self.context, "now_ms")
        return now if bound is None else max(now, context_time(self.context) or now)

    @takes_arguments_of(BarRequest)
    def get_history(self, request: BarRequest) -> Bars:
        """Bars of `symbol`, oldest first: the newest `count`, or those with open_time >= `start`.

        All of them are closed and end by min(`end`, now); with `include_now` the one that is forming may follow, as
        one of `count`. Times are ms since 1970, UTC. Fewer bars than `count` is no error.

        on_hole   mark: list holes in `bars.holes` · raise: HoleError · trim: keep the newest unbroken run
        on_stale  mark: say it in `bars.behind` · raise: StaleDataError

        Raises RequestError for a request that makes no sense, AllSourcesFailed if no source has any bar, ClockError
        if nothing tells what now is.
        """
        if self.session.is_observed:
            return self._observed(request)
        query = self._query(request)
        bars, attempts = self._resolve(query)
        return judged(bars, attempts, query, request, self.session, self.chain)

    @takes_arguments_of(BarRequest)
    def explain(self, request: BarRequest) -> Explanation:
        """How `get_history` with the same arguments comes to its answer, or to its error: prints as a table."""
        query = self._query(request)
        attempts: tuple[Attempt, ...] = ()
        bars: Bars | None = None
        error: WealthSourcesError | None = None
        try:
            bars, attempts = self._resolve(query)
            bars = judged(bars, attempts, query, request, self.session, self.chain)
        except AllSourcesFailed as failure:
            error, attempts = failure, failure.attempts
        except WealthSourcesError as refusal:
            error = refusal
        return Explanation(str(query), query.now, attempts, bars, error)

    @property
    def symbol_lists(self) -> SymbolLists:
        """What the sources of this binding say of which symbols there are, and which of them cannot tell."""
        return self.session.symbol_lists(self.chain, live=self.mode == "live")

    def get_all_symbols(self) -> list[str]:
        """The symbols that the sources list, sorted, as these spell them. One that cannot list its own adds none."""
        symbols = self.symbol_lists.all_symbols()
        if self.session.is_observed:
            self.session.tell_observers(Observation(None, symbols=tuple(symbols)))
        return symbols

    def knows_symbol(self, symbol: str) -> bool:
        """Whether a source of this binding has the symbol, or may have it: one that cannot list its symbols may."""
        return self.symbol_lists.look_for(symbol).may_be_there

    def latest_price(self, symbol: str) -> float:
        """The newest close that may be seen, whichever series has it; see `runtime.latest_price`.

        Raises AllSourcesFailed if there is no bar, or if a source failed that may have had a newer one; StaleDataError
        if it is older than `max_price_age` or, live, newer bars are missing or streams are silent; RequestError, ...
        """
        moment, live = self.frozen(), self.mode == "live"
        newest = functools.partial(moment.get_history, symbol, 1, include_now=live)
        latest = LatestPrice(self.session, symbol, moment.now(), newest, live=live)
        return latest.find(lambda: self.knows_symbol(symbol))

    def count_held(self, name: str, symbol: str, timeframe: Timeframe, count: int) -> int | None:
        """How many of the newest `count` closed bars source `name` alone would answer with; None: it takes no part."""
        links = [link for link in self.chain.sources if link.name == name]
        try:
            return len(SourceChain(links).resolve(self._query(BarRequest(symbol, count, timeframe))).bars)
        except AllSourcesFailed as failure:
            return None if failure.attempts[0].outcome == "skipped" else 0

    # -----------------------------------------------------------------------------------------------------------

    def _query(self, request: BarRequest) -> Query:
        policy = self.session.policy
        late_after = policy.lateness(self.session.clock) if self.mode == "live" else None
        return request.query(self.now, late_after, policy.markets, self._known_late)

    def _resolve(self, query: Query) -> tuple[Bars, tuple[Attempt, ...]]:
        resolution = self.chain.resolve(query)
        if resolution.differs:
            self.session.note_disagreements(resolution)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s: %s", query, "; ".join(attempt.line() for attempt in resolution.attempts))
        return resolution.bars, resolution.attempts

    def _observed(self, request: BarRequest) -> Bars:
        """The answer, of which the session's observers hear."""
        try:
            query = self._query(request)
            bars, attempts = self._resolve(query)
            bars = judged(bars, attempts, query, request, self.session, self.chain)
        except WealthSourcesError as error:
            self.session.tell_observers(Observation(request, error=error))
            raise
        self.session.tell_observers(Observation(request, bars=bars, attempts=attempts))
        return bars
