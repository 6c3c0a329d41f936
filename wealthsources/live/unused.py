"""Unused: what came on the connections of a shard and became no bar of its series, for who asks why there is none.

It stays small whatever a server invents: so many names of each kind are kept, the rest is counted together.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from wealthsources.model.symbols import match_symbol

#: So many names of a kind are kept; `OTHERS` stands for the rest.
MOST_NAMES: Final = 16
OTHERS: Final = "others"
_MOST_TOLD: Final = 3


class Unused:
    """Written on the thread of the shard's connection. Names and words have been made fit to be shown.

    last_at  when the last of it came, monotonic; None: nothing did
    said     what the server last said was wrong
    """

    def __init__(self) -> None:
        self.last_at: float | None = None
        self.said = ""
        self._kinds: Counter[str] = Counter()
        self._strangers: Counter[tuple[str, str]] = Counter()
        self._lost = 0
        self._why_lost = ""

    def add_kind(self, kind: str, now: float) -> tuple[str, bool]:
        """A message of a kind that is not known. Returns the name that it counts under, and whether it is the first."""
        self.last_at = now
        name = kind if kind in self._kinds or len(self._kinds) < MOST_NAMES else OTHERS
        self._kinds[name] += 1
        return name, self._kinds[name] == 1

    def add_stranger(self, symbol: str, timeframe: str, now: float) -> None:
        """A bar of a series that nobody asked for."""
        self.last_at = now
        series = symbol, timeframe
        known = series in self._strangers or len(self._strangers) < MOST_NAMES
        self._strangers[series if known else (OTHERS, "")] += 1

    def add_lost(self, why: str, now: float) -> None:
        """A message that cannot be used, of no series that could be read."""
        self.last_at = now
        self._lost += 1
        self._why_lost = why

    def add(self, other: Unused) -> None:
        """What came on another connection of the same shard, after this."""
        if other.last_at is not None:
            self.last_at = max(self.last_at or other.last_at, other.last_at)
        self.said = other.said or self.said
        for kind, times in other._kinds.items():
            self._kinds[kind if kind in self._kinds or len(self._kinds) < MOST_NAMES else OTHERS] += times
        for series, times in other._strangers.items():
            known = series in self._strangers or len(self._strangers) < MOST_NAMES
            self._strangers[series if known else (OTHERS, "")] += times
        self._lost += other._lost
        self._why_lost = other._why_lost or self._why_lost

    def tell(self, symbol: str) -> list[str]:
        """What there was, a sentence for each kind of it, for who misses bars of this symbol."""
        told = []
        strangers, kinds = Counter(dict(self._strangers)), Counter(dict(self._kinds))  # copies: the shard counts on
        own = Counter({series: times for series, times in strangers.items() if match_symbol(series[0], (symbol,))})
        if own:
            names = Counter({name: times for (_, name), times in own.items()})
            told.append(f"bars of this symbol came under {_listed(names)}, which is not subscribed")
        if others := Counter({" ".join(series).strip(): times for series, times in (strangers - own).items()}):
            told.append(f"bars came of what is not subscribed: {_listed(others)}")
        if self._lost:
            told.append(f"messages came that cannot be used ({self._lost}), the last one: {self._why_lost}")
        if kinds:
            told.append(f"messages of kinds that are not read came: {_listed(kinds)}")
        if self.said:
            told.append(f"the server said: {self.said}")
        return told


def _listed(counted: Counter[str]) -> str:
    """The most frequent names, each with how often: "'bar' (5), 'info' (1)"."""
    names = [f"{name!r} ({times})" for name, times in counted.most_common(_MOST_TOLD)]
    left = len(counted) - _MOST_TOLD
    return ", ".join(names) + (f" and {left} more" if left > 0 else "")
