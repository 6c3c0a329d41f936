"""Parts of a file: rows that can be read and judged without the others, since none of those is between them in time.

A cut between two rows is one where all that stands before it is older than all that stands behind it. Then what is
twice, or out of order, is so within one part, and a part holds all that the file has from its oldest to its newest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.int64]

#: What stands for the oldest and the newest time of rows that have none.
NO_TIMES: Final = (np.iinfo(np.int64).max, np.iinfo(np.int64).min)


class Part(NamedTuple):
    """The rows from number `begin` to the one before `end`, from 0; their oldest and newest time, ms, as written."""

    begin: int
    end: int
    oldest: int
    newest: int

    def __len__(self) -> int:
        return self.end - self.begin


def cuts(oldest: Times, newest: Times, *, touching: bool = False) -> NDArray[np.intp]:
    """Before which of these one can cut; each is a row, or rows with these times, NO_TIMES if they have none.

    What has no time stays with what stands before it. `touching`: also where what stands before a cut ends with the
    very time that what stands behind it begins with.
    """
    before = np.maximum.accumulate(newest)[:-1]
    behind = np.minimum.accumulate(oldest[::-1])[::-1][1:]
    good = (before <= behind if touching else before < behind) & (before != NO_TIMES[1]) & (newest[1:] != NO_TIMES[1])
    return np.flatnonzero(good) + 1


def parts_of(begins: Times, oldest: Times, newest: Times, places: NDArray[np.intp], end: int) -> list[Part]:
    """The parts between these cuts; `begins` has the first row of each that was looked at, `end` is one past the last.

    What has no rows is no part.
    """
    firsts = np.append(0, places)
    rows = np.append(begins[firsts], end).tolist() if len(begins) else []
    if not rows:
        return []
    least, most = np.minimum.reduceat(oldest, firsts).tolist(), np.maximum.reduceat(newest, firsts).tolist()
    found = [Part(*each) for each in zip(rows[:-1], rows[1:], least, most, strict=True)]
    return [part for part in found if len(part)]


def thinned(places: NDArray[np.intp], count: int, size: int) -> NDArray[np.intp]:
    """Some of these cuts of `count` rows, so that there are `size` rows between them, or a few more."""
    wanted = np.arange(size, count, size)
    found = places[np.minimum(np.searchsorted(places, wanted), len(places) - 1)] if len(places) else places
    return np.unique(found[found >= wanted[: len(found)]]) if len(places) else places
