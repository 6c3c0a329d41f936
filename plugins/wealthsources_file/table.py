"""Table: the bars of a file and its rows that are none; Gatherer: takes all its rows block by block, and makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources import FIELDS, Bars
from wealthsources_file.bad_rows import BadRows, BadRowsOfFiles, Found
from wealthsources_file.line_numbers import LineNumbers
from wealthsources_file.order import IN_ORDER, WHYS, judge_order
from wealthsources_file.pieces import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wealthsources_file.block import Block
    from wealthsources_file.file_series import FileSeries
    from wealthsources_file.storage import Place

    Rows = NDArray[np.float64]

#: Bytes that the bars of a file may take, and those that the texts of one may that are kept aside.
MOST_MEMORY: Final = 768 << 20
_TEXTS: Final = 600
#: For so many times the rows that are there is room made, once it is full.
_GROWTH: Final = 4
_COLUMNS: Final = Bars.empty("", "1m").rows.shape[1]


class Table(NamedTuple):
    """The bars of a file, oldest first, and its rows that are none.

    opened  when its first and its last bar open, ms, where `bars` are but a part of it
    """

    bars: Bars
    bad: BadRows
    opened: tuple[int, int] | None = None


def joined(files: Sequence[tuple[Place, Table]]) -> Table:
    """Those of several files, or of parts of one, as one table; one at least, the oldest first."""
    tables = [table for _, table in files]
    if len(tables) == 1:
        return tables[0]
    last = tables[-1].bars
    rows = np.concatenate([table.bars.rows for table in tables])
    texts = {time: text for table in tables for time, text in table.bars.texts.items()}
    note = "; ".join(dict.fromkeys(table.bars.note for table in tables if table.bars.note))
    begins = np.cumsum([0, *(len(table.bars) for table in tables[:-1])]).tolist()
    bad = BadRowsOfFiles.of([(path, table.bad) for path, table in files], begins)
    return Table(Bars(last.symbol, last.timeframe, rows, texts=texts, note=note), bad)


class OtherOrderError(ValueError):
    """All rows are in the other order than the file is to have; `line` is where that shows first."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(line)


class Gatherer:
    """Takes the rows of one file, or of a part of it, in the order of the file.

    lines  at which line each row begins, or which row of the file it is
    found  the rows that are no bars
    """

    def __init__(self, series: FileSeries, most_memory: int = MOST_MEMORY, *, newest_first: bool = False) -> None:
        self.lines = LineNumbers()
        self.found = Found()
        self._series, self._most_memory, self._newest_first = series, most_memory, newest_first
        self._rows, self._count = np.empty((0, _COLUMNS)), 0
        self._texts: dict[int, tuple[str | None, ...]] = {}

    @property
    def has_bars(self) -> bool:
        """Whether any row so far is a bar."""
        return self._count > 0

    def take(self, block: Block, numbers: NDArray[np.int64]) -> None:
        """More rows, and their numbers in `lines`. Raises TooLargeError if they need more memory than there may be."""
        bad = np.flatnonzero(block.bad)
        self.found.add(numbers[bad], lambda place: block.why(int(bad[place])))
        bars = block.bars()
        self._keep(bars.rows)
        for time, texts in bars.texts.items():
            self._texts.setdefault(time, texts)
        if self._rows[: self._count].nbytes + _TEXTS * len(self._texts) > self._most_memory:
            raise TooLargeError(self._most_memory, "bars")

    def _keep(self, rows: Rows) -> None:
        """Put them behind the others, in an array with room for more: memory that is not written to costs nothing."""
        count = self._count + len(rows)
        if count > len(self._rows):
            begun, self._rows = self._rows[: self._count], np.empty((_GROWTH * count, _COLUMNS))
            self._rows[: self._count] = begun
        self._rows[self._count : count] = rows
        self._count = count

    def table(self, until: int | None, *, half_written: bool = False, are_lines: bool = True) -> Table:
        """What they hold. Raises OtherOrderError.

        All bars are stated as closed, but for the newest one if it may still change, as `last_row` says.

        until         when the file was written, ms; None: the newest row of it is not among these
        half_written  whether the last row may be half of one: then its bar is not closed
        are_lines     as in BadRows
        """
        half_written = half_written and self.lines.rows > 0
        rows = self._rows[: self._count]
        unread = half_written and self.found.drop(self.lines.rows - 1)
        if half_written and not unread and self._newest_first:
            rows, unread = rows[:-1], True
        rows = self._in_order(rows)
        count = len(rows)
        if until is not None and self._series.last_row == "drop" and (self._newest_first or not unread):
            rows = rows if self.found.drop(self._newest) else rows[:-1]
            unread = unread or not self._newest_first
        if (half_written and not unread) or self._may_change(rows, until):
            self._mark_forming(rows)
        bars = self._bars(rows)
        self._rows.setflags(write=False)  # answers are slices of it
        if half_written:
            what = "it is not read" if unread else "its bar is not taken as closed"
            bars = bars.noted(f"the last line has no end, so {what}")
        return Table(bars, self.found.among(self.lines, count if self._newest_first else None, are_lines=are_lines))

    @property
    def _newest(self) -> int:
        """The number of the row that is to be the newest one."""
        return 0 if self._newest_first else self.lines.rows - 1

    def _in_order(self, rows: Rows) -> Rows:
        """The rows, oldest first, without those that are there twice, or out of order."""
        if self._newest_first:
            rows = rows[::-1].copy()
        bars = self._bars(rows[:])
        steps = np.diff(bars.open_times)
        if (steps > 0).all():
            return rows
        if (steps < 0).all() and len(steps) > 1:
            raise OtherOrderError(int(self.lines.of(self.found.others(np.array([1])))[0]))
        judged = judge_order(bars.open_times, bars.values)
        bad = np.flatnonzero(judged)
        places = len(rows) - 1 - bad if self._newest_first else bad
        self.found.add(self.found.others(places), lambda place: WHYS[judged[bad[place]]])
        kept: Rows = rows[judged == IN_ORDER]
        return kept

    def _may_change(self, rows: Rows, until: int | None) -> bool:
        """Whether the newest bar was not over when the file was written, as far as that counts."""
        if until is None or self._series.last_row != "by_mtime" or not len(rows):
            return False
        return bool(self._bars(rows[-1:])[0].end > until)

    def _mark_forming(self, rows: Rows) -> None:
        """State the newest bar as one that is not closed."""
        for newest in self._bars(rows[-1:].copy()):
            times = {"open_time": newest.open_time, "close_time": newest.close_time}
            record = {**times, **{name: newest.exact(name) for name in FIELDS}, "closed": False}
            rows[-1:] = Bars.from_records(newest.symbol, newest.timeframe, [record]).rows

    def _bars(self, rows: Rows) -> Bars:
        return Bars(self._series.symbol, self._series.timeframe, rows, texts=self._texts)
