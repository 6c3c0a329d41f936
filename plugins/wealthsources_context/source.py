"""ContextSource: for each strategy a view of the bars in its context.

The lists of a context come first; its `history()` is asked for what they have nothing of. In a live binding a context
is a snapshot: its last bars are judged by the time at which it was bound, and never close later on their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources import Capabilities, ClockError, NotHere, Source, context_time, original_history, short_repr
from wealthsources_context.context import ContextSeries, ask_history
from wealthsources_context.records import Evidence, read_bars
from wealthsources_context.row_cache import RowCache

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from wealthsources import Bars, Clock, HistoryRequest, Host, Market


class ContextSource(Source):
    """Has no bars itself; `for_context` gives the view that has."""

    capabilities = Capabilities(live=False, blocking=False, states_closed=True)

    def __init__(self) -> None:
        self._clock: Clock | None = None
        self._market_of: Callable[[str], Market] | None = None
        self._cache = RowCache()

    def __repr__(self) -> str:
        return short_repr(self)

    def start(self, host: Host) -> None:
        """Remember the session's clock."""
        self._clock, self._market_of = host.clock, host.market

    def for_context(self, context: object) -> Source | None:
        """A view of the context; what it has may come later."""
        return None if context is None else ContextView(context, self._clock, self._cache, self._market_of)

    def get_history(self, request: HistoryRequest) -> Bars:
        """Always NotHere: bars belong to a context."""
        raise NotHere(f"no context is bound, so there are no bars of {request.symbol}")


class ContextView(Source):
    """The bars of one context. `clock` is the session's; None: there is none. `cache` is of all contexts.

    `market_of` tells the market of a symbol; None: all are open day and night.

    Its history() is asked where its lists have nothing of a request.
    """

    def __init__(
        self,
        context: object,
        clock: Clock | None,
        cache: RowCache,
        market_of: Callable[[str], Market] | None = None,
    ) -> None:
        self._context = context
        self._clock = clock
        self._cache = cache
        self._series = ContextSeries(context)
        self._market_of = market_of
        self._until = _time_of(lambda: context_time(context, None, market_of))
        self._capped = self._cap()
        # What a history() knows cannot be listed, and what is not there yet neither.
        symbols = self._series if self._series.exists and not original_history(context) else None
        self.capabilities = Capabilities(live=False, blocking=False, states_closed=True, symbols=symbols)

    def __repr__(self) -> str:
        return short_repr(self, lambda: f"of {type(self._context).__name__}")

    def get_history(self, request: HistoryRequest) -> Bars:
        """The bars of the context's list, else of its history()."""
        symbol = self._series.spelling(request.symbol)
        self._capped = self._capped or self._cap()
        now = None if request.live else self._now(request) if request.now is None else request.now
        evidence = Evidence(request.live, self._until, now)
        listed = self._series.find(symbol, request.timeframe)
        try:
            if listed:
                return read_bars(listed, request, evidence, self._cache)
        except NotHere:
            if original_history(self._context) is None:
                raise
        try:
            return read_bars(self._ask_history(symbol, request), request, evidence, self._cache)
        except NotHere as nothing:
            if unread := self._series.unread(symbol):
                raise NotHere(f"{nothing}; {unread}") from None
            raise

    def _cap(self) -> bool:
        """No later than the session's clock. A feed that has no time yet is asked again: its first word is later."""
        session = _time_of(self._clock.now if self._clock is not None else None)
        if session is not None and self._until is not None:
            self._until = min(self._until, session)
        return session is not None or self._clock is None

    def get_all_symbols(self) -> Collection[str]:
        """The symbols of the context's lists, as far as the timeframe of one of their series is known."""
        return self._series.readable

    def _ask_history(self, symbol: str, request: HistoryRequest) -> Sequence[object]:
        bars = ask_history(self._context, symbol, self._enough(request), request.timeframe)
        if bars is not None:
            return bars
        if not self._series.exists:
            kind = type(self._context).__name__
            raise NotHere(f"the context ({kind}) has no bars: neither market_data_context nor a history() of its own")
        there = ", ".join(self._series.names()[:20]) or "none"
        raise NotHere(f"the context has no bars of {symbol} {request.timeframe}; its series: {there}")

    def _enough(self, request: HistoryRequest) -> int:
        """How many of the newest bars, the forming one among them, surely hold all that is asked for."""
        slot = request.timeframe.slot
        newest = max(slot(request.end), slot(self._now(request)))
        since_start = newest - slot(max(0, request.start or 0)) + 1
        if request.count is None:
            return max(1, since_start)
        # One more for a bar that says it is not closed though its time is over.
        with_count = newest - slot(request.end) + 2 + request.count
        return with_count if request.start is None else max(1, min(with_count, since_start))

    def _now(self, request: HistoryRequest) -> int:
        """The latest time that the context's history may know of."""
        clock = self._clock.now if self._clock is not None and request.live else None
        own = _time_of(lambda: context_time(self._context, None, self._market_of))
        return max(request.end, request.now or 0, own or 0, _time_of(clock) or 0)


def _time_of(clock: Callable[[], int | None] | None) -> int | None:
    """What the clock says; None if it cannot, or is not there."""
    try:
        return None if clock is None else clock()
    except ClockError:
        return None
