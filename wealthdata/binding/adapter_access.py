"""The façade's one way to an adapter: what is asked of it, and its errors in the words of wealthdata."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final, Literal

import wealthsources
from wealthdata.errors import SecurityNotFound, translate

if TYPE_CHECKING:
    from types import TracebackType

    from wealthsources import Bars, ContextDataAdapter, Timeframe, TradingHours


class _OurWords:
    """`with our_words:` raises an error of the core as the one of wealthdata that says the same."""

    def __enter__(self) -> None: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, wealthsources.WealthSourcesError):
            raise translate(error) from None


our_words: Final = _OurWords()


class BarReader:
    """Reads bars through an adapter, on behalf of one binding. Everything it raises is of `wealthdata.errors`."""

    __slots__ = ("adapter",)

    def __init__(self, adapter: ContextDataAdapter) -> None:
        self.adapter = adapter

    @property
    def mode(self) -> Literal["live", "backtest"]:
        """That of the binding."""
        return self.adapter.mode

    def now(self) -> int:
        """The time beyond which nothing is seen, ms. Raises ClockError."""
        with our_words:
            return self.adapter.now()

    def timeframe(self, symbol: str, timeframe: Timeframe) -> Timeframe:
        """The timeframe of that name in the trading hours of the symbol's market. Raises ParamsError."""
        with our_words:
            return self.adapter.session.policy.markets.timeframe(symbol, timeframe)

    def hours(self) -> TradingHours | None:
        """Those of the deployment; None: it is open day and night."""
        return self.adapter.session.policy.markets.default.hours

    def due(self) -> int:
        """The end of the newest bars that must be there by now, ms: live they may take a moment. Raises ClockError."""
        session = self.adapter.session
        return self.now() - (session.policy.lateness(session.clock) if self.mode == "live" else 0)

    def is_silent(self, symbol: str, timeframe: Timeframe) -> bool:
        """Whether all live streams of the series, else of the session, are stale: what they lack may well exist."""
        if self.mode != "live":
            return False
        session = self.adapter.session
        idle = session.stale_for(symbol, timeframe)
        return idle is not None and idle * 1000 > session.policy.late_after

    def as_of_now(self) -> BarReader:
        """A reader of this very moment, for several questions about it. Raises ClockError."""
        with our_words:
            return BarReader(self.adapter.frozen())

    def get_history(
        self,
        symbol: str,
        timeframe: Timeframe,
        count: int | None = None,
        start: int | None = None,
        end: int | None = None,
        include_now: bool = False,
    ) -> Bars:
        """As the adapter's. Raises WealthDataError: SecurityNotFound, DataUnavailable, StaleDataError, ..."""
        with our_words:
            try:
                return self.adapter.get_history(symbol, count, timeframe, start=start, end=end, include_now=include_now)
            except wealthsources.AllSourcesFailed as failure:
                self._require_known(symbol, failure)
                raise

    def latest_price(self, symbol: str) -> float:
        """As the adapter's. Raises WealthDataError: SecurityNotFound, DataUnavailable, StaleDataError, ..."""
        with our_words:
            try:
                return self.adapter.latest_price(symbol)
            except wealthsources.AllSourcesFailed as failure:
                self._require_known(symbol, failure)
                raise

    def symbols(self) -> list[str]:
        """The symbols that the sources list, sorted."""
        with our_words:
            return self.adapter.get_all_symbols()

    def _require_known(self, symbol: str, failure: wealthsources.AllSourcesFailed) -> None:
        """Raise SecurityNotFound if no source has the symbol. One that failed, or cannot list its own, cannot tell."""
        if any(attempt.outcome == "failed" for attempt in failure.attempts):
            return
        search = self.adapter.symbol_lists.look_for(symbol)
        if search.failed:
            raise wealthsources.AllSourcesFailed(failure.request, [*failure.attempts, *search.failed]) from None
        if search.may_be_there:
            return
        known = self.adapter.get_all_symbols()
        near = difflib.get_close_matches(symbol, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known[:10]) or 'none'}"
        raise SecurityNotFound(f"no source has {symbol!r}; {hint}") from None
