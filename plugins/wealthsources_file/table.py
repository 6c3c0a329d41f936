"""From the text of a CSV file to its bars: every row is checked, and what is no bar is kept apart, with its line."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources import FIELDS, Bars, Market, Timeframe
from wealthsources_file.bad_rows import BadRows, Found
from wealthsources_file.block import read_block
from wealthsources_file.cells import Cutter, Letters
from wealthsources_file.file_series import FileSeries
from wealthsources_file.header import LineError, no_header, read_header
from wealthsources_file.line_numbers import LineNumbers
from wealthsources_file.order import IN_ORDER, WHYS, judge_order
from wealthsources_file.pieces import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from wealthsources_file.layout import Layout
    from wealthsources_file.pieces import Piece

    Rows = NDArray[np.float64]

#: A file with so many bad rows before its first bar is read no further.
_MOST_IN_VAIN: Final = 100_000
#: Bytes that the bars of a file may take, and those that the texts of one may that are kept aside.
MOST_MEMORY: Final = 768 << 20
_TEXTS: Final = 600


class Table(NamedTuple):
    """The bars of a file, oldest first, and its rows that are none.

    opened  when its first and its last bar open, ms, where `bars` are but a part of it
    """

    bars: Bars
    bad: BadRows
    opened: tuple[int, int] | None = None


def read_table(pieces: Iterable[Piece], series: FileSeries, until: int, most_memory: int = MOST_MEMORY) -> Table:
    """Read a CSV file with a header. Raises LineError if it has no bars because nothing in it is right.

    All bars are stated as closed, but for the newest one if it may still change; `until` is the time in ms at which
    the file was written. A last line without an end may be half written, and half a number is a number: then that bar
    is not closed either.
    """
    reader = _Reader(series, most_memory)
    for piece in pieces:
        reader.add(piece)
    return reader.table(until)


def read_symbols(pieces: Iterable[Piece], layout: Layout) -> set[str]:
    """The symbols whose rows a file has. Raises LineError if it cannot be read."""
    reader = _SymbolReader(FileSeries("", Timeframe("1m"), Market(), layout))
    for piece in pieces:
        reader.add(piece)
    return reader.symbols


class _Reader:
    """Takes the pieces of one file in their order."""

    def __init__(self, series: FileSeries, most_memory: int) -> None:
        self._series = series
        self._most_memory = most_memory
        self._cutter: Cutter | None = None
        self._header_at = 1
        self._places: Mapping[str, int] = {}
        self._lines = LineNumbers()
        self._found = Found()
        self._rows: list[Rows] = []
        self._size = 0
        self._texts: dict[int, tuple[str | None, ...]] = {}
        self._has_end = True

    def add(self, piece: Piece) -> None:
        text, self._has_end = piece
        if self._cutter is None:
            text = self._begin(text)
        if self._cutter is not None:
            self._add(self._cutter, text)

    def _begin(self, text: bytes) -> bytes:
        """Read the header, which is the first line that is not blank, or what else that says. Returns what follows."""
        layout = self._series.layout
        if self._header_at == 1:
            text = text.removeprefix(codecs.BOM_UTF8)  # spreadsheets like to write one
        begun = text.lstrip(b"\n")
        self._header_at += len(text) - len(begun)
        if layout.preamble and begun.startswith(layout.preamble.encode()):
            self._header_at += 1
            return self._begin(begun.partition(b"\n")[2])
        if not begun:
            return b""
        line, _, rest = begun.partition(b"\n")
        header = read_header(line, self._header_at, layout, self._series.symbol)
        self._places = header.places
        if layout.has_symbols and "symbol" not in header.places:
            raise LineError(self._header_at, f"has no column {' or '.join(layout.names('symbol'))} for the symbol")
        first = self._header_at + header.in_file
        letters = Letters.of(layout.separator, layout.decimal)
        self._cutter = Cutter(first, header, self._lines, self._found, letters)
        return rest if header.in_file else begun

    def _add(self, cutter: Cutter, text: bytes, *, last: bool = False) -> None:
        cells, numbers = cutter.cut(text, last=last)
        if self._series.only:
            wanted = cells.equal(self._places["symbol"], self._series.only)
            self._found.pass_over(numbers[~wanted])
            cells, numbers = cells.rows(wanted), numbers[wanted]
        block = read_block(self._series, cells, self._places)
        bad = np.flatnonzero(block.bad)
        self._found.add(numbers[bad], lambda place: block.why(int(bad[place])))
        bars = block.bars()
        self._rows.append(bars.rows)
        self._size += bars.rows.nbytes
        for time, texts in bars.texts.items():
            self._texts.setdefault(time, texts)
        if self._size + _TEXTS * len(self._texts) > self._most_memory:
            raise TooLargeError(self._most_memory, "bars")
        if not self._size and self._found.count > _MOST_IN_VAIN:
            raise self._in_vain()

    def table(self, until: int) -> Table:
        """What they hold; `until` as in `read_table`."""
        if self._cutter is None:
            raise no_header()
        self._add(self._cutter, b"", last=True)
        rows = np.concatenate(self._rows)
        half_written = not self._has_end and self._lines.rows > 0
        unread = half_written and self._found.drop(self._lines.rows - 1)
        if half_written and not unread and self._newest_first:
            rows, unread = rows[:-1], True
        rows = self._in_order(rows)
        count = len(rows)
        if self._series.last_row == "drop" and (self._newest_first or not unread):
            rows = rows if self._found.drop(self._newest) else rows[:-1]
            unread = unread or not self._newest_first
        if not len(rows) and self._found.count:
            raise self._in_vain()
        bars = self._stated(rows, until, half_written=half_written and not unread)
        if half_written:
            what = "it is not read" if unread else "its bar is not taken as closed"
            bars = bars.noted(f"the last line has no end, so {what}")
        return Table(bars, self._found.among(self._lines, count if self._newest_first else None))

    @property
    def _newest_first(self) -> bool:
        return self._series.layout.order == "newest_first"

    @property
    def _newest(self) -> int:
        """The number of the row that is to be the newest one."""
        return 0 if self._newest_first else self._lines.rows - 1

    def _in_order(self, rows: Rows) -> Rows:
        """The rows, oldest first, without those that are there twice, or out of order."""
        if self._newest_first:
            rows = rows[::-1].copy()
        bars = self._bars(rows[:])
        steps = np.diff(bars.open_times)
        if (steps > 0).all():
            return rows
        if (steps < 0).all() and len(steps) > 1:
            raise self._wrong_order()
        judged = judge_order(bars.open_times, bars.values)
        bad = np.flatnonzero(judged)
        places = len(rows) - 1 - bad if self._newest_first else bad
        self._found.add(self._found.others(places), lambda place: WHYS[judged[bad[place]]])
        kept: Rows = rows[judged == IN_ORDER]
        return kept

    def _wrong_order(self) -> LineError:
        line = int(self._lines.of(self._found.others(np.array([1])))[0])
        if self._newest_first:
            return LineError(line, "is newer than the row before; say order: oldest_first")
        return LineError(line, "is older than the row before; say order: newest_first if all of it is so, or sort it")

    def _stated(self, rows: Rows, until: int, *, half_written: bool) -> Bars:
        """The bars, of which the newest is not closed if it may still change."""
        for newest in self._bars(rows[-1:].copy()):
            may_change = self._series.last_row == "by_mtime" and newest.end > until
            if half_written or may_change:
                times = {"open_time": newest.open_time, "close_time": newest.close_time}
                record = {**times, **{name: newest.exact(name) for name in FIELDS}, "closed": False}
                rows[-1:] = Bars.from_records(newest.symbol, newest.timeframe, [record]).rows
        return self._bars(rows)

    def _bars(self, rows: Rows) -> Bars:
        return Bars(self._series.symbol, self._series.timeframe, rows, texts=self._texts)

    def _in_vain(self) -> LineError:
        bad = self._found.among(self._lines)
        line, why = bad.told()
        return LineError(line, f"{why}; none of the {len(bad)} rows of this file is a bar")


class _SymbolReader(_Reader):
    """Takes the pieces for the symbols in them alone."""

    def __init__(self, series: FileSeries) -> None:
        super().__init__(series, MOST_MEMORY)
        self.symbols: set[str] = set()

    def _add(self, cutter: Cutter, text: bytes, *, last: bool = False) -> None:
        cells, _ = cutter.cut(text, last=last)
        self.symbols |= cells.texts(self._places["symbol"])
