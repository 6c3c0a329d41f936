"""The clocks: what "now" is. Nothing that ends after it may be seen.

A session has one clock: the system's, or the feed's own time. A backtest has its engine's, read from the strategy's
context: its `now_ms`, else the end of its `current_bar`, else its `current_dt`. Now is read once per request, before
any source is asked.
"""

from __future__ import annotations

import time
from threading import local
from typing import TYPE_CHECKING, Final

from wealthsources.forking import ForkLock
from wealthsources.model.errors import ClockError
from wealthsources.model.records import read_field
from wealthsources.runtime.context_time import context_time, timeless
from wealthsources.source import Clock

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from wealthsources.model.markets import Market

_NEVER: Final = -1


class SystemClock(Clock):
    """The system's clock, but never behind the newest closed bar of a live source."""

    name = "system"

    def __init__(self, wall: Callable[[], int] | None = None) -> None:
        self._wall = wall or wall_time
        self._proven = _NEVER
        self._lock = ForkLock()

    def now(self) -> int:
        """The system's time in ms."""
        return max(self._wall(), self._proven)

    def saw_closed(self, end: int) -> None:
        """It is at least `end`, whatever the system says."""
        with self._lock:
            self._proven = max(self._proven, end)


class FeedClock(Clock):
    """The latest time that live bars prove: for feeds that carry old times. `causes` says why there is no bar yet."""

    name = "feed"

    def __init__(self, causes: Callable[[], str] = lambda: "") -> None:
        self._proven = _NEVER
        self._lock = ForkLock()
        self._causes = causes
        self._asking = local()

    def now(self) -> int:
        """The time of the feed in ms; ClockError before its first bar, with what keeps the live sources from one."""
        if self._proven == _NEVER:
            causes = self._ask()
            raise ClockError(
                f"the feed's clock has no time yet: no live bar has come that could be taken{causes and '; '}{causes}. "
                "Wait for one, or bind a context that has a current_bar"
            )
        return self._proven

    def _ask(self) -> str:
        """The causes; nothing if who tells them asks what time it is."""
        if getattr(self._asking, "now", False):
            return ""
        self._asking.now = True
        try:
            return self._causes()
        finally:
            self._asking.now = False

    def saw_closed(self, end: int) -> None:
        """Time has come to `end`."""
        self.saw_open(end)

    def saw_open(self, open_time: int) -> None:
        """Time has come to `open_time`."""
        with self._lock:
            self._proven = max(self._proven, open_time)


class EngineClock(Clock):
    """A backtest's clock: `context_time` of its context."""

    name = "engine"

    def __init__(
        self, context: object, zone: dt.tzinfo | None = None, market_of: Callable[[str], Market] | None = None
    ) -> None:
        self._context = context
        self._zone = zone
        self._market_of = market_of

    def now(self) -> int:
        """The engine's time in ms; ClockError that says what is missing if the context tells none."""
        now = context_time(self._context, self._zone, self._market_of)
        if now is None:
            raise ClockError(timeless(self._context))
        # Where now is inferred from a bar: one that ends in the future is still forming.
        return now if read_field(self._context, "now_ms") is not None else min(now, wall_time())


def wall_time() -> int:
    """The system's clock in ms."""
    return time.time_ns() // 1_000_000


def make_clock(name: str, causes: Callable[[], str] = lambda: "") -> Clock:
    """The session's clock: "system" or "feed". `causes` says how the live sources are that have brought no bar yet."""
    return FeedClock(causes) if name == "feed" else SystemClock()
