"""Holes of a stream: asked of the rest of the chain, again and again ever more seldom, or known to be empty."""

from __future__ import annotations

import itertools
import logging
from collections import Counter

import pytest

from wealthsources import Bars, BarStore, Hole
from wealthsources.live.filling import HoleFiller

from ..support.bars import HOUR, at, hourly, places
from .feeds import FRAME, Feed, Host


@pytest.fixture
def feed() -> Feed:
    return Feed()


def history(*wanted: int) -> Bars:
    return hourly(*wanted, price=11.0, closed=True)


def asked_for(feed: Feed) -> list[tuple[int, int]]:
    """The holes that were asked for, without the bar more at each end."""
    return [(wanted.start + HOUR, wanted.end - HOUR) for wanted, _ in feed.host.asked]


def answer(feed: Feed, bars: Bars | None, reason: str = "archive: some bars", number: int = -1) -> None:
    feed.host.asked[number][1](bars, reason)


# asking ------------------------------------------------------------------------------------------------------------


def test_the_backfill_is_asked_for_the_hole_and_the_bars_beside_it(feed):
    feed.push("BTCUSDT", 0, 1, 5)
    ((wanted, _),) = feed.host.asked
    assert (wanted.symbol, wanted.timeframe, wanted.start, wanted.end) == ("BTCUSDT", FRAME, at(1), at(6))


