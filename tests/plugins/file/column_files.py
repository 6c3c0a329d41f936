"""Parquet and Feather files of hours, and what is read of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from wealthsources import FIELDS
from wealthsources_file.parquet import ParquetColumns

from ...support.bars import at

#: Values of a bar, unless a row says others.
VALUES = {"open": 10.0, "high": 12.5, "low": 9.0, "close": 11.0, "volume": 100.0}


def table_of(*rows: Any, time: Any = None, **columns: Any) -> pa.Table:
    """Rows: the number of an hour, or a dict of what is different in it; `columns` come instead, or besides."""
    said = [row if isinstance(row, dict) else {"hour": row} for row in rows]
    times = [row.get("open_time", at(row.get("hour", 0))) for row in said]
    data: dict[str, Any] = {
        "open_time": pa.array(times, pa.timestamp("ms", "UTC")).cast(time or pa.timestamp("ms", "UTC"))
    }
    for name in FIELDS:
        data[name] = pa.array([row.get(name, VALUES[name]) for row in said], pa.float64())
    return pa.table(data | columns)


def write_parquet(path: Path, table: pa.Table, group: int = 1000, **how: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(table, path, row_group_size=group, **how)
    return path


def write_feather(path: Path, table: pa.Table, group: int = 1000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pa.feather.write_feather(table, path, chunksize=group)
    return path


@contextlib.contextmanager
def groups_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """The row groups that are read meanwhile: the number of each, and of how many columns."""
    read: list[tuple[int, int]] = []
    batches = ParquetColumns.batches

    def counted(self: ParquetColumns, group: int, names: Any) -> Iterator[Any]:
        read.append((group, len(names)))
        return batches(self, group, names)

    with monkeypatch.context() as patch:
        patch.setattr(ParquetColumns, "batches", counted)
        yield read
