"""Times as they come from outside and as they are shown: integer ms since 1970, UTC."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

import numpy as np

#: 1980-01-01, in ms: a bar's time before it was given in seconds, or is none at all.
EARLIEST_TIME: Final = 315_532_800_000
#: 2200-01-01, in ms: a bar's time after it was given in microseconds, or is none at all.
LATEST_TIME: Final = 7_258_118_400_000

#: Units that times are given in by mistake, and how many ns one has.
_OTHER_UNITS: Final = (("seconds", 1_000_000_000), ("microseconds", 1_000), ("nanoseconds", 1))
_PER_MS: Final = 1_000_000


def read_time(raw: object) -> int:
    """Read a time in ms, given as a whole number or its text. Raises ValueError."""
    time = None
    if isinstance(raw, str):
        time = int(raw) if re.fullmatch(r"-?[0-9]{1,18}", raw, re.ASCII) else None
    elif isinstance(raw, float | np.floating):
        time = int(raw) if float(raw).is_integer() else None
    elif isinstance(raw, int | np.integer) and not isinstance(raw, bool):
        time = int(raw)
    if time is None or abs(time) >= 1 << 62:
        raise ValueError(f"{raw!r} is not a time in ms")
    return time


def check_time(time: int) -> int:
    """The time itself. Raises ValueError that names it, and its unit if it looks like another one than ms."""
    if EARLIEST_TIME <= time <= LATEST_TIME:
        return time
    text = f"{time} is not a time in ms of 1980 to 2200"
    for unit, factor in _OTHER_UNITS:
        meant = time * factor // _PER_MS
        if EARLIEST_TIME <= meant <= LATEST_TIME:
            raise ValueError(f"{text}; in {unit} it would be {time_text(meant)} UTC")
    raise ValueError(text)


def read_moment(text: str) -> int:
    """A date, or a date and time, as somebody types it, as ms since 1970; UTC unless it says otherwise.

    As in 2024-01-31, 2024-01-31T12:30 or 2024-01-31T12:30+08:00; ms since 1970 are taken too. Raises ValueError that
    names the text and says how to write it.
    """
    try:
        return check_time(int(text) if re.fullmatch(r"[0-9]{9,19}", text, re.ASCII) else _typed_ms(text))
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no time of 1980 to 2200 ({error}); write it as 2024-01-31 or 2024-01-31T12:30, which is UTC"
        ) from None


def _typed_ms(text: str) -> int:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)


def time_text(time: int) -> str:
    """A time in ms as UTC text, to the minute where that is exact, for messages."""
    stamp = str(np.datetime64(int(time), "ms"))
    return stamp.removesuffix(":00.000").removesuffix(".000").replace("T", " ")


def wall_time(moment: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """A moment that has no zone of its own as wall time in `zone`. At 00:00 it is the beginning of its day.

    Raises ValueError for a time that clocks there skip, as they do in spring, and for one that they show twice, as in
    autumn; in that one `fold=1` says that the second is meant.
    """
    first = dt.datetime.combine(moment.date(), moment.time(), zone).replace(fold=0)  # plain, if it was one of pandas
    second = first.replace(fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    if before is None or after is None or before == after:
        return first
    if not any((moment.hour, moment.minute, moment.second, moment.microsecond)):
        return first  # which is when the clocks are set, if they skip it
    if before < after:
        raise ValueError(f"{moment} does not exist in {zone}, whose clocks are set forward over it")
    if moment.fold:
        return second
    raise ValueError(
        f"{moment} comes twice in {zone}, whose clocks are set back then: say which, {first.isoformat()} or "
        f"{second.isoformat()}"
    )
