"""Reconnecting as policy: how long to wait, where to go next, what a failure means. No socket, no thread."""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Final, Literal

_MINUTE: Final = 60.0
_AUTH_WORDS: Final = re.compile(r"token|csrf|(?<![a-z])(?:un)?auth|credential|forbidden", re.IGNORECASE)

Rejection = Literal["auth", "other"]


class Lost(Exception):  # noqa: N818 - what happened to the connection
    """A connection could not be made, or is over.

    reason   a short name that is counted: refused, dns, tls_error, handshake_timeout, bad_status, pong_timeout, …
    detail   for people; never holds what a server sent without having been shortened, nor a secret
    rejected the server does not want this client: its credential, so there is no use in hurrying back
    """

    def __init__(self, reason: str, detail: str = "", *, rejected: bool = False) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.rejected = rejected


class Backoff:
    """Delays with full jitter: uniform between 0 and a bound that doubles from `base` to `cap` seconds."""

    def __init__(self, base: float, cap: float, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._base = base
        self._cap = cap
        self._uniform = uniform
        self._failures = 0

    def next(self) -> float:
        """The delay before the next attempt, in seconds."""
        bound = min(self._cap, self._base * 2 ** min(self._failures, 32))
        self._failures += 1
        return self._uniform(0, bound)

    def reset(self) -> None:
        """The connection has proved itself."""
        self._failures = 0


class Endpoints:
    """The addresses in turn. The first round goes without a delay: another address may well work at once."""

    def __init__(self, urls: tuple[str, ...]) -> None:
        self._urls = urls
        self._at = 0
        self._failed = 0

    @property
    def current(self) -> str:
        """The address to try."""
        return self._urls[self._at]

    def failed(self) -> bool:
        """Go on to the next address. Returns whether it may be tried at once."""
        self._at = (self._at + 1) % len(self._urls)
        self._failed += 1
        return self._failed < len(self._urls)

    def worked(self) -> None:
        """Stay with this address, and grant a quick round the next time it fails."""
        self._failed = 0


class ConnectBudget:
    """How often a host may be connected to. One for the process, because a host counts all its clients together."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._recent: dict[str, deque[float]] = {}

    def wait(self, host: str, now: float, per_minute: int) -> float:
        """Seconds to wait until another attempt fits, 0.0 if it does now; then it is counted. `now` is monotonic."""
        with self._lock:
            recent = self._recent.setdefault(host, deque())
            while recent and recent[0] <= now - _MINUTE:
                recent.popleft()
            if len(recent) >= per_minute and (wait := recent[-per_minute] + _MINUTE - now) > 0:
                return wait
            recent.append(now)
            return 0.0


def rejection(text: str) -> Rejection:
    """What an ERROR of the server is about: the credential, or something else."""
    return "auth" if _AUTH_WORDS.search(text) else "other"


def http_rejection(status: int) -> bool:
    """Whether a status instead of the upgrade means that the credential is not wanted."""
    return status in (401, 403)


def close_rejection(code: int) -> bool:
    """Whether a close code means that the credential is not wanted."""
    return code == 1008
