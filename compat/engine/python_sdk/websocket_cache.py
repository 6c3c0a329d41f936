"""The legacy cache: bar dicts by open_time, fed by the live source, and by hand."""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Hashable, Iterator, Mapping
from operator import itemgetter
from typing import Any, Final

from engine.python_sdk._bar import Bar, read_bar
from wealthsources import ForkLock, call_in_child

_MOST_SERIES: Final = 10_000
_open_time: Final = itemgetter("open_time")


class _Series:
    """The bars of one series, oldest first, at most `most`.

    What a feed says is still forming stands apart, and is shown while nothing is newer: a bar that a lost connection
    left unfinished is gone when the next one begins.
    """

    def __init__(self, most: int) -> None:
        self.market: Hashable = None
        self._most = most
        self._bars: list[Bar] = []
        self._forming: Bar | None = None

    def put(self, bar: Bar) -> None:
        """Add a bar; one of the same open_time is replaced."""
        time = bar["open_time"]
        self._remove(time)
        self._bars.insert(bisect_left(self._bars, time, key=_open_time), bar)
        if self._forming is not None and self._forming["open_time"] <= time:
            self._forming = None
        self._trim()

    def follow(self, bar: Bar) -> None:
        """Take a bar as a feed has it, forming or closed."""
        if bar.closed:
            self.put(bar)
            return
        time = bar["open_time"]
        newest = self.all()[-1:]
        if not newest or newest[0]["open_time"] <= time:
            self._remove(time)
            self._forming = bar
            self._trim()

    def forget_forming(self) -> None:
        self._forming = None

    def all(self) -> list[Bar]:
        return self._bars if self._forming is None else [*self._bars, self._forming]

    def __len__(self) -> int:
        return len(self._bars) + (self._forming is not None)

    def _remove(self, time: int) -> None:
        at = bisect_left(self._bars, time, key=_open_time)
        if at < len(self._bars) and self._bars[at]["open_time"] == time:
            del self._bars[at]

    def _trim(self) -> None:
        del self._bars[: max(0, len(self) - self._most)]


class WebSocketCache:
    """The newest `max_bars_per_symbol` bars of each (symbol, timeframe). For any number of threads.

    Times are int ms, prices and volume are text. A bar that a feed says is forming has `"closed": False`; one without
    a flag is closed. What is handed out are copies.
    """

    def __init__(self, max_bars_per_symbol: int = 1000) -> None:
        if max_bars_per_symbol < 1:
            raise ValueError(f"max_bars_per_symbol must be at least 1, was {max_bars_per_symbol}")
        self._most = max_bars_per_symbol
        self._series: dict[tuple[str, str], _Series] = {}
        self._lock = ForkLock()
        call_in_child(self, WebSocketCache._forget_forming)

    def _forget_forming(self) -> None:
        """In a forked child: the feed goes on in the parent, so what was forming is not what it becomes."""
        for series in self._series.values():
            series.forget_forming()

    def add_bar(self, symbol: str, timeframe: str, bar: Mapping[str, Any]) -> None:
        """Add a copy of a bar: open_time, close_time, open, high, low, close, volume, and whatever else it has.

        It goes where its open_time belongs and replaces one of the same. Raises ValueError that names the field if
        one of the seven is missing or is no number.
        """
        read = read_bar(bar)
        with self._lock:
            self._made(symbol, timeframe).put(read)

    def receive(self, symbol: str, timeframe: str, bar: Bar, market: Hashable) -> None:
        """For a feed: take a bar of a market. A series holds bars of one market only; another one begins it anew."""
        with self._lock:
            series = self._made(symbol, timeframe)
            if series.market not in (None, market):
                series = self._series[symbol, timeframe] = _Series(self._most)
            series.market = market
            series.follow(bar)

    def get_bars(self, symbol: str, timeframe: str, count: int | None = None) -> list[dict[str, Any]]:
        """The newest `count` bars (None: all), oldest first, forming ones too."""
        with self._lock:
            series = self._series.get((symbol, timeframe))
            bars = [] if series is None else series.all()
            wanted = bars[0 if count is None else max(0, len(bars) - max(0, count)) :]
        return [copy.deepcopy(bar) for bar in wanted]  # nothing changes a bar that was stored

    def get_latest_bar(self, symbol: str, timeframe: str) -> dict[str, Any] | None:
        """The newest bar, forming or closed; None if there is none."""
        return next(iter(self.get_bars(symbol, timeframe, 1)), None)

    def get_last_update_time(self, symbol: str, timeframe: str) -> int | None:
        """The close_time of the newest bar in ms; None if there is none."""
        newest = self.get_latest_bar(symbol, timeframe)
        return None if newest is None else newest["close_time"]

    def clear(self, symbol: str | None = None, timeframe: str | None = None) -> None:
        """Forget the bars of a symbol, a timeframe, both, or all."""
        with self._lock:
            for key in list(self._matching(symbol, timeframe)):
                del self._series[key]

    def get_cached_symbols(self) -> list[tuple[str, str]]:
        """(symbol, timeframe) of every series."""
        with self._lock:
            return list(self._series)

    def get_cache_size(self, symbol: str | None = None, timeframe: str | None = None) -> int:
        """How many bars there are of a symbol, a timeframe, both, or in all."""
        with self._lock:
            return sum(len(self._series[key]) for key in self._matching(symbol, timeframe))

    def _made(self, symbol: str, timeframe: str) -> _Series:
        """The series; a new one, if there are too many, in place of the one that came first."""
        found = self._series.get((symbol, timeframe))
        if found is None:
            if len(self._series) >= _MOST_SERIES:
                del self._series[next(iter(self._series))]
            found = self._series[symbol, timeframe] = _Series(self._most)
        return found

    def _matching(self, symbol: str | None, timeframe: str | None) -> Iterator[tuple[str, str]]:
        return (key for key in self._series if symbol in (None, key[0]) and timeframe in (None, key[1]))


_cache: WebSocketCache | None = None
_cache_lock = ForkLock()


def get_websocket_cache() -> WebSocketCache:
    """The cache of this process."""
    global _cache  # noqa: PLW0603 - one per process is what it is
    with _cache_lock:
        if _cache is None:
            _cache = WebSocketCache()
        return _cache


def set_websocket_cache(cache: WebSocketCache | None) -> None:
    """Have another cache from now on, one of another size for example. None: a new one."""
    global _cache  # noqa: PLW0603
    with _cache_lock:
        _cache = cache
