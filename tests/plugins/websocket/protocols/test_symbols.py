"""Where the base of a symbol ends."""

from __future__ import annotations

import pytest

from wealthsources_websocket.protocols.symbols import join_symbol, split_symbol


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT", "btc/usdt"])
def test_all_usual_spellings_mean_one_pair(symbol):
    assert split_symbol(symbol) == ("BTC", "USDT")


@pytest.mark.parametrize(
    ("symbol", "pair"),
    [
        ("ETHBTC", ("ETH", "BTC")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("USDCUSDT", ("USDC", "USDT")),
        ("USDTUSD", ("USDT", "USD")),
        ("BTCUSD", ("BTC", "USD")),
        ("1000SATSUSDT", ("1000SATS", "USDT")),
        ("BTC-BUSD", ("BTC", "BUSD")),
        ("BTCB/USD", ("BTCB", "USD")),
    ],
)
def test_the_quote_is_the_longest_that_is_known_unless_the_symbol_tells(symbol, pair):
    assert split_symbol(symbol) == pair


@pytest.mark.parametrize("symbol", ["BTC", "USDT", "BTCXYZ", "BTC-USDT-SWAP", "", "BTC USDT", "../USDT", "BTC:USDT"])
def test_what_does_not_tell_is_refused_with_a_remedy(symbol):
    with pytest.raises(ValueError, match=r"write it like BTC-USDT, or map it"):
        split_symbol(symbol)


def test_a_pair_is_joined_as_an_exchange_writes_it():
    assert join_symbol("BTCUSDT", "/") == "BTC/USDT"
