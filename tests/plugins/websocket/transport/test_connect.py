"""Opening a connection: a stop ends it, wherever it is."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable

import pytest

from wealthsources_websocket.errors import ConnectionLost

from ....support.waiting import wait_until
from ....support.wire import Peer
from .servers import PATIENCE, PROMPT, dial, elapsed, serve


class Watched(threading.Event):
    """An event that counts how often it was looked at."""

    looks = 0

    def is_set(self) -> bool:
        self.looks += 1
        return super().is_set()


def stop_ends(url: str, reached: Callable[[Watched], bool], tls: ssl.SSLContext | None = None) -> None:
    """Stop a connect that has reached some point; it must end promptly and say so."""
    stop, ended = Watched(), []

    def work() -> None:
        with pytest.raises(ConnectionLost) as caught:
            dial(url, 4 * PATIENCE, stop, tls=tls)
        ended.append(caught.value.reason)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: reached(stop))
    stop.set()
    assert elapsed(lambda: thread.join(PATIENCE)) < PROMPT
    assert ended == ["stopped"]


def test_a_stop_ends_the_wait_for_the_resolver(hanging_resolver):
    stop_ends("ws://slow.example/", lambda stop: hanging_resolver.is_set() and stop.looks > 1)


def test_a_stop_ends_the_wait_for_tcp(full_port):
    stop_ends(f"ws://127.0.0.1:{full_port}/", lambda stop: stop.looks > 2)


def test_a_stop_ends_the_wait_for_tls(trusting):
    with serve(lambda peer: peer.over.wait()) as server:
        stop_ends(server.wss, lambda stop: bool(server.peers) and stop.looks > 2, trusting)


def test_a_stop_ends_the_wait_for_the_upgrade():
    with serve(Peer.read_request) as server:
        stop_ends(server.url, lambda stop: bool(server.peers) and server.peers[0].request.endswith(b"\r\n\r\n"))


def test_a_stop_ends_an_upgrade_that_comes_byte_by_byte():
    with serve(lambda peer: peer.drip(peer.answer(b"X-Filler: " + b"x" * 10_000))) as server:
        stop_ends(server.url, lambda stop: bool(server.peers) and stop.looks > 10)


def test_when_stopped_before_nobody_is_connected_to():
    stop = threading.Event()
    stop.set()
    with serve(Peer.upgrade) as server:
        with pytest.raises(ConnectionLost, match="stopped"):
            dial(server.url, stop=stop)
        server.visit()
        wait_until(lambda: bool(server.peers))
        assert len(server.peers) == 1
