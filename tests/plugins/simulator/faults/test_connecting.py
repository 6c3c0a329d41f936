"""Rows A: the handshake, the upgrade and the acknowledgement, as the faults say."""

from __future__ import annotations

import socket
import ssl

import pytest
import websocket

from ..clients import PING, PONG, UPGRADE


@pytest.mark.parametrize(
    ("script", "status", "header"),
    [
        ("captive-portal", "200 OK", ("content-type", "text/html")),
        ("unauthorized:403", "403 Forbidden", ("content-length", "0")),
        ("bad-status:599", "599 Unknown", ("content-length", "0")),
        ("too-many-requests:17", "429 Too Many Requests", ("retry-after", "17")),
        ("banned:3", "418 I'm a Teapot", ("retry-after", "3")),
        ("endless-body", "503 Service Unavailable", ("content-length", "100000000000")),
        ("redirect-to:ws://example.invalid/", "302 Found", ("location", "ws://example.invalid/")),
        ("wrong-accept", "101 Switching Protocols", ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=X")),
        ("extension", "101 Switching Protocols", ("sec-websocket-extensions", "permessage-deflate")),
        ("subprotocol", "101 Switching Protocols", ("sec-websocket-protocol", "superchat")),
        ("huge-header:5000", "101 Switching Protocols", ("x-huge", "x" * 5000)),
    ],
)
def test_the_upgrade_is_answered_as_the_fault_says(serve, client, script, status, header):
    line, headers = client(serve(script)).upgrade()
    assert line == f"HTTP/1.1 {status}"
    name, value = header
    assert headers[name] == value.removesuffix("X")
    if name != "sec-websocket-accept":
        assert headers.get("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_wrong_accept_is_refused_by_a_client_that_checks(serve):
    with pytest.raises(websocket.WebSocketException, match="Invalid WebSocket Header"):
        websocket.WebSocket().connect(serve("wrong-accept").url, timeout=10)


def test_the_upgrade_header_can_be_missing(serve, client):
    status, headers = client(serve("no-upgrade-header")).upgrade()
    assert status.startswith("HTTP/1.1 101")
    assert "upgrade" not in headers


@pytest.mark.parametrize(
    ("kind", "location"),
    [
        ("other", "ws://localhost:{port}/market_data"),
        ("insecure", "ws://127.0.0.1:{port}/market_data"),
        ("self", "ws://127.0.0.1:{port}/market_data"),
    ],
)
def test_a_redirect_leads_where_the_fault_says(serve, client, kind, location):
    server = serve(f"redirect:{kind}")
    assert client(server).upgrade()[1]["location"] == location.format(port=server.port)


def test_a_dripping_upgrade_comes_byte_by_byte_and_never_ends(serve, client):
    one = client(serve("dripping-upgrade:0.001"))
    one.sock.sendall(UPGRADE)
    one.sock.settimeout(0.5)
    pieces = [one.sock.recv(1000) for _ in range(60)]
    assert b"".join(pieces).startswith(b"HTTP/1.1 101 Switching Protocols\r\nX-Filler: xx")
    assert len([piece for piece in pieces if len(piece) == 1]) > 5


def test_plain_text_on_a_tls_port_is_no_tls(serve, client, tls):
    server = serve("plain-text", tls=tls[0])
    with pytest.raises(ssl.SSLError, match=r"WRONG_VERSION_NUMBER|RECORD"):
        client(server, tls=tls[1])


def test_a_tls_handshake_can_stall(serve, tls):
    server = serve("stalled-handshake", tls=tls[0])
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.1) as sock, pytest.raises(TimeoutError):
        tls[1].wrap_socket(sock, server_hostname="localhost")


def test_a_tls_handshake_can_be_cut(serve, client, tls):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        client(serve("cut-handshake", tls=tls[0]), tls=tls[1])


def test_a_tls_connection_can_end_without_a_goodbye(market, serve, client, tls):
    one = client(serve("fin", tls=tls[0]), tls=tls[1])
    one.join()
    with pytest.raises(ssl.SSLEOFError):
        one.sock.recv(1)


def test_the_first_bar_can_come_with_the_upgrade(market, serve, client):
    one = client(serve("first-bar-with-upgrade"))
    one.sock.sendall(UPGRADE)
    one.sock.settimeout(10)
    assert b'"open_time"' in one.sock.recv(65_536)


def test_a_bar_can_come_before_the_acknowledgement(serve, client):
    one = client(serve("bar-before-connected"))
    one.upgrade()
    one.subscribe()
    assert [message["type"] for message in one.messages(2)] == ["BAR", "CONNECTED"]


def test_the_acknowledgement_can_be_missing_though_pings_are_answered(serve, client):
    one = client(serve("no-ack"))
    one.upgrade()
    one.subscribe()
    one.send(PING, b"1")
    assert one.frame() == (PONG, b"1")


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("error-instead:unknown symbol", {"type": "ERROR", "message": "unknown symbol"}),
        ("foreign-ack", {"type": "CONNECTED", "request_id": "not-yours"}),
    ],
)
def test_something_else_can_come_instead_of_the_acknowledgement(serve, client, script, answer):
    server = serve(script)
    one = client(server)
    one.upgrade()
    one.subscribe()
    assert one.message() == answer
    assert server.acknowledged == 0


def test_the_acknowledgement_can_come_twice(joined):
    assert joined("double-ack").message() == {"type": "CONNECTED", "request_id": "7"}
