"""Is the other side alive? Our heartbeats and their answers, and how long a connection may give no sign of life."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from wealthsources_websocket.errors import ConnectionLost

if TYPE_CHECKING:
    from wealthsources_websocket.connection.pace import Pace
    from wealthsources_websocket.options import WebSocketOptions
    from wealthsources_websocket.protocols.base import Protocol
    from wealthsources_websocket.transport.base import Connection

LONG_PAUSE: Final = 5.0


class Heartbeat:
    """Sends a heartbeat every `interval` seconds, as the protocol says, and gives up whom it is not answered by.

    A WebSocket ping is answered by the pong of that very one; a text by whatever the protocol takes for an answer.
    """

    def __init__(self, protocol: Protocol, interval: float, timeout: float, pace: Pace) -> None:
        self._protocol = protocol
        self._pace = pace
        self._interval = interval
        self._timeout = timeout
        self._sent_at = 0.0
        self._sent = 0
        self._payload: bytes | None = None  # of the one that waits for its answer
        self._question: bytes | None = None  # of a ping that any frame answers

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

    def ask(self, connection: Connection) -> None:
        """Send one at once, to which any frame is an answer; a ping also where only the server sends heartbeats."""
        self._question = secrets.token_bytes(8)
        self._send(connection, self._question)

    def _send(self, connection: Connection, payload: bytes) -> None:
        if self._protocol.heartbeat == "text":
            self._sent += 1
            self._pace.spend()
            connection.send_text(self._protocol.heartbeat_text(self._sent))
        else:
            self._pace.spend_control()
            connection.ping(payload)

    def ponged(self, payload: bytes) -> bool:
        """A pong came; whether it answers a ping of ours."""
        if payload == self._question:
            self._question = None
            return True
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

    started     when reading began, monotonic; looked_at: when whoever read it last looked up, before another goes on
    last_frame  when the last whole frame came, whatever it was: that is a sign of life; bytes that make none are not
    last_bar    when the last bar came that is wanted
    asked       why the server wants us on another connection, in its words; None: it does not
    proven      it lived long enough, and brought a bar
    rested      it lived so long that the first address is worth another try
    """

    def __init__(
        self,
        now: float,
        options: WebSocketOptions,
        asleep: Callable[[], float],
        lifetime: float | None = None,
        renew_after: float | None = None,
    ) -> None:
        """`asleep` is how long the machine was asleep so far. `lifetime` is how many seconds the server grants, None:
        no limit is known; `renew_after` of them is the time for another connection.
        """
        self.started = self.looked_at = self.last_frame = self.last_bar = now
        self.asked: str | None = None
        self.proven = False
        self.rested = False
        self._alive = now
        self._questioned_at = float("-inf")
        self._idle_limit = options.data_idle
        self._answer_limit = options.pong_timeout
        self._lifetime = lifetime
        self._renew_after = renew_after
        self._asleep = asleep
        self._slept = asleep()

    @property
    def last_sign(self) -> float:
        """When the server last proved that the stream is alive."""
        return max(self.last_bar, self._alive)

    def heard(self, now: float) -> None:
        """The server proved that the stream is alive, though there is no bar."""
        self._alive = now

    def is_old(self, now: float) -> bool:
        """Whether its time is nearly over."""
        return self._renew_after is not None and now - self.started >= self._renew_after

    def check_awake(self) -> None:
        """Raises ConnectionLost if the machine slept."""
        slept = self._asleep() - self._slept
        if slept > LONG_PAUSE:
            raise ConnectionLost("suspended", f"this machine slept for {slept:.0f} s")

    def check_idle(self, now: float) -> bool:
        """Whether a sign of life is to be asked for now. Raises ConnectionLost if that was done, and none came."""
        idle = now - self.last_frame
        if idle <= self._idle_limit:
            return False
        if self._questioned_at <= self.last_frame:
            self._questioned_at = now
            return True
        if now - self._questioned_at > self._answer_limit:
            raise ConnectionLost("data_idle", f"no sign of life for {idle:.0f} s, nor when asked for one (data_idle)")
        return False

    def check_age(self, now: float) -> None:
        """Raises ConnectionLost if the server ends connections of that age."""
        if self._lifetime is not None and now - self.started >= self._lifetime:
            raise ConnectionLost("lifetime", f"the server ends connections after {self._lifetime:.0f} s")
