"""Addresses as others may read them."""

from __future__ import annotations

import pytest

from wealthsources_websocket.connection.redact import redact_url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("wss://market.example/data", "wss://market.example/data"),
        ("wss://market.example/data?token=secret", "wss://market.example/data?…"),
        ("wss://market.example/?", "wss://market.example/?…"),
    ],
)
def test_the_query_of_an_address_is_not_shown(url, shown):
    assert redact_url(url) == shown
