"""Which windows have no bar yet, though they should. Windows are the hours from T0 on."""

from __future__ import annotations

import pytest

from wealthsources import HistoryRequest, Hole
from wealthsources.resolve.known_empty import KnownEmpty
from wealthsources.resolve.missing import Missing
from wealthsources.resolve.query import Query

from ..support.bars import HOUR, T0, at
from .builders import FRAME, closed, query, ranged

FIRST = T0 // HOUR  # the number of the window that opens at T0


def windows(span: tuple[int | None, int] | None) -> tuple[int | None, int] | None:
    if span is None:
        return None
    oldest, newest = span
    return None if oldest is None else oldest - FIRST, newest - FIRST


def test_the_newest_window_is_the_last_that_is_over():
    assert Missing(query(now=10), None).newest - FIRST == 9


def test_a_bar_is_not_due_while_it_may_be_on_its_way():
    assert Missing(query(now=10, late_after=5_000), None).due - FIRST == 8
    assert Missing(query(now=10, end=at(8), late_after=5_000), None).due - FIRST == 7


def test_the_oldest_window_is_the_first_that_opens_no_earlier_than_the_start():
    assert Missing(ranged(at(3)), None).oldest == FIRST + 3
    assert Missing(ranged(at(3) + 1), None).oldest == FIRST + 4
    assert Missing(query(3), None).oldest is None


@pytest.mark.parametrize(
    ("held", "span"),
    [
        ((7, 8, 9), None),
        ((8, 9), (None, 7)),
        ((6, 7, 8), (9, 9)),
        ((6, 8, 9), (7, 7)),
        ((6, 8), (None, 9)),
    ],
)
def test_of_a_count_the_head_the_holes_and_the_tail_are_missing(held, span):
    missing = Missing(query(3), None)
    assert windows(missing.span(closed(*held), missing.newest)) == span


def test_of_a_range_the_head_begins_at_its_start():
    missing = Missing(ranged(at(3)), None)
    assert windows(missing.span(closed(5, 6, 7, 8, 9), missing.newest)) == (3, 4)
    assert missing.span(closed(3, 4, 5, 6, 7, 8, 9), missing.newest) is None


def test_the_tail_is_looked_for_up_to_the_window_that_is_said():
    missing = Missing(query(3), None)
    assert missing.span(closed(5, 6, 7), FIRST + 7) is None
    assert windows(missing.span(closed(5, 6, 7), FIRST + 8)) == (8, 8)


def test_all_is_missing_of_nothing():
    assert windows(Missing(query(3), None).all_of(closed())) == (None, 9)
    assert windows(Missing(ranged(at(3)), None).all_of(closed())) == (3, 9)


def test_nothing_is_missing_where_no_bar_fits_or_none_is_missing():
    for missing, bars in (
        (Missing(ranged(at(3) + 1, at(4)), None), closed()),
        (Missing(query(3), None), closed(7, 8, 9)),
    ):
        oldest, newest = missing.all_of(bars)
        assert oldest == newest + 1


def test_holes_are_spans_between_bars():
    assert Missing(query(9), None).holes(closed(1, 4, 5, 7)) == (Hole(at(2), at(4), 2), Hole(at(6), at(7), 1))
    assert Missing(query(9), None).holes(closed(1, 2)) == ()


def test_what_never_existed_is_not_missing():
    known = KnownEmpty()
    known.learn("exchange", "BTCUSDT", FRAME, [(FIRST + 7, FIRST + 7), (FIRST + 9, FIRST + 9)])
    missing = Missing(query(3), known)
    missing.empty.recall("exchange")
    assert missing.span(closed(5, 6, 8), missing.newest) is None
    assert missing.holes(closed(5, 6, 8)) == ()
    assert missing.behind(closed(5, 6, 8), None) == 0


def test_behind_counts_what_is_due_after_the_newest():
    assert Missing(query(3), None).behind(closed(5, 6), None) == 3
    assert Missing(query(3, late_after=5_000), None).behind(closed(5, 6), None) == 2
    assert Missing(query(3), None).behind(closed(), None) == 0


