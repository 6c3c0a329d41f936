"""CSV bytes as cells: where each one begins and ends.

A file without quotes, blank lines and stray carriage returns, which is nearly every file of bars, is cut at its commas
and newlines, all at once. Any other goes through the csv module first, which is some four times slower.
"""

from __future__ import annotations

import csv
import io
import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class LineError(ValueError):
    """What is wrong with the text; `line` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        self.line = line
        super().__init__(why)


class Cells(NamedTuple):
    """Bytes, and for each cell of a table where it starts and ends in them: arrays of shape (rows, columns)."""

    block: NDArray[np.uint8]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]

    def text(self, row: int, column: int) -> str:
        """What a cell holds."""
        return self.block[self.starts[row, column] : self.ends[row, column]].tobytes().decode()

    def rows(self, part: slice) -> Cells:
        """Some of the rows."""
        return Cells(self.block, self.starts[part], self.ends[part])


def read_cells(data: bytes) -> Cells:
    """The cells of a CSV file in UTF-8, its header being the first row. Raises LineError for one that is malformed."""
    plain = data.replace(b"\r\n", b"\n")
    if b'"' not in plain and b"\r" not in plain:
        cells = _split(plain, b",", b"\n")
        if cells is not None:
            return cells
    # Control characters between the cells: a quoted one may well hold a comma.
    cells = _split("".join(f"{row}\x1e" for row in _csv_rows(data.decode())).encode(), b"\x1f", b"\x1e")
    if cells is None:
        raise LineError(1, "has control characters in its text")
    return cells


def line_of(data: bytes, row: int) -> int:
    """The line at which a row ends; row 0 is the header. Blank lines are no rows, and a row may have several lines."""
    reader = csv.reader(io.StringIO(data.decode(), newline=""))
    next(itertools.islice(filter(None, reader), row, None))
    return reader.line_num


def _split(data: bytes, comma: bytes, newline: bytes) -> Cells | None:
    """Cut at every comma and newline; None if not all lines have the same number of cells."""
    if not data.endswith(newline):
        data += newline
    width = data[: data.index(newline)].count(comma) + 1
    block = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero((block == ord(comma)) | (block == ord(newline)))
    if len(ends) % width:
        return None
    starts = np.append(0, ends[:-1] + 1)
    cells = Cells(block, starts.reshape(-1, width), ends.reshape(-1, width))
    whole = data.count(newline) == len(cells.ends) and (block[cells.ends[:, -1]] == ord(newline)).all()
    return cells if whole else None


def _csv_rows(text: str) -> Iterator[str]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    width = 0
    try:
        for row in filter(None, reader):
            width = width or len(row)
            if len(row) != width:
                raise LineError(reader.line_num, f"has {len(row)} values; the header names {width} columns")
            yield "\x1f".join(row)
    except csv.Error as error:
        raise LineError(reader.line_num, str(error)) from None
