"""Where a file can be cut so that its parts can be read one without the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from wealthsources_file.parts import NO_TIMES, Part, cuts, parts_of, thinned

NONE = NO_TIMES


def cut(*limits: tuple[int, int], touching: bool = False) -> list[int]:
    oldest, newest = np.array(limits, np.int64).T
    return cuts(oldest, newest, touching=touching).tolist()


def test_between_what_is_older_and_what_is_newer_one_can_cut() -> None:
    assert cut((1, 5), (6, 9), (10, 10)) == [1, 2]


def test_where_two_overlap_one_cannot_cut() -> None:
    assert cut((1, 6), (6, 9), (8, 12), (13, 14)) == [3]


def test_one_that_is_out_of_order_holds_together_all_that_it_spans() -> None:
    assert cut((1, 2), (3, 4), (9, 9), (5, 6), (7, 8), (10, 11)) == [1, 2, 5]


def test_two_that_touch_are_cut_only_if_that_is_said() -> None:
    assert cut((1, 5), (5, 9)) == []
    assert cut((1, 5), (5, 9), touching=True) == [1]


def test_what_has_no_time_stays_with_what_is_before_it() -> None:
    assert cut(NONE, (1, 2), NONE, NONE, (3, 4), NONE) == [4]
    assert cut(NONE, NONE) == []


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3)), min_size=1, max_size=12))
def test_one_can_cut_where_all_before_is_older_than_all_behind(drawn: list[tuple[int, int]]) -> None:
    limits = [(oldest, oldest + more) for oldest, more in drawn]
    expected = [
        place
        for place in range(1, len(limits))
        if max(newest for _, newest in limits[:place]) < min(oldest for oldest, _ in limits[place:])
    ]
    assert cut(*limits) == expected


def test_parts_have_the_rows_and_limits_of_what_is_between_two_cuts() -> None:
    begins, oldest, newest = np.array([0, 10, 20, 30]), np.array([1, 5, 4, 8]), np.array([2, 6, 7, 9])
    assert parts_of(begins, oldest, newest, np.array([1, 3]), 35) == [
        Part(0, 10, 1, 2),
        Part(10, 30, 4, 7),
        Part(30, 35, 8, 9),
    ]


def test_of_no_rows_there_are_no_parts() -> None:
    nothing = np.zeros(0, np.int64)
    assert parts_of(nothing, nothing, nothing, nothing, 0) == []


def test_of_many_cuts_those_are_kept_that_make_parts_of_a_size() -> None:
    assert thinned(np.arange(1, 100), 100, 30).tolist() == [30, 60, 90]
    assert thinned(np.array([5, 31, 35, 95]), 100, 30).tolist() == [31, 95]
    assert thinned(np.array([5]), 100, 30).tolist() == []
    assert thinned(np.zeros(0, np.int64), 100, 30).tolist() == []