def test_the_interrupted_bar_belongs_to_the_hole(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.connect(feed.shard("BTCUSDT"))
    feed.push("BTCUSDT", 3)
    assert asked_for(feed) == [(at(1), at(3))]


def test_a_hole_is_asked_for_again_later_and_not_with_every_bar(feed):
    feed.push("BTCUSDT", 0, 4)
    answer(feed, None, "archive: not here")
    for place in range(5, 9):
        feed.push("BTCUSDT", place)
        feed.turn()
    assert len(feed.host.asked) == 1
    feed.turn(later=30)
    assert asked_for(feed) == [(at(1), at(4))] * 2


def test_the_pauses_between_the_questions_grow(feed):
    feed.push("BTCUSDT", 0, 4)
    asked_at = []
    for second in range(200):
        before = len(feed.host.asked)
        answer(feed, None, "archive: not here")
        feed.turn(later=1)
        asked_at += [second] * (len(feed.host.asked) - before)
    pauses = [later - earlier for earlier, later in itertools.pairwise(asked_at)]
    assert len(asked_at) < 40
    assert pauses == sorted(pauses)
    assert pauses == [10, 20, 40, 80]


def test_the_pauses_grow_to_ten_minutes_and_no_further(feed):
    feed.push("BTCUSDT", 0, 4)
    asked_at = []
    for second in range(4_000):
        before = len(feed.host.asked)
        answer(feed, None, "archive: not here")
        feed.turn(later=1)
        asked_at += [second] * (len(feed.host.asked) - before)
    assert {later - earlier for earlier, later in itertools.pairwise(asked_at)} == {10, 20, 40, 80, 160, 320, 600}


def test_the_first_pause_is_as_long_as_was_said():
    feed = Feed(first_retry=50.0)
    feed.push("BTCUSDT", 0, 4)
    answer(feed, None)
    feed.turn(later=49)
    assert len(feed.host.asked) == 1
    feed.turn(later=1)
    assert len(feed.host.asked) == 2


def test_while_it_waits_for_an_answer_nothing_more_is_asked(feed):
    feed.push("BTCUSDT", 0, 4, 8)
    for _ in range(10):
        feed.turn(later=100)
    assert len(feed.host.asked) == 1


def test_a_hole_that_opens_while_another_is_being_filled_is_filled_as_well(feed):
    feed.push("BTCUSDT", 0, 2, 3, 5)
    assert asked_for(feed) == [(at(1), at(2))]
    answer(feed, history(1), "archive: 1 bars")
    feed.push("BTCUSDT", 6)
    feed.turn(later=30)
    assert asked_for(feed)[1:] == [(at(4), at(5))]


def test_a_new_hole_is_asked_for_at_once_however_long_the_pauses_were(feed):
    feed.push("BTCUSDT", 0, 4)
    for _ in range(5):
        answer(feed, None)
        feed.turn(later=600)
    answer(feed, None)
    before = len(feed.host.asked)
    feed.push("BTCUSDT", 8)
    assert len(feed.host.asked) == before + 1
    answer(feed, None)
    feed.turn(later=6)
    assert asked_for(feed)[-1] == (at(1), at(8)), "and after a short pause for all that is missing"


def test_when_nothing_is_missing_any_more_nothing_is_asked(feed):
    feed.push("BTCUSDT", 0, 2, 3)
    answer(feed, history(1))
    for _ in range(10):
        feed.turn(later=1_000)
    assert len(feed.host.asked) == 1


# filling -----------------------------------------------------------------------------------------------------------


def test_a_backfill_never_replaces_what_the_server_closed(feed):
    feed.push("BTCUSDT", 0, 1, 4, close=10.0)
    ((_, done),) = feed.host.asked
    done(history(0, 1, 2, 3, 4, 5), "archive: 6 bars")
    bars = feed.source.store.series("BTCUSDT", FRAME).all()
    assert places(bars) == [0, 1, 2, 3, 4]
    assert [bar.close for bar in bars] == [10.0, 10.0, 11.0, 11.0, 10.0]
    assert bars[-1].closed is False
    counted = feed.source.status().counters
    assert (counted["backfilled"], counted["disagreements"]) == (2, 2)


@pytest.mark.parametrize("newer", [(4,), (4, 5)], ids=["forming after it", "closed after it"])
def test_a_backfill_that_brings_a_part_leaves_the_rest_a_hole(feed, newer):
    feed.push("BTCUSDT", 0, *newer)
    ((_, done),) = feed.host.asked
    done(history(1, 2), "archive: 2 bars")
    assert [event.kind for event in feed.host.events if event.kind not in ("bar", "state")] == ["hole"]
    feed.push("BTCUSDT", newer[-1] + 1)
    feed.turn(later=30)
    assert feed.held()[:3] == [0, 1, 2]
    assert asked_for(feed)[-1][0] == at(3)
    answer(feed, history(3), "archive: 1 bars")
    assert [event.kind for event in feed.told("filled")] == ["filled"]


def test_a_hole_longer_than_the_cache_is_filled_as_far_as_it_goes():
    feed = Feed(capacity=10)
    feed.push("BTCUSDT", 0, 1, 40)
    answer(feed, history(*range(2, 40)), "archive: 38 bars", 0)
    feed.push("BTCUSDT", 41)
    assert feed.held() == list(range(32, 41))
    assert [event.kind for event in feed.told("filled")] == ["filled"]


def test_a_hole_that_was_filled_is_told_with_what_filled_it(feed):
    feed.push("BTCUSDT", 0, 4, 5)
    answer(feed, history(1, 2, 3), "archive: 3 bars")
    (event,) = feed.told("filled")
    assert (event.source, event.symbol, event.timeframe) == ("live", "BTCUSDT", FRAME)
    assert (event.hole, event.reason) == (Hole(at(1), at(4), 3), "archive: 3 bars")
    assert feed.status().holes == 0


def test_nobody_is_told_where_nobody_listens(feed):
    feed.host.listening = False
    feed.push("BTCUSDT", 0, 4, 5)
    answer(feed, history(1, 2, 3))
    assert feed.told("filled") == []
    assert feed.held() == [0, 1, 2, 3, 4]


def test_a_backfill_that_brings_nothing_leaves_the_hole_and_says_so(feed, caplog):
    caplog.set_level(logging.INFO)
    feed.push("BTCUSDT", 0, 4)
    ((_, done),) = feed.host.asked
    done(None, "archive: not here")
    assert "is not filled: archive: not here" in caplog.text
    assert [event.kind for event in feed.host.events if event.kind not in ("bar", "state")] == ["hole"]


# what never existed ------------------------------------------------------------------------------------------------


def test_a_hole_that_a_history_knows_to_be_empty_is_believed_and_asked_for_no_more(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    answer(feed, history(1, 4), "exchange: 2 bars")  # it has both neighbours, and lists no hole between them
    feed.turn(later=30)
    assert len(feed.host.asked) == 1
    assert (feed.status().holes, feed.status().verified_empty) == (0, 1)
    assert feed.source.status().counters["verified_empty"] == 2


def test_a_hole_that_is_found_empty_twice_is_counted_once(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    answer(feed, history(1, 4), "exchange: 2 bars")
    feed.push("BTCUSDT", 8, 9)
    answer(feed, None, "exchange: not here")
    feed.turn(later=30)
    answer(feed, history(1, 4, 5, 8), "exchange: 4 bars")  # it was asked for both
    assert (feed.status().holes, feed.status().verified_empty) == (0, 2)
    assert feed.source.status().counters["verified_empty"] == 4


def test_a_hole_that_a_history_does_not_explain_stays_one(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    answer(feed, history(1, 4).replace(holes=(Hole(at(2), at(4), 2),)), "file: 2 bars")
    feed.turn(later=30)
    assert len(feed.host.asked) == 2
    assert (feed.status().holes, feed.status().verified_empty) == (1, 0)


def test_an_answer_without_the_bars_beside_the_hole_proves_nothing(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    answer(feed, history(0, 1), "exchange: 2 bars")
    assert (feed.status().holes, feed.status().verified_empty) == (1, 0)


def test_nor_does_one_that_begins_after_it(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    answer(feed, history(4, 5), "exchange: 2 bars")
    assert (feed.status().holes, feed.status().verified_empty) == (1, 0)


def test_an_answer_without_a_bar_proves_nothing_either(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    answer(feed, Bars.empty("BTCUSDT", "1h"))
    assert (feed.status().holes, feed.status().verified_empty) == (1, 0)


def test_what_was_believed_to_be_empty_is_asked_for_again_after_an_hour(feed):
    feed.push("BTCUSDT", 0, 1, 4, 5)
    answer(feed, history(1, 4), "exchange: 2 bars")
    feed.turn(later=3_598)
    assert len(feed.host.asked) == 1
    feed.turn(later=3)
    assert len(feed.host.asked) == 2
    assert feed.status().verified_empty == 0


# by itself ---------------------------------------------------------------------------------------------------------


def test_it_counts_on_the_counters_that_it_was_given_and_looks_at_the_clock_that_it_was_given():
    store, host, counters, now = BarStore("live"), Host(), Counter(), [50.0]
    series = store.series("BTCUSDT", FRAME)
    for place in (0, 3, 4):
        series.put(at(place), at(place + 1), (10.0,) * 5, closed=True)
    filler = HoleFiller(series, store, host, counters, lambda: now[0])
    filler.fill_new(series.holes()[0])
    host.asked[0][1](history(0, 3), "exchange: 2 bars")
    assert counters == {"verified_empty": 2, "disagreements": 2}
    assert filler.known_empty(50.0 + 3_599) == (Hole(at(1), at(3), 2),)
    assert filler.known_empty(50.0 + 3_600) == ()
