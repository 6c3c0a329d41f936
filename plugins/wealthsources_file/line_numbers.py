"""LineNumbers: at which line each row of a file begins. Nearly always the rows follow each other line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LineNumbers:
    """Rows are numbered from 0 in the order of the file, lines from 1; kept is where the lines run ahead of the rows.

    rows  how many there are so far
    """

    def __init__(self) -> None:
        self.rows = 0
        self._from: list[NDArray[np.int64]] = []
        self._ahead: list[NDArray[np.int64]] = []
        self._last = 0

    def add(self, lines: NDArray[np.int64]) -> NDArray[np.int64]:
        """The lines of the rows that follow. Returns the numbers of these."""
        numbers = self.rows + np.arange(len(lines))
        ahead = lines - numbers
        changes = np.flatnonzero(np.diff(ahead, prepend=self._last))
        if len(changes):
            self._from.append(numbers[changes])
            self._ahead.append(ahead[changes])
            self._last = int(ahead[-1])
        self.rows += len(lines)
        return numbers

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The lines at which these rows begin."""
        begins, ahead = np.concatenate([[0], *self._from]), np.concatenate([[0], *self._ahead])
        found: NDArray[np.int64] = rows + ahead[np.searchsorted(begins, rows, "right") - 1]
        return found
