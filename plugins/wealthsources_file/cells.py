"""Lines of CSV as cells: where each one begins and ends.

Lines without quotes, which nearly every file of bars has alone, are cut at their commas and newlines, all at once. Any
others go through the csv module first, which is some four times slower.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources_file.pieces import PIECE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from numpy.typing import NDArray

    from wealthsources_file.bad_rows import Found
    from wealthsources_file.line_numbers import LineNumbers

#: Put between cells and rows that were quoted: there a cell may well hold a comma or a newline, but none of these.
_COMMA, _NEWLINE = "\x1f", "\x1e"
_REPLACED: Final = str.maketrans(_COMMA + _NEWLINE, "??")


class Cells(NamedTuple):
    """Bytes, and for each cell of a table where it starts and ends in them: arrays of shape (rows, columns)."""

    block: NDArray[np.uint8]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]

    def text(self, row: int, column: int) -> str:
        """What a cell holds. What is no UTF-8 in it shows as a letter of its own."""
        return self.block[self.starts[row, column] : self.ends[row, column]].tobytes().decode(errors="replace")


class Cutter:
    """Cuts the rows of one file, which have as many cells as its header; any that has more or fewer is a bad row.

    So is one with a quote that is not as it should be, and then only its first line, lest it take good rows with it.
    """

    def __init__(self, line: int, width: int, needed: Collection[int], lines: LineNumbers, found: Found) -> None:
        """The next line is number `line`. In the columns that are `needed` no cell has more than one line."""
        self._line = line
        self._width = width
        self._needed = needed
        self._lines = lines
        self._found = found
        self._begun = b""

    def cut(self, text: bytes, *, last: bool = False) -> tuple[Cells, NDArray[np.int64]]:
        """The rows of the next lines, each of which ends with a newline, and their numbers among all rows.

        A row that has begun and not ended waits for more lines, unless these are the `last` ones.
        """
        text, self._begun = self._begun + text, b""
        if b'"' in text:
            return self._cut_quoted(text, last=last)
        cells, counts, blank = _split(text, b",", b"\n", self._width)
        at = self._line + np.flatnonzero(~blank)
        self._line += len(counts)
        counts = counts[~blank]
        return cells, self._number(at, counts == self._width, lambda row: self._widths(int(counts[row])))

    def _cut_quoted(self, text: bytes, *, last: bool) -> tuple[Cells, NDArray[np.int64]]:
        rows: list[str] = []
        at: list[int] = []
        whys: dict[int, str] = {}
        for line, row, why in self._read(text, last=last):
            if why or len(row) != self._width:
                whys[len(at)] = why or self._widths(len(row))
            else:
                rows.append(_joined(row))
            at.append(line)
        fits = np.ones(len(at), bool)
        fits[list(whys)] = False
        cells, _, _ = _split("".join(rows).encode(), _COMMA.encode(), _NEWLINE.encode(), self._width)
        return cells, self._number(np.array(at, np.int64), fits, whys.__getitem__)

    def _read(self, text: bytes, *, last: bool) -> Iterator[tuple[int, list[str], str]]:
        """Of each row its first line, its cells, and what is wrong with its quotes."""
        lines = list(io.StringIO(text.decode(errors="replace"), newline="\n"))
        begin = 0
        while begin < len(lines):
            first, why = begin, ""
            reader = csv.reader((lines[place] for place in range(first, len(lines))), strict=True)
            try:
                for row in reader:
                    end = first + reader.line_num
                    if end - begin > 1 and not self._may_have_lines(row):
                        why = "it is closed in another line"
                        break
                    if row:
                        yield self._line + begin, row, ""
                    begin = end
            except csv.Error as error:
                why = str(error)
            if not why:
                break
            if not last and first + reader.line_num == len(lines) and sum(map(len, lines[begin:])) < PIECE:
                self._begun = "".join(lines[begin:]).encode()
                break
            yield self._line + begin, [], f"has a bad quote: {why}"
            begin += 1
        self._line += begin

    def _may_have_lines(self, row: list[str]) -> bool:
        return len(row) == self._width and not any("\n" in row[column] for column in self._needed)

    def _widths(self, count: int) -> str:
        return f"has {count} values; the header names {self._width} columns"

    def _number(self, at: NDArray[np.int64], fits: NDArray[np.bool_], why: Callable[[int], str]) -> NDArray[np.int64]:
        """Number the rows that begin at these lines; those that do not fit are bad."""
        numbers = self._lines.rows + np.arange(len(at))
        self._lines.add(at)
        bad = np.flatnonzero(~fits)
        self._found.add(numbers[bad], lambda place: why(int(bad[place])))
        good: NDArray[np.int64] = numbers[fits]
        return good


def _split(text: bytes, comma: bytes, newline: bytes, width: int) -> tuple[Cells, NDArray[np.intp], NDArray[np.bool_]]:
    """Cut at each comma and newline: the lines with `width` cells; how many each line has, and which are blank."""
    block = np.frombuffer(text, np.uint8)
    stops = np.flatnonzero((block == ord(comma)) | (block == ord(newline)))
    starts = np.append(0, stops[:-1] + 1)[: len(stops)]
    newlines = np.flatnonzero(block[stops] == ord(newline))
    counts = np.diff(newlines, prepend=-1)
    fits = counts == width
    if fits.all():
        cells = Cells(block, starts.reshape(-1, width), stops.reshape(-1, width))
        return cells, counts, np.zeros(len(counts), bool)
    places = newlines[fits][:, None] + np.arange(1 - width, 1)
    return Cells(block, starts[places], stops[places]), counts, stops[newlines] == starts[newlines - counts + 1]


def _joined(row: list[str]) -> str:
    """Cells with something between them that is in none of them."""
    text = _COMMA.join(row)
    if text.count(_COMMA) >= len(row) or _NEWLINE in text:
        text = _COMMA.join(cell.translate(_REPLACED) for cell in row)
    return text + _NEWLINE
