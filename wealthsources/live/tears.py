"""Tears: where a series of a quiet market may lack bars.

On a market that is not continuous a window without a trade has no bar, so windows without one say nothing by
themselves. What a stream did not bring between two bars never was, unless the stream was interrupted in between: by a
lost connection, or by a message that could not be used. Such a place is a tear, and only there bars are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from wealthsources.model.holes import Hole
    from wealthsources.model.timeframe import Timeframe


class Tears:
    """The bars of one series before which something may be missing, by their open times. For one thread at a time.

    open  something may be missing after the newest bar, whichever comes next
    """

    def __init__(self, timeframe: Timeframe) -> None:
        self._timeframe = timeframe
        self.open = False
        self._before: set[int] = set()

    def add(self, open_time: int) -> None:
        """Something may be missing right before this bar."""
        self._before.add(open_time)

    def split(self, open_time: int, following: int) -> None:
        """A bar came that stands before `following`: what may be missing there may be missing on both its sides."""
        if following in self._before:
            self._before.add(open_time)

    def mend(self, hole: Hole) -> None:
        """Of this hole nothing is missing any more: what was not brought never was."""
        self._before = {time for time in self._before if not hole.start < time <= self._after(hole)}

    def forget(self, until: int) -> None:
        """No bar up to this open time is held any more."""
        self._before = {time for time in self._before if time > until}

    def drop(self, open_time: int) -> None:
        """This bar is held no more."""
        self._before.discard(open_time)

    def between(self, first: int, last: int) -> bool:
        """Whether something may be missing before any bar that opens after `first`, up to `last`."""
        return any(first < time <= last for time in self._before)

    def of(self, holes: Iterable[Hole]) -> tuple[Hole, ...]:
        """Those of these stretches without a bar in which something may be missing."""
        return tuple(hole for hole in holes if self.between(hole.start - 1, self._after(hole)))

    def _after(self, hole: Hole) -> int:
        """When the bar after it opens."""
        return self._timeframe.floor(hole.end)

    def before(self, open_times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """For each of these bars whether something may be missing right before it."""
        return np.isin(open_times, list(self._before))
