"""FileSource: history from files, one for each series or several by time, found by listing what is there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from wealthsources import (
    Bars,
    Capabilities,
    Diagnosis,
    Market,
    NotHere,
    Source,
    SourceError,
    SourceStatus,
    one_line,
    short_repr,
)
from wealthsources_file.answer import answer_of, told
from wealthsources_file.arrow import SUFFIXES
from wealthsources_file.cache import FileCache
from wealthsources_file.columnar import ColumnarFiles
from wealthsources_file.file_series import FileSeries
from wealthsources_file.partitions import table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from wealthsources import HistoryRequest, Host
    from wealthsources_file.listing import Listing
    from wealthsources_file.options import FileOptions
    from wealthsources_file.partitions import Partition, Partitions
    from wealthsources_file.storage import Place
    from wealthsources_file.table import Table


class FileSource(Source):
    """The bars of the files that fit the path, or that are named. A file that has changed is read again."""

    capabilities = Capabilities(live=False, blocking=True)

    def __init__(self, options: FileOptions) -> None:
        self._options = options
        self._catalog = options.catalog()
        self._cache = FileCache()
        self._columnar = ColumnarFiles(self._cache)
        self._listing: Listing | None = None
        self._host: Host | None = None
        self._told: set[Place] = set()

    def start(self, host: Host) -> None:
        """Know the deployment."""
        self._host = host

    def __repr__(self) -> str:
        return short_repr(
            self,
            lambda: self._catalog,
            lambda: f"{len(self._listing.files)} files listed" if self._listing else "nothing listed yet",
        )

    def get_history(self, request: HistoryRequest) -> Bars:
        """The newest `count` bars of the file, and the forming one after them if that ended by `end` as well.

        Raises NotHere if there is no such file or bar, SourceError if the file cannot be read or has a bad row there.
        """
        found, options, series = self._find(request), self._options, self._series(request)
        try:
            if isinstance(found, tuple):
                path, table = self._table_of(found, series, request)
            else:
                path, table = found, self._table(found, series, request)
        except SourceError:
            self._listing = None
            raise
        return answer_of(table, request, path, options.on_bad_row)

    def get_at_once(self, request: HistoryRequest) -> Bars | None:
        """The same, of a file that is in memory and was compared with what is on the disk a moment ago."""
        listing, symbol, timeframe = self._listing, request.symbol, request.timeframe
        path = listing.file_for_sure(symbol, timeframe) if listing else None
        table = self._cache.fresh_table(path, self._series(request)) if path else None
        return answer_of(table, request, path, self._options.on_bad_row) if path and table else None

    def _series(self, request: HistoryRequest) -> FileSeries:
        market = self._host.market(request.symbol) if self._host else Market()
        layout, last_row, listing = self._options.layout, self._options.last_row, self._listing
        only = listing.spelling(request.symbol) if layout.has_symbols and listing else ""
        return FileSeries(request.symbol, request.timeframe, market, layout, last_row, only)

    def _table_of(self, partitions: Partitions, series: FileSeries, request: HistoryRequest) -> tuple[Place, Table]:
        """What the files of a series hold; only the newest of them can have a row that is not to be taken."""
        whole = dataclasses.replace(series, last_row="closed") if series.last_row == "drop" else series

        def read(partition: Partition) -> Table:
            return self._table(partition.path, series if partition is partitions[-1] else whole, request)

        return table_of(partitions, request, read)

    def _table(self, path: Place, series: FileSeries, request: HistoryRequest) -> Table:
        if path.suffix in SUFFIXES:
            table = self._columnar.table(path, series, request)
        else:
            table = self._cache.table(path, series, request.deadline)
        if len(table.bad) and self._options.on_bad_row == "skip":
            self._tell(path, table)
        return table

    def get_all_symbols(self) -> Collection[str]:
        """The symbols there are files of now."""
        return self._list().symbols

    def status(self) -> SourceStatus:
        """What has been listed and read so far."""
        files = len(self._listing.files) if self._listing else 0
        return SourceStatus(counters={"files": files, **self._cache.counters()})

    def diagnose(self, online: bool) -> Iterator[Diagnosis]:
        """Which files there are now; those in an object store only if `online`."""
        if not online and self._options.is_remote:
            return
        named = self._options.path or "files"
        remedy = "is the path right? a relative one starts at the folder of the configuration"
        try:
            found = self._list()
        except SourceError as error:
            yield Diagnosis("error", one_line(str(error)), remedy)
            return
        for why in found.unreadable:
            yield Diagnosis("warning", one_line(why), "is it there, and may the user that this runs as read it?")
        if found.files:
            yield Diagnosis("ok", f"{named}: {len(found.files)} series of {len(found.symbols)} symbols")
        else:
            yield Diagnosis("warning", f"{named}: there is no such file", remedy)

    def _list(self) -> Listing:
        self._listing = self._catalog.scan()
        return self._listing

    def _find(self, request: HistoryRequest) -> Place | Partitions:
        symbol, timeframe, listing = request.symbol, request.timeframe, self._listing
        if listing is None or not listing.is_sure_of(symbol, timeframe):
            listing = self._list()
        found = listing.find(symbol, timeframe)
        if found is None:
            raise NotHere(f"no file {self._catalog} for {symbol} {timeframe}; {listing.why_not(symbol, timeframe)}")
        return found

    def _tell(self, path: Place, table: Table) -> None:
        """Once for each file."""
        if path not in self._told and self._host:
            self._told.add(path)
            self._host.logger.warning("%s", told(table.bad, slice(0, len(table.bad)), path))
