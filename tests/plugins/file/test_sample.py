"""How the first rows of a file look."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from wealthsources_file.header import LineError
from wealthsources_file.packing import PackingError
from wealthsources_file.sample import Sample, read_sample

from ...support.markets import HEADER
from .files import write

ROW = "1700000000000,1.5,2,1,1.25,10"


def sample(tmp_path: Path, text: str | bytes, name: str = "a.csv") -> Sample:
    return read_sample(write(tmp_path / name, text))


def test_a_header_and_rows(tmp_path: Path) -> None:
    found = sample(tmp_path, f"{HEADER}\n{ROW}\n{ROW}\n")
    assert found.names == tuple(HEADER.split(","))
    assert (len(found.rows), found.separator, found.encoding, found.preamble) == (2, ",", "UTF-8", "")
    assert found.column(1) == ["1.5", "1.5"]


def test_a_first_line_with_numbers_is_a_row(tmp_path: Path) -> None:
    found = sample(tmp_path, f"{ROW}\n{ROW}\n")
    assert (found.names, len(found.rows)) == (None, 2)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_what_cuts_all_lines_alike(tmp_path: Path, separator: str) -> None:
    text = f"{HEADER},note\n{ROW},\n".replace(",", separator).replace("note", '"a, b; c"')
    assert sample(tmp_path, text).separator == separator


def test_decimal_commas_do_not_separate(tmp_path: Path) -> None:
    rows = "".join(f"0{day}.01.2024;1,5;2,5;1;{close};10\n" for day, close in ((2, "1,5"), (3, "2"), (4, "1,25")))
    assert sample(tmp_path, HEADER.replace(",", ";") + "\n" + rows).separator == ";"


def test_an_address_in_the_first_line_stands_before_the_header(tmp_path: Path) -> None:
    found = sample(tmp_path, f"\ufeffhttps://www.example.com\r\n{HEADER}\r\n{ROW}\r\n")
    assert (found.preamble, found.encoding) == ("https://www.example.com", "UTF-8 with a mark")
    assert found.rows[0][-1] == "10"


def test_packed_text_is_unpacked(tmp_path: Path) -> None:
    assert sample(tmp_path, gzip.compress(f"{HEADER}\n{ROW}\n".encode()), "a.csv.gz").rows == [ROW.split(",")]
    with pytest.raises(PackingError):
        sample(tmp_path, "x", "a.zip")


def test_only_the_beginning_is_read_and_no_half_line(tmp_path: Path) -> None:
    found = sample(tmp_path, f"{HEADER}\n" + f"{ROW}\n" * 20_000)
    assert 1_000 < len(found.rows) < 20_000
    assert found.rows[-1] == ROW.split(",")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"name,value\na,1\n", "has no 5 columns, whatever separates them; is it a file of bars?"),
        (HEADER.encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
        (HEADER.encode() + b"\n1,\xff\n", "is not UTF-8 text"),
    ],
)
def test_what_is_no_such_file_is_told(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(LineError) as caught:
        sample(tmp_path, data)
    assert str(caught.value) == said
