"""wealthdata: market bars for strategies, under the names, in the shapes and with the errors of JoinQuant.

    from wealthdata import get_price

    closes = get_price('BTCUSDT', count=20, frequency='1h')['close']
    closes[-1]

Only closed bars are returned, and in a backtest none that ends after the engine's time. Where they come from is the
deployment's affair: an engine binds its context with `set_context`, and `configure` names the sources.
"""

from __future__ import annotations

from wealthdata.binding import clear_context, get_context, set_context
from wealthdata.convert import bars_to_dataframe
from wealthdata.errors import (
    ClockError,
    DataUnavailable,
    FutureDataError,
    HoleError,
    NoContextError,
    PanelObsoleteWarning,
    ParamsError,
    SecurityNotFound,
    StaleDataError,
    UnsupportedFrequency,
    WealthDataError,
)
from wealthdata.getbars import get_bars
from wealthdata.prices import get_price
from wealthdata.sessions import configure

__all__ = [
    "ClockError",
    "DataUnavailable",
    "FutureDataError",
    "HoleError",
    "NoContextError",
    "PanelObsoleteWarning",
    "ParamsError",
    "SecurityNotFound",
    "StaleDataError",
    "UnsupportedFrequency",
    "WealthDataError",
    "bars_to_dataframe",
    "clear_context",
    "configure",
    "get_bars",
    "get_context",
    "get_price",
    "set_context",
]
