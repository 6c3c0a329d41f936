"""Gatherer: takes the rows of a file block by block, and tells which of them are its bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources import FIELDS, Bars
from wealthsources_file.bad_rows import Found
from wealthsources_file.line_numbers import LineNumbers
from wealthsources_file.order import IN_ORDER, WHYS, judge_order
from wealthsources_file.pieces import TooLargeError
from wealthsources_file.table import MOST_MEMORY, Table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources_file.block import Block
    from wealthsources_file.file_series import FileSeries

_TEXTS: Final = 600
_COLUMNS: Final = Bars.empty("", "1m").rows.shape[1]


class NewestFirstError(ValueError):
    """Rows in the order of the newest first."""

    def __init__(self) -> None:
        super().__init__("has its newest rows first; write it again with its rows sorted by time")


class Gatherer:
    """Takes rows that follow each other in a file that has no lines."""

    def __init__(self, series: FileSeries, most_memory: int = MOST_MEMORY) -> None:
        self._series, self._most_memory = series, most_memory
        self._lines = LineNumbers()
        self._found = Found()
        self._packed = bytearray()
        self._texts: dict[int, tuple[str | None, ...]] = {}

    def take(self, block: Block, numbers: NDArray[np.int64]) -> None:
        """More rows, and their numbers. Raises TooLargeError if they need more memory than there may be."""
        rows = self._lines.rows + np.arange(len(numbers))
        self._lines.add(numbers)
        bad = np.flatnonzero(block.bad)
        self._found.add(rows[bad], lambda place: block.why(int(bad[place])))
        bars = block.bars()
        self._packed += bars.rows.tobytes()
        for time, texts in bars.texts.items():
            self._texts.setdefault(time, texts)
        if len(self._packed) + _TEXTS * len(self._texts) > self._most_memory:
            raise TooLargeError(self._most_memory, "bars")

    def table(self, until: int | None) -> Table:
        """What they hold. Raises NewestFirstError.

        until  when the file was written, ms, if they are the newest of it; else None
        """
        rows = self._in_order()
        if until is not None and self._series.last_row == "drop" and not self._found.drop(self._lines.rows - 1):
            rows = rows[:-1]
        if until is not None and self._series.last_row == "by_mtime":
            self._mark_forming(rows, until)
        return Table(self._bars(rows), self._found.among(self._lines, are_lines=False))

    def _in_order(self) -> NDArray[np.float64]:
        """The rows without those that are there twice, or out of order."""
        rows = np.frombuffer(self._packed).reshape(-1, _COLUMNS)
        bars = self._bars(rows[:])
        steps = np.diff(bars.open_times)
        if (steps > 0).all():
            return rows
        if (steps < 0).all() and len(steps) > 1:
            raise NewestFirstError
        judged = judge_order(bars.open_times, bars.values)
        bad = np.flatnonzero(judged)
        self._found.add(self._found.others(bad), lambda place: WHYS[judged[bad[place]]])
        kept: NDArray[np.float64] = rows[judged == IN_ORDER]
        return kept

    def _mark_forming(self, rows: NDArray[np.float64], until: int) -> None:
        """The newest bar is not closed if it was not over when the file was written."""
        for newest in self._bars(rows[-1:].copy()):
            if newest.end > until:
                times = {"open_time": newest.open_time, "close_time": newest.close_time}
                record = {**times, **{name: newest.exact(name) for name in FIELDS}, "closed": False}
                rows[-1:] = Bars.from_records(newest.symbol, newest.timeframe, [record]).rows

    def _bars(self, rows: NDArray[np.float64]) -> Bars:
        return Bars(self._series.symbol, self._series.timeframe, rows, texts=self._texts)
