"""Members of a gzip file, each of which says in front how long it is and what is in it.

A gzip file is members one after another, and each may have extra facts in its header, which other programs skip. Ours
has one of 28 bytes under the letters WS, little-endian: the size of the whole member in bytes, the number of records,
the least and the greatest of their wall times in ms, and the CRC-32 of these four.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_FACTS: Final = struct.Struct("<IIqq")
_CHECK: Final = struct.Struct("<I")
_TRAILER: Final = struct.Struct("<II")
_FACTS_SIZE: Final = _FACTS.size + _CHECK.size
#: How each member begins: deflated, with extra facts, of no time, on no particular system.
_MAGIC: Final = struct.pack("<4s5xBH2sH", b"\x1f\x8b\x08\x04", 255, 4 + _FACTS_SIZE, b"WS", _FACTS_SIZE)
_HEAD_SIZE: Final = len(_MAGIC) + _FACTS_SIZE
#: Six tenths of the time of zlib's own choice (6), for a fifth more of space: other threads may have one core to share.
_LEVEL: Final = 3
_SEARCHED_AT_ONCE: Final = 1 << 20


class Member(NamedTuple):
    """Where a member is and what it holds, as it says itself. Sizes are in bytes, times in ms."""

    offset: int
    size: int
    records: int
    first_ms: int
    last_ms: int


class Unreadable(NamedTuple):
    """A part of a file in which there is no whole member, in bytes."""

    offset: int
    size: int
    reason: str


def pack(raw: bytes, records: int, first_ms: int, last_ms: int) -> bytes:
    """A member of these bytes, which are `records` records of these wall times."""
    deflated = zlib.compress(raw, _LEVEL, wbits=-zlib.MAX_WBITS)  # lets other threads run
    size = _HEAD_SIZE + len(deflated) + _TRAILER.size
    facts = _FACTS.pack(size, records, first_ms, last_ms)
    trailer = _TRAILER.pack(zlib.crc32(raw), len(raw) & 0xFFFFFFFF)
    return b"".join((_MAGIC, facts, _CHECK.pack(zlib.crc32(facts)), deflated, trailer))


def unpack(file: BinaryIO, member: Member) -> bytes:
    """What was packed. Raises ValueError if it is damaged."""
    file.seek(member.offset + _HEAD_SIZE)
    data = file.read(member.size - _HEAD_SIZE)
    deflated, trailer = data[: -_TRAILER.size], data[-_TRAILER.size :]
    check, size = _TRAILER.unpack(trailer)
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        raw = unpacking.decompress(deflated, size + 1)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not unpacking.eof or len(raw) != size or zlib.crc32(raw) != check:
        raise ValueError("its checksum does not fit")
    return raw


def scan(file: BinaryIO, size: int) -> Iterator[Member | Unreadable]:
    """What is in a file of `size` bytes, in order, without unpacking it."""
    at = 0
    while at < size:
        head = _read_at(file, at, _HEAD_SIZE)
        member = _parse(head, at)
        if member is not None and at + member.size <= size:
            yield member
            at += member.size
        elif member is not None:
            yield Unreadable(at, size - at, f"cut short, with {member.records} records")
            return
        else:
            following = _find(file, at + 1, size)
            is_cut = following == size and size - at < _HEAD_SIZE and _MAGIC.startswith(head[: len(_MAGIC)])
            yield Unreadable(at, following - at, "cut short" if is_cut else "damaged")
            at = following


def _parse(head: bytes, offset: int) -> Member | None:
    if len(head) < _HEAD_SIZE or not head.startswith(_MAGIC):
        return None
    facts = head[len(_MAGIC) : -_CHECK.size]
    if _CHECK.unpack(head[-_CHECK.size :])[0] != zlib.crc32(facts):
        return None
    size, records, first_ms, last_ms = _FACTS.unpack(facts)
    return Member(offset, size, records, first_ms, last_ms) if size > _HEAD_SIZE + _TRAILER.size else None


def _find(file: BinaryIO, at: int, size: int) -> int:
    """Where the next member begins, from `at` on; `size` if none does."""
    while at < size:
        block = _read_at(file, at, _SEARCHED_AT_ONCE)
        place = block.find(_MAGIC)
        if place < 0:
            at += max(1, len(block) - len(_MAGIC) + 1)
        elif _parse(_read_at(file, at + place, _HEAD_SIZE), at + place) is not None:
            return at + place
        else:
            at += place + 1
    return size


def _read_at(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)
