"""Reads rows of a Parquet or Feather file: their times, and which of them are bars of one series."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from wealthsources import FIELDS, SourceError
from wealthsources_file.arrow import FEATHER, load
from wealthsources_file.arrow_columns import ColumnTypeError, in_ms, read_times, read_values, unit_of
from wealthsources_file.block import block_of
from wealthsources_file.exact import NAMES, has_texts, with_texts
from wealthsources_file.feather import FeatherColumns
from wealthsources_file.layout import COLUMNS, NEEDED
from wealthsources_file.parquet import ParquetColumns
from wealthsources_file.parts import NO_TIMES
from wealthsources_file.storage import ChangedError, explained, is_remote, opened
from wealthsources_file.table import Gatherer, OtherOrderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from wealthsources_file.arrow import ColumnFile
    from wealthsources_file.block import Block
    from wealthsources_file.file_series import FileSeries
    from wealthsources_file.parts import Part
    from wealthsources_file.storage import Place, Stamp
    from wealthsources_file.table import Table


#: So many rows are a span: a part is cut between two of them.
SPAN: Final = 1 << 12


class Group(NamedTuple):
    """Rows that the file keeps together: their number among such groups, and the rows as in Part."""

    number: int
    begin: int
    end: int


class Spans(NamedTuple):
    """Rows that follow each other: the number of the first of them, and their limits as of a group."""

    begins: NDArray[np.int64]
    oldest: NDArray[np.int64]
    newest: NDArray[np.int64]


class _Chunk(NamedTuple):
    """Rows as they are in the file, and the number of each, from 0."""

    batch: Any
    numbers: NDArray[np.int64]


@contextlib.contextmanager
def opened_columns(
    place: Place, stamp: Stamp | None = None, metadata: Any = None
) -> Iterator[tuple[Stamp, ColumnFile]]:
    """A file, and the state that it is in. With a `stamp` it must be in that one, which `metadata` was found in.

    Raises SourceError, ChangedError if it is not, or not any more at the end.
    """
    pa = load()
    with explained(place), opened(place) as (now, file):
        if stamp is not None and now != stamp:
            raise ChangedError
        try:
            if place.suffix in FEATHER:
                yield now, FeatherColumns(file, metadata)
            else:
                yield now, ParquetColumns(file, metadata, remote=is_remote(place))
        except pa.ArrowException as error:
            kind = "Feather (Arrow IPC)" if place.suffix in FEATHER else "Parquet"
            raise SourceError(f"{place}: is no whole {kind} file that can be read: {error}") from None


class ColumnReader:
    """Reads an opened file as a series. Raises SourceError if it lacks a column, or one is of a wrong type."""

    def __init__(self, place: Place, file: ColumnFile, series: FileSeries) -> None:
        self._place, self._file, self._series = place, file, series
        self._names = self._find_columns()
        self._has_texts = has_texts(file.schema)
        ends = np.cumsum([0, *file.rows]).tolist()
        found = [Group(number, *rows) for number, rows in enumerate(itertools.pairwise(ends))]
        self.groups = [group for group in found if group.end > group.begin and self._may_have(group)]

    def _find_columns(self) -> Mapping[str, str]:
        there, layout = self._file.schema.names, self._series.layout
        found = {name: next((each for each in layout.names(name) if each in there), None) for name in COLUMNS}
        needed = (*NEEDED, "symbol") if layout.has_symbols else NEEDED
        lacking = [" or ".join(layout.names(name)) or name for name in needed if found[name] is None]
        if lacking:
            raise SourceError(
                f"{self._place}: has no column {', '.join(lacking)}; it has: {', '.join(there[:30])}; "
                "say with columns: what they are called"
            )
        return {name: each for name, each in found.items() if each is not None}

    def _may_have(self, group: Group) -> bool:
        """Whether a group may have rows of the symbol, as far as its statistics say."""
        only = self._series.only.encode()
        said = self._file.limits(group.number, self._names["symbol"]) if only else None
        return said is None or not isinstance(said.least, bytes) or said.least <= only <= said.most

    def limits(self, group: Group) -> tuple[int, int]:
        """The oldest and the newest time of a group, ms, as written; of one that has none NO_TIMES.

        Where the file does not say, its times are read.
        """
        said = self._said_limits(group)
        if said is None:
            found = self.spans(group.begin, group.end)
            said = min(found.oldest.tolist(), default=NO_TIMES[0]), max(found.newest.tolist(), default=NO_TIMES[1])
        return said

    def _said_limits(self, group: Group) -> tuple[int, int] | None:
        name, layout = self._names["open_time"], self._series.layout
        said = self._file.limits(group.number, name)
        kind = self._file.schema.field(name).type
        if said is None or not isinstance(said.least, int) or layout.zone not in {None, "UTC"} or len(layout.time) > 1:
            return None
        try:
            unit = said.unit or unit_of(kind, layout)
        except ColumnTypeError:
            return None
        least, most = in_ms(np.array([said.least, said.most]), unit)[0].tolist()
        return least, most

    def spans(self, begin: int, end: int) -> Spans:
        """The rows of the series between these two, some thousand at a time."""
        found: list[tuple[int, int, int]] = []
        for chunk in self._chunks(begin, end, ["open_time"]):
            column = chunk.batch.column(self._names["open_time"])
            times, faults = self._read("open_time", lambda column=column: read_times(column, self._series.layout))
            good = np.ones(len(times), bool)
            good[list(faults)] = False
            for first in range(0, len(times), SPAN):
                some = times[first : first + SPAN][good[first : first + SPAN]]
                limits = (int(some.min()), int(some.max())) if len(some) else NO_TIMES
                found.append((int(chunk.numbers[first]), *limits))
        return Spans(*np.array(found, np.int64).reshape(-1, 3).T)

    def tables(self, parts: Sequence[Part], until: int | None) -> list[Table]:
        """What these parts hold, one behind the other; `until` as of a Gatherer, of the last of them."""
        gatherers = [Gatherer(self._series) for _ in parts]
        for chunk in self._chunks(parts[0].begin, parts[-1].end, [*self._names, *(NAMES if self._has_texts else ())]):
            places = np.searchsorted(chunk.numbers, [part.begin for part in parts] + [parts[-1].end])
            for gatherer, first, last in zip(gatherers, places[:-1].tolist(), places[1:].tolist(), strict=True):
                if first < last:
                    block = self._block(chunk.batch.slice(first, last - first))
                    gatherer.take(block, gatherer.lines.add(chunk.numbers[first:last] + 1))
        untils = [*(None for _ in parts[:-1]), until]
        try:
            return [each.table(until, are_lines=False) for each, until in zip(gatherers, untils, strict=True)]
        except OtherOrderError:
            said = "has its newest rows first; write it again with its rows sorted by time"
            raise SourceError(f"{self._place}: {said}") from None

    def _chunks(self, begin: int, end: int, names: Sequence[str]) -> Iterator[_Chunk]:
        """The rows of the series among those between these two."""
        names = [*names, "symbol"] if self._series.only and "symbol" not in names else names
        columns = list(dict.fromkeys(self._names.get(name, name) for name in names))
        for group in self.groups:
            if group.end <= begin or group.begin >= end:
                continue
            at = group.begin
            for batch in self._file.batches(group.number, columns):
                first, last = max(begin - at, 0), min(end - at, batch.num_rows)
                if first < last:
                    yield self._chosen(_Chunk(batch.slice(first, last - first), np.arange(at + first, at + last)))
                at += batch.num_rows
                if at >= end:
                    break

    def _chosen(self, chunk: _Chunk) -> _Chunk:
        """Those of the rows that are of the symbol."""
        if not self._series.only:
            return chunk
        words = chunk.batch.column(self._names["symbol"]).cast(load().string())
        wanted = load("pyarrow.compute").equal(words, self._series.only).fill_null(False)
        return _Chunk(chunk.batch.filter(wanted), chunk.numbers[wanted.to_numpy(zero_copy_only=False)])

    def symbols(self) -> set[str]:
        """Whose rows the file has."""
        found: set[str] = set()
        for group in self.groups:
            said = self._file.limits(group.number, self._names["symbol"])
            if said is not None and isinstance(said.least, bytes) and said.least == said.most:
                found.add(said.least.decode(errors="replace"))  # all rows are of one
                continue
            for batch in self._file.batches(group.number, [self._names["symbol"]]):
                found.update(batch.column(0).cast(load().string()).unique().to_pylist())
        return {symbol for symbol in found if symbol}

    def _block(self, batch: Any) -> Block:
        series, columns = self._series, {name: batch.column(column) for name, column in self._names.items()}
        times, why = self._read("open_time", lambda: read_times(columns["open_time"], series.layout))
        faults = {row: f"open_time: {text}" for row, text in why.items()}
        found = tuple(self._read(name, lambda name=name: read_values(columns[name])) for name in FIELDS)
        if self._has_texts:
            found = with_texts(found, *(batch.column(name) for name in NAMES))
        for name, column in zip(FIELDS, found, strict=True):
            for row, text in column.faults.items():
                faults.setdefault(row, f"{name} {text}" if text == "is missing" else f"{name}: {text}")
        return block_of(series, times, None, found, faults)

    def _read(self, name: str, read: Any) -> Any:
        try:
            return read()
        except ColumnTypeError as error:
            raise SourceError(f"{self._place}: the column {self._names[name]} {error}") from None
