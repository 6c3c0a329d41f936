"""Timeframe: the length of a bar, and the windows of that length, which a market's trading hours may cut.

Windows never overlap, and each has a number (`slot`); a bar's neighbours are the bars of the numbers before and after.
Everything that asks "is one missing?" or "how many?" is a subtraction of two of them, which is right for months, and
over nights and weekends too. See `grid` for where the windows are.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ClassVar, Final

import numpy as np

from wealthsources.model.errors import RequestError
from wealthsources.model.grid import OF_DAYS, EvenGrid, MonthGrid, hours_grid

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wealthsources.model.grid import Grid
    from wealthsources.model.trading_hours import TradingHours

_MINUTE: Final = 60_000
_DAY: Final = 24 * 60 * _MINUTE
#: 1970-01-05, in days; and how many days of a week from Monday on are not its end.
_MONDAY: Final = 4
_WORKDAYS: Final = 5
_LAST_TIME: Final = 1 << 62

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


class Timeframe:
    """One of the known timeframes: `Timeframe("1h")`; with the trading hours of a market: `Timeframe("1h").on(hours)`.

    There is one object per name, and one per name and hours. Those of one name are equal, whatever their hours, since a
    symbol has one market. Without hours windows are aligned to the UTC epoch, weeks to Monday, months to the 1st. All
    times are int ms since 1970, UTC. Raises RequestError for a name that is not known.

    name   as in `1h`
    hours  of the market; None: it never closes
    """

    __slots__ = ("_grid", "_others", "_step", "hours", "name")
    _known: ClassVar[dict[str, Timeframe]] = {}

    name: str
    hours: TradingHours | None
    _step: int
    _grid: Grid
    _others: dict[TradingHours, Timeframe]

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

    def on(self, hours: TradingHours | None) -> Timeframe:
        """The timeframe of that name in these hours; None: of a market that never closes.

        Raises RequestError for one that trading days cannot be put into.
        """
        if hours is self.hours:
            return self
        plain = Timeframe._known[self.name]
        if hours is None:
            return plain
        found = plain._others.get(hours)
        if found is None:
            grid = hours_grid(hours, self.name, self._step)
            found = plain._others.setdefault(hours, _make(self.name, self._step, grid, hours))
        return found

    @property
    def milliseconds(self) -> int:
        """The length in ms; a month counts as 31 days, so this is an upper bound there, and in trading hours."""
        return self._step or 31 * _DAY

    @property
    def open_milliseconds(self) -> int:
        """For how many ms of a window the market is open, at most: of a day of Shanghai four hours."""
        length, hours = self.milliseconds, self.hours
        return length if hours is None else min(length, max(1, length // _DAY) * hours.longest_day)

    @property
    def fixed(self) -> int:
        """The length in ms if all windows have the same, else 0: of months, and of any timeframe in trading hours."""
        return self._grid.step

    def slot(self, time: int) -> int:
        """The number of the window that holds `time`; in trading hours, while they are over, of the next one."""
        return self._grid.slot(time)

    def first_from(self, time: int) -> int:
        """The number of the first window that opens at `time` or after it."""
        slot = self._grid.slot(time)
        return slot + (self._grid.open_time(slot) < time)

    def open_time(self, slot: int) -> int:
        """The time at which window number `slot` opens."""
        return self._grid.open_time(slot)

    def floor(self, time: int) -> int:
        """The open time of the window `slot(time)`."""
        return self._grid.open_time(self._grid.slot(time))

    def end(self, open_time: int) -> int:
        """The end of the window that opens at `open_time`. There the next one opens, but for trading hours."""
        return self._grid.end(open_time)

    def next(self, open_time: int) -> int:
        """When the window after the one that opens at `open_time` opens."""
        return self._grid.end(open_time) if self.hours is None else self._grid.open_time(self.slot(open_time) + 1)

    def opens_at(self, time: int) -> bool:
        """Whether a window opens exactly at `time`."""
        return self.floor(time) == time

    def divides(self, coarser: Timeframe) -> bool:
        """Whether every window of `coarser` is several whole windows of this one."""
        if not self._step or self is coarser or self.hours is not coarser.hours:
            return False
        # Months are whole days and of nothing longer. What divides a week divides a day too, so it meets Mondays.
        return (coarser._step or _DAY) % self._step == 0

    def finer(self) -> tuple[Timeframe, ...]:
        """All that divide this one, the coarsest first."""
        plain = self.on(None)
        return tuple(Timeframe(name).on(self.hours) for name in reversed(_STEPS) if Timeframe(name).divides(plain))

    def slots(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """`slot` for an array of times."""
        return self._grid.slots(times)

    def open_times(self, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """`open_time` for an array of window numbers."""
        return self._grid.open_times(slots)

    def ends(self, open_times: NDArray[np.int64]) -> NDArray[np.int64]:
        """`end` for an array of open times."""
        return self._grid.ends(open_times)

    def opens_by_end(self, ends: NDArray[np.int64]) -> NDArray[np.int64]:
        """When the windows open that end at these times; a time at which none ends becomes one at which none opens.

        A midnight stays as it is where it may name a day, week or month, see `opens_by_date`.
        """
        opens = self.open_times(self.slots(ends - 1))
        others = ends
        if self.hours is not None:
            # A row of before the opening ends where the first window opens, and is not the bar of that window.
            others = ends - 1
            if self.name in OF_DAYS:
                others = np.where(self.hours.dates_named(ends) >= 0, ends, others)
        return np.where(self.ends(opens) == ends, opens, others)

    def opens_by_date(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same times, but where a market's days, weeks or months are named by a date: when these open.

        A date is a midnight, of UTC or of the market's zone. Without trading hours a midnight is that time itself. A
        week that is named by a Saturday or Sunday stays so: for some it begins then, for others it ends.
        """
        hours = self.hours
        if hours is None or self.name not in OF_DAYS or (self.floors(times) == times).all():
            return times
        dates = hours.dates_named(times)
        if self.name == "1w":
            dates = np.where((dates - _MONDAY) % 7 < _WORKDAYS, dates, -1)
        groups = hours.group_of(self.name, dates)
        known, opens = _by_group(hours, self.name)
        places = np.minimum(np.searchsorted(known, groups), len(known) - 1)
        return np.where((dates >= 0) & (known[places] == groups), opens[places], times)

    def floors(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """`floor` for an array of times."""
        return self._grid.open_times(self._grid.slots(times))

    def __eq__(self, other: object) -> bool:
        return self.name == other.name if isinstance(other, Timeframe) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Timeframe cannot be changed (tried to set {name!r})")

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Timeframe({self.name!r})" + (f".on({self.hours!r})" if self.hours else "")

    def __reduce__(self) -> tuple[Callable[..., Timeframe], tuple[object, ...]]:
        return _again, (self.name, self.hours)


@functools.lru_cache(maxsize=64)
def _by_group(hours: TradingHours, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of each day, week or month, see `TradingHours.group_of`, and when it opens."""
    timeframe = Timeframe(name).on(hours)
    opens = timeframe.open_times(np.arange(timeframe.slot(_LAST_TIME)))
    return hours.group_of(name, hours.dates_of(opens)), opens


def _again(name: str, hours: TradingHours | None) -> Timeframe:
    return Timeframe(name).on(hours)


def _make(name: str, step: int, grid: Grid, hours: TradingHours | None) -> Timeframe:
    timeframe = object.__new__(Timeframe)
    values: dict[str, object] = {"name": name, "hours": hours, "_step": step, "_grid": grid, "_others": {}}
    for attribute, value in values.items():
        object.__setattr__(timeframe, attribute, value)
    return timeframe


def _define() -> None:
    for name, step in _STEPS.items():
        grid: Grid = EvenGrid(step, _ORIGINS.get(name, 0)) if step else MonthGrid()
        Timeframe._known[name] = _make(name, step, grid, None)


_define()
