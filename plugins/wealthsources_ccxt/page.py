"""One page of rows, verified: what is in order, on the grid, complete rows, and over by the exchange's own time."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from wealthsources import Bars, find_faults, time_text
from wealthsources_ccxt.errors import BadPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources import Timeframe
    from wealthsources_ccxt.connection import Row

_NAMES = ("open_time", "open", "high", "low", "close", "volume")


def read_page(rows: Sequence[Row], timeframe: Timeframe, since: int, now: int | None) -> Bars:
    """The bars of a page, without those that end after `now`, the exchange's time in ms.

    If that is not known, the last row is taken for one that is forming. Raises BadPage for rows that cannot be
    right; then none of the page is to be used. The symbol of the bars is not set yet.
    """
    _check_times(rows, timeframe, since)
    over = rows[:-1] if now is None else [row for row in rows if timeframe.end(row[0]) <= now]
    try:
        bars = Bars.from_records("", timeframe, (dict(zip(_NAMES, row, strict=True)) for row in over))
    except ValueError as error:
        raise BadPage(f"answered with a row that is no bar: {error}") from None
    faults = find_faults(bars.open_times, bars.values, timeframe, "any")  # what a price may be, the chain knows
    if faults.any():
        raise BadPage(f"answered with a row that can be no bar: {bars[int(faults.argmax())]}")
    return bars


def _check_times(rows: Sequence[Row], timeframe: Timeframe, since: int) -> None:
    for time, *_ in rows:
        if not timeframe.opens_at(time):
            raise BadPage(
                f"answered with a row that opens at {time_text(time)}, where no {timeframe} opens; "
                "does it count days and weeks in another zone?"
            )
    for (earlier, *_), (later, *_) in pairwise(rows):
        if later == earlier:
            raise BadPage(f"answered with the row of {time_text(later)} twice")
        if later < earlier:
            raise BadPage(f"answered with rows out of order, at {time_text(later)}")
    if rows and rows[0][0] < since:
        raise BadPage(f"answered with a row of {time_text(rows[0][0])}, before {time_text(since)} as asked for")
