"""Rows A: the TLS handshake, the HTTP upgrade, the acknowledgement. A1, a closed port, is `MarketServer.close_port`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from wealthsources_simulator.faults.registry import misbehaves, misbehaves_once
from wealthsources_simulator.framing import encode

if TYPE_CHECKING:
    from wealthsources_simulator.peer import Peer

_SWITCHING: Final = b"HTTP/1.1 101 Switching Protocols\r\n"
_FILLER: Final = b"X-Filler: " + b"x" * 1000 + b"\r\n"
_PORTAL: Final = "<!doctype html><title>Welcome</title><p>Please accept the terms of this network.</p>" * 100


@misbehaves("silent-upgrade", "A2", "http")
def _silent_upgrade(peer: Peer) -> None:
    """Takes the upgrade request and never answers it."""
    peer.request()
    peer.deaf()


@misbehaves("dripping-upgrade", "A3", "http", default=1.0)
def _dripping_upgrade(peer: Peer, seconds: float) -> None:
    """Answers the upgrade with one byte every so many seconds, for ever."""
    peer.request()
    peer.drip(_SWITCHING + b"X-Filler: ", seconds)
    while True:
        peer.drip(b"x", seconds)


@misbehaves("endless-headers", "A4", "http")
def _endless_headers(peer: Peer) -> None:
    """Answers the upgrade with headers that never end."""
    peer.request()
    peer.write(_SWITCHING)
    while True:
        peer.write(_FILLER)


@misbehaves("huge-header", "A4", "http", default=1_000_000)
def _huge_header(peer: Peer, size: int) -> None:
    """Answers the upgrade with one header of so many bytes among the right ones, then behaves well."""
    peer.upgrade(f"X-Huge: {'x' * size}\r\n")
    peer.behave()


@misbehaves("captive-portal", "A5", "http")
def _captive_portal(peer: Peer) -> None:
    """Answers the upgrade with 200 and a page of HTML."""
    peer.request()
    peer.http(200, "Content-Type: text/html\r\nConnection: close\r\n", _PORTAL)


@misbehaves("unauthorized", "A6", "http", default="401", choices=("401", "403"))
def _unauthorized(peer: Peer, status: str) -> None:
    """Turns the upgrade down with 401 or 403."""
    peer.request()
    peer.http(int(status))


@misbehaves("bad-status", "A5", "http", default=503)
def _bad_status(peer: Peer, status: int) -> None:
    """Answers the upgrade with this HTTP status and no body."""
    peer.request()
    peer.http(f"{status} {_phrase(status)}")


@misbehaves("too-many-requests", "A7", "http", default=1)
def _too_many_requests(peer: Peer, seconds: int) -> None:
    """Answers the upgrade with 429 and Retry-After of so many seconds."""
    peer.request()
    peer.http(429, f"Retry-After: {seconds}\r\n")


@misbehaves("banned", "A7", "http", default=1)
def _banned(peer: Peer, seconds: int) -> None:
    """Answers the upgrade with 418, as exchanges do to a banned address, and Retry-After of so many seconds."""
    peer.request()
    peer.http(418, f"Retry-After: {seconds}\r\n")


@misbehaves("endless-body", "A8", "http")
def _endless_body(peer: Peer) -> None:
    """Answers the upgrade with 503, a Content-Length of 100 GB and three bytes, then nothing."""
    peer.request()
    peer.http(503, "Content-Length: 100000000000\r\n", b"sorry"[:3])
    peer.deaf()


@misbehaves("redirect", "A9", "http", default="other", choices=("other", "insecure", "self"))
def _redirect(peer: Peer, kind: str) -> None:
    """Redirects the upgrade: to another name of this server, to this one without TLS, or to itself."""
    url, port = peer.server.origin + peer.exchange.path, peer.server.port
    other = url.replace("localhost", "127.0.0.1") if "localhost" in url else url.replace("127.0.0.1", "localhost")
    insecure = f"ws://127.0.0.1:{port}{peer.exchange.path}"
    _redirect_to(peer, {"other": other, "insecure": insecure, "self": url}[kind])


@misbehaves("redirect-to", "A9", "http", default="ws://127.0.0.2/market_data")
def _redirect_to(peer: Peer, url: str) -> None:
    """Redirects the upgrade to this URL."""
    peer.request()
    peer.http(302, f"Location: {url}\r\n")


@misbehaves("wrong-accept", "A10", "http")
def _wrong_accept(peer: Peer) -> None:
    """Answers the upgrade with the Sec-WebSocket-Accept of another request, then behaves well."""
    peer.upgrade(accept="s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    peer.behave()


@misbehaves("no-upgrade-header", "A10", "http")
def _no_upgrade_header(peer: Peer) -> None:
    """Answers the upgrade with 101 but without the header Upgrade, then behaves well."""
    peer.write(peer.upgrade_answer().replace(b"Upgrade: websocket\r\n", b""))
    peer.behave()


@misbehaves("extension", "A11", "http")
def _extension(peer: Peer) -> None:
    """Chooses an extension that was not asked for, then behaves well."""
    peer.upgrade("Sec-WebSocket-Extensions: permessage-deflate\r\n")
    peer.behave()


@misbehaves("subprotocol", "A11", "http")
def _subprotocol(peer: Peer) -> None:
    """Chooses a subprotocol that was not asked for, then behaves well."""
    peer.upgrade("Sec-WebSocket-Protocol: superchat\r\n")
    peer.behave()


@misbehaves("plain-text", "A14", "tls")
def _plain_text(peer: Peer) -> None:
    """Answers the TLS handshake with plain HTTP."""
    peer.ready(None)
    peer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    peer.drain()


@misbehaves("stalled-handshake", "A14", "tls")
def _stalled_handshake(peer: Peer) -> None:
    """Takes whatever comes, of a TLS handshake or not, and never answers it."""
    peer.drain()


@misbehaves("cut-handshake", "A14", "tls")
def _cut_handshake(peer: Peer) -> None:
    """Ends the connection in the middle of the TLS handshake."""
    peer.ready(None)


@misbehaves("first-bar-with-upgrade", "A16", "http")
def _first_bar_with_upgrade(peer: Peer) -> None:
    """Sends the upgrade and a bar in one TCP segment, then behaves well."""
    upgrade = peer.upgrade_answer()
    peer.write(upgrade + encode(*peer.pack(peer.bar())))
    peer.behave()


@misbehaves("bar-before-connected", "A16", "messages")
def _bar_before_connected(peer: Peer) -> None:
    """Sends a bar after the subscription but before its acknowledgement, then behaves well."""
    peer.subscribed()
    peer.send(peer.bar())
    peer.behave()


@misbehaves("no-ack", "A17", "messages")
def _no_ack(peer: Peer) -> None:
    """Takes the subscription and never acknowledges it; answers pings."""
    peer.subscribed()
    peer.stay()


@misbehaves("error-instead", "A18", "messages", default="bad csrf")
def _error_instead(peer: Peer, text: str) -> None:
    """Sends an error with this text instead of the acknowledgement, then only answers pings."""
    peer.subscribed()
    peer.send(peer.exchange.error(text))
    peer.stay()


@misbehaves_once("double-ack", "A19", "messages")
def _double_ack(peer: Peer) -> None:
    """Acknowledges twice."""
    peer.send(peer.exchange.acknowledgement(peer.connect))


@misbehaves("foreign-ack", "A19", "messages", protocol="wealthai")
def _foreign_ack(peer: Peer) -> None:
    """Sends CONNECTED with somebody else's request_id, then only answers pings."""
    peer.subscribed()
    peer.send({"type": "CONNECTED", "request_id": "not-yours"})
    peer.stay()


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
