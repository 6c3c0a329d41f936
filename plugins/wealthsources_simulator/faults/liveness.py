"""Rows B: connections that are up, and do not live as they should."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

from wealthsources_simulator.faults.registry import misbehaves, misbehaves_once
from wealthsources_simulator.framing import PING, PONG, TEXT, encode

if TYPE_CHECKING:
    from wealthsources_simulator.market import Played
    from wealthsources_simulator.peer import Peer

_SLICE: Final = 0.02
_HALF: Final = b'{"type":"BAR","symbol":"' + b"x" * 76


@misbehaves("freeze", "B1", "frames", default=0)
def _freeze(peer: Peer, messages: int) -> None:
    """Acknowledges, passes on so many messages, then neither reads nor writes; TCP stays open."""
    peer.join()
    peer.pass_on(messages)
    peer.wait()


@misbehaves("pings-only", "B2", "frames", default=0)
def _pings_only(peer: Peer, messages: int) -> None:
    """Acknowledges, passes on so many messages, then answers pings and sends no bars."""
    peer.join()
    peer.pass_on(messages)
    peer.stay()


@misbehaves("one-silent-stream", "B3", "messages", default=0)
def _one_silent_stream(peer: Peer, place: int) -> None:
    """Sends nothing of the series subscribed to at this place (sorted, from 0), and all of the others."""
    peer.join()
    silent = peer.series[place]

    def push(played: Played) -> None:
        if played.series != silent:
            peer.tell(played)

    peer.behave(push)


@misbehaves("ping-flood", "B4", "frames", default=1000)
def _ping_flood(peer: Peer, per_second: int) -> None:
    """Sends so many pings a second and no bars; answers pings."""
    _flood(peer, PING, per_second)


@misbehaves("pong-flood", "B4", "frames", default=1000)
def _pong_flood(peer: Peer, per_second: int) -> None:
    """Sends so many pongs a second that nobody asked for, and no bars; answers pings."""
    _flood(peer, PONG, per_second)


@misbehaves("stray-pongs", "B5", "frames")
def _stray_pongs(peer: Peer) -> None:
    """Sends a pong that nobody asked for with every message, and else behaves well."""
    peer.join()
    peer.frame(PONG)

    def push(played: Played) -> None:
        peer.frame(PONG, peer.rng.randbytes(8))
        peer.tell(played)

    peer.behave(push)


@misbehaves("wrong-pong", "B6", "frames")
def _wrong_pong(peer: Peer) -> None:
    """Answers every ping with another payload, and else behaves well."""
    peer.on_ping = lambda payload: peer.frame(PONG, b"not " + payload[:100])
    peer.behave()


@misbehaves("late-pong", "B6", "frames")
def _late_pong(peer: Peer) -> None:
    """Answers every ping with the payload of the ping before, and else behaves well."""
    pings: list[bytes] = []

    def answer(payload: bytes) -> None:
        pings.append(payload)
        for late in pings[-2:-1]:
            peer.frame(PONG, late)

    peer.on_ping = answer
    peer.behave()


@misbehaves("half-frame", "B7", "frames", default=10)
def _half_frame(peer: Peer, size: int) -> None:
    """Sends so many bytes of a frame that announces 100, then nothing; reads on."""
    peer.join()
    peer.frame(TEXT, _HALF[:size], length=len(_HALF))
    peer.deaf()


@misbehaves_once("half-frame-then-rest", "B8", "frames", default=2.0)
def _half_frame_then_rest(peer: Peer, seconds: float) -> None:
    """Sends half a frame, and the rest after so many seconds."""
    data = encode(*peer.pack(peer.bar()))
    peer.write(data[: len(data) // 2])
    peer.wait(seconds)
    peer.write(data[len(data) // 2 :])


@misbehaves("blackhole", "B9", "tcp")
def _blackhole(peer: Peer) -> None:
    """Acknowledges, then takes nothing more out of a small receive buffer: what the client sends stays unread."""
    peer.secure()
    peer.join()
    peer.set_option(socket.SO_RCVBUF, 1)
    peer.wait()


@misbehaves("dripping-frame", "B10", "frames", default=1.0)
def _dripping_frame(peer: Peer, seconds: float) -> None:
    """Sends a frame of 10,000 bytes, one byte every so many seconds; answers nothing."""
    peer.join()
    peer.drip(encode(*peer.pack(peer.bar(note="x" * 10_000))), seconds)
    peer.behave()


def _flood(peer: Peer, opcode: int, per_second: int) -> None:
    peer.join()
    frames = encode(opcode, b"flood") * max(1, int(per_second * _SLICE))
    while True:
        peer.write(frames)
        peer.attend(_SLICE)
