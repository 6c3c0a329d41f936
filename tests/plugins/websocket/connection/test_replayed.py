"""Recorded connections of one shard: one after another, and one beside another."""

from __future__ import annotations

import json

import pytest

from wealthsources import Market
from wealthsources.runtime.clocks import FeedClock
from wealthsources.testing.fakes import LoneHost
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.replay import WebSocketReplay
from wealthsources_websocket.source import WebSocketSource

from ....support.bars import FRAME, at

ACK = json.dumps({"type": "CONNECTED", "request_id": "1"})
OPTIONS = {"endpoint": "ws://127.0.0.1:1", "symbols": ["BTCUSDT"], "resolutions": ["1h"]}


class Shard:
    """One shard that is replayed, at the time that a test sets."""

    def __init__(self, market=None, **options) -> None:
        self.now = 1000.0
        facts = WebSocketSource(WebSocketOptions(**OPTIONS | options)).frame_facts()
        self.replay = WebSocketReplay(facts, lambda: self.now, lambda: 1.6e9 + self.now)
        host = LoneHost(FeedClock())
        host.market = lambda symbol: market or Market()
        self.replay.source.start(host)

    def begin(self, *texts, **options):
        log = self.replay.begin(0, **options)
        return self.say(log, *texts)

    def say(self, log, *texts):
        for text in texts:
            log.frame(text, incoming=True)
        return log

    @property
    def states(self):
        """Of each bar: its place and whether it is closed."""
        bars = self.replay.source.cache.get_bars("BTCUSDT", "1h")
        return [((each.open_time - at(0)) // FRAME.milliseconds, each.closed) for each in bars]

    @property
    def status(self):
        return self.replay.source.status()


@pytest.fixture
def shard():
    return Shard()


def bar(place, volume=1):
    said = {"symbol": "BTCUSDT", "timeframe": "1h", "open_time": at(place), "close_time": at(place + 1)}
    values = {"open": "1", "high": "9", "low": "1", "close": "2", "volume": str(volume)}
    return json.dumps({"type": "BAR"} | said | values)


def test_what_a_lost_connection_left_forming_stays_so(shard):
    shard.begin(ACK, bar(0), bar(1)).ended("cut")
    shard.begin(ACK, bar(2), bar(3))
    assert shard.states == [(0, True), (1, False), (2, True), (3, False)]
    assert (shard.status.epoch, shard.status.reconnects) == (2, 1)


def test_one_beside_takes_over_what_the_other_vouched_for(shard):
    old = shard.begin(ACK, bar(0), bar(1, 5))
    beside = shard.begin(ACK, bar(1, 5))
    assert shard.status.epoch == 1
    old.ended("we closed it (1000)")
    shard.say(beside, bar(2))
    assert shard.states == [(0, True), (1, True), (2, False)]
    assert (shard.status.state, shard.status.epoch, shard.status.counters["takeovers"]) == ("connected", 2, 1)


def test_it_takes_over_when_time_goes_on_though_it_says_nothing(shard):
    old = shard.begin(ACK, bar(0))
    shard.begin(ACK)
    old.ended("we closed it (1000)")
    shard.now += 1
    shard.replay.turn()
    assert shard.status.epoch == 2


def test_one_that_is_given_up_with_the_other_never_took_over(shard):
    old, beside = shard.begin(ACK, bar(0)), shard.begin(ACK, bar(0, 7))
    old.ended("we let go of it")
    beside.ended("we let go of it")
    assert (shard.status.epoch, shard.status.counters["renewals_failed"]) == (1, 1)
    shard.begin(ACK)
    assert shard.status.epoch == 2


def test_one_that_is_still_made_when_the_other_is_lost_is_the_next(shard):
    old, beside = shard.begin(ACK, bar(0)), shard.begin()
    old.ended("reset: by the peer")
    assert shard.status.state == "reconnecting"
    shard.say(beside, bar(1), ACK, bar(2))
    assert (shard.status.state, shard.status.epoch) == ("connected", 2)
    assert shard.states == [(0, False), (1, True), (2, False)]


def test_one_beside_that_is_followed_by_another_is_given_up(shard):
    old = shard.begin(ACK, bar(0))
    first = shard.begin(ACK, bar(5))
    second = shard.begin(ACK, bar(0, 3))
    shard.say(first, bar(6))
    old.ended("we closed it (1000)")
    shard.say(second, bar(1))
    assert shard.states == [(0, True), (1, False)]


def test_one_that_was_never_acknowledged_is_followed_by_the_next(shard):
    shard.begin(bar(0))
    shard.begin(ACK, bar(1))
    assert (shard.states, shard.status.epoch) == ([(1, False)], 1)


def test_one_that_is_joined_counts_as_acknowledged(shard):
    before = shard.begin(ACK, bar(0), bar(1))
    shard.begin(bar(1), bar(2), joined=True)
    shard.say(before, bar(9))
    assert shard.states == [(0, True), (1, True), (2, False)]
    assert shard.status.epoch == 2


def test_a_bar_of_one_that_is_joined_may_be_partial_too():
    shard = Shard(partial_first=True)
    shard.begin(bar(1), bar(2), bar(3), joined=True)
    assert shard.states == [(2, True), (3, False)]


def test_a_refusal_ends_it_before_the_recording_says_so(shard):
    log = shard.begin(json.dumps({"type": "ERROR", "message": "no such symbol"}))
    assert shard.status.state in ("error", "connecting", "reconnecting")
    shard.say(log, ACK, bar(0))
    log.ended("refused_by_server")
    assert (shard.states, shard.status.epoch) == ([], 0)


def test_a_stream_is_as_stale_as_it_was(shard):
    log = shard.begin(ACK, bar(0))
    shard.now += 3 * 3600
    shard.replay.turn()
    assert shard.replay.source.stale_for("BTCUSDT", FRAME) > 3_000
    assert shard.status.counters["stale_streams"] == 1
    shard.say(log, bar(1))
    assert shard.states == [(0, False), (1, False)]


def test_of_a_quiet_market_it_is_not_stale_while_it_is_connected():
    shard = Shard(market=Market(continuous=False))
    log = shard.begin(ACK, bar(0))
    for _ in range(2):
        shard.now += 3 * 3600
        shard.replay.turn()
        assert shard.replay.source.stale_for("BTCUSDT", FRAME) == 0.0
    log.ended("cut")
    shard.now += 10
    assert shard.replay.source.stale_for("BTCUSDT", FRAME) == 10.0


def test_a_text_that_is_no_unicode_is_a_message_that_cannot_be_read(shard):
    log = shard.begin(ACK, bar(0))
    shard.say(log, "\ud800", b"\xff\x00")
    assert shard.states == [(0, False)]
    assert shard.status.counters["binary_frames"] == 1
