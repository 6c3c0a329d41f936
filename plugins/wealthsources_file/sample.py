"""Sample: how the first rows of a text file look, before anything is said of them."""

from __future__ import annotations

import codecs
import csv
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from wealthsources_file.header import LineError, read_header
from wealthsources_file.layout import Layout
from wealthsources_file.packing import unpacked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: So much text is looked at, and a separator is looked for in so many lines of it.
_BYTES: Final = 256 << 10
_LINES: Final = 100
_SEPARATORS: Final = (",", ";", "\t", "|")
_LEAST: Final = 5  # a time and four prices


class Sample(NamedTuple):
    """The first rows of a file as they are written.

    names      what a first line names the columns; None if it is a row
    preamble   the line before all that, if there is one
    separator  what stands between two values
    encoding   of the text
    """

    names: tuple[str, ...] | None
    rows: list[list[str]]
    preamble: str
    separator: str
    encoding: str

    def column(self, place: int) -> list[str]:
        """Its texts, of the rows that have it."""
        return [row[place] for row in self.rows if place < len(row)]


def read_sample(path: Path) -> Sample:
    """Look at a text file. Raises LineError, PackingError, OSError."""
    with path.open("rb") as file, unpacked(file, path.name) as text:
        data = text.read(_BYTES)
    marked = data.startswith(codecs.BOM_UTF8)
    data = data.removeprefix(codecs.BOM_UTF8)
    lines = _lines(data, whole=len(data) < _BYTES)
    preamble = lines.pop(0) if lines and re.match("https?:", lines[0]) else ""
    separator = max(_SEPARATORS, key=lambda letter: _columns(lines, letter))
    width = _columns(lines, separator)
    if width < _LEAST:
        raise LineError(1, f"has no {_LEAST} columns, whatever separates them; is it a file of bars?")
    rows = [row for row in csv.reader(lines, delimiter=separator) if row]
    names = None if any(map(_has_number, rows[0])) else tuple(rows.pop(0))
    return Sample(names, rows, preamble, separator, "UTF-8 with a mark" if marked else "UTF-8")


def _lines(data: bytes, *, whole: bool) -> list[str]:
    """The lines; without the last one if it may be cut off."""
    lines = [line for line in re.split(rb"\r\n|\n|\r", data) if line]
    lines = lines if whole else lines[:-1]
    if not lines:
        raise LineError(1, "is empty")
    try:
        return [line.decode() for line in lines]
    except UnicodeDecodeError:
        read_header(lines[0], 1, Layout(), "")  # which says why
        raise LineError(2, "is not UTF-8 text") from None


def _columns(lines: Sequence[str], separator: str) -> int:
    """How many columns nearly all lines have, if they are cut there; else 0."""
    counts = [len(row) for row in csv.reader(lines[:_LINES], delimiter=separator)]
    usual = max(set(counts), key=counts.count)
    return usual if counts.count(usual) * 10 >= len(counts) * 9 or len(counts) - counts.count(usual) <= 1 else 0


def _has_number(text: str) -> bool:
    return re.fullmatch(r"\s*[-+]?[0-9][0-9.,:/ T+Z-]*\s*", text) is not None
