"""FileSource: history from files, one for each series, found by listing what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources import (
    Bars,
    Capabilities,
    NotHere,
    Source,
    SourceError,
    SourceStatus,
    match_symbol,
    short_repr,
    time_text,
)
from wealthsources_file.cache import FileCache

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from wealthsources import HistoryRequest
    from wealthsources_file.options import FileOptions
    from wealthsources_file.template import Listing

_MOST_NAMED: Final = 10


class FileSource(Source):
    """The bars of the files that fit the path, or that are named. A file that has changed is read again."""

    capabilities = Capabilities(live=False, blocking=True)

    def __init__(self, options: FileOptions) -> None:
        self._catalog = options.catalog()
        self._cache = FileCache()
        self._listing: Listing | None = None

    def __repr__(self) -> str:
        return short_repr(
            self,
            lambda: self._catalog,
            lambda: f"{len(self._listing.files)} files listed" if self._listing else "nothing listed yet",
        )

    def get_history(self, request: HistoryRequest) -> Bars:
        """The newest `count` bars of the file, and the forming one after them if that ended by `end` as well.

        Raises NotHere if there is no such file or bar, SourceError if the file cannot be read or has a bad row.
        """
        path = self._find(request)
        try:
            bars = self._cache.bars(path, request.symbol, request.timeframe, request.deadline)
        except SourceError:
            self._listing = None
            raise
        return _part(bars, request, path)

    def get_all_symbols(self) -> Collection[str]:
        """The symbols there are files of now."""
        return self._list().symbols

    def status(self) -> SourceStatus:
        """What has been listed and read so far."""
        files = len(self._listing.files) if self._listing else 0
        return SourceStatus(counters={"files": files, **self._cache.counters()})

    def _list(self) -> Listing:
        self._listing = self._catalog.scan()
        return self._listing

    def _find(self, request: HistoryRequest) -> Path:
        known = self._listing
        path = None if known is None else _lookup(known, request)
        if path is not None:
            return path
        listing = self._list()  # there may be a new file
        path = _lookup(listing, request)
        if path is None:
            raise NotHere(_absence(listing, request, str(self._catalog)))
        return path


def _lookup(listing: Listing, request: HistoryRequest) -> Path | None:
    symbol = match_symbol(request.symbol, listing.symbols)
    return None if symbol is None else listing.files.get((symbol, request.timeframe.name))


def _absence(listing: Listing, request: HistoryRequest, wanted: str) -> str:
    """Why there is no file, and what there is instead."""
    symbol = match_symbol(request.symbol, listing.symbols)
    if symbol is not None:
        there = f"{symbol} is there as {', '.join(listing.timeframes(symbol))}"
    else:
        names = sorted(listing.symbols)
        there = f"symbols: {', '.join(names[:_MOST_NAMED]) or 'none'}"
        if len(names) > _MOST_NAMED:
            there += f" and {len(names) - _MOST_NAMED} more"
    if listing.unreadable:
        there += f"; not listed: {'; '.join(listing.unreadable[:_MOST_NAMED])}"
    return f"no file {wanted} for {request.symbol} {request.timeframe}; {there}"


def _part(bars: Bars, request: HistoryRequest, path: Path) -> Bars:
    times = bars.open_times
    last = int(np.searchsorted(times, request.timeframe.floor(request.end)))
    first = 0 if request.start is None else int(np.searchsorted(times, request.start))
    if request.count is not None and last:
        forming = bars[last - 1].closed is False
        first = max(first, last - request.count - forming)
    if first >= last:
        opened = [time_text(int(time)) for time in (times[0], times[-1])] if len(times) else []
        span = f"its bars open from {' to '.join(opened)}" if opened else "it has none"
        raise NotHere(f"{path} has none of these bars; {span}")
    texts = {time: bars.texts[time] for time in times[first:last].tolist() if time in bars.texts} if bars.texts else {}
    return bars[first:last].replace(symbol=request.symbol, texts=texts)
