"""A market that pushes nothing but trades, on connections that the server ends: what the source has in the end."""

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
def follow(serve, policies):
    """A source of that market, and its shard."""
    made = []

    policies["renew_at"] = (0.02, 0.06)  # of these ten seconds: soon

    def follow(trades: Trades, *, continuous: bool):
        host = Host()
        host.markets = Markets(Market(continuous=continuous))
        source = PushedSource()
        source.subscribe_to([SERIES[0]], [SERIES[1]])
        source.begin(host)
        options = WebSocketOptions(**QUICK | {"endpoint": serve(trades.script).url})
        log = logging.getLogger("test")
        made.append(Shards(options, Mortal(), [SERIES], source, log, Policies(**policies)))
        source.assign(made[-1].shard_of)
        made[-1].start()
        (client,) = made[-1].clients
        wait_until(lambda: client.state == "connected")
        return source, client

    yield follow
    for shards in made:
        shards.stop()


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
