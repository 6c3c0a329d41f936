"""Where the cells of CSV lines begin and end, and which lines are no rows."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources_file.bad_rows import Found
from wealthsources_file.cells import Cells, Cutter
from wealthsources_file.header import Header
from wealthsources_file.line_numbers import LineNumbers

Row = tuple[int, list[str]]


class Lines:
    """Cuts lines of so many cells, the first of which is line 2."""

    def __init__(self, width: int, needed: tuple[int, ...] = (0,)) -> None:
        self.found, self.lines = Found(), LineNumbers()
        self.cutter = Cutter(
            2,
            Header(width, {str(place): place for place in needed}, f"the header names {width} columns"),
            self.lines,
            self.found,
        )
        self.rows: list[Row] = []

    def cut(self, text: str | bytes, *, last: bool = False) -> list[Row]:
        """All rows so far, each with its line."""
        data = text if isinstance(text, bytes) else text.encode()
        cells, numbers = self.cutter.cut(data, last=last)
        at = self.lines.of(numbers).tolist()
        self.rows += [(line, cell_texts(cells, row)) for row, line in enumerate(at)]
        return self.rows

    def bad(self) -> list[tuple[int, str]]:
        bad = self.found.among(self.lines)
        return [bad.told(place) for place in range(len(bad))]


def cell_texts(cells: Cells, row: int) -> list[str]:
    return [cells.text(row, column) for column in range(cells.ends.shape[1])]


def test_a_row_for_each_line_and_a_cell_between_the_commas() -> None:
    assert Lines(3).cut("1,,3\na,b,c\n") == [(2, ["1", "", "3"]), (3, ["a", "b", "c"])]


def test_no_lines_are_no_rows() -> None:
    assert Lines(2).cut("") == []


def test_lines_go_on_where_they_ended() -> None:
    lines = Lines(2)
    lines.cut("1,2\n\n")
    assert lines.cut("3,4\n") == [(2, ["1", "2"]), (4, ["3", "4"])]


@pytest.mark.parametrize("quote", ["", '"'])
def test_blank_lines_are_no_rows(quote: str) -> None:
    lines = Lines(2)
    assert lines.cut(f"\n\n{quote}1{quote},2\n\n3,4\n\n") == [(4, ["1", "2"]), (6, ["3", "4"])]
    assert lines.bad() == []


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize(
    ("row", "why"),
    [("1", "has 1 values; the header names 2 columns"), ("1,2,3", "has 3 values; the header names 2 columns")],
)
def test_a_line_of_another_width_is_bad_and_no_other(quote: str, row: str, why: str) -> None:
    lines = Lines(2)
    assert lines.cut(f"{quote}1{quote},2\n{row}\n\n3,4\n") == [(2, ["1", "2"]), (5, ["3", "4"])]
    assert lines.bad() == [(3, why)]


def test_lines_whose_cells_only_add_up_are_no_rows() -> None:
    lines = Lines(2)
    assert lines.cut("1\n1,2,3\n") == []
    assert [line for line, _ in lines.bad()] == [2, 3]


def test_quotes_are_taken_off() -> None:
    assert Lines(2).cut('1,"say ""x"""\n') == [(2, ["1", 'say "x"'])]


def test_between_quotes_commas_and_newlines_are_text() -> None:
    assert Lines(2).cut('1,"a, b\nc"\n2,d\n') == [(2, ["1", "a, b\nc"]), (4, ["2", "d"])]


def test_a_row_may_go_on_in_the_lines_that_follow() -> None:
    lines = Lines(2)
    assert lines.cut('1,"a\n') == []
    assert lines.cut('b"\n2,c\n') == [(2, ["1", "a\nb"]), (4, ["2", "c"])]


