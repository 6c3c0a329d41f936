"""The library websocket-client as connection.py knows it: an upgrade of the library that changes this is seen here.

The numbers are those of the list of its quirks (W1 to W33). A test of a quirk fails when the quirk is gone, which is
good news: a way around may go. A test of what connection.py relies on fails when a way around no longer works. Either
says so, in a sentence. Only the library is tested here, on real sockets; what we make of it is tested elsewhere.

Rows with tests: W1, W6, W7, W8, W12 to W21, W23 to W25, W27, W30, W32.

Rows without:
- W2, W3, W4, W5, W9, W10, W11, W22, W28, W29, W31 are about `run_forever`, its pings, callbacks, threads and
  dispatchers. Nothing of ours calls it; the first test sees to that.
- W26 is the wall clock, in `close()` and `run_forever`. Our goodbye calls neither.
- W33, behaviour that changes in patch releases, is why there is this file.
"""

from __future__ import annotations

import ast
import concurrent.futures
import contextlib
import inspect
import logging
import re
import socket
import ssl
import struct
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import websocket
from websocket import (
    WebSocketBadStatusException,
    WebSocketConnectionClosedException,
    WebSocketException,
    WebSocketProtocolException,
    WebSocketTimeoutException,
)
from websocket._abnf import continuous_frame, frame_buffer
from websocket._handshake import CookieJar

from ..support.sockets import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, header
from ..support.tls import client_context, server_context
from ..support.waiting import nothing_left_behind, wait_until

ROOT = Path(__file__).parents[2]
PATIENCE = 5.0  # for what has to happen
PROMPT = 1.0  # for what has to happen at once, on a busy machine
MOMENT = 0.1  # how long to look whether something is still stuck
PAYLOAD = b"x" * 200
NORMAL = struct.pack("!H", 1000)


# what a failure tells ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def quirk(row: str, fact: str, way_around: str) -> Iterator[None]:
    """The library still does what we work around."""
    with _or_else(
        f"{row} changed: with websocket-client {websocket.__version__} it is no longer so that {fact}. Good news, "
        f"perhaps: {way_around} in connection.py is there because of it, and may go when no allowed version needs it. "
        f"See row {row} in the docs on websocket-client."
    ):
        yield


@contextlib.contextmanager
def relied_on(row: str, fact: str, user: str) -> Iterator[None]:
    """The library still does what our way around needs."""
    with _or_else(
        f"{row} changed: with websocket-client {websocket.__version__} it is no longer so that {fact}. {user} in "
        f"connection.py relies on it: keep pyproject.toml from allowing this version until connection.py does without. "
        f"See row {row} in the docs on websocket-client."
    ):
        yield


@contextlib.contextmanager
def _or_else(message: str) -> Iterator[None]:
    try:
        yield
    except (Exception, pytest.fail.Exception) as error:
        raise AssertionError(message) from error


# helpers -------------------------------------------------------------------------------------------------------


def frames_of(ws: websocket.WebSocket, count: int) -> list[tuple[int, bytes]]:
    """Opcode and payload of the next frames, read as connection.py reads them."""
    return [(got.opcode, got.data) for got in (ws.frame_buffer.recv_frame() for _ in range(count))]


def stuck(task: concurrent.futures.Future[Any]) -> bool:
    """Whether it is not done after a moment."""
    return not concurrent.futures.wait([task], MOMENT).done


def failure_at_once(task: concurrent.futures.Future[Any]) -> BaseException | None:
    start = time.monotonic()
    error = task.exception(PATIENCE)
    assert time.monotonic() - start < PROMPT, "it took its time"
    return error


def shut_down(sock: socket.socket) -> None:
    """As `Connection.abort` does it."""
    socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _empty_the_jar() -> None:
    with contextlib.suppress(AttributeError):  # another jar: the test of W16 says so, the others go on
        CookieJar.jar.clear()


