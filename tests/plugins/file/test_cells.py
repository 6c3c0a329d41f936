"""Where the cells of a CSV file begin and end."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, strategies as st

from wealthsources_file.cells import Cells, LineError, line_of, read_cells


def table(cells: Cells) -> list[list[str]]:
    rows, columns = cells.ends.shape
    return [[cells.text(row, column) for column in range(columns)] for row in range(rows)]


def refused(data: bytes) -> tuple[int, str]:
    with pytest.raises(LineError) as caught:
        read_cells(data)
    return caught.value.line, str(caught.value)


def test_a_row_for_each_line_and_a_cell_between_the_commas() -> None:
    assert table(read_cells(b"a,b,c\n1,,3\n")) == [["a", "b", "c"], ["1", "", "3"]]


def test_the_last_line_needs_no_end() -> None:
    assert table(read_cells(b"a,b\n1,2")) == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_of_three_ways(end: str) -> None:
    assert table(read_cells(f"a,b{end}1,2{end}".encode())) == [["a", "b"], ["1", "2"]]


def test_a_file_of_one_column_is_a_table_too() -> None:
    assert table(read_cells(b"a\n1\n2\n")) == [["a"], ["1"], ["2"]]


def test_an_empty_file_is_one_empty_cell() -> None:
    assert table(read_cells(b"")) == [[""]]


@pytest.mark.parametrize("text", ["a,b\n\n1,2\n\n\n3,4\n", "\n\na,b\n1,2\n3,4\n", "a,b\n1,2\n3,4\n\n"])
def test_blank_lines_are_no_rows(text: str) -> None:
    assert table(read_cells(text.encode())) == [["a", "b"], ["1", "2"], ["3", "4"]]


def test_quotes_are_taken_off() -> None:
    assert table(read_cells(b'"a","b"\n1,"say ""x"""\n')) == [["a", "b"], ["1", 'say "x"']]


def test_between_quotes_commas_and_newlines_are_text() -> None:
    assert table(read_cells(b'a,b\n"1,5","x\ny"\n')) == [["a", "b"], ["1,5", "x\ny"]]


def test_text_is_utf8() -> None:
    assert table(read_cells("ä,元\n1,2\n".encode()))[0] == ["ä", "元"]


def test_a_part_of_the_rows() -> None:
    cells = read_cells(b"a,b\n1,2\n3,4\n5,6\n")
    assert table(cells.rows(slice(1, 3))) == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(
    ("row", "why"),
    [("1", "has 1 values; the header names 2 columns"), ("1,2,3", "has 3 values; the header names 2 columns")],
)
def test_a_line_of_another_width_is_named(quoted: bool, row: str, why: str) -> None:
    header = '"a",b' if quoted else "a,b"
    assert refused(f"{header}\n1,2\n{row}\n1,2\n".encode()) == (3, why)


def test_lines_whose_cells_only_add_up_are_no_table() -> None:
    assert refused(b"a,b\n1\n1,2,3\n") == (2, "has 1 values; the header names 2 columns")


def test_a_quote_that_does_not_end_is_named_by_the_line_at_which_the_file_does() -> None:
    assert refused(b'a,b\n1,2\n"1,2\n') == (3, "unexpected end of data")


@pytest.mark.parametrize("character", ["\x1e", "\x1f"])
def test_what_is_put_between_quoted_cells_may_be_in_none(character: str) -> None:
    assert refused(f'"a{character}b",c\n1,2\n'.encode()) == (1, "has control characters in its text")


def test_control_characters_without_quotes_are_text() -> None:
    assert table(read_cells(b"a\x1fb,c\n1,2\n"))[0] == ["a\x1fb", "c"]


cell = st.text(st.characters(codec="utf-8", exclude_characters="\x1e\x1f", exclude_categories=["Cs"]), max_size=6)


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1)))
def test_what_the_csv_module_wrote_is_read_as_it_was(rows: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    assert table(read_cells(text.getvalue().encode())) == rows


# Lines.


def test_the_header_is_row_0_at_line_1() -> None:
    assert [line_of(b"a\n1\n2\n", row) for row in range(3)] == [1, 2, 3]


def test_blank_lines_are_counted_as_lines() -> None:
    assert [line_of(b"\na\n\n\n1\n", row) for row in range(2)] == [2, 5]


def test_a_row_of_several_lines_is_at_its_last() -> None:
    assert [line_of(b'a,b\n1,"x\ny\nz"\n2,3\n', row) for row in range(3)] == [1, 4, 5]
