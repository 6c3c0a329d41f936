"""BarStore: the series of one source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources.forking import ForkLock
from wealthsources.live.series import SeriesBuffer
from wealthsources.model.errors import RequestError
from wealthsources.model.rows import MOST_SOURCES
from wealthsources.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources.live.series import ClosesBy, Corrections, Filled
    from wealthsources.model.bars import Bars


class BarStore:
    """The series of one source, made as bars come in, at most `max_series` of them."""

    def __init__(
        self,
        name: str = "",
        *,
        capacity: int = 1000,
        max_series: int = 10_000,
        corrections: Corrections = "accept",
        closes_by: ClosesBy = "successor",
    ) -> None:
        self.capacity = capacity
        self.max_series = max_series
        self.corrections: Corrections = corrections
        self.closes_by: ClosesBy = closes_by
        self._lock = ForkLock()
        self._names: tuple[str, ...] = (name,)
        self._series: dict[tuple[str, Timeframe], SeriesBuffer] = {}

    def get(self, symbol: str, timeframe: Timeframe) -> SeriesBuffer | None:
        """The series, if a bar of it ever came."""
        return self._series.get((symbol, timeframe))

    def series(self, symbol: str, timeframe: Timeframe, *, continuous: bool = True) -> SeriesBuffer:
        """The series, made if it is not there, for such a market. Raises RequestError if there is no room for it."""
        key = (symbol, timeframe)
        with self._lock:
            series = self._series.get(key)
            if series is None:
                if len(self._series) >= self.max_series:
                    raise RequestError(
                        f"no room for series {symbol} {timeframe}: there are {self.max_series} already (max_series)"
                    )
                series = self._series[key] = SeriesBuffer(
                    symbol,
                    timeframe,
                    self.capacity,
                    names=self._names,
                    corrections=self.corrections,
                    continuous=continuous,
                    closes_by=self.closes_by,
                )
            return series

    def fill(self, bars: Bars) -> Filled:
        """Merge closed bars of other sources into the holes of their series; each keeps the name of its source."""
        series = self.series(bars.symbol, bars.timeframe)
        codes = {code: self._code(name) for code, name in enumerate(bars.sources)}
        series.names = self._names
        return series.fill(bars, codes)

    def _code(self, name: str) -> int:
        with self._lock:
            if name not in self._names:
                if len(self._names) >= MOST_SOURCES:
                    raise RequestError(
                        f"no room for one more source name, {name!r}: there are {MOST_SOURCES} already (a fixed limit)"
                    )
                self._names = (*self._names, name)
            return self._names.index(name)

    def clear(self, symbol: str | None = None, timeframe: Timeframe | str | None = None) -> None:
        """Forget the bars of one series, of a symbol, of a timeframe, or all."""
        wanted = None if timeframe is None else Timeframe(timeframe)
        for series in self:
            if symbol in (None, series.symbol) and wanted in (None, series.timeframe):
                series.clear()

    def drop(self, symbol: str, timeframe: Timeframe) -> None:
        """Let go of a series and its bars."""
        with self._lock:
            self._series.pop((symbol, timeframe), None)

    def __iter__(self) -> Iterator[SeriesBuffer]:
        with self._lock:
            return iter(tuple(self._series.values()))

    def __len__(self) -> int:
        return len(self._series)
