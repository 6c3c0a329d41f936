"""WebSocketEnd: the server's end of a WebSocket, from the HTTP upgrade to the Close frame, right or wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NoReturn
from urllib.parse import parse_qsl

from wealthsources_simulator.connection import Connection, Gone
from wealthsources_simulator.framing import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    apply_mask,
    close_payload,
    encode,
    read_close,
)

if TYPE_CHECKING:
    import socket
    import ssl
    import threading
    from collections.abc import Callable, Mapping

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

#: The largest message of a client's that is taken, in bytes.
_LARGEST: Final = 2**20


class WebSocketEnd(Connection):
    """One WebSocket. Whoever has it calls the methods from the top: upgrade, frames, the end.

    request_line  of the upgrade request, once read; `headers` are the rest of it, `path` and `query` what it asks for
    received      the client's messages: JSON parsed, other text as it is, binary ones as bytes
    goodbye       code and reason of the client's Close frame, or None
    on_ping       called with the payload of a ping, and on_close with that of a Close; both may be replaced

    A method that waits raises Gone when the client leaves or the server stops.
    """

    def __init__(self, sock: socket.socket, tls: ssl.SSLContext | None, stopped: threading.Event) -> None:
        super().__init__(sock, tls, stopped)
        self.request_line = ""
        self.headers: dict[str, str] = {}
        self.received: list[Any] = []
        self.goodbye: tuple[int, str] | None = None
        self.upgraded = False
        self.on_ping: Callable[[bytes], None] = lambda payload: self.frame(PONG, payload)
        self.on_close: Callable[[bytes], None] = self._answer_close

    # HTTP.

    def request(self) -> dict[str, str]:
        """The headers of the upgrade request, their names in lower case. With TLS, after the handshake."""
        if self.request_line:
            return self.headers
        self.secure()
        self.request_line = self.read_line()
        while line := self.read_line():
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        return self.headers

    @property
    def path(self) -> str:
        """What the upgrade request asks for, without a query."""
        words = self.request_line.split()
        return words[1].partition("?")[0] if len(words) > 1 else ""

    @property
    def query(self) -> dict[str, str]:
        """The query of it; of a name that comes twice the last value."""
        words = self.request_line.split()
        return dict(parse_qsl(words[1].partition("?")[2], keep_blank_values=True)) if len(words) > 1 else {}

    def http(self, status: str | int, headers: str = "", body: bytes | str = b"") -> None:
        """Answer with a status ("503 Service Unavailable" or 503), header lines that end in CRLF, and a body."""
        data = body.encode() if isinstance(body, str) else body
        if "content-length" not in headers.lower():
            headers += f"Content-Length: {len(data)}\r\n"
        self.write(f"HTTP/1.1 {_status_line(status)}\r\n{headers}\r\n".encode() + data)

    def upgrade(self, headers: str = "", accept: str | None = None) -> None:
        """Let the client in. `headers` are further lines that end in CRLF; `accept` is instead of the right answer."""
        self.write(self.upgrade_answer(headers, accept))

    def upgrade_answer(self, headers: str = "", accept: str | None = None) -> bytes:
        """Take the request; the bytes that let the client in, not sent yet."""
        key = self.request().get("sec-websocket-key", "")
        right = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest()).decode()  # noqa: S324 - RFC 6455
        self.upgraded = True
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {right if accept is None else accept}\r\n{headers}\r\n"
        ).encode()

    # Frames out.

    def send(self, *messages: Mapping[str, Any] | list[Any] | str) -> None:
        """One text frame for each message; text goes out as it is."""
        for message in messages:
            self.frame(TEXT, message if isinstance(message, str) else json.dumps(message))

    def frame(
        self,
        opcode: int,
        payload: bytes | str = b"",
        fin: bool = True,
        rsv: int = 0,
        mask: bool = False,
        length: int | None = None,
    ) -> None:
        """One frame, as `encode` makes it."""
        data = payload.encode() if isinstance(payload, str) else payload
        self.write(encode(opcode, data, fin=fin, rsv=rsv, mask=mask, length=length))

    def say_goodbye(self, code: int = 1000, reason: str = "") -> None:
        """Send a Close frame and read on until the client answers it; the cut is left to the caller."""
        self.frame(CLOSE, close_payload(code, reason))
        while self.goodbye is None:
            self.take()

    # Frames in.

    def read(self) -> tuple[int, bytes]:
        """The next frame as (opcode, payload), unmasked. Raises Gone at the end of the connection."""
        first, second = self.exactly(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self.exactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self.exactly(8))
        if size > _LARGEST:
            raise Gone
        mask = self.exactly(4) if second & 0x80 else bytes(4)
        return first & 0x0F, apply_mask(self.exactly(size), mask)

    def take(self) -> tuple[int, bytes]:
        """The same, and what it says is kept."""
        opcode, payload = self.read()
        if opcode == CLOSE:
            self.goodbye = read_close(payload)
        elif opcode in (TEXT, BINARY):
            self.received.append(_parse(payload) if opcode == TEXT else payload)
        return opcode, payload

    def message(self) -> Any:
        """The next message of the client; pings and a Close before it are answered."""
        while True:
            self.keep_time()
            opcode, payload = self.take()
            if opcode in (TEXT, BINARY):
                return self.received[-1]
            self.answer(opcode, payload)

    def keep_time(self) -> None:
        """Return as soon as the client says something; until then do what is due by the clock."""

    def answer(self, opcode: int, payload: bytes) -> None:
        """Do as a good server does: a pong to a ping, a Close to a Close, after which nothing more comes: Gone."""
        if opcode == PING:
            self.on_ping(payload)
        elif opcode == CLOSE:
            self.on_close(payload)

    def stay(self) -> NoReturn:
        """Answer pings and a Close, and send nothing else, until the client leaves."""
        while True:
            self.message()

    def deaf(self) -> NoReturn:
        """Read until the client leaves, and answer nothing."""
        while True:
            self.take()

    def attend(self, seconds: float) -> None:
        """Answer what comes in, for so many seconds."""
        end = time.monotonic() + seconds
        while self.ready(max(0.0, end - time.monotonic())):
            self.obey(*self.take())

    def obey(self, opcode: int, payload: bytes) -> None:
        """Do as a good server does with a frame that was taken."""
        self.answer(opcode, payload)

    def _answer_close(self, payload: bytes) -> None:
        self.frame(CLOSE, payload)
        raise Gone


def _parse(payload: bytes) -> Any:
    """A text message: its JSON, else its text."""
    try:
        return json.loads(payload.decode())
    except (ValueError, RecursionError):
        return payload.decode(errors="replace")


def _status_line(status: str | int) -> str:
    return status if isinstance(status, str) else f"{status} {HTTPStatus(status).phrase}"
