"""What a strategy's context tells of time: its `now_ms`, else the end of its `current_bar`, else its `current_dt`."""

from __future__ import annotations

import bisect
import datetime as dt
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources.model.errors import ClockError, RequestError
from wealthsources.model.records import read_field
from wealthsources.model.timeframe import Timeframe
from wealthsources.model.timeframe_names import match_timeframe
from wealthsources.model.times import check_time, read_time, wall_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources.model.markets import Market

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)


def context_time(
    context: object, zone: dt.tzinfo | None = None, market_of: Callable[[str], Market] | None = None
) -> int | None:
    """The context's own time in ms: `now_ms`, else the end of `current_bar`, else `current_dt`; None if none tells it.

    zone       of a `current_dt` without one. None: it is not known, and such a time tells nothing: eight hours off, it
               would show eight hours of the future
    market_of  the market of a symbol, whose trading hours may end a bar early; None: all are open day and night

    Raises ClockError for values that are no times.
    """
    now = read_field(context, "now_ms")
    if now is not None:
        return _time(now, "now_ms")
    end = current_bar_end(context, market_of)
    return _current_dt(context, zone) if end is None else end


def _current_dt(context: object, zone: dt.tzinfo | None) -> int | None:
    moment = read_field(context, "current_dt")
    if moment is None:
        return None
    if isinstance(moment, dt.datetime):
        if moment.tzinfo is None:
            if zone is None:
                return None
            moment = _wall_time(moment, zone)
        milliseconds: object = (moment - _EPOCH) // _MILLISECOND
        if isinstance(milliseconds, int):  # pandas' NaT says that it is a datetime
            return _time(milliseconds, "current_dt")
    raise ClockError(f"the context's current_dt: {moment!r} is not a datetime")


def _wall_time(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    if moment.year != moment.year:
        return moment
    try:
        return wall_time(moment, zone)
    except ValueError as error:
        raise ClockError(f"the context's current_dt: {error}; give it with its zone, or give now_ms") from None


def timeless(context: object) -> str:
    """Why the context tells no time, for a ClockError."""
    bar, moment = read_field(context, "current_bar"), read_field(context, "current_dt")
    if bar is None:
        about_bar = "it has no current_bar"
    elif read_field(bar, "open_time") is None:
        about_bar = "its current_bar has no open_time"
    else:
        about_bar = "its current_bar has no timeframe, and no series of the context holds it"
    about_moment = "its current_dt has no time zone, and none is stated" if moment else "it has no current_dt"
    return (
        f"the context ({type(context).__name__}) tells no time, so nothing may be seen: "
        f"it has no now_ms (ms since 1970, UTC), {about_bar}, and {about_moment}"
    )


def current_bar_end(context: object, market_of: Callable[[str], Market] | None = None) -> int | None:
    """The end of the context's `current_bar` in ms, its open time if it says that it is forming.

    None if there is none, or nothing tells its timeframe.
    """
    bar = read_field(context, "current_bar")
    if bar is None or read_field(bar, "open_time") is None:
        return None
    timeframe = current_timeframe(context)
    if timeframe is None:
        return None
    if market_of is not None:
        timeframe = market_of(_symbol_of(context, bar)).timeframe(timeframe)
    open_time = _time(read_field(bar, "open_time"), "current_bar.open_time")
    # One that says it is not over proves no more than that it has begun.
    return open_time if _says_forming(bar) else _end_of(open_time, timeframe)


def _end_of(open_time: int, timeframe: Timeframe) -> int:
    """When that bar is over. An engine may cut its bars another way than the market's hours do, or have some of before
    they begin: these end with their own length, not with the window that comes next, which would show the future.
    """
    if timeframe.hours is None:
        return timeframe.end(open_time)
    opens = int(timeframe.opens_by_date(np.array([open_time]))[0])
    return min(timeframe.end(opens), max(opens, open_time) + timeframe.milliseconds)


def _symbol_of(context: object, bar: object) -> str:
    """Of what it is: as it says, else as the series does that holds it; empty if neither does."""
    own = read_field(bar, "symbol")
    if own is None:
        holding = (entry for entry in context_series(context) if _holds(entry, bar))
        own = next((read_field(entry, "symbol") for entry in holding), None)
    return own if isinstance(own, str) else ""


def _says_forming(bar: object) -> bool:
    flags = [flag for name in ("closed", "is_closed") if (flag := read_field(bar, name)) is not None]
    return any(str(flag).lower() in ("false", "0") for flag in flags)


def current_timeframe(context: object) -> Timeframe | None:
    """The timeframe of `current_bar`: the bar's own, else that of the series of the context that holds it."""
    bar = read_field(context, "current_bar")
    if bar is None:
        return None
    own = read_field(bar, "timeframe")
    try:
        if own is not None:
            return _timeframe(own)
        timeframes = [
            _timeframe(read_field(entry, "timeframe")) for entry in context_series(context) if _holds(entry, bar)
        ]
    except RequestError as error:
        raise ClockError(f"the context's current_bar: {error}") from None
    # Two series may hold a bar that looks the same: the shorter one ends first, which can hide but never look ahead.
    return min(timeframes, key=lambda timeframe: timeframe.milliseconds, default=None)


def context_series(context: object) -> Iterator[object]:
    """The entries of the context's market data: each has symbol, timeframe and bars."""
    for name in ("_market_data_context", "market_data_context"):
        entries = read_field(context, name)
        if isinstance(entries, list | tuple) and entries:
            yield from entries
            return


def _holds(entry: object, bar: object) -> bool:
    bars = read_field(entry, "bars")
    if not isinstance(bars, list | tuple):
        return False
    wanted = _time(read_field(bar, "open_time"), "current_bar.open_time")
    at = bisect.bisect_left(bars, wanted, key=lambda other: _time(read_field(other, "open_time"), "bar"))
    return at < len(bars) and (bars[at] is bar or _identity(bars[at]) == _identity(bar))


def _identity(bar: object) -> tuple[object, ...]:
    return read_field(bar, "open_time"), read_field(bar, "close_time"), str(read_field(bar, "close"))


def _timeframe(name: object) -> Timeframe:
    """The timeframe that an engine calls so. Raises RequestError if it is none."""
    return match_timeframe(str(name)) or Timeframe(str(name))


def _time(value: object, what: str) -> int:
    try:
        return check_time(read_time(value))
    except ValueError as error:
        raise ClockError(f"the context's {what}: {error}") from None
