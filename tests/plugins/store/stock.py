"""Bars to store, and what is in a store, in short words."""

from __future__ import annotations

from typing import Any

from wealthsources import Bars, Timeframe
from wealthsources_store.database import Database
from wealthsources_store.reading import read
from wealthsources_store.writing import Batch, Written, write

from ...support.bars import HOUR, at, record

FRAME = Timeframe("1h")
SYMBOL = "BTCUSDT"
#: Long after all bars of the tests.
NOW = at(1000)


def closes(values: dict[int, Any], source: str = "live", closed: bool | None = True, **more: Any) -> Bars:
    """Bars of these hours with that close, as text or as a number."""
    rows = [record(place, close=close, closed=closed, **more) for place, close in sorted(values.items())]
    return Bars.from_records(SYMBOL, FRAME, rows).named(SYMBOL, source)


def put(
    database: Database, values: dict[int, Any], known_at: int | None = None, now: int = NOW, **more: Any
) -> Written:
    """Write these closes as one batch."""
    return write(database, [Batch(closes(values, **more), known_at)], now)


def got(database: Database, **asked: Any) -> dict[int, str]:
    """The hours and closes that a reader finds."""
    asked = {"end": NOW, **asked}
    return {(bar.open_time - at(0)) // HOUR: bar.exact("close") for bar in read(database, SYMBOL, FRAME, **asked)}
