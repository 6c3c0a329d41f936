"""Clock: what "now" is. Nothing that ends after it may be seen.

A session has one clock: the system's, or the feed's own time. A backtest has its engine's, read from the strategy's
context: its `now_ms`, else the end of its `current_bar`, else its `current_dt`. Now is read once per request, before
any source is asked.
"""

from __future__ import annotations

import bisect
import datetime as dt
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, ClassVar, Final

from wealthsources.model.decimals import read_time
from wealthsources.model.errors import ClockError, RequestError
from wealthsources.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NEVER: Final = -1
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)


class Clock(ABC):
    """Tells the time up to which bars may be seen, in ms since 1970, UTC.

    `name` is "system", "feed" or "engine". Live sources tell it what their bars prove; only some clocks listen.
    """

    name: ClassVar[str]

    @abstractmethod
    def now(self) -> int:
        """The time, ms. Raises ClockError if there is no way to know it."""

    def saw_closed(self, end: int) -> None:  # noqa: B027 - not every clock listens
        """A live source holds a closed bar that ended at `end`: it cannot be earlier than that."""

    def saw_open(self, open_time: int) -> None:  # noqa: B027
        """A live source holds a bar that opened at `open_time`."""


class SystemClock(Clock):
    """The system's clock, but never behind the newest closed bar of a live source."""

    name = "system"

    def __init__(self, wall: Callable[[], int] | None = None) -> None:
        self._wall = wall or wall_time
        self._proven = _NEVER
        self._lock = Lock()

    def now(self) -> int:
        """The system's time in ms."""
        return max(self._wall(), self._proven)

    def saw_closed(self, end: int) -> None:
        """It is at least `end`, whatever the system says."""
        with self._lock:
            self._proven = max(self._proven, end)


class FeedClock(Clock):
    """The latest time that live bars prove: for feeds that carry old times."""

    name = "feed"

    def __init__(self) -> None:
        self._proven = _NEVER
        self._lock = Lock()

    def now(self) -> int:
        """The time of the feed in ms; ClockError before its first bar."""
        if self._proven == _NEVER:
            raise ClockError(
                "the feed's clock has no time yet: no live bar has come. "
                "Wait for one, or bind a context that has a current_bar"
            )
        return self._proven

    def saw_closed(self, end: int) -> None:
        """Time has come to `end`."""
        self.saw_open(end)

    def saw_open(self, open_time: int) -> None:
        """Time has come to `open_time`."""
        with self._lock:
            self._proven = max(self._proven, open_time)


class EngineClock(Clock):
    """A backtest's clock: `context_time` of its context."""

    name = "engine"

    def __init__(self, context: object, zone: dt.tzinfo | None = None) -> None:
        self._context = context
        self._zone = zone

    def now(self) -> int:
        """The engine's time in ms; ClockError that says what is missing if the context tells none."""
        found = context_time(self._context, self._zone)
        if found is None:
            raise ClockError(_timeless(self._context))
        # Where now is inferred from a bar: one that ends in the future is still forming.
        return found if field(self._context, "now_ms") is not None else min(found, wall_time())


def wall_time() -> int:
    """The system's clock in ms."""
    return time.time_ns() // 1_000_000


def make_clock(name: str) -> Clock:
    """The session's clock: "system" or "feed"."""
    return FeedClock() if name == "feed" else SystemClock()


# what a context tells ------------------------------------------------------------------------------------------


def context_time(context: object, zone: dt.tzinfo | None = None) -> int | None:
    """The context's own time in ms: `now_ms`, else the end of `current_bar`, else `current_dt`; None if none tells it.

    zone  of a `current_dt` without one. None: it is not known, and such a time tells nothing: eight hours off, it would
          show eight hours of the future

    Raises ClockError for values that are no times.
    """
    now = field(context, "now_ms")
    if now is not None:
        return _time(now, "now_ms")
    end = current_bar_end(context)
    return _current_dt(context, zone) if end is None else end


