"""ColumnarFiles: Parquet and Feather files, of which the parts are read that a request needs, and kept."""

from __future__ import annotations

import bisect
import dataclasses
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthsources import Bars, SourceError, time_text
from wealthsources_file.arrow import BATCH
from wealthsources_file.bad_rows import BadRows
from wealthsources_file.column_reader import SPAN, ColumnReader, opened_columns
from wealthsources_file.parts import cuts, parts_of, thinned
from wealthsources_file.storage import read_unmixed, stamp_of
from wealthsources_file.table import MOST_MEMORY, Table, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources import HistoryRequest
    from wealthsources_file.cache import FileCache
    from wealthsources_file.file_series import FileSeries
    from wealthsources_file.parts import Part
    from wealthsources_file.storage import Place, Stamp

#: Of so many files it is kept which parts they have.
_MOST_KNOWN: Final = 1_000
#: So many rows are put together at most.
MOST_ROWS: Final = MOST_MEMORY // 64


@dataclasses.dataclass
class _Known:
    """What is known of a file in one state: its parts, oldest first, and which of these are cut as fine as need be."""

    stamp: Stamp
    series: FileSeries
    metadata: Any
    parts: list[Part]
    fine: set[Part] = dataclasses.field(default_factory=set)

    def needs_cut(self, place: int) -> bool:
        part = self.parts[place]
        return len(part) > 2 * BATCH and part not in self.fine


class ColumnarFiles:
    """May be used from any thread. What was read of files is kept in `cache`."""

    def __init__(self, cache: FileCache) -> None:
        self._cache = cache
        self._known: OrderedDict[tuple[Place, str], _Known] = OrderedDict()

    def table(self, place: Place, series: FileSeries, request: HistoryRequest) -> Table:
        """What the file holds as it is now, as far as the request needs it: with a bar more on either side.

        Raises SourceError.
        """

        def read() -> Table:
            stamp = stamp_of(place)
            with self._cache.alone(place, request.deadline):
                return _Reading(self._cache, place, series, self._find(place, stamp, series)).table(request)

        return read_unmixed(place, read)

    def _find(self, place: Place, stamp: Stamp, series: FileSeries) -> _Known:
        known = self._known.pop((place, series.only), None)
        if known is None or known.stamp != stamp or not series.reads_like(known.series):
            with opened_columns(place) as (now, file):
                reader = ColumnReader(place, file, series)
                groups = reader.groups
                limits = np.array([reader.limits(group) for group in groups], np.int64).reshape(-1, 2)
                begins = np.array([group.begin for group in groups], np.int64)
                places = cuts(limits[:, 0], limits[:, 1], touching=bool(series.only)) if groups else begins
                parts = parts_of(begins, limits[:, 0], limits[:, 1], places, groups[-1].end) if groups else []
                known = _Known(now, series, file.metadata, parts)
        self._known[place, series.only] = known
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return known


