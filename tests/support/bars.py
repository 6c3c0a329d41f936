"""Hours of one symbol, counted from one hour in 2020, and the bars that opened then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from wealthsources import Bar, Bars, Timeframe

MINUTE = 60_000
HOUR = 3_600_000
DAY = 24 * HOUR
FRAME = Timeframe("1h")
#: 2020-09-13 12:00 UTC.
T0 = 1_600_000_000_000 // HOUR * HOUR
#: 2024-01-01 00:00 UTC.
MONDAY = 1_704_067_200_000


def ms(*date: int) -> int:
    """A UTC time in ms: `ms(2024, 2, 29, 12)`."""
    return int(dt.datetime(*date, tzinfo=dt.UTC).timestamp()) * 1000


def at(place: int) -> int:
    """When hour number `place` begins, ms."""
    return T0 + place * HOUR


def sources(bars: Iterable[Bar]) -> list[str]:
    """Who each of these bars is from."""
    return [bar.source for bar in bars]


def places(bars: Bars) -> list[int]:
    """Which hours these bars are of."""
    return [(int(time) - T0) // HOUR for time in bars.open_times]


def record(place: int, **changes: Any) -> Mapping[str, Any]:
    """Hour number `place` as a source may have it: values as text, and nothing said of whether it is closed."""
    values = {"open": "10.50", "high": "12", "low": "9.000", "close": "11.1", "volume": "3"}
    return {"open_time": at(place), **values, **changes}


def recorded(count: int = 5) -> Bars:
    """The first `count` hours, made of such records."""
    return Bars.from_records("BTCUSDT", "1h", [record(place) for place in range(count)])


def moving(*wanted: int, by: int = 0, closed: bool | None = True) -> Bars:
    """The bars of these hours, no two of them alike, as a source has them that labels each `by` hours later."""
    numbers = [float(100 + 3 * (place - by)) for place in wanted]
    columns = [[number + more for number in numbers] for more in (0, 2, -1, 1, 50)]
    return Bars.from_columns("BTCUSDT", "1h", [at(place) for place in wanted], *columns, closed=closed)


def hourly(
    *wanted: int, price: float = 10.0, volume: float = 1.0, closed: bool | None = None, symbol: str = "BTCUSDT"
) -> Bars:
    """The bars of these hours, all four prices of each the same; by default nothing is said of whether they are closed.

    Taken as they come, so that a test can have them out of order.
    """
    prices, volumes = [price] * len(wanted), [volume] * len(wanted)
    times = [at(place) for place in wanted]
    return Bars.from_columns(symbol, "1h", times, prices, prices, prices, prices, volumes, closed=closed)
