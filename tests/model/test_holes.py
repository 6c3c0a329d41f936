"""Holes: which bars are missing between those that are there."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import Hole, Timeframe
from wealthsources.model.holes import holes_between, is_contiguous, missing_slots

from ..support.bars import T0, at, ms

HOURS = Timeframe("1h")
EVERY = st.sampled_from([Timeframe(name) for name in Timeframe.known()])


def hours(*places: int) -> np.ndarray:
    return np.array([at(place) for place in places], dtype=np.int64)


def test_a_hole_reads_as_how_many_are_missing_and_when():
    assert str(Hole(at(7), at(9), 2)) == "2 missing from 2020-09-13 19:00 to 2020-09-13 21:00"


def test_a_hole_as_plain_values_can_be_written_as_json_whatever_numbers_it_was_made_of():
    plain = Hole(np.int64(at(7)), np.int64(at(9)), np.int64(2)).as_dict()
    assert json.loads(json.dumps(plain)) == {
        "start": at(7),
        "end": at(9),
        "count": 2,
        "text": "2 missing from 2020-09-13 19:00 to 2020-09-13 21:00 UTC",
    }


def test_equal_holes_are_one_in_a_set_and_none_can_be_changed():
    assert len({Hole(at(7), at(9), 2), Hole(at(7), at(9), 2)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        Hole(at(7), at(9), 2).count = 3


def test_a_hole_is_from_the_end_of_one_bar_to_the_opening_of_the_next():
    assert holes_between(HOURS, hours(5, 6, 9)) == (Hole(at(7), at(9), 2),)


def test_holes_come_oldest_first():
    assert holes_between(HOURS, hours(0, 2, 3, 7)) == (Hole(at(1), at(2), 1), Hole(at(4), at(7), 3))


@pytest.mark.parametrize("places", [(), (4,), (4, 5), (1, 2, 3)])
def test_where_bars_follow_one_another_there_is_no_hole(places):
    times = hours(*places)
    assert holes_between(HOURS, times) == ()
    assert missing_slots(HOURS, times) == []
    assert is_contiguous(HOURS, times)


def test_one_missing_bar_is_enough_of_a_hole():
    assert not is_contiguous(HOURS, hours(0, 2))
    first = HOURS.slot(T0)
    assert missing_slots(HOURS, hours(0, 2)) == [(first + 1, first + 1)]


def test_months_are_counted_by_the_calendar():
    months, times = Timeframe("1M"), np.array([ms(2024, 1, 1), ms(2024, 4, 1), ms(2024, 5, 1)])
    assert holes_between(months, times) == (Hole(ms(2024, 2, 1), ms(2024, 4, 1), 2),)
    assert missing_slots(months, times) == [(months.slot(ms(2024, 2, 1)), months.slot(ms(2024, 3, 1)))]
    assert is_contiguous(months, times[1:])


@given(EVERY, st.sets(st.integers(-300, 300), min_size=1))
def test_bars_and_what_is_missing_between_them_make_up_every_window(frame, places):
    first = frame.slot(T0)
    slots = sorted(first + place for place in places)
    times = np.array([frame.open_time(slot) for slot in slots], dtype=np.int64)
    missing = missing_slots(frame, times)
    absent = [slot for begin, end in missing for slot in range(begin, end + 1)]
    assert sorted([*slots, *absent]) == list(range(slots[0], slots[-1] + 1))
    assert [(hole.start, hole.end, hole.count) for hole in holes_between(frame, times)] == [
        (frame.open_time(begin), frame.open_time(end + 1), end - begin + 1) for begin, end in missing
    ]
    assert is_contiguous(frame, times) is not bool(missing)
