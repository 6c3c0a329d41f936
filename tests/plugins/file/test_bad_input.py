"""What is wrong with a file, as people come by it, is told with its place and with the option that helps."""

from __future__ import annotations

import codecs
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from wealthsources import SourceError

from ...support.bars import HOUR, at, places
from ...support.markets import HEADER
from .files import ask, lines, source_of, write

ROWS = lines(0, 1, 2).partition("\n")[2]


def refused(tmp_path: Path, text: str | bytes, name: str = "1h.csv", **options: Any) -> str:
    write(tmp_path / "BTCUSDT" / name, text)
    with pytest.raises(SourceError) as caught:
        ask(source_of(tmp_path, "{symbol}/{timeframe}." + name.partition(".")[2], **options), start=at(0))
    place, _, said = str(caught.value).partition(f"{tmp_path}/BTCUSDT/")
    assert place == ""
    return said


def zipped(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name in names:
            archive.writestr(name, lines(0))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        (ROWS, "1h.csv:1: the first line is a row and no header", "say which column is where"),
        (lines(0).replace(",", ";"), "1h.csv:1: the header has no column open_time", 'say separator: ";"'),
        (lines(0).replace("open_time", "date"), "1h.csv:1: the header has no column open_time", "format: freqtrade"),
        (lines(0).replace("volume", "amount"), "1h.csv:1: the header has no column volume", "columns: {volume: name}"),
        (lines(0).replace("000,10.0", ",10.0"), "1h.csv:2: open_time: ", "say time: s if all are, or time: [ms, s]"),
        (f"{HEADER}\n2020-09-13 12:00,1,1,1,1,1\n", "1h.csv:2: open_time: 2020-09-13 12:00", "say time: iso"),
        (f"{HEADER}\n13/09/2020,1,1,1,1,1\n", "1h.csv:2: open_time: 13/09/2020", "time: '%d/%m/%Y'"),
        (lines(2, 1, 0), "1h.csv:3: is older than the row before", "say order: newest_first"),
        (lines(0).encode("utf-16"), "1h.csv:1: is UTF-16 text", "save it as UTF-8"),
        (b"\x1f\x8b" + lines(0).encode(), "1h.csv:1: is not UTF-8 text", "let its name end in .csv.gz"),
        (f"{HEADER}\n{at(0)},1,1,1,1,1e\n", "1h.csv:2: volume: '1e' is not a number", "none of the 1 rows"),
        ("", "1h.csv:1: is empty", "the first line must name the columns"),
    ],
)
def test_a_file_that_is_laid_out_in_another_way(tmp_path: Path, text: str | bytes, place: str, remedy: str) -> None:
    said = refused(tmp_path, text)
    assert said.startswith(place)
    assert remedy in said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"{at(1)},10,12", "has 3 values; the header names 6 columns"),
        (f"{at(1)},10,12,9,11,ten", "volume: 'ten' is not a number"),
        (f"{at(1)},10,12,9,11,\0", r"volume: '\x00' is not a number"),
        (f"{at(1)}\0,10,12,9,11,1", f"open_time: {at(1)}\0 is not a time in ms"),
        (f"{at(1) // 1000},10,12,9,11,1", "in seconds it would be 2020-09-13 13:00 UTC: say time: s if all are"),
        (f"{at(1)}000,10,12,9,11,1", "in microseconds it would be 2020-09-13 13:00 UTC: say time: us if all are"),
        (f"{at(1) + 1},10,12,9,11,1", f"open_time: {at(1) + 1} is not on the 1h grid"),
        (f"{at(0)},10,12,9,11,1", "has the open_time of another row, and different values"),
        (f"{at(0)},10.0,12.50,9,11.0,100.00", "says again what an earlier row says"),
        (f"{at(9)},10,12,9,11,1", "open_time is out of order"),
        (f"{at(1)},10,8,9,8,1", "high 8.0 is below low 9.0"),
        (f"{at(1)},10,12,9,nan,1", "close: 'nan' is not a number"),
    ],
)
def test_a_row_that_is_no_bar_is_named_and_may_be_skipped(tmp_path: Path, row: str, said: str) -> None:
    text = lines(0) + row + "\n" + lines(2, 3).partition("\n")[2]
    told = refused(tmp_path, text)
    assert said in told
    assert told.endswith("(on_bad_row: skip would leave it out)") or " more out)" in told
    bars = ask(source_of(tmp_path, on_bad_row="skip"), start=at(0))
    assert set(places(bars)) >= {2, 3}
    assert said in bars.note


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("begin", ["", "\ufeff", "\n\n"])
def test_marks_and_ends_of_lines_of_other_systems_are_read(tmp_path: Path, end: str, begin: str) -> None:
    text = (begin + lines(0, 1, 2)).replace("\n", end)
    write(tmp_path / "BTCUSDT" / "1h.csv", text.encode())
    assert (text.encode()[:3] == codecs.BOM_UTF8) == (begin == "\ufeff")
    assert places(ask(source_of(tmp_path), count=9)) == [0, 1, 2]


def test_a_zip_with_two_files(tmp_path: Path) -> None:
    said = refused(tmp_path, zipped("a.csv", "b.csv"), "1h.zip")
    assert said == "1h.zip: has 2 files in it (a.csv, b.csv); a zip has one: unpack it, or pack each by itself"


def test_a_place_in_a_zip_is_a_line_of_its_text(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", lines(0) + "x\n" + lines(2).partition("\n")[2])
    assert refused(tmp_path, packed.getvalue(), "1h.zip").startswith("1h.zip:3: has 1 values")


def test_times_of_no_zone(tmp_path: Path) -> None:
    said = refused(tmp_path, f"{HEADER}\n2020-09-13 12:00,1,1,1,1,1\n", time="iso")
    assert "names no time zone; say which, as in zone: UTC, or zone: Europe/Berlin" in said


def test_a_file_whose_stamps_are_ends_is_read_by_saying_so(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv", lines(1, 2, 3))
    bars = ask(source_of(tmp_path, label="end"), count=9)
    assert places(bars) == [0, 1, 2]
    assert bars[0].close_time == at(0) + HOUR
