"""Some rows of a file as columns of numbers, and which of them are no bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from wealthsources import FIELDS, Bars, fault_of, find_faults, pack_decimals
from wealthsources_file.columns import read_column
from wealthsources_file.times import read_times

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from wealthsources_file.cells import Cells
    from wealthsources_file.columns import Column
    from wealthsources_file.file_series import FileSeries


class Block(NamedTuple):
    """Rows: their open times and close times in ms, shape (n,), and their values, shape (n, 5).

    bad     which are no bars
    faults  what could not be read, by row: there the numbers mean nothing
    """

    series: FileSeries
    times: NDArray[np.int64]
    close_times: NDArray[np.int64] | None
    values: NDArray[np.float64]
    columns: tuple[Column, ...]
    bad: NDArray[np.bool_]
    faults: Mapping[int, str]

    def why(self, row: int) -> str:
        """What is wrong with a bad row."""
        series, values = self.series, self.values[row].tolist()
        return self.faults.get(row) or fault_of(int(self.times[row]), values, series.timeframe, series.market.prices)

    def bars(self) -> Bars:
        """Those that are bars, all stated as closed."""
        decimals = pack_decimals(*(column.codes.astype(np.uint32) for column in self.columns))
        bars = Bars.from_columns(
            self.series.symbol,
            self.series.timeframe,
            self.times,
            *self.values.T,
            closed=True,
            close_time=self.close_times,
            decimals=decimals,
            texts=dict(self._texts()),
        )
        return bars.take(bars.rows[~self.bad]) if self.bad.any() else bars

    def _texts(self) -> Iterator[tuple[int, tuple[str | None, ...]]]:
        """The texts kept aside, by open time: for each such bar those of its five values, None for a plain one.

        Of a time that is there twice the first bar comes last.
        """
        for row in sorted({row for column in self.columns for row in column.texts}, reverse=True):
            if not self.bad[row]:
                yield int(self.times[row]), tuple(column.texts.get(row) for column in self.columns)


def read_block(series: FileSeries, cells: Cells, places: Mapping[str, int]) -> Block:
    """Read rows; `places` says which column is where."""
    faults: dict[int, str] = {}
    times = _times("open_time", cells, series, places, faults)
    if series.layout.label == "end":
        times = opened_at(times, series)
    columns = tuple(_column(name, cells, places, faults) for name in FIELDS)
    close_times = _times("close_time", cells, series, places, faults) if "close_time" in places else None
    values = np.stack([column.numbers for column in columns], axis=1)
    bad = find_faults(times, values, series.timeframe, series.market.prices)
    bad[list(faults)] = True
    return Block(series, times, close_times, values, columns, bad, faults)


def opened_at(ends: NDArray[np.int64], series: FileSeries) -> NDArray[np.int64]:
    """The open times of bars that end then; a time at which none can end stays as it is, on no grid."""
    timeframe = series.timeframe
    slots = timeframe.slots(ends)
    return np.where(timeframe.open_times(slots) == ends, timeframe.open_times(slots - 1), ends)


def _column(name: str, cells: Cells, places: Mapping[str, int], faults: dict[int, str]) -> Column:
    column = read_column(cells, places[name])
    for row, why in column.faults.items():
        faults.setdefault(row, f"{name}: {why}" if cells.text(row, places[name]) else f"{name} is missing")
    return column


def _times(
    name: str, cells: Cells, series: FileSeries, places: Mapping[str, int], faults: dict[int, str]
) -> NDArray[np.int64]:
    found = read_times(cells, places[name], series.layout, whole=name == "open_time")
    for row, why in found.faults.items():
        faults.setdefault(row, f"{name}: {why}" if cells.text(row, places[name]) else f"{name} is missing")
    return found.times
