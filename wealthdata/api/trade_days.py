"""get_trade_days and get_all_trade_days: the calendar of the deployment, by default of a market that never closes."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthdata.arguments.dates import from_milliseconds, read_moment
from wealthdata.binding.stack import current_reader
from wealthdata.errors import NoContextError, ParamsError
from wealthdata.reading.span import read_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources import TradingHours

    Days = NDArray[np.object_]

#: JoinQuant's own calendar begins here.
_FIRST_YEAR: Final = 2005
_EPOCH: Final = dt.date(1970, 1, 1)


def get_trade_days(start_date: object = None, end_date: object = None, count: int | None = None) -> Any:
    """The days on which there is trade: from start_date to end_date, or `count` up to end_date.

    They are those of the deployment's `calendar`; without one the market never closes, and every day is one.
    end_date is included; None: today. A day is a date as 1d bars are labelled, whatever the zone of `configure`: a date
    without a zone is taken as it is written, and today is the date of now, in a backtest of the engine's, in UTC or, if
    there is a calendar, in the exchange's zone. The calendar is known in advance, so a backtest may ask for days to
    come.

    An array of datetime.date, dtype object, shape (n,), ascending. Raises ParamsError; where today is needed
    NoContextError and ClockError too.
    """
    if (start_date is None) == (count is None):
        raise ParamsError("give either start_date or count" + ("" if count is None else ", not both"))
    hours = _hours()
    last = _today(hours) if end_date is None else read_moment(end_date, "end_date", dt.UTC).date()
    if count is not None:
        number = read_count(count)
        return _days(_days_before(last, number), last) if hours is None else _newest(hours, number, last)
    first = read_moment(start_date, "start_date", dt.UTC).date()
    if first > last:
        raise ParamsError(f"start_date {start_date!r} is after " + _end_text(end_date, last))
    return _days(first, last) if hours is None else _between(hours, first, last)


def get_all_trade_days() -> Any:
    """All days from 2005, where JoinQuant's calendar begins, to the end of this year, or as far as the calendar is
    known; see `get_trade_days`.

    An array of datetime.date, dtype object, shape (n,), ascending. Raises NoContextError, ClockError.
    """
    hours = _hours()
    year = _today(hours).year
    first, last = dt.date(min(_FIRST_YEAR, year), 1, 1), dt.date(year, 12, 31)
    if hours is None:
        return _days(first, last)
    return _between(hours, max(first, _date(hours.first)), min(last, _date(hours.last)))


def _hours() -> TradingHours | None:
    """Those of the deployment; None: it is open day and night, or there is nothing to read bars from."""
    try:
        return current_reader().hours()
    except NoContextError:
        return None


def _today(hours: TradingHours | None) -> dt.date:
    zone = dt.UTC if hours is None else zoneinfo.ZoneInfo(hours.zone)
    return from_milliseconds(current_reader().now(), zone).date()


def _date(day: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=day)


def _between(hours: TradingHours, first: dt.date, last: dt.date) -> Days:
    """Raises ParamsError for dates of which it is not known whether they are trading days."""
    known = _date(hours.first), _date(hours.last)
    if first < known[0] or last > known[1]:
        raise ParamsError(f"{hours.name} is known from {known[0]} to {known[1]}, and {first} to {last} was asked for")
    days: Days = hours.dates.astype("datetime64[D]").astype(object)
    return days[(days >= first) & (days <= last)]


def _newest(hours: TradingHours, count: int, last: dt.date) -> Days:
    """The newest `count` days up to `last`. Raises ParamsError if that many are not known."""
    found = _between(hours, _date(hours.first), last)
    if len(found) < count:
        raise ParamsError(
            f"count must be at most {len(found)}, the days of {hours.name} from {_date(hours.first)} to {last}, "
            f"was {count}"
        )
    return found[len(found) - count :]


def _days_before(last: dt.date, count: int) -> dt.date:
    """The first of `count` days that end with `last`."""
    if count > last.toordinal():
        raise ParamsError(f"count must be at most {last.toordinal()}, the days from year 1 to {last}, was {count}")
    return dt.date.fromordinal(last.toordinal() - count + 1)


def _end_text(end_date: object, last: dt.date) -> str:
    return f"today, {last}" if end_date is None else f"end_date {end_date!r}"


def _days(first: dt.date, last: dt.date) -> Days:
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + np.timedelta64(1, "D"))
    dates: Days = days.astype(object)
    return dates
