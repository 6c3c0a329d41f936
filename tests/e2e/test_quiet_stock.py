"""A stock that is seldom traded: a lost connection costs no bar, and its quiet minutes are no holes."""

from __future__ import annotations

import dataclasses

import pytest

import wealthsources
from wealthsources import Timeframe
from wealthsources_simulator import Market, MarketServer
from wealthsources_simulator.exchanges.catalogue import make_exchange

from ..support.live_source import use_policies
from ..support.waiting import wait_until
from .exchanges import ALL, numbers, stated, told, told_of

SYMBOL, KEY = "AAPL", ("AAPL", "1m")
FIVE = Timeframe("5m")
TRADED = (0, 1, 2, 4, 6, 7, 15, 21, 22, 29)  # of thirty minutes
STOCKS = [exchange for exchange in ALL if SYMBOL in exchange.symbols]


def half_an_hour(exchange) -> Market:
    """Its last minute is over by now."""
    bars = list(exchange.play(30).timelines[KEY].bars)
    flat = [dataclasses.replace(bar, high=bar.open, low=bar.open, close=bar.open, volume="0.000") for bar in bars]
    played = [bar if place in TRADED else flat[place] for place, bar in enumerate(bars)]
    return Market({KEY: played}, exchange=make_exchange(exchange.name, exchange.market), updates=3)


def volumes(traded, start, end):
    """Of each five minutes that lie within the span and had a trade."""
    sums: dict[int, float] = {}
    for opens, texts in traded:
        bucket = FIVE.floor(opens)
        if bucket >= start and FIVE.end(bucket) <= end:
            sums[bucket] = sums.get(bucket, 0.0) + float(texts[4])
    return sums


@pytest.mark.parametrize("exchange", STOCKS, ids=str)
def test_what_was_traded_meanwhile_comes_from_its_history_and_coarser_bars_are_made_of_it(exchange, monkeypatch):
    use_policies(monkeypatch, close_timeout=0.2)
    exchange = dataclasses.replace(exchange, symbols={SYMBOL: exchange.symbols[SYMBOL]})
    market = half_an_hour(exchange)
    bars = market.timelines[KEY].bars
    traded = [stated(bars[place]) for place in TRADED]
    with MarketServer(market) as server, exchange.serve_history(market) as history:
        config = exchange.config(server, history)
        config["sources"][0]["options"]["symbols"] = [SYMBOL]
        with wealthsources.open(config) as session:
            assert session.source("history").wait_loaded(20)
            session.start_live()
            live = session.source("live")

            def held():
                series = live.cache.get(SYMBOL, Timeframe("1m"))
                return [] if series is None else [told_of(bar) for bar in series.all()]

            wait_until(lambda: any(peer.following for peer in server.peers))
            market.play(3)
            wait_until(lambda: len(held()) == 3)
            server.refuse()
            server.cut()
            wait_until(lambda: live.status().state != "connected")
            market.play(7)  # with trades in the minutes 4, 6 and 7
            server.refuse(False)
            wait_until(lambda: live.status().epoch == 2)
            wait_until(lambda: any(peer.following for peer in server.peers))
            market.play(20)
            wait_until(lambda: numbers(held()) == numbers(traded))
            wait_until(lambda: live.status().streams[0].holes == 0)
            end = bars[-1].end
            fine = session.adapter().get_history(SYMBOL, timeframe="1m", start=bars[0].open_time, end=end)
            assert numbers(told(fine)) == numbers(traded)
            assert fine.holes == ()
            coarse = session.adapter().get_history(SYMBOL, timeframe="5m", start=bars[0].open_time, end=end)
            assert {bar.open_time: bar.volume for bar in coarse} == pytest.approx(
                volumes(traded, bars[0].open_time, end)
            )
        assert server.failures == []
