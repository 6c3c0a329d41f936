"""The legacy ContextDataAdapter: the bars of the cache and those of a context, in one list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.python_sdk._bar import Bar, read_bar, read_time
from engine.python_sdk.data_adapter import DataAdapter
from engine.python_sdk.websocket_cache import get_websocket_cache
from wealthsources import original_history, read_field


class ContextDataAdapter(DataAdapter):
    """Reads the process's cache and one context. Of two bars of the same open_time the cache's counts.

    It knows no clock and no holes, and shows forming bars: a strategy reads `wealthdata.get_price`, which does not use
    this class.
    """

    def __init__(self, context: Any) -> None:
        self._context = context

    def get_history(self, symbol: str, count: int, timeframe: str) -> list[Bar]:
        """The newest `count` bars by open_time, oldest first; nothing for a count of 0.

        Raises ValueError if a bar of the context cannot be read, and what the context's own history() raises.
        """
        if count <= 0:
            return []
        found = {_open_time(bar): bar for bar in self._context_bars(symbol, count, timeframe)}
        cached = get_websocket_cache().get_bars(symbol, timeframe, count)
        found.update((bar["open_time"], bar) for bar in cached)
        return [read_bar(found[time]) for time in sorted(found)[-count:]]

    def get_all_symbols(self) -> list[str]:
        """The symbols of the context's series, sorted."""
        return sorted({str(symbol) for entry in self._entries() if (symbol := read_field(entry, "symbol"))})

    def get_completed_orders(self) -> list[Any]:
        """The context's completed orders."""
        return self._listed("completed_orders")

    def get_incomplete_orders(self) -> list[Any]:
        """The context's orders that are not completed."""
        return self._listed("incomplete_orders")

    def get_market_data_context(self) -> list[Any]:
        """The context's series as they are."""
        return self._entries()

    def _entries(self) -> list[Any]:
        return self._listed("market_data_context")

    def _listed(self, name: str) -> list[Any]:
        """A list of the context, which an engine may keep under a name with an underscore."""
        found: Any = read_field(self._context, f"_{name}") or read_field(self._context, name) or ()
        return list(found)

    def _context_bars(self, symbol: str, count: int, timeframe: str) -> Iterable[object]:
        for entry in self._entries():
            bars: Any = read_field(entry, "bars")
            if read_field(entry, "symbol") == symbol and read_field(entry, "timeframe") == timeframe and bars:
                return list(bars)
        history = original_history(self._context)
        found: Any = None if history is None else history(symbol, count, timeframe)
        return () if found is None else found


def _open_time(bar: object) -> int:
    try:
        return read_time(read_field(bar, "open_time"))
    except ValueError as error:
        raise ValueError(f"a bar of the context: open_time: {error}") from None
