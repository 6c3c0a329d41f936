"""A WebSocket byte by byte, seen from the server: frames to send, and one end of a connection."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import struct
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def header(opcode: int, length: int, *, fin: bool = True, rsv: int = 0, mask: bool = False) -> bytes:
    """The first bytes of a frame whose payload is said to have that length."""
    first, bit = fin << 7 | rsv << 4 | opcode, mask << 7
    if length < 126:
        return struct.pack("!BB", first, bit | length)
    if length < 1 << 16:
        return struct.pack("!BBH", first, bit | 126, length)
    return struct.pack("!BBQ", first, bit | 127, length)


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = False) -> bytes:
    """A frame as a server sends it; with `mask`, masked with zeros, which no server should do."""
    return header(opcode, len(payload), fin=fin, rsv=rsv, mask=mask) + (b"\0\0\0\0" if mask else b"") + payload


class Received(NamedTuple):
    """A frame of the client's, unmasked."""

    opcode: int
    mask: bytes
    payload: bytes


class Peer:
    """The server's end of one connection, which does nothing by itself. `request` is the latest, as far as read."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.request = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self, size: int) -> bytes:
        """So many bytes. Raises ConnectionError if the client leaves before."""
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise ConnectionError("the client is gone")
            data += more
        return data

    def read_request(self) -> bytes:
        """The next request, with its headers."""
        self.request = b""
        while not self.request.endswith(b"\r\n\r\n"):
            self.request += self.read(1)
        return self.request

    def answer(self, *extra: bytes, accept: bytes | None = None) -> bytes:
        """A proper answer to the request, which is read now unless it was; with these lines more, or another key."""
        (key,) = re.findall(rb"Sec-WebSocket-Key: (.*)\r\n", self.request or self.read_request())
        accept = accept or base64.b64encode(hashlib.sha1(key + GUID).digest())
        lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
        return b"\r\n".join([*lines, b"Sec-WebSocket-Accept: " + accept, *extra, b"", b""])

    def upgrade(self, *extra: bytes, first: bytes = b"") -> bytes:
        """Answer the request with an upgrade, and send `first` in the same segment. Returns the request."""
        self.send(self.answer(*extra) + first)
        return self.request

    def read_frame(self) -> Received:
        """The client's next frame, which must be whole and masked."""
        first, second = self.read(2)
        assert first & 0xF0 == 0x80, "the client fragments, or sets reserved bits"
        assert second & 0x80, "the client does not mask"
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(self.read(2 if length == 126 else 8), "big")
        mask = self.read(4)
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(self.read(length)))
        return Received(first & 0x0F, mask, payload)

    def end(self) -> None:
        """Send nothing more."""
        socket.socket.shutdown(self.sock, socket.SHUT_WR)

    def reset(self) -> None:
        """End the connection with an RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()
