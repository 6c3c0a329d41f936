from __future__ import annotations

import functools

from wealthsources import Timeframe
from wealthsources_simulator import Market
from wealthsources_simulator.history.truth import Traded, Truth
from wealthsources_simulator.invented import invent_bars

BARS = invent_bars("X", Timeframe("1m"), 5, 1)


def test_what_has_not_opened_is_not_there_and_what_has_not_ended_is_half_way():
    truth = Truth({("BTC/USDT", "1m"): BARS}, BARS[2].open_time)
    shown = truth.bars("BTC/USDT", "1m")
    assert shown[:2] == BARS[:2]
    assert shown[2].open_time == BARS[2].open_time
    assert shown[2] != BARS[2]
    assert len(shown) == 3


def test_its_time_may_be_told_by_a_function():
    now = [BARS[0].end]
    truth = Truth({("BTC/USDT", "1m"): BARS}, lambda: now[0])
    assert truth.bars("BTC/USDT", "1m")[0] == BARS[0]
    now[0] = BARS[-1].end
    assert truth.bars("BTC/USDT", "1m") == BARS
    assert truth.bars("ETH/USDT", "1m") == []


def test_spot_and_contracts_are_told_apart():
    truth = Truth({("BTC/USDT", "1m"): BARS, ("BTC/USDT", "5m"): [], ("ETH/USDT:USDT", "1m"): []}, 0)
    assert truth.traded(contracts=False) == [Traded("BTC/USDT", "BTC", "USDT", "")]
    assert truth.traded(contracts=True) == [Traded("ETH/USDT:USDT", "ETH", "USDT", "USDT")]


def test_it_may_be_that_of_a_market_that_is_played():
    market = Market.made(["X"], "1m", 5)
    bars = functools.partial(market.all, ("X", "1m"))
    truth = Truth({("BTC/USDT", "1m"): bars}, lambda: max((bar.end for bar in bars()), default=0))
    assert truth.bars("BTC/USDT", "1m") == []
    market.play(3)
    assert truth.bars("BTC/USDT", "1m") == market.all(("X", "1m"))
    assert len(bars()) == 3
