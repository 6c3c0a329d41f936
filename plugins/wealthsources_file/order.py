"""Rows that are twice in a file, or out of order: which of them are no bars of it.

Of rows with one open_time the first stays if all say the same; else none does, for nobody can tell which is right. Of
what is out of order as few rows as possible are left out; where there is a choice, all that it is between. So a row
with a time of next year costs nothing but itself.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.int64]

IN_ORDER, AGAIN, UNLIKE, OUT_OF_ORDER = range(4)
#: What is said of the others.
WHYS: Final = (
    "",
    "says again what an earlier row says",
    "has the open_time of another row, and different values",
    "open_time is out of order",
)


def judge_order(times: Times, values: NDArray[np.float64]) -> NDArray[np.int8]:
    """For each row whether it is IN_ORDER, or why not; `values` has the shape (n, columns)."""
    _, first, which = np.unique(times, return_index=True, return_inverse=True)
    firsts = first[which]
    unlike = np.zeros(len(first), bool)
    for column in values.T:
        unlike[which[column != column[firsts]]] = True
    judged = np.where(firsts == np.arange(len(times)), IN_ORDER, AGAIN).astype(np.int8)
    judged[unlike[which]] = UNLIKE
    rest = np.flatnonzero(judged == IN_ORDER)
    judged[rest[~in_every_order(times[rest])]] = OUT_OF_ORDER
    return judged


def in_every_order(times: Times) -> NDArray[np.bool_]:
    """Which of these times, all different, are in every one of the longest rising series that can be picked from them.

    Shape (n,). Takes some n log n steps of Python.
    """
    rises = _ranks(times)
    falls = _ranks(-times[::-1])[::-1]
    may_be = rises + falls == rises.max(initial=0) + 1
    rivals = np.bincount(rises[may_be])
    alone: NDArray[np.bool_] = may_be & (rivals[rises * may_be] == 1)
    return alone


def _ranks(times: Times) -> Times:
    """For each time how many the longest rising series has that ends with it."""
    earliest: array[int] = array("q")  # by its length, with which time such a series can end at the earliest
    ranks = np.empty(len(times), np.int64)
    for place, time in enumerate(times.tolist()):
        rank = bisect_left(earliest, time)
        if rank == len(earliest):
            earliest.append(time)
        else:
            earliest[rank] = time
        ranks[place] = rank + 1
    return ranks
