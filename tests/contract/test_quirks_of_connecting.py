"""Quirks of websocket-client: connecting, the upgrade, proxies and TLS."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
import time
from typing import Any

import pytest
import websocket
from websocket import (
    WebSocketBadStatusException,
    WebSocketConnectionClosedException,
    WebSocketException,
    WebSocketProtocolException,
    WebSocketTimeoutException,
)
from websocket._handshake import CookieJar

from ..support.wire import CLOSE, TEXT, frame
from .quirks import MOMENT, NORMAL, PATIENCE, PAYLOAD, failure_at_once, frames_of, quirk, relied_on, shut_down, stuck

# W6: no deadline for a connect ---------------------------------------------------------------------------------


def test_w6_a_server_that_answers_a_byte_at_a_time_outlives_the_timeout(stage):
    listener, timeout, pause = stage.listen(), 0.8, threading.Event()
    with quirk("W6", "a timeout is for each read, not for the whole upgrade", "_DeadlineSocket"):
        start = time.monotonic()
        task = stage.run(stage.websocket().connect, listener.url, timeout=timeout)
        peer = listener.accept()
        for byte in b"HTTP/1.1 418":
            pause.wait(timeout / 10)
            peer.send(bytes([byte]))
        assert time.monotonic() - start > timeout
        peer.send(b" Teapot\r\n\r\n")
        assert isinstance(task.exception(PATIENCE), WebSocketBadStatusException)


class Face:
    """As little of a socket as transport/ hands to the upgrade; `failure` is what it raises instead of reading."""

    def __init__(self, sock: socket.socket, failure: Exception | None = None) -> None:
        self._sock = sock
        self._failure = failure
        self.calls = 0
        self.closed = False

    def recv(self, size: int) -> bytes:
        self.calls += 1
        if self._failure:
            raise self._failure
        return self._sock.recv(size)

    def send(self, data: bytes) -> int:
        self.calls += 1
        return self._sock.send(data)

    def gettimeout(self) -> float | None:
        return self._sock.gettimeout()

    def settimeout(self, _timeout: float | None) -> None:
        raise AssertionError("the library sets the timeout of our socket")

    def close(self) -> None:
        self.closed = True
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()


def test_w6_the_upgrade_needs_only_a_few_methods_of_a_socket_and_leaves_its_timeout_alone(stage):
    listener, ws = stage.listen(), stage.websocket()
    sock, peer = listener.pair()
    websocket.setdefaulttimeout(0.001)
    with relied_on("W6", "an upgrade needs only recv, send and gettimeout of its socket", "_DeadlineSocket"):
        face = Face(sock)
        task = stage.connect(ws, listener.url, face)
        peer.read_request()
        assert stuck(task)
        peer.upgrade()
        task.result(PATIENCE)
        assert ws.sock is face
        assert sock.gettimeout() == PATIENCE
        assert not face.closed


def test_w6_after_the_upgrade_another_socket_may_take_its_place(stage):
    listener, ws = stage.listen(), stage.websocket()
    sock, peer = listener.pair()
    with relied_on("W6", "`WebSocket.sock` may be set", "connect(), which takes the deadline away after the upgrade,"):
        face = Face(sock)
        task = stage.connect(ws, listener.url, face)
        peer.upgrade(first=frame(TEXT, PAYLOAD))
        task.result(PATIENCE)
        ws.sock, calls = sock, face.calls
        assert frames_of(ws, 1) == [(TEXT, PAYLOAD)]
        ws.send(b"answer", TEXT)
        assert peer.read_frame()[2] == b"answer"
        assert face.calls == calls


class Stopped(Exception):
    """An exception that the library does not know."""


@pytest.mark.parametrize("kind", [Stopped, ConnectionResetError, ssl.SSLEOFError])
def test_w6_what_our_socket_raises_ends_the_upgrade_and_comes_through_as_it_is(stage, kind):
    listener, failure = stage.listen(), kind("as it is")
    sock, _ = listener.pair()
    with relied_on("W6", "an exception of our socket passes through the upgrade", "the deadline in _DeadlineSocket"):
        face = Face(sock, failure)
        assert stage.connect(stage.websocket(), listener.url, face).exception(PATIENCE) is failure
        assert face.closed


# W7: nothing ends a connect ------------------------------------------------------------------------------------


def test_w7_while_it_connects_neither_close_nor_abort_ends_it(stage):
    listener, ws = stage.listen(), stage.websocket()
    with quirk("W7", "close() and abort() do nothing while connecting", "the event `stop` in _Deadline"):
        task = stage.run(ws.connect, listener.url)
        peer = listener.accept()
        peer.read_request()
        ws.close(timeout=0.001)
        ws.abort()
        assert stuck(task)
        peer.end()
        assert task.exception(PATIENCE)


def test_w7_shutting_the_socket_down_ends_a_stuck_upgrade_at_once(stage):
    listener = stage.listen()
    sock, peer = listener.pair()
    sock.settimeout(None)
    with relied_on("W7", "shutting our socket down ends an upgrade at once", "_upgrade"):
        task = stage.connect(stage.websocket(), listener.url, sock)
        peer.read_request()
        peer.send(b"HTTP/1.1 101 Switching")
        shut_down(sock)
        assert isinstance(failure_at_once(task), WebSocketConnectionClosedException)


# W15: redirects ------------------------------------------------------------------------------------------------

REDIRECTS = [301, 302, 303, 307, 308]


def redirect(status: int, target: Any) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {target.url}\r\nContent-Length: 0\r\n\r\n".encode()


def test_w15_a_redirect_is_followed_and_takes_the_headers_with_it(stage):
    first, second = stage.listen(), stage.listen()
    with quirk("W15", "redirects are followed to any server, with the same headers", "redirect_limit=0"):
        task = stage.run(stage.websocket().connect, first.url, header=["Authorization: hunter2"])
        peer = first.accept()
        peer.read_request()
        peer.send(redirect(302, second))
        assert b"Authorization: hunter2" in second.accept().upgrade()
        task.result(PATIENCE)


@pytest.mark.parametrize("status", REDIRECTS)
def test_w15_no_redirect_is_followed_when_none_is_allowed(stage, status):
    first, second = stage.listen(), stage.listen()
    sock, peer = first.pair()
    with relied_on("W15", "redirect_limit=0 refuses a redirect", "_upgrade"):
        task = stage.connect(stage.websocket(), first.url, sock)
        peer.read_request()
        peer.send(redirect(status, second))
        error = task.exception(PATIENCE)
        assert isinstance(error, WebSocketException)
        assert "Redirect" in str(error)
        assert sock.fileno() == -1, "the socket is not closed"
        assert not first.was_asked()
        assert not second.was_asked()


# W16: cookies --------------------------------------------------------------------------------------------------

COOKIE = b"Set-Cookie: id=hunter2; Domain=127.0.0.1"


def request_of_the_next_connection(stage: Any) -> bytes:
    listener = stage.listen()
    sock, peer = listener.pair()
    task = stage.connect(stage.websocket(), listener.url, sock)
    request = peer.upgrade()
    task.result(PATIENCE)
    return request


def test_w16_a_cookie_of_one_connection_is_sent_by_the_next(stage):
    with quirk("W16", "cookies are kept for the whole process", "_forget_cookies"):
        stage.upgraded(COOKIE)
        assert b"Cookie: id=hunter2\r\n" in request_of_the_next_connection(stage)


def test_w16_cookies_are_kept_by_their_domain_in_a_jar_that_can_be_emptied(stage):
    with relied_on("W16", "cookies are kept in CookieJar.jar, by domain with a dot before it", "_forget_cookies"):
        stage.upgraded(COOKIE, b"Set-Cookie: other=1; Domain=.0.0.1")
        assert set(CookieJar.jar) <= {".127.0.0.1", ".0.0.1"}
        assert ".127.0.0.1" in CookieJar.jar
        for domain in list(CookieJar.jar):
            CookieJar.jar.pop(domain)
        assert b"cookie" not in request_of_the_next_connection(stage).lower()


# W17, W18: proxies ---------------------------------------------------------------------------------------------


def test_w17_a_proxy_of_the_environment_is_used_for_this_machine_too(stage, monkeypatch):
    proxy, listener = stage.listen(), stage.listen()
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
    with quirk("W17", "a proxy of the environment is used for every host", "the dialling in _open"):
        task = stage.run(stage.websocket().connect, listener.url)
        peer = proxy.accept()
        assert peer.read_request().startswith(f"CONNECT 127.0.0.1:{listener.port} ".encode())
        peer.end()
        assert task.exception(PATIENCE)


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_w17_on_a_socket_of_ours_no_proxy_is_used(stage, monkeypatch, scheme):
    proxy, listener = stage.listen(), stage.listen()
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"{scheme}://127.0.0.1:{proxy.port}")
    sock, peer = listener.pair()
    ws = stage.websocket()
    with relied_on("W17", "connect(url, socket=sock) uses that socket and no proxy", "_upgrade"):
        task = stage.connect(ws, listener.url, sock)
        assert peer.upgrade().startswith(b"GET /market_data HTTP/1.1\r\n")
        task.result(PATIENCE)
        assert ws.sock is sock
        assert not proxy.was_asked()
        assert not listener.was_asked()


def test_w18_the_answer_of_a_proxy_is_read_without_a_limit(stage):
    proxy, listener = stage.listen(), stage.listen()
    with quirk("W18", "the answer of a proxy is read without a limit", "asking a proxy ourselves"):
        options = {"http_proxy_host": "127.0.0.1", "http_proxy_port": proxy.port}
        task = stage.run(stage.websocket().connect, listener.url, **options)
        peer = proxy.accept()
        peer.read_request()
        peer.send(b"HTTP/1.1 200 Fine\r\n" + b"X-Filler: 1234567890\r\n" * 5000 + b"\r\n")
        peer.read_request()
        peer.upgrade()
        task.result(PATIENCE)


# W19: more than one address ------------------------------------------------------------------------------------


def test_w19_an_address_that_does_not_answer_keeps_it_from_the_next(stage, monkeypatch, full_port):
    listener = stage.listen()
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (full_port, listener.port)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    with quirk("W19", "a timeout of one address ends the attempt", "_open, which goes on to the next,"):
        with pytest.raises(TimeoutError):
            stage.websocket().connect("ws://two.example/", timeout=MOMENT)
        assert not listener.was_asked()


# W20, W21: a refused upgrade -----------------------------------------------------------------------------------


def refused(stage: Any, answer: bytes, timeout: float = PATIENCE) -> BaseException | None:
    """What the library raises when this is the answer, and nothing follows."""
    listener = stage.listen()
    sock, peer = listener.pair()
    sock.settimeout(timeout)
    task = stage.connect(stage.websocket(), listener.url, sock)
    peer.read_request()
    peer.send(answer)
    return task.exception(2 * PATIENCE)


def test_w20_a_refused_upgrade_waits_for_the_whole_body_that_is_announced(stage):
    with quirk("W20", "the whole announced body of a refusal is waited for", "the deadline of the upgrade"):
        error = refused(stage, b"HTTP/1.1 503 Busy\r\nContent-Length: 107374182400\r\n\r\nabc", timeout=0.02)
        assert isinstance(error, WebSocketTimeoutException)


@pytest.mark.parametrize("status", [200, 300, 400, 401, 403, 404, 429, 503])
def test_w21_a_refusal_is_an_exception_with_the_status(stage, status):
    with relied_on(
        "W21", "an answer with another status is an exception with that status", "what tells a refusal by its status"
    ):
        error = refused(stage, b"HTTP/1.1 %d Some thing\r\n\r\n" % status)
        assert isinstance(error, WebSocketBadStatusException)
        assert error.status_code == status


def test_w21_the_text_of_a_refusal_holds_the_headers_and_the_body(stage):
    with quirk("W21", "str() of a refusal holds all its headers and its body", "our own text of a refusal"):
        answer = b"HTTP/1.1 503 Busy\r\nSet-Cookie: id=hunter2\r\nContent-Length: 6\r\n\r\nabc123"
        text = str(refused(stage, answer))
        assert "hunter2" in text
        assert "abc123" in text


def test_w21_tracing_prints_the_headers_of_the_request(stage, caplog):
    with quirk("W21", "tracing prints the headers of the request", "that we never turn it on"):
        websocket.enableTrace(True, logging.NullHandler())
        with caplog.at_level(logging.DEBUG, logger="websocket"):
            stage.upgraded()
        assert "Sec-WebSocket-Key" in caplog.text


def test_w21_without_tracing_nothing_that_was_said_is_logged(stage, caplog):
    with relied_on("W21", "nothing that was said is logged while tracing is off", "every user of the library"):
        with caplog.at_level(logging.DEBUG, logger="websocket"):
            ws, _, peer = stage.upgraded(b"Set-Cookie: id=hunter2; Domain=127.0.0.1")
            ws.send(b"hunter2", TEXT)
            peer.send(frame(TEXT, b"hunter2") + frame(CLOSE, NORMAL + b"hunter2"))
            assert frames_of(ws, 2) == [(TEXT, b"hunter2"), (CLOSE, NORMAL + b"hunter2")]
            assert [record.getMessage() for record in caplog.records if record.name == "websocket"] == []
            assert isinstance(refused(stage, b"HTTP/1.1 503 hunter2\r\nX: hunter2\r\n\r\n"), WebSocketException)
            assert isinstance(refused(stage, b"hunter2\r\n\r\n"), WebSocketException)
        assert "hunter2" not in caplog.text
        assert "Sec-WebSocket-Key" not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 101 Fine\r\n\r\n",
        b"HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: eA==\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"220 mail.example ESMTP\r\n\r\n",
        b"HTTP/1.1 101 Fine\r\nthis is no header\r\n\r\n",
        b"HTTP/1.1 101 Fine\r\nX: \xff\r\n\r\n",
        b"HTTP/1.1 503 Busy\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_w21_an_answer_that_is_no_upgrade_is_an_exception_of_the_library(stage, answer):
    with relied_on("W21", "whatever is not an upgrade is a WebSocketException", "_upgrade"):
        assert isinstance(refused(stage, answer), WebSocketException)


# W24: extensions -----------------------------------------------------------------------------------------------


def test_w24_no_extension_is_asked_for_nor_anything_else_that_we_do_not_understand(stage):
    listener = stage.listen()
    sock, peer = listener.pair()
    with relied_on("W24", "the request holds the five headers that it must, and no other", "_upgrade"):
        task = stage.connect(stage.websocket(), listener.url, sock)
        lines = peer.upgrade().decode().split("\r\n")
        task.result(PATIENCE)
        names = {line.partition(":")[0].lower() for line in lines[1:] if line}
        assert names == {"host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version"}


@pytest.mark.parametrize("name", [b"Sec-WebSocket-Extensions", b"Sec-WebSocket-Protocol"])
def test_w24_an_extension_or_a_subprotocol_that_nobody_asked_for_is_accepted_and_can_be_seen(stage, name):
    with relied_on("W24", "getheaders() holds the answer's headers by their names in small letters", "_upgrade"):
        ws = stage.upgraded(name + b": surprise").ws
        assert ws.getheaders()[name.decode().lower()] == "surprise"


@pytest.mark.parametrize("bit", [1, 2, 4])
def test_w24_a_frame_with_a_reserved_bit_is_refused(stage, bit):
    ws, _, peer = stage.upgraded()
    peer.send(frame(TEXT, PAYLOAD, rsv=bit))
    with (
        relied_on("W24", "a frame with a reserved bit is refused", "Connection.receive"),
        pytest.raises(WebSocketProtocolException),
    ):
        ws.frame_buffer.recv_frame()


# W30: TLS ------------------------------------------------------------------------------------------------------


def tls_outcome(stage: Any, serving: ssl.SSLContext, **options: Any) -> BaseException | None:
    """How the library's own TLS with this server ends; None if there is an upgrade."""
    listener = stage.listen()
    task = stage.run(stage.websocket(**options).connect, listener.wss, timeout=PATIENCE)
    peer = listener.accept()
    with contextlib.suppress(OSError):
        peer.start_tls(serving)
        peer.upgrade()
    error: BaseException | None = task.exception(PATIENCE)
    return error


