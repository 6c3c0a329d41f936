"""Market: what is usual where a symbol is traded. A deployment says it of all its symbols, and of some of them."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

Prices = Literal["positive", "any"]


class Market(NamedTuple):
    """What is usual on the market of a symbol.

    prices      positive: all are above 0 · any: they may be 0 or less, as of spreads they are
    continuous  every window has a bar. If not, none comes of a window without a trade: then a bar is missing only
                where somebody says so, as a stream does whose connection was lost
    """

    prices: Prices = "positive"
    continuous: bool = True


_USUAL: Final = Market()


class Markets:
    """The market of each symbol: that of the first of `others` that fits it, else `default`.

    `others` are (patterns, market); in a pattern `*` stands for any text, `?` for any letter, and case is no matter.
    """

    def __init__(self, default: Market = _USUAL, others: Sequence[tuple[Sequence[str], Market]] = ()) -> None:
        self.default = default
        self.others = tuple((tuple(pattern.upper() for pattern in patterns), market) for patterns, market in others)

    def of(self, symbol: str) -> Market:
        """The market of a symbol."""
        name = symbol.upper()
        for patterns, market in self.others:
            if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                return market
        return self.default


#: Of a deployment that says nothing.
ALL_ALIKE: Final = Markets()
