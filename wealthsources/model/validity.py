"""What a bar may be, whichever source it is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
        (values[:, 1] < values[:, 2], "high is below low"),
        ((values[:, (0, 3)].max(axis=1) > values[:, 1]), "open or close is above high"),
        ((values[:, (0, 3)].min(axis=1) < values[:, 2]), "open or close is below low"),
        (values[:, 4] < 0, "volume is negative"),
    )
    for failing, why in checks:
        if failing.any():
            return int(failing.argmax()), why
    return None
