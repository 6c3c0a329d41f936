"""The file of bars: CSV rows, checked, with their decimal text left as it is.

Columns `open_time` (ms), `open`, `high`, `low`, `close`, `volume` in any order; others are ignored. The simulator's own
reader, the only one it has: a source's leaves out the rows it cannot use and reads many spellings, and pandas knows
neither line numbers nor a column that is there twice. What is to be the truth is refused at its first odd row.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TextIO

from wealthsources_simulator.bars import PlayedBar
from wealthsources_simulator.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from wealthsources import Timeframe

_COLUMNS: Final = ("open_time", "open", "high", "low", "close", "volume")

# Narrower than Decimal(), which also takes "NaN", "1_000", other scripts' digits and "1e999999999".
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")


def read_bars(path: Path, timeframe: Timeframe) -> list[PlayedBar]:
    """All bars of a .csv or .csv.gz file, oldest first.

    Raises SimulatorError, which names the file and, if a row is at fault, its line: `FILE.csv:17: high is below low`.
    """
    try:
        with _open(path) as lines:
            return list(parse_rows(lines, str(path), timeframe))
    except OSError as error:
        raise SimulatorError(f"{path}: {error.strerror or error}") from error
    except (EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SimulatorError(f"{path}: {error}") from error


def parse_rows(lines: Iterable[str], name: str, timeframe: Timeframe) -> Iterator[PlayedBar]:
    """The bars of CSV lines, the header first. `name` is what errors call the file. Raises SimulatorError."""
    reader = csv.reader(lines)
    earlier: int | None = None
    try:
        columns = _find_columns(next(reader, []))
        for row in filter(None, reader):
            bar = _parse_row(row, columns, timeframe)
            _check_order(bar.open_time, earlier)
            earlier = bar.open_time
            yield bar
    except (ValueError, csv.Error) as error:
        if isinstance(error, UnicodeDecodeError):
            raise  # read ahead of the rows: the line would be a guess
        raise SimulatorError(f"{name}:{max(reader.line_num, 1)}: {error}") from None


def _open(path: Path) -> TextIO:
    # utf-8-sig, since spreadsheets like to write a byte order mark before the first column's name.
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _find_columns(header: list[str]) -> dict[str, int]:
    for column in _COLUMNS:
        if header.count(column) != 1:
            problem = "no column" if column not in header else "more than one column"
            raise ValueError(f"{problem} {column!r} in the header; needed: {', '.join(_COLUMNS)}")
    return {column: header.index(column) for column in _COLUMNS}


def _parse_row(row: list[str], columns: dict[str, int], timeframe: Timeframe) -> PlayedBar:
    if len(row) <= max(columns.values()):
        raise ValueError(f"only {len(row)} values")
    text = {column: row[index] for column, index in columns.items()}
    open_time = _parse_open_time(text.pop("open_time"), timeframe)
    _check_values(text)
    return PlayedBar(open_time=open_time, end=timeframe.end(open_time), **text)


def _parse_open_time(text: str, timeframe: Timeframe) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"open_time {text!r} is not a whole number of ms")
    open_time = int(text)
    if not timeframe.opens_at(open_time):
        raise ValueError(f"open_time {open_time} is not on the {timeframe} grid")
    return open_time


def _check_order(open_time: int, earlier: int | None) -> None:
    if earlier is not None and open_time <= earlier:
        raise ValueError(f"open_time {open_time} is not after the row before ({earlier})")


def _check_values(text: dict[str, str]) -> None:
    for column, value in text.items():
        if not _NUMBER.fullmatch(value):
            raise ValueError(f"{column} {value!r} is not a number")
    number = {column: Decimal(value) for column, value in text.items()}
    if number["high"] < number["low"]:
        raise ValueError("high is below low")
    for column in ("open", "close"):
        if not number["low"] <= number[column] <= number["high"]:
            raise ValueError(f"{column} is outside low to high")
    if number["volume"] < 0:
        raise ValueError("volume is negative")
