"""Dates as strategies write them: text in several layouts, 20240101, date, datetime, pandas' and numpy's."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

import numpy as np
import pandas as pd

from wealthdata.errors import ParamsError
from wealthsources import wall_time

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_EPOCH_DAY: Final = _EPOCH.toordinal()
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
_DAY_MS: Final = 86_400_000

_PARTS: Final = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ]\s*(\d{1,2})(:.+))?", re.ASCII)
_DIGITS: Final = re.compile(r"(\d{8})[T ]?(\d{6})?", re.ASCII)


def read_moment(value: object, what: str, zone: dt.tzinfo, *, exact: bool = False) -> dt.datetime:
    """A date or time as an aware datetime in `zone`. What has no zone of its own is wall time there.

    A date alone is its midnight. `exact`: a time that clocks there skip or show twice is refused, but for midnight,
    which is when the day begins. Raises ParamsError that names the argument `what`.
    """
    try:
        moment = _datetime(value)
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(zone)
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise ParamsError(
            f"{what} must be a date like '2024-01-02', '2024-01-02 10:00:00', 20240102, a date or a datetime, "
            f"was {value!r}"
        )
    if not exact or zone is dt.UTC:
        return moment.replace(tzinfo=zone)
    try:
        return wall_time(moment, zone)
    except ValueError as error:
        raise ParamsError(f"{what} {value!r}: {error}; or have all times in wealthdata.configure(tz='UTC')") from None


def milliseconds(moment: dt.datetime, *, up: bool = False) -> int:
    """Time in ms since 1970, UTC; a fraction of one is dropped, or rounded up."""
    since = moment - _EPOCH
    return -(-since // _MILLISECOND) if up else since // _MILLISECOND


def from_milliseconds(time: int, zone: dt.tzinfo) -> dt.datetime:
    """The reverse of `milliseconds`, in `zone`."""
    return (_EPOCH + time * _MILLISECOND).astimezone(zone)


def day_time(ordinal: int) -> int:
    """The midnight, UTC, that opens the day of this proleptic ordinal: ms since 1970."""
    return (ordinal - _EPOCH_DAY) * _DAY_MS


def _datetime(value: object) -> dt.datetime | None:
    """None for what is no date; ValueError for one that there is not."""
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime(warn=False)
    if value is pd.NaT:  # which says that it is a datetime
        return None
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the caller's zone is put in later
    if isinstance(value, np.datetime64):
        item = value.astype("datetime64[us]").item()
        return item if isinstance(item, dt.datetime) else None
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        return _text(str(value)) if 10_000_000 <= value <= 99_999_999 else None
    return _text(value.strip()) if isinstance(value, str) else None


def _text(text: str) -> dt.datetime:
    parts = _PARTS.fullmatch(text)
    if parts:
        year, month, day, hour, rest = parts.groups()
        text = f"{year}-{month:0>2}-{day:0>2}" + (f"T{hour:0>2}{rest}" if hour else "")
    else:
        digits = _DIGITS.fullmatch(text)
        if digits and digits[2]:
            text = f"{digits[1]}T{digits[2]}"
    return dt.datetime.fromisoformat(text)
