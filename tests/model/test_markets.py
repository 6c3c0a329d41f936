"""What is usual where a symbol is traded."""

from __future__ import annotations

import pytest

from wealthsources import Market
from wealthsources.model.markets import ALL_ALIKE, Markets

USUAL, SPREAD = Market(), Market(prices="any")


def test_where_nothing_is_said_prices_are_positive():
    assert ALL_ALIKE.of("BTCUSDT") == Market(prices="positive")


@pytest.mark.parametrize("symbol", ["XNYS:AAPL", "xnys:aapl", "XNYS:"])
def test_a_symbol_is_of_the_market_whose_pattern_it_fits_in_any_case(symbol):
    assert Markets(others=[(["XNYS:*"], SPREAD)]).of(symbol) is SPREAD


@pytest.mark.parametrize("symbol", ["XNYSAAPL", "AXNYS:AAPL", "BTCUSDT"])
def test_another_symbol_is_of_the_default_one(symbol):
    assert Markets(SPREAD, [(["XNYS:*"], USUAL)]).of(symbol) is SPREAD


def test_the_first_market_that_fits_counts():
    markets = Markets(others=[(["A*", "B?"], USUAL), (["*"], SPREAD)])
    assert [markets.of(symbol) for symbol in ("A1", "B1", "B12")] == [USUAL, USUAL, SPREAD]
