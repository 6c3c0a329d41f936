from __future__ import annotations

from wealthsources import (
    Timeframe,
)
from wealthsources.resolve.known_empty import KnownEmpty

FRAME = Timeframe("1h")


def test_spans_are_remembered_up_to_a_number(monkeypatch):
    monkeypatch.setattr("wealthsources.resolve.known_empty._MOST_EMPTIES", 10)
    known_empty = KnownEmpty()
    for number in range(100):
        known_empty.learn("s", f"SYMBOL{number}", FRAME, [(number, number)])
    assert sum(bool(known_empty.of("s", f"SYMBOL{number}", FRAME)) for number in range(100)) <= 10
