"""Is the other side alive? Our heartbeats and their answers, and how long a connection may bring nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from wealthsources_websocket.errors import ConnectionLost

if TYPE_CHECKING:
    from wealthsources_websocket.protocols.base import Protocol
    from wealthsources_websocket.transport.base import Connection

LONG_PAUSE: Final = 5.0


class Heartbeat:
    """Sends a heartbeat every `interval` seconds, as the protocol says, and gives up whom it is not answered by.

    A WebSocket ping is answered by the pong of that very one; a text by whatever the protocol takes for an answer.
    """

    def __init__(self, protocol: Protocol, interval: float, timeout: float) -> None:
        self._protocol = protocol
        self._interval = interval
        self._timeout = timeout
        self._sent_at = 0.0
        self._sent = 0
        self._payload: bytes | None = None  # of the one that waits for its answer

    def begin(self, now: float) -> None:
        """The first is due one interval after this moment, monotonic."""
        self._sent_at = now

    def check(self, connection: Connection, now: float) -> None:
        """Send one if it is time. Raises ConnectionLost if the last one was not answered in time."""
        if self._payload is not None:
            if now - self._sent_at > self._timeout:
                raise ConnectionLost(
                    "pong_timeout", f"no answer to a ping for {now - self._sent_at:.0f} s (pong_timeout)"
                )
        elif now - self._sent_at >= self._interval and self._protocol.heartbeat != "none":
            self._payload = secrets.token_bytes(8)
            self._sent_at = now
            self._send(connection, self._payload)

    def _send(self, connection: Connection, payload: bytes) -> None:
        if self._protocol.heartbeat == "ping":
            connection.ping(payload)
        else:
            self._sent += 1
            connection.send_text(self._protocol.heartbeat_text(self._sent))

    def ponged(self, payload: bytes) -> bool:
        """A pong came; whether it answers our ping."""
        if payload != self._payload:
            return False
        self._payload = None
        return True

    def answered(self) -> None:
        """The text that answers ours came."""
        if self._protocol.heartbeat == "text":
            self._payload = None


class Uptime:
    """How long a connection has been up, when it last brought what it is there for, and whether we were there.

    idle_limit  seconds without a bar after which it is given up
    lifetime    seconds after which the server would end it; None: no limit is known
    asleep      how long the machine was asleep so far
    """

    def __init__(self, now: float, idle_limit: float, lifetime: float | None, asleep: Callable[[], float]) -> None:
        self.started = now
        self.last_bar = now
        self.proven = False  # it lived long enough, and brought a bar
        self.rested = False  # it lived so long that the first address is worth another try
        self._alive = now
        self._idle_limit = idle_limit
        self._lifetime = lifetime
        self._asleep = asleep
        self._slept = asleep()

    @property
    def last_sign(self) -> float:
        """When the server last proved that the stream is alive."""
        return max(self.last_bar, self._alive)

    def heard(self, now: float) -> None:
        """The server proved that the stream is alive, though there is no bar."""
        self._alive = now

    def check_awake(self) -> None:
        """Raises ConnectionLost if the machine slept."""
        slept = self._asleep() - self._slept
        if slept > LONG_PAUSE:
            raise ConnectionLost("suspended", f"this machine slept for {slept:.0f} s")

    def check_age(self, now: float) -> None:
        """Raises ConnectionLost if the connection is idle, or too old."""
        idle = now - self.last_sign
        if idle > self._idle_limit:
            raise ConnectionLost("data_idle", f"no bar for {idle:.0f} s (data_idle)")
        if self._lifetime is not None and now - self.started >= self._lifetime:
            raise ConnectionLost("lifetime", f"the server ends connections after {self._lifetime:.0f} s")
