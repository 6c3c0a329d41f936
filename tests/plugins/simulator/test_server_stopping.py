"""The server that misbehaves ends at once, in the middle of anything, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from wealthsources_simulator import FAULTS, MarketServer, Peer, encode

from ...support.waiting import wait_until
from .clients import CONNECT, TEXT, UPGRADE, Client


def open_files() -> int:
    """How many descriptors this process has; 0 where that cannot be told."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def provoke(server: MarketServer, tls: ssl.SSLContext | None) -> socket.socket:
    """A connection that asked for bars, was answered something or nothing for a moment, and reads no more."""
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=0.2)
    with contextlib.suppress(OSError):
        if tls is not None:
            sock = tls.wrap_socket(sock, server_hostname="localhost")
        sock.sendall(UPGRADE + encode(TEXT, json.dumps(CONNECT).encode(), mask=True))
        sock.recv(1)
    return sock


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("encrypted", [False, True], ids=["ws", "wss"])
def test_it_stops_at_once_in_the_middle_of_any_fault(market, tls, name, encrypted):
    before = open_files()
    market.play(3)
    with MarketServer(market, [name], tls=tls[0] if encrypted else None) as server:
        with provoke(server, tls[1] if encrypted else None):
            begun = time.monotonic()
            server.stop()
            assert time.monotonic() - begun < 1
        assert server.accepted == 1
    assert server.failures == []
    assert not any(thread.name.startswith(("connection ", "market ")) for thread in threading.enumerate())
    assert open_files() == before


def test_stop_ends_a_script_that_waits_and_one_whose_client_does_not_read(serve, client):
    def shout(peer: Peer) -> None:
        peer.join()
        while True:
            peer.write(b"x" * 1_000_000)

    server = serve(lambda peer: peer.wait(), shout)
    client(server)
    client(server).join()
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 1


def test_stop_may_come_again_and_before_the_start(market):
    server = MarketServer(market)
    server.stop()
    server.stop()
    server.wait_stopped()
    assert (server.accepted, server.failures) == (0, [])
    assert not any(thread.name.startswith(("connection ", "market ")) for thread in threading.enumerate())


def test_a_script_that_does_not_end_is_named(market):
    release = threading.Event()
    with MarketServer(market, [lambda peer: release.wait(30)]) as server:
        one = Client(server)
        wait_until(lambda: server.accepted)
        server.stop()
        release.set()
        one.close()
    assert [str(failure) for failure in server.failures] == [
        "the script of connection 1 did not end when the server stopped"
    ]
