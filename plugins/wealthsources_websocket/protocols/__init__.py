"""The protocols that are known, by name. Each is one file; none does any input or output, none reads a clock."""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wealthsources_websocket.protocols.base import Protocol

DEFAULT: Final = "wealthai"

#: The entry-point group of protocols that other distributions bring: name = "module:Class".
GROUP: Final = "wealthsources.protocols"

_HERE: Final = "wealthsources_websocket.protocols"

#: name → module and class; imported with the first use of that name.
BUILT_IN: Final[dict[str, str]] = {
    "alpaca": f"{_HERE}.alpaca:Alpaca",
    "binance": f"{_HERE}.binance:Binance",
    "bitget": f"{_HERE}.bitget:Bitget",
    "bybit": f"{_HERE}.bybit:Bybit",
    "coinbase": f"{_HERE}.coinbase:Coinbase",
    "deribit": f"{_HERE}.deribit:Deribit",
    "gate": f"{_HERE}.gate:Gate",
    "htx": f"{_HERE}.htx:HTX",
    "hyperliquid": f"{_HERE}.hyperliquid:Hyperliquid",
    "kraken": f"{_HERE}.kraken:Kraken",
    "kucoin": f"{_HERE}.kucoin:KuCoin",
    "massive": f"{_HERE}.massive:Massive",
    "mexc": f"{_HERE}.mexc:MEXC",
    "okx": f"{_HERE}.okx:OKX",
    "wealthai": f"{_HERE}.wealthai:WealthAI",
}


def known_protocols() -> tuple[str, ...]:
    """The names that `load_protocol` knows, in alphabetical order. Imports none of them."""
    return tuple(sorted({*BUILT_IN, *(entry.name for entry in importlib.metadata.entry_points(group=GROUP))}))


def load_protocol(name: str) -> type[Protocol]:
    """The protocol of that name: one of ours, or of another distribution, by its entry point.

    Raises KeyError for a name that is not known, ValueError for one that two distributions claim, and whatever a
    stranger's module raises.
    """
    value = BUILT_IN.get(name) or _installed(name)
    module, _, attribute = value.partition(":")
    protocol: type[Protocol] = getattr(importlib.import_module(module), attribute)
    return protocol


def _installed(name: str) -> str:
    entries = importlib.metadata.entry_points(group=GROUP, name=name)
    values = {entry.value: getattr(entry.dist, "name", "an unknown distribution") for entry in entries}
    if not values:
        raise KeyError(name)
    if len(values) > 1:
        raise ValueError(f"protocol {name!r} is claimed by {' and by '.join(sorted(values.values()))}; remove one")
    return next(iter(values))
