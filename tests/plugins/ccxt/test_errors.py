from __future__ import annotations

import datetime as dt

import ccxt
import pytest

from wealthsources_ccxt.errors import date_of, in_our_words, rest_of
from wealthsources_ccxt.redact import make_redact
from wealthsources_ccxt.sockets import Heard

NOW = dt.datetime(2027, 1, 15, 8, 0, tzinfo=dt.UTC)
DATE = {"Date": "Fri, 15 Jan 2027 07:59:00 GMT"}


@pytest.mark.parametrize(
    ("error", "heard", "told"),
    [
        (ccxt.ExchangeNotAvailable("x"), Heard(451), "not to be had from where this machine is (HTTP 451); name its"),
        (ccxt.InvalidNonce("x"), Heard(400, DATE), "the clock of this machine is 60 s fast; set it"),
        (ccxt.InvalidNonce("x"), Heard(400), "the clock of this machine is off; set it"),
        (ccxt.DDoSProtection("x"), Heard(429, {"Retry-After": "30"}), "asks to be left alone for 30 s (HTTP 429)"),
        (ccxt.RateLimitExceeded("x"), Heard(200), "is asked too often, not for how long"),
        (ccxt.PermissionDenied("x"), Heard(403), "the key may not do this (HTTP 403): give it the right to read"),
        (ccxt.PermissionDenied("x"), Heard(403), "or a plan that has this"),
        (ccxt.BadResponse("x"), Heard(200), "answered with what cannot be right (HTTP 200)"),
        (ccxt.AuthenticationError("x"), Heard(401), "turned the key down (HTTP 401): it is wrong or has expired"),
        (ccxt.BadSymbol("x"), Heard(400), "does not have this symbol any more"),
        (ccxt.RequestTimeout("x"), Heard(), "gave no answer in time"),
        (ccxt.ExchangeNotAvailable("x"), Heard(502), "does not work at present (HTTP 502)"),
        (ccxt.NetworkError("x"), Heard(), "cannot be reached"),
        (KeyError("x"), Heard(200), "could not answer (HTTP 200)"),
    ],
)
def test_an_error_says_what_is_wrong_and_what_to_do(error, heard, told):
    assert told in str(in_our_words(error, heard, "binance", make_redact([]), NOW))


def test_a_secret_is_not_in_it():
    error = ccxt.AuthenticationError("binance GET https://x/y?apiKey=abcdefghij wrong key abcdefghij")
    told = str(in_our_words(error, Heard(401), "binance", make_redact(["abcdefghij"]), NOW))
    assert "abcdefghij" not in told
    assert "wrong key ***" in told


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("Fri, 15 Jan 2027 08:02:00 GMT", 120), ("Fri, 15 Jan 2027 07:00:00 GMT", 0), ("soon", 0), ("-3", 0)],
)
def test_how_long_to_leave_it_alone(text, seconds):
    assert rest_of(Heard(503, {"Retry-After": text}), NOW) == seconds


def test_a_rest_is_a_day_at_most_and_of_an_answer_it_is_none():
    assert rest_of(Heard(429, {"Retry-After": "9999999"}), NOW) == 86_400
    assert rest_of(Heard(200, {"Retry-After": "30"}), NOW) == 0
    assert rest_of(Heard(), NOW) == 0


def test_the_servers_time():
    assert date_of(DATE) == 1_799_999_940_000
    assert date_of({"Date": "late"}) is None
    assert date_of({}) is None
