"""What a token may be."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from wealthsources_websocket.token_rules import LONGEST, BadToken, check_token


def check(token: object, *, short: bool = False) -> str:
    return check_token(token, lambda: short)


def refusal(token: object, *, short: bool = False) -> str:
    with pytest.raises(BadToken) as caught:
        check(token, short=short)
    return str(caught.value)


@pytest.mark.parametrize("token", ["12345678", "of the environment", "a" * LONGEST, "тайный-ключ", "{}[]\"'%s\\", ""])
def test_a_token_that_can_be_one_is_taken_as_it_is(token):
    assert check(token) == token


@pytest.mark.parametrize("token", ["t", "1234567", "{}"])
def test_one_that_could_not_be_kept_out_of_a_log_is_refused_where_it_may_be_a_secret(token):
    assert "fewer than 8 characters" in refusal(token)
    assert check(token, short=True) == token


def test_whether_it_may_be_short_is_asked_of_a_short_one_only():
    check_token("long-enough", lambda: pytest.fail("it was asked"))


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("   ", "is blank"),
        ("\n\t", "is blank"),
        ("first-line\nsecond-line", "has 2 lines"),
        ("first-line\r\n\r\nsecond-line", "has 3 lines"),
        (" a-secret-token", "begins or ends with a blank"),
        ("a-secret-token\n", "begins or ends with a blank"),
        ("a-secret\x00token", "cannot be printed"),
        ("a-secret\ttoken", "cannot be printed"),
        ("a" * (LONGEST + 1), "more than 65,536 characters"),
        (None, "is no text, but of type NoneType"),
        (b"a-secret-token", "is no text, but of type bytes"),
        (SecretStr("a-secret-token"), "is no text, but of type SecretStr"),
    ],
)
def test_what_no_token_can_be_is_refused_and_not_shown(token, why):
    for short in (False, True):
        said = refusal(token, short=short)
        assert why in said
        assert "secret" not in said.replace("it is no secret", "")
        assert "line" not in said.replace(" lines", "")
