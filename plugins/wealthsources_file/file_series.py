"""FileSeries: what a file is to be read as."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from wealthsources import Market, Timeframe

Label = Literal["open", "end"]
LastRow = Literal["by_time", "forming", "closed"]


@dataclasses.dataclass(frozen=True)
class FileSeries:
    """The series that a file has, and what is to be known of the file for reading it.

    market    what is usual where the symbol is traded
    label     which time of its bars the file has as their open_time: that, or their end
    last_row  whether its last bar is closed; by_time: if it was over when the file was written
    """

    symbol: str
    timeframe: Timeframe
    market: Market
    label: Label = "open"
    last_row: LastRow = "by_time"
