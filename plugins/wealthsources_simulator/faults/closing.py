"""Rows C: the ways in which a connection ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources_simulator.faults.registry import misbehaves
from wealthsources_simulator.framing import CLOSE, close_payload

if TYPE_CHECKING:
    from wealthsources_simulator.peer import Peer

#: What is said of a connection that ended without a Close frame; it is never sent.
_NO_CLOSE_FRAME: Final = 1006


@misbehaves("close", "C1", "frames", default=1000)
def _close(peer: Peer, code: int) -> None:
    """Acknowledges, then closes with this code; 1006 is a cut without a Close frame."""
    peer.join()
    if code != _NO_CLOSE_FRAME:
        peer.say_goodbye(code, "as the script says")


@misbehaves("close-and-stay", "C2", "frames", default=1000)
def _close_and_stay(peer: Peer, code: int) -> None:
    """Acknowledges, sends a Close frame with this code, and leaves TCP open."""
    peer.join()
    peer.frame(CLOSE, close_payload(code, "as the script says"))
    peer.deaf()


@misbehaves("reset", "C3", "tcp", default=0)
def _reset(peer: Peer, messages: int) -> None:
    """Acknowledges, passes on so many messages, then resets the connection (RST)."""
    peer.join()
    peer.pass_on(messages)
    peer.reset()


@misbehaves("fin", "C3", "tcp", default=0)
def _fin(peer: Peer, messages: int) -> None:
    """Acknowledges, passes on so many messages, then ends TCP (FIN) without a Close frame or TLS goodbye."""
    peer.join()
    peer.pass_on(messages)


@misbehaves("close-at-once", "C4", "frames")
def _close_at_once(peer: Peer) -> None:
    """Acknowledges and closes at once, with 1000."""
    peer.accept()
    peer.say_goodbye()


@misbehaves("one-bar-then-close", "C5", "frames")
def _one_bar_then_close(peer: Peer) -> None:
    """Acknowledges, sends the newest state of one bar, and closes with 1000."""
    peer.accept()
    peer.send(peer.bar())
    peer.say_goodbye()


@misbehaves("no-close-answer", "C10", "frames")
def _no_close_answer(peer: Peer) -> None:
    """Never answers a Close frame of the client's, and else behaves well."""
    peer.on_close = lambda _: None
    peer.behave()
