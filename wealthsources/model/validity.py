"""What a bar may be, whichever source it is from: its time, and its five values. This is the one place that says it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources.model.rows import FIELDS
from wealthsources.model.times import EARLIEST_TIME, LATEST_TIME, check_time, time_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wealthsources.model.bars import Bars
    from wealthsources.model.markets import Prices
    from wealthsources.model.timeframe import Timeframe

_NOT_AFTER: Final = "open_time is not after the one before"


def is_usual(values: tuple[float, float, float, float, float]) -> bool:
    """Whether these are the values of a bar of positive prices. What it says no to is for `value_fault` to judge."""
    o, h, l, c, v = values  # noqa: E741
    return 0 < l <= o <= h < math.inf and l <= c <= h and 0 <= v < math.inf


def value_fault(values: Sequence[float], prices: Prices = "positive") -> str:
    """Which rule these five values break: finite, low <= open, close <= high, volume >= 0, and `prices`; or nothing."""
    for field, value in zip(FIELDS, values, strict=True):
        if not math.isfinite(value):
            return f"{field}: {value} is not a finite number"
    o, h, l, c, v = values  # noqa: E741
    if prices == "positive":
        for field, price in zip(FIELDS, (o, h, l, c), strict=False):
            if price <= 0:
                return f"{field}: {price} is not positive"
    if v < 0:
        return f"volume: {v} is negative"
    if h < l:
        return f"high {h} is below low {l}"
    if max(o, c) > h:
        return f"open {o} or close {c} is above high {h}"
    return f"open {o} or close {c} is below low {l}" if min(o, c) < l else ""


def time_fault(open_time: int, timeframe: Timeframe) -> str:
    """Why no bar of that timeframe opens then; or nothing."""
    try:
        check_time(open_time)
    except ValueError as error:
        return f"open_time: {error}"
    if timeframe.opens_at(open_time):
        return ""
    return f"open_time: {open_time} is not on the {timeframe} grid" + _hours_say(open_time, timeframe)


def _hours_say(time: int, timeframe: Timeframe) -> str:
    """Why no bar opens then on a market with trading hours; nothing if it has none."""
    hours = timeframe.hours
    if hours is None:
        return ""
    if not int(hours.opens[0]) <= time < int(hours.ends[-1]):
        first, last = time_text(int(hours.opens[0])), time_text(int(hours.ends[-1]))
        return f" of {hours.name}, which is known from {first} to {last} UTC"
    opens = timeframe.floor(time)
    if opens > time:
        return f" of {hours.name}, which is closed then ({time_text(time)} UTC), and opens {time_text(opens)} UTC"
    end = time_text(timeframe.end(opens))
    return f" of {hours.name}: {time_text(time)} UTC is in the window from {time_text(opens)} to {end} UTC"


def first_fault(bars: Bars, prices: Prices = "positive") -> tuple[int, str] | None:
    """The first row that is no bar, or not after the one before it, as (index, why); None if all are in order."""
    times = bars.open_times
    wrong = find_faults(times, bars.values, bars.timeframe, prices)
    wrong[1:] |= times[1:] <= times[:-1]
    if not wrong.any():
        return None
    index = int(wrong.argmax())
    return index, fault_of(int(times[index]), bars.values[index].tolist(), bars.timeframe, prices) or _NOT_AFTER


def fault_of(open_time: int, values: Sequence[float], timeframe: Timeframe, prices: Prices = "positive") -> str:
    """What is wrong with a row that `find_faults` marks; or nothing."""
    return time_fault(open_time, timeframe) or value_fault(values, prices)


def find_faults(
    times: NDArray[np.int64],
    values: NDArray[np.float64],
    timeframe: Timeframe,
    prices: Prices = "positive",
) -> NDArray[np.bool_]:
    """Which rows are no bars, each by itself: of open times, shape (n,), and values, shape (n, 5)."""
    o, h, l, c, v = values.T  # noqa: E741
    # Nothing can be said of NaN. A column at a time, since a step along short rows takes ten times as long.
    good: NDArray[np.bool_] = (l <= o) & (o <= h) & (l <= c) & (c <= h) & (h < np.inf) & (v >= 0) & (v < np.inf)
    good &= l > (0 if prices == "positive" else -np.inf)
    good &= (times >= EARLIEST_TIME) & (times <= LATEST_TIME)
    possible = np.clip(times, EARLIEST_TIME, LATEST_TIME)  # a window of months far off cannot be reckoned
    good &= times == timeframe.open_times(timeframe.slots(possible))
    return ~good
