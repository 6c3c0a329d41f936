"""Whether two sources label the same bars alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import Bars, Timeframe
from wealthsources.model.labels import Labels, compare_labels

from ..support.bars import hourly, moving, ms


def changed(bars: Bars, hour: int, field: int) -> Bars:
    """The same, but for one value of one bar: 3 is the close, 4 the volume."""
    columns = np.array(bars.values)
    columns[hour, field] += 0.5
    return Bars.from_columns(bars.symbol, bars.timeframe, bars.open_times, *columns.T, closed=True)


def repeated(*hours: int) -> Bars:
    """The same values every hour."""
    return Bars.from_columns("X", "1h", moving(*hours).open_times, *moving(*[7] * len(hours)).values.T, closed=True)


def suspects(labels: Labels) -> list[str]:
    """Who seems to stamp ends."""
    return ["first"] * labels.first_is_late + ["second"] * labels.second_is_late


def test_bars_that_are_the_same_agree():
    labels = compare_labels(moving(1, 2, 3), moving(2, 3, 4))
    assert labels == Labels(2, 0, 0, 0, (3, 1))
    assert suspects(labels) == []


def test_bars_of_one_window_later_are_those_of_one_that_stamps_ends():
    labels = compare_labels(moving(1, 2, 3), moving(2, 3, 4, 5, by=1))
    assert labels == Labels(0, 2, 3, 0, (0, 1))
    assert labels.second_is_late
    assert labels.is_proven
    assert not labels.first_is_late


def test_the_other_way_round_it_is_the_first_one():
    labels = compare_labels(moving(2, 3, 4, 5, by=1), moving(1, 2, 3))
    assert labels == Labels(0, 2, 0, 3, (1, 0))
    assert labels.first_is_late
    assert labels.is_proven
    assert not labels.second_is_late


def test_one_bar_may_be_a_chance():
    labels = compare_labels(moving(1, 2), moving(2, by=1))
    assert labels.second_is_late
    assert not labels.is_proven


def test_bars_that_do_not_move_prove_nothing():
    first, second = hourly(1, 2, price=5.0, closed=True), hourly(2, 3, price=5.0, closed=True)
    assert compare_labels(first, second) == Labels(0, 0, 0, 0, (0, 0))


def test_a_bar_that_the_first_has_in_its_own_window_too_proves_nothing():
    always = moving(1, 1, 1)
    same = Bars.from_columns("X", "1h", moving(1, 2, 3).open_times, *always.values.T, closed=True)
    labels = compare_labels(same, same)
    assert (labels.agree, labels.later, labels.earlier) == (0, 0, 0)


def test_bars_that_come_again_and_again_fit_both_ways_and_prove_nothing():
    values = np.array([moving(1, 2).values[place % 2] for place in range(6)])
    times = moving(*range(6)).open_times
    first = Bars.from_columns("X", "1h", times, *values.T, closed=True)
    second = Bars.from_columns("X", "1h", times, *values[::-1].T, closed=True)
    labels = compare_labels(first, second)
    assert suspects(labels) == []


def test_one_bar_that_has_the_same_prices_says_that_the_labels_are_the_same():
    first = moving(1, 2, 3)
    assert compare_labels(first, changed(moving(1, 2, 3), 1, field=4)).agree == 3
    assert compare_labels(first, changed(moving(1, 2, 3), 1, field=3)).agree == 2


def test_bars_of_other_values_are_neither():
    other = Bars.from_columns("X", "1h", moving(1, 2).open_times, *(moving(1, 2).values.T + 0.25), closed=True)
    assert compare_labels(moving(1, 2), other) == Labels(0, 2, 0, 0, (1, 1))


def test_more_have_to_fit_than_do_not():
    second = moving(2, 3, by=1)
    labels = compare_labels(moving(1, 2, 3), changed(second, 1, field=3))
    assert (labels.later, labels.misses[0], labels.second_is_late) == (1, 1, False)


@pytest.mark.parametrize(
    ("timeframe", "times"),
    [
        ("1M", [ms(2024, month, 1) for month in (1, 2, 3)]),
        ("1w", [ms(2024, 1, day) for day in (1, 8, 15)]),
    ],
)
def test_a_window_is_one_of_the_grid(timeframe: str, times: list[int]) -> None:
    values = moving(1, 2).values.T
    first = Bars.from_columns("X", timeframe, times[:2], *values, closed=True)
    second = Bars.from_columns("X", timeframe, times[1:], *values, closed=True)
    assert compare_labels(first, second).second_is_late
    assert Timeframe(timeframe).end(times[0]) == times[1]


hours = st.sets(st.integers(0, 12), min_size=1)


@given(hours, hours)
def test_a_source_with_the_same_labels_is_never_taken_for_another(first: set[int], second: set[int]) -> None:
    labels = compare_labels(moving(*sorted(first)), moving(*sorted(second)))
    assert suspects(labels) == []


@given(hours, hours)
def test_one_with_later_labels_is_found_wherever_both_have_a_bar(first: set[int], second: set[int]) -> None:
    labels = compare_labels(moving(*sorted(first)), moving(*sorted(second), by=1))
    both = sum(hour - 1 in first for hour in second)
    assert (labels.later, labels.is_proven) == (both, both > 1)
    assert labels.second_is_late == (both > 0 and not first.isdisjoint(second))


def test_a_source_that_has_the_same_bar_over_and_over_is_not_taken_for_another():
    first, second = (repeated(*hours) for hours in ((1, 2, 5), (2, 3, 4, 5)))
    assert suspects(compare_labels(first, second)) == []
    assert suspects(compare_labels(first, repeated(3, 4))) == []
