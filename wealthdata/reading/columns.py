"""One symbol's answer as columns of numbers: labels, extra fields, and filled holes where a call asks for them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from wealthdata.arguments.fields import CLOSE, CONSTANTS
from wealthdata.arguments.frequency import DAILY, DAY
from wealthdata.binding.adapter_access import our_words
from wealthdata.errors import DataUnavailable
from wealthdata.reading.filling import Rows, bar_before, fill, newest_window
from wealthdata.reading.local_labels import local_labels
from wealthsources import FIELDS, FORMING, Timeframe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wealthdata.arguments.fields import Fields
    from wealthdata.binding.adapter_access import BarReader
    from wealthdata.reading.span import Span
    from wealthsources import Bars

    Labels = NDArray[np.datetime64]
    Numbers = NDArray[np.float64]
    Times = NDArray[np.int64]

_NANOSECONDS: Final = 1_000_000
_TODAY: Final = Timeframe("1d")


class Filling(NamedTuple):
    """What to put where bars are missing: the close before, or NaN.

    is_asked  the call says so; if not, only on markets with trading hours, where a stock may pause, and between bars
    """

    value: Literal["flat", "nan"]
    is_asked: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What is wanted of each symbol of one call. `zone` is that of labels; UTC will do where none is shown."""

    timeframe: Timeframe
    span: Span
    fields: Fields
    zone: dt.tzinfo
    filling: Filling | None = None
    include_now: bool = False


class Columns(NamedTuple):
    """labels: datetime64[ns], shape (n,) · numbers: one row per field, shape (k, n) · notes: holes, behind, failed.

    The arrays are fresh ones that nobody else holds.
    """

    labels: Labels
    numbers: Numbers
    notes: dict[str, object]


def filling_for(skip_paused: bool | None, fill_paused: bool) -> Filling | None:
    """What JoinQuant's two arguments mean."""
    return None if skip_paused else Filling("flat" if fill_paused else "nan", skip_paused is not None)


def read_columns(reader: BarReader, symbol: str, request: Request) -> Columns:
    """Ask for one symbol. Raises WealthDataError."""
    timeframe = reader.timeframe(symbol, request.timeframe)
    filling = request.filling
    if timeframe.hours is not None:
        request = dataclasses.replace(request, timeframe=timeframe, span=request.span.on(timeframe, reader.now))
    elif filling is not None and not filling.is_asked:
        filling = None
    if filling is None:
        bars = _bars(reader, symbol, request)
        rows = _rows(bars, request)
    else:
        reader = reader.as_of_now()
        bars, rows = _filled_rows(reader, symbol, request, filling)
    ends = request.timeframe.ends(rows.times)
    if request.include_now and len(bars) and bars.states[-1] == FORMING:
        ends[-1] = _cut_short(request.timeframe, int(rows.times[-1]), reader.now())
    return Columns(labels(request.timeframe, ends, request.zone), _numbers(rows, request), bars.notes())


def read_several(reader: BarReader, symbols: Sequence[str], request: Request) -> dict[str, Columns]:
    """Ask for several symbols as of one time. A label stands for one time in all of them. Raises WealthDataError."""
    moment, zone = reader.as_of_now(), request.zone
    in_utc = dataclasses.replace(request, zone=dt.UTC)
    by_symbol = {symbol: read_columns(moment, symbol, in_utc) for symbol in symbols}
    if zone is dt.UTC or request.timeframe in DAILY:
        return by_symbol
    ends = np.unique(np.concatenate([columns.labels for columns in by_symbol.values()]))
    local = local_labels(ends, zone)
    return {
        symbol: columns._replace(labels=local[np.searchsorted(ends, columns.labels)])
        for symbol, columns in by_symbol.items()
    }


def labels(timeframe: Timeframe, ends: Times, zone: dt.tzinfo) -> Labels:
    """The label of bars that end then: that time in `zone`; for days and longer the last date that they cover, UTC; on
    a market with trading hours that of the last trading day.

    Raises ParamsError where clocks in the zone were set back, so that labels would not tell these bars apart.
    """
    if timeframe in DAILY and timeframe.hours is not None:
        return timeframe.hours.dates_of(ends - 1).astype("datetime64[D]").astype("datetime64[ns]")
    if timeframe in DAILY:
        return ((ends - DAY) * _NANOSECONDS).view("datetime64[ns]")
    stamps = (ends * _NANOSECONDS).view("datetime64[ns]")
    # `configure` turns "UTC" into this very object, and conversion costs more than all the rest.
    return stamps if zone is dt.UTC else local_labels(stamps, zone)


