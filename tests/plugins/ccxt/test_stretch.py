from __future__ import annotations

import pytest

from wealthsources import Bars
from wealthsources_ccxt.stretch import SeamError, SeamMissing, Stretch

from .exchange import MINUTE

T0 = 1_600_000_020_000 // 60_000 * 60_000


def bars(*places, volume="3"):
    values = {"open": "10.5", "high": "12", "low": "9", "close": "11.1", "volume": volume}
    return Bars.from_records("", MINUTE, [{"open_time": T0 + place * 60_000, **values} for place in places])


def at(place):
    return T0 + place * 60_000


@pytest.fixture
def stretch():
    stretch = Stretch(MINUTE, T0)
    stretch.add(bars(0, 1, 2), at(3))
    return stretch


def test_the_next_page_is_to_begin_with_the_newest_bar(stretch):
    assert (stretch.since, stretch.reached, len(stretch)) == (at(2), at(3), 3)


def test_a_page_that_overlaps_by_that_bar_is_added(stretch):
    assert stretch.add(bars(2, 3, 5), at(6)) == 2
    whole = stretch.bars("BTC")
    assert whole.symbol == "BTC"
    assert whole.open_times.tolist() == [at(0), at(1), at(2), at(3), at(5)]


def test_texts_that_are_kept_aside_stay():
    stretch = Stretch(MINUTE, T0)
    stretch.add(bars(2, 3, volume="1e-7"), at(4))
    stretch.add(bars(3, 4, volume="1e-7"), at(5))
    assert stretch.bars("X")[-1].exact("volume") == "1e-7"


@pytest.mark.parametrize("page", [bars(3, 4), bars(1, 2), bars()])
def test_a_page_that_does_not_begin_with_it_is_refused(stretch, page):
    with pytest.raises(SeamMissing, match="though it was asked for from 2020-09-13"):
        stretch.add(page, at(9))
    assert len(stretch) == 3


def test_a_page_with_other_values_of_it_is_refused(stretch):
    with pytest.raises(SeamError, match="different values"):
        stretch.add(bars(2, 3, volume="4"), at(9))


def test_behind_a_page_without_a_new_bar_another_stretch_begins(stretch):
    assert stretch.add(bars(2), at(10)) == 0
    assert (stretch.since, stretch.reached, stretch.broken) == (at(10), at(10), False)
    stretch.add(bars(12, 13), at(20))
    assert stretch.bars("X").open_times.tolist() == [at(12), at(13)]
    assert stretch.broken
    assert stretch.start == at(12)


def test_the_same_values_in_another_text_are_no_other_values(stretch):
    assert stretch.add(bars(2, 3, volume="3.00"), at(9)) == 1


def test_before_its_first_bar_nothing_is_broken():
    stretch = Stretch(MINUTE, T0)
    assert stretch.add(bars(), at(10)) == 0
    stretch.skip_to(at(20))
    stretch.add(bars(22), at(30))
    assert not stretch.broken
    assert stretch.bars("X").open_times.tolist() == [at(22)]


def test_the_part_that_is_settled_can_be_gone_on_with(stretch):
    kept = stretch.until(at(2))
    assert (kept.start, kept.since, len(kept)) == (T0, at(1), 2)
    assert kept.add(bars(1, 2), at(3)) == 1
    assert stretch.until(T0) is None


def test_pages_that_end_before_a_start_are_left_out(stretch):
    stretch.add(bars(2, 3, 4), at(5))
    assert stretch.bars("X", at(3)).open_times.tolist() == [at(3), at(4)]
    assert len(stretch.bars("X", at(5))) == 0


def test_none_at_all():
    assert len(Stretch(MINUTE, T0).bars("X")) == 0
