"""TradingHours: when a market is open, as numbers. Where they come from is not known here."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import zoneinfo
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources.model.times import EARLIEST_TIME, LATEST_TIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

_DAY: Final = 24 * 60 * 60_000
#: 1970-01-01 was a Thursday; weeks begin on Monday.
_TO_MONDAY: Final = 3

_known: Final[dict[tuple[str, bytes], TradingHours]] = {}


@dataclasses.dataclass(frozen=True, eq=False)
class TradingHours:
    """The trading days of a market, and the spans of each in which it is open, split by its breaks.

    name         of the calendar, as in `XSHG`
    zone         the market's time zone, as in `Asia/Shanghai`
    opens, ends  of each span, ms, in order
    day_of       for each span the place of its day in `dates`
    dates        the date of each trading day, in days since 1970-01-01. What is traded at night is of the next day
    first, last  the dates, in days, from and up to which it is known which days are trading days

    `TradingHours.of` gives the one object that there is for the same hours in a process.
    """

    name: str
    zone: str
    opens: Integers
    ends: Integers
    day_of: Integers
    dates: Integers
    first: int
    last: int

    @classmethod
    def of(
        cls,
        name: str,
        zone: str,
        opens: Integers,
        ends: Integers,
        day_of: Integers,
        dates: Integers,
        first: int,
        last: int,
    ) -> TradingHours:
        """The one object of these hours."""
        made = cls(name, zone, opens, ends, day_of, dates, first, last)
        return _known.setdefault((name, b"".join(array.tobytes() for array in (opens, ends, dates))), made)

    def __reduce__(self) -> tuple[Callable[..., TradingHours], tuple[object, ...]]:
        return TradingHours.of, tuple(getattr(self, field.name) for field in dataclasses.fields(self))

    def __repr__(self) -> str:
        return f"TradingHours({self.name!r})"

    def dates_named(self, times: Integers) -> Integers:
        """The date, in days since 1970-01-01, of each time that is a midnight of UTC or of the zone; else -1."""
        days = np.where(times % _DAY == 0, times // _DAY, -1)
        zone = zoneinfo.ZoneInfo(self.zone)
        for place in np.flatnonzero((days < 0) & (times >= EARLIEST_TIME) & (times <= LATEST_TIME)).tolist():
            local = dt.datetime.fromtimestamp(int(times[place]) / 1000, zone).replace(tzinfo=dt.UTC)
            if local.time() == dt.time():
                days[place] = int(local.timestamp()) * 1000 // _DAY
        return days

    def days(self) -> tuple[Integers, Integers]:
        """When each trading day opens and ends, ms."""
        first = np.searchsorted(self.day_of, np.arange(len(self.dates)))
        return self.opens[first], self.ends[np.append(first[1:], len(self.ends)) - 1]

    def group_of(self, name: str, dates: Integers) -> Integers:
        """The day, week or month, by the timeframe's name, that each date is in, as a number."""
        return dates if name == "1d" else _weeks(dates) if name == "1w" else _months(dates)

    def windows(self, name: str) -> tuple[Integers, Integers]:
        """When each day, or whole week or month, opens with its first day and ends with its last one, ms.

        `name` is that of the timeframe: 1d, 1w, 1M.
        """
        opens, ends = self.days()
        keys = self.group_of(name, self.dates)
        before, after = self.group_of(name, np.array([self.first - 1, self.last + 1]))
        whole = (keys > before) & (keys < after)
        opens, ends, keys = opens[whole], ends[whole], keys[whole]
        first = np.flatnonzero(np.diff(keys, prepend=keys[:1] - 1))
        return opens[first], ends[np.append(first[1:], len(ends))[: len(first)] - 1]

    def dates_of(self, times: Integers) -> Integers:
        """The date of the trading day that holds each time, else of the next one; in days since 1970-01-01."""
        spans = np.searchsorted(self.ends, times, side="right")
        return self.dates[self.day_of[np.minimum(spans, len(self.ends) - 1)]]

    def opens_from(self, date: int) -> int:
        """When the first trading day of that date or later opens, ms; just after the last one if there is none."""
        day = int(np.searchsorted(self.dates, date))
        return int(self.days()[0][day]) if day < len(self.dates) else int(self.ends[-1]) + 1

    def ends_by(self, date: int) -> int:
        """When the last trading day of that date or an earlier one ends, ms; the first opening if there is none."""
        day = int(np.searchsorted(self.dates, date, side="right")) - 1
        return int(self.days()[1][day]) if day >= 0 else int(self.opens[0])

    def open_between(self, begin: int, end: int) -> int:
        """For how many ms of that span the market was open."""
        inside = np.minimum(self.ends, end) - np.maximum(self.opens, begin)
        return int(inside[inside > 0].sum())

    @functools.cached_property
    def longest_day(self) -> int:
        """For how many ms the market is open on a day, at most."""
        return int(np.bincount(self.day_of, weights=self.ends - self.opens).max())

    @functools.cached_property
    def known_until(self) -> int:
        """From then on it is not known when the market is open: the midnight of its zone after `last`, ms."""
        midnight = dt.datetime.combine(dt.date(1970, 1, 1) + dt.timedelta(days=self.last + 1), dt.time())
        return round(midnight.replace(tzinfo=zoneinfo.ZoneInfo(self.zone)).timestamp() * 1000)


def _weeks(days: Integers) -> Integers:
    return (days + _TO_MONDAY) // 7


def _months(days: Integers) -> Integers:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype("int64")