def _cut_short(timeframe: Timeframe, open_time: int, now: int) -> int:
    """The end of a forming bar as far as it goes: now, or for days and longer the end of today."""
    end = timeframe.end(open_time)
    if timeframe in DAILY and timeframe.hours is not None:
        days = _TODAY.on(timeframe.hours)
        begun = days.first_from(now + 1) - 1  # the last one of which there can be a bar
        return min(end, days.end(days.open_time(begun)))
    if timeframe in DAILY:
        return min(end, now // DAY * DAY + DAY)
    # A feed's clock may say that now is when the bar opens, which is the label of the bar before.
    return min(end, max(now, open_time + 1))


# the bars ------------------------------------------------------------------------------------------------------


def _bars(reader: BarReader, symbol: str, request: Request) -> Bars:
    """The bars of the span, and the one before them if its close is needed and it is there."""
    timeframe, now = request.timeframe, request.include_now
    count, start, end = request.span.count, request.span.start, request.span.end
    if request.fields.previous and start is not None:
        with our_words:
            before = timeframe.open_time(timeframe.first_from(start) - 1)
        try:
            bars = reader.get_history(symbol, timeframe, None, before, end, now)
            if len(bars) and bars.open_times[-1] >= start:
                return bars
        except DataUnavailable:
            pass  # the span alone may be one that no bar fits into, and then that is the answer
    elif request.fields.previous and count is not None:
        count += 1
    return reader.get_history(symbol, timeframe, count, start, end, now)


def _rows(bars: Bars, request: Request) -> Rows:
    """The bars of the span, and the close before them if it is needed and known."""
    times, values, before = bars.open_times, bars.values, math.nan
    if request.fields.previous:
        count, start = request.span.count, request.span.start
        first = max(0, len(times) - count) if count is not None else int(np.searchsorted(times, start or 0))
        if first:
            before = float(values[first - 1, CLOSE])
            times, values = times[first:], values[first:]
    return Rows(times, values, None, before)


def _filled_rows(reader: BarReader, symbol: str, request: Request, filling: Filling) -> tuple[Bars, Rows]:
    """The bars that there are, and the rows without holes that are made of them. `reader` is of one moment."""
    span = request.span
    try:
        bars = _bars(reader, symbol, request)
    except DataUnavailable as absence:
        if not filling.is_asked:
            raise
        bars = bar_before(reader, symbol, request.timeframe, span, absence)
    rows = Rows(bars.open_times, bars.values, None, math.nan)
    if len(bars):
        last = newest_window(reader, bars, span) if filling.is_asked else request.timeframe.slot(bars.newest)
        rows = fill(rows, request.timeframe, span, last)
    return bars, rows


# the numbers ---------------------------------------------------------------------------------------------------


def _numbers(rows: Rows, request: Request) -> Numbers:
    fields = request.fields
    if fields.places is not None:
        numbers: Numbers = rows.values.T[list(fields.places)]
    else:
        numbers = np.empty((len(fields.numbers), len(rows.times)))
        for place, name in enumerate(fields.numbers):
            numbers[place] = _column(name, rows)
    if rows.filled is not None:
        _mark_filled(numbers, rows.filled, request)
    return numbers


def _mark_filled(numbers: Numbers, filled: NDArray[np.bool_], request: Request) -> None:
    stated = {"paused": 1.0, "money": 0.0}
    if request.filling is not None and request.filling.value == "nan":
        numbers[:, filled] = math.nan
        stated = {"paused": 1.0}
    for place, name in enumerate(request.fields.numbers):
        if name in stated:
            numbers[place, filled] = stated[name]


def _column(name: str, rows: Rows) -> Numbers | float:
    if name in FIELDS:
        return rows.values[:, FIELDS.index(name)]
    if name == "pre_close":
        return np.concatenate(([rows.before], rows.values[:-1, CLOSE])) if len(rows.times) else rows.values[:, CLOSE]
    return CONSTANTS[name]
