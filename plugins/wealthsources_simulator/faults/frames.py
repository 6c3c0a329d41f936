"""Rows D: frames that a WebSocket must not hold, and odd ones that it may. After them the server behaves well."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from wealthsources_simulator.faults.registry import misbehaves, misbehaves_once
from wealthsources_simulator.framing import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    close_payload,
    encode,
)

if TYPE_CHECKING:
    from wealthsources_simulator.peer import Peer

_CONTROL: Final = {"ping": PING, "pong": PONG, "close": CLOSE}
_KINDS: Final = tuple(_CONTROL)
_CHUNK: Final = 65_536

#: Characters of two, three and four bytes.
_CHARACTERS: Final = "é€😀"


@misbehaves_once("fragments-with-ping", "D1", "frames")
def _fragments_with_ping(peer: Peer) -> None:
    """Sends a bar in three fragments, with a ping after each of the first two."""
    opcode, data = _bar(peer)
    peer.frame(opcode, data[:10], fin=False)
    peer.frame(PING, b"between")
    peer.frame(CONTINUATION, data[10:20], fin=False)
    peer.frame(PING, b"between again")
    peer.frame(CONTINUATION, data[20:])


@misbehaves_once("reserved-bits", "D2", "frames", default="1", choices=tuple("1234567"))
def _reserved_bits(peer: Peer, bits: str) -> None:
    """Sends a bar with these reserved bits set."""
    peer.frame(*_bar(peer), rsv=int(bits))


@misbehaves_once(
    "reserved-opcode", "D2", "frames", default="3", choices=("3", "4", "5", "6", "7", "11", "12", "13", "14", "15")
)
def _reserved_opcode(peer: Peer, opcode: str) -> None:
    """Sends a frame with an opcode that means nothing."""
    peer.frame(int(opcode), b"what is this")


@misbehaves_once("stray-continuation", "D2", "frames")
def _stray_continuation(peer: Peer) -> None:
    """Sends a continuation of nothing."""
    peer.frame(CONTINUATION, _bar(peer)[1])


@misbehaves_once("interleaved-text", "D2", "frames")
def _interleaved_text(peer: Peer) -> None:
    """Begins a new text message inside a fragmented one."""
    opcode, data = _bar(peer)
    peer.frame(opcode, data[:10], fin=False)
    peer.frame(opcode, data)
    peer.frame(CONTINUATION, data[10:])


@misbehaves_once("masked", "D2", "frames")
def _masked(peer: Peer) -> None:
    """Sends a bar in a masked frame."""
    peer.frame(*_bar(peer), mask=True)


@misbehaves_once("fragmented-control", "D2", "frames", default="ping", choices=_KINDS)
def _fragmented_control(peer: Peer, kind: str) -> None:
    """Sends a ping, pong or Close in two fragments."""
    payload = close_payload(1000, "in two parts")
    peer.frame(_CONTROL[kind], payload[:4], fin=False)
    peer.frame(CONTINUATION, payload[4:])


@misbehaves_once("long-control", "D2", "frames", default="ping", choices=_KINDS)
def _long_control(peer: Peer, kind: str) -> None:
    """Sends a ping, pong or Close with more than 125 bytes."""
    peer.frame(_CONTROL[kind], close_payload(1000, "x" * 124))


@misbehaves_once("bad-utf8", "D3", "frames")
def _bad_utf8(peer: Peer) -> None:
    """Sends a bar with a byte that no UTF-8 text holds."""
    peer.frame(TEXT, _noted(peer, b"\xff"))


@misbehaves_once("bad-utf8-in-fragments", "D3", "frames")
def _bad_utf8_in_fragments(peer: Peer) -> None:
    """Sends a bar with a character begun in one fragment and not finished in the next."""
    head, tail = _noted(peer, b"|").split(b"|")
    peer.frame(TEXT, head + b"\xe2\x82", fin=False)
    peer.frame(CONTINUATION, b"\x28" + tail)


@misbehaves_once("truncated-utf8", "D3", "frames")
def _truncated_utf8(peer: Peer) -> None:
    """Ends a message of two fragments inside a character, which no later one completes."""
    data = _noted(peer, b"")
    peer.frame(TEXT, data[:10], fin=False)
    peer.frame(CONTINUATION, data[10:] + b"\xe2\x82")


@misbehaves_once("split-utf8", "D3", "frames")
def _split_utf8(peer: Peer) -> None:
    """Sends a bar with proper characters, each byte of the message in a fragment of its own. Nothing is wrong."""
    data = _noted(peer, _CHARACTERS.encode())
    peer.frame(TEXT, data[:1], fin=False)
    for place in range(1, len(data) - 1):
        peer.frame(CONTINUATION, data[place : place + 1], fin=False)
    peer.frame(CONTINUATION, data[-1:])


@misbehaves_once("huge-announcement", "D4", "frames", default=2**40)
def _huge_announcement(peer: Peer, size: int) -> None:
    """Announces a text of so many bytes and sends a few."""
    peer.frame(TEXT, b'{"type":', length=size)


@misbehaves_once("huge-text", "D4", "frames", default=100_000_000)
def _huge_text(peer: Peer, size: int) -> None:
    """Sends a text of so many bytes."""
    peer.frame(TEXT, b"", length=size)
    for sent in range(0, size, _CHUNK):
        peer.write(b"x" * min(_CHUNK, size - sent))


@misbehaves_once("huge-fragments", "D4", "frames", default=100_000_000)
def _huge_fragments(peer: Peer, size: int) -> None:
    """Sends a text of so many bytes in fragments of 64 KiB."""
    peer.frame(TEXT, b"", fin=False)
    for sent in range(0, size, _CHUNK):
        peer.frame(CONTINUATION, b"x" * min(_CHUNK, size - sent), fin=False)
    peer.frame(CONTINUATION)


@misbehaves_once("empty-fragments", "D4", "frames", default=1_000_000)
def _empty_fragments(peer: Peer, count: int) -> None:
    """Sends a bar with so many empty fragments before its text."""
    opcode, data = _bar(peer)
    peer.frame(opcode, b"", fin=False)
    for sent in range(0, count, _CHUNK):
        peer.write(encode(CONTINUATION, fin=False) * min(_CHUNK, count - sent))
    peer.frame(CONTINUATION, data)


@misbehaves_once("binary", "D5", "frames")
def _binary(peer: Peer) -> None:
    """Sends the text of a bar as a binary message."""
    peer.frame(BINARY, peer.exchange.text(peer.bar(), spaced=True))


@misbehaves_once("empty-text", "D5", "frames")
def _empty_text(peer: Peer) -> None:
    """Sends an empty text message."""
    peer.frame(TEXT)


@misbehaves_once("compressed", "D6", "frames")
def _compressed(peer: Peer) -> None:
    """Sends a compressed bar, though nobody agreed to that."""
    opcode, data = _bar(peer)
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    peer.frame(opcode, deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)[:-4], rsv=4)


@misbehaves_once("one-segment", "D7", "frames")
def _one_segment(peer: Peer) -> None:
    """Sends every message that was played before, all in one write."""
    played = peer.server.market.messages_since(0, peer.position)
    peer.write(b"".join(encode(*peer.pack(one.text)) for one in played if one.series in peer.series))


@misbehaves_once("many-segments", "D7", "frames", default=10_000)
def _many_segments(peer: Peer, count: int) -> None:
    """Sends one bar in so many bytes, each in a write of its own."""
    _, data = _bar(peer)
    note = "x" * max(0, count - len(data) - 16)
    peer.drip(encode(*peer.pack(peer.bar(note=note))), 0)


@misbehaves("random-bytes", "D8", "frames", default=1000)
def _random_bytes(peer: Peer, count: int) -> None:
    """Sends so many seeded random bytes after the upgrade, then reads until the client leaves."""
    peer.upgrade()
    peer.write(peer.rng.randbytes(count))
    peer.deaf()


def _bar(peer: Peer) -> tuple[int, bytes]:
    """Opcode and payload of a bar, as the exchange packs it."""
    return peer.pack(peer.bar())


def _noted(peer: Peer, note: bytes) -> bytes:
    """A bar with a note of these bytes, as a text, also where the exchange packs it."""
    bar = peer.bar(note="?")
    opcode, data = peer.pack(bar)
    return (data if opcode == TEXT else peer.exchange.text(bar).encode()).replace(b"?", note)
