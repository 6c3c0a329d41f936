"""The header of a CSV file: which column is where."""

from __future__ import annotations

import csv
from typing import Final, NamedTuple

from wealthsources import FIELDS

_REQUIRED: Final = ("open_time", *FIELDS)
_NEEDED: Final = ", ".join(_REQUIRED)
_LONGEST: Final = 1 << 16  # bytes


class LineError(ValueError):
    """What is wrong with a file as a whole, and at which line that shows; lines count from 1."""

    def __init__(self, line: int, why: str) -> None:
        self.line = line
        super().__init__(why)


class Header(NamedTuple):
    """How many columns there are, and where those that are needed stand; close_time may be among them."""

    width: int
    places: dict[str, int]


def read_header(text: bytes, line: int) -> Header:
    """Read the line that names the columns, which is number `line`. Raises LineError."""
    if len(text) > _LONGEST:
        raise LineError(line, f"is longer than {_LONGEST >> 10} KiB, so it names no columns; needed: {_NEEDED}")
    try:
        names = next(csv.reader([text.decode()], strict=True))
    except UnicodeDecodeError as error:
        raise LineError(line, f"is not UTF-8 text (byte 0x{text[error.start]:02x})") from None
    except csv.Error as error:
        raise LineError(line, f"the header has a bad quote: {error}") from None
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise LineError(line, f"the header has no column {', '.join(missing)}; needed: {_NEEDED}")
    places: dict[str, int] = {name: names.index(name) for name in (*_REQUIRED, "close_time") if name in names}
    for name in places:
        if names.count(name) > 1:
            raise LineError(line, f"the header names the column {name} more than once")
    return Header(len(names), places)


def no_header() -> LineError:
    """What is wrong with a file that has nothing but blank lines."""
    return LineError(1, f"is empty; the first line must name the columns {_NEEDED}")
