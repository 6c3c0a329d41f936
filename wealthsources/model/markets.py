"""Market: what is usual where a symbol is traded. A deployment says it of all its symbols, and of some of them."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from wealthsources.model.symbols import match_symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from wealthsources.model.timeframe import Timeframe
    from wealthsources.model.trading_hours import TradingHours

Prices = Literal["positive", "any"]


class Market(NamedTuple):
    """What is usual on the market of a symbol.

    prices      positive: all are above 0 · any: they may be 0 or less, as of spreads they are
    continuous  every window has a bar. If not, none comes of a window without a trade: then a bar is missing only
                where somebody says so, as a stream does whose connection was lost
    hours       when it is open; None: it never closes
    """

    prices: Prices = "positive"
    continuous: bool = True
    hours: TradingHours | None = None

    def timeframe(self, timeframe: Timeframe) -> Timeframe:
        """The timeframe of that name in the market's hours. Raises RequestError if it has none of that name."""
        return timeframe.on(self.hours)


_USUAL: Final = Market()


class Fitting(NamedTuple):
    """The market of the symbols that fit one of the patterns; `says_continuous`: that part of it is said."""

    patterns: tuple[str, ...]
    market: Market
    says_continuous: bool = True


class Listed(NamedTuple):
    """What a source says of itself: the symbols that it lists now, and whether their market is continuous, if it says.

    A symbol in another spelling is listed too, if it can mean no other. `live`: bars come to it as they happen.
    """

    symbols: Callable[[], Collection[str] | None]
    continuous: bool | None
    live: bool = True

    def has(self, symbol: str) -> bool:
        """Whether it lists a symbol."""
        return match_symbol(symbol, self.symbols() or ()) is not None


class Markets:
    """The market of each symbol: that of the first of `others` that fits it, else `default`.

    `others` are (patterns, market); in a pattern `*` stands for any text, `?` for any letter, and case is no matter.
    One like `binance:BTC*` means the symbols that the source of that name lists, too. Where the deployment does not say
    whether a market is continuous (`says_continuous`), the live sources that list the symbol do, once they are known:
    it is not if all of them say so. Else an outage of the one would pass for the quiet of the other.

    all_alike  whether all symbols are of the default market
    """

    def __init__(
        self,
        default: Market = _USUAL,
        others: Sequence[tuple[Sequence[str], Market] | Fitting] = (),
        *,
        says_continuous: bool = True,
    ) -> None:
        self.default = default
        self.others = tuple(
            Fitting(tuple(pattern.upper() for pattern in patterns), *rest) for patterns, *rest in others
        )
        self._says_continuous = says_continuous
        self._sources: dict[str, Listed] = {}
        self._live: tuple[Listed, ...] = ()
        self.all_alike = not self.others

    def know(self, sources: Mapping[str, Listed]) -> None:
        """These are the sources, by name."""
        self._sources = {name.upper(): listed for name, listed in sources.items()}
        self._live = tuple(listed for listed in sources.values() if listed.live)
        may_be_quiet = not self._says_continuous and any(listed.continuous is False for listed in self._live)
        self.all_alike = not self.others and not may_be_quiet

    def of(self, symbol: str) -> Market:
        """The market of a symbol."""
        name = symbol.upper()
        fitting = next((each for each in self.others if any(self._fits(name, one) for one in each.patterns)), None)
        market, said = self.default, self._says_continuous
        if fitting is not None:
            market, said = fitting.market, fitting.says_continuous
        if said:
            return market
        say = [listed.continuous for listed in self._live if listed.has(symbol)]
        return market._replace(continuous=False) if say and all(each is False for each in say) else market

    def timeframe(self, symbol: str, timeframe: Timeframe) -> Timeframe:
        """The timeframe of that name in the hours of the symbol's market. Raises RequestError if it has none."""
        return (self.default if self.all_alike else self.of(symbol)).timeframe(timeframe)

    def _fits(self, name: str, pattern: str) -> bool:
        if fnmatch.fnmatchcase(name, pattern):
            return True
        source, colon, rest = pattern.partition(":")
        listed = self._sources.get(source) if colon else None
        return listed is not None and fnmatch.fnmatchcase(name, rest) and listed.has(name)


#: Of a deployment that says nothing.
ALL_ALIKE: Final = Markets()
