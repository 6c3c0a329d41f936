"""WebSocket frames as bytes, the right ones and the wrong ones. Pure."""

from __future__ import annotations

import struct
from typing import Final

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

_FIN: Final = 0x80
_MASKED: Final = 0x80
_MASK: Final = b"\x37\xfa\x21\x3d"


def encode(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bool = False,
    length: int | None = None,
) -> bytes:
    """One frame. `rsv` are the three reserved bits, 0 to 7; `length` is what it announces instead of its own size."""
    size = len(payload) if length is None else length
    first = (_FIN if fin else 0) | rsv << 4 | opcode
    flag = _MASKED if mask else 0
    if size < 126:
        head = struct.pack("!BB", first, flag | size)
    elif size < 2**16:
        head = struct.pack("!BBH", first, flag | 126, size)
    else:
        head = struct.pack("!BBQ", first, flag | 127, size)
    return head + _MASK + apply_mask(payload, _MASK) if mask else head + payload


def apply_mask(payload: bytes, mask: bytes) -> bytes:
    """Mask or unmask a payload."""
    return bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


def close_payload(code: int, reason: str = "") -> bytes:
    """The payload of a Close frame."""
    return struct.pack("!H", code) + reason.encode()


def read_close(payload: bytes) -> tuple[int, str]:
    """Code and reason of a Close frame; 1005 if it has none."""
    if len(payload) < 2:
        return 1005, ""
    return struct.unpack("!H", payload[:2])[0], payload[2:].decode(errors="replace")
