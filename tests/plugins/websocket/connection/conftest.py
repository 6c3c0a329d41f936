"""Delays that are listed instead of drawn."""

from __future__ import annotations

import pytest

from wealthsources_websocket.connection.reconnect import Backoff


@pytest.fixture
def delays(policies):
    """Take the longest delay that the backoff allows, and list it."""
    asked: list[float] = []

    def longest(_least: float, most: float) -> float:
        asked.append(most)
        return most

    class Recorded(Backoff):
        def __init__(self, base: float, cap: float) -> None:
            super().__init__(base, cap, longest)

    policies["backoff"] = Recorded
    return asked
