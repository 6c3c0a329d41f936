from __future__ import annotations

from hypothesis import given, strategies as st

from wealthsources_ccxt.redact import make_redact


def test_a_secret_is_taken_out_whole_and_in_pieces():
    redact = make_redact(["abcdefghijklmnop", "short"])
    assert redact("key abcdefghijklmnop, short") == "key ***, ***"
    assert redact("cut: cdefghijkl!") == "cut: ***!"


def test_the_query_of_an_address_is_taken_out():
    told = make_redact([])("binance GET https://x/api?symbol=A&signature=0123 400")
    assert told == "binance GET https://x/api?… 400"


def test_a_text_is_one_line_and_not_long():
    assert make_redact([])("a\nb\x1b[2J") == "a b\N{REPLACEMENT CHARACTER}[2J"
    assert len(make_redact([])("x" * 5_000)) == 300


@given(st.text("abcdef0123", min_size=8, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_a_secret_is_never_in_what_comes_out(secret, before, after):
    assert secret not in make_redact([secret])(f"{before}{secret}{after}")


def test_a_secret_of_several_lines_is_found():
    assert make_redact(["ab\ncdefghi"])("key ab\ncdefghi is wrong") == "key *** is wrong"


def test_of_a_text_without_end_only_the_beginning_is_looked_at():
    told = make_redact(["a-secret-of-mine"])("x" * 10_000_000 + "a-secret-of-mine")
    assert told == "x" * 299 + "…"


def test_a_secret_that_the_cut_goes_through_is_not_shown():
    for filler in range(1_150, 1_200):
        assert "a-secret" not in make_redact(["a-secret-of-mine"])("?" + "y" * filler + " a-secret-of-mine")
