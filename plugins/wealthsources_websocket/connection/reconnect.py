"""Reconnecting as policy: how long to wait and where to go next. No socket, no thread, no clock."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.errors import ConnectionLost

_LONGEST_REST: Final = 3600.0
_REFUSALS: Final = 2


class Backoff:
    """Delays with full jitter: uniform between 0 and a bound that doubles from `base` to `cap` seconds."""

    def __init__(self, base: float, cap: float, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._base = base
        self._cap = cap
        self._uniform = uniform
        self._failures = 0

    @property
    def cap(self) -> float:
        """The longest delay, in seconds."""
        return self._cap

    def next(self) -> float:
        """The delay before the next attempt, in seconds."""
        bound = min(self._cap, self._base * 2 ** min(self._failures, 32))
        self._failures += 1
        return self._uniform(0, bound)

    def reset(self) -> None:
        """The connection has proved itself."""
        self._failures = 0


class Endpoints:
    """The addresses in order of preference, and how often each has failed since it last worked.

    After a failure the next in turn of those that failed least is tried, so an address that works is stayed with. The
    first round goes without a delay: another address may well work at once.
    """

    def __init__(self, urls: tuple[str, ...]) -> None:
        self._urls = urls
        self._at = 0
        self._failures = dict.fromkeys(urls, 0)
        self._in_a_row = 0
        self._rested = False

    @property
    def current(self) -> str:
        """The address to try."""
        return self._urls[self._at]

    @property
    def count(self) -> int:
        """How many addresses there are."""
        return len(self._urls)

    def choices(self) -> tuple[str, ...]:
        """All addresses, the one to try first."""
        return (*self._urls[self._at :], *self._urls[: self._at])

    def choose(self, url: str) -> None:
        """Another address is tried, because the current one may not be asked now."""
        self._at = self._urls.index(url)

    def failed(self) -> bool:
        """Go on to the next address. Returns whether it may be tried at once."""
        self._failures[self.current] += 1
        self._in_a_row += 1
        if self._rested and self._at:
            following = self._urls
        else:
            following = (*self._urls[self._at + 1 :], *self._urls[: self._at + 1])
        self._rested = False
        self.choose(min(following, key=lambda url: self._failures[url]))
        return self._in_a_row < len(self._urls)

    def worked(self) -> None:
        """Stay with this address, and grant a quick round the next time it fails."""
        self._failures[self.current] = 0
        self._in_a_row = 0

    def rested(self) -> None:
        """The connection was up for so long that the first address may be well again: it is next."""
        self._failures = dict.fromkeys(self._urls, 0)
        self._rested = True


class ConnectPlan:
    """Where to connect next and when: endpoints, delays and budget together. All times are monotonic seconds."""

    def __init__(self, urls: tuple[str, ...], backoff: Backoff, budget: ConnectBudget, per_minute: int) -> None:
        self._endpoints = Endpoints(urls)
        self._backoff = backoff
        self._budget = budget
        self._per_minute = per_minute
        self._refusals = 0
        self._using: str | None = None

    @property
    def current(self) -> str:
        """The address that is tried, or connected to."""
        return self._endpoints.current

    def use(self, url: str) -> None:
        """This address is connected to. Another may be tried beside it."""
        self._using = url
        self._endpoints.choose(url)

    @property
    def refused(self) -> bool:
        """Whether the credential was turned down twice, the second time as read anew, and nothing came since."""
        return self._refusals >= _REFUSALS

    def attempt(self, now: float) -> float:
        """Seconds to wait before the attempt on `current`; 0.0: go, it is counted.

        An address on a host that may not be asked now gives way to one on another host.
        """
        waits = []
        for url in self._endpoints.choices():
            wait = self._budget.wait(_host(url), now, self._per_minute)
            if wait <= 0:
                self._endpoints.choose(url)
                return 0.0
            waits.append(wait)
        return min(waits)

    def lost(self, lost: ConnectionLost, now: float, *, beside: bool = False) -> float:
        """Note a failure, of the connection in use unless it was one `beside` that.

        Returns the delay before the next attempt, in seconds.
        """
        if self._using is not None and not beside:
            self._endpoints.choose(self._using)
            self._using = None
        if lost.kind == "rate":
            rest = min(lost.retry_after, _LONGEST_REST) if lost.retry_after else self._backoff.cap
            self._budget.block(_host(self.current), now + rest)
        self._refusals += lost.kind == "auth"
        at_once = self._endpoints.failed()
        if self.refused or lost.kind == "fatal":
            return self._backoff.cap
        if at_once and not lost.kind:
            return 0.0
        return self._backoff.next() / self._endpoints.count  # each address comes within one longest delay

    def accepted(self) -> None:
        """The server took the credential, bars came; or there is another one."""
        self._refusals = 0

    def proven(self) -> None:
        """The connection lived long enough and brought data."""
        self._backoff.reset()
        if self._using is not None:
            self._endpoints.choose(self._using)
        self._endpoints.worked()

    def pause(self) -> float:
        """The delay before a connection is followed by another though it has not proved itself, in seconds."""
        return self._backoff.next() / self._endpoints.count

    def elsewhere(self) -> None:
        """The connection in use brings nothing: the next address in turn is tried beside it."""
        self._endpoints.failed()

    def rested(self) -> None:
        """The connection has been up for so long that the first address is worth another try, when it is lost."""
        self._endpoints.rested()


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
