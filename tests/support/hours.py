"""Trading hours for tests: small ones, made by hand, of which every span can be listed."""

from __future__ import annotations

import datetime as dt

import numpy as np

from wealthsources import TradingHours

MINUTE = 60_000


def utc(*moment: int) -> int:
    """A time of UTC in ms: utc(2026, 9, 30, 7). Minute 60 is that of the next hour."""
    date, hour, minute = moment[:3], *(*moment[3:], 0, 0)[:2]
    return round(dt.datetime(*date, tzinfo=dt.UTC).timestamp() * 1000) + (hour * 60 + minute) * MINUTE


def hours_of(days: dict[str, list[tuple[str, str]]], name: str = "TEST", zone: str = "UTC") -> TradingHours:
    """Of dates like 2024-01-02, each with the spans in which it is open, UTC, as ("09:30", "11:30").

    A span like ("-23:00", "08:00") opens the evening before.
    """
    opens, ends, day_of = [], [], []
    for number, (date, spans) in enumerate(days.items()):
        midnight = utc(*map(int, date.split("-")))
        for begin, end in spans:
            opens.append(midnight + _ms(begin.removeprefix("-")) - (86_400_000 if begin.startswith("-") else 0))
            ends.append(midnight + _ms(end))
            day_of.append(number)
    dates = np.array([np.datetime64(date, "D").astype(np.int64) for date in days])
    arrays = (np.array(each, dtype=np.int64) for each in (opens, ends, day_of))
    return TradingHours.of(name, zone, *arrays, dates, int(dates[0]), int(dates[-1]))


def _ms(clock: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    return (hours * 60 + minutes) * MINUTE
