"""What holds for every source that is pushed to; what a WebSocket adds is in tests/plugins/websocket/test_source.py."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from wealthsources import Event, HistoryRequest, NotHere, PushedSource, Shard, Timeframe
from wealthsources.runtime.clocks import FeedClock

HOUR = 3_600_000
T0 = 1_600_000_000_000 // HOUR * HOUR
FRAME = Timeframe("1h")
SERIES = [("BTCUSDT", "1h"), ("ETHUSDT", "1h")]
LIMIT = 2 * 3600 + 30  # seconds of silence after which an hourly stream is stale


class Message(NamedTuple):
    symbol: str
    open_time: int
    closed: bool | None = None
    close: float = 1.0
    timeframe: str = "1h"
    decimals: int = 0
    texts: None = None

    @property
    def close_time(self) -> int:
        return self.open_time + HOUR

    @property
    def values(self) -> tuple[float, float, float, float, float]:
        return (1.0, 2.0, 0.5, self.close, 1.0)


class Lost(NamedTuple):
    symbol: str = ""
    timeframe: str = ""
    open_time: int | None = None
    may_be_bar: bool = True


class Host(SimpleNamespace):
    """Keeps what a source tells, and what it asks for."""

    def __init__(self) -> None:
        super().__init__(name="live", clock=FeedClock(), listening=True, logger=logging.getLogger("test"))
        self.events: list[Event] = []
        self.asked: list = []

    def emit(self, event):
        self.events.append(event)

    def backfill(self, request, done):
        self.asked.append((request, done))


class Feed:
    """A pushed source with one shard for each series, and a clock that moves by hand."""

    def __init__(self, **options) -> None:
        self.now = 1000.0
        self.host = Host()
        self.source = PushedSource(monotonic=lambda: self.now, wall=lambda: 0.0, **options)
        self.source.subscribe_to(["BTCUSDT", "ETHUSDT"], ["1h"])
        self.source.begin(self.host)
        self.shards = {series: Shard(number, [series], str.lower) for number, series in enumerate(SERIES)}
        self.source.assign(self.shards.get)
        for shard in self.shards.values():
            self.connect(shard)

    def connect(self, shard: Shard) -> None:
        shard.epoch += 1
        shard.acknowledged_at = shard.since = self.now
        shard.state = "connected"
        self.source.on_state(shard, "connected", "")

    def lose(self, shard: Shard) -> None:
        shard.since, shard.state = self.now, "reconnecting"
        self.source.on_state(shard, "reconnecting", "lost")

    def push(self, symbol: str, *hours: int, **said) -> None:
        for hour in hours:
            assert self.source.on_bar(self.shard(symbol), Message(symbol, T0 + hour * HOUR, **said), self.now)

    def shard(self, symbol: str) -> Shard:
        return self.shards[symbol.upper(), "1h"]

    def held(self, symbol: str = "BTCUSDT", **wanted) -> list[int]:
        request = HistoryRequest(symbol, FRAME, T0 + 1000 * HOUR, **wanted)
        return [(int(time) - T0) // HOUR for time in self.source.get_history(request).open_times]


@pytest.fixture
def feed() -> Feed:
    return Feed()


def test_a_successor_on_the_same_connection_closes_a_bar(feed):
    feed.push("BTCUSDT", 0, 1)
    assert feed.held() == [0]


def test_the_forming_bar_follows_if_it_is_asked_for(feed):
    feed.push("BTCUSDT", 0, 1)
    assert feed.held(include_forming=True) == [0, 1]


def test_the_servers_spelling_is_understood(feed):
    feed.push("btcusdt", 0, 1)
    assert feed.held() == [0]


def test_a_bar_on_a_shard_that_does_not_have_its_series_is_unsolicited(feed):
    other = feed.shard("ETHUSDT")
    assert not feed.source.on_bar(other, Message("BTCUSDT", T0), feed.now)
    assert other.counters["unsolicited"] == 1
    with pytest.raises(NotHere, match="no bar of this series has come"):
        feed.held()


def test_a_lost_shard_makes_only_its_own_series_stale(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.push("ETHUSDT", 0, 1)
    feed.lose(feed.shard("BTCUSDT"))
    feed.now += 5
    assert feed.source.stale_for("BTCUSDT", FRAME) == 5.0
    assert feed.source.stale_for("ETHUSDT", FRAME) == 0.0
    assert feed.source.stale_for() == 0.0
    assert feed.held("ETHUSDT", include_forming=True) == [0, 1]
    assert feed.held("BTCUSDT", include_forming=True) == [0]
    assert [stream.state for stream in feed.source.status().streams if stream.symbol == "BTCUSDT"] == ["stale"]


def test_the_status_is_that_of_the_worst_shard_and_counts_all(feed):
    feed.push("BTCUSDT", 0)
    feed.push("ETHUSDT", 0, 1)
    feed.shard("ETHUSDT").last_error = "cut"
    feed.lose(feed.shard("ETHUSDT"))
    status = feed.source.status()
    assert (status.state, status.last_error, status.epoch) == ("reconnecting", "cut", 2)
    assert status.counters["bars.new"] == 3


def test_what_a_new_connection_brings_does_not_close_what_the_old_one_formed(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.lose(feed.shard("BTCUSDT"))
    feed.connect(feed.shard("BTCUSDT"))
    feed.push("BTCUSDT", 2, 3)
    assert feed.held() == [0, 2]


def test_a_message_of_no_known_series_leaves_doubt_about_those_of_its_shard_alone(feed):
    feed.push("BTCUSDT", 0)
    feed.push("ETHUSDT", 0)
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost())
    feed.push("BTCUSDT", 1, 2)
    feed.push("ETHUSDT", 1, 2)
    assert feed.held("BTCUSDT") == [1]
    assert feed.held("ETHUSDT") == [0, 1]


def test_a_lost_message_of_a_bar_leaves_doubt_about_that_series_alone(feed):
    feed.push("BTCUSDT", 0)
    feed.push("ETHUSDT", 0)
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost("BTCUSDT", "1h", T0))
    feed.push("BTCUSDT", 1, 2)
    feed.push("ETHUSDT", 1, 2)
    assert feed.held("BTCUSDT") == [1]
    assert feed.held("ETHUSDT") == [0, 1]


def test_what_cannot_be_a_bar_leaves_no_doubt(feed):
    feed.push("BTCUSDT", 0)
    feed.source.on_malformed(feed.shard("BTCUSDT"), Lost(may_be_bar=False))
    feed.push("BTCUSDT", 1)
    assert feed.held() == [0]


def test_after_a_subscription_was_sent_again_only_what_comes_then_stands_for_a_forming_bar(feed):
    feed.push("BTCUSDT", 0)
    feed.source.on_resubscribed(feed.shard("BTCUSDT"))
    feed.push("BTCUSDT", 1, 2)
    assert feed.held() == [1]


def test_after_a_silence_a_successor_closes_nothing(feed):
    feed.push("BTCUSDT", 0)
    feed.now += LIMIT + 1
    feed.push("BTCUSDT", 1, 2)
    assert feed.held() == [1]


def test_a_stream_that_went_silent_is_said_once(feed, caplog):
    feed.push("BTCUSDT", 0, 1)
    feed.now += LIMIT + 1
    for _ in range(3):
        feed.now += 2
        feed.source.on_turn(feed.shard("BTCUSDT"), feed.now)
    assert [record.message for record in caplog.records] == ["BTCUSDT 1h: the stream went silent"]
    assert feed.shard("BTCUSDT").counters["stale_streams"] == 1


def test_a_hole_is_told_and_the_rest_of_the_chain_is_asked_for_it(feed):
    feed.push("BTCUSDT", 0, 1, 4, closed=True)
    (event,) = [event for event in feed.host.events if event.kind == "hole"]
    assert (event.hole.start, event.hole.end, event.hole.count) == (T0 + 2 * HOUR, T0 + 4 * HOUR, 2)
    ((request, _),) = feed.host.asked
    assert (request.start, request.end) == (T0 + 1 * HOUR, T0 + 5 * HOUR)  # with the bar on either side


def test_the_first_bar_of_a_connection_is_left_out_where_servers_count_from_the_subscription():
    feed = Feed(partial_first=True)
    feed.push("BTCUSDT", 0, 1, 2)
    assert feed.held() == [1]


def test_events_tell_new_bars_updates_and_closed_ones(feed):
    feed.push("BTCUSDT", 0)
    feed.push("BTCUSDT", 0, close=1.5)
    feed.push("BTCUSDT", 1)
    bars = [event.bar for event in feed.host.events if event.kind == "bar"]
    told = [((bar.open_time - T0) // HOUR, bar.close, bar.closed) for bar in bars]
    assert told == [(0, 1.0, False), (0, 1.5, False), (0, 1.5, True), (1, 1.0, False)]


def test_the_clock_is_told_what_bars_prove(feed):
    feed.push("BTCUSDT", 0)
    assert feed.host.clock.now() == T0
    feed.push("BTCUSDT", 1)
    assert feed.host.clock.now() == T0 + HOUR


def test_a_source_that_has_not_been_started_says_so():
    source = PushedSource()
    source.subscribe_to(["BTCUSDT"], ["1h"])
    with pytest.raises(NotHere, match="has not been started"):
        source.get_history(HistoryRequest("BTCUSDT", FRAME, T0))
    assert source.status().state == "not started"
    assert source.stale_for("BTCUSDT", FRAME) is None


def test_bars_that_came_before_it_was_subscribed_again_are_not_continued(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.source.subscribe_to(["ETHUSDT"], ["1h"])
    feed.source.subscribe_to(["BTCUSDT", "ETHUSDT"], ["1h"])
    feed.source.assign(feed.shards.get)
    feed.push("BTCUSDT", 2, 3)
    assert feed.held() == [0, 2]


def test_series_that_are_subscribed_no_more_are_kept_only_up_to_a_number():
    source = PushedSource(keep_left=3)
    source.subscribe_to(["S0"], ["1h"])
    for number in range(10):
        source.store.series(f"S{number}", FRAME).put(T0, T0 + HOUR, (1.0,) * 5, closed=True)
        source.subscribe_to([f"S{number + 1}"], ["1h"])
    assert [series.symbol for series in source.store] == ["S7", "S8", "S9"]
