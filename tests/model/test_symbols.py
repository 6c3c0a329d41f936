"""Two spellings of one symbol."""

from __future__ import annotations

import pytest

from wealthsources import match_symbol, spell_stock
from wealthsources.model.symbols import states_base


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


@pytest.mark.parametrize(
    ("symbol", "other"),
    [
        ("BTCB/USD", "BTC-BUSD"),
        ("btcb_usd", "BTC/BUSD"),
        ("ABC/D", "A-BC-D"),
        ("BTC-USDT-SWAP", "BTCUSDT-SWAP"),
        ("BTC/USDT:USDT", "BTC/USDTU:SDT"),
    ],
)
def test_spellings_that_disagree_on_where_the_base_ends_are_two_symbols(symbol, other):
    assert match_symbol(symbol, [other]) is None
    assert match_symbol(other, [symbol]) is None


@pytest.mark.parametrize(
    ("symbol", "other"),
    [
        ("BTCB/USD", "BTCB-USD"),
        ("BTCBUSD", "BTC-BUSD"),
        ("BTC-USDT-SWAP", "BTC/USDTSWAP"),
        ("BTC/USDT:USDT", "btc-usdt-usdt"),
    ],
)
def test_spellings_that_agree_as_far_as_both_say_it_may_be_one(symbol, other):
    assert match_symbol(symbol, [other]) == other
    assert match_symbol(other, [symbol]) == symbol


def test_one_that_says_nothing_of_its_base_may_be_two_and_is_none():
    assert match_symbol("BTCBUSD", ["BTC-BUSD", "BTCB-USD"]) is None
    assert match_symbol("BTCB/USD", ["BTC-BUSD", "BTCB-USD"]) == "BTCB-USD"


@pytest.mark.parametrize("symbol", ["../X", "/X", "X/", "./X", "X/../Y", "X//Y", "-X", "X-", ".", " X", "X\n", "X\\Y"])
def test_what_cannot_be_a_symbol_is_like_no_other(symbol):
    plain = "".join(letter for letter in symbol if letter.isalnum())
    assert match_symbol(symbol, [plain, "X", "XY", "X-Y"]) is None
    assert match_symbol(plain or "X", [symbol]) is None


def test_what_cannot_be_a_symbol_elsewhere_is_found_by_its_own_spelling():
    assert match_symbol("^GSPC", ["^GSPC", "GSPC"]) == "^GSPC"
    assert match_symbol("GSPC", ["^GSPC"]) is None


@pytest.mark.parametrize(("one", "other"), [("STRASSE", "STRA\u00dfE"), ("SOL", "\u017fOL"), ("K", "\u212a")])
def test_letters_that_only_unicode_takes_for_one_are_two(one, other):
    assert match_symbol(one, [other]) is None


@pytest.mark.parametrize(("symbol", "states"), [("BTC-USDT", True), ("BTCUSDT", False), ("^X-Y", False), ("-X", False)])
def test_a_separator_tells_where_the_base_ends(symbol, states):
    assert states_base(symbol) is states


@pytest.mark.parametrize(
    ("said", "theirs"), [("aapl", "AAPL"), ("BRK.B", "BRK.B"), ("BCpC", "BCpC"), ("brk.b", "BRK.B")]
)
def test_a_stock_is_in_capitals_unless_its_small_letters_say_something(said, theirs):
    assert spell_stock(said) == theirs


@pytest.mark.parametrize("said", ["", "AAPL,MSFT", "*", "../X", "A B", "AAPL?x=1", ".A", "A/B"])
def test_what_would_ask_for_something_else_is_no_stock(said):
    with pytest.raises(ValueError, match=r"can be no symbol of a stock; write it like SPY or BRK\.B"):
        spell_stock(said)
