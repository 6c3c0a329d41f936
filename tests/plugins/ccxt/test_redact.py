from __future__ import annotations

from hypothesis import given, strategies as st

from wealthsources_ccxt.redact import Redactor


def test_a_secret_is_taken_out_whole_and_in_pieces():
    redact = Redactor(["abcdefghijklmnop", "short"])
    assert redact("key abcdefghijklmnop, short") == "key ***, ***"
    assert redact("cut: cdefghijkl!") == "cut: ***!"


def test_the_query_of_an_address_is_taken_out():
    told = Redactor([])("binance GET https://x/api?symbol=A&signature=0123 400")
    assert told == "binance GET https://x/api?… 400"


def test_a_text_is_one_line_and_not_long():
    assert Redactor([])("a\nb\x1b[2J") == "a b\N{REPLACEMENT CHARACTER}[2J"
    assert len(Redactor([])("x" * 5_000)) == 300


@given(st.text("abcdef0123", min_size=8, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_a_secret_is_never_in_what_comes_out(secret, before, after):
    assert secret not in Redactor([secret])(f"{before}{secret}{after}")