def _current_dt(context: object, zone: dt.tzinfo | None) -> int | None:
    moment = field(context, "current_dt")
    if moment is None:
        return None
    if isinstance(moment, dt.datetime):
        if moment.tzinfo is None:
            if zone is None:
                return None
            moment = moment.replace(tzinfo=zone)
        found: object = (moment - _EPOCH) // _MILLISECOND
        if isinstance(found, int):  # pandas' NaT says that it is a datetime
            return found
    raise ClockError(f"the context's current_dt: {moment!r} is not a datetime")


def _timeless(context: object) -> str:
    """Why the context tells no time."""
    bar, moment = field(context, "current_bar"), field(context, "current_dt")
    if bar is None:
        about_bar = "it has no current_bar"
    elif field(bar, "open_time") is None:
        about_bar = "its current_bar has no open_time"
    else:
        about_bar = "its current_bar has no timeframe, and no series of the context holds it"
    about_moment = "its current_dt has no time zone, and none is stated" if moment else "it has no current_dt"
    return (
        f"the context ({type(context).__name__}) tells no time, so nothing may be seen: "
        f"it has no now_ms (ms since 1970, UTC), {about_bar}, and {about_moment}"
    )


def current_bar_end(context: object) -> int | None:
    """The end of the context's `current_bar` in ms, its open time if it says that it is forming.

    None if there is none, or nothing tells its timeframe.
    """
    bar = field(context, "current_bar")
    if bar is None or field(bar, "open_time") is None:
        return None
    timeframe = current_timeframe(context)
    if timeframe is None:
        return None
    open_time = _time(field(bar, "open_time"), "current_bar.open_time")
    # One that says it is not over proves no more than that it has begun.
    return open_time if _says_forming(bar) else timeframe.end(open_time)


def _says_forming(bar: object) -> bool:
    flags = [flag for name in ("closed", "is_closed") if (flag := field(bar, name)) is not None]
    return any(str(flag).lower() in ("false", "0") for flag in flags)


def current_timeframe(context: object) -> Timeframe | None:
    """The timeframe of `current_bar`: the bar's own, else that of the series of the context that holds it."""
    bar = field(context, "current_bar")
    if bar is None:
        return None
    own = field(bar, "timeframe")
    try:
        if own is not None:
            return Timeframe(own) if isinstance(own, Timeframe) else Timeframe(str(own))
        found = [Timeframe(str(field(entry, "timeframe"))) for entry in context_series(context) if _holds(entry, bar)]
    except RequestError as error:
        raise ClockError(f"the context's current_bar: {error}") from None
    # Two series may hold a bar that looks the same: the shorter one ends first, which can hide but never look ahead.
    return min(found, key=lambda timeframe: timeframe.milliseconds, default=None)


def context_series(context: object) -> Iterator[object]:
    """The entries of the context's market data: each has symbol, timeframe and bars."""
    for name in ("_market_data_context", "market_data_context"):
        entries = field(context, name)
        if isinstance(entries, list | tuple) and entries:
            yield from entries
            return


def _holds(entry: object, bar: object) -> bool:
    bars = field(entry, "bars")
    if not isinstance(bars, list | tuple):
        return False
    wanted = _time(field(bar, "open_time"), "current_bar.open_time")
    at = bisect.bisect_left(bars, wanted, key=lambda other: _time(field(other, "open_time"), "bar"))
    return at < len(bars) and (bars[at] is bar or _identity(bars[at]) == _identity(bar))


def _identity(bar: object) -> tuple[object, ...]:
    return field(bar, "open_time"), field(bar, "close_time"), str(field(bar, "close"))


def field(record: object, name: str) -> object:
    """A value of a mapping or of an object, None if it is not there."""
    if isinstance(record, Mapping):
        return record.get(name)
    return getattr(record, name, None)


def _time(value: object, what: str) -> int:
    try:
        return read_time(value)
    except ValueError as error:
        raise ClockError(f"the context's {what}: {error}") from None
