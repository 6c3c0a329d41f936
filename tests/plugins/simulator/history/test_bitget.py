from __future__ import annotations

import pytest

from wealthsources_simulator.history.base import Refusal
from wealthsources_simulator.history.bitget import Bitget

from .asking import BARS, asked, at, opens, told

BITGET = Bitget()
SPOT = "/api/v2/spot/market/candles"
PAIR = {"symbol": "BTCUSDT", "granularity": "1min"}


def test_the_end_is_exclusive_and_the_oldest_come_first():
    assert opens(asked(BITGET, SPOT, startTime=at(5), endTime=at(8), **PAIR)[0]) == [5, 6, 7]


def test_the_history_does_not_know_a_start():
    path = "/api/v2/spot/market/history-candles"
    assert opens(asked(BITGET, path, startTime=at(6), endTime=at(8), limit=4, **PAIR)[0]) == [4, 5, 6, 7]


def test_a_row_is_text_of_the_volume_in_the_base():
    bar = BARS[0]
    path = "/api/v2/mix/market/candles"
    _, answer = asked(BITGET, path, symbol="ETHUSDT", granularity="1m", endTime=at(1))
    assert answer["data"][0][:6] == [str(bar.open_time), bar.open, bar.high, bar.low, bar.close, bar.volume]


def test_symbols_are_listed_and_others_are_unknown():
    spot = told(BITGET, "/api/v2/spot/public/symbols")["data"]
    perps = told(BITGET, "/api/v2/mix/market/contracts", productType="USDT-FUTURES")["data"]
    assert [each["symbol"] for each in spot] == ["BTCUSDT", "BTCUSDC"]
    assert perps[0]["symbolType"] == "perpetual"
    assert told(BITGET, "/api/v2/mix/market/contracts", productType="COIN-FUTURES")["data"] == []
    assert told(BITGET, "/api/v2/margin/currencies")["data"] == []
    with pytest.raises(Refusal):
        asked(BITGET, SPOT, symbol="FOOUSDT", granularity="1min")
    with pytest.raises(Refusal):
        told(BITGET, "/api/v2/other")
