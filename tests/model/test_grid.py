from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import RequestError, Timeframe
from wealthsources.model.grid import HoursGrid

from ..support.hours import MINUTE, hours_of, utc

LUNCH = [("01:30", "03:30"), ("05:00", "07:00")]
#: Two weeks of a market with a lunch break, a holiday on a Wednesday and half a day before it.
MARKET = hours_of(
    {
        "2024-01-01": LUNCH,
        "2024-01-02": LUNCH[:1],
        "2024-01-04": LUNCH,
        "2024-01-05": LUNCH,
        "2024-01-08": LUNCH,
        "2024-01-09": LUNCH,
        "2024-01-31": LUNCH,
    }
)
FRAMES = [name for name in Timeframe.known() if name != "3d"]


@st.composite
def grids(draw):
    """Spans apart from each other or touching, and the length of the windows; 0: each is one."""
    edges = draw(st.lists(st.integers(0, 400), min_size=2, max_size=12, unique=True).filter(lambda e: len(e) % 2 == 0))
    edges.sort()
    step = draw(st.sampled_from([0, 1, 5, 7, 60]))
    return edges[::2], edges[1::2], step, HoursGrid(np.array(edges[::2]), np.array(edges[1::2]), step)


def windows_of(opens, ends, step):
    """All windows, one by one."""
    found = []
    for begin, end in zip(opens, ends, strict=True):
        edges = [*range(begin, end, step or end - begin), end]
        found += itertools.pairwise(edges)
    return found


@given(grids())
def test_windows_are_cut_from_each_opening_on_and_never_go_past_its_end(made):
    opens, ends, step, grid = made
    windows = windows_of(opens, ends, step)
    assert [(grid.open_time(slot), grid.end(grid.open_time(slot))) for slot in range(len(windows))] == windows


@given(grids(), st.integers(-10, 410))
def test_the_number_of_a_time_is_that_of_the_first_window_that_is_not_over(made, time):
    opens, ends, step, grid = made
    assert grid.slot(time) == sum(end <= time for _, end in windows_of(opens, ends, step))


@given(grids(), st.lists(st.integers(-10, 410), min_size=1))
def test_of_an_array_each_is_as_one_alone(made, times):
    *_, grid = made
    array = np.array(times)
    assert grid.slots(array).tolist() == [grid.slot(time) for time in times]
    assert grid.open_times(array // 10).tolist() == [grid.open_time(time // 10) for time in times]
    assert grid.ends(array).tolist() == [grid.end(time) for time in times]


@given(grids(), st.integers(0, 30))
def test_beyond_the_last_window_none_opens(made, further):
    opens, ends, step, grid = made
    count = len(windows_of(opens, ends, step))
    time = grid.open_time(count + further)
    assert time > ends[-1]
    assert grid.slot(time) == count
    assert grid.slot(ends[-1] + further) == count


@pytest.mark.parametrize("name", FRAMES)
def test_every_window_of_a_coarser_timeframe_is_several_whole_ones_of_a_finer(name):
    coarser = Timeframe(name).on(MARKET)
    for finer in coarser.finer():
        for slot in range(coarser.slot(utc(2024, 1, 10))):
            opens = coarser.open_time(slot)
            first, last = finer.slot(opens), finer.slot(coarser.end(opens)) - 1
            assert finer.open_time(first) == opens
            assert finer.end(finer.open_time(last)) == coarser.end(opens)


def test_a_day_is_from_its_first_opening_to_its_last_end():
    day = Timeframe("1d").on(MARKET)
    opens = [day.open_time(slot) for slot in range(3)]
    assert opens == [utc(2024, 1, 1, 1, 30), utc(2024, 1, 2, 1, 30), utc(2024, 1, 4, 1, 30)]
    assert [day.end(time) for time in opens] == [utc(2024, 1, 1, 7), utc(2024, 1, 2, 3, 30), utc(2024, 1, 4, 7)]


def test_a_week_that_is_not_known_to_its_end_has_no_window():
    week = Timeframe("1w").on(MARKET)
    assert week.slot(utc(2024, 1, 9)) == 1
    assert week.open_time(0) == utc(2024, 1, 1, 1, 30)
    assert week.end(week.open_time(0)) == utc(2024, 1, 5, 7)


def test_three_days_are_no_timeframe_of_a_market_with_trading_days():
    with pytest.raises(RequestError, match=r"3d is no timeframe of TEST, which has trading days: 1d, 1w, 1M"):
        Timeframe("3d").on(MARKET)


def test_an_hour_that_the_lunch_break_cuts_is_short():
    hours = Timeframe("2h").on(hours_of({"2024-01-01": [("00:00", "03:30"), ("05:00", "07:00")]}))
    opens = [hours.open_time(slot) for slot in range(3)]
    lengths = [(hours.end(time) - time) // MINUTE for time in opens]
    assert lengths == [120, 90, 120]
