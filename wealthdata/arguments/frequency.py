"""JoinQuant's names of frequencies, and the timeframes they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthdata.errors import UnsupportedFrequency
from wealthsources import Timeframe

if TYPE_CHECKING:
    from collections.abc import Iterator

_MINUTE: Final = 60_000
DAY: Final = 1440 * _MINUTE

_UNITS: Final = {"m": _MINUTE, "min": _MINUTE, "h": 60 * _MINUTE, "d": DAY}
_WORDS: Final = {"minute": "1m", "daily": "1d", "weekly": "1w", "monthly": "1M"}


def _numbers_of_units() -> Iterator[tuple[str, Timeframe]]:
    """Like "60m" and "60min" for 1h. Not for weeks: one opens on Monday, which seven days need not."""
    for timeframe in map(Timeframe, Timeframe.known()):
        if timeframe.fixed and timeframe.name != "1w":
            for unit, length in _UNITS.items():
                if timeframe.fixed % length == 0:
                    yield f"{timeframe.fixed // length}{unit}", timeframe


#: Every name of a timeframe.
FREQUENCIES: Final = {
    **dict(_numbers_of_units()),
    **{name: Timeframe(name) for name in Timeframe.known()},
    **{word: Timeframe(name) for word, name in _WORDS.items()},
}


def read_frequency(name: object) -> Timeframe:
    """The timeframe that is meant by 'daily', '60m', '5min', '1M' and the like. Raises UnsupportedFrequency."""
    if isinstance(name, Timeframe):
        return name
    timeframe = FREQUENCIES.get(name) if isinstance(name, str) else None
    if timeframe is None:
        accepted = ", ".join((*_WORDS, *Timeframe.known()))
        raise UnsupportedFrequency(
            f"{name!r} is not a frequency; accepted: {accepted}; and Xm, Xmin, Xh, Xd of the same lengths, like '60m'"
        )
    return timeframe


#: Those whose bars are labelled with a date: days and longer.
DAILY: Final = frozenset(timeframe for timeframe in FREQUENCIES.values() if timeframe.milliseconds >= DAY)
