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
from wealthdata.reading.local_labels import local_labels
from wealthsources import FIELDS, FORMING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wealthdata.arguments.fields import Fields
    from wealthdata.binding.adapter_access import BarReader
    from wealthdata.reading.span import Span
    from wealthsources import Bars, Timeframe

    Labels = NDArray[np.datetime64]
    Numbers = NDArray[np.float64]
    Times = NDArray[np.int64]

#: What to put where bars are missing inside: nothing, the close before, or NaN.
Fill = Literal["no", "flat", "nan"]

_NANOSECONDS: Final = 1_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """What is wanted of each symbol of one call. `zone` is that of labels; UTC will do where none is shown."""

    timeframe: Timeframe
    span: Span
    fields: Fields
    zone: dt.tzinfo
    fill: Fill = "no"
    include_now: bool = False


class Columns(NamedTuple):
    """labels: datetime64[ns], shape (n,) · numbers: one row per field, shape (k, n) · notes: holes, behind, failed.

    The arrays are fresh ones that nobody else holds.
    """

    labels: Labels
    numbers: Numbers
    notes: dict[str, object]


class _Rows(NamedTuple):
    """Bars as arrays: open times, values (n, 5), which of them are filled in (None: none), the close before them."""

    times: Times
    values: Numbers
    filled: NDArray[np.bool_] | None
    before: float


def fill_for(skip_paused: bool | None, fill_paused: bool) -> Fill:
    """What JoinQuant's two arguments mean. None: nothing, since a 24/7 market has no pauses."""
    if skip_paused is None or skip_paused:
        return "no"
    return "flat" if fill_paused else "nan"


def read_columns(reader: BarReader, symbol: str, request: Request) -> Columns:
    """Ask for one symbol. Raises WealthDataError."""
    bars = _bars(reader, symbol, request)
    rows = _rows(bars, request)
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
    """The label of bars that end then: that time in `zone`; for days and longer the last date, UTC, that they cover.

    Raises ParamsError where clocks in the zone were set back, so that labels would not tell these bars apart.
    """
    if timeframe in DAILY:
        return ((ends - DAY) * _NANOSECONDS).view("datetime64[ns]")
    stamps = (ends * _NANOSECONDS).view("datetime64[ns]")
    # `configure` turns "UTC" into this very object, and conversion costs more than all the rest.
    return stamps if zone is dt.UTC else local_labels(stamps, zone)


def _cut_short(timeframe: Timeframe, open_time: int, now: int) -> int:
    """The end of a forming bar as far as it goes: now, or for days and longer the end of today."""
    end = timeframe.end(open_time)
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
            first = timeframe.slot(start) + (not timeframe.opens_at(start))
            before = timeframe.open_time(first - 1)
        try:
            bars = reader.get_history(symbol, timeframe, None, before, end, now)
            if len(bars) and bars.open_times[-1] >= start:
                return bars
        except DataUnavailable:
            pass  # the span alone may be one that no bar fits into, and then that is the answer
    elif request.fields.previous and count is not None:
        count += 1
    return reader.get_history(symbol, timeframe, count, start, end, now)


def _rows(bars: Bars, request: Request) -> _Rows:
    times, values, before = bars.open_times, bars.values, math.nan
    span = request.span
    if request.fields.previous:
        count, start = span.count, span.start
        first = max(0, len(times) - count) if count is not None else int(np.searchsorted(times, start or 0))
        if first:
            before = float(values[first - 1, CLOSE])
            times, values = times[first:], values[first:]
    rows = _Rows(times, values, None, before)
    if request.fill != "no" and len(times):
        rows = _without_holes(rows, request.timeframe, span.count)
    return rows


def _without_holes(rows: _Rows, timeframe: Timeframe, count: int | None) -> _Rows:
    """The rows with a flat one for every window that has no bar, from the first bar to the last; the newest `count`."""
    slots = timeframe.slots(rows.times)
    first, last = int(slots[0]), int(slots[-1])
    before = rows.before
    if count is not None and last - first >= count:
        first = last - count + 1
        before = float(rows.values[np.searchsorted(slots, first) - 1, CLOSE])
    grid = np.arange(first, last + 1)
    source = np.searchsorted(slots, grid, side="right") - 1
    filled = slots[source] != grid
    values = rows.values[source]
    values[filled, :4] = values[filled, CLOSE, None]
    values[filled, 4] = 0.0
    return _Rows(timeframe.open_times(grid), values, filled, before)


# the numbers ---------------------------------------------------------------------------------------------------


def _numbers(rows: _Rows, request: Request) -> Numbers:
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
    if request.fill == "nan":
        numbers[:, filled] = math.nan
        stated = {"paused": 1.0}
    for place, name in enumerate(request.fields.numbers):
        if name in stated:
            numbers[place, filled] = stated[name]


def _column(name: str, rows: _Rows) -> Numbers | float:
    if name in FIELDS:
        return rows.values[:, FIELDS.index(name)]
    if name == "pre_close":
        return np.concatenate(([rows.before], rows.values[:-1, CLOSE])) if len(rows.times) else rows.values[:, CLOSE]
    return CONSTANTS[name]
