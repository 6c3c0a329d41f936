"""A socket through a proxy: what is said to it byte by byte, and whatever it answers."""

from __future__ import annotations

import base64
import socket
import threading
import time

import pytest

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.deadline import Deadline
from wealthsources_websocket.transport.proxy import open_through

from ....support.waiting import wait_until
from .servers import DEADLINE, PATIENCE, PROMPT, ScriptPeer, Server, serve

GRANTED = b"HTTP/1.1 200 Connection established\r\n\r\n"
SOCKS_GRANTED = b"\5\0\0\1\0\0\0\0\0\0"


def through(
    server: Server, scheme: str = "http", seconds: float = PATIENCE, stop: threading.Event | None = None
) -> socket.socket:
    proxy = f"{scheme}://127.0.0.1:{server.port}"
    return open_through(proxy, "market.example", 18000, Deadline(time.monotonic() + seconds, stop or threading.Event()))


def refused(server: Server, scheme: str = "http", seconds: float = PATIENCE) -> ConnectionLost:
    """Why there is no connection; the proxy has been let go of by then."""
    with pytest.raises(ConnectionLost) as caught:
        through(server, scheme, seconds)
    for peer in server.peers:
        assert peer.gone.wait(PATIENCE), "the socket was not closed"
    return caught.value


def socks(peer: ScriptPeer, answer: bytes = SOCKS_GRANTED) -> bytes:
    """Play a SOCKS5 proxy without a login. Returns the address that is asked for."""
    assert peer.read(3) == b"\5\1\0"
    peer.send(b"\5\0")
    assert peer.read(4) == b"\5\1\0\3"  # connect, to a name
    address = peer.read(peer.read(1)[0] + 2)
    peer.send(answer)
    return address


def echo(sock: socket.socket) -> bytes:
    """What comes back from the far end."""
    sock.settimeout(PATIENCE)
    sock.sendall(b"hello")
    return sock.recv(100)


def test_an_http_proxy_is_asked_for_the_name_and_leads_to_it():
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.send(GRANTED)
        peer.send(peer.read(5)[::-1])

    with serve(script) as server, through(server) as sock:
        assert echo(sock) == b"olleh"
        assert server.peers[0].request.startswith(b"CONNECT market.example:18000 HTTP/1.1\r\n")


def test_a_socks_proxy_is_asked_for_the_name_and_leads_to_it():
    asked = []

    def script(peer: ScriptPeer) -> None:
        asked.append(socks(peer))
        peer.send(peer.read(5)[::-1])

    with serve(script) as server, through(server, "socks5") as sock:
        assert echo(sock) == b"olleh"
    assert asked == [b"market.example" + (18000).to_bytes(2, "big")]


def test_user_and_password_go_to_the_proxy():
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.send(GRANTED)

    with serve(script) as server:
        proxy = f"http://me:p%40ss@127.0.0.1:{server.port}"
        open_through(proxy, "market.example", 18000, Deadline(time.monotonic() + PATIENCE, threading.Event())).close()
        assert base64.b64encode(b"me:p@ss") in server.peers[0].request


def test_the_answer_of_an_http_proxy_may_come_byte_by_byte():
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.drip(GRANTED, 0.001)

    with serve(script) as server:
        through(server).close()


def test_the_answer_of_a_socks_proxy_may_come_byte_by_byte():
    def script(peer: ScriptPeer) -> None:
        socks(peer, b"")
        peer.drip(SOCKS_GRANTED, 0.001)

    with serve(script) as server:
        through(server, "socks5").close()


@pytest.mark.parametrize(
    ("answer", "reason", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "proxy_auth", "wants a user and password, or others"),
        (b"HTTP/1.1 403 hunter2\r\n\r\n", "proxy_error", "HTTP 403 instead of a connection"),
        (b"SSH-2.0-hunter2\r\n\r\n", "proxy_error", "no proper answer"),
    ],
)
def test_an_http_proxy_that_refuses_is_told_by_its_number(answer, reason, said):
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.send(answer)

    with serve(script) as server:
        lost = refused(server)
        assert lost.reason == reason
        assert lost.detail == f"the proxy at 127.0.0.1:{server.port}: {said}"


def test_a_socks_proxy_that_refuses_is_told():
    with serve(lambda peer: socks(peer, b"\5\5\0\1\0\0\0\0\0\0")) as server:
        lost = refused(server, "socks5")
        assert (lost.reason, server.peers[0].gone.is_set()) == ("proxy_error", True)
        assert "refused" in lost.detail.lower()


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_cuts_is_an_error(scheme):
    with serve(lambda peer: (peer.read(1), peer.reset())) as server:
        assert refused(server, scheme).reason == "proxy_error"


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_answers_nothing_ends_by_the_deadline(scheme):
    with serve(lambda peer: None) as server:
        began = time.monotonic()
        assert refused(server, scheme, DEADLINE).reason == "proxy_timeout"
        assert time.monotonic() - began < DEADLINE + PROMPT


def test_a_proxy_that_is_not_there_is_told(closed_port):
    with pytest.raises(ConnectionLost) as caught:
        open_through(
            f"http://127.0.0.1:{closed_port}", "market.example", 1, Deadline(time.monotonic() + 9, threading.Event())
        )
    assert caught.value.reason == "proxy_refused"
    assert f"the proxy at 127.0.0.1:{closed_port}" in caught.value.detail


def test_a_stop_is_a_stop():
    stop, reasons = threading.Event(), []

    def work() -> None:
        with pytest.raises(ConnectionLost) as caught:
            through(server, seconds=PATIENCE, stop=stop)
        reasons.append(caught.value.reason)

    with serve(lambda peer: None) as server:
        thread = threading.Thread(target=work)
        thread.start()
        wait_until(lambda: bool(server.peers))
        stop.set()
        thread.join(PATIENCE)
    assert reasons == ["stopped"]
