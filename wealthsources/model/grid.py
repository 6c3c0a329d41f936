"""Grids: where the windows of a timeframe open and end. One for markets that never close, one for those that do.

Windows are numbered; those of a market that never closes touch, and number 0 is the one that holds 1970-01-01. Those of
a market with trading hours are the ones that it is open in, numbered from the first that is known, so that here too a
bar's neighbours are the bars of the numbers before and after: no night, lunch or weekend lies between two numbers.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from wealthsources.model.errors import RequestError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources.model.trading_hours import TradingHours

    Integers = NDArray[np.int64]

_DAY: Final = 24 * 60 * 60_000
#: The timeframes that trading days are put into.
OF_DAYS: Final = ("1d", "1w", "1M")
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Grid(Protocol):
    """All times are int ms since 1970, UTC.

    step  the length of each window; 0 if they are not all of one length
    """

    step: int

    def slot(self, time: int) -> int:
        """The number of the window that holds `time`, else of the first one after it."""

    def open_time(self, slot: int) -> int:
        """When window number `slot` opens."""

    def end(self, time: int) -> int:
        """When the window that opens at `time` ends."""

    def slots(self, times: Integers) -> Integers:
        """`slot` for an array of times."""

    def open_times(self, slots: Integers) -> Integers:
        """`open_time` for an array of numbers."""

    def ends(self, times: Integers) -> Integers:
        """`end` for an array of times."""


class EvenGrid:
    """Windows of one length, one after the other."""

    def __init__(self, step: int, origin: int = 0) -> None:
        self.step = step
        self._origin = origin

    def slot(self, time: int) -> int:
        return (time - self._origin) // self.step

    def open_time(self, slot: int) -> int:
        return slot * self.step + self._origin

    def end(self, time: int) -> int:
        return time + self.step

    def slots(self, times: Integers) -> Integers:
        return (times - self._origin) // self.step

    def open_times(self, slots: Integers) -> Integers:
        return slots * self.step + self._origin

    def ends(self, times: Integers) -> Integers:
        return times + self.step


class MonthGrid:
    """The months of the calendar, UTC."""

    step = 0

    def slot(self, time: int) -> int:
        try:
            moment = _EPOCH + dt.timedelta(milliseconds=time)
        except OverflowError:
            raise RequestError(f"{time} ms is outside the years 1 to 9999") from None
        return (moment.year - 1970) * 12 + moment.month - 1

    def open_time(self, slot: int) -> int:
        year, month = divmod(slot, 12)
        try:
            moment = dt.datetime(1970 + year, month + 1, 1, tzinfo=dt.UTC)
        except (ValueError, OverflowError):
            raise RequestError(f"month {slot} from 1970-01 is outside the years 1 to 9999") from None
        return (moment - _EPOCH) // dt.timedelta(milliseconds=1)

    def end(self, time: int) -> int:
        return self.open_time(self.slot(time) + 1)

    def slots(self, times: Integers) -> Integers:
        return times.astype("datetime64[ms]").astype("datetime64[M]").astype("int64")

    def open_times(self, slots: Integers) -> Integers:
        return slots.astype("datetime64[M]").astype("datetime64[ms]").astype("int64")

    def ends(self, times: Integers) -> Integers:
        return self.open_times(self.slots(times) + 1)


class HoursGrid:
    """Windows cut from spans in which a market is open, each from its opening on and never past its end.

    Numbers beyond what is known: the first window, and a time just after the last one, at which none opens.

    spans  open times and ends, ms, in order and apart · step: the length of each window; 0: a span is one window
    """

    step = 0

    def __init__(self, opens: Integers, ends: Integers, step: int = 0) -> None:
        self._opens, self._ends, self._length = opens, ends, step
        counts = -(-(ends - opens) // step) if step else np.ones(len(opens), dtype=np.int64)
        #: The number of the first window of each span, and after the last one the number of all.
        self._firsts = np.concatenate(([0], np.cumsum(counts)))
        self._count = int(self._firsts[-1])
        self._beyond = int(ends[-1]) + 1
        # bisect on a list takes a tenth of what numpy takes for a single time.
        self._opens_list, self._ends_list, self._firsts_list = opens.tolist(), ends.tolist(), self._firsts.tolist()

    def slot(self, time: int) -> int:
        span = bisect_right(self._ends_list, time)
        if span == len(self._ends_list):
            return self._count
        into = max(0, time - self._opens_list[span])
        return int(self._firsts_list[span] + (into // self._length if self._length else 0))

    def open_time(self, slot: int) -> int:
        if slot >= self._count:
            return self._beyond
        slot = max(0, slot)
        span = bisect_right(self._firsts_list, slot) - 1
        return int(self._opens_list[span] + (slot - self._firsts_list[span]) * self._length)

    def end(self, time: int) -> int:
        span = bisect_right(self._ends_list, time)
        if span == len(self._ends_list):
            return self._beyond
        if not self._length:
            return int(self._ends_list[span])
        opens = self._opens_list[span]
        return int(min(self._ends_list[span], opens + (max(0, time - opens) // self._length + 1) * self._length))

    def slots(self, times: Integers) -> Integers:
        spans = np.searchsorted(self._ends, times, side="right")
        inside = np.minimum(spans, len(self._ends) - 1)
        into = np.maximum(0, times - self._opens[inside])
        slots = self._firsts[inside] + (into // self._length if self._length else 0)
        return np.where(spans < len(self._ends), slots, self._count)

    def open_times(self, slots: Integers) -> Integers:
        possible = np.clip(slots, 0, self._count - 1)
        spans = np.searchsorted(self._firsts, possible, side="right") - 1
        opens = self._opens[spans] + (possible - self._firsts[spans]) * self._length
        return np.where(slots < self._count, opens, self._beyond)

    def ends(self, times: Integers) -> Integers:
        spans = np.searchsorted(self._ends, times, side="right")
        inside = np.minimum(spans, len(self._ends) - 1)
        ends = self._ends[inside]
        if self._length:
            opens = self._opens[inside]
            ends = np.minimum(ends, opens + (np.maximum(0, times - opens) // self._length + 1) * self._length)
        return np.where(spans < len(self._ends), ends, self._beyond)


def hours_grid(hours: TradingHours, name: str, step: int) -> HoursGrid:
    """The windows of the timeframe of that name in these hours; `step` is its usual length, ms.

    Raises RequestError for one that trading days cannot be put into.
    """
    if step and step < _DAY:
        return HoursGrid(hours.opens, hours.ends, step)
    if name not in OF_DAYS:
        raise RequestError(f"{name} is no timeframe of {hours.name}, which has trading days: {', '.join(OF_DAYS)}")
    opens, ends = hours.windows(name)
    if not len(opens):
        raise RequestError(f"the calendar {hours.name} is known for no whole window of {name}")
    return HoursGrid(opens, ends)
