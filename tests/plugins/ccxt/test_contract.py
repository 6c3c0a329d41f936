"""The ccxt source keeps the contract of a source, against a stand-in of Binance."""

from __future__ import annotations

import pytest

from wealthsources import Bars, Source
from wealthsources.testing.contract import SourceContract
from wealthsources.testing.fakes import LoneHost
from wealthsources_ccxt.options import CcxtOptions
from wealthsources_ccxt.source import CcxtSource
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.server import HistoryServer
from wealthsources_simulator.history.truth import Truth

from .exchange import SPOT, minutes

PLAYED = minutes(9)


class TestCcxtSource(SourceContract):
    @pytest.fixture(autouse=True)
    def server(self):
        with HistoryServer(Binance(), Truth({(SPOT, "1m"): PLAYED}, PLAYED[-1].end)) as self.server:
            yield

    def make_source(self) -> Source:
        source = CcxtSource(CcxtOptions(exchange="binance", endpoint=self.server.url))
        source._connection.exchange.rateLimit = 0
        return source

    def held(self) -> Bars:
        return Bars.from_records("BTCUSDT", "1m", PLAYED)

    def begin(self, source, clock):
        source.start(LoneHost(clock))
        assert source.wait_loaded(10)
