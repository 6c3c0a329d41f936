"""BarRequest and Query: what a caller asks, and what that means at one moment."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import operator
from typing import TYPE_CHECKING, Any, Concatenate, Final, Literal, ParamSpec, TypeVar, cast

import numpy as np

from wealthsources.model.errors import RequestError
from wealthsources.model.markets import ALL_ALIKE, Market, Markets
from wealthsources.model.symbols import match_symbol
from wealthsources.model.timeframe import Timeframe
from wealthsources.model.times import EARLIEST_TIME, LATEST_TIME, check_time, time_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.model.trading_hours import TradingHours
    from wealthsources.source import Clock, HistoryRequest, Source

OnHole = Literal["mark", "raise", "trim"]
OnStale = Literal["mark", "raise"]
#: What a backtest sees of what was corrected, or came late: what was known then, or what is known now.
Knowledge = Literal["then", "now"]

#: The years 1 to 9999, less a year at each end so that windows around their times exist too, in ms.
_FIRST_TIME: Final = -62_104_060_800_000
_LAST_TIME: Final = 253_370_764_800_000


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """How an adapter answers when bars are missing. Times in ms.

    on_stale None: raise in a live binding, mark in a backtest. max_price_age None: twice the timeframe that a last
    price was read from. `knowledge`: what a backtest sees. `markets`: what is usual where a symbol is traded.
    """

    on_hole: OnHole = "mark"
    on_stale: OnStale | None = None
    max_behind: int = 1
    late_after: int = 5_000
    max_price_age: int | None = None
    knowledge: Knowledge = "now"
    markets: Markets = ALL_ALIKE

    def known_late(self, known: Knowledge | None) -> int | None:
        """`Query.known_late` where that is asked for; None: as the deployment does. Raises RequestError."""
        if known not in (None, "then", "now"):
            raise RequestError(f'known must be "then" or "now", was {known!r}')
        return self.late_after if (known or self.knowledge) == "then" else None

    def lateness(self, clock: Clock) -> int:
        """For so long after its end a bar may still be on its way, live; 0 under a clock that bars drive."""
        return self.late_after if clock.name == "system" else 0


_P = ParamSpec("_P")
_Self = TypeVar("_Self")
_Made = TypeVar("_Made")
_Answer = TypeVar("_Answer")


@dataclasses.dataclass(slots=True)  # frozen would take three times as long to make
class BarRequest:
    """The arguments of `get_history`; each of them means what is said there."""

    symbol: str
    count: int | None = None
    timeframe: Timeframe | str = "1h"
    _: dataclasses.KW_ONLY
    start: int | None = None
    end: int | None = None
    include_now: bool = False
    on_hole: OnHole | None = None
    on_stale: OnStale | None = None

    def query(
        self,
        now: Callable[[], int],
        late_after: int | None,
        markets: Markets = ALL_ALIKE,
        known_late: int | None = None,
    ) -> Query:
        """What this means now; `now` is asked once, and only then. Raises RequestError for what makes no sense.

        late_after, known_late as in Query; the first is None in a backtest
        """
        symbol, count, start, end = self.symbol, self.count, self.start, self.end
        if not isinstance(symbol, str) or not symbol:
            raise RequestError(f"symbol must be text like 'BTCUSDT', was {symbol!r}")
        if count is not None:
            count = _whole(count, "count")
            if count < 1:
                raise RequestError(f"count must be at least 1, was {count}")
        if (count is None) == (start is None):
            raise RequestError("give either count or start" + ("" if count is None else ", not both"))
        start = None if start is None else _time(start, "start")
        end = None if end is None else _time(end, "end")
        if start is not None and end is not None and start > end:
            raise RequestError(f"start ({time_text(start)}) is after end ({time_text(end)})")
        timeframe = Timeframe(self.timeframe)
        live, late_after = late_after is not None, late_after or 0
        market = markets.default if markets.all_alike else markets.of(symbol)
        timeframe = market.timeframe(timeframe)
        moment = now()
        if start is not None and start > moment:
            raise RequestError(
                f"start ({time_text(start)} UTC) lies beyond now ({time_text(moment)} UTC): no bar can be there yet; "
                "times are ms since 1970 in UTC, so it may be wall time of another zone"
            )
        if market.hours is not None:
            _check_known(market.hours, moment if end is None else min(end, moment))
        return Query(
            symbol, timeframe, moment, count, start, end, self.include_now, live, late_after, market, known_late
        )


def takes_arguments_of(
    make: Callable[_P, _Made],
) -> Callable[[Callable[[_Self, _Made], _Answer]], Callable[Concatenate[_Self, _P], _Answer]]:
    """Give a method that takes one object the arguments that this object is made of: so their list is written once."""

    def give(method: Callable[[_Self, _Made], _Answer]) -> Callable[Concatenate[_Self, _P], _Answer]:
        @functools.wraps(method)
        def with_arguments(self: _Self, /, *args: _P.args, **kwargs: _P.kwargs) -> _Answer:
            return method(self, make(*args, **kwargs))

        own = inspect.signature(method)
        parameters = [next(iter(own.parameters.values())), *inspect.signature(make).parameters.values()]
        with_arguments.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        return cast("Callable[Concatenate[_Self, _P], _Answer]", with_arguments)

    return give


@dataclasses.dataclass(slots=True)  # as above
class Query:
    """What is looked for: the newest `count` closed bars, or those from `start`, that end by min(`end`, `now`).

    late_after is in ms: how long after its end a bar may still be on its way (0 unless the clock is the system's).
    known_late is in ms too, and None unless only what was known by `now` is to be seen: what first was known of a bar
    so soon after its end counts as known at its end.
    """

    symbol: str
    timeframe: Timeframe
    now: int
    count: int | None = None
    start: int | None = None
    end: int | None = None
    include_now: bool = False
    live: bool = True
    late_after: int = 0
    market: Market = ALL_ALIKE.default
    known_late: int | None = None

    @property
    def limit(self) -> int:
        """No closed bar that ends later is in the answer."""
        return self.now if self.end is None else min(self.end, self.now)

    def __str__(self) -> str:
        what = f"{self.count} bars" if self.count is not None else f"bars from {time_text(self.start or 0)}"
        return f"{what} of {self.symbol} {self.timeframe} up to {time_text(self.limit)} UTC"


def query_of(request: HistoryRequest, now: int, late_after: int, market: Market) -> Query:
    """What a source looks for, live, in the sources after it."""
    symbol, timeframe, count = request.symbol, market.timeframe(request.timeframe), request.count
    return Query(symbol, timeframe, now, count, request.start, request.end, late_after=late_after, market=market)


def participation(source: Source, query: Query, timeframe: Timeframe) -> tuple[str | None, str]:
    """Whether a source takes part in such requests: the symbol in its spelling; or None, and why not."""
    can = source.capabilities
    if can.live and not query.live:
        return None, "a live source takes no part in a backtest"
    if query.known_late is not None and not (can.point_in_time or can.live):
        return None, "cannot tell what was known then"
    if can.timeframes is not None and timeframe.name not in can.timeframes:
        return None, f"serves no {timeframe}; it has {', '.join(can.timeframes) or 'none'}"
    if can.symbols is None:
        return query.symbol, ""
    symbol = query.symbol
    spelling = symbol if symbol in can.symbols else match_symbol(symbol, can.symbols)
    return spelling, "" if spelling is not None else f"does not know {query.symbol}"


def _check_known(hours: TradingHours, limit: int) -> None:
    """Raise RequestError for bars up to a time at which it is not known whether the market was open.

    Else the last ones before it would pass for the newest that there are.
    """
    if limit >= hours.known_until:
        raise RequestError(
            f"the calendar {hours.name} is known up to {time_text(hours.known_until)} UTC only, and bars up to "
            f"{time_text(limit)} UTC were asked for: pip install --upgrade exchange_calendars, and start again"
        )


def _time(value: Any, name: str) -> int:
    time = _whole(value, name, " of ms since 1970")
    if EARLIEST_TIME <= time * 1000 <= LATEST_TIME:  # a day of 1970 in ms, and any time that is meant in seconds
        raise RequestError(f"{name}: {time} looks like seconds ({time_text(time * 1000)} UTC); times are in ms")
    if not _FIRST_TIME <= time <= _LAST_TIME:
        raise RequestError(f"{name} must be a time in ms of the years 1 to 9999, was {time}{_hint(time)}")
    return time


def _hint(time: int) -> str:
    try:
        check_time(time)
    except ValueError as error:
        return str(error).partition(" of 1980 to 2200")[2]
    return ""


def _whole(value: Any, name: str, unit: str = "") -> int:
    """A whole number; numpy's will do, a bool will not."""
    if hasattr(value, "__index__") and not isinstance(value, bool | np.bool_):
        return operator.index(value)
    raise RequestError(f"{name} must be a whole number{unit}, was {value!r}")
