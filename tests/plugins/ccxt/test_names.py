from __future__ import annotations

import pytest

from wealthsources import NotHere
from wealthsources_ccxt.names import Listed, Names, Unlisted

SPOT = [Listed("BTC/USDT", "BTCUSDT", "BTC", "USDT"), Listed("ETH/USDT", "ETHUSDT", "ETH", "USDT")]
SWAPS = [
    Listed("BTC/USDT:USDT", "BTC-USDT-SWAP", "BTC", "USDT"),
    Listed("BTC/USD:BTC", "BTC-USD-SWAP", "BTC", "USD"),
    Listed("BTC/USDC:USDC", "BTC_USDC-PERPETUAL", "BTC", "USDC"),
]


def names(markets, **explicit):
    return Names(markets, explicit, "okx", "spot")


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC-USDT", "BTC_USDT", "BTC/USDT", "btcusdt", "btc-usdt"])
@pytest.mark.parametrize(("markets", "meant"), [(SPOT, "BTC/USDT"), (SWAPS, "BTC/USDT:USDT")])
def test_any_spelling_finds_the_one_market_that_is_meant(symbol, markets, meant):
    assert names(markets).find(symbol).symbol == meant


def test_the_exchanges_own_name_and_ccxts_find_it():
    assert names(SWAPS).find("BTC-USDT-SWAP").symbol == "BTC/USDT:USDT"
    assert names(SWAPS).find("BTC/USDC:USDC").symbol == "BTC/USDC:USDC"


def test_what_the_options_say_comes_first():
    found = names(SWAPS, BTCUSDT="BTC/USDC:USDC")
    assert found.find("BTCUSDT").symbol == "BTC/USDC:USDC"
    assert found.symbols()[0] == "BTCUSDT"


def test_an_explicit_name_that_it_does_not_have_says_where_it_is_from():
    with pytest.raises(NotHere, match=r"no symbol 'X' \(symbols: 'BTCUSD'\); did you mean"):
        names(SPOT, X="BTCUSD").find("X")


def test_a_symbol_that_may_be_two_is_none():
    twins = [Listed("BTC/USDT:USDT", "A", "BTC", "USDT"), Listed("BTC/USDT:BTC", "B", "BTC", "USDT")]
    with pytest.raises(NotHere, match="may be BTC/USDT:BTC, BTC/USDT:USDT; say which under symbols:"):
        names(twins).find("BTCUSDT")


def test_a_base_that_ends_elsewhere_is_another_symbol():
    with pytest.raises(NotHere):
        names([Listed("BTC/BUSD", "BTC-BUSD", "BTC", "BUSD")]).find("BTCB/USD")


def test_an_unknown_symbol_is_told_with_the_nearest_one():
    with pytest.raises(NotHere, match="okx spot has no symbol 'BTCUSTD'; did you mean 'BTCUSDT'"):
        names(SPOT).find("BTCUSTD")
    with pytest.raises(NotHere, match="`wealthsources markets` lists its 2"):
        names(SPOT).find("../X")


def test_a_market_without_symbols_is_told():
    with pytest.raises(NotHere, match="no market at all; is it another word under market:"):
        names([]).find("BTCUSDT")


@pytest.mark.parametrize(
    ("symbol", "meant"), [("SPY", "SPY"), ("spy", "SPY"), ("BRK.B", "BRK.B"), ("BCpA", "BCpA"), ("MINE", "AAPL")]
)
def test_a_stock_that_is_in_no_list_is_taken_as_it_is_written(symbol, meant):
    assert Unlisted({"MINE": "AAPL"}, "alpaca", "iex").find(symbol).symbol == meant


@pytest.mark.parametrize("symbol", ["AAPL,MSFT", "AAPL/range", "../x", "", "*", "BTC/USD", "A?b=c", "Ä"])
def test_what_would_ask_for_something_else_is_no_stock(symbol):
    with pytest.raises(NotHere, match=r"alpaca iex: .* can be no symbol of a stock; write it like SPY or BRK.B"):
        Unlisted({}, "alpaca", "iex").find(symbol)


def test_of_stocks_the_symbols_are_those_that_the_options_name():
    assert Unlisted({"MINE": "AAPL"}, "alpaca", "iex").symbols() == ["MINE"]
