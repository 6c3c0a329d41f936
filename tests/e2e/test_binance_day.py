"""A day at Binance: late flags, quiet minutes, two connections that each end a few times; no bar is lost or wrong."""

from __future__ import annotations

import collections
import dataclasses
import functools
from collections.abc import Iterator
from decimal import Decimal

import pytest

import wealthsources
from wealthsources_simulator import Market, MarketServer, Peer
from wealthsources_simulator.exchanges.catalogue import make_exchange
from wealthsources_websocket.protocols import binance

from ..support.live_source import use_policies
from ..support.waiting import wait_until
from .exchanges import stated, told_of

SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "QQQBTC")
QUIET = "QQQBTC"
MINUTES = 1_440
PER_BAR = 4  # messages of each bar
STEP = 6  # minutes that are played before the client has to have heard them


def quiet(bars: list) -> list:
    """Two minutes of three without a trade: flat, at the close before."""
    made, last = [], bars[0].open
    for number, bar in enumerate(bars):
        flat = dataclasses.replace(bar, open=last, high=last, low=last, close=last, volume="0.000")
        made.append(flat if number % 3 else bar)
        last = made[-1].close
    return made


def day() -> Market:
    drawn = Market.made(SYMBOLS, "1m", MINUTES)
    played = {key: list(timeline.bars) for key, timeline in drawn.timelines.items()}
    played[QUIET, "1m"] = quiet(played[QUIET, "1m"])
    return Market(played, exchange=make_exchange("binance"), updates=PER_BAR - 1, flag_late=1)


def shut_down(peer: Peer, once: Iterator[bool]) -> None:
    """A good server; the first connection that lasts for so many messages is told that it will be shut down."""
    peer.join()
    peer.pass_on(PER_BAR * 2 * STEP)
    if next(once, None):
        peer.ask_to_reconnect()
    peer.behave()


@pytest.fixture
def two_connections(monkeypatch):
    """Two series on each connection, which is renewed after two seconds; the server's 24 hours last twenty."""
    limits = {market: each._replace(series_per_connection=2, lifetime=20.0) for market, each in binance._LIMITS.items()}
    monkeypatch.setattr(binance, "_LIMITS", limits)
    use_policies(monkeypatch, close_timeout=0.2, renew_at=(0.1, 0.12))


def has_heard(live, market: Market, symbol: str) -> bool:
    """Whether what was played last is here: where flags are late, one that came after the next bar began."""
    key = (symbol, "1m")
    last = next(played for played in reversed(market.messages_since(market.length - 50)) if played.series == key)
    series = live.cache.get(symbol, wealthsources.Timeframe("1m"))
    held = None if series is None else series.at(last.bar.open_time)
    return held is not None and told_of(held) == stated(market.timelines[key].state(last.step))


def test_a_day_loses_no_bar_doubles_none_and_shows_none_early(two_connections):
    market, closings = day(), collections.defaultdict(list)
    script = [functools.partial(shut_down, once=iter([True]))] * 20

    def keep(event) -> None:
        if event.bar is not None and event.bar.closed:
            closings[event.symbol].append(told_of(event.bar))

    with MarketServer(market, script) as server:
        options = {
            "protocol": "binance",
            "endpoint": server.url,
            "symbols": list(SYMBOLS),
            "resolutions": ["1m"],
            "capacity": MINUTES + 10,
            "connects_per_minute": 100_000,
            "reset_after": 0.1,  # a connection that lasts for so long is a good one, as an hour is of a day
            "backoff_base": 0.005,
            "backoff_cap": 0.01,
        }
        config = {"on_stale": "mark", "sources": [{"name": "live", "plugin": "websocket", "options": options}]}
        with wealthsources.open(config) as session:
            session.subscribe(keep)
            session.start_live()
            live = session.source("live")
            wait_until(lambda: sum(len(peer.series) for peer in server.peers if peer.following) >= len(SYMBOLS))
            for _ in range(MINUTES // STEP):
                market.play(STEP)
                wait_until(lambda: all(has_heard(live, market, symbol) for symbol in SYMBOLS))
            for symbol in SYMBOLS:
                wanted = [stated(bar) for bar in market.closed((symbol, "1m"))]
                assert len(wanted) == MINUTES
                series = live.cache.get(symbol, wealthsources.Timeframe("1m"))
                wait_until(lambda series=series: len(series.snapshot()) == MINUTES)
                assert [told_of(bar) for bar in series.snapshot()] == wanted
                wait_until(lambda symbol=symbol: len(closings[symbol]) >= MINUTES)
                assert closings[symbol] == wanted  # each once, in order, with its last values from the beginning
            status = live.status()
        assert server.failures == []
    assert Decimal(market.closed((QUIET, "1m"))[1].volume) == 0
    assert len(status.shards) == 2
    assert all(shard.epoch >= 2 for shard in status.shards)
    assert set(status.reconnects_by_reason) == {"reconnect_asked", "lifetime"}
    assert status.reconnects_by_reason["reconnect_asked"] == 1
    assert status.counters["takeovers"] == sum(status.reconnects_by_reason.values())
    assert status.counters.get("holes", 0) == 0
