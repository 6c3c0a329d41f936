"""What is true of an exchange: its symbols, their bars, and its clock. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from wealthsources_simulator.bars import forming_state

if TYPE_CHECKING:
    from wealthsources_simulator.bars import PlayedBar, Series


#: The bars of a series, or who tells them.
Bars = Sequence["PlayedBar"] | Callable[[], Sequence["PlayedBar"]]


class Traded(NamedTuple):
    """A symbol, taken apart: `BTC/USDT`, or `BTC/USDT:USDT` of a perpetual contract."""

    symbol: str
    base: str
    quote: str
    settle: str


class Truth:
    """Bars by (symbol, timeframe), the oldest first; symbols are written `BTC/USDT`, of perpetuals `BTC/USDT:USDT`.

    Those of a series may be a function that tells them, such as `functools.partial(market.all, key)` of a `Market`.
    `now`, ms, is a time or a function that tells it. A bar whose window holds it is forming, and is shown half way.
    What opens later is not there yet.
    """

    def __init__(self, series: Mapping[Series, Bars], now: int | Callable[[], int]) -> None:
        self.series = dict(series)
        self._now = now

    @property
    def now(self) -> int:
        """The exchange's time, ms."""
        return self._now() if callable(self._now) else self._now

    def traded(self, contracts: bool) -> list[Traded]:
        """The symbols of perpetual contracts, or all others."""
        apart = [_apart(symbol) for symbol in dict.fromkeys(symbol for symbol, _ in self.series)]
        return [each for each in apart if bool(each.settle) == contracts]

    def bars(self, symbol: str, timeframe: str) -> list[PlayedBar]:
        """All bars of a series that have opened by now; none if there is no such series."""
        now = self.now
        series = self.series.get((symbol, timeframe), ())
        shown = [bar for bar in (series() if callable(series) else series) if bar.open_time <= now]
        if shown and shown[-1].end > now:
            shown[-1] = forming_state(shown[-1], 1, 4)
        return shown


def _apart(symbol: str) -> Traded:
    pair, _, settle = symbol.partition(":")
    base, _, quote = pair.partition("/")
    return Traded(symbol, base, quote, settle)
