from __future__ import annotations

import pytest

from wealthsources_simulator.history.base import Refusal
from wealthsources_simulator.history.okx import Okx

from .asking import BARS, asked, at, opens, told

OKX = Okx()
CANDLES, HISTORY = "/api/v5/market/candles", "/api/v5/market/history-candles"
SPOT = {"instId": "BTC-USDT", "bar": "1m"}


def test_bounds_are_exclusive_and_the_newest_come_first():
    assert opens(asked(OKX, CANDLES, before=at(5), after=at(9), **SPOT)[0]) == [8, 7, 6]
    assert opens(asked(OKX, CANDLES, before=at(5), after=at(9), limit=2, **SPOT)[0]) == [8, 7]


def test_only_recent_bars_have_one_that_is_forming_and_each_says_whether_it_is_closed():
    bars, answer = asked(OKX, CANDLES, limit=2, **SPOT)
    assert opens(bars) == [59, 58]
    assert [row[-1] for row in answer["data"]] == ["0", "1"]
    assert opens(asked(OKX, HISTORY, limit=1, **SPOT)[0]) == [58]


def test_a_row_of_contracts_has_these_before_the_volume_in_the_base():
    _, answer = asked(OKX, CANDLES, after=at(1), instId="ETH-USDT-SWAP", bar="1m")
    row, bar = answer["data"][0], BARS[0]
    assert row[:5] == [str(bar.open_time), bar.open, bar.high, bar.low, bar.close]
    assert float(row[5]) == pytest.approx(float(bar.volume) * 100)
    assert row[6] == bar.volume
    assert asked(OKX, CANDLES, after=at(1), **SPOT)[1]["data"][0][5] == bar.volume


def test_symbols_are_listed_by_kind_and_others_are_unknown():
    ids = [each["instId"] for each in told(OKX, "/api/v5/public/instruments", instType="SWAP")["data"]]
    assert ids == ["ETH-USDT-SWAP", "ETH-USDC-SWAP"]
    assert len(told(OKX, "/api/v5/public/instruments", instType="SPOT")["data"]) == 2
    with pytest.raises(Refusal):
        asked(OKX, CANDLES, instId="FOO-USDT", bar="1m")
    with pytest.raises(Refusal):
        told(OKX, "/api/v5/other")
