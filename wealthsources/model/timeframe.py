"""Timeframe: the length of a bar, and the arithmetic of its windows.

Time is cut into windows that touch and never overlap; window number 0 is the one that holds 1970-01-01, and a bar's
neighbours are the bars of the windows before and after. Everything that asks "is one missing?" or "how many?" is a
subtraction of two window numbers (`slot`), which is right for months too.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, ClassVar, Final

from wealthsources.model.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MINUTE: Final = 60_000
_DAY: Final = 24 * 60 * _MINUTE

#: Fixed lengths in ms. The calendar month is the one that has none.
_STEPS: Final[dict[str, int]] = {
    "1m": _MINUTE,
    "3m": 3 * _MINUTE,
    "5m": 5 * _MINUTE,
    "15m": 15 * _MINUTE,
    "30m": 30 * _MINUTE,
    "1h": 60 * _MINUTE,
    "2h": 120 * _MINUTE,
    "4h": 240 * _MINUTE,
    "6h": 360 * _MINUTE,
    "8h": 480 * _MINUTE,
    "12h": 720 * _MINUTE,
    "1d": _DAY,
    "3d": 3 * _DAY,
    "1w": 7 * _DAY,
    "1M": 0,
}

#: 1970-01-01 was a Thursday; weeks open on Monday, the first of that era on 1969-12-29.
_ORIGINS: Final[dict[str, int]] = {"1w": -3 * _DAY}

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Timeframe:
    """One of the known timeframes: `Timeframe("1h")`. There is one object per name, so `is` and `==` agree.

    Windows are aligned to the UTC epoch, weeks to Monday, months to the 1st. All times are int ms since 1970, UTC.
    Raises RequestError for a name that is not known.
    """

    __slots__ = ("_origin", "_step", "name")
    _known: ClassVar[dict[str, Timeframe]] = {}

    name: str
    _step: int
    _origin: int

    def __new__(cls, name: str | Timeframe) -> Timeframe:
        if isinstance(name, Timeframe):
            return name
        known = cls._known.get(name) if isinstance(name, str) else None
        if known is None:
            raise RequestError(f"{name!r} is not a timeframe; known: {', '.join(_STEPS)}")
        return known

    @classmethod
    def known(cls) -> tuple[str, ...]:
        """All names, shortest first."""
        return tuple(_STEPS)

    @property
    def milliseconds(self) -> int:
        """The length in ms; a month counts as 31 days, so this is an upper bound there."""
        return self._step or 31 * _DAY

    @property
    def fixed(self) -> int:
        """The length in ms if all windows have the same, else 0 (calendar months)."""
        return self._step

    def slot(self, time: int) -> int:
        """The number of the window that holds `time`."""
        if self._step:
            return (time - self._origin) // self._step
        try:
            moment = _EPOCH + dt.timedelta(milliseconds=time)
        except OverflowError:
            raise RequestError(f"{time} ms is outside the years 1 to 9999") from None
        return (moment.year - 1970) * 12 + moment.month - 1

    def open_time(self, slot: int) -> int:
        """The time at which window number `slot` opens."""
        if self._step:
            return slot * self._step + self._origin
        year, month = divmod(slot, 12)
        try:
            moment = dt.datetime(1970 + year, month + 1, 1, tzinfo=dt.UTC)
        except (ValueError, OverflowError):
            raise RequestError(f"month {slot} from 1970-01 is outside the years 1 to 9999") from None
        return (moment - _EPOCH) // dt.timedelta(milliseconds=1)

    def floor(self, time: int) -> int:
        """The open time of the window that holds `time`."""
        return self.open_time(self.slot(time))

    def end(self, open_time: int) -> int:
        """The end of the window that opens at `open_time`, which is the open time of the next one."""
        if self._step:
            return open_time + self._step
        return self.open_time(self.slot(open_time) + 1)

    def opens_at(self, time: int) -> bool:
        """Whether a window opens exactly at `time`."""
        if self._step:
            return (time - self._origin) % self._step == 0
        return self.floor(time) == time

    def divides(self, coarser: Timeframe) -> bool:
        """Whether every window of `coarser` is several whole windows of this one."""
        if not self._step or self is coarser:
            return False
        # Months are whole days and of nothing longer. What divides a week divides a day too, so it meets Mondays.
        return (coarser._step or _DAY) % self._step == 0

    def slots(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """`slot` for an array of times."""
        if self._step:
            return (times - self._origin) // self._step
        return times.astype("datetime64[ms]").astype("datetime64[M]").astype("int64")

    def open_times(self, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """`open_time` for an array of window numbers."""
        if self._step:
            return slots * self._step + self._origin
        return slots.astype("datetime64[M]").astype("datetime64[ms]").astype("int64")

    def ends(self, open_times: NDArray[np.int64]) -> NDArray[np.int64]:
        """`end` for an array of open times."""
        if self._step:
            return open_times + self._step
        return self.open_times(self.slots(open_times) + 1)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Timeframe cannot be changed (tried to set {name!r})")

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Timeframe({self.name!r})"

    def __reduce__(self) -> tuple[type[Timeframe], tuple[str]]:
        return Timeframe, (self.name,)


def _define() -> None:
    for name, step in _STEPS.items():
        timeframe = object.__new__(Timeframe)
        object.__setattr__(timeframe, "name", name)
        object.__setattr__(timeframe, "_step", step)
        object.__setattr__(timeframe, "_origin", _ORIGINS.get(name, 0))
        Timeframe._known[name] = timeframe


_define()
