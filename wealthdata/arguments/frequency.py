"""JoinQuant's names of frequencies, and the timeframes they mean."""

from __future__ import annotations

import functools
import re
from typing import Final

from wealthdata.errors import UnsupportedFrequency
from wealthsources import Timeframe

_MINUTE: Final = 60_000
_UNITS: Final = {"m": _MINUTE, "min": _MINUTE, "h": 60 * _MINUTE, "d": 1440 * _MINUTE}
_WORDS: Final = {"minute": "1m", "daily": "1d", "weekly": "1w", "monthly": "1M"}
_SOME_UNITS: Final = re.compile(r"([1-9][0-9]{0,5})(m|min|h|d)", re.ASCII)

DAY: Final = 1440 * _MINUTE

#: By length, in ms. Weeks are not among them: one opens on Monday, which seven days need not.
_BY_LENGTH: Final = {
    timeframe.fixed: timeframe
    for timeframe in map(Timeframe, Timeframe.known())
    if timeframe.fixed and timeframe.name != "1w"
}


def read_frequency(name: object) -> Timeframe:
    """The timeframe that is meant by 'daily', '60m', '5min', '1M' and the like. Raises UnsupportedFrequency."""
    if isinstance(name, Timeframe):
        return name
    found = _known(name) if isinstance(name, str) else None
    if found is None:
        accepted = ", ".join((*_WORDS, *Timeframe.known()))
        raise UnsupportedFrequency(
            f"{name!r} is not a frequency; accepted: {accepted}; and Xm, Xmin, Xh, Xd of the same lengths, like '60m'"
        )
    return found


def is_daily(timeframe: Timeframe) -> bool:
    """Whether its bars are labelled with a date: days and longer."""
    return timeframe.milliseconds >= DAY


@functools.lru_cache(maxsize=256)
def _known(name: str) -> Timeframe | None:
    name = _WORDS.get(name, name)
    if name in Timeframe.known():
        return Timeframe(name)
    several = _SOME_UNITS.fullmatch(name)
    return _BY_LENGTH.get(int(several[1]) * _UNITS[several[2]]) if several else None
