"""Page by page along random histories, limits and cuts: what comes lacks nothing in between, or nothing comes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from wealthsources import SourceError, Timeframe
from wealthsources_ccxt.connection import Answer
from wealthsources_ccxt.paging import Paging
from wealthsources_ccxt.stretch import SeamMissing, Stretch

from ...support.laws import tries

FRAME = Timeframe("1m")
T0 = 1_600_000_020_000 // 60_000 * 60_000


def row(slot):
    return (T0 + slot * 60_000, "10.5", "12", "9.0", "11", str(slot))


class Exchange:
    """Has bars of some windows; answers as exchanges do, `cap` rows at most, and counts how often it was asked."""

    def __init__(self, slots, windowed, cap, newest=False, now=None):
        self.slots, self.windowed, self.cap, self.newest = sorted(slots), windowed, cap, newest
        self.now = None if now is None else T0 + now * 60_000
        self.asked = 0

    def fetch(self, since, limit):
        self.asked += 1
        first = -(-(since - T0) // 60_000)
        rows = [slot for slot in self.slots if slot >= first and (not self.windowed or slot < first + limit)]
        most = min(limit, self.cap)
        rows = rows[-most:] if self.newest else rows[:most]
        return Answer([row(slot) for slot in rows], self.now)


def walked(exchange, start, end, limit):
    paging, stretch = Paging(exchange.fetch, limit, exchange.windowed), Stretch(FRAME, T0 + start * 60_000)
    paging.extend(stretch, T0 + end * 60_000)
    return [(bar.open_time - T0) // 60_000 for bar in stretch.bars("X")], stretch


histories = st.sets(st.integers(0, 60), max_size=50)


@given(histories, st.booleans(), st.integers(2, 20), st.integers(-5, 60), st.integers(1, 70))
@settings(max_examples=tries(150))
def test_an_honest_exchange_is_read_to_the_end_whatever_its_limit(slots, windowed, limit, start, length):
    exchange = Exchange(slots, windowed, 100, now=61)
    got, stretch = walked(exchange, start, start + length, limit)
    wanted = [slot for slot in sorted(slots) if start <= slot < start + length]
    inside = [slot for slot in got if slot < start + length]
    if windowed:  # its quiet spans may be wider than a page, and before the first bar it looks where it likes
        assert inside == [slot for slot in wanted if inside and slot >= inside[0]]
    else:
        assert inside == wanted
        assert not stretch.broken


@given(histories, st.integers(2, 20), st.integers(2, 20), st.booleans(), st.booleans())
@settings(max_examples=tries(150))
def test_whatever_is_cut_nothing_is_missing_in_between(slots, limit, cap, newest, windowed):
    exchange = Exchange(slots, windowed, cap, newest, now=61)
    try:
        got, _ = walked(exchange, 0, 61, limit)
    except SourceError:
        return
    assert got == [slot for slot in sorted(slots) if got and got[0] <= slot <= got[-1]]


@given(st.lists(st.integers(0, 40), min_size=2, max_size=20), st.integers(2, 12))
@settings(max_examples=tries(100))
def test_rows_in_any_order_and_twice_are_refused_or_right(slots, limit):
    def fetch(since, _limit):
        return Answer([row(slot) for slot in slots if row(slot)[0] >= since][:limit], T0 + 41 * 60_000)

    paging, stretch = Paging(fetch, limit, False), Stretch(FRAME, T0)
    try:
        paging.extend(stretch, T0 + 41 * 60_000)
    except SourceError:
        return
    got = [(bar.open_time - T0) // 60_000 for bar in stretch.bars("X")]
    assert got == sorted(set(got))


def test_a_page_that_was_cut_at_its_old_end_is_asked_for_again_with_the_limit_that_it_has():
    exchange = Exchange(range(500), True, 60, newest=True, now=501)
    paging, stretch = Paging(exchange.fetch, 100, True), Stretch(FRAME, T0)
    paging.extend(stretch, T0 + 500 * 60_000)
    assert paging.limit == 60
    assert len(stretch) == 460  # the first page began late, and nothing is said of what was before


def test_a_short_page_that_does_not_fit_teaches_no_limit():
    exchange = Exchange(range(100), True, 6, newest=True, now=101)
    paging = Paging(exchange.fetch, 10, True)
    with pytest.raises(SeamMissing):
        paging.extend(Stretch(FRAME, T0), T0 + 100 * 60_000)
    assert paging.limit == 10


def test_it_asks_no_further_than_to_where_the_exchange_is_by_its_own_clock():
    exchange = Exchange(range(20), False, 100, now=15)
    got, _ = walked(exchange, 0, 20, 100)
    assert got == list(range(15))
    assert exchange.asked == 1


def test_the_last_row_may_be_forming_where_the_exchange_does_not_tell_the_time():
    got, _ = walked(Exchange(range(20), False, 100), 0, 20, 100)
    assert got == list(range(19))


def test_behind_a_quiet_span_that_is_wider_than_a_page_another_stretch_begins():
    got, stretch = walked(Exchange([0, 1, 40, 41, 45], True, 100, now=61), 0, 60, 10)
    assert got == [40, 41, 45]
    assert stretch.broken


def test_the_first_bar_of_years_is_found_without_looking_through_them():
    exchange = Exchange(range(90_000, 90_100), True, 100, now=90_100)
    got, _ = walked(exchange, 0, 90_100, 10)
    assert got == list(range(90_000, 90_100))
    assert exchange.asked < 50


def test_years_without_a_bar_are_not_looked_through_either():
    exchange = Exchange([], True, 100, now=90_000)
    assert walked(exchange, 0, 90_000, 10)[0] == []
    assert exchange.asked < 50


def test_of_a_symbol_that_is_traded_no_longer_there_is_what_there_was():
    exchange = Exchange(range(10), True, 100, now=90_000)
    assert walked(exchange, 0, 90_000, 10)[0] == list(range(10))
    assert exchange.asked < 30
