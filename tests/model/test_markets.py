"""What is usual where a symbol is traded."""

from __future__ import annotations

import pytest

from wealthsources import Market
from wealthsources.model.markets import ALL_ALIKE, Markets

QUIET, SPREAD = Market(continuous=False), Market(prices="any")


def test_where_nothing_is_said_every_window_has_a_bar_and_prices_are_positive():
    assert ALL_ALIKE.of("BTCUSDT") == Market(continuous=True, prices="positive")


@pytest.mark.parametrize("symbol", ["XNYS:AAPL", "xnys:aapl", "XNYS:"])
def test_a_symbol_is_of_the_market_whose_pattern_it_fits_in_any_case(symbol):
    assert Markets(others=[(["XNYS:*"], QUIET)]).of(symbol) is QUIET


@pytest.mark.parametrize("symbol", ["XNYSAAPL", "AXNYS:AAPL", "BTCUSDT"])
def test_another_symbol_is_of_the_default_one(symbol):
    assert Markets(SPREAD, [(["XNYS:*"], QUIET)]).of(symbol) is SPREAD


def test_the_first_market_that_fits_counts():
    markets = Markets(others=[(["A*", "B?"], QUIET), (["*"], SPREAD)])
    assert [markets.of(symbol) for symbol in ("A1", "B1", "B12")] == [QUIET, QUIET, SPREAD]
