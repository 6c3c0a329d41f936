"""What may be seen of a source's answer: bars that are valid, closed by then, and end by the time asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

import numpy as np

from wealthsources.model.bars import Bars
from wealthsources.model.errors import InvalidAnswer
from wealthsources.model.holes import is_contiguous
from wealthsources.model.rows import BY_HISTORY, CLOSED, UNSET, open_times, statuses
from wealthsources.model.times import time_text
from wealthsources.model.validity import first_fault

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources.model.markets import Prices
    from wealthsources.model.rows import Rows
    from wealthsources.source import HistoryRequest


def check_answer(bars: Bars, request: HistoryRequest, prices: Prices) -> None:
    """Raise InvalidAnswer for what is no answer to the request, or holds a row that is no bar."""
    check_series(bars, request)
    if bars.trusted:
        return
    fault = first_fault(bars, prices)
    if fault is not None:
        index, why = fault
        raise InvalidAnswer(f"returned a bad bar: bars[{index}] at {time_text(int(bars.open_times[index]))}: {why}")


def check_series(bars: Bars, request: HistoryRequest) -> None:
    """Raise InvalidAnswer for what are no bars of the series that was asked for."""
    if not isinstance(bars, Bars):
        raise InvalidAnswer(f"returned {type(bars).__name__}, not Bars")
    if bars.symbol != request.symbol or bars.timeframe is not request.timeframe:
        raise InvalidAnswer(
            f"returned {bars.symbol} {bars.timeframe} when asked for {request.symbol} {request.timeframe}"
        )


def piece_of_series(bars: Bars, request: HistoryRequest) -> tuple[Bars, Bars | None] | None:
    """The closed bars and the forming one of an answer that is a piece of our own series, of the span asked for.

    Such an answer is in order and valid already. None for any other: it is looked at bar by bar.
    """
    if not (isinstance(bars, Bars) and bars.trusted and bars.unbroken):
        return None
    if bars.symbol != request.symbol or bars.timeframe is not request.timeframe:
        return None
    closed, forming = bars.split_forming()
    if not len(closed.rows):
        return closed, forming
    if (request.start and closed.oldest < request.start) or bars.timeframe.end(closed.newest) > request.end:
        return None
    return closed, forming


def split_visible(bars: Bars, request: HistoryRequest, unset_until: int) -> tuple[Bars, Bars | None]:
    """The closed bars of an answer that may be seen, and its forming bar, if it was asked for.

    A bar of which nothing is said counts as closed if it ends by `unset_until`, ms.
    """
    _, forming = bars.split_forming()
    return _closed_by_then(bars, request, unset_until), forming if request.include_forming else None


def _over_by(bars: Bars, time: int) -> int:
    """How many of them end by then; they are in order."""
    times = bars.open_times
    return bisect_right(range(len(times)), time, key=lambda place: bars.timeframe.end(int(times[place])))


def _copied(rows: Rows, good: NDArray[np.bool_], count: int | None) -> Rows:
    """A copy of the good ones, of these of the newest `count`: a source may change what it holds."""
    where = np.flatnonzero(good)
    where = where[max(0, len(where) - (count or len(where))) :]
    first, last = (int(where[0]), int(where[-1]) + 1) if len(where) else (0, 0)
    return rows[first:last].copy() if last - first == len(where) else rows[where]


def _closed_by_then(bars: Bars, request: HistoryRequest, unset_until: int) -> Bars:
    states = bars.states
    good = states == CLOSED
    if not good.all():
        good |= (states == UNSET) & (np.arange(len(good)) < _over_by(bars, unset_until))
    good[_over_by(bars, request.end) :] = False
    if request.start is not None:
        good[: bisect_left(bars.open_times, request.start)] = False
    rows = _copied(bars.rows, good, request.count)
    status = statuses(rows)
    status[status == UNSET] = BY_HISTORY
    contiguous = is_contiguous(bars.timeframe, open_times(rows))
    return bars.replace(rows=rows, holes=(), behind=0, failed=(), trusted=False, unbroken=contiguous)
