"""What a bar may be, whichever source it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wealthsources.model.rows import CLOSE, HIGH, LOW, OPEN, VOLUME
from wealthsources.model.times import EARLIEST_TIME, LATEST_TIME

if TYPE_CHECKING:
    from wealthsources.model.bars import Bars


def first_fault(bars: Bars) -> tuple[int, str] | None:
    """The first row that is no bar, as (index, why), or None: order, grid, finite values, low <= open, close <= high.

    Prices may be negative (they have been, in oil); a volume may not.
    """
    if not len(bars):
        return None
    times, values = bars.open_times, bars.values
    high, low, ends = values[:, HIGH], values[:, LOW], values[:, (OPEN, CLOSE)]
    earliest, latest = EARLIEST_TIME, LATEST_TIME
    absurd = (times < earliest) | (times > latest)
    if absurd.any():
        return int(absurd.argmax()), f"open_time {int(times[absurd.argmax()])} is not a time in ms of 1980 to 2200"
    wrong = np.zeros(len(times), dtype=bool)
    wrong[1:] = times[1:] <= times[:-1]
    checks = (
        (wrong, "open_time is not after the one before"),
        (
            times != bars.timeframe.open_times(bars.timeframe.slots(times)),
            f"open_time is not on the {bars.timeframe} grid",
        ),
        (~np.isfinite(values).all(axis=1), "a value is not a finite number"),
        (high < low, "high is below low"),
        (ends.max(axis=1) > high, "open or close is above high"),
        (ends.min(axis=1) < low, "open or close is below low"),
        (values[:, VOLUME] < 0, "volume is negative"),
    )
    for failing, why in checks:
        if failing.any():
            return int(failing.argmax()), why
    return None
