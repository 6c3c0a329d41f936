"""Parquet and Feather files through the source: the right bars, and no more of the file read than they take."""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from wealthsources import Bars, NotHere, SourceError
from wealthsources_file import column_reader, columnar
from wealthsources_file.source import FileSource

from ...support.bars import HOUR, T0, at, places
from .column_files import VALUES, groups_read, table_of, write_feather, write_parquet
from .files import HEADER, ask, source_of, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A hundred hours in ten row groups."""
    return write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*range(100)), group=10)


def reading(path: Path, **options: Any) -> FileSource:
    return source_of(path.parent.parent, f"{{symbol}}/{{timeframe}}{path.suffix}", **options)


# Only what is asked for.


def test_the_newest_bars_take_the_last_row_group(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with groups_read(monkeypatch) as read:
        assert places(ask(reading(path), count=5)) == [95, 96, 97, 98, 99]
    assert read == [(9, 6)]


def test_what_spans_two_row_groups_takes_both(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with groups_read(monkeypatch) as read:
        assert places(ask(reading(path), start=at(38), end=at(42))) == [38, 39, 40, 41]
    assert sorted(group for group, _ in read) == [3, 4]


def test_what_ends_with_a_row_group_takes_the_next_one_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with groups_read(monkeypatch) as read:
        assert places(ask(reading(path), start=at(35), end=at(40))) == [35, 36, 37, 38, 39]
    assert sorted(group for group, _ in read) == [3, 4]


def test_a_count_takes_as_many_row_groups_as_it_needs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with groups_read(monkeypatch) as read:
        assert places(ask(reading(path), end=at(55), count=20)) == list(range(35, 55))
    assert sorted({group for group, _ in read}) == [2, 3, 4, 5]


def test_what_was_read_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = reading(path)
    ask(source, count=5)
    with groups_read(monkeypatch) as read:
        assert places(ask(source, count=3)) == [97, 98, 99]
    assert read == []
    assert source.status().counters["cached_bars"] == 10


def test_a_large_row_group_is_cut_where_its_times_allow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "BATCH", 8)
    monkeypatch.setattr(column_reader, "SPAN", 4)
    monkeypatch.setattr(columnar, "SPAN", 4)
    source = reading(write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*range(100))))
    assert places(ask(source, count=5)) == [95, 96, 97, 98, 99]
    assert source.status().counters["cached_bars"] == 12  # the rest of a hundred, and eight more
    assert places(ask(source, start=at(10), end=at(12))) == [10, 11]
    assert places(ask(source)) == list(range(100))


def test_of_the_row_group_behind_it_is_cut_and_read_no_more_than_the_first_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columnar, "BATCH", 8)
    monkeypatch.setattr(column_reader, "SPAN", 4)
    monkeypatch.setattr(columnar, "SPAN", 4)
    source = reading(write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*range(100)), group=50))
    assert places(ask(source, end=at(50), count=1)) == [49]
    assert source.status().counters["cached_bars"] == 8 + 2 + 8


def test_a_row_group_that_is_out_of_order_is_read_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "BATCH", 8)
    monkeypatch.setattr(column_reader, "SPAN", 4)
    monkeypatch.setattr(columnar, "SPAN", 4)
    rows = [*range(20), 99, *range(20, 40)]
    source = reading(write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*rows)), on_bad_row="skip")
    assert places(ask(source)) == list(range(40))


def test_before_its_first_and_behind_its_last_bar_it_has_none(path: Path) -> None:
    source = reading(path)
    for span in ({"end": at(0)}, {"start": at(100)}):
        with pytest.raises(
            NotHere, match="has none of these bars; its bars open from 2020-09-13 12:00 to 2020-09-17 15:0"
        ):
            ask(source, **span)
    assert places(ask(source, start=at(98), end=at(500))) == [98, 99]


def test_a_file_without_rows_has_no_bars(tmp_path: Path) -> None:
    for file in (
        write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of()),
        write_feather(tmp_path / "BTCUSDT" / "1h.feather", table_of()),
    ):
        with pytest.raises(NotHere, match="has none of these bars; it has none"):
            ask(reading(file), count=1)


def test_a_feather_file_is_read(tmp_path: Path) -> None:
    source = reading(write_feather(tmp_path / "BTCUSDT" / "1h.feather", table_of(*range(100)), group=10))
    assert places(ask(source, count=15)) == list(range(85, 100))
    assert source.status().counters["cached_bars"] == 20


def test_a_file_of_freqtrade_is_read(tmp_path: Path) -> None:
    table = table_of(*range(30), time=pa.timestamp("ns", "UTC")).rename_columns(["date", *VALUES])
    file = write_feather(tmp_path / "BTCUSDT" / "1h.feather", table)
    assert places(ask(reading(file, format="freqtrade"), count=2)) == [28, 29]


def test_values_come_as_they_are(tmp_path: Path) -> None:
    table = table_of(0).set_column(5, "volume", pa.array(["3.50"]))
    (bar,) = ask(reading(write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table)), count=1)
    assert [bar.open, bar.high, bar.low, bar.close, bar.volume] == [10.0, 12.5, 9.0, 11.0, 3.5]
    assert bar.exact("volume") == "3.50"


def test_end_labels_are_found_by_their_end(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*range(1, 101)), group=10)
    source = reading(file, label="end")
    assert places(ask(source, start=at(9), end=at(12))) == [9, 10, 11]
    with pytest.raises(NotHere, match="its bars open from 2020-09-13 12:00 to"):
        ask(source, end=at(0))


# A file that changes.


def test_a_file_that_changes_is_read_anew(path: Path) -> None:
    source = reading(path)
    ask(source, count=1)
    write_parquet(path, table_of(*range(120)), group=7)
    assert places(ask(source, count=1)) == [119]


def test_a_file_that_changes_between_its_footer_and_its_rows_is_never_mixed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter([table_of(*range(50, 150))])
    tables = column_reader.ColumnReader.tables

    def change_first(self: Any, *which: Any) -> Any:
        for table in states:
            write_parquet(path, table, group=10)
        return tables(self, *which)

    monkeypatch.setattr(column_reader.ColumnReader, "tables", change_first)
    assert places(ask(reading(path), count=2)) == [148, 149]


def test_one_that_changes_all_the_time_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = itertools.count(1)
    tables = column_reader.ColumnReader.tables

    def change_first(self: Any, *which: Any) -> Any:
        os.utime(path, (next(numbers), 5))
        write_parquet(path, table_of(*range(50 + next(numbers))), group=10)
        return tables(self, *which)

    monkeypatch.setattr(column_reader.ColumnReader, "tables", change_first)
    with pytest.raises(SourceError, match=r"1h.parquet: was changed while it was read, twice"):
        ask(reading(path), count=2)


# Rows that are no bars.


def test_a_span_that_does_not_touch_a_bad_row_is_answered(tmp_path: Path) -> None:
    rows = [{"hour": place, "high": 8 if place == 50 else 12.5} for place in range(100)]
    file = write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*rows), group=10)
    source = reading(file)
    assert places(ask(source, count=20)) == list(range(80, 100))
    assert places(ask(source, start=at(40), end=at(50))) == list(range(40, 50))
    with pytest.raises(SourceError) as caught:
        ask(source, start=at(45), end=at(55))
    assert str(caught.value) == f"{file}: row 51: high 8.0 is below low 9.0 (on_bad_row: skip would leave it out)"


@pytest.mark.parametrize(("row", "span"), [(10, (5, 11)), (9, (10, 15))])
def test_a_bad_row_beside_a_missing_bar_is_found_in_the_row_group_beside(
    tmp_path: Path, row: int, span: tuple[int, int]
) -> None:
    rows = [{"open_time": at(place) + (place == row)} for place in range(100) if place != 19 - row]
    source = reading(write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*rows), group=10 if row == 10 else 9))
    with pytest.raises(SourceError, match=r"row 1\d: "):
        ask(source, start=at(span[0]), end=at(span[1]))


def test_bad_rows_can_be_skipped_and_are_told(tmp_path: Path) -> None:
    rows = [{"hour": place, "high": 8 if place in {50, 51} else 12.5} for place in range(100)]
    file = write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*rows), group=10)
    bars = ask(reading(file, on_bad_row="skip"), start=at(45), end=at(55))
    assert places(bars) == [45, 46, 47, 48, 49, 52, 53, 54]
    assert bars.note == f"2 rows were skipped, the first: {file}: row 51: high 8.0 is below low 9.0"
    assert [hole.count for hole in bars.holes] == [2]


def test_a_file_of_another_unit_is_refused_with_what_it_says(tmp_path: Path) -> None:
    times = pa.array([at(place) // 1000 for place in range(3)])
    file = write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(0, 1, 2).set_column(0, "open_time", times))
    with pytest.raises(SourceError, match=r"1h.parquet: row 1: open_time: "):
        ask(reading(file), count=1)


def test_too_many_rows_at_once_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "MOST_ROWS", 50)
    source = reading(path)
    assert len(ask(source, count=30)) == 30
    with pytest.raises(SourceError, match=r"1h.parquet: more than 50 rows would be needed at once; ask for a shorter"):
        ask(source)


def test_a_file_with_the_newest_rows_first_is_refused(tmp_path: Path) -> None:
    file = write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*range(29, -1, -1)), group=10)
    with pytest.raises(
        SourceError, match=r"1h.parquet: has its newest rows first; write it again with its rows sorted"
    ):
        ask(reading(file), count=1)


def test_a_large_file_that_is_out_of_order_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columnar, "MOST_ROWS", 50)
    monkeypatch.setattr(columnar, "BATCH", 8)
    file = write_parquet(tmp_path / "BTCUSDT" / "1h.parquet", table_of(*range(99, -1, -1)), group=10)
    with pytest.raises(
        SourceError, match=r"its rows 1 to 100 are not in order of time, and too many to be sorted here"
    ):
        ask(reading(file), count=1)


# The same as of text.

_HOURS = st.integers(-1, 31)
#: What becomes of each hour in its turn: nearly all are good.
_KINDS = st.sampled_from(["good"] * 12 + ["high", "off", "missing", "twice", "unlike", "late"])


def rows_of(kinds: list[str]) -> list[dict[str, Any]]:
    """Rows of the hours in their order, each of its kind."""
    rows: list[dict[str, Any]] = []
    for hour, kind in enumerate(kinds):
        good = {"open_time": at(hour)}
        rows += {
            "good": [good],
            "high": [good | {"high": 1.0}],
            "off": [{"open_time": at(hour) + 1}],
            "missing": [],
            "twice": [good, good],
            "unlike": [good, good | {"close": 10.0}],
            "late": [{"open_time": at(hour + 5)}],
        }[kind]
    return rows


def answered(source: FileSource, **request: Any) -> Any:
    """The bars, or what kind of error there is."""
    try:
        bars: Bars = ask(source, **request)
    except (NotHere, SourceError) as error:
        return type(error)
    return places(bars), bars.values.tolist(), bars.holes, [bar.closed for bar in bars]


@settings(max_examples=60)
@given(
    st.lists(_KINDS, min_size=1, max_size=30),
    st.integers(1, 4),
    st.lists(
        st.tuples(st.one_of(st.none(), _HOURS), _HOURS, st.one_of(st.none(), st.integers(1, 8))), min_size=5, max_size=9
    ),
    st.sampled_from(["fail", "skip"]),
    st.booleans(),
    st.booleans(),
)
def test_an_answer_is_that_of_a_csv_file_with_the_same_rows(
    kinds: list[str],
    group: int,
    requests: list[tuple[int | None, int, int | None]],
    on_bad_row: str,
    feather: bool,
    fine: bool,
) -> None:
    rows = rows_of(kinds)
    text = [
        ",".join([str(row["open_time"]), *(str(row.get(name, value)) for name, value in VALUES.items())])
        for row in rows
    ]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        if fine:
            patch.setattr(columnar, "BATCH", 2)
            patch.setattr(columnar, "SPAN", 1)
            patch.setattr(column_reader, "SPAN", 1)
        folder = Path(name) / "BTCUSDT"
        write(folder / "1h.csv", "\n".join([HEADER, *text, ""]))
        made = write_feather if feather else write_parquet
        file = made(folder / f"1h.{'feather' if feather else 'parquet'}", table_of(*rows), group)
        plain, columns = source_of(folder.parent, on_bad_row=on_bad_row), reading(file, on_bad_row=on_bad_row)
        for start, end, count in [*requests, (None, 100, None)]:
            asked = {"start": None if start is None else T0 + start * HOUR, "end": at(end), "count": count}
            expected, found = answered(plain, **asked), answered(columns, **asked)
            if expected is SourceError and "is older than the row" in _why(plain, asked):
                continue  # text that begins with its newest row is refused as a whole
            if expected is SourceError and "of this file is a bar" in _why(plain, asked):
                continue
            assert found == expected, asked


def _why(source: FileSource, asked: dict[str, Any]) -> str:
    try:
        ask(source, **asked)
    except SourceError as error:
        return str(error)
    return ""
