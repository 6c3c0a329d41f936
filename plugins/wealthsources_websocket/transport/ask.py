"""One HTTP request whose answer says where to connect: under the deadline of connecting, not redirected, bounded."""

from __future__ import annotations

import http.client
import io
import ssl
import threading
import time
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.connect import open_stream
from wealthsources_websocket.transport.deadline import Deadline, DeadlineSocket
from wealthsources_websocket.transport.upgrade import bad_status

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

#: Bytes of an answer: an address and a token take a few hundred.
MOST_ANSWER: Final = 65_536


def ask(
    url: str,
    method: str,
    timeout: float,
    stop: threading.Event,
    tls: ssl.SSLContext | None,
    proxy: str | None = None,
) -> bytes:
    """The body of a server's answer within `timeout` seconds, or ConnectionLost, which holds nothing of that answer."""
    deadline = Deadline(time.monotonic() + timeout, stop)
    parts = urlsplit(url)
    host = parts.hostname or ""
    sock = open_stream(parts, deadline, tls, proxy)
    try:
        connection = http.client.HTTPConnection(host, parts.port)
        connection.sock = cast("ssl.SSLSocket", _Face(sock, deadline, "ask"))
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"}
        connection.request(method, target, headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            said = [response.headers.get(name, "") for name in ("Retry-After", "Date")]
            raise bad_status(response.status, "an answer that says where to connect", *said)
        body = response.read(MOST_ANSWER + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ConnectionLost("ask_failed", f"no proper answer from {host} ({type(error).__name__})") from None
    finally:
        sock.close()
    if len(body) > MOST_ANSWER:
        raise ConnectionLost("ask_failed", f"{host} answered more than {MOST_ANSWER} bytes")
    if response.length:
        raise ConnectionLost("ask_failed", f"the answer of {host} was cut short")
    return body


class _Face(DeadlineSocket):
    """What http.client wants of a socket."""

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Its bytes as a file."""
        return io.BufferedReader(_Raw(self))


class _Raw(io.RawIOBase):
    def __init__(self, sock: DeadlineSocket) -> None:
        super().__init__()
        self._socket = sock

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        data = self._socket.recv(len(view))
        view[: len(data)] = data
        return len(data)
