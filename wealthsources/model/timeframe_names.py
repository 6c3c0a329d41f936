"""Other people's names of a timeframe: `60m`, `1H`, `60min`, `1 hour` and `H1` are all `1h`."""

from __future__ import annotations

import functools
import re
from typing import Final

from wealthsources.model.timeframe import Timeframe

_SECOND: Final = 1_000
_UNITS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), _SECOND),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60 * _SECOND),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600 * _SECOND),
    **dict.fromkeys(("d", "day", "days"), 86_400 * _SECOND),
}
#: Units that are counted one at a time: weeks open on a Monday and months on the 1st, which days do not.
_ONES: Final = {
    **dict.fromkeys(("w", "wk", "week", "weeks"), "1w"),
    **dict.fromkeys(("mo", "mn", "mth", "month", "months"), "1M"),
}
_WORDS: Final = {
    "minute": "1m",
    **dict.fromkeys(("hour", "hourly"), "1h"),
    **dict.fromkeys(("day", "daily"), "1d"),
    **dict.fromkeys(("week", "weekly"), "1w"),
    **dict.fromkeys(("month", "monthly"), "1M"),
}
_NUMBER_FIRST: Final = re.compile(r"([1-9][0-9]{0,5})[-_ ]?([A-Za-z]+)", re.ASCII)
_UNIT_FIRST: Final = re.compile(r"([A-Za-z]+)([1-9][0-9]{0,5})", re.ASCII)
_BY_LENGTH: Final = {
    timeframe.fixed: timeframe for name in Timeframe.known() if (timeframe := Timeframe(name)).fixed and name != "1w"
}


@functools.lru_cache(maxsize=10_000)
def match_timeframe(name: str) -> Timeframe | None:
    """The timeframe that is meant by `name`; None if it is none of ours, or may be two.

    A number alone may count seconds or minutes, and `M` beside a number minutes or months: neither is read, but for our
    own `1M` and for `M5`, `M15` and `M30`, which can be no months.
    """
    if name in Timeframe.known():
        return Timeframe(name)
    if name.lower() in _WORDS:
        return Timeframe(_WORDS[name.lower()])
    if found := _NUMBER_FIRST.fullmatch(name):
        return None if found[2] == "M" else _read(int(found[1]), found[2].lower())
    if found := _UNIT_FIRST.fullmatch(name):
        may_be_months = found[1] == "M" and int(found[2]) not in (5, 15, 30)
        return None if may_be_months else _read(int(found[2]), found[1].lower())
    return _read(1, "mn") if name == "MN" else None


def _read(number: int, unit: str) -> Timeframe | None:
    if unit in _ONES:
        return Timeframe(_ONES[unit]) if number == 1 else None
    return _BY_LENGTH.get(number * _UNITS[unit]) if unit in _UNITS else None
