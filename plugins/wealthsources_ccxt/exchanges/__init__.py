"""Exchange classes of our own, where ccxt has none: they ask and parse, and everything else is done as with ccxt's.

alpaca_stocks   Alpaca's bars of stocks; of crypto ccxt has its own class
massive         Massive's (once Polygon's) bars of stocks
"""

from __future__ import annotations

from typing import Any, Final

import ccxt

from wealthsources_ccxt.exchanges.alpaca_stocks import AlpacaStocks
from wealthsources_ccxt.exchanges.massive import Massive

#: By the name that `exchange_class` knows them under.
OWN: Final[dict[str, Any]] = {"alpaca_stocks": AlpacaStocks, "massive": Massive}


def exchange_class(name: str) -> Any:
    """Ours of that name, or ccxt's."""
    return OWN.get(name) or getattr(ccxt, name)
