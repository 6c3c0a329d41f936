"""get_last_price: the newest close that may be seen, whichever series has it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from wealthdata.arguments.symbols import read_symbols
from wealthdata.binding.stack import current_reader
from wealthdata.errors import StaleDataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthdata.binding.adapter_access import BarReader


def get_last_price(security: str | Sequence[str]) -> Any:
    """The last price as a float; of a list a dict of symbol to float, all as of one moment, NaN where one is stale.

    Live it is the close so far of the bar that a live stream is forming. In a backtest, and where no stream forms one,
    it is the close of the bar that ended last, as far as series tell: they are asked from 1m on, until one is up to
    date. It is stale if that bar ended longer ago than `max_price_age` of the deployment, by default twice its
    timeframe; and live, if the newest bars are missing, or if the symbol's live stream is silent and nothing that ended
    since is known.

    Raises WealthDataError: SecurityNotFound; DataUnavailable if there is no bar, or if a source failed that may have
    had a newer one; StaleDataError, which says how old it is, for a stale price of one security.
    """
    chosen = read_symbols(security)
    moment = current_reader().as_of_now()
    if isinstance(chosen, str):
        return moment.latest_price(chosen)
    return {symbol: _price_or_nan(moment, symbol) for symbol in chosen}


def _price_or_nan(moment: BarReader, symbol: str) -> float:
    try:
        return moment.latest_price(symbol)
    except StaleDataError:
        return math.nan
