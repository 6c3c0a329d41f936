"""WebSocketCache: the bars that came over the WebSocket."""

from __future__ import annotations

import time

from wealthsources import Bar, Bars, BarStore, RequestError, Timeframe


class WebSocketCache(BarStore):
    """The BarStore of a websocket source, with ways to look into it. Forming bars are in what it shows.

    `symbol` is the spelling of the subscription.
    """

    def get_bars(self, symbol: str, timeframe: Timeframe | str, count: int | None = None) -> Bars:
        """The newest `count` bars (None: all), oldest first; empty if none ever came."""
        if count is not None and count < 1:
            raise RequestError(f"count must be at least 1, was {count}")
        series = self.get(symbol, Timeframe(timeframe))
        if series is None:
            return Bars.empty(symbol, timeframe)
        bars = series.all()
        return bars if count is None else bars[-count:]

    def get_latest_bar(self, symbol: str, timeframe: Timeframe | str) -> Bar | None:
        """The newest bar, forming or closed."""
        bars = self.get_bars(symbol, timeframe)
        return bars[-1] if len(bars) else None

    def get_last_update_time(self, symbol: str, timeframe: Timeframe | str) -> int | None:
        """When the last message for the newest bar came, in ms since 1970 by this machine's clock."""
        series = self.get(symbol, Timeframe(timeframe))
        if series is None or series.arrived is None:
            return None
        return int((time.time() - (time.monotonic() - series.arrived)) * 1000)

    def get_cached_symbols(self) -> list[tuple[str, str]]:
        """(symbol, timeframe) of every series."""
        return [(series.symbol, series.timeframe.name) for series in self if len(series)]

    def get_cache_size(self, symbol: str | None = None, timeframe: Timeframe | str | None = None) -> int:
        """How many bars are held, of a symbol, a timeframe, both, or in all."""
        wanted = None if timeframe is None else Timeframe(timeframe)
        return sum(
            len(series) for series in self if symbol in (None, series.symbol) and wanted in (None, series.timeframe)
        )
