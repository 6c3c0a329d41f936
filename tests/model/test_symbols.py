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
