"""get_trade_days and get_all_trade_days: the calendar of a market that never closes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthdata.arguments.dates import from_milliseconds, read_moment
from wealthdata.binding.stack import current_reader
from wealthdata.errors import ParamsError
from wealthdata.reading.span import read_count

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Days = NDArray[np.object_]

#: JoinQuant's own calendar begins here.
_FIRST_YEAR: Final = 2005


def get_trade_days(start_date: object = None, end_date: object = None, count: int | None = None) -> Any:
    """The days on which there is trade, which is every day: from start_date to end_date, or `count` up to end_date.

    end_date is included; None: today. A day is one of UTC, as 1d bars are labelled, whatever the zone of `configure`:
    a date without a zone is taken as it is written, and today is the UTC date of now, in a backtest of the engine's.
    The calendar is known in advance, so a backtest may ask for days to come.

    An array of datetime.date, dtype object, shape (n,), ascending. Raises ParamsError; where today is needed
    NoContextError and ClockError too.
    """
    if (start_date is None) == (count is None):
        raise ParamsError("give either start_date or count" + ("" if count is None else ", not both"))
    last = _today() if end_date is None else read_moment(end_date, "end_date", dt.UTC).date()
    if count is not None:
        return _days(_days_before(last, read_count(count)), last)
    first = read_moment(start_date, "start_date", dt.UTC).date()
    if first > last:
        raise ParamsError(f"start_date {start_date!r} is after " + _end_text(end_date, last))
    return _days(first, last)


def get_all_trade_days() -> Any:
    """All days from 2005, where JoinQuant's calendar begins, to the end of this year; see `get_trade_days`.

    An array of datetime.date, dtype object, shape (n,), ascending. Raises NoContextError, ClockError.
    """
    year = _today().year
    return _days(dt.date(min(_FIRST_YEAR, year), 1, 1), dt.date(year, 12, 31))


def _today() -> dt.date:
    return from_milliseconds(current_reader().now(), dt.UTC).date()


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
