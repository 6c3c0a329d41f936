"""What is usual where a symbol is traded."""

from __future__ import annotations

import pytest

from wealthsources import Market
from wealthsources.model.markets import ALL_ALIKE, Fitting, Listed, Markets

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


def listed(*symbols: str, continuous: bool | None = None) -> Listed:
    return Listed(lambda: symbols, continuous)


def test_where_nothing_is_said_the_sources_that_list_a_symbol_say_whether_its_market_is_continuous():
    markets = Markets(says_continuous=False)
    markets.know({"kraken": listed("BTC/USD", continuous=False), "live": listed("ETHUSDT")})
    assert not markets.all_alike
    assert [markets.of(symbol).continuous for symbol in ("BTC/USD", "BTCUSD", "ETHUSDT")] == [False, False, True]


def test_an_outage_of_one_source_never_passes_for_the_quiet_of_another():
    markets = Markets(says_continuous=False)
    markets.know({"binance": listed("BTCUSDT", continuous=True), "kraken": listed("BTC/USDT", continuous=False)})
    assert markets.of("BTCUSDT").continuous
    markets.know({"ours": listed("BTCUSDT"), "kraken": listed("BTC/USDT", continuous=False)})
    assert markets.of("BTCUSDT").continuous


def test_sources_that_are_not_live_have_no_say():
    markets = Markets(says_continuous=False)
    archive = Listed(lambda: ("BTC/USDT",), None, live=False)
    markets.know({"kraken": listed("BTC/USDT", continuous=False), "archive": archive})
    assert not markets.of("BTC/USDT").continuous


def test_what_a_deployment_says_goes_before_it():
    markets = Markets(Market(continuous=True), says_continuous=True)
    markets.know({"kraken": listed("BTC/USD", continuous=False)})
    assert markets.all_alike
    assert markets.of("BTC/USD").continuous


def test_a_market_that_says_something_else_leaves_it_to_the_sources():
    markets = Markets(others=[Fitting(("BTC*",), SPREAD, says_continuous=False)], says_continuous=False)
    markets.know({"kraken": listed("BTC/USD", continuous=False)})
    assert markets.of("BTC/USD") == Market("any", continuous=False)


def test_a_pattern_may_name_the_source_that_lists_the_symbol():
    quiet = Market(continuous=False)
    markets = Markets(others=[(["binance:BTC*"], quiet)])
    markets.know({"Binance": listed("BTCUSDT", "ETHUSDT"), "okx": listed("BTC-USDC")})
    assert [markets.of(symbol).continuous for symbol in ("btc-usdt", "ETHUSDT", "BTC-USDC")] == [False, True, True]
