"""What never existed: windows of which an exchange's own history says that there was no bar."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.model.timeframe import Timeframe

_BELIEVED: Final = 3600.0  # seconds
_MOST_SPANS: Final = 10_000


class KnownEmpty:
    """Spans of windows of which an exchange's own history said that there never was a bar; believed for an hour.

    So that minutes without a trade are not asked for again with every request. For any number of threads.
    When `most` are held, all are forgotten. `clock` is monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = _MOST_SPANS) -> None:
        self._clock = clock
        self._most = most
        self._lock = Lock()
        self._spans: dict[tuple[str, str, Timeframe], dict[tuple[int, int], float]] = {}
        self._held = 0

    def learn(self, source: str, symbol: str, timeframe: Timeframe, spans: list[tuple[int, int]]) -> None:
        """Remember spans of window numbers, first and last, of which `source` said it."""
        until = self._clock() + _BELIEVED
        with self._lock:
            if self._held >= self._most:
                self._spans.clear()
                self._held = 0
            known = self._spans.setdefault((source, symbol, timeframe), {})
            self._held -= len(known)
            known.update(dict.fromkeys(spans, until))
            self._held += len(known)

    def of(self, source: str, symbol: str, timeframe: Timeframe) -> list[tuple[int, int]]:
        """The spans of a series of which `source` said it, and that are still believed."""
        if not self._spans:
            return []
        now = self._clock()
        with self._lock:
            return [span for span, until in self._spans.get((source, symbol, timeframe), {}).items() if until > now]
