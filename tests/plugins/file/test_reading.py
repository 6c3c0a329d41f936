"""From a file to its text, and what is said of one that cannot be read."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import pytest

from wealthsources import SourceError, Timeframe
from wealthsources_file.reading import MOST_BYTES, read_file, stamp_of

from ...support.bars import at, places
from .files import ask, lines, source_of, write

PACKED = gzip.compress(lines(*range(20)).encode(), mtime=0)


def test_a_bad_row_is_named_by_file_and_line(folder: Path) -> None:
    path = write(folder / "BTCUSDT" / "1h.csv", lines(0) + f"{at(1)},10,8,9,8,1\n")
    with pytest.raises(SourceError) as caught:
        ask(source_of(folder), count=1)
    assert str(caught.value) == f"{path}:3: high is below low"


def test_an_empty_file_is_an_error(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", "")
    with pytest.raises(SourceError, match=r"1h.csv:1: is empty"):
        ask(source_of(folder), count=1)


def test_a_file_that_is_not_utf8_is_an_error(folder: Path) -> None:
    write(folder / "BTCUSDT" / "1h.csv", lines(0).encode() + b"\xff\n")
    with pytest.raises(SourceError, match=r"1h.csv:3: is not UTF-8 text \(byte 0xff\)"):
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
    _, bars = read_file(path, "BTCUSDT", Timeframe("1h"), most_bytes=len(text))
    assert places(bars) == [0, 1]
    with pytest.raises(SourceError, match=rf"{name}: has more than 0 MiB of text; split it"):
        read_file(path, "BTCUSDT", Timeframe("1h"), most_bytes=len(text) - 1)


def test_it_is_said_how_large_a_file_may_be(tmp_path: Path) -> None:
    path = write(tmp_path / "1h.csv", b"x" * ((2 << 20) + 1))
    with pytest.raises(SourceError, match="has more than 2 MiB of text"):
        read_file(path, "BTCUSDT", Timeframe("1h"), most_bytes=2 << 20)
    assert MOST_BYTES == 512 << 20


def test_gzipped_files_are_read(tmp_path: Path) -> None:
    write(tmp_path / "BTCUSDT" / "1h.csv.gz", gzip.compress(lines(0, 1, 2).encode()))
    assert places(ask(source_of(tmp_path, "{symbol}/{timeframe}.csv.gz"), count=2)) == [1, 2]


def test_a_bad_row_of_a_gzipped_file_is_named_by_its_line(tmp_path: Path) -> None:
    text = lines(0) + f"{at(1)},10,8,9,8,1\n"
    write(tmp_path / "BTCUSDT" / "1h.csv.gz", gzip.compress(text.encode()))
    with pytest.raises(SourceError, match=r"1h.csv.gz:3: high is below low"):
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
    stamp, bars = read_file(path, "BTCUSDT", Timeframe("1h"))
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
    assert read_file(path, "BTCUSDT", Timeframe("1h"))[1][-1].closed is True
    write(path, lines(0), written=at(1) - 1)
    assert read_file(path, "BTCUSDT", Timeframe("1h"))[1][-1].closed is False


def test_a_file_that_is_not_there_has_no_state(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"1h.csv: has vanished since its folder was listed"):
        stamp_of(tmp_path / "1h.csv")


def test_the_line_of_a_byte_that_is_no_text_is_counted_from_one(tmp_path: Path) -> None:
    path = write(tmp_path / "1h.csv", b"\n\x80" + lines(0).encode())
    with pytest.raises(SourceError, match=r"1h.csv:2: is not UTF-8 text \(byte 0x80\)"):
        read_file(path, "BTCUSDT", Timeframe("1h"))


def test_a_folder_where_a_file_was_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read: Is a directory"):
        read_file(tmp_path, "BTCUSDT", Timeframe("1h"))
