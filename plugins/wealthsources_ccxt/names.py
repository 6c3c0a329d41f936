"""Which of an exchange's markets a symbol means."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, NamedTuple

from wealthsources import NotHere, match_symbol, spell_stock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal


class Listed(NamedTuple):
    """A market: ccxt's symbol of it, the exchange's own, and the units of the base in a contract if it counts these."""

    symbol: str
    id: str
    base: str
    quote: str
    size: Decimal | None = None

    @property
    def spellings(self) -> tuple[str, str, str]:
        """The names that it may be found under."""
        return self.symbol, self.id, f"{self.base}/{self.quote}"


class Names:
    """The markets of one kind, by every name of theirs. `explicit` is {a symbol: ccxt's}, and comes first."""

    def __init__(self, markets: Iterable[Listed], explicit: Mapping[str, str], exchange: str, market: str) -> None:
        self.markets = tuple(sorted(markets))
        self._where = f"{exchange} {market}"
        self._explicit = explicit
        self._by_name: dict[str, set[Listed]] = {}
        for listed in self.markets:
            for name in listed.spellings:
                self._by_name.setdefault(name, set()).add(listed)
        self._close_to = functools.lru_cache(1000)(self._look_for)

    def find(self, symbol: str) -> Listed:
        """The one market that is meant. Raises NotHere if there is none, or more than one."""
        wanted = self._explicit.get(symbol, symbol)
        meant = self._by_name.get(wanted) or self._close_to(wanted)
        if len(meant) == 1:
            return next(iter(meant))
        raise NotHere(self._why_not(symbol, wanted, meant))

    def symbols(self) -> list[str]:
        """All symbols, as ccxt spells them, after those that the options name."""
        return [*self._explicit, *(listed.symbol for listed in self.markets)]

    def _look_for(self, wanted: str) -> set[Listed]:
        """Those that differ in nothing but case and separators."""
        return {
            listed
            for name, those in self._by_name.items()
            if match_symbol(wanted, (name,)) is not None
            for listed in those
        }

    def _why_not(self, symbol: str, wanted: str, meant: set[Listed]) -> str:
        if not self.markets:
            return f"{self._where} has no market at all; is it another word under market:?"
        said = f"{symbol!r} (symbols: {wanted!r})" if wanted != symbol else repr(symbol)
        if meant:
            several = ", ".join(sorted(listed.symbol for listed in meant)[:5])
            return f"{self._where}: {said} may be {several}; say which under symbols:"
        near = difflib.get_close_matches(wanted.upper(), self._by_name, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"`wealthsources markets` lists its {len(self.markets)}"
        return f"{self._where} has no symbol {said}; {remedy}"


class Unlisted(Names):
    """Stocks, of which no list is asked for, since there are thousands: each by the exchange's own name alone."""

    def __init__(self, explicit: Mapping[str, str], exchange: str, market: str) -> None:
        super().__init__((), explicit, exchange, market)

    def find(self, symbol: str) -> Listed:
        """The stock of that name, whether there is one or not. Raises NotHere for what can be no name of one."""
        wanted = self._explicit.get(symbol, symbol)
        try:
            name = spell_stock(wanted)
        except ValueError as error:
            raise NotHere(f"{self._where}: {error}") from None
        return Listed(name, name, name, "USD")
