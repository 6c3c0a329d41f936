"""Series that the server refuses, and series that it acknowledged and never brings."""

from __future__ import annotations

import pytest

from wealthsources import HistoryRequest, NotHere
from wealthsources.model.markets import Market, Markets

from ..support.bars import FRAME, at, places
from .feed import LIMIT, Feed

WORDS = "no such market"
BTC = ("BTCUSDT", "1h")


@pytest.fixture
def feed() -> Feed:
    return Feed()


def refuse(feed: Feed) -> None:
    feed.shard("BTCUSDT").refused[BTC] = WORDS


def ask(feed: Feed):
    return feed.source.get_history(HistoryRequest("BTCUSDT", FRAME, at(1000)))


def test_it_is_refused_with_the_servers_words(feed):
    refuse(feed)
    assert (feed.status().state, feed.status().reason) == ("refused", WORDS)
    assert feed.status("ETHUSDT").state == "never_received"


def test_the_whole_status_tells_of_it(feed):
    refuse(feed)
    assert f"BTCUSDT 1h the server refuses this series: {WORDS}" in feed.source.status().reason


def test_who_asks_is_told_why_nothing_is_here(feed):
    refuse(feed)
    with pytest.raises(NotHere, match=f"the server refuses this series: {WORDS}"):
        ask(feed)


def test_what_came_before_is_shown_and_not_vouched_for(feed):
    feed.push("BTCUSDT", 0, 1, 2)
    refuse(feed)
    feed.now += 1.0
    bars = ask(feed)
    assert places(bars) == [0, 1]
    assert bars.note == f"cannot vouch for the newest bars: the server refuses this series: {WORDS}"
    assert feed.source.stale_for("BTCUSDT", FRAME) > 0
    assert (feed.status().state, feed.status().reason) == ("refused", WORDS)


def test_it_is_not_told_as_silent_too(feed, caplog):
    refuse(feed)
    feed.later(LIMIT + 1)
    assert [line for line in caplog.messages if "BTCUSDT" in line] == []


def test_taken_after_all_it_is_like_any_other(feed):
    refuse(feed)
    del feed.shard("BTCUSDT").refused[BTC]
    feed.push("BTCUSDT", 0, 1)
    assert (feed.status().state, feed.status().reason) == ("live", "")
    assert ask(feed).note == ""


# acknowledged, and silent --------------------------------------------------------------------------------------


@pytest.mark.parametrize("continuous", [True, False])
def test_what_was_acknowledged_and_never_came_is_silent(continuous, caplog):
    feed = Feed()
    feed.host.markets = Markets(Market(continuous=continuous))
    feed.source.begin(feed.host)
    feed.later(LIMIT - 1)
    assert feed.status().state == "never_received"
    for shard in feed.shards.values():
        shard.last_sign = feed.now + 2
    feed.later(2)
    assert feed.status().state == "silent"
    assert sum("BTCUSDT 1h: no bar ever came" in line for line in caplog.messages) == 1


def test_what_came_on_the_connection_before_does_not_count(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.now += 1
    feed.connect(feed.shard("BTCUSDT"))
    feed.later(LIMIT + 1)
    assert feed.status().state == "silent"


def test_a_stream_that_brought_something_and_stopped_is_stale(feed):
    feed.push("BTCUSDT", 0, 1)
    feed.later(LIMIT + 1)
    assert feed.status().state == "stale"


def test_while_the_connection_is_down_nothing_is_silent(feed):
    feed.push("BTCUSDT", 0)
    feed.lose(feed.shard("BTCUSDT"))
    feed.later(LIMIT + 1)
    assert feed.status().state == "stale"


# shards --------------------------------------------------------------------------------------------------------


def test_each_shard_has_its_place_in_the_status(feed):
    feed.push("ETHUSDT", 0)
    feed.lose(feed.shard("BTCUSDT"))
    feed.shard("BTCUSDT").last_error = "cut"
    feed.now += 4.0
    first, second = feed.source.status().shards
    assert (first.number, first.state, first.epoch, first.series, first.last_error) == (0, "reconnecting", 1, 1, "cut")
    assert (second.number, second.state, second.last_data) == (1, "connected", None)


def test_one_lost_shard_makes_only_its_series_stale(feed):
    feed.push("BTCUSDT", 0)
    feed.push("ETHUSDT", 0)
    feed.lose(feed.shard("BTCUSDT"))
    feed.later(1.0)
    assert [feed.status(symbol).state for symbol in ("BTCUSDT", "ETHUSDT")] == ["stale", "live"]
