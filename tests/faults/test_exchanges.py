"""Faults that know nothing of a server's messages, met by the client of one exchange after the other.

One session meets them all, a connection each; between them bars are played. At the end nothing was ever shown closed
that was not so, and what is played then arrives.
"""

from __future__ import annotations

import contextlib
import dataclasses

import pytest

import wealthsources
from wealthsources import Timeframe
from wealthsources_simulator import FAULTS, Market, MarketServer
from wealthsources_simulator.exchanges.catalogue import make_exchange

from ..e2e.exchanges import ALL, Exchange, stated, told, told_of
from ..support.live_source import use_policies
from ..support.waiting import wait_until

WEALTHAI = Exchange("wealthai", "any", {"BTCUSDT": ("BTCUSDT", ""), "ETHUSDT": ("ETHUSDT", "")}, ("FOOUSDT", ""))
EXCHANGES = [
    WEALTHAI,
    *(next(one for one in ALL if one.name == name) for name in ("binance", "okx", "kraken", "kucoin")),
]

#: Where a fault would wait for long, it waits for a moment; what floods does not flood for long.
QUICKER = {
    "ping-flood": "ping-flood:2000",
    "pong-flood": "pong-flood:2000",
    "dripping-upgrade": "dripping-upgrade:0.05",
    "dripping-frame": "dripping-frame:0.05",
}
ROOMS = {
    "connecting": [one for one in FAULTS.values() if one.layer == "http"],
    "closing": [one for one in FAULTS.values() if one.row[0] == "C"],
    "frames": [one for one in FAULTS.values() if one.row[0] == "D"],
    "liveness": [one for one in FAULTS.values() if one.row[0] == "B" and one.layer != "messages"],
}
#: Its host is not asked for a while, which is what each of these wants.
RESTS = ("too-many-requests", "banned")
OPTIONS = {
    "connect_timeout": 1.0,
    "ping_interval": 0.2,
    "pong_timeout": 5.0,  # a busy machine is no fault
    "data_idle": 1.0,
    "reset_after": 0.1,
}


def market_of(exchange: Exchange) -> Market:
    spoken = make_exchange(exchange.name, None if exchange is WEALTHAI else exchange.market)
    made = dataclasses.replace(exchange, name="binance", market="spot").play(400)
    keys = list(exchange.series.values())
    played = dict(zip(keys, (timeline.bars for timeline in made.timelines.values()), strict=True))
    return Market(played, exchange=spoken, updates=3)


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_an_exchange_that_misbehaves_costs_no_truth(exchange, room, monkeypatch):
    use_policies(monkeypatch, close_timeout=0.2)
    market, closings = market_of(exchange), []

    def keep(event) -> None:
        bar = event.bar
        if bar is not None and bar.closed:
            closings.append((bar.symbol, *told_of(bar)))

    with MarketServer(market) as server:
        config = exchange.config(server, None)
        options = config["sources"][0]["options"]
        options |= {**OPTIONS, "symbols": list(exchange.symbols)}
        if room == "liveness":
            options["pong_timeout"] = 0.5
        if exchange is WEALTHAI:
            options |= {"market": "any", "csrf_token": "a-token-of-a-user"}
        with wealthsources.open(config) as session:
            session.subscribe(keep)
            session.start_live()
            live = session.source("live")
            wait_until(lambda: live.status().state == "connected")
            for fault in ROOMS[room]:
                if fault.name in RESTS or fault.protocol not in (None, exchange.name):
                    continue
                if fault.name == "one-segment" and server.market.exchange.present:
                    continue  # it repeats what was, after a snapshot of what is: no server does
                before = server.accepted
                server.then(QUICKER.get(fault.name, fault.name))
                server.cut()
                wait_until(lambda before=before: server.accepted > before)
                with contextlib.suppress(AssertionError):  # some are no reason to leave, and go on for ever
                    wait_until(lambda before=before: server.script_done or server.accepted > before + 1, 2.0)
                market.play(2)
            before, known = server.accepted, set(exchange.series.values())
            server.then(None)
            server.cut()
            wait_until(lambda: server.accepted > before)
            wait_until(lambda: server.peers[-1].following and known <= set(server.peers[-1].series))
            market.play(3.5)
            wait_until(lambda: all(is_there(live, market, exchange, symbol) for symbol in exchange.symbols))
        assert server.failures == []
    true = {(symbol, *stated(bar)) for symbol, key in exchange.series.items() for bar in market.timelines[key].bars}
    assert closings
    assert set(closings) <= true
    assert len(closings) == len(set(closings))


def is_there(live, market: Market, exchange: Exchange, symbol: str) -> bool:
    """Whether the two bars that were closed last are held, and closed."""
    series = live.cache.get(symbol, Timeframe(exchange.timeframe))
    held = [] if series is None else told(series.snapshot())
    return held[-2:] == [stated(bar) for bar in market.closed(exchange.series[symbol])[-2:]]
