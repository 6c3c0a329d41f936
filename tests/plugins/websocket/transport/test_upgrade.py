"""The upgrade, against real servers on this machine that say whatever a test wants."""

from __future__ import annotations

import base64
import socket
import traceback

import pytest

from wealthsources_websocket.transport.base import TEXT, Frame
from wealthsources_websocket.transport.upgrade import bad_status

from ....support.waiting import wait_until
from ....support.wire import Peer, frame
from .servers import DEADLINE, PATIENCE, Script, ScriptPeer, dial, failure, receive, serve

HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 31\r\n\r\n<html>Pay for your Wi-Fi</html>"


def test_the_request_asks_for_the_whole_path_and_for_nothing_that_is_not_understood():
    with serve(Peer.upgrade) as server:
        dial(f"{server.url}?a=1&b=2").drop()
        lines = server.peers[0].request.decode().split("\r\n")
    assert lines[0] == "GET /market_data?a=1&b=2 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    names = {line.partition(":")[0].lower() for line in lines[1:] if line}
    assert names == {"host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version"}


def test_a_server_that_never_answers_ends_by_the_deadline():
    with serve(Peer.read_request) as server:
        lost = failure(server, timeout=DEADLINE)
    assert (lost.reason, lost.kind) == ("handshake_timeout", "")


def test_a_server_that_answers_byte_by_byte_ends_by_the_deadline():
    with serve(lambda peer: peer.drip(peer.answer(b"X-Filler: " + b"x" * 1000))) as server:
        assert failure(server, timeout=DEADLINE).reason == "handshake_timeout"


def test_an_answer_that_comes_byte_by_byte_in_time_is_an_answer():
    with serve(lambda peer: peer.drip(peer.answer(), 0.001)) as server:
        dial(server.url).drop()


def test_a_server_that_closes_instead_of_answering_is_told():
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.sock.shutdown(socket.SHUT_WR)

    with serve(script) as server:
        assert failure(server).reason == "handshake_closed"


def test_a_server_that_resets_instead_of_answering_is_told():
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.reset()

    with serve(script) as server:
        assert failure(server).reason in ("handshake_protocol", "handshake_closed")


def reply(data: bytes) -> Script:
    """Read the request, and answer this."""

    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.send(data)

    return script


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 429, 500, 503])
@pytest.mark.parametrize("rest", [b"\r\n", b"Content-Length: 4\r\n\r\nnope"], ids=["no body", "body"])
def test_a_status_instead_of_the_upgrade_is_told_and_two_of_them_reject_the_client(status, rest):
    with serve(reply(b"HTTP/1.1 %d Something\r\n" % status + rest)) as server:
        lost = failure(server)
    assert (lost.reason, lost.kind) == (
        "bad_status",
        "auth" if status in (401, 403) else "rate" if status in (418, 429) else "",
    )
    assert str(status) in lost.detail


def test_a_web_page_instead_of_the_upgrade_is_told_without_the_page():
    with serve(reply(HTML.replace(b"\r\n\r\n", b"\r\nX-Secret: hunter2\r\n\r\n"))) as server:
        lost = failure(server)
    assert (lost.reason, lost.kind) == ("bad_status", "")
    shown = "".join(traceback.format_exception(lost))
    assert "Wi-Fi" not in shown
    assert "hunter2" not in shown


def test_a_body_that_never_comes_is_not_waited_for():
    with serve(reply(b"HTTP/1.1 503 Busy\r\nContent-Length: 107374182400\r\n\r\nabc")) as server:
        failure(server, timeout=DEADLINE)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    with serve(Peer.upgrade) as other:
        redirect = f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n"
        with serve(reply(redirect.encode())) as server:
            lost = failure(server)
        other.visit()
        wait_until(lambda: bool(other.peers))
        assert len(other.peers) == 1, "somebody was there before us"
    assert (lost.reason, lost.kind) == ("redirect_refused", "")


