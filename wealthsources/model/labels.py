"""Whether two sources label the same bars alike: one that stamps a bar with its end has each bar a window later."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wealthsources.model.rows import CLOSE, HIGH, LOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources.model.bars import Bars

#: So many bars that are another's one window later are no chance.
_PROOF = 2


class Labels(NamedTuple):
    """How the bars of a second source fit to those of a first, which has the same series.

    agree    bars of both that have the same prices, and no other labels would do
    differ   bars of both that have not all the same values
    later    bars of the second that the first has, with all five values, one window earlier, and not in its own
    earlier  the same, one window later
    misses   bars of the second that the first has not one window earlier; and not one window later

    Of bars whose prices are all the same nothing is counted: these prove nothing.
    """

    agree: int
    differ: int
    later: int
    earlier: int
    misses: tuple[int, int]

    @property
    def second_is_late(self) -> bool:
        """Whether the second seems to have each bar one window later, so that it stamps a bar with its end."""
        return self.differ > 0 and not (self.agree or self.earlier) and self.later > self.misses[0]

    @property
    def first_is_late(self) -> bool:
        """The same of the first."""
        return self.differ > 0 and not (self.agree or self.later) and self.earlier > self.misses[1]

    @property
    def is_proven(self) -> bool:
        """Whether that is no chance."""
        return max(self.later, self.earlier) >= _PROOF


def compare_labels(first: Bars, second: Bars) -> Labels:
    """Compare the closed bars of two sources, each in order."""
    moves = second.values[:, HIGH] > second.values[:, LOW]
    own, own_prices, has_own = _pairs(first, second, 0)
    later, _, has_earlier = _pairs(first, second, 1)
    earlier, _, has_later = _pairs(first, second, -1)
    return Labels(
        int((moves & own_prices & ~later & ~earlier).sum()),
        int((has_own & ~own).sum()),
        int((moves & later & ~own).sum()),
        int((moves & earlier & ~own).sum()),
        (int((moves & has_earlier & ~later).sum()), int((moves & has_later & ~earlier).sum())),
    )


def _pairs(first: Bars, second: Bars, by: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """For each bar of the second: whether the first's, so many windows earlier, has the same values; the same prices;
    and whether there is one.
    """
    timeframe = first.timeframe
    moved = timeframe.slots(first.open_times) + by
    _, mine, theirs = np.intersect1d(moved, timeframe.slots(second.open_times), True, return_indices=True)
    alike = first.values[mine] == second.values[theirs]
    same, same_prices, there = np.zeros((3, len(second)), bool)
    same[theirs] = alike.all(axis=1)
    same_prices[theirs] = alike[:, : CLOSE + 1].all(axis=1)
    there[theirs] = True
    return same, same_prices, there
