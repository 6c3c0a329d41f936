from __future__ import annotations

import pytest

from wealthsources_simulator.history.base import Refusal
from wealthsources_simulator.history.mexc import Mexc

from .asking import BARS, asked, at, opens, told

MEXC = Mexc()
SPOT, PERPS = "/api/v3/klines", "/api/v1/contract/kline/ETH_USDT"


def test_the_end_is_exclusive_and_the_oldest_come_first():
    bars, rows = asked(MEXC, SPOT, symbol="BTCUSDT", interval="1m", startTime=at(5), endTime=at(8), limit=2)
    assert opens(bars) == [5, 6]
    bar = BARS[5]
    assert rows[0][:6] == [bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume]


def test_contracts_are_asked_for_in_seconds_and_answer_in_columns():
    bars, answer = asked(MEXC, PERPS, interval="Min1", start=at(5) // 1000, end=at(7) // 1000)
    assert opens(bars) == [5, 6, 7]
    assert answer["data"]["time"][0] == at(5) // 1000
    assert answer["data"]["vol"][0] == round(float(BARS[5].volume) * 1000)


def test_symbols_are_listed_and_others_are_unknown():
    assert [each["symbol"] for each in told(MEXC, "/api/v3/exchangeInfo")["symbols"]] == ["BTCUSDT", "BTCUSDC"]
    assert told(MEXC, "/api/v1/contract/detail")["data"][0]["contractSize"] == 0.001
    for path in (SPOT, "/api/v1/contract/kline/FOO_USDT"):
        with pytest.raises(Refusal):
            asked(MEXC, path, symbol="FOOUSDT", interval="1m")
    with pytest.raises(Refusal):
        told(MEXC, "/api/v3/other")
