"""The closed bars of several series, one after the other in the order in which they end."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

from wealthsources import HistoryRequest, NotHere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from wealthsources import Bar, Bars, Timeframe

#: Windows of one request.
_AT_ONCE: Final = 1_000


def bars_in_order(
    ask: Callable[[HistoryRequest], Bars], series: Iterable[tuple[str, Timeframe]], start: int, end: int
) -> Iterator[Bar]:
    """The bars that open at `start` or later and end by `end`, ms; of those that end together the shorter one first,
    then by symbol. They are asked for piece by piece, as they are wanted. What is not there is left out.

    Raises what `ask` raises, but for NotHere.
    """
    each = [_bars_of(ask, symbol, timeframe, start, end) for symbol, timeframe in series]
    return heapq.merge(*each, key=lambda bar: (bar.end, bar.timeframe.milliseconds, bar.symbol))


def _bars_of(
    ask: Callable[[HistoryRequest], Bars], symbol: str, timeframe: Timeframe, start: int, end: int
) -> Iterator[Bar]:
    first, last = timeframe.first_from(start), timeframe.slot(end)
    while first < last:
        after = min(last, first + _AT_ONCE)
        try:
            bars = ask(HistoryRequest(symbol, timeframe, timeframe.open_time(after), timeframe.open_time(first)))
        except NotHere:
            pass
        else:
            yield from bars
        first = after
