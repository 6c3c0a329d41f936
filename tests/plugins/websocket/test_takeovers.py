"""A source whose connections follow one another, each made beside the one before: what it has in the end, and told."""

from __future__ import annotations

import logging
import random
import threading

import pytest

from wealthsources import Market, PushedSource
from wealthsources.model.markets import Markets
from wealthsources_websocket.connection.policies import Policies
from wealthsources_websocket.connection.shards import Shards
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols.base import Limits
from wealthsources_websocket.protocols.wealthai import WealthAI

from ...live.feed import Host
from ...support.bars import FRAME, at, places
from ...support.waiting import wait_until
from .conftest import QUICK
from .protocols.invented import Invented

SERIES = ("BTCUSDT", "1h")


class Mortal(WealthAI):
    """Its connections end after ten seconds."""

    limits = Limits(lifetime=10.0)


class Trades:
    """Each connection is sent every trade since it subscribed, and none from before."""

    def __init__(self) -> None:
        self._messages: list[dict] = []
        self._more = threading.Condition()

    def push(self, message: dict) -> None:
        with self._more:
            self._messages.append(message)
            self._more.notify_all()

    def script(self, peer) -> None:
        peer.accept()
        place = len(self._messages)
        while not peer.server.stopped.is_set():
            with self._more:
                if len(self._messages) == place:
                    self._more.wait(0.05)
                due, place = self._messages[place:], len(self._messages)
            peer.send(*due)


@pytest.fixture
def connect(serve, policies):
    """A source of what the script sends, begun on behalf of that host, and its shard."""
    made = []

    def connect(script, protocol, host: Host, *symbols: str):
        source = PushedSource(closes_by=protocol.closes_by)
        source.subscribe_to(symbols, [SERIES[1]])
        source.begin(host)
        options = WebSocketOptions(**QUICK | {"endpoint": serve(script).url})
        series = [(symbol, SERIES[1]) for symbol in symbols]
        made.append(Shards(options, protocol, series, source, logging.getLogger("test"), Policies(**policies)))
        source.assign(made[-1].shard_of)
        made[-1].start()
        (client,) = made[-1].clients
        wait_until(lambda: client.state == "connected")
        return source, client

    yield connect
    for shards in made:
        shards.stop()


@pytest.fixture
def follow(connect, policies):
    """A source of that market, and its shard."""
    policies["renew_at"] = (0.02, 0.06)  # of these ten seconds: soon

    def follow(trades: Trades, *, continuous: bool):
        host = Host()
        host.markets = Markets(Market(continuous=continuous))
        return connect(trades.script, Mortal(), host, SERIES[0])

    return follow


@pytest.mark.parametrize("steps", [(1,), (1, 2, 5)], ids=["every hour", "now and then"])
def test_no_bar_is_lost_to_connections_that_the_server_ends(follow, bar, steps):
    """Whatever connection a trade comes on, each bar is closed by its successor, with the last of its states."""
    rng, trades, truth, hour = random.Random(7), Trades(), {}, 0
    source, client = follow(trades, continuous=len(steps) == 1)
    while client.counters["takeovers"] < 5:
        hour += rng.choice(steps)
        for volume in range(1, 4):
            trades.push(bar(hour, volume=str(volume)))
            threading.Event().wait(rng.uniform(0.005, 0.03))  # as trades come
        truth[hour] = 3.0
    trades.push(bar(hour + 1))
    series = source.store.series(SERIES[0], FRAME)
    wait_until(lambda: series.newest == at(hour + 1))
    bars = series.snapshot(at(hour + 2), forming_epoch=client.voucher)
    assert (places(bars), [bar.closed for bar in bars]) == ([*truth, hour + 1], [True] * len(truth) + [False])
    assert [bar.volume for bar in bars[:-1]] == list(truth.values())
    assert (bars.holes, series.holes()) == ((), ())
    assert client.reconnects_by_reason == {"lifetime": client.epoch - 1}
    assert sum(client.counters[name] for name in client.counters if name.startswith("lost.")) == 0


def hour(place: int, volume: str, *, closed: bool = False, topic: str = "XBT-USDT@3600") -> dict:
    values = ["10.25", "12", "9", "10.50", volume]
    return {"event": "bar", "topic": topic, "open": at(place), "ohlcv": values, "closed": closed}


def ahead(peer) -> None:
    """The first connection wants to be followed; the next one is two bars ahead of it, in one series."""
    peer.upgrade()
    peer.send({"event": "hello"})
    peer.message()
    peer.send({"event": "welcome"})
    peer.send(*({"event": "subscribed", "topic": topic} for topic in peer.message()["topics"]))
    other = hour(0, "1", topic="ETHUSDT@3600")
    if peer.number == 1:
        peer.send(hour(0, "3"), other, {"event": "restart"})
    else:
        peer.send(hour(1, "1"), hour(0, "4", closed=True), hour(2, "1"), hour(1, "2", closed=True))
        peer.send(other)  # not before this one is read may that connection take over
    peer.stay()


def test_a_flag_that_came_late_while_the_next_connection_waited_leaves_no_hole(connect):
    host = Host()
    source, client = connect(ahead, Invented(), host, "BTCUSDT", "ETHUSDT")
    wait_until(lambda: client.counters["takeovers"] == 1)
    series = source.store.series(SERIES[0], FRAME)
    wait_until(lambda: len(series.snapshot()) == 2)
    assert [bar.volume for bar in series.snapshot()] == [4.0, 2.0]
    assert [(event.bar.open_time, event.bar.volume) for event in host.told("bar") if event.bar.closed] == [
        (at(0), 4.0),
        (at(1), 2.0),
    ]
    assert (host.told("hole"), client.counters["holes"]) == ([], 0)
