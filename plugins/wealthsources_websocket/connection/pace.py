"""Pace: how fast we may talk to a server on one connection. No socket, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wealthsources_websocket.protocols.base import Limits

#: Seconds of silence that may be made up for at once.
_CATCH_UP: Final = 0.2


class Pace:
    """Whether another text may go out now. What cannot wait, such as a heartbeat, is only counted."""

    def __init__(self, limits: Limits, now: float) -> None:
        """The pace of a connection that begins at monotonic time `now`."""
        self._step = None if limits.texts_per_second is None else 1 / limits.texts_per_second
        self._counts_control = limits.counts_control
        self._next_at = now

    def allows(self, now: float) -> bool:
        """Whether a text may go out."""
        if self._step is None:
            return True
        self._next_at = max(self._next_at, now - _CATCH_UP)
        return self._next_at <= now

    def spend(self) -> None:
        """A text goes out."""
        if self._step is not None:
            self._next_at += self._step

    def spend_control(self) -> None:
        """A ping or a pong goes out."""
        if self._counts_control:
            self.spend()
