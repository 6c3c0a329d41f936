"""Rows for windows that have no bar, where a call asks for them: JoinQuant's common axis, `skip_paused=False`.

A row is put in between two bars, and after the last one up to the newest window whose bar must be there by now. What
is missing because a source is down is no pause: no row stands for it. Before the first bar there is none either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wealthdata.arguments.fields import CLOSE
from wealthdata.errors import DataUnavailable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthdata.binding.adapter_access import BarReader
    from wealthdata.reading.span import Span
    from wealthsources import Bars, Timeframe


class Rows(NamedTuple):
    """Bars as arrays: open times, values (n, 5), which of them are filled in (None: none), the close before them."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    filled: NDArray[np.bool_] | None
    before: float


def fill(rows: Rows, timeframe: Timeframe, span: Span, until: int) -> Rows:
    """The rows of the span with a flat one for every window that has no bar, up to window number `until` at least.

    They begin with the first bar that is in the span, or, if all are before it, with the span. There must be a bar.
    """
    slots = timeframe.slots(rows.times)
    first, last = _first(slots, rows, timeframe, span), max(int(slots[-1]), until)
    if span.count is not None:
        first = max(first, last - span.count + 1)
    place = int(np.searchsorted(slots, first))
    before = float(rows.values[place - 1, CLOSE]) if place else rows.before
    grid = np.arange(first, last + 1)
    source = np.searchsorted(slots, grid, side="right") - 1
    filled = slots[source] != grid
    values = rows.values[source]
    values[filled, :4] = values[filled, CLOSE, None]
    values[filled, 4] = 0.0
    return Rows(timeframe.open_times(grid), values, filled, before)


def _first(slots: NDArray[np.int64], rows: Rows, timeframe: Timeframe, span: Span) -> int:
    if span.start is None:
        return int(slots[0])
    place = int(np.searchsorted(rows.times, span.start))
    return int(slots[place]) if place < len(slots) else timeframe.first_from(span.start)


def newest_window(reader: BarReader, bars: Bars, span: Span) -> int:
    """The number of the newest window that gets a row, whether it has a bar or not: that of the last bar, or a later
    one, of which the bar must be there by now and nothing says that it is missing because a source is down.
    """
    timeframe = bars.timeframe
    last = timeframe.slot(bars.newest)
    if bars.failed or reader.is_silent(bars.symbol, timeframe):
        return last
    due = reader.due()
    return max(last, timeframe.slot(due if span.end is None else min(due, span.end)) - 1)


def bar_before(reader: BarReader, symbol: str, timeframe: Timeframe, span: Span, absence: DataUnavailable) -> Bars:
    """The last bar before a span in which there is none at all, so that its close can stand in all of the rows.

    Raises `absence`, which says so of the span, if there never was one or a source failed; WealthDataError.
    """
    if span.start is None or any(attempt.outcome == "failed" for attempt in absence.attempts):
        raise absence
    try:
        bars = reader.get_history(symbol, timeframe, 1, None, span.end)
    except DataUnavailable:
        raise absence from None
    if newest_window(reader, bars, span) < timeframe.first_from(span.start):
        raise absence
    return bars