class _Reading:
    """Puts together what one request needs of a file."""

    def __init__(self, cache: FileCache, place: Place, series: FileSeries, known: _Known) -> None:
        self._cache, self._place, self._series, self._known = cache, place, series, known

    def table(self, request: HistoryRequest) -> Table:
        """As that of ColumnarFiles."""
        timeframe, parts, oldest = request.timeframe, self._known.parts, request.start
        if not parts:
            return _empty(self._series)
        newest = timeframe.open_time(timeframe.slot(request.end) - 1)
        first = self._at(newest if oldest is None or request.count is not None else min(oldest, newest))
        last = self._at(newest)
        behind = len(parts) - last - 1  # counted from the end a place stays, whatever is cut before it
        first = self._cut_all(first, len(parts) - behind)
        tables = self._tables(first, len(parts) - behind)
        while behind and not any(len(table.bars) and table.bars.newest > newest for table in tables):
            place = len(parts) - behind
            self._cut(place)
            behind = len(parts) - place - 1
            tables = self._tables(first, len(parts) - behind)
        step = 1
        while first > 0 and not _reaches(tables, oldest, newest, request.count):
            first = self._cut_all(max(first - step, 0), first)
            tables = self._tables(first, len(parts) - behind)
            step *= 2
        return self._joined(tables)

    def _cut_all(self, first: int, end: int) -> int:
        """Cut those from place `first` to the one before `end`; `first`, which stays the place of the first of them."""
        for place in range(end - 1, first - 1, -1):
            self._cut(place)
        return first

    def _at(self, time: int) -> int:
        """The place of the part that may have the bar that opens then, or else of the one before; cut if need be."""
        written = self._series.timeframe.end(time) if self._series.layout.label == "end" else time
        for _ in range(2):
            place = max(bisect.bisect_right([part.oldest for part in self._known.parts], written) - 1, 0)
            if not self._cut(place):
                break
        return place

    def _cut(self, place: int) -> bool:
        """Cut a large part into smaller ones; whether that was done."""
        if not self._known.needs_cut(place):
            return False
        part = self._known.parts[place]
        if len(part) > MOST_ROWS:
            raise SourceError(
                f"{self._place}: its rows {part.begin + 1} to {part.end} are not in order of time, and too many to be "
                "sorted here; write it again with its rows sorted by time"
            )
        with opened_columns(self._place, self._known.stamp, self._known.metadata) as (_, file):
            spans = ColumnReader(self._place, file, self._series).spans(part.begin, part.end)
        finer = [part]
        if len(spans.begins):
            spans.begins[0] = part.begin
            places = thinned(cuts(spans.oldest, spans.newest), len(spans.begins), BATCH // SPAN)
            finer = parts_of(*spans, places, part.end)
        self._known.parts[place : place + 1] = finer
        self._known.fine.update(finer)
        return True

    def _tables(self, first: int, end: int) -> list[Table]:
        """What the parts from place `first` to the one before `end` hold; what is not kept is read."""
        parts, stamp, series = self._known.parts[first:end], self._known.stamp, self._series
        if parts[-1].end - parts[0].begin > MOST_ROWS:
            raise SourceError(
                f"{self._place}: more than {MOST_ROWS:,} rows would be needed at once; ask for a shorter span"
            )
        found = [self._cache.find((self._place, series.only, part), stamp, series) for part in parts]
        missing = [place for place, table in enumerate(found) if table is None]
        if missing:
            begin, last = missing[0], missing[-1] + 1
            found[begin:last] = self._read(parts[begin:last])
        return [table for table in found if table is not None]

    def _read(self, parts: Sequence[Part]) -> list[Table]:
        stamp = self._known.stamp
        until = stamp.written_ns // 1_000_000 if parts[-1] == self._known.parts[-1] else None
        with opened_columns(self._place, stamp, self._known.metadata) as (_, file):
            tables = ColumnReader(self._place, file, self._series).tables(parts, until)
        for part, table in zip(parts, tables, strict=True):
            self._cache.put((self._place, self._series.only, part), stamp, self._series, table)
        return tables

    def _joined(self, tables: Sequence[Table]) -> Table:
        table = joined([(self._place, table) for table in tables])
        again = np.flatnonzero(np.diff(table.bars.open_times) <= 0)  # of one symbol, in two row groups that touch
        if len(again):
            time = time_text(int(table.bars.open_times[again[0]]))
            raise SourceError(f"{self._place}: has two rows of {self._series.only} for {time}; leave one of them out")
        times = self._known.parts[0].oldest, self._known.parts[-1].newest
        timeframe, back = self._series.timeframe, self._series.layout.label == "end"
        oldest, newest = (timeframe.open_time(timeframe.slot(time - back)) for time in times)
        return table._replace(opened=(oldest, newest))


def _reaches(tables: Sequence[Table], oldest: int | None, newest: int, count: int | None) -> bool:
    """Whether there is a bar that is older than any that is wanted."""
    if oldest is not None and any(len(table.bars) and table.bars.oldest < oldest for table in tables):
        return True
    if count is None:
        return False
    found = sum(int(np.searchsorted(table.bars.open_times, newest, "right")) for table in tables)
    return found > count + 1  # one of them may be forming


def _empty(series: FileSeries) -> Table:
    none = np.zeros(0, np.int64)
    return Table(Bars.empty(series.symbol, series.timeframe), BadRows(none, none, {}))
