"""wealthdata: market bars for strategies, under the names, in the shapes and with the errors of JoinQuant.

    from wealthdata import get_price

    closes = get_price('BTCUSDT', count=20, frequency='1h')['close']
    closes[-1]

Only closed bars are returned, and in a backtest none that ends after the engine's time. Where they come from is the
deployment's affair: an engine binds its context with `set_context`, and `configure` names the sources. What is the
engine's own, such as `log` or `order_target`, it adds with `extend`.

Every public name is here, and each is imported when it is first used.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from wealthdata.api.bars_to_dataframe import bars_to_dataframe as bars_to_dataframe
    from wealthdata.api.configure import configure as configure
    from wealthdata.api.context import (
        clear_context as clear_context,
        get_context as get_context,
        set_context as set_context,
    )
    from wealthdata.api.current_data import get_current_data as get_current_data
    from wealthdata.api.extend import extend as extend
    from wealthdata.api.get_bars import get_bars as get_bars
    from wealthdata.api.get_price import get_price as get_price
    from wealthdata.api.history import attribute_history as attribute_history, history as history
    from wealthdata.api.last_price import get_last_price as get_last_price
    from wealthdata.api.securities import (
        get_all_securities as get_all_securities,
        get_security_info as get_security_info,
    )
    from wealthdata.api.trade_days import get_all_trade_days as get_all_trade_days, get_trade_days as get_trade_days
    from wealthdata.api.unsupported import (
        get_current_tick as get_current_tick,
        get_fundamentals as get_fundamentals,
        get_index_stocks as get_index_stocks,
        get_index_weights as get_index_weights,
        get_industry as get_industry,
        get_trades as get_trades,
    )
    from wealthdata.errors import (
        ClockError as ClockError,
        DataUnavailable as DataUnavailable,
        FutureDataError as FutureDataError,
        HoleError as HoleError,
        NoContextError as NoContextError,
        NotSupported as NotSupported,
        PanelObsoleteWarning as PanelObsoleteWarning,
        ParamsError as ParamsError,
        SecurityNotFound as SecurityNotFound,
        StaleDataError as StaleDataError,
        UnsupportedFrequency as UnsupportedFrequency,
        WealthDataError as WealthDataError,
    )
    from wealthdata.settings import current_settings as current_settings

#: The public names, by the module that has them.
_NAMES: Final = {
    "api.bars_to_dataframe": "bars_to_dataframe",
    "api.configure": "configure",
    "api.context": "clear_context get_context set_context",
    "api.current_data": "get_current_data",
    "api.extend": "extend",
    "api.get_bars": "get_bars",
    "api.get_price": "get_price",
    "api.history": "attribute_history history",
    "api.last_price": "get_last_price",
    "api.securities": "get_all_securities get_security_info",
    "api.trade_days": "get_all_trade_days get_trade_days",
    "api.unsupported": "get_current_tick get_fundamentals get_index_stocks get_index_weights get_industry get_trades",
    "errors": (
        "ClockError DataUnavailable FutureDataError HoleError NoContextError NotSupported "
        "PanelObsoleteWarning ParamsError SecurityNotFound StaleDataError UnsupportedFrequency "
        "WealthDataError"
    ),
    "settings": "current_settings",
}
_HOME: Final = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_HOME)  # noqa: PLE0605 - a list, to which `extend` adds


if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            from wealthdata.api.extend import missing  # noqa: PLC0415 - only to say so

            raise AttributeError(missing(name), name=name, obj=sys.modules[__name__])
        value = globals()[name] = getattr(importlib.import_module(f"wealthdata.{_HOME[name]}"), name)
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
