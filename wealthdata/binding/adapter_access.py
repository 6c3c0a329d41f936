"""The façade's one way to an adapter: what is asked of it, and its errors in the words of wealthdata."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final, Literal

import wealthsources
from wealthdata.errors import SecurityNotFound, translate

if TYPE_CHECKING:
    from collections.abc import Collection
    from types import TracebackType

    from wealthsources import Bars, ContextDataAdapter, Source, Timeframe


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
                known = _symbols_without(self.adapter, symbol, failure)
                if known is None:
                    raise
        raise SecurityNotFound(f"no source has {symbol!r}; {_nearest(symbol, known)}")

    def symbols(self) -> list[str]:
        """The symbols that the sources list, sorted."""
        with our_words:
            return self.adapter.get_all_symbols()


def _nearest(symbol: str, known: list[str]) -> str:
    near = difflib.get_close_matches(symbol, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known[:10]) or 'none'}"


def _symbols_without(
    adapter: ContextDataAdapter, symbol: str, failure: wealthsources.AllSourcesFailed
) -> list[str] | None:
    """All symbols, if every source that takes part lists them and this one is not there; else None."""
    deployed = adapter.session.sources
    if None in deployed.values() or any(attempt.outcome == "failed" for attempt in failure.attempts):
        return None  # what is left out or failed cannot tell
    known: set[str] = set()
    listing = 0
    for name, source, _ in adapter.chain.sources:
        if source is None or (source.capabilities.live and adapter.mode == "backtest"):
            continue
        listed = _listed(source, whole=source is deployed.get(name))
        if listed is None:
            return None
        if wealthsources.match_symbol(symbol, listed) is not None:
            return None
        listing += 1
        known.update(listed)
    return sorted(known) if listing else None


def _listed(source: Source, *, whole: bool) -> Collection[str] | None:
    """The symbols of a source; None if it cannot tell.

    `whole` is false for a view of a context: what is in it now need not be all that its engine has.
    """
    if source.capabilities.symbols is not None or not whole:
        return source.capabilities.symbols
    try:
        return source.get_all_symbols() or None
    except Exception:  # noqa: BLE001 - a stranger's code; whatever it is, it did not tell
        return None
