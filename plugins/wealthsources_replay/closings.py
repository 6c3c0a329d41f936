"""Closings: which bars were closed before, so that a correction is not taken for another bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wealthsources import Bar

#: Of each series; a live source holds a thousand by default, and corrects no bar that it does not hold.
_MOST: Final = 100_000


class Closings:
    """Remembers the closed bars of each series, the last ones of very many."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._closed: dict[tuple[str, str], dict[int, None]] = {}

    def is_new(self, bar: Bar) -> bool:
        """Whether this bar, which is closed, was not among them. It is from now on."""
        closed = self._closed.setdefault((bar.symbol, bar.timeframe.name), {})
        if bar.open_time in closed:
            return False
        closed[bar.open_time] = None
        if len(closed) > self._most:
            del closed[next(iter(closed))]
        return True
