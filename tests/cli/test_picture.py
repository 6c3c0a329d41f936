"""What a picture of bars shows."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from wealthsources import Bars, Hole, Timeframe
from wealthsources.cli.picture import COLOURS, arrange

from ..support.bars import DAY, HOUR, MONDAY, at, moving
from ..support.hours import hours_of, utc


def holes(*spans: tuple[int, int]) -> tuple[Hole, ...]:
    """From the hour of the first number to before that of the second."""
    return tuple(Hole(at(first), at(last), last - first) for first, last in spans)


def test_a_bar_and_each_that_is_missing_have_a_place_of_their_own():
    picture = arrange(moving(*range(30), *range(33, 60)).replace(holes=holes((30, 33))))
    assert picture.places.tolist() == [*range(30), *range(33, 60)]
    assert picture.times[29:34] == [f"2020-09-14 {hour}:00" for hour in (17, 18, 19, 20, 21)]
    (band,) = picture.bands
    assert band[:3] == (30, 3, "3 missing")
    assert band.text == "3 missing from 2020-09-14 18:00 to 2020-09-14 21:00 UTC"


def test_time_in_which_no_bar_is_expected_takes_no_room():
    picture = arrange(moving(0, 1, 2, 20, 21, 22))
    assert picture.places.tolist() == [0, 1, 2, 3, 4, 5]
    assert picture.bands == ()
    assert picture.times[3] == "2020-09-14 08:00"


def test_a_night_with_a_hole_in_it_takes_the_room_of_what_is_missing():
    wanted = [*range(10), *range(30, 40)]
    missing = (Hole(at(10), at(12), 2), Hole(at(28), at(30), 2))
    picture = arrange(moving(*wanted).replace(holes=missing))
    assert picture.places.tolist() == [*range(10), *range(14, 24)]
    assert [band[:2] for band in picture.bands] == [(10, 2), (12, 2)]


def test_a_hole_that_is_longer_than_the_rest_leaves_room_for_the_bars():
    picture = arrange(moving(*range(50), *range(100_000, 100_050)).replace(holes=holes((50, 100_000))))
    (band,) = picture.bands
    assert band.width == 20
    assert band.short == "99,950 missing"
    assert len(picture.times) == 120
    assert len(set(picture.times)) == 120
    assert all(text.endswith(":00") for text in picture.times)


@pytest.mark.parametrize("count", [1, 3, 40])
def test_of_many_holes_each_is_to_be_seen_and_no_two_places_have_the_same_text(count):
    wanted = [step * 1_000 for step in range(count + 1)]
    spans = holes(*((before + 1, after) for before, after in itertools.pairwise(wanted)))
    picture = arrange(moving(*wanted).replace(holes=spans))
    assert [band.width for band in picture.bands] == [3] * count
    assert len(set(picture.times)) == len(picture.times) == 4 * count + 1


def test_the_newest_bars_that_are_missing_stand_at_the_end():
    picture = arrange(moving(*range(30)).replace(behind=4))
    (band,) = picture.bands
    assert band[:3] == (30, 4, "4 missing")
    assert band.text == "the newest 4 are missing, from 2020-09-14 18:00 UTC on"
    assert picture.times[30:] == [f"2020-09-14 {hour}:00" for hour in (18, 19, 20, 21)]


def test_the_bars_are_told_apart_by_source_and_a_forming_one_by_itself():
    first, second = moving(0, 1).named("BTCUSDT", "one"), moving(2, 3).named("BTCUSDT", "two")
    bars = Bars.of([*first, *second, *moving(4, closed=False).named("BTCUSDT", "two")])
    groups = list(arrange(bars).groups())
    assert [(group.name, group.numbers.tolist(), group.colour) for group in groups] == [
        ("one", [0, 1], COLOURS[0]),
        ("two", [2, 3], COLOURS[1]),
        ("two, forming", [4], COLOURS[1]),
    ]


def test_the_title_says_what_it_is_on_one_line():
    bars = moving(0, 1, 2).named("BTC\nUSDT", "one")
    assert arrange(bars).title == "BTC USDT 1h · 3 bars · 2020-09-13 12:00 to 2020-09-13 15:00 UTC"


def test_days_have_no_time_of_the_day():
    times = MONDAY + DAY * np.arange(3)
    assert arrange(Bars.from_columns("X", "1d", times, *np.ones((5, 3)))).times[0] == "2024-01-01"
    assert arrange(Bars.from_columns("X", "1d", times + HOUR, *np.ones((5, 3)))).times[0] == "2024-01-01 01:00"


def test_missing_months_have_their_days():
    times = [MONDAY, MONDAY + 91 * DAY]  # January and April
    bars = Bars.from_columns("X", "1M", times, *np.ones((5, 2)))
    picture = arrange(bars.replace(holes=(Hole(MONDAY + 31 * DAY, times[1], 2),)))
    assert picture.times == ["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"]


def test_what_is_missing_before_a_forming_bar_that_stands_alone_has_its_place():
    picture = arrange(moving(9, closed=False).replace(behind=2))
    assert picture.places.tolist() == [2]
    assert picture.bands[0][:2] == (0, 2)
    assert picture.times[0] == "2020-09-13 19:00"


def test_the_newest_bars_of_a_market_that_closes_are_missing_while_it_is_open():
    two_days = {"2024-01-02": [("09:30", "11:00")], "2024-01-03": [("09:30", "11:00")]}
    timeframe = Timeframe("30m").on(hours_of(two_days))
    times = [utc(2024, 1, 2, 9, minute) for minute in (30, 60, 90)]
    picture = arrange(Bars.from_columns("X", timeframe, times, *np.ones((5, 3))).replace(behind=3))
    assert picture.bands[0].text == "the newest 3 are missing, from 2024-01-03 09:30 UTC on"
    assert picture.times[3:] == ["2024-01-03 09:30", "2024-01-03 10:00", "2024-01-03 10:30"]