@pytest.fixture(autouse=True)
def _the_library_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the library keeps for the whole process: cookies, the default timeout, tracing, proxies from outside."""
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    logger = logging.getLogger("websocket")
    level, handlers, timeout = logger.level, list(logger.handlers), websocket.getdefaulttimeout()
    _empty_the_jar()
    yield
    _empty_the_jar()
    websocket.setdefaulttimeout(timeout)
    websocket.enableTrace(False)
    logger.setLevel(level)  # enableTrace leaves WARNING behind
    logger.handlers[:] = handlers


@pytest.fixture(autouse=True)
def _nothing_left_behind(_the_library_as_it_was: None) -> Iterator[None]:
    with nothing_left_behind():
        yield


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def serving(authority) -> ssl.SSLContext:
    return server_context(authority)


@pytest.fixture(scope="module")
def trusting(authority) -> ssl.SSLContext:
    return client_context(authority)


# what the rows without a test are about ------------------------------------------------------------------------


UNUSED = {"WebSocketApp", "run_forever", "setReconnect", "create_connection", "setdefaulttimeout", "enableTrace"}
UNUSED |= {"recv_data", "recv_data_frame", "send_close"}


def names_in(path: Path) -> set[str]:
    """Every name, attribute and imported name of a module."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names | {node.name for node in nodes if isinstance(node, ast.alias)}


@pytest.mark.parametrize("folder", ["wealthsources", "wealthdata", "plugins"])
def test_what_the_rows_without_a_test_are_about_is_used_nowhere(folder):
    paths = list((ROOT / folder).rglob("*.py"))
    assert paths
    for path in paths:
        used = sorted(names_in(path) & UNUSED)
        assert not used, f"{path.name} uses {used}; first test here the rows on run_forever, or whatever covers it"


# W1: a stalled half frame --------------------------------------------------------------------------------------


def test_w1_close_waits_for_a_stuck_reader_beyond_its_own_timeout(stage):
    ws, sock, peer = stage.upgraded()
    peer.send(frame(TEXT, PAYLOAD)[:100])
    with quirk("W1", "close(timeout) waits for the lock of a reader of half a frame", "Connection.close"):
        reader = stage.run(ws.recv_frame)
        wait_until(ws.frame_buffer.lock.locked)
        closer = stage.run(ws.close, timeout=0.001)
        assert stuck(closer)
        shut_down(sock)
        closer.result(PATIENCE)
        assert reader.exception(PATIENCE)


@pytest.mark.parametrize("place", [1, 2, 3, 4, 100, len(frame(TEXT, PAYLOAD)) - 1])
def test_w1_half_a_frame_survives_a_timeout_and_is_completed_later(stage, place):
    ws, sock, peer = stage.upgraded()
    whole = frame(TEXT, PAYLOAD) + frame(PING, b"next")
    with relied_on("W1", "a half-received frame survives a timeout", "Connection.receive, which returns None then,"):
        peer.send(whole[:place])
        sock.settimeout(0.02)
        for _ in range(2):
            with pytest.raises(WebSocketTimeoutException):
                ws.frame_buffer.recv_frame()
        peer.send(whole[place:])
        sock.settimeout(PATIENCE)
        assert frames_of(ws, 2) == [(TEXT, PAYLOAD), (PING, b"next")]


def test_w1_a_receive_function_of_ours_may_time_out_between_any_two_bytes(stage):
    ws, _, peer = stage.upgraded()
    calls = 0

    def impatient(_size: int) -> bytes:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise WebSocketTimeoutException("the moment is over")
        data: bytes = ws._recv(1)
        return data

    with relied_on("W1", "what came before a timeout is kept", "_LimitedFrames, which times out by its own clock,"):
        whole = frame(TEXT, PAYLOAD)
        peer.send(whole)
        frames = frame_buffer(impatient, skip_utf8_validation=True)
        for _ in whole:
            with pytest.raises(WebSocketTimeoutException):
                frames.recv_frame()
        assert frames.recv_frame().data == PAYLOAD
        assert calls == 2 * len(whole)


