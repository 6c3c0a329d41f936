"""The exchanges by name. Each is imported when it is wanted."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from wealthsources_simulator.errors import SimulatorError

if TYPE_CHECKING:
    from wealthsources_simulator.exchanges.base import Exchange

#: Name, which is that of its module here, and class.
EXCHANGES: Final = {
    "wealthai": "WealthAI",
    "binance": "Binance",
    "okx": "OKX",
    "kraken": "Kraken",
    "kucoin": "KuCoin",
    "bybit": "Bybit",
    "gate": "Gate",
    "bitget": "Bitget",
    "hyperliquid": "Hyperliquid",
    "htx": "HTX",
    "deribit": "Deribit",
    "coinbase": "Coinbase",
    "mexc": "MEXC",
    "alpaca": "Alpaca",
    "massive": "Massive",
}


def make_exchange(name: str, market: str | None = None, **options: Any) -> Exchange:
    """The exchange of that name, speaking as one of its markets. Raises SimulatorError."""
    if name not in EXCHANGES:
        raise SimulatorError(f"there is no protocol {name!r}; there are {', '.join(EXCHANGES)}")
    module = import_module(f"{__package__}.{name}")
    if name == "wealthai":
        made: Exchange = module.WealthAI(**options)
        made.choose(market)
        return made
    exchange: Exchange = getattr(module, EXCHANGES[name])(market, **options)
    return exchange
