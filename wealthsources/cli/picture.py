"""What a picture of bars shows, before anybody draws it: where each bar stands, and where bars are missing.

The x axis counts windows. Each bar has a place of its own, and so have the bars that are missing, so that a hole is as
wide as what it lacks; a night or a weekend in which none is expected takes no room. A hole that would leave no room for
the bars is drawn narrower, and says how many it lacks like any other.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources.model.holes import hole_of
from wealthsources.model.rows import FORMING
from wealthsources.model.text import one_line
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from wealthsources.model.bars import Bars
    from wealthsources.model.holes import Hole
    from wealthsources.model.timeframe import Timeframe

#: Told apart by those who see colours otherwise, too (Okabe and Ito, 2008), but for the red ones, which are the holes'.
COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#6B4C9A", "#8C6D31", "#555555")
HOLE_COLOUR: Final = "#D62728"
HOLE_OPACITY: Final = 0.15
GRID_COLOUR: Final = "#E6E6E6"
#: What is said below the title, and of the bands in the legend.
HOW_TO_READ: Final = "hollow: rose · filled: fell"
MISSING: Final = "missing"

#: Of so many bands each is labelled; of more they would be written over each other.
_MOST_LABELS: Final = 12
_LEAST_WIDE: Final = 3
_MIDNIGHT: Final = " 00:00"


class Band(NamedTuple):
    """Missing bars: `width` places from place `first` on. `short` is said in the picture, `text` when pointed at."""

    first: int
    width: int
    short: str
    text: str


class Group(NamedTuple):
    """The bars of one source, closed or forming: their numbers among all of the picture, and their colour."""

    source: str
    forming: bool
    numbers: NDArray[np.intp]
    colour: str

    @property
    def name(self) -> str:
        """As the legend has it."""
        return f"{self.source}, forming" if self.forming else self.source


@dataclasses.dataclass(frozen=True)
class Picture:
    """Bars with their places.

    places  of each bar its place on the x axis, shape (n,)
    times   the text of every place, those of missing bars among them; no two are the same
    """

    bars: Bars
    places: NDArray[np.int64]
    times: list[str]
    bands: tuple[Band, ...]

    @property
    def title(self) -> str:
        """Of what it is, in one line."""
        bars = self.bars
        symbol, first, last = one_line(bars.symbol), time_text(bars.oldest), time_text(bars[-1].end)
        return f"{symbol} {bars.timeframe} · {len(bars):,} bars · {first} to {last} UTC"

    @property
    def labels_bands(self) -> bool:
        """Whether there is room to say beside each band what is missing."""
        return len(self.bands) <= _MOST_LABELS

    def groups(self) -> Iterator[Group]:
        """The bars by source, in the order of the sources in the answer; a forming one stands by itself."""
        bars, is_forming = self.bars, self.bars.states == FORMING
        for code in np.unique(bars.source_codes).tolist():
            for forming in (False, True):
                numbers = np.flatnonzero((bars.source_codes == code) & (is_forming == forming))
                if len(numbers):
                    yield Group(one_line(bars.sources[code]), forming, numbers, COLOURS[code % len(COLOURS)])


def arrange(bars: Bars) -> Picture:
    """Give each bar, hole and missing tail its places. There must be a bar."""
    missing = [(hole, f"{hole} UTC") for hole in bars.holes]
    if bars.behind:
        missing.append(_tail(bars))
    holes = [hole for hole, _ in missing]
    most = max(_LEAST_WIDE, len(bars) // max(5, len(holes)))
    widths = np.array([min(hole.count, most) for hole in holes], np.int64)
    before = np.searchsorted(bars.open_times, np.array([hole.start for hole in holes], np.int64))
    room = np.bincount(before, widths, len(bars) + 1).astype(np.int64)
    places = np.arange(len(bars)) + np.cumsum(room)[:-1]
    firsts = before + np.cumsum(widths) - widths

    marks = np.zeros(len(bars) + int(widths.sum()), np.int64)
    marks[places] = bars.open_times
    bands = []
    for (hole, text), first, width in zip(missing, firsts.tolist(), widths.tolist(), strict=True):
        marks[first : first + width] = _spread(hole, width, bars.timeframe)
        bands.append(Band(first, width, f"{hole.count:,} missing", text))
    return Picture(bars, places, _texts(marks), tuple(bands))


def _tail(bars: Bars) -> tuple[Hole, str]:
    """The bars that are missing after the newest closed one, and what is said of them."""
    closed, _ = bars.split_forming()
    slot = bars.timeframe.slot
    first = slot(closed.newest) + 1 if len(closed) else slot(bars.oldest) - bars.behind  # a forming one alone
    hole = hole_of(bars.timeframe, first, first + bars.behind - 1)
    return hole, f"the newest {hole.count:,} are missing, from {time_text(hole.start)} UTC on"


def _spread(hole: Hole, width: int, timeframe: Timeframe) -> NDArray[np.int64]:
    """When so many of a hole's windows open, evenly spread over them."""
    return timeframe.open_times(timeframe.slot(hole.start) + hole.count * np.arange(width) // width)


def _texts(times: NDArray[np.int64]) -> list[str]:
    """The times as text; days without a time of the day, if all of them begin at midnight."""
    texts = [time_text(time) for time in times.tolist()]
    if all(text.endswith(_MIDNIGHT) for text in texts):
        texts = [text.removesuffix(_MIDNIGHT) for text in texts]
    return texts
