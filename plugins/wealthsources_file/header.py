"""The first line of a text file: which column is where, and what to say if that cannot be told."""

from __future__ import annotations

import codecs
import csv
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from wealthsources import match_symbol
from wealthsources_file.layout import COLUMNS, NEEDED
from wealthsources_file.presets import BASE, PRESETS, of_header, of_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources_file.layout import Layout

_LIST: Final = ", ".join(NEEDED)
_LONGEST: Final = 1 << 16  # bytes
_SEPARATORS: Final = {";": '";"', "\t": r'"\t"', "|": '"|"', ",": '","'}


class LineError(ValueError):
    """What is wrong with a file as a whole, and at which line that shows; lines count from 1."""

    def __init__(self, line: int, why: str) -> None:
        self.line = line
        super().__init__(why)


class Header(NamedTuple):
    """How many columns there are, where those stand that are read, and what is said of the number of columns.

    in_file  whether there is such a line; else the first one is a row
    """

    width: int
    places: dict[str, int]
    said: str = ""
    in_file: bool = True


def read_header(text: bytes, line: int, layout: Layout, symbol: str) -> Header:
    """Read the first line of a file of that symbol, which is number `line`. Raises LineError."""
    names = _names(text, line, layout)
    if layout.header is False or (layout.header is None and _is_row(names, layout)):
        return _by_place(names, line, layout)
    places = {column: names.index(name) for column in COLUMNS if (name := _name(column, names, line, layout, symbol))}
    missing = [column for column in NEEDED if column not in places]
    if missing:
        raise LineError(line, _why_missing(missing, names, layout))
    return Header(len(names), places, f"the header names {len(names)} columns")


def no_header() -> LineError:
    """What is wrong with a file that has nothing but blank lines."""
    return LineError(1, f"is empty; the first line must name the columns {_LIST}")


def _names(text: bytes, line: int, layout: Layout) -> list[str]:
    if len(text) > _LONGEST:
        raise LineError(line, f"is longer than {_LONGEST >> 10} KiB, so it names no columns; needed: {_LIST}")
    try:
        return next(csv.reader([text.decode()], delimiter=layout.separator, strict=True))
    except UnicodeDecodeError as error:
        raise LineError(line, _why_no_text(text, error)) from None
    except csv.Error as error:
        raise LineError(line, f"the header has a bad quote: {error}") from None


def _why_no_text(text: bytes, error: UnicodeDecodeError) -> str:
    if text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "is UTF-16 text; save it as UTF-8"
    packed = {b"\x1f\x8b": ".csv.gz", b"\x28\xb5\x2f\xfd": ".csv.zst", b"PK\x03\x04": ".zip"}
    name = next((name for begin, name in packed.items() if text.startswith(begin)), None)
    said = f"is not UTF-8 text (byte 0x{text[error.start]:02x})"
    return f"{said}; it is packed, so let its name end in {name}" if name else said


def _is_row(names: Sequence[str], layout: Layout) -> bool:
    """Whether a first line is a row: then its time has a digit, which the name of that column has not."""
    place = layout.place("open_time")
    return place is not None and place < len(names) and re.search("[0-9]", names[place]) is not None


def _by_place(cells: Sequence[str], line: int, layout: Layout) -> Header:
    places = {column: place for column in COLUMNS if (place := layout.place(column)) is not None}
    if unknown := [column for column in NEEDED if column not in places]:
        raise LineError(
            line, f"there is no header; say the place of {', '.join(unknown)} too, as in columns: {{open: 2}}"
        )
    beyond = [column for column, place in places.items() if place >= len(cells) and column in NEEDED]
    if beyond:
        said = f"{beyond[0]} is to be at place {places[beyond[0]] + 1}, but the line has {_values(len(cells))}"
        raise LineError(line, said + _other_separator(cells, layout))
    places = {column: place for column, place in places.items() if place < len(cells)}
    return Header(len(cells), places, f"the first line has {len(cells)}", in_file=False)


def _name(column: str, names: Sequence[str], line: int, layout: Layout, symbol: str) -> str | None:
    """What a column is called in this header; None if it is not there."""
    wanted = layout.names(column)
    there = [name for name in wanted if name in names] or [
        name for pattern in wanted if BASE in pattern for name in _of_base(pattern, names, symbol)
    ]
    if len(there) > 1 or sum(name in there for name in names) > 1:
        raise LineError(line, f"the header names the column {' and '.join(there)} more than once")
    return there[0] if there else None


def _of_base(pattern: str, names: Sequence[str], symbol: str) -> list[str]:
    """The columns of what is traded, where each currency of a symbol has one: `Volume BTC` of BTCUSDT."""
    before, after = pattern.split(BASE)
    found = {name[len(before) :].removesuffix(after): name for name in names if name.startswith(before)}
    return [name for base, name in found.items() if any(match_symbol(symbol, (base + quote,)) for quote in found)]


def _why_missing(missing: Sequence[str], names: Sequence[str], layout: Layout) -> str:
    said = f"the header has no column {', '.join(missing)}; needed: {_LIST}"
    if len(names) == 1 and (other := _other_separator(names, layout)):
        return said + other
    if (place := next((place for place, name in enumerate(names) if _may_be_time(name)), None)) is not None:
        known = of_rows(len(names)) or "binance or kraken"
        return (
            f"the first line is a row and no header ({names[place][:20]}); say which column is where, as in "
            f"columns: {{open_time: {place + 1}, open: {place + 2}}}, or a format: {known}"
        )
    fitting = of_header(names)
    if fitting and PRESETS[fitting] != layout:
        return f"{said}; it fits format: {fitting}"
    there = ", ".join(name[:20] for name in names[:12])
    return f"{said}; it has {there}: say which is {missing[0]}, as in columns: {{{missing[0]}: name}}"


def _may_be_time(text: str) -> bool:
    return (
        re.fullmatch(r"[0-9]{9,19}|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}.*", text)
        is not None
    )


def _other_separator(cells: Sequence[str], layout: Layout) -> str:
    """Which separator a line seems to have that was cut at another one."""
    if len(cells) > 1:
        return ""
    counts = {separator: cells[0].count(separator) for separator in _SEPARATORS if separator != layout.separator}
    most = max(counts, key=lambda separator: counts[separator])
    return f"; is it cut by another letter? say separator: {_SEPARATORS[most]}" if counts[most] else ""


def _values(count: int) -> str:
    return "1 value" if count == 1 else f"{count} values"
