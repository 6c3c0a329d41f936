"""The live source keeps the contract of a source, against a server that refuses one symbol and is silent of another."""

from __future__ import annotations

import pytest

from wealthsources import Bars
from wealthsources.runtime.clocks import FeedClock
from wealthsources.testing.contract import SourceContract
from wealthsources.testing.fakes import LoneHost
from wealthsources_simulator import Market, MarketServer
from wealthsources_websocket import WebSocketSource
from wealthsources_websocket.options import WebSocketOptions

from ...support.waiting import wait_until
from .conftest import QUICK


class TestWebSocketSource(SourceContract):
    @pytest.fixture
    def source(self):
        market = Market.made(("BTCUSDT",), "1h")
        with MarketServer(market) as self.server:
            yield WebSocketSource(WebSocketOptions(endpoint=self.server.url, **QUICK))
