from __future__ import annotations

import pytest

from wealthsources import Timeframe
from wealthsources_simulator.history.base import Ask, Refusal
from wealthsources_simulator.history.coinbase import Coinbase
from wealthsources_simulator.history.truth import Truth
from wealthsources_simulator.invented import invent_bars

from .asking import BARS, asked, at, opens, told

COINBASE = Coinbase()
PRODUCTS = "/api/v3/brokerage/market/products"
PATH = f"{PRODUCTS}/BTC-USDT/candles"


def test_bounds_are_inclusive_the_newest_come_first_and_quiet_windows_have_no_row():
    bars, answer = asked(COINBASE, PATH, start=at(56) // 1000, end=at(58) // 1000, granularity="ONE_MINUTE")
    assert opens(bars) == [57, 56]
    assert answer["candles"][1]["start"] == str(at(56) // 1000)
    assert answer["candles"][1]["volume"] == BARS[56].volume


def test_too_long_a_span_is_turned_down():
    bars = invent_bars("X", Timeframe("1m"), 400, 1)
    truth = Truth({("BTC/USDT", "1m"): bars}, bars[-1].end)
    with pytest.raises(Refusal):
        COINBASE.page(Ask(PATH, {"start": "0", "end": "9999999999", "granularity": "ONE_MINUTE"}), truth)


def test_symbols_are_listed_and_others_are_unknown():
    assert told(COINBASE, PRODUCTS)["num_products"] == 2
    assert told(COINBASE, PRODUCTS, product_type="FUTURE")["products"] == []
    with pytest.raises(Refusal):
        asked(COINBASE, f"{PRODUCTS}/FOO-USD/candles", granularity="ONE_MINUTE")
    with pytest.raises(Refusal):
        told(COINBASE, "/other")
