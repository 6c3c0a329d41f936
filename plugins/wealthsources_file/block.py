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
        decimals = pack_decimals(*(column.codes for column in self.columns))
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


def block_of(
    series: FileSeries,
    times: NDArray[np.int64],
    close_times: NDArray[np.int64] | None,
    columns: tuple[Column, ...],
    faults: Mapping[int, str],
) -> Block:
    """Rows of a file, as in Block: `times` are those that it has as open times, ms, `columns` have the five values."""
    if series.layout.label == "end":
        times = series.timeframe.opens_by_end(times)
    times = series.timeframe.opens_by_date(times)
    values = np.stack([column.numbers for column in columns]).T  # each column in one piece: they are read one by one
    bad = find_faults(times, values, series.timeframe, series.market.prices)
    bad[list(faults)] = True
    return Block(series, times, close_times, values, columns, bad, faults)


def read_block(series: FileSeries, cells: Cells, places: Mapping[str, int]) -> Block:
    """Read rows; `places` says which column is where."""
    faults: dict[int, str] = {}

    def noted(name: str, found: Mapping[int, str]) -> None:
        for row, why in found.items():
            faults.setdefault(row, f"{name}: {why}" if cells.text(row, places[name]) else f"{name} is missing")

    def times(name: str) -> NDArray[np.int64]:
        found = read_times(cells, places[name], series.layout, whole=name == "open_time")
        noted(name, found.faults)
        return found.times

    opened = times("open_time")
    columns = tuple(read_column(cells, places[name]) for name in FIELDS)
    for name, column in zip(FIELDS, columns, strict=True):
        noted(name, column.faults)
    return block_of(series, opened, times("close_time") if "close_time" in places else None, columns, faults)
