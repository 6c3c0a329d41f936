"""The ccxt source keeps the contract of a source, against a stand-in of Binance."""

from __future__ import annotations

import contextlib

import pytest

from wealthsources import Bars
from wealthsources.testing.contract import SourceContract
from wealthsources.testing.fakes import LoneHost
from wealthsources_ccxt.options import CcxtOptions
from wealthsources_ccxt.source import CcxtSource
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.faults import slow, status
from wealthsources_simulator.history.server import HistoryServer
from wealthsources_simulator.history.truth import Truth

from .exchange import SPOT, minutes

PLAYED = minutes(9)


@contextlib.contextmanager
def faulty(server, fault):
    server.script = [fault] * 100
    yield
    server.script = []


class TestCcxtSource(SourceContract):
    @pytest.fixture
    def source(self):
        with HistoryServer(Binance(), Truth({(SPOT, "1m"): PLAYED}, PLAYED[-1].end)) as server:
            self.server = server
            source = CcxtSource(CcxtOptions(exchange="binance", endpoint=server.url))
            source._connection.exchange.rateLimit = 0
            yield source

    @pytest.fixture
    def held(self) -> Bars:
        return Bars.from_records("BTCUSDT", "1m", PLAYED)

    @pytest.fixture
    def failing(self):
        return lambda: faulty(self.server, status(500))

    @pytest.fixture
    def stalled(self):
        return lambda: faulty(self.server, slow(1.5))

    def begin(self, source, clock):
        source.start(LoneHost(clock))
        assert source.wait_loaded(10)
