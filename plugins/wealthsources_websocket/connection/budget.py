"""The budget of connections: a host counts those of all clients of a process together."""

from __future__ import annotations

from collections import deque
from typing import Final

from wealthsources import ForkLock, call_in_child


class ConnectBudget:
    """How often a host may be connected to in a minute. `minute` is how long that is, in seconds."""

    def __init__(self, minute: float = 60.0) -> None:
        self._minute = minute
        self._lock = ForkLock()
        self._recent: dict[str, deque[float]] = {}
        self._blocked: dict[str, float] = {}
        call_in_child(self, ConnectBudget._begin_anew)

    def _begin_anew(self) -> None:
        """In a forked child, which has connected to nobody yet. Who asked to be left alone still is."""
        self._recent.clear()

    def wait(self, host: str, now: float, per_minute: int) -> float:
        """Seconds to wait until another attempt fits, 0.0 if it does now; then it is counted. `now` is monotonic."""
        with self._lock:
            recent = self._recent.setdefault(host, deque())
            while recent and recent[0] <= now - self._minute:
                recent.popleft()
            left = self._blocked.get(host, now) - now
            if len(recent) >= per_minute:
                left = max(left, recent[-per_minute] + self._minute - now)
            if left > 0:
                return left
            self._blocked.pop(host, None)
            recent.append(now)
            return 0.0

    def block(self, host: str, until: float) -> None:
        """Nobody connects to that host before `until`: it asked for that."""
        with self._lock:
            self._blocked[host] = max(until, self._blocked.get(host, until))


#: What all clients of this process share unless they are given another.
PROCESS_BUDGET: Final = ConnectBudget()
