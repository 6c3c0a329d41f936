"""An exchange's REST history behind a live source: what a cut lost comes from there, and nothing that is not over."""

from __future__ import annotations

import pytest

from wealthsources_simulator.bars import PlayedBar
from wealthsources_simulator.history import faults
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.server import HistoryServer
from wealthsources_simulator.history.truth import Truth

from ..support.bars import HOUR
from .conftest import VALUES


@pytest.fixture
def exchange(rows):
    """It has the whole file already, also what is later than now."""
    bars = [
        PlayedBar(int(row["open_time"]), int(row["open_time"]) + HOUR, *(row[name] for name in VALUES)) for row in rows
    ]
    with HistoryServer(Binance(), Truth({("BTC/USDT", "1h"): bars}, bars[-1].end)) as server:
        yield server


@pytest.fixture
def behind(market, exchange):
    """A market, heard live, whose exchange is asked for the rest."""
    market = market()
    config = market.mapping(context=False, archive=False)
    options = {"exchange": "binance", "endpoint": exchange.url}
    config["sources"].append({"name": "history", "plugin": "ccxt", "options": options})
    session = market.open(config, bind=False)
    assert session.source("history").wait_loaded(10)
    market.connected()
    return market


def test_bars_from_before_the_connection_and_of_a_cut_come_from_the_exchange(behind):
    behind.play_bars(3)
    behind.check(33)
    behind.outage(7 * 5 + 2)
    behind.play_and_check(6)
    behind.check(40)
    bars = behind.adapter.get_history("BTCUSDT", 40, "1h")
    behind.compare_bars(bars, behind.due(40))
    assert {bar.source for bar in bars} == {"live", "history"}


def test_while_the_exchange_answers_nonsense_bars_are_missing_and_afterwards_they_are_not(behind, exchange):
    behind.play_bars(3)
    exchange.script = [faults.html(), faults.repeated(0)]
    for told in ("text/html", "twice"):
        attempt = behind.adapter.explain("BTCUSDT", 20, "1h")
        assert told in str(attempt)
    behind.check(20)
