"""Coarser bars of finer ones that are alike: the quick way, a block at a time, so that it stays in the cache.

Alike are those of one source, with positive prices, as many decimals in each, and no text kept aside: an archive, say,
of which a year of minutes is made into days. What is not alike is made by `aggregate`, which gives the same bars of
these, to the last bit, in ten times the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources.model.rows import (
    AS_NUMBER,
    CLOSE,
    FIELDS,
    HIGH,
    KEPT_ASIDE,
    LOW,
    OPEN,
    VOLUME,
    decimals_of,
    sources_and_decimals,
    values,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from wealthsources.model.rows import Integers, Rows

#: Rows of a block: its columns have half a megabyte.
_BLOCK: Final = 8192
#: What `read_value` gives no more than a count of decimals for: 15 digits with the one before the dot.
MOST_DECIMALS: Final = 14
#: Sums of fewer units than this are exact in float64 and have at most 15 digits; there is room for a rough estimate.
MOST_UNITS: Final = 9e14


class PlainBars(NamedTuple):
    """Values in the order of FIELDS, shape (n, 5), and what all of them have as packed decimals."""

    values: NDArray[np.float64]
    decimals: int


def plain_bars(rows: Rows, starts: Integers) -> PlainBars | None:
    """The bars of buckets that begin with these rows, each up to the next one; None if the rows are not all alike."""
    both = sources_and_decimals(rows[:1])[0]
    packed = int(both >> np.uint64(32))
    if any(decimals_of(packed, place) == KEPT_ASIDE for place in range(len(FIELDS))):
        return None
    made = np.empty((len(starts), len(FIELDS)))
    made[:, OPEN] = values(rows)[starts, OPEN]
    made[:, CLOSE] = values(rows)[np.append(starts[1:], len(rows)) - 1, CLOSE]
    columns = np.empty((len(FIELDS), 0))
    for first, last in _blocks(starts, len(rows)):
        begin, end = int(starts[first]), int(starts[last]) if last < len(starts) else len(rows)
        if (sources_and_decimals(rows[begin:end]) != both).any():
            return None
        if columns.shape[1] < end - begin:
            columns = np.empty((len(FIELDS), end - begin))
        block = columns[:, : end - begin]
        block[:] = values(rows)[begin:end].T
        local = starts[first:last] - begin
        if block[LOW].min() <= 0:  # of 0 and -0, which are equal, the first one counts
            return None
        made[first:last, HIGH] = np.maximum.reduceat(block[HIGH], local)
        made[first:last, LOW] = np.minimum.reduceat(block[LOW], local)
        sums = _sums(block[VOLUME], local, decimals_of(packed, VOLUME))
        if sums is None:
            return None
        made[first:last, VOLUME] = sums
    return PlainBars(made, packed)


def _blocks(starts: Integers, count: int) -> Iterator[tuple[int, int]]:
    """Buckets from one number up to another, so that they have about as many rows as a block; one bucket at least."""
    first = 0
    while first < len(starts):
        full = int(np.searchsorted(starts, starts[first] + _BLOCK, side="right")) - 1
        last = len(starts) if count <= starts[first] + _BLOCK else max(first + 1, full)
        yield first, last
        first = last


def _sums(volumes: NDArray[np.float64], starts: Integers, code: int) -> NDArray[np.float64] | None:
    """The sum of each bucket, rounded once from the exact one; None if it cannot be had this way.

    A volume is a whole number of units of its last decimal, and whole numbers are added exactly. Of numbers that were
    no text the fewest decimals are looked for that all of them have.
    """
    total = np.add.reduceat(np.abs(volumes), starts).max()
    for decimals in range(MOST_DECIMALS + 1) if code == AS_NUMBER else (code,):
        scale = 10.0**decimals
        if not total * scale < MOST_UNITS:
            return None
        units = np.rint(volumes * scale)
        if (units / scale == volumes).all():
            sums: NDArray[np.float64] = np.add.reduceat(units, starts) / scale
            return sums
    return None
