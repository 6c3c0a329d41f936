"""What strategies expect of their engine by name: `g`, `log`, `run_daily`, and functions that order, set and record."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources_verify.context import Context
    from wealthsources_verify.portfolio import Portfolio
    from wealthsources_verify.recorder import Recorder

ORDERS: Final = ("order", "order_target", "order_value", "order_target_value")
OTHERS: Final = ("set_benchmark", "set_option", "set_order_cost", "record")

_HOUR, _MINUTE = 3_600_000, 60_000
_DAY: Final = 24 * _HOUR
#: The market never closes: its day is that of UTC.
_NAMED_TIMES: Final = {"open": 0, "close": _DAY, "after_close": _DAY}
#: Instead of the ms that have passed: the first bar of the day has not begun.
BEFORE_OPEN: Final = -1


@dataclasses.dataclass
class OrderCost:
    """What orders would cost. Here nothing does."""

    open_tax: float = 0.0
    close_tax: float = 0.0
    open_commission: float = 0.0
    close_commission: float = 0.0
    close_today_commission: float = 0.0
    min_commission: float = 0.0


class Log:
    """Writes to stderr, where the strategy's other output goes. What it writes is no decision."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def _write(self, *words: object) -> None:
        sys.stderr.write(f"{self._context.current_dt:%Y-%m-%d %H:%M} {' '.join(map(str, words))}\n")

    debug = info = warn = warning = error = critical = _write

    def set_level(self, *_: object, **__: object) -> None:
        """All levels are written."""


@dataclasses.dataclass(frozen=True, eq=False)
class Daily:
    """A function to run once a day, as soon as `after` ms of it have passed by the clock; None: at every bar."""

    function: Callable[..., object]
    after: int | None


class EngineApi:
    """The functions of one run. `daily` are those that were registered, in order."""

    def __init__(self, recorder: Recorder, context: Context, portfolio: Portfolio) -> None:
        self.g = SimpleNamespace()
        self.daily: list[Daily] = []
        self._recorder = recorder
        self._context = context
        self._portfolio = portfolio

    def names(self) -> dict[str, object]:
        """For `wealthdata.extend`."""
        orders = {name: self._ordering(name) for name in ORDERS}
        others = {name: self._noting(name) for name in OTHERS}
        own = {"g": self.g, "log": Log(self._context), "run_daily": self.run_daily, "OrderCost": OrderCost}
        return {**own, **orders, **others}

    def run_daily(self, func: Callable[..., object], time: object = "9:30", reference_security: object = None) -> None:  # noqa: ARG002
        """Register `func(context)`. Times are "every_bar", "before_open", "open", "close", "after_close", "09:30"."""
        if not callable(func):
            raise ValueError(f"run_daily needs a function, was {func!r}")
        self.daily.append(Daily(func, _time_of_day(time)))

    def _ordering(self, name: str) -> Callable[..., object]:
        fill = getattr(self._portfolio, name)

        def ordering(security: str, amount: float, *more: object, **options: object) -> object:
            self._recorder.decision(name, (security, amount, *more), options)
            return fill(security, float(amount))

        ordering.__name__ = name
        return ordering

    def _noting(self, name: str) -> Callable[..., None]:
        def noting(*values: object, **options: object) -> None:
            self._recorder.decision(name, values, options)

        noting.__name__ = name
        return noting


def _time_of_day(time: object) -> int | None:
    """In ms since midnight; see Daily."""
    if time in ("every_bar", "every_minute"):
        return None
    if time == "before_open":
        return BEFORE_OPEN
    if time in _NAMED_TIMES:
        return _NAMED_TIMES[str(time)]
    try:
        text = str(time)
        moment = dt.time.fromisoformat(f"0{text}" if text[1:2] == ":" else text)  # "9:30" is JoinQuant's default
    except ValueError:
        known = ", ".join(("every_bar", "before_open", *_NAMED_TIMES))
        raise ValueError(f"run_daily: time {time!r} is none of {known}, nor like '09:30'") from None
    return moment.hour * _HOUR + moment.minute * _MINUTE + moment.second * 1000
