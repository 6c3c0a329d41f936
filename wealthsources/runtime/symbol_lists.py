"""What the sources of one binding say of which symbols there are."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from wealthsources.model.symbols import match_symbol
from wealthsources.model.text import describe

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from wealthsources.resolve.chain import ChainLink
    from wealthsources.source import Source

_log = logging.getLogger("wealthsources.adapter")


def all_symbols(links: Iterable[ChainLink], *, live: bool) -> list[str]:
    """The symbols that the sources list, sorted; a spelling is listed as its source has it."""
    symbols: set[str] = set()
    for link in links:
        if link.source is None:
            continue
        try:
            if live or not link.source.capabilities.live:
                symbols.update(link.source.get_all_symbols())
        except Exception as error:  # noqa: BLE001 - a stranger's code
            _log.warning("source %s cannot list its symbols: %s", link.name, describe(error))
    return sorted(symbols)


def is_known(symbol: str, links: Iterable[ChainLink], deployed: Mapping[str, Source | None], *, live: bool) -> bool:
    """False if every source that takes part lists its symbols, and this is none of them; it need not be asked for."""
    if None in deployed.values():
        return True  # what is left out may have it
    taking_part = [(link.name, link.source) for link in links if link.source is not None]
    lists = [
        _listed(source, whole=source is deployed.get(name))
        for name, source in taking_part
        if live or not source.capabilities.live
    ]
    return not lists or any(listed is None or match_symbol(symbol, listed) is not None for listed in lists)


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
