"""FileSeries: what a file is to be read as."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

from wealthsources_file.layout import Layout

if TYPE_CHECKING:
    from wealthsources import Market, Timeframe

LastRow = Literal["drop", "closed", "by_mtime"]


@dataclasses.dataclass(frozen=True)
class FileSeries:
    """The series that a file has, and what is to be known of the file for reading it.

    market    what is usual where the symbol is traded
    layout    how its rows are written
    last_row  what is made of its newest row: drop, it is left out; closed, it is a closed bar; by_mtime, it is one if
              it was over when the file was written
    only      where a file has the rows of many symbols, how this one is spelled there
    """

    symbol: str
    timeframe: Timeframe
    market: Market
    layout: Layout = dataclasses.field(default_factory=Layout)
    last_row: LastRow = "by_mtime"
    only: str = ""

    def reads_like(self, other: FileSeries) -> bool:
        """Whether a file would be read alike for both: the symbol is no matter, how it may be spelled."""
        if self.layout is not other.layout and self.layout != other.layout:
            return False
        mine, others = ((one.timeframe, one.market, one.last_row, one.only) for one in (self, other))
        return mine == others
