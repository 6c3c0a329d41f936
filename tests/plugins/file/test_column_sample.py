"""What `inspect` says of Parquet and Feather files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from wealthsources_file.column_sample import first_rows, sample_of
from wealthsources_file.inspecting import look_at

from ...support.bars import places
from .column_files import VALUES, table_of, write_feather, write_parquet
from .files import HOURS


def test_a_file_of_ours_needs_no_options(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "BTCUSDT-1h.parquet", table_of(*range(10)), group=4)
    seen = look_at(path)
    assert (seen.symbol, str(seen.timeframe), seen.options, seen.questions) == ("BTCUSDT", "1h", {}, [])
    assert seen.facts["rows"] == "Parquet, 10 in 3 row groups"
    assert seen.facts["columns"].startswith("open_time (timestamp[ms, tz=UTC]), open (double), ")
    assert seen.facts["bars"].startswith("10, from 2020-09-13 12:00 to 2020-09-13 21:00")


def test_a_file_of_freqtrade_is_told_by_its_columns(tmp_path: Path) -> None:
    path = write_feather(tmp_path / "ETH_USDT-1h.feather", table_of(*range(3)).rename_columns(["date", *VALUES]))
    seen = look_at(path)
    assert (seen.symbol, str(seen.timeframe), seen.options) == ("ETH_USDT", "1h", {"format": "freqtrade"})


@pytest.mark.parametrize(
    ("table", "asked"),
    [
        (table_of(0, 1, time=pa.timestamp("ms")), ["zone"]),
        (table_of(0, 1, time=pa.int64()).rename_columns(["date", *VALUES]), ["time"]),
        (table_of(0, 1).rename_columns(["when", *VALUES]), ["columns.open_time"]),
    ],
    ids=["zone", "unit", "column"],
)
def test_what_a_file_does_not_tell_is_asked_for(tmp_path: Path, table: Any, asked: list[str]) -> None:
    path = write_parquet(tmp_path / "x.parquet", table)
    assert [name for name, _, _ in sample_of(path).questions] == asked
    assert look_at(path).timeframe is None


def test_times_that_are_text_are_read_as_such(tmp_path: Path) -> None:
    times = pa.array(["2024-01-01 00:00:00Z", "2024-01-01 01:00:00Z"])
    path = write_parquet(tmp_path / "x.parquet", table_of(0, 1).set_column(0, "open_time", times))
    seen = look_at(path)
    assert (str(seen.timeframe), seen.options) == ("1h", {"time": "iso"})


def test_bad_rows_are_told(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", table_of(0, 1, {"hour": 2, "high": 1.0}, 3))
    assert look_at(path).facts["bad rows"].endswith("x.parquet: row 3: high 1.0 is below low 9.0")


def test_a_column_of_a_wrong_type_is_what_is_wrong_with_the_file(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", table_of(0, 1).set_column(1, "open", pa.array([True, False])))
    assert "the column open is of the type bool" in look_at(path).fault


def test_the_first_rows_are_read(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "x.parquet", table_of(*range(5)))
    assert places(first_rows(path, HOURS).bars) == [0, 1, 2, 3, 4]
