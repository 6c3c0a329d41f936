"""HistoryExchange: what the server asks of one exchange. Pure: a question in, the content of an answer out."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wealthsources_simulator.bars import PlayedBar
    from wealthsources_simulator.history.truth import Traded, Truth


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """One request: its path, its query, its JSON body if it has one, and its header lines: names in small letters."""

    path: str
    query: Mapping[str, str]
    body: Any = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def number(self, name: str, default: int | None = None) -> int | None:
        """An argument of the query as a whole number; the default if it is not there."""
        return int(float(self.query[name])) if name in self.query else default


class Refusal(Exception):  # noqa: N818 - an answer like any other
    """The exchange turns a question down, with that status and that JSON."""

    def __init__(self, status: int, content: Any) -> None:
        super().__init__(status)
        self.status = status
        self.content = content


class HistoryExchange(ABC):
    """One exchange's REST interface, as far as history needs it.

    timeframes  its names of ours, by ours
    """

    timeframes: ClassVar[Mapping[str, str]]

    @abstractmethod
    def other(self, ask: Ask, truth: Truth) -> Any:
        """The JSON of an answer to anything but a question for bars: its symbols, above all."""

    @abstractmethod
    def page(self, ask: Ask, truth: Truth) -> list[PlayedBar] | None:
        """The bars that it would answer with, in its own order; None if the question is not for bars."""

    @abstractmethod
    def written(self, ask: Ask, bars: list[PlayedBar], truth: Truth) -> Any:
        """Such an answer as JSON."""

    def ours(self, name: str) -> str:
        """Our name of a timeframe of its own; one that it does not have finds no bars."""
        return next((ours for ours, theirs in self.timeframes.items() if theirs == name), "")


def within(bars: Iterable[PlayedBar], first: int | None, last: int | None) -> list[PlayedBar]:
    """Those that open from `first` to `last`, ms, both inclusive; None: without that bound."""
    return [
        bar for bar in bars if (first is None or bar.open_time >= first) and (last is None or bar.open_time <= last)
    ]


def symbol_of(traded: Iterable[Traded], spelled: str, join: str) -> str | None:
    """The symbol that the exchange spells so, base and quote joined by `join`."""
    return next((each.symbol for each in traded if f"{each.base}{join}{each.quote}" == spelled), None)


def contracts_of(volume: str, size: str) -> str:
    """How many contracts of `size` units of the base a volume in the base is."""
    return f"{(Decimal(volume) / Decimal(size)).normalize():f}"


def seconds(time: int) -> int:
    """A time in ms as whole seconds."""
    return time // 1000
