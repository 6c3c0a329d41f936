"""The server's end of a WebSocket: the upgrade, and what the client says."""

from __future__ import annotations

import struct

import pytest

from wealthsources_simulator import MarketServer, Peer

from ...support.waiting import wait_until
from .clients import CLOSE, PING, PONG, TEXT, UPGRADE, Client


def test_the_request_is_read_once(serve, client):
    read = []

    def script(peer: Peer) -> None:
        read.append((peer.request(), peer.request(), peer.request_line, peer.path))
        peer.upgrade()
        peer.stay()

    server = serve(script)
    one = client(server)
    one.sock.sendall(UPGRADE.replace(b"/market_data", b"/market_data?token=x"))
    assert one.file.readline().startswith(b"HTTP/1.1 101")
    ((first, second, line, path),) = read
    assert first == second
    assert first["sec-websocket-version"] == "13"
    assert (line, path) == ("GET /market_data?token=x HTTP/1.1", "/market_data")


@pytest.mark.parametrize(
    ("opcode", "payload", "kept"),
    [
        (TEXT, b'{"a": 1}', {"a": 1}),
        (TEXT, b"null", None),
        (TEXT, b"no json", "no json"),
        (TEXT, b"[" * 100_000, "[" * 100_000),
        (TEXT, b"\xff", "\N{REPLACEMENT CHARACTER}"),
        (2, b"{}", b"{}"),
    ],
)
def test_what_the_client_says_is_kept(serve, client, opcode, payload, kept):
    server = serve(lambda peer: (peer.upgrade(), peer.stay()))
    one = client(server)
    one.upgrade()
    one.send(opcode, payload)
    wait_until(lambda: server.received)
    assert server.received == server.peers[0].received == [kept]


def test_pings_and_closes_are_answered_before_a_message(serve, client):
    one = client(serve(lambda peer: (peer.upgrade(), peer.message(), peer.wait())))
    one.upgrade()
    one.send(PING, b"1")
    assert one.frame() == (PONG, b"1")
    one.send(CLOSE, struct.pack("!H", 1000))
    assert one.frame() == (CLOSE, struct.pack("!H", 1000))
    assert one.file.read() == b""


def test_a_frame_that_is_too_large_ends_the_connection(serve, client):
    one: Client = client(serve(lambda peer: (peer.upgrade(), peer.stay())))
    one.upgrade()
    one.sock.sendall(bytes([0x81, 0x80 | 127]) + struct.pack("!Q", 2**40))
    assert one.file.read() == b""


def test_a_goodbye_waits_for_the_answer(serve, client):
    server: MarketServer = serve(lambda peer: (peer.upgrade(), peer.say_goodbye(4001, "enough")))
    one = client(server)
    one.upgrade()
    assert one.frame() == (CLOSE, struct.pack("!H", 4001) + b"enough")
    assert one.nothing_comes()
    one.sock.settimeout(10)
    one.send(CLOSE, struct.pack("!H", 4001))
    assert one.sock.recv(1) == b""
