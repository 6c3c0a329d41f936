"""What is taken out of texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from wealthsources import Redactor
from wealthsources.model.redact import _without

SECRETS = st.text(min_size=8, max_size=40)


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_no_eight_characters_of_a_secret_are_left(secret, before, after):
    redact = Redactor(secret)
    for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        shown = redact(before + form + after)
        assert [form[at : at + 8] for at in range(len(form) - 7) if form[at : at + 8] in shown] == []


@given(st.data(), st.text("ab\n\u00e9\U0001f600", min_size=8, max_size=12), st.text("ab\u00e9\ud800", max_size=40))
def test_a_piece_of_a_secret_is_found_wherever_it_stands(data, secret, text):
    """Texts in which no secret can be are passed over, and only those."""
    start = data.draw(st.integers(0, len(secret) - 8))
    piece, place = secret[start : start + 8], data.draw(st.integers(0, len(text)))
    for redact in (Redactor(secret), Redactor("")):
        redact.hide(secret)
        assert piece not in redact(text[:place] + piece + text[place:])
        assert redact(text) == _without(redact._all, text)


@given(st.text())
def test_without_a_secret_texts_stay_as_they_are(text):
    assert Redactor("")(text) == text


@given(st.text(st.characters(exclude_characters="<>*", codec="utf-8"), min_size=1, max_size=7))
def test_a_short_one_is_taken_out_where_it_stands_alone(secret):
    redact = Redactor(secret)
    for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1]):
        assert redact(f"<{form}>") == "<***>"


@pytest.mark.parametrize("secret", ["t", "the", "server", "bar", "1", "e"])
def test_a_short_one_leaves_other_words_readable(secret):
    line = "theatre observer barter 10:12 wss://market.example/market_data: connected after 12 attempts"
    assert Redactor(secret)(line) == line


def test_a_short_one_is_taken_out_of_what_repeats_it():
    redact = Redactor("t0k")
    assert redact('{"csrf_token":"t0k"} t0k, (t0k) token=t0k.') == '{"csrf_token":"***"} ***, (***) token=***.'


def test_a_short_one_before_leaves_the_present_one_as_it_is():
    redact = Redactor("the-new-token", "t")
    assert redact("t: the server says: the-new-token is not the-new-to") == "***: the server says: *** is not ***"


def test_the_secret_before_the_present_one_is_taken_out_too():
    assert Redactor("the-new-one", "the-old-one")("the-old-one, the-new-one") == "***, ***"


def test_what_is_hidden_later_is_taken_out_too_until_others_were_hidden_after_it():
    redact = Redactor("the-first-secret")
    redact.hide("a-token-of-one-connection")
    assert redact("token a-token-of-one-connection of the-first-secret") == "token *** of ***"
    for number in range(20):
        redact.hide(f"a-token-{number:08}")
    assert redact("a-token-00000019") == "***"
    assert redact("a-token-of-one-connection") != "***"


def test_a_secret_of_several_lines_is_taken_out_as_it_is_and_as_json_has_it():
    secret = "line-one\nline-two"
    assert Redactor(secret)(f"a {secret} b {json.dumps(secret)}") == 'a *** b "***"'
