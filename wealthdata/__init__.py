"""wealthdata: market bars for strategies, under the names, in the shapes and with the errors of JoinQuant.

    from wealthdata import get_price

    closes = get_price('BTCUSDT', count=20, frequency='1h')['close']
    closes[-1]

Only closed bars are returned, and in a backtest none that ends after the engine's time. Where they come from is the
deployment's affair: an engine binds its context with `set_context`, and `configure` names the sources. What is the
engine's own, such as `log` or `order_target`, it adds with `extend`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from wealthdata.api.bars_to_dataframe import bars_to_dataframe
from wealthdata.api.current_data import get_current_data
from wealthdata.api.extend import extend, missing
from wealthdata.api.get_bars import get_bars
from wealthdata.api.get_price import get_price
from wealthdata.api.history import attribute_history, history
from wealthdata.api.last_price import get_last_price
from wealthdata.api.securities import get_all_securities, get_security_info
from wealthdata.api.trade_days import get_all_trade_days, get_trade_days
from wealthdata.api.unsupported import (
    get_current_tick,
    get_fundamentals,
    get_index_stocks,
    get_index_weights,
    get_industry,
    get_trades,
)
from wealthdata.binding.binding import clear_context, get_context, set_context
from wealthdata.binding.session_lookup import configure
from wealthdata.errors import (
    ClockError,
    DataUnavailable,
    FutureDataError,
    HoleError,
    NoContextError,
    NotSupported,
    PanelObsoleteWarning,
    ParamsError,
    SecurityNotFound,
    StaleDataError,
    UnsupportedFrequency,
    WealthDataError,
)

__all__ = [
    "ClockError",
    "DataUnavailable",
    "FutureDataError",
    "HoleError",
    "NoContextError",
    "NotSupported",
    "PanelObsoleteWarning",
    "ParamsError",
    "SecurityNotFound",
    "StaleDataError",
    "UnsupportedFrequency",
    "WealthDataError",
    "attribute_history",
    "bars_to_dataframe",
    "clear_context",
    "configure",
    "extend",
    "get_all_securities",
    "get_all_trade_days",
    "get_bars",
    "get_context",
    "get_current_data",
    "get_current_tick",
    "get_fundamentals",
    "get_index_stocks",
    "get_index_weights",
    "get_industry",
    "get_last_price",
    "get_price",
    "get_security_info",
    "get_trade_days",
    "get_trades",
    "history",
    "set_context",
]


if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> None:
        raise AttributeError(missing(name), name=name, obj=sys.modules[__name__])