@pytest.mark.parametrize("place", [0, 1, 3, 100])
def test_w1_shutting_the_socket_down_ends_a_stuck_reader_at_once(stage, place):
    ws, sock, peer = stage.upgraded()
    sock.settimeout(None)
    peer.send(frame(TEXT, PAYLOAD)[:place])
    with relied_on("W1", "shutting our socket down ends a reader at once", "Connection.abort"):
        reader = stage.run(ws.frame_buffer.recv_frame)
        wait_until(ws.frame_buffer.lock.locked)
        shut_down(sock)
        assert isinstance(failure_at_once(reader), WebSocketConnectionClosedException)


@pytest.mark.parametrize("place", [0, 100])
def test_w1_the_end_of_the_stream_is_told_apart_from_a_timeout(stage, place):
    ws, _, peer = stage.upgraded()
    peer.send(frame(TEXT, PAYLOAD)[:place])
    peer.end()
    with (
        relied_on("W1", "the end of the stream is an error of its own", "Connection.receive"),
        pytest.raises(WebSocketConnectionClosedException),
    ):
        ws.frame_buffer.recv_frame()


def test_w1_a_reset_comes_through_as_it_is(stage):
    ws, _, peer = stage.upgraded()
    peer.reset()
    with (
        relied_on("W1", "an error of the socket comes through as it is", "Connection.receive"),
        pytest.raises(ConnectionResetError),
    ):
        ws.frame_buffer.recv_frame()


def test_w1_half_a_frame_survives_a_timeout_over_tls_too(stage, serving, trusting):
    ws, sock, peer = stage.over_tls(stage.upgraded(), serving, trusting)
    whole = frame(TEXT, PAYLOAD)
    with relied_on("W1", "a half-received frame survives a timeout over TLS", "Connection.receive"):
        peer.send(whole[:100])
        sock.settimeout(0.02)
        for _ in range(2):
            with pytest.raises(WebSocketTimeoutException):
                ws.frame_buffer.recv_frame()
        peer.send(whole[100:])
        sock.settimeout(PATIENCE)
        assert frames_of(ws, 1) == [(TEXT, PAYLOAD)]


def test_w1_shutting_the_socket_down_ends_a_stuck_reader_over_tls_too(stage, serving, trusting):
    ws, sock, peer = stage.over_tls(stage.upgraded(), serving, trusting)
    sock.settimeout(None)
    peer.send(frame(TEXT, PAYLOAD)[:100])
    with relied_on("W1", "shutting our socket down ends a reader over TLS at once", "Connection.abort"):
        reader = stage.run(ws.frame_buffer.recv_frame)
        wait_until(ws.frame_buffer.lock.locked)
        shut_down(sock)
        assert isinstance(failure_at_once(reader), OSError | WebSocketException)


def test_w1_an_end_of_tls_that_was_not_announced_comes_through_as_it_is(stage, serving, trusting):
    ws, _, peer = stage.over_tls(stage.upgraded(), serving, trusting)
    peer.end()
    with relied_on("W1", "a ragged end of TLS is an SSLError", "Connection.receive"), pytest.raises(ssl.SSLEOFError):
        ws.frame_buffer.recv_frame()


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
    """As little of a socket as connection.py hands to the upgrade; `failure` is what it raises instead of reading."""

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
        request = peer.read_request()
        assert stuck(task)
        peer.upgrade(request=request)
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


# W8: versions --------------------------------------------------------------------------------------------------


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def test_w8_no_version_that_breaks_close_is_allowed_nor_one_older_than_this_file_was_tried_with():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    (requirement,) = (text for text in extras["websocket"] if text.startswith("websocket-client"))
    lowest = re.search(r">=\s*([\d.]+)", requirement)
    assert lowest, "W8: pyproject.toml allows any version of websocket-client; 1.9.1 and older do not do"
    assert version(lowest[1]) >= (1, 9, 2), "W8: 1.9.1 raises AttributeError in close(), 1.9.0 behaves otherwise"
    assert version(websocket.__version__) >= version(lowest[1]), "W8: the installed version is one that is not allowed"


# W12, W13: saying goodbye --------------------------------------------------------------------------------------


def test_w12_unless_told_otherwise_close_waits_three_seconds_for_the_server():
    with quirk("W12", "close() waits 3 s for the server's Close", "Connection.close, with a deadline of its own,"):
        assert inspect.signature(websocket.WebSocket.close).parameters["timeout"].default == 3


