"""Events of every kind, as a session hands them out: for what takes events."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

from wealthsources.model.bars import Bar, Bars
from wealthsources.model.events import Event
from wealthsources.model.holes import Hole
from wealthsources.model.timeframe import Timeframe

#: 2027-01-15 08:00 UTC.
_BEGIN = 1_800_000_000_000
_HOUR = Timeframe("1h")


def closed_bars(count: int, symbol: str = "BTCUSDT", source: str = "live") -> list[Event]:
    """So many closed bars of one series, one after the other, each known when it ends."""
    return [_told(bar, source) for bar in _bars(count, symbol)]


def every_kind(source: str = "live") -> list[Event]:
    """An event of each kind, and such as come seldom: without a time, of no series, of a kind that is new."""
    bar, later = _bars(2, "BTCUSDT")
    told = _told(bar, source)
    hole = Hole(bar.end, bar.end + 2 * _HOUR.milliseconds, 2)
    forming = dataclasses.replace(later, closed=False)
    return [
        Event("state", source, state="connected", known_at=bar.end),
        told,
        _told(dataclasses.replace(bar, close=bar.high, revision=1), source),  # corrected
        _told(forming, source),
        dataclasses.replace(told, known_at=None),
        Event("hole", source, bar.symbol, _HOUR, hole=hole, known_at=bar.end),
        Event("filled", source, bar.symbol, _HOUR, hole=hole, reason="archive: 2 bars", known_at=bar.end),
        Event("state", source, state="reconnecting", reason="the server went away \N{BELL}", known_at=bar.end),
        dataclasses.replace(told, source="somebody else"),
        Event(cast("Any", "surprise"), source),
    ]


def _bars(count: int, symbol: str) -> list[Bar]:
    times = [_BEGIN + place * _HOUR.milliseconds for place in range(count)]
    columns: list[list[float]] = [[value] * count for value in (10.0, 12.0, 9.0, 11.0, 3.0)]
    return list(Bars.from_columns(symbol, _HOUR, times, *columns, closed=True))


def _told(bar: Bar, source: str) -> Event:
    return Event("bar", source, bar.symbol, bar.timeframe, bar, known_at=bar.end, epoch=1)
