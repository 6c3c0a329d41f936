"""ToldOnce: a bounded memory of what the log has been told, so that it is told once and not with every bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources.forking import ForkLock

if TYPE_CHECKING:
    from collections.abc import Hashable

MOST: Final = 10_000


class ToldOnce:
    """What was told, `most` things at most: then all is forgotten, and may be told once more. For any thread."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._told: set[Hashable] = set()
        self._lock = ForkLock()

    def is_new(self, *thing: Hashable) -> bool:
        """Whether this has not been told yet; from now on it has."""
        with self._lock:
            if thing in self._told:
                return False
            if len(self._told) >= self._most:
                self._told.clear()
            self._told.add(thing)
            return True
