"""A WebSocket as it is on the wire, seen from the server: frames to send, and what a client sends."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = False) -> bytes:
    """A frame as a server sends it."""
    return header(opcode, len(payload), fin=fin, rsv=rsv, mask=mask) + (b"\0\0\0\0" if mask else b"") + payload


def header(opcode: int, length: int, *, fin: bool = True, rsv: int = 0, mask: bool = False) -> bytes:
    first, bit = fin << 7 | rsv << 4 | opcode, mask << 7
    if length < 126:
        return struct.pack("!BB", first, bit | length)
    if length < 1 << 16:
        return struct.pack("!BBH", first, bit | 126, length)
    return struct.pack("!BBQ", first, bit | 127, length)


def read_exactly(sock: socket.socket, size: int) -> bytes:
    """So many bytes. Raises ConnectionError if the client ends before."""
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("the client is gone")
        data += more
    return data


def read_request(sock: socket.socket) -> bytes:
    """The request for an upgrade, with its headers."""
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        request += read_exactly(sock, 1)
    return request


def upgrade_answer(request: bytes, *extra: bytes, accept: bytes | None = None) -> bytes:
    """A proper answer to a request for an upgrade, with these headers more, or another key."""
    (key,) = re.findall(rb"Sec-WebSocket-Key: (.*)\r\n", request)
    accept = accept or base64.b64encode(hashlib.sha1(key + GUID).digest())
    lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
    return b"\r\n".join([*lines, b"Sec-WebSocket-Accept: " + accept, *extra, b"", b""])


def read_frame(sock: socket.socket) -> tuple[int, bytes, bytes]:
    """Opcode, mask and payload of the client's next frame."""
    first, second = read_exactly(sock, 2)
    assert first & 0xF0 == 0x80, "the client fragments, or sets reserved bits"
    assert second & 0x80, "the client does not mask"
    length = second & 0x7F
    if length >= 126:
        length = int.from_bytes(read_exactly(sock, 2 if length == 126 else 8), "big")
    mask = read_exactly(sock, 4)
    return first & 0x0F, mask, bytes(byte ^ mask[place % 4] for place, byte in enumerate(read_exactly(sock, length)))


def reset(sock: socket.socket) -> None:
    """End the connection with an RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
