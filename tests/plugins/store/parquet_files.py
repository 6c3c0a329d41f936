"""Parquet files for the tests of import and export."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wealthsources import Market
from wealthsources_store.exporting import export
from wealthsources_store.file_rows import SeriesFile
from wealthsources_store.importing import check, find_series, states
from wealthsources_store.restoring import Restored, restore

from ...support.bars import at
from .stock import FRAME, NOW, SYMBOL

#: Long after all of them, ms.
LATEST = 7_258_118_400_000


def plain(count: int = 5, **changes: Any) -> dict[str, Any]:
    """Columns of so many hours; `changes` are other columns."""
    columns: dict[str, Any] = {"open_time": pa.array([at(n) for n in range(count)], pa.timestamp("ms", tz="UTC"))}
    for place, name in enumerate(("open", "high", "low", "close", "volume")):
        columns[name] = [float(10 + n + (1, 3, 0, 2, 5)[place]) for n in range(count)]
    return columns | changes


def write_file(path: Path, columns: dict[str, Any], **metadata: str) -> Path:
    """A Parquet file of these columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table(columns)
    pq.write_table(table.replace_schema_metadata(metadata or None), path, row_group_size=3)
    return path


def change(path: Path, **columns: Any) -> Path:
    """The same file with other columns; None leaves one out."""
    table = pq.read_table(path)
    for name, column in columns.items():
        place = table.schema.get_field_index(name)
        table = table.remove_column(place)
        if column is not None:
            table = table.add_column(place, name, column if isinstance(column, pa.Array) else pa.array(column))
    pq.write_table(table, path)
    return path


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def exported(database: Any, path: Path, symbol: str = SYMBOL, *, newest: bool = False) -> Path:
    """A file of all states of the hours of a symbol."""
    export(database, symbol, FRAME, path, start=0, end=LATEST, newest=newest)
    return path


def found(path: Path, symbol: str | None = None, timeframe: str | None = None) -> SeriesFile:
    return find_series(path, symbol, timeframe, lambda symbol: Market())


def restored(database: Any, path: Path) -> Restored:
    """What becomes of an exported file."""
    file = found(path)
    check(file, NOW)
    done = [restore(database, part, NOW) for part in states(file, NOW)]
    return Restored(*map(sum, zip(*done, strict=True)))