def test_beside_a_forming_bar_alone_all_that_is_over_is_behind():
    assert Missing(query(3), None).behind(closed(), closed(10)) == 2
    assert Missing(ranged(at(4)), None).behind(closed(), closed(10)) == 6


def test_no_more_bars_are_wanted_than_complete_the_count():
    missing = Missing(query(5), None)
    assert missing.count_for(closed(), missing.newest) == 5
    assert missing.count_for(closed(7, 8), FIRST + 6) == 3
    assert missing.count_for(closed(7, 9), FIRST + 8) == 5


def knowing(asked: Query, *spans: tuple[int, int]) -> Missing:
    """Of that query, where an exchange says of these hours, first and last, that they never had a bar."""
    known = KnownEmpty()
    known.learn("exchange", "BTCUSDT", FRAME, [(FIRST + first, FIRST + last) for first, last in spans])
    missing = Missing(asked, known)
    missing.empty.recall("exchange")
    return missing


@pytest.mark.parametrize(
    ("start", "end", "possible"),
    [(at(3), at(4), True), (at(3), at(4) - 1, False), (at(3) + 1, at(4), False), (at(3) + 1, at(5), True)],
)
def test_a_range_is_possible_if_a_whole_window_fits(start, end, possible):
    assert Missing(ranged(start, end), None).is_possible is possible


@pytest.mark.parametrize(
    ("empty", "span"), [((3, 4), None), ((2, 9), None), ((3, 3), (3, 4)), ((4, 4), (3, 4)), ((2, 3), (3, 4))]
)
def test_a_head_is_not_missing_if_the_whole_of_it_never_existed(empty, span):
    missing = knowing(ranged(at(3)), empty)
    assert windows(missing.span(closed(5, 6, 7, 8, 9), missing.newest)) == span


@pytest.mark.parametrize(
    ("empty", "span", "behind"),
    [((7, 9), None, 0), ((6, 12), None, 0), ((7, 8), (7, 9), 3), ((8, 9), (7, 9), 3)],
)
def test_a_tail_is_not_missing_if_the_whole_of_it_never_existed(empty, span, behind):
    missing, bars = knowing(query(3), empty), closed(4, 5, 6)
    assert windows(missing.span(bars, missing.newest)) == span
    assert missing.behind(bars, None) == behind


def test_nothing_is_behind_the_bar_that_is_due():
    assert Missing(query(3), None).behind(closed(8, 9), None) == 0
    assert Missing(query(3, late_after=5_000), None).behind(closed(8, 9), None) == 0


def test_the_head_of_a_count_is_not_missing_if_an_exchange_had_nothing_of_that_time():
    missing = Missing(query(5), None)
    before = HistoryRequest("BTCUSDT", FRAME, at(7))
    missing.empty.learn("exchange", closed(), before, closed().open_times)
    assert windows(missing.span(closed(7, 8, 9), missing.newest)) is None
    assert windows(missing.span(closed(8, 9), missing.newest)) == (None, 7)


@pytest.mark.parametrize(("end", "empty"), [(at(8), True), (at(9), False)])
def test_it_is_known_that_there_never_was_a_bar_only_of_what_is_long_over(end, empty):
    missing = Missing(ranged(at(3), end), None)
    assert not missing.is_known_empty
    missing.empty.learn("exchange", closed(), HistoryRequest("BTCUSDT", FRAME, end, at(3)), closed().open_times)
    assert missing.is_known_empty is empty


def test_between_bars_of_which_none_is_missing_nothing_is_looked_for():
    missing, bars = Missing(ranged(at(5)), None), closed(5, 6, 9)
    assert missing.holes(bars.replace(unbroken=True)) == ()
    assert missing.span(bars.replace(unbroken=True), missing.newest) is None
    assert windows(missing.span(bars, missing.newest)) == (7, 8)


def test_a_single_bar_that_was_counted_on_is_not_behind_where_one_is_forming():
    assert Missing(query(1), None).behind(closed(), closed(10)) == 0
    assert Missing(ranged(at(10)), None).behind(closed(), closed(10)) == 0


def test_of_a_range_no_number_is_wanted():
    assert Missing(ranged(at(3)), None).count_for(closed(), FIRST + 9) == 0
