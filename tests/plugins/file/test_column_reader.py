"""What is read of a Parquet or Feather file, and what is said of one that cannot be read."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from wealthsources import SourceError
from wealthsources_file.column_reader import ColumnReader, opened_columns
from wealthsources_file.file_series import FileSeries
from wealthsources_file.layout import Layout
from wealthsources_file.parts import NO_TIMES, Part
from wealthsources_file.storage import ChangedError, stamp_of

from ...support.bars import HOUR, at, places
from .column_files import groups_read, table_of, write_feather, write_parquet
from .files import HOURS

#: The rows of a small file.
PART_OF_ALL = Part(0, 1000, 0, 0)


def limits(path: Path, series: FileSeries = HOURS) -> list[tuple[int, int]]:
    with opened_columns(path) as (_, file):
        reader = ColumnReader(path, file, series)
        return [reader.limits(group) for group in reader.groups]


def laid_out(**how: Any) -> FileSeries:
    return dataclasses.replace(HOURS, layout=Layout(**how))


def test_the_limits_of_row_groups_are_those_that_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(*range(10)), group=4)
    with groups_read(monkeypatch) as read:
        assert limits(path) == [(at(0), at(3)), (at(4), at(7)), (at(8), at(9))]
    assert read == []


@pytest.mark.parametrize("unit", ["us", "ns", "s"])
def test_they_are_ms_whatever_the_file_counts(tmp_path: Path, unit: str) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(*range(4), time=pa.timestamp(unit, "UTC")), group=4)
    assert limits(path) == [(at(0), at(3))]


def test_where_a_file_does_not_say_them_its_times_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = table_of(*range(10))
    plain = write_parquet(tmp_path / "1h.parquet", table, group=4, write_statistics=False)
    with groups_read(monkeypatch) as read:
        assert limits(plain) == [(at(0), at(3)), (at(4), at(7)), (at(8), at(9))]
    assert read == [(0, 1), (1, 1), (2, 1)]
    assert limits(write_feather(tmp_path / "1h.feather", table, group=4)) == limits(plain)


def test_times_of_a_zone_and_written_ones_are_read_for_them(tmp_path: Path) -> None:
    local = table_of(0, 1, time=pa.timestamp("ms"))
    path = write_parquet(tmp_path / "1h.parquet", local)
    assert limits(path, laid_out(time=("iso",), zone="Asia/Shanghai")) == [(at(-8), at(-7))]


def test_rows_without_a_time_have_no_limits(tmp_path: Path) -> None:
    table = table_of({"open_time": None}, {"open_time": None}, 2)
    assert limits(write_parquet(tmp_path / "1h.parquet", table, group=2)) == [NO_TIMES, (at(2), at(2))]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    names = {"open_time": ("date",), **{name: (name.title(),) for name in ("open", "high", "low", "close", "volume")}}
    table = table_of(*range(3)).rename_columns(["date", "Open", "High", "Low", "Close", "Volume"])
    path = write_feather(tmp_path / "1h.feather", table)
    with opened_columns(path) as (_, file):
        reader = ColumnReader(path, file, laid_out(columns=names))
        (table,) = reader.tables([PART_OF_ALL], None)
    assert places(table.bars) == [0, 1, 2]


def test_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(0).drop_columns(["volume"]))
    with pytest.raises(SourceError) as caught:
        limits(path)
    assert str(caught.value) == (
        f"{path}: has no column volume; it has: open_time, open, high, low, close; "
        "say with columns: what they are called"
    )


def test_a_column_of_a_wrong_type_is_told(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(0, 1).set_column(0, "open_time", pa.array([1.5, 2.5])))
    with pytest.raises(
        SourceError, match=r"1h.parquet: the column open_time is of the type double; times are timestamps"
    ):
        limits(path)


@pytest.mark.parametrize("name", ["1h.parquet", "1h.feather"])
@pytest.mark.parametrize("data", [b"", b"PAR1", b"open_time,open\n" * 10, b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_what_is_no_such_file_is_told(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceError, match=rf"{name}: (is no whole|cannot be read)"):
        limits(path)


def test_a_file_that_lost_its_end_is_told(tmp_path: Path) -> None:
    for path in (
        write_parquet(tmp_path / "1h.parquet", table_of(*range(10))),
        write_feather(tmp_path / "1h.feather", table_of(*range(10))),
    ):
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(SourceError, match=r"is no whole (Parquet|Feather \(Arrow IPC\)) file that can be read: "):
            limits(path)


def test_a_damaged_page_is_told(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(*range(1000)), use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[4:4000] = b"\xff" * 3996
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"1h.parquet: "), opened_columns(path) as (_, file):
        ColumnReader(path, file, HOURS).tables([PART_OF_ALL], None)


def test_a_file_must_be_in_the_state_that_is_asked_for(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(0))
    stamp = stamp_of(path)
    with opened_columns(path, stamp) as (now, _):
        assert now == stamp
    os.utime(path, (HOUR, HOUR))
    with pytest.raises(ChangedError), opened_columns(path, stamp):
        pass


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(0))
    with pytest.raises(ChangedError), opened_columns(path):
        write_parquet(path, table_of(0, 1))


def test_what_a_bad_row_says_names_its_column(tmp_path: Path) -> None:
    close = pa.array(["11", "none", "11", None])
    table = table_of(0, 1, {"open_time": None}, 3).set_column(4, "close", close)
    path = write_parquet(tmp_path / "1h.parquet", table)
    with opened_columns(path) as (_, file):
        (table,) = ColumnReader(path, file, HOURS).tables([PART_OF_ALL], None)
    assert [table.bad.told(place) for place in range(3)] == [
        (2, "close: 'none' is not a number"),
        (3, "open_time: is missing"),
        (4, "close is missing"),
    ]


def test_bars_may_be_stamped_with_their_end(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "1h.parquet", table_of(1, 2))
    with opened_columns(path) as (_, file):
        (table,) = ColumnReader(path, file, laid_out(label="end")).tables([PART_OF_ALL], None)
    assert places(table.bars) == [0, 1]
