"""What a strategy's context offers: series of bars in a list, and perhaps a function that returns some.

Nothing of it is kept here, for an engine may put other lists in place with every bar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from wealthsources import (
    NotHere,
    SourceError,
    Timeframe,
    is_asking_history,
    match_symbol,
    match_timeframe,
    original_history,
    read_field,
)

_LISTS: Final = ("_market_data_context", "market_data_context")
_MOST_NAMES: Final = 5
_LONGEST_NAME: Final = 40


class ContextSeries(Collection[str]):
    """The series in the lists of a context; as a collection, their symbols in the order of the list.

    An engine may call a timeframe by another name, such as `60m`: it is read where it can mean no other.
    """

    def __init__(self, context: object) -> None:
        self._context = context

    @property
    def exists(self) -> bool:
        """Whether the context has such a list, be it empty: an engine may fill it later."""
        return any(isinstance(read_field(self._context, name), list | tuple) for name in _LISTS)

    @property
    def readable(self) -> list[str]:
        """The symbols that there is a series of whose timeframe is known."""
        known = (symbol for symbol, name, _ in self._entries() if match_timeframe(name) is not None)
        return list(dict.fromkeys(known))

    def find(self, symbol: str, timeframe: Timeframe) -> Sequence[object]:
        """The bars of a series, nothing if there is none.

        Its own name comes before another that means the timeframe; of two of the same name the first one counts.
        Raises SourceError if they are no list.
        """
        other: object = None
        for of, name, entry in self._entries():
            if of == symbol and name == timeframe.name:
                return _bars_of(entry, f"{symbol} {name}")
            if other is None and of == symbol and match_timeframe(name) is timeframe:
                other = entry
        return () if other is None else _bars_of(other, f"{symbol} {timeframe}")

    def names(self) -> list[str]:
        """All series, as "BTCUSDT 1h"."""
        return [f"{symbol} {name[:_LONGEST_NAME]}" for symbol, name, _ in self._entries()]

    def unread(self, symbol: str) -> str:
        """What to say of the symbol's series whose timeframe is not known; nothing, if there is none."""
        names = [name for of, name, _ in self._entries() if of == symbol and match_timeframe(name) is None]
        if not names:
            return ""
        told = ", ".join(repr(name[:_LONGEST_NAME]) for name in dict.fromkeys(names[:_MOST_NAMES]))
        return f"the context has {symbol} under {told}, which is no timeframe; known: {', '.join(Timeframe.known())}"

    def spelling(self, symbol: str) -> str:
        """The symbol as the context spells it, if it has it."""
        return match_symbol(symbol, self) or symbol

    def _entries(self) -> Iterator[tuple[str, str, object]]:
        """The entries with their symbol, and their timeframe as the engine calls it.

        The first list that is not empty counts.
        """
        lists = (entries for name in _LISTS if isinstance(entries := read_field(self._context, name), list | tuple))
        for entry in next(filter(None, lists), ()):
            symbol, timeframe = read_field(entry, "symbol"), read_field(entry, "timeframe")
            if isinstance(symbol, str) and timeframe is not None:
                yield symbol, str(timeframe), entry

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(symbol for symbol, _, _ in self._entries()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, symbol: object) -> bool:
        return any(of == symbol for of, _, _ in self._entries())


def _bars_of(entry: object, series: str) -> Sequence[object]:
    return _sequence(read_field(entry, "bars"), f"{series} bars")


def ask_history(context: object, symbol: str, count: int, timeframe: Timeframe) -> Sequence[object] | None:
    """The newest `count` bars as of the context's now, as its own `history` returns them; None if it has none.

    Raises NotHere if it returns none, SourceError if it fails or returns something else.
    """
    history = original_history(context)
    if history is None:
        return None
    if is_asking_history(context):
        raise SourceError("the context's history() asks the chain, which is asking it: let it read the engine's bars")
    call = f"context.history({symbol!r}, {count}, {timeframe.name!r})"
    try:
        answer = history(symbol, count, timeframe.name)
    except Exception as error:
        raise SourceError(f"{call} raised {type(error).__name__}: {error}") from error
    bars = _sequence(answer, f"what {call} returned")
    if not len(bars):
        raise NotHere(f"{call} returned no bars")
    return bars


def _sequence(bars: object, what: str) -> Sequence[object]:
    if bars is None:
        return ()
    if isinstance(bars, str | bytes) or not isinstance(bars, Sequence):
        raise SourceError(f"{what}: a list was expected, not {type(bars).__name__}")
    return bars
