"""The live source keeps the contract of a source, against servers that refuse a symbol or are silent of it."""

from __future__ import annotations

import pytest

from wealthsources import Bars
from wealthsources.runtime.clocks import FeedClock
from wealthsources.testing.contract import SourceContract
from wealthsources.testing.fakes import LoneHost
from wealthsources_simulator import Market, MarketServer
from wealthsources_simulator.exchanges.catalogue import make_exchange
from wealthsources_websocket import WebSocketSource
from wealthsources_websocket.options import WebSocketOptions

from ...support.waiting import wait_until
from .conftest import QUICK

SERIES = ("BTCUSDT", "1h")


class TestBinance(SourceContract):
    protocol, silent_symbol = "binance", "QUIETUSDT"

    @pytest.fixture
    def source(self):
        self.market = Market.made(("BTCUSDT",), "1h", exchange=make_exchange(self.protocol))
        with MarketServer(self.market) as server:
            said = {"endpoint": server.url, "protocol": self.protocol, "csrf_token": ""}
            yield WebSocketSource(WebSocketOptions(**QUICK | said | {"symbols": ["BTCUSDT", *self.others()]}))

    @pytest.fixture
    def held(self) -> Bars:
        market = Market.made(("BTCUSDT",), "1h", exchange=make_exchange(self.protocol))
        market.play(9)
        return Bars.from_records(*SERIES, market.closed(SERIES))

    def others(self) -> list[str]:
        return [symbol for symbol in (self.refused_symbol, self.silent_symbol) if symbol]

    def begin(self, source, clock):
        source.start(LoneHost(FeedClock()))
        wait_until(lambda: source.status().state == "connected")
        self.market.play(9)
        wait_until(lambda: (bars := source.cache.get_bars(*SERIES)) and sum(bar.closed for bar in bars) >= 9)


class TestBybit(TestBinance):
    protocol, silent_symbol, refused_symbol = "bybit", "", "NOUSDT"
