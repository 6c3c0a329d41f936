"""Rows that are twice in a file, or out of order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources_file.order import AGAIN, IN_ORDER, OUT_OF_ORDER, UNLIKE, WHYS, in_every_order, judge_order


def judged(*times: int, values: dict[int, float] | None = None) -> list[int]:
    """Each time has values of its own, but for the rows that are given others."""
    numbers = np.array([[float(time)] * 5 for time in times])
    for row, value in (values or {}).items():
        numbers[row, 4] = value
    return judge_order(np.array(times), numbers).tolist()


@pytest.mark.parametrize(
    ("times", "bad"),
    [
        ((1, 2, 3, 4), []),
        ((1, 99, 2, 3, 4), [1]),  # of next year
        ((5, 6, 1, 7, 8), [2]),  # late
        ((1, 2, 3, 7, 4, 5, 6, 8), [3]),
        ((1, 2, 4, 3, 5), [2, 3]),  # either of the two
        ((11, 12, 13, 1, 2, 14), [3, 4]),
        ((1, 2, 3, 11, 12, 13, 4, 5, 6, 14), [3, 4, 5, 6, 7, 8]),  # either part
    ],
)
def test_as_few_rows_as_possible_are_out_of_order(times: tuple[int, ...], bad: list[int]) -> None:
    assert judged(*times) == [OUT_OF_ORDER if row in bad else IN_ORDER for row in range(len(times))]


def test_what_is_said_again_is_there_once() -> None:
    assert judged(1, 2, 2, 3, 2) == [IN_ORDER, IN_ORDER, AGAIN, IN_ORDER, AGAIN]


def test_of_two_that_say_something_else_neither_is_believed() -> None:
    assert judged(1, 2, 2, 3, values={2: 9.0}) == [IN_ORDER, UNLIKE, UNLIKE, IN_ORDER]


def test_of_three_one_that_says_something_else_is_enough() -> None:
    assert judged(1, 2, 2, 2, 3, values={3: 9.0}) == [IN_ORDER, UNLIKE, UNLIKE, UNLIKE, IN_ORDER]


def test_what_is_there_twice_puts_nothing_else_out_of_order() -> None:
    assert judged(1, 2, 3, 4, 2, 3, 4, 5) == [IN_ORDER] * 4 + [AGAIN] * 3 + [IN_ORDER]


def test_each_judgement_is_told() -> None:
    assert len(WHYS) == len({IN_ORDER, AGAIN, UNLIKE, OUT_OF_ORDER})
    assert all(WHYS[judgement] for judgement in (AGAIN, UNLIKE, OUT_OF_ORDER))


@given(st.lists(st.integers(0, 30), unique=True, max_size=9))
def test_only_what_every_longest_order_has_is_in_order(times: list[int]) -> None:
    picks = [pick for size in range(len(times) + 1) for pick in itertools.combinations(range(len(times)), size)]
    rising = [pick for pick in picks if all(times[a] < times[b] for a, b in itertools.pairwise(pick))]
    longest = [set(pick) for pick in rising if len(pick) == len(rising[-1])]
    assert set(np.flatnonzero(in_every_order(np.array(times, np.int64))).tolist()) == set.intersection(*longest)
