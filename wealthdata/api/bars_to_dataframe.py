"""bars_to_dataframe: bars that an engine hands out, as a frame like that of get_price."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthdata.arguments.fields import read_fields
from wealthdata.errors import ParamsError
from wealthdata.reading.columns import Columns, labels
from wealthdata.reading.frames import one_frame
from wealthdata.settings import process
from wealthsources import FIELDS, Bars, RequestError, Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

_HOUR: Final = Timeframe("1h")


def bars_to_dataframe(bars: Bars | Iterable[object]) -> pd.DataFrame:
    """A frame of open, high, low, close, volume as float64, indexed like that of `get_price`.

    `bars` are wealthsources.Bars, or objects or mappings that have open_time in ms, the five values as numbers or
    text, and timeframe or close_time; oldest first. Raises ParamsError that says which bar cannot be used.
    """
    known = bars if isinstance(bars, Bars) else _bars(list(bars))
    settings = process.settings
    columns = Columns(labels(known.timeframe, known.ends, settings.tz), known.values.T.copy(), known.notes())
    return one_frame(columns, read_fields(FIELDS), positional=settings.positional)


def _bars(records: Sequence[object]) -> Bars:
    if not records:
        return Bars.empty("", _HOUR)
    timeframe = _timeframe(records)
    try:
        bars = Bars.from_records("", timeframe, records)
    except ValueError as error:
        raise ParamsError(str(error)) from None
    late = np.flatnonzero(np.diff(bars.open_times) <= 0)
    if len(late):
        raise ParamsError(f"bars[{int(late[0]) + 1}] is not after the one before; give them oldest first")
    return bars


def _timeframe(records: Sequence[object]) -> Timeframe:
    """What the first bar states, else the one that it spans by its times, else the distance of the bars."""
    stated = _get(records[0], "timeframe")
    try:
        if stated is not None:
            return Timeframe(stated)
        opens = [int(_get(record, "open_time")) for record in records]
        closes = _get(records[0], "close_time")
        step = min(np.diff(opens), default=math.inf)
        for timeframe in map(Timeframe, Timeframe.known()):
            end = timeframe.end(opens[0])
            # A close time is the end of the bar, or the last millisecond before it.
            if timeframe.opens_at(opens[0]) and (end - int(closes) in (0, 1) if closes else end - opens[0] == step):
                return timeframe
    except (TypeError, ValueError, RequestError):
        pass
    raise ParamsError("nothing tells the timeframe of these bars; give them timeframe, or open_time and close_time")


def _get(record: object, name: str) -> Any:
    return record.get(name) if isinstance(record, Mapping) else getattr(record, name, None)
