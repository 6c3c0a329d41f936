"""The upgrade from HTTP: no redirect, no body, no cookie, and nothing that a server wrote in what is told of it."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from email.utils import parsedate_to_datetime
from typing import Final

import websocket

from wealthsources_websocket.errors import ConnectionLost, FailureKind
from wealthsources_websocket.transport.deadline import Deadline, DeadlineSocket
from wealthsources_websocket.transport.foreign_errors import UPGRADE_ERRORS, lost_upgrading

MOST_HANDSHAKE_BYTES: Final = 65_536
_COOKIES: Final = re.compile(rb"\n(?:(?:set-)?cookie:[^\n]*\n)+", re.IGNORECASE)
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b")
_REDIRECTS: Final = (300, 301, 302, 303, 305, 307, 308)
_SHUT_OUT: Final = (
    "this address does not serve the region that this machine is in; set endpoint to one of the exchange that does, "
    "or take another exchange"
)
_UNASKED: Final = {"sec-websocket-extensions", "sec-websocket-protocol"}


def upgrade(sock: socket.socket, url: str, host: str, deadline: Deadline) -> websocket.WebSocket:
    """Upgrade a connection. Raises ConnectionLost. The socket of what is returned is still to be set."""
    ws = websocket.WebSocket(skip_utf8_validation=True, enable_multithread=True)
    try:
        ws.connect(url, socket=_UpgradeSocket(sock, deadline), redirect_limit=0, suppress_origin=True)  # type: ignore[no-untyped-call]
    except UPGRADE_ERRORS as error:
        raise lost_upgrading(error, host) from None
    if _UNASKED & (ws.getheaders() or {}).keys():
        raise ConnectionLost(
            "handshake_protocol", "the server chose an extension or a subprotocol that nobody asked for"
        )
    return ws


def bad_status(status: int, wanted: str, retry_after: str, date: str) -> ConnectionLost:
    """A status came instead of what was wanted; with the server's headers of these names."""
    kind: FailureKind = "auth" if status in (401, 403) else "rate" if status in (418, 429) else ""
    if status in _REDIRECTS:
        return ConnectionLost("redirect_refused", f"HTTP {status}: redirects are not followed")
    text = f"HTTP {status} instead of {wanted}"
    if status == 451:
        kind, text = "fatal", f"{text}: {_SHUT_OUT}"
    return ConnectionLost("bad_status", text, kind=kind, retry_after=_retry_after(retry_after, date), status=status)


class _UpgradeSocket(DeadlineSocket):
    """Towards the server. Whatever is no upgrade ends it as soon as the headers are there; no body is read (W20).

    The library's cookies are the whole process's (W16): none goes out, and none that the server sets reaches it.
    """

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__(sock, deadline)
        self._head: bytes | None = None

    def send(self, data: bytes) -> int:
        self.sendall(_COOKIES.sub(b"\n", data))
        return len(data)

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[super().send(data) :]

    def recv(self, size: int) -> bytes:
        if self._head is None:
            self._head = self._read_head()
        if not self._head:
            return super().recv(size)
        data, self._head = self._head[:size], self._head[size:]
        return data

    def _read_head(self) -> bytes:
        """The headers, byte by byte: what follows them is the first frame."""
        head = bytearray()
        while not head.endswith((b"\n\r\n", b"\n\n")):
            byte = super().recv(1)
            if not byte:
                return bytes(head)
            head += byte
            if byte == b"\n" and not _STATUS_LINE.match(head):
                raise ConnectionLost("handshake_protocol", "no proper answer to the upgrade")
            if len(head) > MOST_HANDSHAKE_BYTES:
                raise ConnectionLost(
                    "handshake_protocol", f"more than {MOST_HANDSHAKE_BYTES} bytes instead of an upgrade"
                )
        _refuse_other_status(bytes(head))
        return _COOKIES.sub(b"\n", bytes(head))


def _refuse_other_status(head: bytes) -> None:
    """Raise ConnectionLost for the headers of anything but an upgrade. Nothing that the server wrote is in it."""
    matched = _STATUS_LINE.match(head)
    status = int(matched[1]) if matched else 0
    if status != 101:
        raise bad_status(status, "an upgrade", _header(head, b"retry-after"), _header(head, b"date"))


def _retry_after(asked: str, said: str) -> float:
    """Seconds for which the server wants to be left alone: a number, or a date that is compared with its own clock."""
    if asked.isdecimal():
        return float(asked)  # any number of digits; too many are infinity
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        now = parsedate_to_datetime(said).timestamp() if said else time.time()
        return max(0.0, parsedate_to_datetime(asked).timestamp() - now)
    return 0.0


def _header(head: bytes, name: bytes) -> str:
    matched = re.search(rb"\n" + name + rb":([^\r\n]*)", head, re.IGNORECASE)
    return matched[1].decode("ascii", "replace").strip() if matched else ""
