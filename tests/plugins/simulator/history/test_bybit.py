from __future__ import annotations

import pytest

from wealthsources_simulator.history.base import Refusal
from wealthsources_simulator.history.bybit import Bybit

from .asking import BARS, asked, at, opens, told

BYBIT, PATH = Bybit(), "/v5/market/kline"
SPOT = {"category": "spot", "symbol": "BTCUSDT", "interval": "1"}


def test_bounds_are_inclusive_and_the_newest_come_first():
    assert opens(asked(BYBIT, PATH, start=at(5), end=at(8), **SPOT)[0]) == [8, 7, 6, 5]


def test_from_a_start_on_it_is_the_oldest_else_the_newest():
    assert opens(asked(BYBIT, PATH, start=at(5), limit=2, **SPOT)[0]) == [6, 5]
    assert opens(asked(BYBIT, PATH, limit=2, **SPOT)[0]) == [59, 58]


def test_a_row_is_text():
    bar = BARS[0]
    _, answer = asked(BYBIT, PATH, end=at(0), **SPOT)
    assert answer["result"]["list"][0][:6] == [str(bar.open_time), bar.open, bar.high, bar.low, bar.close, bar.volume]


def test_symbols_are_listed_by_category_and_others_are_unknown():
    linear = told(BYBIT, "/v5/market/instruments-info", category="linear")["result"]["list"]
    assert [each["symbol"] for each in linear] == ["ETHUSDT", "ETHUSDC"]
    early = told(BYBIT, "/v5/market/instruments-info", category="linear", status="PreLaunch")["result"]["list"]
    assert early == []
    with pytest.raises(Refusal):
        asked(BYBIT, PATH, category="linear", symbol="BTCUSDT", interval="1")
    with pytest.raises(Refusal):
        told(BYBIT, "/v5/other")
