"""SymbolFiles: files with the rows of many symbols, which a column tells apart; what is in them is looked up once."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from wealthsources import Market, Timeframe
from wealthsources_file.arrow import SUFFIXES
from wealthsources_file.column_reader import ColumnReader, opened_columns
from wealthsources_file.file_series import FileSeries
from wealthsources_file.packing import unpacked
from wealthsources_file.pieces import read_pieces
from wealthsources_file.reading import MOST_BYTES, explained
from wealthsources_file.storage import opened, read_unmixed, stamp_of
from wealthsources_file.text_reader import read_symbols

if TYPE_CHECKING:
    from collections.abc import Collection

    from wealthsources_file.file_list import FileList
    from wealthsources_file.layout import Layout
    from wealthsources_file.listing import Listing
    from wealthsources_file.partitions import Partitions
    from wealthsources_file.storage import Place, Stamp
    from wealthsources_file.template import Template

#: Of so many files it is kept which symbols they have.
_MOST_KNOWN: Final = 10_000


class SymbolFiles:
    """The series in the files that `catalog` lists, each of which has those of one timeframe."""

    def __init__(self, catalog: Template | FileList, layout: Layout) -> None:
        self._catalog = catalog
        self._layout = layout
        self._known: dict[Place, tuple[Stamp, frozenset[str]]] = {}

    def __str__(self) -> str:
        return str(self._catalog)

    def scan(self) -> Listing:
        """The series that are there now. Raises SourceError if a file cannot be read."""
        listing = self._catalog.scan()
        symbols = {name: self._symbols_of(found) for (_, name), found in listing.files.items()}
        files = {(symbol, name): listing.files["", name] for name, there in symbols.items() for symbol in there}
        alike = frozenset((symbol, name) for _, name in listing.alike for symbol in symbols.get(name, ()))
        return dataclasses.replace(listing, files=files, alike=alike, folders=None)

    def _symbols_of(self, found: Place | Partitions) -> Collection[str]:
        if isinstance(found, tuple):
            return frozenset[str]().union(*(self._symbols(partition.path) for partition in found))
        return self._symbols(found)

    def _symbols(self, path: Place) -> frozenset[str]:
        stamp = stamp_of(path)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[path] = read_unmixed(path, lambda: symbols_of(path, self._layout))
        return known[1]


def symbols_of(path: Place, layout: Layout) -> tuple[Stamp, frozenset[str]]:
    """The symbols whose rows a file has, and the state that it is in. Raises SourceError, ChangedError."""
    if path.suffix in SUFFIXES:
        with opened_columns(path) as (stamp, columns):
            return stamp, frozenset(
                ColumnReader(path, columns, FileSeries("", Timeframe("1m"), Market(), layout)).symbols()
            )
    with explained(path), opened(path, whole=True) as (stamp, file), unpacked(file, path.name) as text:
        return stamp, frozenset(read_symbols(read_pieces(text, MOST_BYTES), layout))
