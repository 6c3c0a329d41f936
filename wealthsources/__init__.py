"""wealthsources: market bars that a trading strategy can trust.

Every public name is here, and each is imported when it is first used, so `import wealthsources` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wealthsources.adapter import ContextDataAdapter, DataAdapter
    from wealthsources.bars import Bar, Bars, Finality, Hole
    from wealthsources.chain import Attempt
    from wealthsources.clock import Clock, context_time
    from wealthsources.errors import (
        AllSourcesFailed,
        ClockError,
        ConfigError,
        HoleError,
        NotHere,
        RequestError,
        SourceError,
        StaleDataError,
        WealthSourcesError,
    )
    from wealthsources.hookspecs import Register, hookimpl
    from wealthsources.series import BarStore, SeriesBuffer
    from wealthsources.session import Session, current_session, open  # noqa: A004 - `wealthsources.open` reads well
    from wealthsources.source import (
        Capabilities,
        Event,
        HistoryRequest,
        Host,
        Source,
        SourceStatus,
        StreamStatus,
    )
    from wealthsources.symbols import match_symbol
    from wealthsources.timeframe import Timeframe
    from wealthsources.values import read_value

__version__ = "0.1.0"

_HOME = {
    "AllSourcesFailed": "errors",
    "Attempt": "chain",
    "Bar": "bars",
    "BarStore": "series",
    "Bars": "bars",
    "Capabilities": "source",
    "Clock": "clock",
    "ClockError": "errors",
    "ConfigError": "errors",
    "ContextDataAdapter": "adapter",
    "DataAdapter": "adapter",
    "Event": "source",
    "Finality": "bars",
    "HistoryRequest": "source",
    "Hole": "bars",
    "HoleError": "errors",
    "Host": "source",
    "NotHere": "errors",
    "Register": "hookspecs",
    "RequestError": "errors",
    "SeriesBuffer": "series",
    "Session": "session",
    "Source": "source",
    "SourceError": "errors",
    "SourceStatus": "source",
    "StaleDataError": "errors",
    "StreamStatus": "source",
    "Timeframe": "timeframe",
    "WealthSourcesError": "errors",
    "context_time": "clock",
    "current_session": "session",
    "hookimpl": "hookspecs",
    "match_symbol": "symbols",
    "open": "session",
    "read_value": "values",
}

__all__ = [
    "AllSourcesFailed",
    "Attempt",
    "Bar",
    "BarStore",
    "Bars",
    "Capabilities",
    "Clock",
    "ClockError",
    "ConfigError",
    "ContextDataAdapter",
    "DataAdapter",
    "Event",
    "Finality",
    "HistoryRequest",
    "Hole",
    "HoleError",
    "Host",
    "NotHere",
    "Register",
    "RequestError",
    "SeriesBuffer",
    "Session",
    "Source",
    "SourceError",
    "SourceStatus",
    "StaleDataError",
    "StreamStatus",
    "Timeframe",
    "WealthSourcesError",
    "context_time",
    "current_session",
    "hookimpl",
    "match_symbol",
    "open",
    "read_value",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'wealthsources' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"wealthsources.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
