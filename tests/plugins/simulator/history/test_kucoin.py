from __future__ import annotations

import pytest

from wealthsources_simulator.history.base import Refusal
from wealthsources_simulator.history.kucoin import KuCoin

from .asking import BARS, asked, at, opens, told

KUCOIN, PATH = KuCoin(), "/api/v1/market/candles"
PAIR = {"symbol": "BTC-USDT", "type": "1min"}


def test_the_newest_come_first_the_end_is_exclusive_and_quiet_windows_have_no_row():
    assert opens(asked(KUCOIN, PATH, startAt=at(5) // 1000, endAt=at(8) // 1000, **PAIR)[0]) == [7, 6, 5]
    assert opens(asked(KUCOIN, PATH, startAt=at(56) // 1000, **PAIR)[0]) == [59, 57, 56]


def test_a_row_is_time_open_close_high_low_volume():
    bar = BARS[0]
    _, answer = asked(KUCOIN, PATH, **PAIR)
    row = answer["data"][-1]
    assert row[:6] == [str(bar.open_time // 1000), bar.open, bar.close, bar.high, bar.low, bar.volume]


def test_symbols_are_listed_and_others_are_unknown():
    assert [each["symbol"] for each in told(KUCOIN, "/api/v2/symbols")["data"]] == ["BTC-USDT", "BTC-USDC"]
    with pytest.raises(Refusal):
        asked(KUCOIN, PATH, symbol="FOO-USDT", type="1min")
    with pytest.raises(Refusal):
        told(KUCOIN, "/api/v1/other")
