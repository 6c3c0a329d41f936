"""As much of protobuf's wire format as one message of MEXC needs: whole numbers, texts, a message inside. Pure."""

from __future__ import annotations

from typing import Final

_VARINT: Final = 0
_WITH_LENGTH: Final = 2


def varint(value: int) -> bytes:
    """A whole number, 0 or more, seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: int | str | bytes) -> bytes:
    """One field: a whole number, a text, or the bytes of a message."""
    if isinstance(value, int):
        return varint(number << 3 | _VARINT) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | _WITH_LENGTH) + varint(len(data)) + data


def message(*values: int | str | bytes | None) -> bytes:
    """A message whose fields are these, numbered from 1; None leaves one out."""
    return b"".join(field(number, value) for number, value in enumerate(values, 1) if value is not None)
