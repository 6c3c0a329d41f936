"""Asking an adapter, with its errors put into the words of wealthdata."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import wealthsources
from wealthdata.errors import DataUnavailable, SecurityNotFound, ours

if TYPE_CHECKING:
    from collections.abc import Collection

    from wealthsources import Bars, ContextDataAdapter, Source, Timeframe


def now_of(adapter: ContextDataAdapter) -> int:
    """The time beyond which nothing is seen, ms. Raises ClockError."""
    try:
        return adapter.now()
    except wealthsources.WealthSourcesError as error:
        raise ours(error) from None


def frozen(adapter: ContextDataAdapter) -> ContextDataAdapter:
    """The adapter as of now, for several questions about one moment. Raises ClockError."""
    try:
        return adapter.frozen()
    except wealthsources.WealthSourcesError as error:
        raise ours(error) from None


def ask(
    adapter: ContextDataAdapter,
    security: str,
    timeframe: Timeframe,
    count: int | None,
    start: int | None,
    end: int | None,
    include_now: bool,
) -> Bars:
    """`adapter.get_history`. Raises WealthDataError: SecurityNotFound, DataUnavailable, StaleDataError, ..."""
    try:
        return adapter.get_history(security, count, timeframe, start=start, end=end, include_now=include_now)
    except wealthsources.WealthSourcesError as error:
        failure = ours(error)
    if isinstance(failure, DataUnavailable):
        known = _symbols_without(adapter, security, failure)
        if known is not None:
            near = difflib.get_close_matches(security, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known[:10]) or 'none'}"
            raise SecurityNotFound(f"no source has {security!r}; {hint}")
    raise failure


def _symbols_without(adapter: ContextDataAdapter, security: str, failure: DataUnavailable) -> list[str] | None:
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
        if wealthsources.match_symbol(security, listed) is not None:
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
