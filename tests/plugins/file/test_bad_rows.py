"""Where the rows stand that are no bars, and what is kept of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from wealthsources_file.bad_rows import BadRows, BadRowsOfFiles, Found
from wealthsources_file.line_numbers import LineNumbers


def numbered(count: int, first_line: int = 2) -> LineNumbers:
    lines = LineNumbers()
    lines.add(np.arange(first_line, first_line + count))
    return lines


def found(*numbers: int) -> Found:
    rows = Found()
    rows.add(np.array(numbers, np.int64), lambda place: f"row {numbers[place]}")
    return rows


def test_each_stands_behind_the_bars_before_it_and_has_a_line() -> None:
    bad = found(0, 3, 4).among(numbered(9))
    assert (bad.before.tolist(), bad.lines.tolist(), len(bad)) == ([0, 2, 2], [2, 5, 6], 3)
    assert [bad.told(place) for place in range(3)] == [(2, "row 0"), (5, "row 3"), (6, "row 4")]


def test_those_that_are_found_later_may_stand_before_others() -> None:
    rows = found(5)
    rows.add(np.array([1]), lambda _: "late")
    bad = rows.among(numbered(9))
    assert (rows.count, bad.told(0), bad.told(1)) == (2, (3, "late"), (7, "row 5"))


def test_of_many_only_the_first_are_told() -> None:
    asked: list[int] = []
    rows = Found()
    rows.add(np.arange(5000), lambda place: str(asked.append(place)))
    bad = rows.among(numbered(5000))
    assert len(asked) == 1000
    assert bad.told(4000) == (4002, "is one of 5000 rows that are no bars")


def test_one_may_be_none_after_all() -> None:
    rows = found(1, 4)
    assert (rows.drop(4), rows.count, rows.drop(4)) == (True, 1, False)
    assert rows.among(numbered(9)).lines.tolist() == [3]


@pytest.mark.parametrize(("place", "number"), [(0, 1), (1, 2), (2, 5), (3, 6)])
def test_the_number_of_a_row_by_its_place_among_the_good_ones(place: int, number: int) -> None:
    assert found(0, 3, 4).others(np.array([place])).tolist() == [number]


@pytest.mark.parametrize(("first", "last", "part"), [(0, 9, (0, 4)), (3, 9, (1, 4)), (0, 2, (0, 1)), (4, 6, (3, 3))])
def test_which_stand_beside_or_between_some_bars(first: int, last: int, part: tuple[int, int]) -> None:
    at = np.array([1, 3, 3, 9])
    assert BadRows(at, at + 2, {}).beside(first, last) == slice(*part)


def test_in_a_file_with_the_newest_row_first_what_follows_comes_before() -> None:
    bad = found(0, 3, 4).among(numbered(9), newest_first=6)
    assert (bad.before.tolist(), bad.lines.tolist()) == ([4, 4, 6], [6, 5, 2])
    assert [bad.told(place) for place in range(3)] == [(6, "row 4"), (5, "row 3"), (2, "row 0")]


def test_one_is_named_by_its_file_and_line() -> None:
    assert found(3).among(numbered(9)).named(Path("a.csv")) == "a.csv:5: row 3"


def test_those_of_several_files_are_named_by_their_own() -> None:
    files = [(Path("a.csv"), found(1).among(numbered(9))), (Path("b.csv"), found(0, 2).among(numbered(9)))]
    bad = BadRowsOfFiles.of(files, [0, 8])
    assert (bad.before.tolist(), len(bad), bad.beside(8, 9)) == ([1, 8, 9], 3, slice(1, 3))
    names = [bad.named(Path("c.csv"), place) for place in range(3)]
    assert names == ["a.csv:3: row 1", "b.csv:2: row 0", "b.csv:4: row 2"]
