"""Lines of CSV as cells: where each one begins and ends.

Lines without quotes, which nearly every file of bars has alone, are cut at their commas and newlines, all at once. Any
others go through the csv module first, which is some four times slower.

Lines with another separator than a comma, or with a decimal comma, change letters with each other first, so that there
is one way to cut; what is shown of them is as it was.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources_file.pieces import PIECE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from wealthsources_file.bad_rows import Found
    from wealthsources_file.header import Header
    from wealthsources_file.line_numbers import LineNumbers

#: Put between cells and rows that were quoted: there a cell may well hold a comma or a newline, but none of these.
_COMMA, _NEWLINE = "\x1f", "\x1e"
_REPLACED: Final = str.maketrans(_COMMA + _NEWLINE, "??")
#: What a text may not have that is put between others.
_MARKED: Final = str.maketrans(",\n", "??")
_DOT: Final = ord(".")
_FIRST_DIGIT: Final = ord("0")
#: So many bytes stand before the text of a block, so that each byte of it ends a word.
_BEFORE: Final = 8


class Cells(NamedTuple):
    """Bytes, and for each cell of a table where it is in them: arrays of shape (rows, columns).

    words   by place, the eight bytes before it as one number
    dots    where its decimals begin with a dot; its end if none is seen
    shown   what the letters were before they changed
    """

    block: NDArray[np.uint8]
    words: NDArray[np.uint64]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]
    dots: NDArray[np.intp]
    shown: bytes | None = None

    def rows(self, which: NDArray[np.bool_]) -> Cells:
        """Some of the rows."""
        return self._replace(starts=self.starts[which], ends=self.ends[which], dots=self.dots[which])

    def equal(self, column: int, text: str) -> NDArray[np.bool_]:
        """In which rows a column holds that text."""
        data = text.encode()
        if self.shown:
            data = data.translate(bytes(map(self.shown.index, range(256))))  # as the letters were changed
        wanted = np.frombuffer(data, np.uint8)
        starts = self.starts[:, column]
        fits: NDArray[np.bool_] = self.ends[:, column] - starts == len(wanted)
        fits[fits] = (self.block[starts[fits, None] + np.arange(len(wanted))] == wanted).all(axis=1)
        return fits

    def texts(self, column: int) -> set[str]:
        """The texts that a column holds, each once."""
        starts, ends = self.starts[:, column], self.ends[:, column]
        found = set()
        for length in np.unique(ends - starts).tolist():
            some = self.block[starts[ends - starts == length, None] + np.arange(length)]
            rows = [row.tobytes() for row in np.unique(some, axis=0)] if length else []
            found |= {(row.translate(self.shown) if self.shown else row).decode(errors="replace") for row in rows}
        return found

    def text(self, row: int, column: int) -> str:
        """What a cell holds. What is no UTF-8 in it shows as a letter of its own."""
        found = self.block[self.starts[row, column] : self.ends[row, column]].tobytes()
        return (found.translate(self.shown) if self.shown else found).decode(errors="replace")


class Letters(NamedTuple):
    """Which letters change with each other before lines are cut, and back when they are shown; None: none do."""

    changed: bytes | None = None
    shown: bytes | None = None

    @classmethod
    def of(cls, separator: str, decimal: str) -> Letters:
        """Those that make commas of the separators, and dots of what stands before decimals."""
        if separator == ",":
            return cls()
        before, after = (separator + ",.", ",." + separator) if decimal == "," else (separator + ",", "," + separator)
        changed, shown = (
            bytes.maketrans(before.encode(), after.encode()),
            bytes.maketrans(after.encode(), before.encode()),
        )
        return cls(changed, shown)


_AS_THEY_ARE: Final = Letters()


class Cutter:
    """Cuts the rows of one file, which have as many cells as its header; any that has more or fewer is a bad row.

    So is one with a quote that is not as it should be, and then only its first line, lest it take good rows with it.
    """

    def __init__(
        self, line: int, header: Header, lines: LineNumbers, found: Found, letters: Letters = _AS_THEY_ARE
    ) -> None:
        """The next line is number `line`. In the columns that are needed no cell has more than one line."""
        self._line = line
        self._header = header
        self._width = header.width
        self._needed = header.places.values()
        self._letters = letters
        self._lines = lines
        self._found = found
        self._begun = b""

    def cut(self, text: bytes, *, last: bool = False) -> tuple[Cells, NDArray[np.int64]]:
        """The rows of the next lines, each of which ends with a newline, and their numbers among all rows.

        A row that has begun and not ended waits for more lines, unless these are the `last` ones.
        """
        text = text.translate(self._letters.changed) if self._letters.changed else text
        text, self._begun = self._begun + text, b""
        if b'"' in text:
            return self._cut_quoted(text, last=last)
        cells, counts, blank = _split(text, ",", "\n", self._width, self._letters.shown)
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
        cells, _, _ = _split("".join(rows).encode(), _COMMA, _NEWLINE, self._width, self._letters.shown)
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
        return f"has {count} values; {self._header.said}"

    def _number(self, at: NDArray[np.int64], fits: NDArray[np.bool_], why: Callable[[int], str]) -> NDArray[np.int64]:
        """Number the rows that begin at these lines; those that do not fit are bad."""
        numbers = self._lines.add(at)
        bad = np.flatnonzero(~fits)
        self._found.add(numbers[bad], lambda place: why(int(bad[place])))
        good: NDArray[np.int64] = numbers[fits]
        return good


def _split(
    text: bytes, comma: str, newline: str, width: int, shown: bytes | None
) -> tuple[Cells, NDArray[np.intp], NDArray[np.bool_]]:
    """Cut at each comma and newline: the lines with `width` cells; how many each line has, and which are blank."""
    padded = np.frombuffer(bytes(_BEFORE) + text, np.uint8)
    block = padded[_BEFORE:]
    words = np.ndarray((len(block) + 1,), "<u8", padded, strides=(1,))
    marks = np.flatnonzero(block < _FIRST_DIGIT)  # commas, newlines, dots and little else: all in one go
    kinds = block[marks]
    line = _alike(kinds, ord(newline))
    if line and len(_stops(line, comma, newline)) == width:
        starts, stops, dots = _cut_alike(marks.reshape(-1, len(line)).T, line, _stops(line, comma, newline))
        counts = np.full(starts.shape[1], width)
        return Cells(block, words, starts.T, stops.T, dots.T, shown), counts, np.zeros(len(counts), bool)
    places = np.flatnonzero((kinds == ord(comma)) | (kinds == ord(newline)))
    stops = marks[places]
    starts, firsts = _behind(stops), _behind(places)
    # The first mark in a cell is its dot, or there is none.
    dots = np.where(kinds[firsts] == _DOT, marks[firsts], stops)
    newlines = np.flatnonzero(kinds[places] == ord(newline))
    counts = np.diff(newlines, prepend=-1)
    fits = counts == width
    chosen = newlines[fits][:, None] + np.arange(1 - width, 1)
    cells = Cells(block, words, starts[chosen], stops[chosen], dots[chosen], shown)
    return cells, counts, stops[newlines] == starts[newlines - counts + 1]


def _alike(kinds: NDArray[np.uint8], newline: int) -> bytes:
    """The marks of the first line, if every line has the same ones in the same order, as nearly all files have."""
    line = kinds.tobytes()[: int((kinds == newline).argmax()) + 1] if len(kinds) else b""
    if not line or len(kinds) % len(line) or kinds.tobytes() != line * (len(kinds) // len(line)):
        return b""
    return line


def _stops(line: bytes, comma: str, newline: str) -> list[int]:
    return [place for place, mark in enumerate(line) if mark in (ord(comma), ord(newline))]


def _cut_alike(
    marks: NDArray[np.intp], line: bytes, places: list[int]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Starts, stops and dots of shape (columns, rows), of marks of shape (marks of a line, rows)."""
    stops, starts = marks[places], np.empty((len(places), marks.shape[1]), np.intp)
    starts[0, :1] = 0
    np.add(stops[-1, :-1], 1, out=starts[0, 1:])
    np.add(stops[:-1], 1, out=starts[1:])
    firsts = [0, *(place + 1 for place in places[:-1])]
    dots = marks[[first if line[first] == _DOT else place for first, place in zip(firsts, places, strict=True)]]
    return starts, stops, dots


def _behind(places: NDArray[np.intp]) -> NDArray[np.intp]:
    """What follows each place but the last, and 0 before all of it."""
    found = np.zeros(len(places), np.intp)
    np.add(places[:-1], 1, out=found[1:])
    return found


def _joined(row: list[str]) -> str:
    """Cells with something between them that is in none of them."""
    text = _COMMA.join(row)
    if text.count(_COMMA) >= len(row) or _NEWLINE in text:
        text = _COMMA.join(cell.translate(_REPLACED) for cell in row)
    return text + _NEWLINE


def cells_of(texts: Sequence[str]) -> Cells:
    """Texts as the cells of a single column. One with a newline in it shows a mark instead: it is no value anyway."""
    return _split("".join(f"{text.translate(_MARKED)}\n" for text in texts).encode(), ",", "\n", 1, None)[0]
