"""get_last_price: the newest close that may be seen, whichever series has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wealthdata.arguments.symbols import read_symbols
from wealthdata.binding.stack import current_reader

if TYPE_CHECKING:
    from collections.abc import Sequence


def get_last_price(security: str | Sequence[str]) -> Any:
    """The last price as a float; of a list a dict of symbol to float, all as of one moment.

    Live it is the close so far of the bar that a live stream is forming. In a backtest, and where no stream forms one,
    it is the close of the bar that ended last, as far as series tell: they are asked from 1m on, until one is up to
    date. In a backtest the newest there is may be old, as for get_price.

    Raises WealthDataError: SecurityNotFound; DataUnavailable if there is no bar, or if a source failed that may have
    had a newer one; StaleDataError (live) if the newest bars are missing, or if the symbol's live stream is silent and
    nothing that ended since is known.
    """
    chosen = read_symbols(security)
    moment = current_reader().as_of_now()
    if isinstance(chosen, str):
        return moment.latest_price(chosen)
    return {symbol: moment.latest_price(symbol) for symbol in chosen}
