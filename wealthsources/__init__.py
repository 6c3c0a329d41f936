"""wealthsources: market bars that a trading strategy can trust.

Every public name is here, and each is imported when it is first used, so `import wealthsources` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wealthsources.forking import ForkLock as ForkLock, call_in_child as call_in_child
    from wealthsources.hookspecs import Register as Register, hookimpl as hookimpl
    from wealthsources.live.frames import (
        FrameFacts as FrameFacts,
        FrameLog as FrameLog,
        FrameReplay as FrameReplay,
        FrameTap as FrameTap,
        ReplayFrames as ReplayFrames,
    )
    from wealthsources.live.messages import (
        BarMessage as BarMessage,
        ClosedBar as ClosedBar,
        LostMessage as LostMessage,
    )
    from wealthsources.live.pushed import PushedSource as PushedSource
    from wealthsources.live.series import SeriesBuffer as SeriesBuffer
    from wealthsources.live.shard import SeriesKey as SeriesKey, Shard as Shard, ShardState as ShardState
    from wealthsources.live.store import BarStore as BarStore
    from wealthsources.model.addresses import is_loopback as is_loopback
    from wealthsources.model.answer_errors import (
        AllSourcesFailed as AllSourcesFailed,
        HoleError as HoleError,
        StaleDataError as StaleDataError,
    )
    from wealthsources.model.attempt import Attempt as Attempt
    from wealthsources.model.bars import Bar as Bar, Bars as Bars
    from wealthsources.model.decimals import exact_texts as exact_texts, read_value as read_value
    from wealthsources.model.diagnosis import Diagnosis as Diagnosis, diagnose_clock as diagnose_clock
    from wealthsources.model.errors import (
        ClockError as ClockError,
        ConfigError as ConfigError,
        NotHere as NotHere,
        RequestError as RequestError,
        SourceError as SourceError,
        WealthSourcesError as WealthSourcesError,
    )
    from wealthsources.model.events import Event as Event
    from wealthsources.model.holes import Hole as Hole
    from wealthsources.model.markets import Market as Market
    from wealthsources.model.records import read_field as read_field
    from wealthsources.model.redact import Redactor as Redactor
    from wealthsources.model.rows import (
        CLOSED as CLOSED,
        FIELDS as FIELDS,
        FORMING as FORMING,
        UNSET as UNSET,
        Finality as Finality,
        closed_by as closed_by,
        new_rows as new_rows,
        pack_decimals as pack_decimals,
        row_fields as row_fields,
    )
    from wealthsources.model.status import (
        LOADING as LOADING,
        ShardStatus as ShardStatus,
        SourceStatus as SourceStatus,
        StreamStatus as StreamStatus,
    )
    from wealthsources.model.symbols import match_symbol as match_symbol, spell_stock as spell_stock
    from wealthsources.model.text import one_line as one_line, short_repr as short_repr
    from wealthsources.model.timeframe import Timeframe as Timeframe
    from wealthsources.model.timeframe_names import match_timeframe as match_timeframe
    from wealthsources.model.times import (
        EARLIEST_TIME as EARLIEST_TIME,
        LATEST_TIME as LATEST_TIME,
        check_time as check_time,
        read_moment as read_moment,
        time_text as time_text,
        wall_time as wall_time,
    )
    from wealthsources.model.trading_hours import TradingHours as TradingHours
    from wealthsources.model.validity import (
        fault_of as fault_of,
        find_faults as find_faults,
        first_fault as first_fault,
    )
    from wealthsources.recorder import Recorder as Recorder, RecorderHost as RecorderHost, Sink as Sink
    from wealthsources.resolve.query import BarRequest as BarRequest
    from wealthsources.runtime.adapter import ContextDataAdapter as ContextDataAdapter, DataAdapter as DataAdapter
    from wealthsources.runtime.aio import AsyncSession as AsyncSession, aopen as aopen
    from wealthsources.runtime.context_time import context_time as context_time
    from wealthsources.runtime.engine import Observation as Observation
    from wealthsources.runtime.event_stream import EventStream as EventStream
    from wealthsources.runtime.folders import diagnose_folder as diagnose_folder
    from wealthsources.runtime.original_history import (
        HistoryStandIn as HistoryStandIn,
        is_asking_history as is_asking_history,
        original_history as original_history,
    )
    from wealthsources.runtime.paced_log import PacedLogger as PacedLogger
    from wealthsources.runtime.session import Session as Session, current_session as current_session, open as open  # noqa: A004 - `wealthsources.open` reads well
    from wealthsources.runtime.signals import ended_by_signals as ended_by_signals
    from wealthsources.source import (
        Capabilities as Capabilities,
        Clock as Clock,
        HistoryRequest as HistoryRequest,
        Host as Host,
        Source as Source,
    )

    __version__: str

#: Every public name, under the module it is in.
_PUBLIC = {
    "forking": "ForkLock call_in_child",
    "hookspecs": "Register hookimpl",
    "live.frames": "FrameFacts FrameLog FrameReplay FrameTap ReplayFrames",
    "live.messages": "BarMessage ClosedBar LostMessage",
    "live.pushed": "PushedSource",
    "live.series": "SeriesBuffer",
    "live.shard": "SeriesKey Shard ShardState",
    "live.store": "BarStore",
    "model.addresses": "is_loopback",
    "model.answer_errors": "AllSourcesFailed HoleError StaleDataError",
    "model.attempt": "Attempt",
    "model.bars": "Bar Bars",
    "model.decimals": "exact_texts read_value",
    "model.diagnosis": "Diagnosis diagnose_clock",
    "model.errors": "ClockError ConfigError NotHere RequestError SourceError WealthSourcesError",
    "model.events": "Event",
    "model.holes": "Hole",
    "model.markets": "Market",
    "model.trading_hours": "TradingHours",
    "model.records": "read_field",
    "model.redact": "Redactor",
    "model.rows": "CLOSED FIELDS FORMING Finality UNSET closed_by new_rows pack_decimals row_fields",
    "model.status": "LOADING ShardStatus SourceStatus StreamStatus",
    "model.symbols": "match_symbol spell_stock",
    "model.text": "one_line short_repr",
    "model.timeframe": "Timeframe",
    "model.timeframe_names": "match_timeframe",
    "model.times": "EARLIEST_TIME LATEST_TIME check_time read_moment time_text wall_time",
    "model.validity": "fault_of find_faults first_fault",
    "recorder": "Recorder RecorderHost Sink",
    "resolve.query": "BarRequest",
    "runtime.adapter": "ContextDataAdapter DataAdapter",
    "runtime.aio": "AsyncSession aopen",
    "runtime.context_time": "context_time",
    "runtime.engine": "Observation",
    "runtime.event_stream": "EventStream",
    "runtime.folders": "diagnose_folder",
    "runtime.original_history": "HistoryStandIn is_asking_history original_history",
    "runtime.paced_log": "PacedLogger",
    "runtime.session": "Session current_session open",
    "runtime.signals": "ended_by_signals",
    "source": "Capabilities Clock HistoryRequest Host Source",
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names.split()}
__all__ = sorted(_HOME)  # noqa: PLE0605 - one list is enough


def __getattr__(name: str) -> Any:
    if name == "__version__":
        value: Any = importlib.import_module("importlib.metadata").version("wealthsources")  # pyproject.toml says it
    elif name in _HOME:
        value = getattr(importlib.import_module(f"wealthsources.{_HOME[name]}"), name)
    else:
        raise AttributeError(f"module 'wealthsources' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
