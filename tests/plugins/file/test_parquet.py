"""A Parquet file: what its footer says, and which bytes of it are read."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from wealthsources_file.parquet import ParquetColumns

from ...support.bars import at
from .column_files import table_of, write_parquet


@pytest.mark.parametrize(("kind", "per_ms"), [("ms", 1), ("us", 1_000), ("ns", 1_000_000)])
def test_the_limits_of_times_come_with_their_unit(tmp_path: Path, kind: str, per_ms: int) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(*range(10), time=pa.timestamp(kind, "UTC")), group=4)
    with path.open("rb") as file:
        columns = ParquetColumns(file)
        assert columns.rows == [4, 4, 2]
        assert columns.limits(1, "open_time") == (at(4) * per_ms, at(7) * per_ms, kind)


def test_whole_numbers_have_no_unit_and_texts_are_bytes(tmp_path: Path) -> None:
    table = table_of(0, 1, time=pa.int64(), symbol=pa.array(["A", "B"]))
    with write_parquet(tmp_path / "1h.parquet", table).open("rb") as file:
        columns = ParquetColumns(file)
        assert columns.limits(0, "open_time") == (at(0), at(1), None)
        assert columns.limits(0, "symbol") == (b"A", b"B", None)


def test_a_file_without_statistics_says_no_limits(tmp_path: Path) -> None:
    with write_parquet(tmp_path / "1h.parquet", table_of(0, 1), write_statistics=False).open("rb") as file:
        assert ParquetColumns(file).limits(0, "open_time") is None


def test_of_a_group_those_columns_are_read_that_are_asked_for(tmp_path: Path) -> None:
    with write_parquet(tmp_path / "1h.parquet", table_of(*range(10)), group=4).open("rb") as file:
        batches = list(ParquetColumns(file).batches(2, ["close", "open_time"]))
    assert [(batch.num_rows, sorted(batch.schema.names)) for batch in batches] == [(2, ["close", "open_time"])]


@pytest.mark.parametrize("remote", [False, True])
def test_what_was_found_in_the_footer_need_not_be_read_again(tmp_path: Path, remote: bool) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(*range(10)), group=4)
    with path.open("rb") as file:
        metadata = ParquetColumns(file).metadata
    with path.open("rb") as file:
        columns = ParquetColumns(file, metadata, remote=remote)
        assert file.tell() < 100
        assert sum(batch.num_rows for batch in columns.batches(0, ["open"])) == 4
