"""What `configure` sets beside the session: how dates are read and how results look."""

from __future__ import annotations

import dataclasses
import datetime as dt
import operator
import zoneinfo

import numpy as np

from wealthdata.errors import ParamsError


@dataclasses.dataclass(frozen=True, slots=True)
class Options:
    """tz: zone of all dates without one, given and returned; the others as `configure` explains them."""

    tz: dt.tzinfo = dt.UTC
    default_count: int = 20
    positional: bool = True


def read_options(tz: object, default_count: object, positional: object) -> Options:
    """The checked arguments of `configure`. Raises ParamsError."""
    if not isinstance(positional, bool):
        raise ParamsError(f"positional must be True or False, was {positional!r}")
    return Options(_zone(tz), read_count(default_count, "default_count"), positional)


def read_count(value: object, what: str = "count") -> int:
    """A whole number of at least 1; numpy's will do, a bool will not. Raises ParamsError."""
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise ParamsError(f"{what} must be a whole number, was {value!r}")
    number = operator.index(value)
    if number < 1:
        raise ParamsError(f"{what} must be at least 1, was {number}")
    return number


def _zone(tz: object) -> dt.tzinfo:
    if isinstance(tz, dt.tzinfo):
        return tz
    if tz == "UTC":  # found without a time zone database, and recognised as needing no conversion
        return dt.UTC
    try:
        return zoneinfo.ZoneInfo(str(tz))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ParamsError(f"tz must name a time zone like 'UTC' or 'Asia/Shanghai', was {tz!r}") from None
