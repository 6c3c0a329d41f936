from __future__ import annotations

import pytest

from wealthsources import Timeframe
from wealthsources_simulator.history.base import Ask, Refusal
from wealthsources_simulator.history.binance import Binance
from wealthsources_simulator.history.truth import Truth
from wealthsources_simulator.invented import invent_bars

BARS = invent_bars("X", Timeframe("1m"), 2000, 1)
TRUTH = Truth({("BTC/USDT", "1m"): BARS, ("ETH/USDT:USDT", "1m"): BARS}, BARS[-1].end)
ASKED = {"symbol": "BTCUSDT", "interval": "1m"}


def page(path="/api/v3/klines", **query):
    return Binance().page(Ask(path, {**ASKED, **{name: str(value) for name, value in query.items()}}), TRUTH)


def test_from_a_start_on_it_gives_the_oldest_else_the_newest():
    assert page(startTime=BARS[5].open_time, limit=3) == BARS[5:8]
    assert page(endTime=BARS[5].open_time, limit=3) == BARS[3:6]
    assert page() == BARS[-500:]


def test_a_limit_is_cut_without_a_word():
    assert page(startTime=0, limit=5000) == BARS[:1000]
    assert page("/fapi/v1/klines", symbol="ETHUSDT", startTime=0, limit=5000) == BARS[:1500]


def test_rows_are_as_documented():
    row = Binance().written(Ask("/", {}), BARS[:1], TRUTH)[0]
    first = BARS[0]
    assert row[:7] == [first.open_time, first.open, first.high, first.low, first.close, first.volume, first.end - 1]
    assert len(row) == 12


def test_an_unknown_symbol_is_refused():
    with pytest.raises(Refusal):
        page(symbol="ETHUSDT")


def test_each_market_lists_its_symbols():
    spot = Binance().other(Ask("/api/v3/exchangeInfo", {}), TRUTH)
    swaps = Binance().other(Ask("/fapi/v1/exchangeInfo", {}), TRUTH)
    assert [each["symbol"] for each in spot["symbols"]] == ["BTCUSDT"]
    assert swaps["symbols"][0]["contractType"] == "PERPETUAL"
    assert Binance().page(Ask("/api/v3/exchangeInfo", {}), TRUTH) is None
    with pytest.raises(Refusal):
        Binance().other(Ask("/api/v3/nothing", {}), TRUTH)
