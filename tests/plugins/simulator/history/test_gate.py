from __future__ import annotations

import pytest

from wealthsources_simulator.history.base import Refusal
from wealthsources_simulator.history.gate import Gate

from .asking import BARS, asked, at, opens, told

GATE = Gate()
SPOT, PERPS = "/api/v4/spot/candlesticks", "/api/v4/futures/usdt/candlesticks"
PAIR = {"currency_pair": "BTC_USDT", "interval": "1m"}


def test_bounds_are_inclusive_in_seconds_and_the_oldest_come_first():
    assert opens(asked(GATE, SPOT, from_=at(5) // 1000, to=at(7) // 1000, **PAIR)[0]) == [5, 6, 7]
    assert opens(asked(GATE, SPOT, limit=2, **PAIR)[0]) == [58, 59]


def test_a_limit_beside_bounds_is_turned_down():
    with pytest.raises(Refusal):
        asked(GATE, SPOT, from_=1, limit=5, **PAIR)


def test_too_long_a_span_is_turned_down(monkeypatch):
    monkeypatch.setattr("wealthsources_simulator.history.gate._MOST", {"/api/v4/spot": 10})
    with pytest.raises(Refusal):
        asked(GATE, SPOT, from_=1, **PAIR)


def test_a_spot_row_has_the_base_last_and_says_whether_it_is_closed():
    bar = BARS[0]
    _, rows = asked(GATE, SPOT, **PAIR, limit=60)
    assert rows[0][:1] + rows[0][2:] == [
        str(bar.open_time // 1000),
        *(bar.close, bar.high, bar.low, bar.open, bar.volume, "true"),
    ]
    assert rows[-1][-1] == "false"


def test_a_row_of_contracts_counts_these():
    _, rows = asked(GATE, PERPS, contract="ETH_USDT", interval="1m", limit=60)
    assert rows[0]["v"] == round(float(BARS[0].volume) * 1000)
    assert rows[0]["o"] == BARS[0].open


def test_symbols_are_listed_and_others_are_unknown():
    assert [each["id"] for each in told(GATE, "/api/v4/spot/currency_pairs")] == ["BTC_USDT", "BTC_USDC"]
    assert told(GATE, "/api/v4/futures/usdt/contracts")[0]["quanto_multiplier"] == "0.001"
    assert told(GATE, "/api/v4/margin/currency_pairs") == []
    with pytest.raises(Refusal):
        asked(GATE, SPOT, currency_pair="FOO_USDT", interval="1m")
    with pytest.raises(Refusal):
        told(GATE, "/api/v4/other")
