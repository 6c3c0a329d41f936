"""Two spellings of one symbol."""

from __future__ import annotations

import pytest

from wealthsources import match_symbol


@pytest.mark.parametrize("spelling", ["BTCUSDT", "BTC/USDT", "BTC-USDT", "btcusdt", "btc_usdt"])
def test_a_symbol_is_found_in_any_spelling(spelling):
    assert match_symbol(spelling, ["ETHUSDT", "BTCUSDT"]) == "BTCUSDT"


def test_the_exact_spelling_wins_and_an_ambiguous_one_is_none():
    assert match_symbol("BTC-USDT", ["BTCUSDT", "BTC-USDT"]) == "BTC-USDT"
    assert match_symbol("btcusdt", ["BTCUSDT", "BTC-USDT"]) is None
    assert match_symbol("XRPUSDT", ["BTCUSDT"]) is None


@pytest.mark.parametrize("separator", ["-", "_", "/", ".", " ", ":"])
def test_every_separator_is_no_difference(separator):
    assert match_symbol(f"btc{separator}usdt", ["BTCUSDT"]) == "BTCUSDT"
    assert match_symbol("btcusdt", [f"BTC{separator}USDT"]) == f"BTC{separator}USDT"


def test_any_other_letter_is_a_difference():
    assert match_symbol("BTC+USDT", ["BTCUSDT"]) is None
    assert match_symbol("BTCUSD", ["BTCUSDT"]) is None


def test_where_no_symbol_is_known_none_is_meant():
    assert match_symbol("BTCUSDT", []) is None
