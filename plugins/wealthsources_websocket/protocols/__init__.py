"""The protocols that are known, by name. Each is one file; none does any input or output, none reads a clock."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from wealthsources_websocket.protocols.installed import check_claim as check, installed_names, load_installed

if TYPE_CHECKING:
    from collections.abc import Collection

    from wealthsources_websocket.protocols.base import Protocol

DEFAULT: Final = "wealthai"

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
    return tuple(sorted({*BUILT_IN, *installed_names()}))


def load_protocol(name: str) -> type[Protocol]:
    """The protocol of that name: one of ours, or of another distribution, by its entry point.

    Raises KeyError for a name that is not known, ValueError for one that two distributions claim, and for a stranger's
    that cannot be used.
    """
    if name not in BUILT_IN:
        return load_installed(name)
    module, _, attribute = BUILT_IN[name].partition(":")
    protocol: type[Protocol] = getattr(importlib.import_module(module), attribute)
    return protocol


def check_claim(name: str, allow: Collection[str] | None = None) -> None:
    """Raises ValueError for a name of ours that another distribution claims too, and for one that is not allowed."""
    check(name, BUILT_IN, allow)
