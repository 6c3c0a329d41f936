"""Times: integers in ms since 1970, UTC, as datetimes and as text."""

from __future__ import annotations

import datetime as dt
from typing import Final

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def datetime_of(time: int, zone: dt.tzinfo = dt.UTC) -> dt.datetime:
    """A time in ms since 1970, UTC, as wall time of `zone`."""
    return (_EPOCH + dt.timedelta(milliseconds=time)).astimezone(zone)


def time_text(time: int) -> str:
    """A time in ms as UTC text, to the minute."""
    return f"{datetime_of(time):%Y-%m-%d %H:%M}"