def test_w13_what_comes_while_close_waits_is_thrown_away(stage):
    ws, _, peer = stage.upgraded()
    with quirk("W13", "close() drops what comes before the server's Close", "Connection.close"):
        peer.send(frame(TEXT, PAYLOAD) + frame(CLOSE, NORMAL))
        ws.close(timeout=PATIENCE)
        assert ws.close_frame.opcode == CLOSE
        with pytest.raises(WebSocketConnectionClosedException):
            ws.recv_frame()


def test_w13_after_a_close_frame_sent_like_any_other_the_reader_goes_on(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W13", "send(payload, CLOSE) is a frame and nothing else", "Connection.close"):
        ws.send(NORMAL, CLOSE)
        opcode, _, payload = peer.read_frame()
        assert (opcode, payload) == (CLOSE, NORMAL)
        peer.send(frame(TEXT, PAYLOAD) + frame(CLOSE, NORMAL))
        assert frames_of(ws, 2) == [(TEXT, PAYLOAD), (CLOSE, NORMAL)]
        ws.send(b"still here", TEXT)
        assert peer.read_frame()[2] == b"still here"


# W14: no limit of size -----------------------------------------------------------------------------------------


def test_w14_a_frame_of_any_announced_size_is_read_by_the_library_itself(stage):
    ws, sock, peer = stage.upgraded()
    sent = 100_000
    with quirk("W14", "a frame that announces a terabyte is read and kept as it comes", "_LimitedFrames"):
        sending = stage.run(peer.send, header(BINARY, 1 << 40) + b"x" * sent)
        sock.settimeout(0.02)
        end = time.monotonic() + PATIENCE
        while sum(map(len, ws.frame_buffer.recv_buffer)) < sent and time.monotonic() < end:
            with pytest.raises(WebSocketTimeoutException):
                ws.recv_frame()
        sending.result(PATIENCE)
        assert sum(map(len, ws.frame_buffer.recv_buffer)) == sent


def test_w14_fragments_are_joined_without_a_limit():
    with quirk("W14", "fragments are joined without end, by repeated concatenation", "_LimitedFragments"):
        fragments = continuous_frame(fire_cont_frame=False, skip_utf8_validation=True)
        for number in range(20_000):
            fragments.add(websocket.ABNF(0, 0, 0, 0, CONTINUATION if number else BINARY, 0, b"x" * 10))
        assert len(fragments.cont_data[1]) == 200_000


class TooBig(Exception):
    """As Lost is raised by _LimitedFrames: the library does not know it."""


class Watching(frame_buffer):
    """A reader of frames that keeps what it learned of each header, and refuses a frame of more than `limit` bytes."""

    def __init__(self, receive: Callable[[int], bytes], limit: int = 1 << 63) -> None:
        super().__init__(self._receive_some, skip_utf8_validation=True)
        self._receive = receive
        self._limit = limit
        self.seen: list[tuple[bool, int]] = []
        self.sizes: list[int] = []

    def _receive_some(self, size: int) -> bytes:
        self.sizes.append(size)
        return self._receive(size)

    def recv_length(self) -> None:
        super().recv_length()
        self.seen.append((bool(self.has_mask()), self.length))
        if self.length > self._limit:
            raise TooBig


@pytest.mark.parametrize("length", [126, 65_535, 65_536, 1 << 40, (1 << 64) - 1])
def test_w14_a_reader_of_ours_may_refuse_a_frame_before_a_byte_of_its_payload_is_read(stage, length):
    ws, sock, peer = stage.upgraded()
    with relied_on("W14", "recv_length() is called after the header and before the payload", "_LimitedFrames"):
        frames = Watching(ws._recv, limit=125)
        peer.send(header(BINARY, length) + b"payload")
        with pytest.raises(TooBig):
            frames.recv_frame()
        assert frames.seen == [(False, length)]
        assert sock.recv(100) == b"payload"


def test_w14_a_reader_of_ours_learns_length_and_mask_of_every_frame_once(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W14", "recv_length() is called once for each frame, has_mask() is known then", "_LimitedFrames"):
        frames = Watching(ws._recv)
        peer.send(frame(TEXT) + header(TEXT, 4, mask=True) + b"\0\0\0\0four" + frame(BINARY, b"x" * 70_000))
        assert [frames.recv_frame().data for _ in range(3)] == [b"", b"four", b"x" * 70_000]
        assert frames.seen == [(False, 0), (True, 4), (False, 70_000)]


def test_w14_a_reader_of_ours_is_asked_for_little_at_a_time_and_never_for_the_next_frame(stage):
    ws, sock, peer = stage.upgraded()
    with relied_on("W14", "a reader asks for 16 KiB at most, and not beyond its frame", "_LimitedFrames"):
        frames = Watching(ws._recv)
        sending = stage.run(peer.send, frame(BINARY, b"x" * 1_000_000) + b"next")
        assert frames.recv_frame().data == b"x" * 1_000_000
        sending.result(PATIENCE)
        assert max(frames.sizes) <= 16_384
        assert sock.recv(100) == b"next"


def test_w14_the_object_reads_through_a_reader_of_ours_and_loses_nothing_that_came_with_the_upgrade(stage):
    ws, _, _ = stage.upgraded(first=frame(TEXT, b"first") + frame(TEXT, b"second"))
    with relied_on("W14", "frame_buffer may be replaced after the upgrade, and holds nothing by then", "_upgrade"):
        assert ws.frame_buffer.recv_buffer == []
        ws.frame_buffer = Watching(ws._recv)
        assert [ws.recv_frame().data for _ in range(2)] == [b"first", b"second"]
        assert len(ws.frame_buffer.seen) == 2


def test_w14_the_methods_that_we_call_or_replace_take_what_they_took():
    wanted = {
        frame_buffer.__init__: ["self", "recv_fn", "skip_utf8_validation"],
        frame_buffer.recv_frame: ["self"],
        frame_buffer.recv_length: ["self"],
        frame_buffer.has_mask: ["self"],
        continuous_frame.__init__: ["self", "fire_cont_frame", "skip_utf8_validation"],
        continuous_frame.validate: ["self", "frame"],
        continuous_frame.add: ["self", "frame"],
        continuous_frame.extract: ["self", "frame"],
        websocket.WebSocket._recv: ["self", "bufsize"],
        websocket.WebSocket.send: ["self", "payload", "opcode"],
    }
    for method, parameters in wanted.items():
        with relied_on("W14", f"{method.__qualname__} takes {', '.join(parameters)}", "what calls or replaces it"):
            assert list(inspect.signature(method).parameters) == parameters


def test_w14_fragments_come_one_by_one_with_all_that_a_joiner_of_ours_needs(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W14", "recv_frame() gives each fragment with opcode, fin and data", "_LimitedFragments"):
        peer.send(frame(TEXT, b"a", fin=False) + frame(PING, b"b") + frame(CONTINUATION, b"c"))
        got = [ws.frame_buffer.recv_frame() for _ in range(3)]
        assert [(one.opcode, bool(one.fin), one.data) for one in got] == [
            (TEXT, False, b"a"),
            (PING, True, b"b"),
            (CONTINUATION, True, b"c"),
        ]
        got[2].data = b"ac"
        assert got[2].data == b"ac"


@pytest.mark.parametrize(
    ("within", "opcode", "fine"),
    [
        (None, TEXT, True),
        (None, BINARY, True),
        (None, CONTINUATION, False),
        (TEXT, CONTINUATION, True),
        (BINARY, CONTINUATION, True),
        (TEXT, TEXT, False),
        (TEXT, BINARY, False),
    ],
)
def test_w14_the_order_of_fragments_is_checked_by_an_attribute_that_a_joiner_of_ours_sets(within, opcode, fine):
    joiner = continuous_frame(fire_cont_frame=False, skip_utf8_validation=True)
    fragment = websocket.ABNF(0, 0, 0, 0, opcode, 0, b"x")
    with relied_on("W14", "validate() goes by recving_frames and raises a protocol exception", "_LimitedFragments"):
        joiner.recving_frames = within
        with contextlib.nullcontext() if fine else pytest.raises(WebSocketProtocolException):
            joiner.validate(fragment)


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


# W23: UTF-8 ----------------------------------------------------------------------------------------------------


def test_w23_the_check_of_utf8_is_far_slower_than_decoding():
    from websocket._utils import validate_utf8

    data = b"x" * 100_000

    def best_of_three(work: Callable[[], object]) -> float:
        times = []
        for _ in range(3):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return min(times)

    with quirk("W23", "the library checks UTF-8 in slow Python", "skip_utf8_validation=True"):
        assert best_of_three(lambda: validate_utf8(data)) > 20 * best_of_three(data.decode)


def test_w23_without_the_check_the_bytes_come_through_as_they_are(stage):
    ws, _, peer = stage.upgraded()
    with relied_on(
        "W23", "skip_utf8_validation=True hands over bytes", "Connection.receive, which leaves UTF-8 to us,"
    ):
        peer.send(frame(TEXT, b"\xff\xfe") + frame(CLOSE, NORMAL + b"\xff"))
        got = frames_of(ws, 2)
        assert got == [(TEXT, b"\xff\xfe"), (CLOSE, NORMAL + b"\xff")]
        assert [type(payload) for _, payload in got] == [bytes, bytes]


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


# W25: what a strict client refuses -----------------------------------------------------------------------------


def test_w25_a_masked_frame_of_the_server_is_accepted(stage):
    ws, _, peer = stage.upgraded()
    with quirk("W25", "masked frames of a server are accepted", "the look at has_mask() in _LimitedFrames"):
        peer.send(header(TEXT, 4, mask=True) + b"\x01\x01\x01\x01" + b"gntq")
        assert ws.recv_frame().data == b"foup"


LAX = {
    "a pong in fragments": frame(PONG, b"x", fin=False),
    "a close in fragments": frame(CLOSE, NORMAL, fin=False),
    "a ping of more than 125 bytes": frame(PING, b"x" * 126),
    "a pong of more than 125 bytes": frame(PONG, b"x" * 126),
}


@pytest.mark.parametrize("name", LAX)
def test_w25_a_control_frame_that_may_not_be_is_accepted_and_can_be_seen(stage, name):
    ws, _, peer = stage.upgraded()
    with quirk("W25", f"{name} is accepted", "_check_control"):
        peer.send(LAX[name])
        got = ws.frame_buffer.recv_frame()
        assert not got.fin or len(got.data) == 126


STRICT = {
    "a ping in fragments": frame(PING, b"x", fin=False),
    "a close of one byte": frame(CLOSE, b"x"),
    "a close of more than 125 bytes": frame(CLOSE, NORMAL + b"x" * 124),
    "an unknown opcode": frame(3, b"x"),
    "an unknown control opcode": frame(11, b"x"),
}


@pytest.mark.parametrize("name", STRICT)
def test_w25_other_frames_that_may_not_be_are_refused_by_the_library(stage, name):
    ws, _, peer = stage.upgraded()
    peer.send(STRICT[name])
    with (
        relied_on("W25", f"{name} is refused", "Connection.receive"),
        pytest.raises(WebSocketProtocolException),
    ):
        ws.frame_buffer.recv_frame()


# W27: sending --------------------------------------------------------------------------------------------------


def narrow(sock: socket.socket) -> None:
    """Make a long frame go out in many pieces, and soon get stuck if nobody reads."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 5000)


def test_w27_a_send_that_is_stuck_holds_up_all_others_until_the_socket_is_shut_down(stage):
    ws, sock, _ = stage.upgraded()
    narrow(sock)
    sock.settimeout(None)
    with quirk("W27", "a send waits for the one before it, without a limit", "the timeout of the socket"):
        first = stage.run(ws.send, b"x" * 2_000_000, BINARY)
        wait_until(ws.lock.locked)
        second = stage.run(ws.ping, b"x")
        assert stuck(second)
        assert not first.done()
        shut_down(sock)
        assert isinstance(failure_at_once(first), OSError | WebSocketException)
        assert isinstance(failure_at_once(second), OSError | WebSocketException)


def test_w27_a_send_that_the_server_does_not_take_ends_by_the_timeout_of_the_socket(stage):
    ws, sock, _ = stage.upgraded()
    narrow(sock)
    sock.settimeout(0.02)
    with relied_on("W27", "a send ends by the timeout of the socket", "Connection.send_text"):
        task = stage.run(ws.send, b"x" * 2_000_000, BINARY)
        assert isinstance(failure_at_once(task), OSError | WebSocketException)


def test_w27_what_two_threads_send_is_not_mixed_up(stage):
    ws, sock, peer = stage.upgraded()
    narrow(sock)
    payloads = [bytes([65 + number]) * 100_000 for number in range(4)]
    with relied_on("W27", "enable_multithread=True sends one frame after the other", "Connection"):
        tasks = [stage.run(ws.send, payload, BINARY) for payload in payloads]
        got = [peer.read_frame() for _ in payloads]
        for task in tasks:
            task.result(PATIENCE)
        assert sorted(payload for _, _, payload in got) == payloads


@pytest.mark.parametrize("opcode", [TEXT, CLOSE, PING, PONG])
def test_w27_bytes_are_sent_as_they_are_in_one_frame_with_a_mask_of_its_own(stage, opcode):
    ws, _, peer = stage.upgraded()
    with relied_on(
        "W27", "send(bytes, opcode) sends one masked frame of these bytes", "Connection.send_text and others"
    ):
        for _ in range(2):
            ws.send("né".encode(), opcode)
        first, second = peer.read_frame(), peer.read_frame()
        assert [(got, payload) for got, _, payload in (first, second)] == [(opcode, "né".encode())] * 2
        assert first[1] != second[1]


def test_w27_a_whole_message_is_read_by_the_library_only_with_pongs_of_its_own(stage):
    ws, _, peer = stage.upgraded()
    with quirk("W27", "recv_data_frame() answers a ping on the reading thread", "reading with recv_frame()"):
        peer.send(frame(PING, b"12345678"))
        assert ws.recv_data_frame(control_frame=True)[0] == PING
        opcode, _, payload = peer.read_frame()
        assert (opcode, payload) == (PONG, b"12345678")


def test_w27_a_single_frame_is_read_without_any_answer(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W27", "recv_frame() answers neither a ping nor a Close", "Connection, whose client answers both,"):
        peer.send(frame(PING, b"12345678") + frame(CLOSE, NORMAL))
        assert frames_of(ws, 2) == [(PING, b"12345678"), (CLOSE, NORMAL)]
        ws.send(b"first", TEXT)
        assert peer.read_frame()[2] == b"first"


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


# W32: close codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])
def test_w32_a_close_with_a_code_outside_the_list_is_a_protocol_error_that_names_the_code_only(stage, code):
    ws, _, peer = stage.upgraded()
    with quirk("W32", f"a Close with code {code} is a protocol error", "the mapping in Connection.receive"):
        peer.send(frame(CLOSE, struct.pack("!H", code) + b"hunter2"))
        with pytest.raises(WebSocketProtocolException) as caught:
            ws.frame_buffer.recv_frame()
        assert str(code) in str(caught.value)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, *range(1007, 1015), 3000, 4999])
def test_w32_a_close_with_a_code_of_the_list_comes_with_its_code_and_reason(stage, code):
    ws, _, peer = stage.upgraded()
    with relied_on("W32", f"a Close with code {code} is handed over", "Connection.receive"):
        payload = struct.pack("!H", code) + "é".encode()
        peer.send(frame(CLOSE, payload))
        assert frames_of(ws, 1) == [(CLOSE, payload)]


def test_w32_a_close_without_a_code_is_handed_over(stage):
    ws, _, peer = stage.upgraded()
    with relied_on("W32", "a Close without a code is handed over", "Connection.receive"):
        peer.send(frame(CLOSE))
        assert frames_of(ws, 1) == [(CLOSE, b"")]
