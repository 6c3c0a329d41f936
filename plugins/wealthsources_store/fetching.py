"""Asking a source for the bars that a store has none of, chunk by chunk, and storing them; what is missing in a store.

A chunk is a number of windows of a timeframe. Of each is asked for what lies from the first bar that is not stored to
the last one, so whoever is interrupted begins again and goes on where it stopped.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources import (
    FORMING,
    LOADING,
    Bars,
    HistoryRequest,
    NotHere,
    SourceError,
    WealthSourcesError,
    first_fault,
    match_symbol,
    time_text,
)
from wealthsources_store.errors import NoStore
from wealthsources_store.reading import open_times, series_names
from wealthsources_store.writing import Batch, Written, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from wealthsources import Market, Source, Timeframe
    from wealthsources_store.database import Database

#: Windows of one chunk: as many bars as an exchange gives at once, or a few times that.
CHUNK: Final = 1_000
#: How often in a row a source that asks to be left alone for a while is asked again.
_MOST_WAITS: Final = 10


class Run(NamedTuple):
    """Windows one after the other of which no bar is stored: when the first opens and the last ends (ms), how many."""

    start: int
    end: int
    windows: int


class Series(NamedTuple):
    """A series to be fetched, from when to when (ms, on its grid), and under which symbol it is stored."""

    symbol: str
    timeframe: Timeframe
    start: int
    end: int
    stored_as: str

    @property
    def windows(self) -> int:
        """How many bars there can be."""
        return max(0, self.timeframe.slot(self.end) - self.timeframe.slot(self.start))


class Step(NamedTuple):
    """What became of one chunk: windows that it is long, that were asked for and had no bar; why; what was stored."""

    windows: int
    asked: int
    empty: int
    why: str
    written: Written


def series_of(database: Database, symbol: str, timeframe: Timeframe, start: int, end: int) -> Series:
    """The series with whole windows of that span. Where it is stored in another spelling, that one is kept.

    Raises StoreError.
    """
    try:
        names = series_names(database)
    except NoStore:
        names = []
    same = [name for name, other in names if other == timeframe]
    stored_as = match_symbol(symbol, same) or match_symbol(symbol, sorted({name for name, _ in names})) or symbol
    first = timeframe.open_time(timeframe.first_from(start))
    return Series(symbol, timeframe, first, timeframe.floor(end), stored_as)


def missing(database: Database, series: Series) -> list[Run]:
    """The runs of windows of which no bar is stored, oldest first. Raises StoreError."""
    if not series.windows:
        return []
    timeframe = series.timeframe
    try:
        times = open_times(database, series.stored_as, timeframe, start=series.start, end=series.end)
    except NoStore:
        times = np.empty(0, dtype=np.int64)
    return [
        Run(timeframe.open_time(a), timeframe.open_time(b), b - a) for a, b in _between(timeframe.slots(times), series)
    ]


def _between(slots: NDArray[np.int64], series: Series) -> Iterator[tuple[int, int]]:
    """The numbers of the first window of each run, and of the first after it."""
    timeframe = series.timeframe
    edges = np.concatenate([[timeframe.slot(series.start) - 1], slots, [timeframe.slot(series.end)]])
    for place in np.flatnonzero(np.diff(edges) > 1).tolist():
        yield int(edges[place]) + 1, int(edges[place + 1])


class Fetcher:
    """Fetches series from one source into one store.

    market_of  what is usual where a symbol is traded · tell  is called with what there is to say meanwhile
    """

    def __init__(
        self,
        source: Source,
        name: str,
        database: Database,
        market_of: Callable[[str], Market],
        tell: Callable[[str], None],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source, self._name, self._database = source, name, database
        self._market_of, self._tell, self._wait = market_of, tell, wait

    def fetch(self, series: Series) -> Iterator[Step]:
        """Chunk by chunk, oldest first; each is stored when it is told of.

        Raises SourceError, of the source and of the store.
        """
        timeframe = series.timeframe
        first, last = timeframe.slot(series.start), timeframe.slot(series.end)
        while first < last:
            # The same chunks, wherever a span begins.
            after = min(last, (first // CHUNK + 1) * CHUNK)
            yield self._step(series._replace(start=timeframe.open_time(first), end=timeframe.open_time(after)))
            first = after

    def _step(self, chunk: Series) -> Step:
        runs = missing(self._database, chunk)
        if not runs:
            return Step(chunk.windows, 0, 0, "", Written(0, 0, 0))
        part = chunk._replace(start=runs[0].start, end=runs[-1].end)
        try:
            bars = self._ask(part)
        except NotHere as error:
            return Step(chunk.windows, part.windows, part.windows, str(error), Written(0, 0, 0))
        written = write(self._database, [Batch(bars, None)], _now())
        return Step(chunk.windows, part.windows, part.windows - len(bars), bars.note, written)

    def _ask(self, part: Series) -> Bars:
        """Raises NotHere, SourceError."""
        request = HistoryRequest(part.symbol, part.timeframe, part.end, part.start, now=_now())
        for _ in range(_MOST_WAITS):
            try:
                return self._closed(self._answer(request), part)
            except SourceError as error:
                if not error.retry_after:
                    raise
                self._tell(f"{self._name} is left alone for {error.retry_after:g} s, as it asked: {error}")
                self._wait(error.retry_after)
        raise SourceError(f"{self._name} asked {_MOST_WAITS} times in a row to be left alone; try again later")

    def _answer(self, request: HistoryRequest) -> Bars:
        try:
            return self._source.get_history(request)
        except NotHere as error:
            if self._source.status().state == LOADING:  # it cannot tell yet what it has
                raise SourceError(f"{self._name}: {error}") from None
            raise
        except WealthSourcesError:
            raise
        except Exception as error:
            raise SourceError(f"{self._name} failed with {type(error).__name__}: {error}") from error

    def _closed(self, bars: Bars, part: Series) -> Bars:
        """The closed bars of the span, under the symbol that they are stored by.

        Raises SourceError for an answer in which anything is no bar of the series, NotHere if there is none.
        """
        if bars.timeframe is not part.timeframe:
            raise SourceError(f"{self._name} answered with bars of {bars.timeframe} instead of {part.timeframe}")
        times = bars.open_times
        inside = (times >= part.start) & (bars.ends <= part.end) & (bars.states != FORMING)
        closed = bars.take(bars.rows[inside])
        self._check(closed)
        if not len(closed):
            raise NotHere(bars.note or "an answer without a closed bar of that time")
        return closed.named(part.stored_as, self._name)

    def _check(self, bars: Bars) -> None:
        fault = first_fault(bars, self._market_of(bars.symbol).prices)
        if fault is not None:
            index, why = fault
            raise SourceError(
                f"{self._name} answered with a bad bar of {bars.symbol} {bars.timeframe} at "
                f"{time_text(int(bars.open_times[index]))} UTC: {why};"
                " nothing of this answer is stored"
            )


def _now() -> int:
    return time.time_ns() // 1_000_000
