"""What an ERROR of the server is about."""

from __future__ import annotations

import pytest

from wealthsources_websocket.protocols.wealthai import classify_error

# what a refusal means ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "bad csrf",
        "Invalid CSRF token",
        "token expired",
        "not authenticated",
        "Unauthenticated",
        "unauthorized",
        "Unauthorised",
        "NOT_AUTHORIZED",
        "invalid_auth",
        "Auth failed",
        "invalid credentials",
        "Forbidden",
    ],
)
def test_an_error_that_names_the_credential_is_about_the_credential(text):
    assert classify_error(text) == "auth"


@pytest.mark.parametrize("text", ["", "too many requests", "internal error", "maintenance", "hauth"])
def test_any_other_error_is_about_nothing_that_is_known(text):
    assert classify_error(text) == ""


@pytest.mark.parametrize("text", ["unknown symbol", "bad resolution", "too many subscriptions", "no such market"])
def test_an_error_that_names_what_was_asked_for_is_about_the_subscription(text):
    assert classify_error(text) == "subscription"
