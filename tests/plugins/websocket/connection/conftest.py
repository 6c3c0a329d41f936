"""Delays that are listed instead of drawn, and a clock that a test can move on."""

from __future__ import annotations

import time

import pytest

from wealthsources_websocket.connection.reconnect import Backoff


class Stepped:
    """Goes on by itself, and by steps. One of more than `pong_timeout` is a time that a client stood still."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead

    def step(self, seconds: float) -> None:
        self.ahead += seconds


@pytest.fixture
def clock(policies):
    """The monotonic clock of the clients."""
    policies["monotonic"] = stepped = Stepped()
    return stepped


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
