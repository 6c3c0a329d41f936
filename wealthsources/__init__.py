"""wealthsources: market bars that a trading strategy can trust.

Every public name is here, and each is imported when it is first used, so `import wealthsources` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wealthsources.hookspecs import Register, hookimpl
    from wealthsources.live.series import BarStore, SeriesBuffer
    from wealthsources.model.bars import Bar, Bars, Finality, Hole
    from wealthsources.model.decimals import read_value
    from wealthsources.model.errors import (
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
    from wealthsources.model.symbols import match_symbol
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.chain import Attempt
    from wealthsources.runtime.adapter import ContextDataAdapter, DataAdapter
    from wealthsources.runtime.clocks import Clock, context_time
    from wealthsources.runtime.session import Session, current_session, open  # noqa: A004 - `wealthsources.open` reads well
    from wealthsources.source import (
        Capabilities,
        Event,
        HistoryRequest,
        Host,
        Source,
        SourceStatus,
        StreamStatus,
    )

__version__ = "0.1.0"

_HOME = {
    "AllSourcesFailed": "model.errors",
    "Attempt": "resolve.chain",
    "Bar": "model.bars",
    "BarStore": "live.series",
    "Bars": "model.bars",
    "Capabilities": "source",
    "Clock": "runtime.clocks",
    "ClockError": "model.errors",
    "ConfigError": "model.errors",
    "ContextDataAdapter": "runtime.adapter",
    "DataAdapter": "runtime.adapter",
    "Event": "source",
    "Finality": "model.bars",
    "HistoryRequest": "source",
    "Hole": "model.bars",
    "HoleError": "model.errors",
    "Host": "source",
    "NotHere": "model.errors",
    "Register": "hookspecs",
    "RequestError": "model.errors",
    "SeriesBuffer": "live.series",
    "Session": "runtime.session",
    "Source": "source",
    "SourceError": "model.errors",
    "SourceStatus": "source",
    "StaleDataError": "model.errors",
    "StreamStatus": "source",
    "Timeframe": "model.timeframe",
    "WealthSourcesError": "model.errors",
    "context_time": "runtime.clocks",
    "current_session": "runtime.session",
    "hookimpl": "hookspecs",
    "match_symbol": "model.symbols",
    "open": "runtime.session",
    "read_value": "model.decimals",
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
