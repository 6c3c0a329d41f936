"""What a client needs of a connection: whole messages and control frames in and out, and an end in time."""

from __future__ import annotations

import ssl
import threading
from typing import Final, NamedTuple, Protocol

TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

#: Seconds after which whoever waits for the other side looks up again.
SLICE: Final = 0.2
SEND_TIMEOUT: Final = 1.0


class Frame(NamedTuple):
    """A whole message, or a control frame."""

    opcode: int
    data: bytes


class Connection(Protocol):
    """An upgraded connection. One thread reads and writes; `abort` may be called from any other."""

    def receive(self) -> Frame | None:
        """The next message or control frame; None if none is complete after a moment. Raises ConnectionLost."""

    def send_text(self, text: str, timeout: float = SEND_TIMEOUT) -> None:
        """Send one text message.

        Raises ConnectionLost, also when the server takes nothing of it for `timeout` seconds.
        """

    def ping(self, payload: bytes) -> None:
        """Send a ping. Raises ConnectionLost."""

    def pong(self, payload: bytes) -> None:
        """Answer a ping. Raises ConnectionLost."""

    def close(self, code: int = 1000, timeout: float = 1.0) -> None:
        """Say goodbye, wait at most `timeout` seconds for the answer, and let go of the socket."""

    def drop(self) -> None:
        """Let go of the socket at once."""

    def abort(self) -> None:
        """Wake a thread that is reading or writing: both fail from now on."""


class Ask(Protocol):
    """Makes one HTTP request before a connection."""

    def __call__(
        self,
        url: str,
        method: str,
        timeout: float,
        stop: threading.Event,
        tls: ssl.SSLContext | None,
        proxy: str | None = None,
    ) -> bytes:
        """The body of the answer within `timeout` seconds, or raise ConnectionLost."""


class Dial(Protocol):
    """Opens connections."""

    def __call__(
        self,
        url: str,
        timeout: float,
        stop: threading.Event,
        max_message: int,
        tls: ssl.SSLContext | None,
        proxy: str | None = None,
    ) -> Connection:
        """Open a connection within `timeout` seconds, or raise ConnectionLost.

        stop         ends the attempt within a fifth of a second
        max_message  the largest message that is taken, in bytes
        tls          for wss://; None: the system's certificates decide
        proxy        an address like socks5://host:1080 or http://user:password@host:3128: only through that
        """
