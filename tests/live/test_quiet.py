"""Streams of a market whose quiet hours bring no bar: what is stale, late, missing, and looked for elsewhere."""

from __future__ import annotations

import pytest

from wealthsources import Bars, HistoryRequest, Hole, Market
from wealthsources.model.markets import Markets

from ..support.bars import FRAME, at, moving
from .feed import LIMIT, Feed, Lost, Message


@pytest.fixture
def quiet() -> Feed:
    """Of BTCUSDT; ETHUSDT is traded all the time."""
    feed = Feed()
    feed.host.markets = Markets(others=[(["BTC*"], Market(continuous=False))])
    feed.source.begin(feed.host)
    return feed


def answer(feed: Feed, until: int = 1000, **wanted) -> Bars:
    return feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, at(until), **wanted))


def silence(feed: Feed, seconds: float = 10 * LIMIT) -> None:
    """No bar comes for so long, on connections that live."""
    feed.now += seconds
    for shard in feed.shards.values():
        shard.last_sign = feed.now


def test_a_stream_without_a_bar_is_not_stale_while_its_connection_lives(quiet):
    quiet.push("BTCUSDT", 0, 1)
    quiet.push("ETHUSDT", 0, 1)
    silence(quiet)
    assert quiet.source.stale_for("BTCUSDT", FRAME) == 0.0
    assert quiet.source.stale_for("ETHUSDT", FRAME) > 0.0
    assert [stream.state for stream in quiet.source.status().streams if stream.symbol == "BTCUSDT"] == ["live"]


def test_it_is_when_nothing_at_all_comes(quiet):
    quiet.push("BTCUSDT", 0, 1)
    silence(quiet)
    quiet.now += LIMIT + 5
    assert quiet.source.stale_for("BTCUSDT", FRAME) == 5.0


def test_a_driver_that_tells_no_signs_of_life_is_judged_by_its_bars(quiet):
    quiet.push("BTCUSDT", 0)
    quiet.shard("BTCUSDT").last_data = quiet.now
    quiet.now += LIMIT + 5
    assert quiet.source.stale_for("BTCUSDT", FRAME) == 5.0


def test_it_is_when_its_connection_is_lost(quiet):
    quiet.push("BTCUSDT", 0, 1)
    quiet.lose(quiet.shard("BTCUSDT"))
    quiet.now += 3
    assert quiet.source.stale_for("BTCUSDT", FRAME) == 3.0


def test_a_bar_is_closed_by_its_successor_however_long_that_takes(quiet):
    quiet.push("BTCUSDT", 0)
    quiet.push("ETHUSDT", 0)
    silence(quiet)
    quiet.push("BTCUSDT", 30)
    quiet.push("ETHUSDT", 30)
    assert quiet.held("BTCUSDT") == [0, 30]  # the last one forms
    assert [bar.closed for bar in answer(quiet)] == [True, False]
    assert quiet.host.told("hole") == [hole for hole in quiet.host.told("hole") if hole.symbol == "ETHUSDT"]


def test_nothing_is_asked_of_others_for_quiet_hours(quiet):
    quiet.push("BTCUSDT", 0, 30, 31)
    assert quiet.host.asked == []
    assert quiet.status().holes == 0


def test_what_a_lost_connection_may_have_cost_is(quiet):
    quiet.push("BTCUSDT", 0, 3)
    quiet.lose(quiet.shard("BTCUSDT"))
    quiet.connect(quiet.shard("BTCUSDT"))
    quiet.push("BTCUSDT", 9, 12)
    assert quiet.host.holes_asked_for() == [(3, 9)]
    assert quiet.status().holes == 1
    assert [hole.count for hole in answer(quiet, 12).holes] == [8]


def test_and_is_no_hole_any_more_once_somebody_says_that_nothing_was_there(quiet):
    quiet.push("BTCUSDT", 0, 3)
    quiet.lose(quiet.shard("BTCUSDT"))
    quiet.connect(quiet.shard("BTCUSDT"))
    quiet.push("BTCUSDT", 9, 12)
    quiet.host.answer(moving(0, 3, 5, 9))
    assert quiet.held("BTCUSDT") == [0, 3, 5, 9, 12]
    assert (quiet.status().holes, answer(quiet, 12).holes) == (0, ())
    quiet.later(7200.0)
    assert len(quiet.host.asked) == 1


def test_it_is_asked_for_again_while_nobody_can_say(quiet):
    quiet.push("BTCUSDT", 0, 3)
    quiet.lose(quiet.shard("BTCUSDT"))
    quiet.connect(quiet.shard("BTCUSDT"))
    quiet.push("BTCUSDT", 9, 12)
    quiet.host.answer(moving(5))
    assert quiet.status().holes > 0
    quiet.shard("BTCUSDT").last_sign = quiet.now
    quiet.later(60.0)
    assert len(quiet.host.asked) == 2


def test_a_message_of_a_later_bar_that_was_lost_may_have_been_the_only_one_of_it(quiet):
    quiet.push("BTCUSDT", 0)
    quiet.source.on_malformed(quiet.shard("BTCUSDT"), Lost("BTCUSDT", "1h", at(4)))
    quiet.push("BTCUSDT", 9, 12)
    assert quiet.held("BTCUSDT", count=9) == [0, 9, 12]
    assert quiet.host.holes_asked_for() == [(1, 9)]


def test_an_answer_after_a_lost_connection_does_not_vouch_for_what_came_after_its_newest_bar(quiet):
    quiet.push("BTCUSDT", 0, 3)
    assert answer(quiet, 50).holes == ()
    quiet.lose(quiet.shard("BTCUSDT"))
    assert answer(quiet, 50).holes == (Hole(at(3), at(50), 47),)
    quiet.connect(quiet.shard("BTCUSDT"))
    assert answer(quiet, 50).holes == (Hole(at(3), at(50), 47),)


def test_an_answer_says_that_its_newest_bar_waits_for_a_successor(quiet):
    quiet.push("BTCUSDT", 0, 3)
    silence(quiet)
    assert "nothing came after the bar of 2020-09-13 15:00 UTC, which nothing says is closed" in answer(quiet).note


def test_a_series_that_was_subscribed_again_does_not_know_what_it_missed(quiet):
    quiet.push("BTCUSDT", 0, 3)
    quiet.source.subscribe_to(["ETHUSDT"], ["1h"])
    quiet.source.subscribe_to(["BTCUSDT", "ETHUSDT"], ["1h"])
    quiet.source.assign(quiet.shards.get)
    quiet.push("BTCUSDT", 9, 12)
    assert quiet.host.holes_asked_for() == [(3, 9)]


def test_a_bar_that_breaks_a_rule_is_a_bar_that_is_missing(quiet):
    quiet.push("BTCUSDT", 0, 3)
    bad = Message("BTCUSDT", at(5), all_values=(1.0, 0.5, 2.0, 1.0, 1.0))
    assert quiet.source.on_bar(quiet.shard("BTCUSDT"), bad, quiet.now) is None
    quiet.push("BTCUSDT", 9, 12)
    assert quiet.host.holes_asked_for() == [(4, 9)]
