from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from wealthsources import AllSourcesFailed, BarRequest, Bars, HoleError, Observation, StaleDataError
from wealthsources_replay.comparison import Comparison

from ...support.bars import at, hourly, record

NOW = at(10)


def asked(bars=None, error=None, count=3, **request):
    return Observation(BarRequest("BTCUSDT", count, "1h", **request), bars=bars, error=error)


def compared(live, backtest):
    comparison = Comparison()
    return comparison, [*comparison.compare(NOW, live, backtest)]


def hours(*opens, forming=None, **values):
    """The bars of these hours, with these values, and one that is forming."""
    records = [record(place, closed=True, **values) for place in opens]
    records += [] if forming is None else [record(forming, closed=False)]
    return Bars.from_records("BTCUSDT", "1h", records)


def found_nothing():
    return asked(error=AllSourcesFailed("3 bars", ()))


def test_the_same_bars_are_no_difference():
    comparison, found = compared([asked(hourly(7, 8, 9))], [asked(hourly(7, 8, 9))])
    assert (found, comparison.answers, comparison.different) == ([], 1, 0)


@given(st.sets(st.integers(0, 9)), st.sets(st.integers(0, 9)))
def test_every_bar_that_only_one_side_has_is_told(here, there):
    comparison, found = compared([asked(hourly(*sorted(here)), count=20)], [asked(hourly(*sorted(there)), count=20)])
    assert {time for each in found for time in each.bars} == {at(place) for place in here ^ there}
    assert comparison.different == len(found) == bool(here ^ there)


def test_a_value_that_differs_is_told_with_both():
    (found,) = compared([asked(hours(8, 9))], [asked(hours(8, 9, close="11.20"))])[1]
    assert found.bars == (at(8), at(9))
    assert str(found) == (
        "2020-09-13 22:00 UTC  BTCUSDT 1h 3 bars: 2020-09-13 20:00 close 11.1 live, 11.20 in the backtest; "
        "2020-09-13 21:00 close 11.1 live, 11.20 in the backtest"
    )


def test_of_very_many_bars_the_first_are_told():
    (found,) = compared([asked(hourly(*range(9)), count=9)], [asked(hourly(), count=9)])[1]
    assert str(found).endswith("2020-09-13 14:00 is not in the backtest; and 6 bars more")
    assert len(found.bars) == 9


def test_where_one_side_has_a_bar_more_the_older_one_that_makes_room_is_no_difference():
    (found,) = compared([asked(hourly(5, 7, 9))], [asked(hourly(7, 8, 9))])[1]
    assert found.bars == (at(8),)
    (found,) = compared([asked(hourly(7, 9))], [asked(hourly(7, 8, 9))])[1]
    assert found.bars == (at(8),)


def test_a_bar_that_is_missing_at_the_old_end_is_a_difference():
    (found,) = compared([asked(hourly(7, 8, 9), count=5)], [asked(hourly(8, 9), count=5)])[1]
    assert found.bars == (at(7),)


def test_numbers_that_are_written_otherwise_are_the_same():
    one, other = (hours(9, close=text) for text in ("11.5", "11.50"))
    assert compared([asked(one)], [asked(other)])[1] == []


def test_digits_beyond_a_float_differ():
    one, other = (hours(9, close=text) for text in ("9.12345678901234567891", "9.12345678901234567892"))
    assert len(compared([asked(one)], [asked(other)])[1]) == 1


def test_a_forming_bar_is_left_out_and_counted():
    comparison, found = compared(
        [asked(hours(8, 9, forming=10), include_now=True)], [asked(hours(7, 8, 9), include_now=True)]
    )
    assert (found, comparison.forming, comparison.answers) == ([], 1, 1)


@pytest.mark.parametrize("count", [5, None])
def test_beside_a_forming_bar_too_one_that_is_missing_at_the_old_end_is_a_difference(count):
    comparison, (found,) = compared([asked(hours(8, 9, forming=10), count=count)], [asked(hours(7, 8, 9), count=count)])
    assert (found.bars, comparison.forming) == ((at(7),), 1)


@pytest.mark.parametrize("count", [1, 2])
def test_a_bar_that_is_closed_in_the_backtest_and_forming_live_is_a_difference(count):
    here, there = hours(*range(11 - count, 10), forming=10), hours(*range(11 - count, 11))
    (found,) = compared([asked(here, count=count)], [asked(there, count=count)])[1]
    assert found.bars == (at(10),)


def test_whether_the_forming_bar_was_asked_for_makes_no_other_question():
    comparison, found = compared([asked(hourly(9), count=1, include_now=True)], [asked(hourly(9), count=1)])
    assert (found, comparison.answers) == ([], 1)


def test_what_was_refused_as_stale_live_is_counted_apart():
    comparison, found = compared([asked(error=StaleDataError("old", hourly(7), ()))], [asked(hourly(9))])
    assert (found, comparison.stale) == ([], 1)


def test_the_same_error_is_the_same_answer_and_another_is_not():
    assert compared([found_nothing()], [found_nothing()])[1] == []
    (found,) = compared([asked(error=HoleError("hole", hourly(7, 9), ()))], [asked(hourly(7, 9))])[1]
    assert found.what == "live HoleError; in the backtest 2 bars"
    assert len(compared([asked(hourly(9))], [found_nothing()])[1]) == 1


def test_a_question_of_one_side_only_is_told():
    comparison, found = compared([asked(hourly(9), count=1)], [asked(hourly(9), count=2)])
    assert [each.what for each in found] == ["only the live strategy asked this", "only the backtest asked this"]
    assert (comparison.unasked, comparison.answers) == (2, 0)


def test_a_question_of_one_side_only_that_found_nothing_is_none():
    assert compared([found_nothing()], [])[1] == compared([], [found_nothing()])[1] == []


def test_questions_are_paired_in_their_order():
    first, second = asked(hourly(8), count=1), asked(hourly(9), count=1)
    assert compared([first, second], [first, second])[1] == []
    assert len(compared([first, second], [second, first])[1]) == 2


def test_lists_of_symbols_are_compared():
    one, other = Observation(None, symbols=("BTCUSDT",)), Observation(None, symbols=("BTCUSDT", "ETHUSDT"))
    assert compared([one], [one])[1] == []
    (found,) = compared([one], [other])[1]
    assert found.question == "the symbols"
