"""TappedConnection: a connection of which somebody is told all that is said on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.base import BINARY, SEND_TIMEOUT, TEXT

if TYPE_CHECKING:
    from wealthsources import FrameLog
    from wealthsources_websocket.transport.base import Connection, Frame


class TappedConnection:
    """Does as `connection` does, and tells `log` of each message in and out, and of the end.

    Control frames are left out: they carry no bars.
    """

    def __init__(self, connection: Connection, log: FrameLog) -> None:
        self._connection = connection
        self._log = log
        self._over = False

    def receive(self) -> Frame | None:
        """The next message or control frame, as of the connection. Raises ConnectionLost."""
        try:
            frame = self._connection.receive()
        except ConnectionLost as lost:
            self._end(str(lost))
            raise
        if frame is not None and frame.opcode == TEXT:
            self._log.frame(_text(frame.data), incoming=True)
        elif frame is not None and frame.opcode == BINARY:
            self._log.frame(frame.data, incoming=True)
        return frame

    def send_text(self, text: str, timeout: float = SEND_TIMEOUT) -> None:
        """Send one text message. Raises ConnectionLost."""
        self._connection.send_text(text, timeout)
        self._log.frame(text, incoming=False)

    def ping(self, payload: bytes) -> None:
        """Send a ping. Raises ConnectionLost."""
        self._connection.ping(payload)

    def pong(self, payload: bytes) -> None:
        """Answer a ping. Raises ConnectionLost."""
        self._connection.pong(payload)

    def close(self, code: int = 1000, timeout: float = 1.0) -> None:
        """Say goodbye, and let go of the socket."""
        self._connection.close(code, timeout)
        self._end(f"we closed it ({code})")

    def drop(self) -> None:
        """Let go of the socket at once."""
        self._connection.drop()
        self._end("we let go of it")

    def abort(self) -> None:
        """Wake a thread that is reading or writing."""
        self._connection.abort()

    def _end(self, reason: str) -> None:
        if not self._over:
            self._over = True
            self._log.ended(reason)


def _text(data: bytes) -> str | bytes:
    """What a text message says; as it is where that is no UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data
