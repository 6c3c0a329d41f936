"""What a strategy's context offers: series of bars in a list, and perhaps a function that returns some.

Nothing is copied or kept, for an engine may put other lists in place with every bar.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from wealthsources import NotHere, SourceError, Timeframe, is_asking_history, match_symbol, original_history, read_field

_LISTS: Final = ("_market_data_context", "market_data_context")


class ContextSeries(Collection[str]):
    """The series in the lists of a context; as a collection, their symbols in the order of the list."""

    def __init__(self, context: object) -> None:
        self._context = context

    @property
    def exists(self) -> bool:
        """Whether the context has such a list, be it empty: an engine may fill it later."""
        return any(isinstance(read_field(self._context, name), list | tuple) for name in _LISTS)

    def find(self, symbol: str, timeframe: Timeframe) -> Sequence[object]:
        """The bars of a series, nothing if there is none; of two of the same name the first.

        Raises SourceError if they are no list.
        """
        for entry in self._entries():
            if read_field(entry, "symbol") == symbol and str(read_field(entry, "timeframe")) == timeframe.name:
                return _sequence(read_field(entry, "bars"), f"{symbol} {timeframe} bars")
        return ()

    def names(self) -> list[str]:
        """All series, as "BTCUSDT 1h"."""
        return [f"{read_field(entry, 'symbol')} {read_field(entry, 'timeframe')}" for entry in self._entries()]

    def spelling(self, symbol: str) -> str:
        """The symbol as the context spells it, if it has it."""
        return match_symbol(symbol, self) or symbol

    def _entries(self) -> Iterator[object]:
        """The entries that have a symbol and a timeframe that is known. The first list that is not empty counts."""
        known = Timeframe.known()
        lists = (entries for name in _LISTS if isinstance(entries := read_field(self._context, name), list | tuple))
        for entry in next(filter(None, lists), ()):
            if isinstance(read_field(entry, "symbol"), str) and str(read_field(entry, "timeframe")) in known:
                yield entry

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(str(read_field(entry, "symbol")) for entry in self._entries()))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, symbol: object) -> bool:
        return any(read_field(entry, "symbol") == symbol for entry in self._entries())


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
