"""Trading hours of exchanges, by the names that exchange_calendars gives their calendars."""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import logging
import warnings
import zoneinfo
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthsources.model.errors import ConfigError
from wealthsources.model.trading_hours import TradingHours

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALWAYS: Final = "24/7"
#: Days from now that are to be known, else it is told that the calendars are old.
_ENOUGH: Final = 14
#: Years ahead that are asked for: holidays further on are guesses.
_AHEAD: Final = 1
#: Calendars that know of no halt between two trading days, when theirs end in the market's zone, and when it begins:
#: Globex is halted from 16:00 to 17:00 of Chicago (CME Group, trading hours of equity index futures).
_HALTS: Final = {"CMES": (17, 16), "us_futures": (18, 17)}
_FIRST_YEAR: Final = 1990
_HOUR: Final = 3_600_000
_EPOCH: Final = dt.date(1970, 1, 1)

_log = logging.getLogger("wealthsources.calendars")


def read_hours(name: str) -> TradingHours | None:
    """The hours of the calendar of that name, from its first day to a year ahead, if that is known; None: 24/7.

    Raises ConfigError for a name that no calendar has, and if exchange_calendars is not installed.
    """
    if name == ALWAYS:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what pandas has to say to exchange_calendars is no matter of our users
        hours = _read(name, dt.datetime.now(dt.UTC).year)
    if hours.last - _day(dt.datetime.now(dt.UTC).date()) < _ENOUGH:
        _log.warning(
            "the calendar %s is known up to %s only, and no bar after that can be read; upgrade it: "
            "pip install --upgrade exchange_calendars",
            hours.name,
            _EPOCH + dt.timedelta(days=hours.last),
        )
    return hours


@functools.lru_cache(maxsize=32)
def _read(name: str, year: int) -> TradingHours:
    try:
        import exchange_calendars as calendars  # noqa: PLC0415 - a second of imports, for those who name one
    except ImportError:
        raise ConfigError(f"{name!r} needs `pip install 'wealthsources[calendars]'`") from None
    names = calendars.get_calendar_names()
    if name not in names:
        raise ConfigError(f"{name!r} is no calendar; {_hint(name, names)}")
    try:
        return _made(name, calendars, year)
    except ValueError as error:  # a calendar of the library may be broken
        raise ConfigError(
            f"{name!r} cannot be read by exchange_calendars: {error}; upgrade or report it there"
        ) from error


def _made(name: str, calendars: Any, year: int) -> TradingHours:
    kind = type(calendars.get_calendar(name, start=f"{year - 1}-12-01", end=f"{year}-01-31"))  # some days: quickly made
    first, last = kind.bound_min(), kind.bound_max()
    begin, end = dt.date(_FIRST_YEAR, 1, 1), dt.date(year + _AHEAD, 12, 31)
    begin = begin if first is None else max(first.date(), begin)
    end = end if last is None else min(last.date(), end)
    return _hours_of(name, kind(start=begin.isoformat(), end=end.isoformat()), begin, end)


def _hint(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name.upper(), names, n=1, cutoff=0.5)
    known = f"did you mean {near[0]!r}?" if near else "they have the codes of ISO 10383, as XNYS and XSHG"
    return f"{known}; {ALWAYS!r} is of markets that never close"


def _hours_of(name: str, calendar: Any, first: dt.date, last: dt.date) -> TradingHours:
    """The spans of each day, with a break cut out of it."""
    table = calendar.schedule
    opens, closes = _times(table["open"]), _times(table["close"])
    breaks = table["break_start"].notna().to_numpy()
    begin, over = _times(table["break_start"][breaks]), _times(table["break_end"][breaks])
    if name in _HALTS:
        closes = _halted(closes, str(calendar.tz), *_HALTS[name])
    days = np.arange(len(opens))
    ends = closes.copy()
    ends[breaks] = begin
    all_opens, all_ends = np.concatenate([opens, over]), np.concatenate([ends, closes[breaks]])
    day_of = np.concatenate([days, days[breaks]])
    order = np.argsort(all_opens, kind="stable")
    dates = table.index.to_numpy().astype("datetime64[D]").astype(np.int64)
    arrays = all_opens[order], all_ends[order], day_of[order], dates
    return TradingHours.of(name, str(calendar.tz), *arrays, _day(first), _day(last))


def _halted(closes: NDArray[np.int64], zone: str, end: int, halt: int) -> NDArray[np.int64]:
    """With the days that end at that hour of the zone ending with the halt before it."""
    local = zoneinfo.ZoneInfo(zone)
    early = [dt.datetime.fromtimestamp(int(time) / 1000, local).hour == end for time in closes]
    return closes - np.where(early, (end - halt) * _HOUR, 0)


def _day(date: dt.date) -> int:
    """In days since 1970-01-01."""
    return date.toordinal() - _EPOCH.toordinal()


def _times(column: Any) -> NDArray[np.int64]:
    """Times of pandas as ms, whatever its unit."""
    times: NDArray[np.int64] = column.dt.tz_localize(None).to_numpy().astype("datetime64[ms]").astype(np.int64)
    return times
