"""Which bars a call means: `count`, start and end dates, and what lies beyond now."""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING

import numpy as np

from wealthdata.arguments.dates import day_time, from_milliseconds, milliseconds, read_moment
from wealthdata.arguments.frequency import DAILY, DAY
from wealthdata.errors import FutureDataError, ParamsError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from wealthdata.binding.adapter_access import BarReader
    from wealthdata.settings import Settings
    from wealthsources import Timeframe


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """The newest `count` bars, or those with open_time >= `start`, that end by `end` (None: now). Times in ms.

    dates  the first and the last one, in days since 1970-01-01, where these were asked for; None: no date
    """

    count: int | None
    start: int | None = None
    end: int | None = None
    dates: tuple[int | None, int | None] = (None, None)

    def on(self, timeframe: Timeframe, now: Callable[[], int]) -> Span:
        """The same dates on a market with trading hours. Those without a trading day up to now are a span of no bar."""
        hours, (first, last) = timeframe.hours, self.dates
        if hours is None or (first is None and last is None):
            return self
        start, end = self.start, self.end if last is None else hours.ends_by(last)
        if first is not None:
            start = min(timeframe.floor(hours.opens_from(first)), now() if end is None else min(end, now()))
        return Span(self.count, start, end, self.dates)


def read_count(value: object, what: str = "count") -> int:
    """A whole number of at least 1; numpy's will do, a bool will not. Raises ParamsError."""
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise ParamsError(f"{what} must be a whole number, was {value!r}")
    number = operator.index(value)
    if number < 1:
        raise ParamsError(f"{what} must be at least 1, was {number}")
    return number


def read_span(
    reader: BarReader,
    settings: Settings,
    timeframe: Timeframe,
    count: object,
    start_date: object,
    end_date: object,
    names: tuple[str, str] = ("start_date", "end_date"),
) -> Span:
    """The bars that lie within the dates: start < label <= end for intraday ones, whole dates for longer ones.

    `names` are what the caller calls the dates. Raises ParamsError; FutureDataError for a start beyond now, and in a
    backtest for an end there; ClockError.
    """
    if start_date is None:
        number = settings.default_count if count is None else read_count(count)
        if end_date is None:
            return Span(number)
        dates = _Dates(reader, settings, timeframe, None, end_date, names)
        return Span(number, None, dates.end(), dates.days())
    if count is not None:
        raise ParamsError(f"give either count or {names[0]}, not both")
    dates = _Dates(reader, settings, timeframe, start_date, end_date, names)
    return Span(None, dates.start(), dates.end(), dates.days())


class _Dates:
    """The dates of one call as marks that can be compared: ms for intraday bars, days for longer ones."""

    def __init__(
        self,
        reader: BarReader,
        settings: Settings,
        timeframe: Timeframe,
        start_date: object,
        end_date: object,
        names: tuple[str, str],
    ) -> None:
        self._timeframe = timeframe
        self._daily = timeframe in DAILY
        first, last = names
        exact = not self._daily  # of longer bars the date counts, and that is what was written
        start = None if start_date is None else read_moment(start_date, first, settings.tz, exact=exact)
        end = None if end_date is None else read_moment(end_date, last, settings.tz, exact=exact)
        self._first = None if start is None else self._mark(start, up=True)
        self._last = None if end is None else self._mark(end)
        if self._first is not None and self._last is not None and self._first > self._last:
            raise ParamsError(f"{first} {start_date!r} is after {last} {end_date!r}")
        self._now = 0
        if start is None and reader.mode != "backtest":
            return  # live an end beyond now means now
        self._now = reader.now()
        now = from_milliseconds(self._now, settings.tz)
        for name, given, mark in ((first, start_date, self._first), (last, end_date, self._last)):
            if mark is not None and mark > self._mark(now) and (reader.mode == "backtest" or name is first):
                raise FutureDataError(_beyond(f"{name} {given!r}", now, settings.tz, reader.mode))

    def _mark(self, moment: dt.datetime, *, up: bool = False) -> int:
        return moment.toordinal() if self._daily else milliseconds(moment, up=up)

    def start(self) -> int | None:
        """The earliest open time, ms. A week or month that began before counts by its last day, its label."""
        if self._first is None or not self._daily:
            return self._first
        # Where it is today already, the day of UTC may not have begun.
        return min(self._timeframe.floor(day_time(self._first)), self._now)

    def days(self) -> tuple[int | None, int | None]:
        """The dates of longer bars, in days since 1970-01-01; None where it is none."""
        if not self._daily:
            return None, None
        first, last = (None if mark is None else day_time(mark) // DAY for mark in (self._first, self._last))
        return first, last

    def end(self) -> int | None:
        """The latest end, ms."""
        if self._last is None or not self._daily:
            return self._last
        return day_time(self._last) + DAY


def _beyond(what: str, now: dt.datetime, zone: dt.tzinfo, mode: str) -> str:
    whose = "the backtest's time" if mode == "backtest" else "now"
    return (
        f"{what} is after {whose}, {now:%Y-%m-%d %H:%M:%S} in {zone}, the zone of dates that state none; if it is "
        "meant in another one, say which with wealthdata.configure(tz=...)"
    )
