"""Layout: how a file of bars is laid out: which column has what, how times and numbers are written."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, Literal

from wealthsources import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

Label = Literal["open", "end"]
Order = Literal["oldest_first", "newest_first"]

#: What must be in a file, and what else may be.
NEEDED: Final = ("open_time", *FIELDS)
COLUMNS: Final = (*NEEDED, "close_time", "symbol")
#: What times may be given in: how many of it one ms has, as a fraction (numerator, denominator).
UNITS: Final[Mapping[str, tuple[int, int]]] = {"s": (1, 1_000), "ms": (1, 1), "us": (1_000, 1), "ns": (1_000_000, 1)}


@dataclasses.dataclass(frozen=True)
class Layout:
    """How the rows of a file are to be read.

    columns     for each of COLUMNS what it is called in the file; where lines have no header, its place: 1 is the first
    header      whether the first line names the columns; None: that is told by it, since a row has a time
    separator   what stands between two values of a line: a single character
    decimal     what stands before the decimals: . or ,
    time        how times are written: some of UNITS, told apart by their size; or "iso" alone, as in
                2024-01-31 09:30:00; or a pattern of strptime alone, as in %d/%m/%Y
    zone        the time zone of written times that name none
    label       which time of a bar the file has as its open_time: that, or its end
    order       whether the oldest or the newest row comes first
    preamble    how a line may begin that stands before the header; "": none does
    timeframes  what other names mean as the timeframe in a path
    """

    columns: Mapping[str, tuple[str | int, ...]] = dataclasses.field(
        default_factory=lambda: {name: (name,) for name in (*NEEDED, "close_time")}
    )
    header: bool | None = True
    separator: str = ","
    decimal: str = "."
    time: tuple[str, ...] = ("ms",)
    zone: str | None = None
    label: Label = "open"
    order: Order = "oldest_first"
    preamble: str = ""
    timeframes: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def has_symbols(self) -> bool:
        """Whether a file has the rows of many symbols, and says in a column whose each of them is."""
        return "symbol" in self.columns

    @property
    def is_written(self) -> bool:
        """Whether times are written out, and do not count units since 1970."""
        return self.time[0] not in UNITS

    def names(self, column: str) -> tuple[str, ...]:
        """What one of COLUMNS may be called in a header."""
        return tuple(name for name in self.columns.get(column, ()) if isinstance(name, str))

    def place(self, column: str) -> int | None:
        """At which place one of COLUMNS is where there is no header, from 0; None if that is not known."""
        return next((place - 1 for place in self.columns.get(column, ()) if isinstance(place, int)), None)
