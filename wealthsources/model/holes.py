"""Holes: bars that should exist between two others and are missing. Spans and counts, never lists of bars."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources.model.timeframe import Timeframe


@dataclasses.dataclass(frozen=True, slots=True)
class Hole:
    """Bars that should exist between two others: `count` of them, from open time `start` to the last one's end, ms."""

    start: int
    end: int
    count: int

    def as_dict(self) -> dict[str, int | str]:
        """As plain values: `start`, `end` (ms) and `count`, and `text` to read, whose times are UTC."""
        return {"start": int(self.start), "end": int(self.end), "count": int(self.count), "text": f"{self} UTC"}

    def __str__(self) -> str:
        return f"{self.count} missing from {time_text(self.start)} to {time_text(self.end)}"


def hole_of(timeframe: Timeframe, first: int, last: int) -> Hole:
    """The hole of these windows, by number."""
    opens = timeframe.open_time(last)
    return Hole(timeframe.open_time(first), timeframe.end(opens), last - first + 1)


def holes_between(timeframe: Timeframe, open_times: NDArray[np.int64]) -> tuple[Hole, ...]:
    """The holes in a row of open times, oldest first."""
    if len(open_times) < 2:
        return ()
    return tuple(hole_of(timeframe, first, last) for first, last in missing_slots(timeframe, open_times))


def is_contiguous(timeframe: Timeframe, open_times: NDArray[np.int64]) -> bool:
    """Whether none is missing between these, which are in order."""
    return len(open_times) < 2 or bool((np.diff(timeframe.slots(open_times)) == 1).all())


def missing_slots(timeframe: Timeframe, open_times: NDArray[np.int64]) -> list[tuple[int, int]]:
    """The first and the last window number of each hole in a row of open times, oldest first."""
    slots = timeframe.slots(open_times)
    return [(int(slots[place]) + 1, int(slots[place + 1]) - 1) for place in np.flatnonzero(np.diff(slots) > 1)]
