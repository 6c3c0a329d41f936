"""The request before a connection, against real servers that answer whatever a test wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
import trustme

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.ask import MOST_ANSWER, ask

from ....support.tls import client_context, server_context
from .servers import DEADLINE, PATIENCE, PROMPT, ScriptPeer, Server, serve


def answering(body: bytes, status: bytes = b"200 OK", *headers: bytes) -> Callable[[ScriptPeer], None]:
    lines = [b"HTTP/1.1 " + status, *(headers or (b"Content-Length: %d" % len(body),))]

    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.send(b"\r\n".join([*lines, b"", b""]) + body)

    return script


def answer_of(server: Server, method: str = "POST", timeout: float = PATIENCE) -> bytes:
    url = server.url.replace("ws://", "http://")
    return ask(url, method, timeout, threading.Event(), None)


def failure_of(server: Server, timeout: float = PATIENCE) -> ConnectionLost:
    with pytest.raises(ConnectionLost) as caught:
        answer_of(server, timeout=timeout)
    return caught.value


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_body_of_the_answer_is_returned(method):
    with serve(answering(b'{"code":"200000"}')) as server:
        assert answer_of(server, method) == b'{"code":"200000"}'
        lines = server.peers[0].request.decode().split("\r\n")
    assert lines[0] == f"{method} /market_data HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines


def test_a_body_in_chunks_is_put_together():
    chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with serve(answering(chunks, b"200 OK", b"Transfer-Encoding: chunked")) as server:
        assert answer_of(server) == b"abcde"


def test_a_redirect_is_not_followed():
    with serve(answering(b"", b"302 Found", b"Location: https://elsewhere.example/")) as server:
        lost = failure_of(server)
    assert (lost.reason, "elsewhere" in str(lost)) == ("redirect_refused", False)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(b"429 Slow", "rate"), (b"418 Tea", "rate"), (b"403 No", "auth"), (b"500 Oh", ""), (b"451 Law", "fatal")],
)
def test_a_status_means_what_it_means_to_an_upgrade(status, kind):
    with serve(answering(b"secret words", status, b"Retry-After: 7", b"Content-Length: 12")) as server:
        lost = failure_of(server)
    assert (lost.reason, lost.kind, lost.retry_after) == ("bad_status", kind, 7.0)
    assert "secret" not in str(lost)


def test_an_answer_that_is_too_long_is_not_read_to_its_end():
    with serve(answering(b"x" * (MOST_ANSWER + 10))) as server:
        assert failure_of(server).reason == "ask_failed"


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut"])
def test_what_is_no_answer_is_told_without_its_words(said):
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.send(said)
        peer.end()

    with serve(script) as server:
        lost = failure_of(server)
    assert (lost.reason, "nonsense" in str(lost)) == ("ask_failed", False)


def test_an_answer_that_comes_byte_by_byte_ends_by_the_deadline():
    def script(peer: ScriptPeer) -> None:
        peer.read_request()
        peer.drip(b"HTTP/1.1 200 OK\r\nX-Filler: " + b"x" * 1000)

    with serve(script) as server:
        began = time.monotonic()
        assert failure_of(server, timeout=DEADLINE).reason == "ask_timeout"
        assert time.monotonic() - began < DEADLINE + PROMPT


def test_the_certificate_is_checked():
    authority = trustme.CA()
    context = server_context(authority)

    def script(peer: ScriptPeer) -> None:
        peer.sock = context.wrap_socket(peer.sock, server_side=True)
        answering(b"here")(peer)

    with serve(script) as server:
        url = server.url.replace("ws://", "https://")
        assert ask(url, "GET", PATIENCE, threading.Event(), client_context(authority)) == b"here"
        with pytest.raises(ConnectionLost) as caught:
            ask(url, "GET", PATIENCE, threading.Event(), client_context(trustme.CA()))
    assert caught.value.reason == "tls_error"
