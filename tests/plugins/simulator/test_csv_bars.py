"""The file of bars: rows in, or one clear line."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from wealthsources import Timeframe
from wealthsources_simulator import PlayedBar
from wealthsources_simulator.csv_bars import parse_rows, read_bars
from wealthsources_simulator.errors import SimulatorError

from ...support.bars import HOUR
from ...support.markets import HEADER, SAMPLE


def parse(*lines: str, timeframe: str = "1h") -> list[PlayedBar]:
    return list(parse_rows([line + "\n" for line in lines], "FILE.csv", Timeframe(timeframe)))


def test_reads_the_sample_with_its_own_text() -> None:
    first = read_bars(SAMPLE, Timeframe("1h"))[0]
    row = dict(zip(HEADER.split(","), SAMPLE.read_text().splitlines()[1].split(","), strict=True))
    assert str(first.open_time) == row.pop("open_time")
    assert {name: getattr(first, name) for name in row} == row


def test_text_is_kept_as_it_is_written() -> None:
    (bar,) = parse(HEADER, "0,1.50,2.,+.5,1e0,007.10")
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == ("1.50", "2.", "+.5", "1e0", "007.10")


def test_columns_come_in_any_order_and_others_are_ignored() -> None:
    (bar,) = parse("note,volume,close,low,high,open,open_time,end", "x,5,4,1,9,2,3600000,77")
    assert bar == PlayedBar(HOUR, 2 * HOUR, "2", "9", "1", "4", "5")


def test_end_of_a_month_is_that_of_its_calendar() -> None:
    february = 1_580_515_200_000  # 2020-02-01
    (bar,) = parse(HEADER, f"{february},1,1,1,1,1", timeframe="1M")
    assert bar.end - bar.open_time == 29 * 24 * HOUR


def test_reads_gzip(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    assert read_bars(path, Timeframe("1h")) == read_bars(SAMPLE, Timeframe("1h"))


def test_reads_a_file_that_starts_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_text(f"{HEADER}\n0,1,1,1,1,1\n", encoding="utf-8-sig")
    assert len(read_bars(path, Timeframe("1h"))) == 1


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("3600000,1,2,3,1,1", "high is below low"),
        ("3600000,5,4,1,2,1", "open is outside low to high"),
        ("3600000,2,4,1,5,1", "close is outside low to high"),
        ("3600000,2,4,1,2,-1", "volume is negative"),
        ("3600000,x,4,1,2,1", "open 'x' is not a number"),
        ("3600000,2,NaN,1,2,1", "high 'NaN' is not a number"),
        ("3600000,2,4,1,2,", "volume '' is not a number"),
        ("3600000,2,4,1_0,2,1", "low '1_0' is not a number"),
        ("3600000,2,4", "only 3 values"),
        ("1.0,2,4,1,2,1", "open_time '1.0' is not a whole number of ms"),
        ("3600001,2,4,1,2,1", "open_time 3600001 is not on the 1h grid"),
        ("0,2,4,1,2,1", "open_time 0 is not after the row before (0)"),
    ],
)
def test_a_bad_row_is_named_with_file_and_line(row: str, problem: str) -> None:
    with pytest.raises(SimulatorError) as caught:
        parse(HEADER, "0,1,1,1,1,1", "", row)
    assert str(caught.value) == f"FILE.csv:4: {problem}"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "no column 'open_time' in the header"),
        (["open_time,open,high,low,close"], "no column 'volume' in the header"),
        ([HEADER + ",low"], "more than one column 'low' in the header"),
    ],
)
def test_a_bad_header_is_named_with_file_and_line(lines: list[str], problem: str) -> None:
    with pytest.raises(SimulatorError, match=f"^FILE.csv:1: {problem}"):
        parse(*lines)


@pytest.mark.parametrize("data", [b"", b"not gzip", gzip.compress(SAMPLE.read_bytes())[:-900]])
def test_a_bad_gzip_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bars.csv.gz"
    path.write_bytes(data)
    with pytest.raises(SimulatorError, match=r"^\S*bars.csv.gz"):
        read_bars(path, Timeframe("1h"))


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(HEADER.encode() + b"\n\xff\xfe")
    with pytest.raises(SimulatorError, match=r"^\S*bars.csv: .*utf-8"):
        read_bars(path, Timeframe("1h"))