BAD_ANSWERS = {
    "another accept": lambda peer: peer.answer(accept=base64.b64encode(b"x" * 20)),
    "no accept": lambda peer: peer.answer().replace(b"Sec-WebSocket-Accept", b"X"),
    "no upgrade": lambda peer: peer.answer().replace(b"Upgrade: websocket\r\n", b""),
    "another upgrade": lambda peer: peer.answer().replace(b"Upgrade: websocket", b"Upgrade: h2c"),
    "no connection": lambda peer: peer.answer().replace(b"Connection: Upgrade\r\n", b""),
    "no status": lambda peer: b"HTTP/1.1\r\n\r\n",
    "no http": lambda peer: b"220 mail.example ESMTP\r\n" * 3,
    "no header": lambda peer: peer.answer(b"this is no header"),
    "no utf-8": lambda peer: peer.answer(b"X: \xff\xfe"),
    "an extension": lambda peer: peer.answer(b"Sec-WebSocket-Extensions: permessage-deflate"),
    "a subprotocol": lambda peer: peer.answer(b"Sec-WebSocket-Protocol: soap"),
    "a length that is none": lambda peer: b"HTTP/1.1 503 Busy\r\nContent-Length: many\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_an_answer_that_is_no_upgrade_is_told(name):
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.send(BAD_ANSWERS[name](peer))

    with serve(script) as server:
        lost = failure(server)
    assert lost.reason in ("handshake_protocol", "bad_status")
    assert not lost.kind


LEAKS = {
    "in a status line": lambda peer: b"HTTP/1.1 hunter2 hunter2\r\n\r\n",
    "in the reason": lambda peer: b"HTTP/1.1 503 hunter2\r\n\r\n",
    "in a header": lambda peer: b"HTTP/1.1 503 Busy\r\nX-Secret: hunter2\r\n\r\n",
    "in no header": lambda peer: peer.answer(b"hunter2"),
    "in a length": lambda peer: b"HTTP/1.1 503 Busy\r\nContent-Length: hunter2\r\n\r\n",
    "in a redirect": lambda peer: b"HTTP/1.1 302 Found\r\nLocation: ws://hunter2.example/\r\n\r\n",
    "beside bytes that are no text": lambda peer: peer.answer(b"X: hunter2 \xff"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_what_the_server_said_is_not_shown(name):
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.send(LEAKS[name](peer))

    with serve(script) as server:
        lost = failure(server)
    assert "hunter2" not in "".join(traceback.format_exception(lost))


@pytest.mark.parametrize("endless", [b"X-Filler: 1234567890\r\n", b"x"], ids=["headers", "one header"])
def test_endless_headers_are_cut(endless):
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 101 Switching Protocols\r\n")
        while not peer.over.is_set():
            peer.send(endless * 1000)

    with serve(script) as server:
        lost = failure(server, timeout=2 * PATIENCE)
    assert lost.reason == "handshake_protocol"


def test_a_cookie_of_one_connection_is_not_sent_by_the_next():
    cookies = (b"Set-Cookie: id=hunter2; Domain=127.0.0.1", b"Set-Cookie: other=1; Domain=.0.0.1")
    with serve(lambda peer: peer.upgrade(*cookies)) as server:
        for _ in range(2):
            dial(server.url).drop()
        requests = [peer.request.lower() for peer in server.peers]
    assert len(requests) == 2
    assert not any(b"cookie" in request or b"hunter2" in request for request in requests)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch, closed_port):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with serve(Peer.upgrade) as server:
        dial(server.url).drop()


def test_a_message_in_the_same_segment_as_the_upgrade_is_not_lost():
    with serve(lambda peer: peer.send(peer.answer() + frame(TEXT, b"first") + frame(TEXT, b"second"))) as server:
        connection = dial(server.url)
        got = [receive(connection), receive(connection)]
        connection.drop()
    assert got == [Frame(TEXT, b"first"), Frame(TEXT, b"second")]


def test_five_http_statuses_mean_something():
    found = {status: kind for status in range(100, 600) if (kind := bad_status(status, "an upgrade", "", "").kind)}
    assert found == {401: "auth", 403: "auth", 418: "rate", 429: "rate", 451: "fatal"}


def test_a_region_that_is_shut_out_is_told_what_to_do():
    lost = bad_status(451, "an upgrade", "", "")
    assert "does not serve the region" in lost.detail
    assert lost.status == 451
