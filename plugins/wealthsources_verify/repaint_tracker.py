"""Bars that were handed out as closed, and which of them come back with other values."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wealthsources import CLOSED, FIELDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources import Bars


class Repainted(NamedTuple):
    """One bar with two values of the same field; `bars` of the same answer are like it, itself included."""

    open_time: int
    field: str
    before: float
    after: float
    bars: int


class RepaintTracker:
    """The closed bars of one series by open time; of each the values with which it was handed out last."""

    def __init__(self) -> None:
        self._times: NDArray[np.int64] = np.empty(16, np.int64)
        self._values: NDArray[np.float64] = np.empty((16, len(FIELDS)))
        self._length = 0

    def look(self, bars: Bars) -> Repainted | None:
        """Remember the closed ones. Returns the first that was handed out with other values."""
        closed = bars.states == CLOSED
        times, values = bars.open_times[closed], bars.values[closed]
        places = np.searchsorted(self._times[: self._length], times)
        known = np.zeros(len(times), bool)
        inside = places < self._length
        known[inside] = self._times[places[inside]] == times[inside]
        held = places[known]
        wrong = self._values[held] != values[known]
        repainted = None
        if wrong.any():
            row, column = (int(at) for at in np.argwhere(wrong)[0])
            before, after = float(self._values[held[row], column]), float(values[known][row, column])
            bars_in_all = int(wrong.any(axis=1).sum())
            repainted = Repainted(int(times[known][row]), FIELDS[column], before, after, bars_in_all)
            self._values[held] = values[known]
        self._add(times[~known], values[~known])
        return repainted

    def _add(self, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        if not len(times):
            return
        length = self._length + len(times)
        if length > len(self._times):
            self._times = np.concatenate((self._times[: self._length], np.empty(length, np.int64)))
            self._values = np.concatenate((self._values[: self._length], np.empty((length, len(FIELDS)))))
        self._times[self._length : length] = times
        self._values[self._length : length] = values
        if self._length and times[0] < self._times[self._length - 1]:  # older ones than there were
            order = np.argsort(self._times[:length])
            self._times[:length], self._values[:length] = self._times[order], self._values[order]
        self._length = length