def test_w30_beside_a_context_all_other_options_of_tls_are_ignored(stage, serving):
    with quirk("W30", "sslopt is ignored beside a context", "_wrap, which wraps the socket itself,"):
        options = {"context": ssl.create_default_context(), "cert_reqs": ssl.CERT_NONE, "check_hostname": False}
        assert isinstance(tls_outcome(stage, serving, sslopt=options), ssl.SSLCertVerificationError)


def test_w30_a_variable_of_the_environment_decides_whom_to_trust(stage, authority, serving, monkeypatch, tmp_path):
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with quirk("W30", "WEBSOCKET_CLIENT_CA_BUNDLE changes whom to trust", "_wrap, which wraps the socket itself,"):
        assert isinstance(tls_outcome(stage, serving), ssl.SSLCertVerificationError)
        monkeypatch.setenv("WEBSOCKET_CLIENT_CA_BUNDLE", str(bundle))
        assert tls_outcome(stage, serving) is None


def test_w30_a_socket_of_ours_is_not_wrapped_in_tls_by_the_library(stage):
    listener = stage.listen()
    sock, peer = listener.pair()
    ws = stage.websocket()
    with relied_on("W30", "on a socket of ours TLS is left to us, for wss:// too", "_wrap"):
        task = stage.connect(ws, listener.wss, sock)
        assert peer.upgrade().startswith(b"GET ")
        task.result(PATIENCE)
        assert ws.sock is sock
