"""Merging the bars of two sources: identity is the open time, and the first source's bar wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wealthsources.model.bars import Bars
from wealthsources.model.holes import is_contiguous
from wealthsources.model.rows import COLUMNS, open_times, source_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources.model.rows import Rows


def merge(first: Bars, second: Bars) -> Bars:
    """The bars of both, in order; where both have one, that of the first."""
    sources = tuple(dict.fromkeys((*first.sources, *second.sources)))
    rows = np.concatenate([_recoded(first, sources), _recoded(second, sources)])
    _, places = np.unique(open_times(rows), return_index=True)
    rows = rows[places]
    texts = {}
    if first.texts or second.texts:
        held = set(first.open_times.tolist())
        texts = {at: kept for at, kept in first.texts.items() if at in held}
        texts |= {at: kept for at, kept in second.texts.items() if at not in held}
    unbroken = is_contiguous(first.timeframe, open_times(rows))
    return Bars(first.symbol, first.timeframe, rows, sources, texts, unbroken=unbroken)


def differing_times(first: Bars, second: Bars) -> NDArray[np.int64]:
    """The open times of bars that both have, with different values."""
    times, mine, theirs = np.intersect1d(first.open_times, second.open_times, assume_unique=True, return_indices=True)
    differing: NDArray[np.int64] = times[(first.values[mine] != second.values[theirs]).any(axis=1)]
    return differing


def _recoded(bars: Bars, sources: tuple[str, ...]) -> Rows:
    """The rows with source codes that index `sources`."""
    rows = np.array(bars.rows).reshape(-1, COLUMNS)
    codes = np.array([sources.index(name) for name in bars.sources], dtype=np.uint8)
    of_rows = source_codes(rows)
    of_rows[:] = codes[of_rows]
    return rows
