"""A pair at Kraken that is seldom traded: half an hour on its connection, and what a lost one costs."""

from __future__ import annotations

import dataclasses

import pytest

import wealthsources
from wealthsources import Finality, Timeframe
from wealthsources_simulator import Market, MarketServer
from wealthsources_simulator.exchanges.catalogue import make_exchange

from ..support.live_source import use_policies
from ..support.waiting import wait_until
from .exchanges import ALL, stated, told_of

KRAKEN = next(exchange for exchange in ALL if exchange.name == "kraken")
PAIR, KEY = "BTCUSDT", ("BTC/USDT", "1m")
BEAT, IDLE = 0.05, 3.0  # seconds: between two heartbeats, and without a sign of life
TRADED = (0, 1, 2, 6, 7, 15, 21, 22, 29)  # of thirty minutes


def half_an_hour() -> Market:
    """Its last minute is over by now."""
    bars = list(KRAKEN.play(30).timelines[KEY].bars)
    flat = [dataclasses.replace(bar, high=bar.open, low=bar.open, close=bar.open, volume="0.000") for bar in bars]
    played = [bar if place in TRADED else flat[place] for place, bar in enumerate(bars)]
    return Market({KEY: played}, exchange=make_exchange("kraken", pace=BEAT), updates=3)


@pytest.fixture
def market():
    return half_an_hour()


@pytest.fixture
def session(market, monkeypatch):
    use_policies(monkeypatch, close_timeout=0.2)
    exchange = dataclasses.replace(
        KRAKEN,
        symbols={PAIR: KRAKEN.symbols[PAIR]},
        live={"data_idle": IDLE, "pong_timeout": IDLE, "ping_interval": 0.2},
    )
    with MarketServer(market) as server, exchange.serve_history(market) as history:
        config = exchange.config(server, history)
        config["sources"][0]["options"]["symbols"] = [PAIR]
        with wealthsources.open(config) as opened:
            assert opened.source("history").wait_loaded(20)
            opened.start_live()
            wait_until(lambda: any(peer.following for peer in server.peers))
            opened.server = server
            yield opened
        assert server.failures == []


def live_of(session):
    return session.source("live")


def held(session) -> list:
    series = live_of(session).cache.get(PAIR, Timeframe("1m"))
    return [] if series is None else list(series.all())


def traded(market: Market, before: int) -> list:
    """The bars with a trade that open before that minute."""
    bars = market.timelines[KEY].bars
    return [stated(bars[place]) for place in TRADED if place < before]


def heard(session, market: Market, minutes: int) -> None:
    wanted = traded(market, minutes)
    wait_until(lambda: [told_of(bar) for bar in held(session)] == wanted)


def test_in_half_an_hour_nothing_reconnects_and_each_bar_is_closed_by_its_successor(session, market):
    live = live_of(session)
    for minute in range(1, 31):
        beats = live.status().counters.get("heartbeats", 0)
        market.play(1)
        heard(session, market, minute)
        more = 1.2 * IDLE / BEAT if minute == 12 else 1  # once, none but heartbeats for longer than may be idle
        wait_until(lambda beats=beats, more=more: live.status().counters.get("heartbeats", 0) > beats + more)
    status = live.status()
    assert (status.epoch, status.reconnects) == (1, 0)
    (stream,) = status.streams
    assert (stream.state, stream.holes, stream.bars) == ("live", 0, len(TRADED))
    *closed, newest = held(session)
    assert [bar.finality for bar in closed] == [Finality.SUCCESSOR] * len(closed)
    assert newest.closed is False
    assert [told_of(bar) for bar in [*closed, newest]] == traded(market, 30)


def test_its_quiet_minutes_are_no_holes_and_the_hour_is_made_without_them(session, market):
    market.play(30)
    heard(session, market, 30)
    first = market.timelines[KEY].bars[0].open_time
    bars = session.adapter().get_history(PAIR, timeframe="1m", start=first, end=first + 29 * 60_000)
    assert [told_of(bar) for bar in bars] == traded(market, 29)
    assert bars.holes == ()


def test_what_a_lost_connection_left_open_and_history_explains_is_verified_as_empty(session, market):
    live = live_of(session)
    market.play(9)  # two minutes after the last trade
    heard(session, market, 9)
    session.server.refuse()
    session.server.cut()
    wait_until(lambda: live.status().state != "connected")
    market.play(3)
    session.server.refuse(False)
    wait_until(lambda: live.status().epoch == 2)
    wait_until(lambda: any(peer.following for peer in session.server.peers))
    market.play(12)  # trades again, in the minutes 15, 21 and 22
    wait_until(lambda: live.status().counters.get("verified_empty", 0) > 0)
    (stream,) = live.status().streams
    assert stream.holes == 0
    assert [told_of(bar) for bar in held(session) if bar.closed] == traded(market, 22)


def test_what_was_traded_meanwhile_comes_from_its_history(session, market):
    live = live_of(session)
    market.play(5)
    heard(session, market, 5)
    session.server.refuse()
    session.server.cut()
    wait_until(lambda: live.status().state != "connected")
    market.play(5)  # with trades in the minutes 6 and 7
    session.server.refuse(False)
    wait_until(lambda: live.status().epoch == 2)
    market.play(13)
    wait_until(lambda: [told_of(bar) for bar in held(session) if bar.closed] == traded(market, 22))
    wait_until(lambda: live.status().streams[0].holes == 0)
    assert {bar.source for bar in held(session)} <= {"live", "history"}
