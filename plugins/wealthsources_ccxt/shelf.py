"""Shelf: stretches that were verified and may be gone on with, so that a long range is not begun anew each time."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from wealthsources import ForkLock

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources_ccxt.stretch import Stretch

#: 64 bytes each.
MOST_BARS: Final = 1_000_000
#: Seconds for which the exchange is not asked for them again.
_KEPT: Final = 900.0

_Key = tuple[str, str]


class Shelf:
    """At most one stretch for each series, and `most` bars of all; what was put first goes first."""

    def __init__(self, most: int = MOST_BARS, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._lock = ForkLock()
        self._held: OrderedDict[_Key, tuple[Stretch, float]] = OrderedDict()

    def take(self, key: _Key, start: int) -> Stretch | None:
        """The stretch of a series, if `start`, ms, lies in it: it is the caller's, until it is put back."""
        with self._lock:
            stretch, until = self._held.get(key, (None, 0.0))
            if stretch is None or not stretch.start <= start <= stretch.since:
                return None
            del self._held[key]
        return stretch if self._clock() < until else None

    def put(self, key: _Key, stretch: Stretch) -> None:
        """Keep it for a quarter of an hour, unless it is too large."""
        with self._lock:
            self._held.pop(key, None)
            self._held[key] = stretch, self._clock() + _KEPT
            while self._held and sum(len(held) for held, _ in self._held.values()) > self._most:
                self._held.popitem(last=False)

    @property
    def bars(self) -> int:
        """How many bars are held."""
        with self._lock:
            return sum(len(held) for held, _ in self._held.values())