def test_a_quote_that_does_not_end_costs_its_own_line_alone() -> None:
    lines = Lines(2)
    assert lines.cut('1,2\n"3,4\n5,6\n') == [(2, ["1", "2"])]
    assert lines.cut("7,8\n", last=True) == [(2, ["1", "2"]), (4, ["5", "6"]), (5, ["7", "8"])]
    assert lines.bad() == [(3, "has a bad quote: unexpected end of data")]


def test_two_stray_quotes_take_nothing_with_them_that_is_between() -> None:
    lines = Lines(2)
    assert lines.cut('1,2\n"3\n5,6\n7",8\n9,9\n') == [
        (2, ["1", "2"]),
        (4, ["5", "6"]),
        (5, ['7"', "8"]),
        (6, ["9", "9"]),
    ]
    assert lines.bad() == [(3, "has a bad quote: it is closed in another line")]


def test_text_behind_a_closing_quote_is_bad() -> None:
    lines = Lines(2)
    assert lines.cut('"1"2,3\n4,5\n') == [(3, ["4", "5"])]
    assert lines.bad() == [(2, "has a bad quote: ',' expected after '\"'")]


def test_a_row_that_does_not_end_waits_no_longer_than_for_one_piece() -> None:
    lines = Lines(2)
    lines.cut('1,"a\n')
    for _ in range(12):
        lines.cut(("x" * 99_999 + "\n").encode())
    assert lines.bad()[0][0] == 2


def test_many_stray_quotes_are_cut_in_little_time() -> None:
    lines = Lines(2)
    lines.cut('"1,2\n3,4\n' * 20_000, last=True)
    assert (len(lines.rows), lines.found.count) == (20_000, 20_000)


def test_text_is_utf8_and_what_is_none_shows() -> None:
    assert Lines(2).cut("ä,元\n".encode() + b"1,\xff\n") == [(2, ["ä", "元"]), (3, ["1", "\ufffd"])]
    assert Lines(2).cut(b'"1",\xff\n') == [(2, ["1", "\ufffd"])]


def test_control_characters_are_text() -> None:
    assert Lines(2).cut("a\x1fb,\x1e\n") == [(2, ["a\x1fb", "\x1e"])]


def test_control_characters_beside_quotes_do_not_cut_anything() -> None:
    assert Lines(2).cut('"a\x1fb",\x1e\n1,2\n') == [(2, ["a?b", "?"]), (3, ["1", "2"])]


cell = st.text(st.characters(codec="utf-8", exclude_characters="\x1e\x1f", exclude_categories=["Cs"]), max_size=6)


@given(
    st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(cell, min_size=width, max_size=width), min_size=1)),
    st.data(),
)
def test_what_the_csv_module_wrote_is_read_as_it_was(rows: list[list[str]], data: st.DataObject) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    written = text.getvalue().replace("\r\n", "\n").replace("\r", "\n")  # as pieces have it
    at = data.draw(st.integers(0, len(written)))
    cut = written.rfind("\n", 0, at) + 1
    lines = Lines(len(rows[0]), needed=())
    lines.cut(written[:cut])
    expected = [[one.replace("\r\n", "\n").replace("\r", "\n") for one in row] for row in rows]
    assert [row for _, row in lines.cut(written[cut:], last=True)] == expected


@given(
    st.lists(st.sampled_from(["1,2\n", "\n", "1\n", '"1",2\n', '1,"2\n', '"\n', "1,2,3\n", '"1"2,3\n']), max_size=12)
)
def test_no_line_is_lost_or_counted_twice(lines: list[str]) -> None:
    cut = Lines(2, needed=(0, 1))
    rows = cut.cut("".join(lines), last=True)
    at = [line for line, _ in rows] + [line for line, _ in cut.bad()]
    assert sorted(at) == [line for line, text in enumerate(lines, start=2) if text != "\n"]
    assert all(lines[line - 2] in ("1,2\n", '"1",2\n') for line, _ in rows)
    assert cut.lines.of(np.arange(cut.lines.rows)).tolist() == sorted(at)
