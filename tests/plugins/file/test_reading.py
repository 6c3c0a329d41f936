"""From a file to its text, and what is said of one that cannot be read."""

from __future__ import annotations

import codecs
import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from wealthsources import Bars, SourceError, Timeframe
from wealthsources_file.reading import MOST_BYTES, read_file
from wealthsources_file.storage import stamp_of

from ...support.bars import MINUTE, T0, at, places
from .files import HOURS, ask, lines, source_of, write

PACKED = gzip.compress(lines(*range(20)).encode(), mtime=0)


def bars_of(path: Path, most_bytes: int = MOST_BYTES) -> Bars:
    return read_file(path, HOURS, most_bytes)[1].bars


def test_a_bad_row_is_named_by_file_and_line(folder: Path) -> None:
    path = write(folder / "BTCUSDT" / "1h.csv", lines(0) + f"{at(1)},10,8,9,8,1\n")
    with pytest.raises(SourceError) as caught:
        ask(source_of(folder), count=1)
    assert str(caught.value) == f"{path}:3: high 8.0 is below low 9.0 (on_bad_row: skip would leave it out)"


def test_an_empty_file_is_an_error(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", "")
    with pytest.raises(SourceError, match=r"1h.csv:1: is empty"):
        ask(source_of(folder), count=1)


def test_a_file_whose_header_is_not_utf8_is_an_error(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", lines(0).encode("utf-16"))
    with pytest.raises(SourceError, match=r"1h\.csv:1: is UTF-16 text; save it as UTF-8"):
        ask(source_of(folder), count=1)


def test_a_byte_order_mark_is_passed_over(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", codecs.BOM_UTF8 + lines(0, 1).encode())
    assert places(ask(source_of(folder), count=5)) == [0, 1]


def test_a_file_that_may_not_be_read_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match=r"1h.csv: cannot be read: Permission denied"):
        ask(source_of(folder), count=1)


@pytest.mark.parametrize("name", ["1h.csv", "1h.csv.gz"])
def test_a_file_that_is_too_large_is_an_error(tmp_path: Path, name: str) -> None:
    text = lines(0, 1).encode()
    path = write(tmp_path / name, gzip.compress(text) if name.endswith(".gz") else text)
    assert places(bars_of(path, most_bytes=len(text))) == [0, 1]
    with pytest.raises(SourceError, match=rf"{name}: has more than 0 MiB of text; move its older rows to a file of"):
        bars_of(path, most_bytes=len(text) - 1)


def test_it_is_said_how_large_a_file_may_be(tmp_path: Path) -> None:
    path = write(tmp_path / "1h.csv", b"\n" * ((2 << 20) + 1))
    with pytest.raises(SourceError, match="has more than 2 MiB of text"):
        bars_of(path, most_bytes=2 << 20)
    assert MOST_BYTES == 512 << 20


def test_gzipped_files_are_read(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv.gz", gzip.compress(lines(0, 1, 2).encode()))
    assert places(ask(source_of(tmp_path, "{symbol}/{timeframe}.csv.gz"), count=2)) == [1, 2]


def test_a_bad_row_of_a_gzipped_file_is_named_by_its_line(tmp_path: Path) -> None:
    text = lines(0) + f"{at(1)},10,8,9,8,1\n"
    write(tmp_path / "BTCUSDT" / "1h.csv.gz", gzip.compress(text.encode()))
    with pytest.raises(SourceError, match=r"1h.csv.gz:3: high 8.0 is below low 9.0"):
        ask(source_of(tmp_path, "{symbol}/{timeframe}.csv.gz"), count=1)


@pytest.mark.parametrize("data", [PACKED[:-20], b"plain text", PACKED[:40] + b"\0\0\0\0" + PACKED[44:], PACKED[:5]])
def test_a_broken_gzip_file_is_an_error(tmp_path: Path, data: bytes) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv.gz", data)
    with pytest.raises(SourceError, match=r"1h.csv.gz: is no whole gzip file"):
        ask(source_of(tmp_path, "{symbol}/{timeframe}.csv.gz"), count=1)


def test_a_file_that_was_repaired_is_read(folder: Path) -> None:
    source = source_of(folder)
    write(folder / "BTCUSDT" / "1h.csv", "")
    with pytest.raises(SourceError):
        ask(source, count=1)
    write(folder / "BTCUSDT" / "1h.csv", lines(0))
    assert places(ask(source, count=1)) == [0]


def test_a_file_comes_with_the_state_that_it_was_in(folder: Path) -> None:
    path = folder / "BTCUSDT" / "1h.csv"
    stamp, table = read_file(path, HOURS)
    bars = table.bars
    assert stamp == stamp_of(path)
    assert (bars.symbol, bars.timeframe, len(bars)) == ("BTCUSDT", Timeframe("1h"), 50)


def test_the_state_tells_the_time_of_writing_the_size_and_the_file(folder: Path) -> None:
    path = write(folder / "BTCUSDT" / "1h.csv", lines(0), written=at(3))
    before = stamp_of(path)
    assert (before.written_ns, before.size) == (at(3) * 1_000_000, len(lines(0)))
    write(folder / "other.csv", lines(1), written=at(3)).replace(path)
    assert stamp_of(path)[:2] == before[:2]
    assert stamp_of(path) != before


def test_whether_its_last_bar_is_over_is_judged_by_the_millisecond_of_writing(folder: Path) -> None:
    path = write(folder / "BTCUSDT" / "1h.csv", lines(0), written=at(1))
    assert bars_of(path)[-1].closed is True
    write(path, lines(0), written=at(1) - 1)
    assert bars_of(path)[-1].closed is False


def test_a_file_that_is_not_there_has_no_state(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"1h.csv: has vanished since its folder was listed"):
        stamp_of(tmp_path / "1h.csv")


def test_a_folder_where_a_file_was_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: Is a directory"):
        bars_of(tmp_path)


#: Reads a file in a process of its own, and prints what was said and by how many MB that grew at most.
MEASURED = """
import pathlib, resource, sys
from wealthsources import Market, SourceError, Timeframe
from wealthsources_file.file_series import FileSeries
from wealthsources_file.reading import read_file

def most():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = most()
try:
    table = read_file(pathlib.Path(sys.argv[1]), FileSeries("BTCUSDT", Timeframe("1m"), Market()))[1]
    said = f"{len(table.bars)} bars"
except SourceError as error:
    said = str(error)
print((most() - before) / 1024)
print(said)
"""


def measured(path: Path) -> tuple[float, str]:
    done = subprocess.run([sys.executable, "-c", MEASURED, path], capture_output=True, text=True, check=True)
    grown, said = done.stdout.splitlines()
    return float(grown), said


def write_packed(path: Path, begin: bytes, more: bytes, times: int) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(begin)
        for _ in range(times):
            file.write(more)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
@pytest.mark.parametrize(
    ("begin", "more", "said"),
    [
        (b"", b"\0" * 1_000_000, ":1: is longer than 64 KiB, so it names no columns"),
        (lines().encode(), b"\0" * 1_000_000, ":2: has 1 values; the header names 6 columns; none of the 1 rows"),
        (b"", b"\n" * 1_000_000, ":1: is empty"),
        (lines().encode(), b"x\n" * 500_000, ":2: has 1 values; the header names 6 columns; none of the"),
        (lines().encode(), b'"\n' * 500_000, ":2: has a bad quote"),
    ],
    ids=["zeros", "zeros-in-a-row", "blank-lines", "short-lines", "quotes"],
)
def test_a_small_file_that_unpacks_to_much_takes_little_memory(
    tmp_path: Path, begin: bytes, more: bytes, said: str
) -> None:
    path = write_packed(tmp_path / "1m.csv.gz", begin, more, times=64)
    assert path.stat().st_size < 1_000_000
    grown, told = measured(path)
    assert said in told
    assert grown < 100  # MB


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in other units elsewhere")
def test_a_file_takes_little_more_memory_than_its_bars(tmp_path: Path) -> None:
    text = "".join(f"{T0 + place * MINUTE},10.0,12.50,9,11.0,100.00\n" for place in range(500_000))
    grown, told = measured(write(tmp_path / "1m.csv", lines() + text))
    assert told == "500000 bars"
    assert grown < 2 * 500_000 * 64 / (1 << 20)
