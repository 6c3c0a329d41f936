"""The line that names the columns."""

from __future__ import annotations

import pytest

from wealthsources_file.header import LineError, no_header, read_header

from ...support.markets import HEADER


def refused(text: bytes) -> tuple[int, str]:
    with pytest.raises(LineError) as caught:
        read_header(text, 3)
    return caught.value.line, str(caught.value)


def test_it_says_where_the_columns_stand_that_are_needed() -> None:
    header = read_header(b"volume,id,low,high,open_time,open,close,close_time", 1)
    places = {"open_time": 4, "open": 5, "high": 3, "low": 2, "close": 6, "volume": 0, "close_time": 7}
    assert header == (8, places)


def test_a_close_time_is_not_needed() -> None:
    assert "close_time" not in read_header(HEADER.encode(), 1).places


def test_names_may_be_quoted() -> None:
    assert read_header(HEADER.replace("open,", '"open",').encode() + b',"a, b"', 1).width == 7


def test_missing_columns_are_named() -> None:
    said = f"the header has no column high, volume; needed: {HEADER.replace(',', ', ')}"
    assert refused(b"open_time,open,top,low,close,size") == (3, said)


def test_a_column_that_is_there_twice_is_named() -> None:
    assert refused(HEADER.encode() + b",low") == (3, "the header names the column low more than once")


def test_what_is_no_text_is_told_by_its_byte() -> None:
    assert refused("open_time".encode("utf-16")) == (3, "is not UTF-8 text (byte 0xff)")


def test_a_quote_that_does_not_end_is_told() -> None:
    assert refused(b'"open_time,open') == (3, "the header has a bad quote: unexpected end of data")


def test_a_line_without_end_is_no_header() -> None:
    assert refused(b"\0" * 65_537)[1].startswith("is longer than 64 KiB, so it names no columns; needed: open_time")
    assert "no column" in refused(b"\0" * 65_536)[1]


def test_of_a_file_without_lines_it_is_said_what_is_needed() -> None:
    error = no_header()
    assert (error.line, str(error)[:46]) == (1, "is empty; the first line must name the columns")
