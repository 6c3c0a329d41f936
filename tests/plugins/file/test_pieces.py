"""The text of a file in pieces: whole lines, however they end, and never more of them than there is room for."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, strategies as st

from wealthsources_file.pieces import Piece, TooLargeError, read_pieces


def pieces(text: bytes, size: int = 8, most: int = 1 << 20) -> list[Piece]:
    return list(read_pieces(io.BytesIO(text), most, size))


def test_each_piece_has_whole_lines() -> None:
    assert pieces(b"abc\ndef\nghi\n") == [(b"abc\ndef\n", True), (b"ghi\n", True)]


def test_a_last_line_without_an_end_is_a_piece_of_its_own() -> None:
    assert pieces(b"abc\ndef") == [(b"abc\n", True), (b"def\n", False)]


def test_no_text_is_no_piece() -> None:
    assert pieces(b"") == []


@given(
    st.lists(st.binary(max_size=6).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b"")), max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.integers(6, 20),
)
def test_lines_end_in_any_of_three_ways_wherever_they_are_cut(lines: list[bytes], end: bytes, size: int) -> None:
    found = pieces(b"".join(line + end for line in lines), size)
    assert b"".join(piece.lines for piece in found) == b"".join(line + b"\n" for line in lines)
    assert all(piece.has_end for piece in found)


def test_a_line_that_is_too_long_is_cut_off_so_that_its_last_value_is_no_number() -> None:
    assert pieces(b"ab\n" + b"1" * 100 + b"\ncd\n") == [(b"ab\n", True), (b"1" * 8 + b"\0\n", True), (b"cd\n", True)]


def test_a_line_that_is_too_long_and_has_no_end_is_the_last() -> None:
    assert pieces(b"1" * 100) == [(b"1" * 8 + b"\0\n", True)]


def test_a_line_that_is_too_long_is_told_before_the_rest_of_it_is_read() -> None:
    file = io.BytesIO(b"1" * 1000)
    next(read_pieces(file, 1 << 20, 8))
    assert file.tell() <= 24


@pytest.mark.parametrize("text", [b"123456789\n", b"1" * 10, b"\n" * 10])
def test_more_text_than_there_is_room_for_is_an_error(text: bytes) -> None:
    assert pieces(text, size=100, most=10)
    with pytest.raises(TooLargeError, match="has more than 0 MiB of text; move its older rows to a file of a second"):
        pieces(text, size=100, most=9)
