"""At which line each row begins."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from wealthsources_file.line_numbers import LineNumbers


def test_rows_that_follow_each_other_line_by_line_take_no_room() -> None:
    lines = LineNumbers()
    for first in range(2, 3002, 1000):
        lines.add(np.arange(first, first + 1000))
    assert (lines.rows, len(lines._from)) == (3000, 1)
    assert lines.of(np.array([0, 999, 1000, 2999])).tolist() == [2, 1001, 1002, 3001]


@given(st.lists(st.lists(st.integers(1, 4), max_size=8), max_size=6))
def test_each_row_is_where_it_was_said_to_be(steps: list[list[int]]) -> None:
    lines, said, at = LineNumbers(), [], 0
    for part in steps:
        numbers = []
        for step in part:
            at += step
            numbers.append(at)
        lines.add(np.array(numbers, np.int64))
        said += numbers
    assert lines.rows == len(said)
    assert lines.of(np.arange(len(said))).tolist() == said
