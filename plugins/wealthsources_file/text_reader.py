"""Reads the text of a file: every row is checked, and what is no bar is kept apart, with its line."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from wealthsources import Market, Timeframe
from wealthsources_file.block import read_block
from wealthsources_file.cells import Cutter, Letters
from wealthsources_file.file_series import FileSeries
from wealthsources_file.header import LineError, no_header, read_header
from wealthsources_file.table import MOST_MEMORY, Gatherer, OtherOrderError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wealthsources_file.layout import Layout
    from wealthsources_file.pieces import Piece
    from wealthsources_file.table import Table

#: A file with so many bad rows before its first bar is read no further.
_MOST_IN_VAIN: Final = 100_000


def read_table(pieces: Iterable[Piece], series: FileSeries, until: int, most_memory: int = MOST_MEMORY) -> Table:
    """Read the text of a file. Raises LineError if it has no bars because nothing in it is right, TooLargeError.

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
        self._newest_first = series.layout.order == "newest_first"
        self._gathered = Gatherer(series, most_memory, newest_first=self._newest_first)
        self._cutter: Cutter | None = None
        self._header_at = 1
        self._places: Mapping[str, int] = {}
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
        self._cutter = Cutter(first, header, self._gathered.lines, self._gathered.found, letters)
        return rest if header.in_file else begun

    def _add(self, cutter: Cutter, text: bytes, *, last: bool = False) -> None:
        cells, numbers = cutter.cut(text, last=last)
        if self._series.only:
            wanted = cells.equal(self._places["symbol"], self._series.only)
            self._gathered.found.pass_over(numbers[~wanted])
            cells, numbers = cells.rows(wanted), numbers[wanted]
        self._gathered.take(read_block(self._series, cells, self._places), numbers)
        if not self._gathered.has_bars and self._gathered.found.count > _MOST_IN_VAIN:
            raise self._in_vain()

    def table(self, until: int) -> Table:
        """What they hold; `until` as in `read_table`."""
        if self._cutter is None:
            raise no_header()
        self._add(self._cutter, b"", last=True)
        try:
            table = self._gathered.table(until, half_written=not self._has_end)
        except OtherOrderError as error:
            raise self._wrong_order(error.line) from None
        if not len(table.bars) and len(table.bad):
            raise self._in_vain()
        return table

    def _wrong_order(self, line: int) -> LineError:
        if self._newest_first:
            return LineError(line, "is newer than the row before; say order: oldest_first")
        return LineError(line, "is older than the row before; say order: newest_first if all of it is so, or sort it")

    def _in_vain(self) -> LineError:
        bad = self._gathered.found.among(self._gathered.lines)
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
