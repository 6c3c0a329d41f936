"""One connection, against real servers on this machine that say whatever a test wants."""

from __future__ import annotations

import base64
import contextlib
import csv
import datetime as dt
import hashlib
import itertools
import os
import queue
import resource
import socket
import ssl
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import trustme
from hypothesis import given, settings, strategies as st

from wealthsources_simulator import MarketServer
from wealthsources_websocket.connection import BINARY, CLOSE, PING, PONG, TEXT, Connection, Frame, connect
from wealthsources_websocket.protocol import BarMessage, Connected, WealthAI
from wealthsources_websocket.reconnect import Lost

SAMPLE = Path(__file__).parents[3] / "examples" / "data" / "BTCUSDT" / "1h.csv"
CONTINUATION = 0
DEADLINE = 0.3  # for what has to end by its deadline
PATIENCE = 5.0  # for what has to end by itself
PROMPT = 0.4  # a stop is seen within a fifth of a second; the rest is for a busy machine
LIMIT = 1 << 16

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
HTML = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 31\r\n\r\n<html>Pay for your Wi-Fi</html>"


def wait_until(condition: Callable[[], bool], limit: float = PATIENCE) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bool = False) -> bytes:
    """A frame as a server sends it."""
    return header(opcode, len(payload), fin=fin, rsv=rsv, mask=mask) + (b"\0\0\0\0" if mask else b"") + payload


def header(opcode: int, length: int, *, fin: bool = True, rsv: int = 0, mask: bool = False) -> bytes:
    first, bit = fin << 7 | rsv << 4 | opcode, mask << 7
    if length < 126:
        return struct.pack("!BB", first, bit | length)
    if length < 1 << 16:
        return struct.pack("!BBH", first, bit | 126, length)
    return struct.pack("!BBQ", first, bit | 127, length)


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        self.sock = sock
        self.over = over
        self.gone = threading.Event()
        self.request = b""

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes, pause: float = 0.03) -> None:
        """Send byte by byte, until all is sent or the test is over."""
        for place in range(len(data)):
            if self.over.wait(pause):
                return
            self.send(data[place : place + 1])

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise ConnectionError("the client is gone")
            data += more
        return data

    def read_request(self) -> bytes:
        while not self.request.endswith(b"\r\n\r\n"):
            self.request += self.read(1)
        return self.request

    def read_frame(self) -> tuple[int, bytes]:
        first, second = self.read(2)
        assert first & 0xF0 == 0x80, "the client fragments, or sets reserved bits"
        assert second & 0x80, "the client does not mask"
        length = second & 0x7F
        if length >= 126:
            length = int.from_bytes(self.read(2 if length == 126 else 8), "big")
        mask = self.read(4)
        return first & 0x0F, bytes(byte ^ mask[place % 4] for place, byte in enumerate(self.read(length)))

    def answer(self, *extra: bytes, accept: bytes | None = None) -> bytes:
        """A proper answer to the request."""
        (key,) = (line[19:] for line in self.read_request().split(b"\r\n") if line.startswith(b"Sec-WebSocket-Key: "))
        accept = accept or base64.b64encode(hashlib.sha1(key + GUID).digest())
        lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
        return b"\r\n".join([*lines, b"Sec-WebSocket-Accept: " + accept, *extra, b"", b""])

    def upgrade(self, *extra: bytes) -> None:
        self.send(self.answer(*extra))

    def reset(self) -> None:
        """End the connection with an RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_gone(self) -> None:
        """Read until the client ends the connection."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65_536):
                pass
        self.gone.set()


Script = Callable[[Peer], object]


class Server:
    """Listens on this machine, and plays a script to everybody who connects."""

    def __init__(self, script: Script) -> None:
        self.peers: list[Peer] = []
        self.failures: list[BaseException] = []
        self._script = script
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/market_data"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._over.is_set():
                peer = Peer(self._listener.accept()[0], self._over)
                if self._over.is_set():
                    peer.sock.close()
                    return
                self.peers.append(peer)
                self._threads.append(threading.Thread(target=self._play, args=(peer,)))
                self._threads[-1].start()

    def _play(self, peer: Peer) -> None:
        try:
            peer.sock.settimeout(2 * PATIENCE)
            with contextlib.suppress(OSError):
                self._script(peer)
            peer.wait_gone()
        except BaseException as error:  # noqa: BLE001 - told where the test can see it
            self.failures.append(error)
        finally:
            peer.gone.set()
            peer.sock.close()

    @property
    def wss(self) -> str:
        return self.url.replace("ws://", "wss://")

    def visit(self) -> None:
        """Connect and go, by the number of the port and nothing else."""
        with socket.socket() as visitor:
            visitor.connect(("127.0.0.1", self.port))

    def close(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self.visit()  # wakes accept()
        self._listener.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(peer.sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)
        assert not self.failures, self.failures


@contextlib.contextmanager
def serve(script: Script) -> Iterator[Server]:
    server = Server(script)
    try:
        yield server
    finally:
        server.close()


def dial(
    url: str,
    timeout: float = PATIENCE,
    stop: threading.Event | None = None,
    limit: int = LIMIT,
    tls: ssl.SSLContext | None = None,
) -> Connection:
    return connect(url, timeout, stop or threading.Event(), limit, tls)


@contextlib.contextmanager
def connected(script: Script, limit: int = LIMIT) -> Iterator[Connection]:
    """A connection whose server has done the upgrade and goes on with the script."""

    def whole(peer: Peer) -> None:
        peer.upgrade()
        script(peer)

    with serve(whole) as server:
        connection = dial(server.url, limit=limit)
        try:
            yield connection
        finally:
            connection.drop()


def failure(server: Server, *, timeout: float = PATIENCE, wss: bool = False, tls: ssl.SSLContext | None = None) -> Lost:
    """What `connect` says that went wrong; it has let go of the socket by then, even if the error is kept."""
    start = time.monotonic()
    with pytest.raises(Lost) as caught:
        dial(server.wss if wss else server.url, timeout, tls=tls)
    assert time.monotonic() - start < timeout + PROMPT
    for peer in server.peers:
        assert peer.gone.wait(PATIENCE), "the socket was not closed"
    return caught.value


def receive(connection: Connection) -> Frame:
    """The next frame, as long as it may take."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        got = connection.receive()
        if got is not None:
            return got
    raise AssertionError("nothing came")


def receive_lost(connection: Connection) -> Lost:
    """How the connection ends, with no frame before."""
    with pytest.raises(Lost) as caught:
        raise AssertionError(receive(connection))
    return caught.value


def elapsed(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    process = psutil.Process()
    files, threads = process.num_fds(), threading.active_count()
    yield
    wait_until(lambda: threading.active_count() <= threads)
    wait_until(lambda: process.num_fds() <= files)


# TCP -----------------------------------------------------------------------------------------------------------


def test_a_closed_port_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Lost) as caught:
        dial(f"ws://127.0.0.1:{port}/")
    assert caught.value.reason == "refused"
    assert f"127.0.0.1:{port}" in caught.value.detail


def test_a_port_that_drops_packets_ends_by_the_deadline(full_port):
    with pytest.raises(Lost) as caught:
        assert elapsed(lambda: dial(f"ws://127.0.0.1:{full_port}/", DEADLINE)) < 0
    assert caught.value.reason == "connect_timeout"


@pytest.mark.parametrize("host", ["nothing.invalid", "a..b", "a" * 70 + ".example"])
def test_a_name_that_does_not_resolve_is_told(host):
    with pytest.raises(Lost) as caught:
        dial(f"ws://{host}:18000/")
    assert caught.value.reason == "dns"
    assert host in caught.value.detail


@pytest.fixture
def resolve(monkeypatch) -> Callable[..., None]:
    """Make every name resolve to these addresses."""

    def resolving(*addresses: tuple[int, tuple]) -> None:
        found = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for family, address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    return resolving


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_when_the_first_address_refuses_the_second_is_tried(resolve, closed_port):
    with serve(Peer.upgrade) as server:
        resolve((socket.AF_INET, ("127.0.0.1", closed_port)), (socket.AF_INET, ("127.0.0.1", server.port)))
        dial("ws://two.example/").drop()


def test_when_the_first_address_drops_packets_the_second_is_tried_within_the_deadline(resolve, full_port):
    with serve(Peer.upgrade) as server:
        resolve((socket.AF_INET, ("127.0.0.1", full_port)), (socket.AF_INET, ("127.0.0.1", server.port)))
        dial("ws://two.example/", 4 * DEADLINE).drop()


def test_an_address_that_drops_packets_takes_no_more_than_its_share(resolve, full_port, closed_port):
    resolve((socket.AF_INET, ("127.0.0.1", full_port)), (socket.AF_INET, ("127.0.0.1", closed_port)))
    began = time.monotonic()
    with pytest.raises(Lost, match="refused"):
        dial("ws://two.example/", 1.0)
    assert 0.5 <= time.monotonic() - began < 0.5 + PROMPT


def test_when_this_machine_has_no_such_network_the_second_address_is_tried(resolve):
    with serve(Peer.upgrade) as server:
        resolve((socket.AF_APPLETALK, ("x", 1)), (socket.AF_INET, ("127.0.0.1", server.port)))
        dial("ws://two.example/").drop()


def test_when_no_address_works_the_last_failure_is_told(resolve, full_port, closed_port):
    resolve((socket.AF_INET, ("127.0.0.1", full_port)), (socket.AF_INET, ("127.0.0.1", closed_port)))
    with pytest.raises(Lost) as caught:
        dial("ws://two.example/", DEADLINE)
    assert caught.value.reason == "refused"


def test_a_name_without_any_address_is_told(resolve):
    resolve()
    with pytest.raises(Lost) as caught:
        dial("ws://none.example/")
    assert caught.value.reason == "dns"


@pytest.fixture
def hanging_resolver(monkeypatch) -> Iterator[threading.Event]:
    """A resolver that does not answer before the end of the test; set once it was asked."""
    asked, end = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        asked.set()
        end.wait(2 * PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    end.set()


def test_a_resolver_that_hangs_ends_by_the_deadline(hanging_resolver):
    with pytest.raises(Lost) as caught:
        dial("ws://slow.example/", DEADLINE)
    assert caught.value.reason == "dns_timeout"


def test_a_process_with_a_thousand_open_files_connects_too():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2000:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
    with contextlib.ExitStack() as stack, serve(Peer.upgrade) as server:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        dial(server.url).drop()


# the upgrade ---------------------------------------------------------------------------------------------------


def test_the_request_asks_for_the_whole_path_and_for_nothing_that_is_not_understood():
    with serve(Peer.upgrade) as server:
        dial(f"{server.url}?a=1&b=2").drop()
        lines = server.peers[0].read_request().decode().split("\r\n")
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
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.sock.shutdown(socket.SHUT_WR)

    with serve(script) as server:
        assert failure(server).reason == "handshake_closed"


def test_a_server_that_resets_instead_of_answering_is_told():
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.reset()

    with serve(script) as server:
        assert failure(server).reason in ("handshake_protocol", "handshake_closed")


def reply(data: bytes) -> Script:
    """Read the request, and answer this."""

    def script(peer: Peer) -> None:
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
    def script(peer: Peer) -> None:
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
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(LEAKS[name](peer))

    with serve(script) as server:
        lost = failure(server)
    assert "hunter2" not in "".join(traceback.format_exception(lost))


@pytest.mark.parametrize("endless", [b"X-Filler: 1234567890\r\n", b"x"], ids=["headers", "one header"])
def test_endless_headers_are_cut(endless):
    def script(peer: Peer) -> None:
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
        requests = [peer.read_request().lower() for peer in server.peers]
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


# stop ----------------------------------------------------------------------------------------------------------


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
        with pytest.raises(Lost) as caught:
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
        with pytest.raises(Lost, match="stopped"):
            dial(server.url, stop=stop)
        server.visit()
        wait_until(lambda: bool(server.peers))
        assert len(server.peers) == 1


# frames --------------------------------------------------------------------------------------------------------


def sending(*frames: bytes) -> Script:
    return lambda peer: peer.send(b"".join(frames))


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_of_any_size_comes_as_it_was_sent(opcode, size):
    payload = bytes(number % (127 if opcode == TEXT else 251) for number in range(size))
    with connected(sending(frame(opcode, payload)), limit=65_536) as connection:
        assert receive(connection) == Frame(opcode, payload)


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_a_control_frame_comes_as_it_was_sent(opcode):
    with connected(sending(frame(opcode, b"x" * 125))) as connection:
        assert receive(connection) == Frame(opcode, b"x" * 125)


@pytest.mark.parametrize("payload", [b"", struct.pack("!H", 1012) + b"restart", struct.pack("!H", 4001)])
def test_a_close_frame_comes_with_its_code_and_reason(payload):
    with connected(sending(frame(CLOSE, payload))) as connection:
        assert receive(connection) == Frame(CLOSE, payload)


def test_fragments_are_one_message():
    parts = [frame(TEXT, b"one ", fin=False), frame(CONTINUATION, b"", fin=False), frame(CONTINUATION, b"two")]
    with connected(sending(*parts, frame(TEXT, b"next"))) as connection:
        assert [receive(connection), receive(connection)] == [Frame(TEXT, b"one two"), Frame(TEXT, b"next")]


def test_a_ping_between_fragments_comes_before_the_message():
    parts = [frame(TEXT, b"one ", fin=False), frame(PING, b"!"), frame(CONTINUATION, b"two")]
    with connected(sending(*parts)) as connection:
        assert [receive(connection), receive(connection)] == [Frame(PING, b"!"), Frame(TEXT, b"one two")]


def test_fragments_of_bytes_are_a_message_of_bytes():
    with connected(sending(frame(BINARY, b"\xff", fin=False), frame(CONTINUATION, b"\xfe"))) as connection:
        assert receive(connection) == Frame(BINARY, b"\xff\xfe")


def test_a_character_may_be_split_between_fragments():
    text = "é".encode()
    with connected(sending(frame(TEXT, text[:1], fin=False), frame(CONTINUATION, text[1:]))) as connection:
        assert receive(connection) == Frame(TEXT, text)


START = frame(TEXT, b"start", fin=False)
VIOLATIONS = {
    "first reserved bit": frame(TEXT, b"x", rsv=4),
    "second reserved bit": frame(TEXT, b"x", rsv=2),
    "third reserved bit": frame(TEXT, b"x", rsv=1),
    "reserved opcode of data": frame(3, b"x"),
    "reserved opcode of control": frame(11, b"x"),
    "masked": frame(TEXT, b"x", mask=True),
    "masked, header only": header(TEXT, 100, mask=True),
    "masked ping": frame(PING, b"x", mask=True),
    "continuation of nothing": frame(CONTINUATION, b"x"),
    "continuation that goes on": frame(CONTINUATION, b"x", fin=False),
    "text inside a text": START + frame(TEXT, b"x"),
    "bytes inside a text": START + frame(BINARY, b"x", fin=False),
    "fragmented ping": frame(PING, b"x", fin=False),
    "fragmented pong": frame(PONG, b"x", fin=False),
    "fragmented close": frame(CLOSE, b"\x03\xe8", fin=False),
    "long ping": frame(PING, b"x" * 126),
    "long pong": frame(PONG, b"x" * 126),
    "long close": frame(CLOSE, b"\x03\xe8" + b"x" * 124),
    "half a close code": frame(CLOSE, b"\x03"),
    "reserved close code": frame(CLOSE, struct.pack("!H", 1006)),
    "close code of nobody": frame(CLOSE, struct.pack("!H", 2000)),
}


@pytest.mark.parametrize("name", VIOLATIONS)
def test_a_violation_of_the_protocol_ends_the_connection(name):
    with connected(sending(VIOLATIONS[name])) as connection:
        assert receive_lost(connection).reason == "protocol"


@pytest.mark.parametrize("length", [LIMIT + 1, 1 << 40, (1 << 63) - 1, (1 << 64) - 1])
def test_a_frame_that_announces_too_much_is_refused_by_its_header(length):
    with connected(sending(header(TEXT, length))) as connection:  # not one byte of the payload ever comes
        lost = receive_lost(connection)
    assert lost.reason == "too_big"
    assert str(length) in lost.detail


def test_a_message_as_large_as_allowed_is_taken_in_fragments_too():
    parts = [frame(TEXT, b"x" * (LIMIT // 2), fin=False), frame(CONTINUATION, b"y" * (LIMIT // 2))]
    with connected(sending(*parts)) as connection:
        assert receive(connection) == Frame(TEXT, b"x" * (LIMIT // 2) + b"y" * (LIMIT // 2))


def test_fragments_that_are_too_much_together_are_refused_before_the_last():
    parts = [frame(TEXT, b"x" * (LIMIT // 2), fin=False), *[frame(CONTINUATION, b"y" * (LIMIT // 4), fin=False)] * 3]
    with connected(sending(*parts)) as connection:
        assert receive_lost(connection).reason == "too_big"


def test_the_size_of_one_message_does_not_count_for_the_next():
    message = frame(TEXT, b"x" * (LIMIT // 2), fin=False) + frame(CONTINUATION, b"y")
    with connected(sending(message * 5)) as connection:
        assert [receive(connection).opcode for _ in range(5)] == [TEXT] * 5


def test_endless_empty_fragments_are_refused():
    with connected(sending(frame(TEXT, b"", fin=False), frame(CONTINUATION, b"", fin=False) * 20_000)) as connection:
        assert receive_lost(connection).reason == "too_big"


# waiting -------------------------------------------------------------------------------------------------------


def test_when_nothing_comes_the_reader_is_free_again_after_a_moment():
    with connected(lambda peer: None) as connection:
        start = time.monotonic()
        assert connection.receive() is None
        assert time.monotonic() - start < PROMPT


PAYLOAD = bytes(range(100)) * 2
HALVES = {
    "in the first bytes": 1,
    "in the length": 3,
    "before the payload": 4,
    "in the payload": 100,
    "before the last byte": 203,
}


@pytest.mark.parametrize("place", HALVES)
def test_half_a_frame_keeps_nobody_and_is_whole_when_the_rest_comes(place):
    whole, go_on = frame(TEXT, PAYLOAD), threading.Event()

    def script(peer: Peer) -> None:
        peer.send(whole[: HALVES[place]])
        go_on.wait(PATIENCE)
        peer.send(whole[HALVES[place] :] + frame(TEXT, b"next"))

    with connected(script) as connection:
        start = time.monotonic()
        assert connection.receive() is None
        assert time.monotonic() - start < 2 * PROMPT
        go_on.set()
        assert [receive(connection), receive(connection)] == [Frame(TEXT, PAYLOAD), Frame(TEXT, b"next")]


def test_half_a_message_of_fragments_keeps_nobody_and_is_whole_when_the_rest_comes():
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        peer.send(frame(TEXT, b"one ", fin=False) + frame(CONTINUATION, b"two")[:3])
        go_on.wait(PATIENCE)
        peer.send(frame(CONTINUATION, b"two")[3:])

    with connected(script) as connection:
        assert connection.receive() is None
        go_on.set()
        assert receive(connection) == Frame(TEXT, b"one two")


@pytest.mark.parametrize("how", ["bytes", "fragments"])
def test_a_message_that_drips_keeps_nobody_and_is_whole_in_the_end(how):
    enough = threading.Event()

    def script(peer: Peer) -> None:
        peer.send(header(TEXT, 10_000) if how == "bytes" else frame(TEXT, fin=False))
        sent = 0
        while not enough.wait(0.02) and not peer.over.is_set():
            peer.send(b"x" if how == "bytes" else frame(CONTINUATION, b"x", fin=False))
            sent += 1
        rest = b"x" * (10_000 - sent)
        peer.send(rest if how == "bytes" else frame(CONTINUATION, rest))

    with connected(script) as connection:
        for _ in range(2):
            start = time.monotonic()
            assert connection.receive() is None
            assert time.monotonic() - start < 2 * PROMPT
        enough.set()
        assert receive(connection) == Frame(TEXT, b"x" * 10_000)


# the end -------------------------------------------------------------------------------------------------------


def test_a_server_that_goes_without_a_close_frame_is_told():
    with connected(lambda peer: peer.sock.shutdown(socket.SHUT_WR)) as connection:
        assert receive_lost(connection).reason == "cut"


def test_a_server_that_resets_is_told():
    with connected(Peer.reset) as connection:
        assert receive_lost(connection).reason == "reset"


def test_a_server_that_goes_in_the_middle_of_a_frame_is_told():
    def script(peer: Peer) -> None:
        peer.send(frame(TEXT, PAYLOAD)[:50])
        peer.sock.shutdown(socket.SHUT_WR)

    with connected(script) as connection:
        assert receive_lost(connection).reason == "cut"


def test_what_came_before_the_end_is_delivered():
    def script(peer: Peer) -> None:
        peer.send(frame(TEXT, b"last words"))
        peer.sock.shutdown(socket.SHUT_WR)

    with connected(script) as connection:
        assert receive(connection) == Frame(TEXT, b"last words")
        assert receive_lost(connection).reason == "cut"


def test_a_connection_that_is_over_stays_over():
    with connected(lambda peer: peer.sock.shutdown(socket.SHUT_WR)) as connection:
        assert [receive_lost(connection).reason for _ in range(3)] == ["cut"] * 3
        with pytest.raises(Lost) as caught:
            connection.send_text("anybody there?")
        assert caught.value.reason == "send_failed"


def test_what_is_sent_arrives():
    got: queue.Queue[tuple[int, bytes]] = queue.Queue()

    def script(peer: Peer) -> None:
        for _ in range(4):
            got.put(peer.read_frame())

    with connected(script) as connection:
        connection.send_text("né")
        connection.ping(b"12345678")
        connection.pong(b"back")
        connection.send_text("x" * 70_000)
        frames = [got.get(timeout=PATIENCE) for _ in range(4)]
    assert frames == [(TEXT, "né".encode()), (PING, b"12345678"), (PONG, b"back"), (TEXT, b"x" * 70_000)]


def test_a_server_that_reads_nothing_does_not_keep_the_sender():
    with connected(lambda peer: peer.over.wait()) as connection:
        start = time.monotonic()
        with pytest.raises(Lost) as caught:
            connection.send_text("x" * 20_000_000)
        assert time.monotonic() - start < PATIENCE
    assert caught.value.reason == "send_failed"


def test_a_goodbye_that_is_answered_ends_at_once():
    heard: list[tuple[int, bytes]] = []

    def script(peer: Peer) -> None:
        heard.append(peer.read_frame())
        peer.send(frame(TEXT, b"too late") + frame(CLOSE, heard[0][1]))

    with connected(script) as connection:
        assert elapsed(lambda: connection.close(1001, timeout=PATIENCE)) < 1
    assert heard == [(CLOSE, struct.pack("!H", 1001))]


def flood(peer: Peer) -> None:
    while not peer.over.is_set():
        peer.send(frame(TEXT, b"x" * 100) * 100)


SILENCES: dict[str, Script] = {
    "nothing": lambda peer: None,
    "half a frame": lambda peer: peer.send(header(TEXT, 100) + b"x"),
    "a frame that drips": lambda peer: peer.drip(header(TEXT, 10_000) + b"x" * 10_000, 0.01),
    "pings only": lambda peer: peer.drip(frame(PING) * 1000, 0.01),
    "bars and no end": flood,
    "nothing, and reads nothing": lambda peer: peer.over.wait(),
}


@pytest.mark.parametrize("silence", SILENCES)
def test_a_goodbye_that_is_not_answered_ends_by_its_timeout(silence):
    with connected(SILENCES[silence]) as connection:
        assert elapsed(lambda: connection.close(timeout=0.1)) < 0.1 + 2 * PROMPT
        assert receive_lost(connection).reason == "cut"


def test_a_goodbye_to_a_server_that_is_gone_ends_at_once():
    with connected(Peer.reset) as connection:
        receive_lost(connection)
        assert elapsed(lambda: connection.close(timeout=PATIENCE)) < 1


def test_a_goodbye_leaves_no_connection():
    with serve(Peer.upgrade) as server:
        connection = dial(server.url)
        connection.close(timeout=0)
        assert server.peers[0].gone.wait(PATIENCE)


def test_a_connection_can_be_let_go_of_more_than_once():
    with connected(lambda peer: None) as connection:
        connection.drop()
        connection.drop()
        connection.close()
        connection.abort()
        assert receive_lost(connection).reason == "cut"


def abort_wakes(connection: Connection, work: Callable[[], object]) -> None:
    """What another thread is doing with the connection fails promptly when it is aborted from this one."""
    working, reasons = threading.Event(), []

    def run() -> None:
        try:
            while True:
                working.set()
                work()
        except Lost as lost:
            reasons.append(lost.reason)

    thread = threading.Thread(target=run)
    thread.start()
    assert working.wait(PATIENCE)
    connection.abort()
    assert elapsed(lambda: thread.join(PATIENCE)) < PROMPT
    # "reset": the peer, told that nothing more comes, may have gone before the thread looks.
    assert reasons in (["cut"], ["reset"], ["tls_eof"], ["send_failed"])


@pytest.mark.parametrize("place", HALVES)
def test_an_abort_wakes_a_reader(place):
    with connected(lambda peer: peer.send(frame(TEXT, PAYLOAD)[: HALVES[place]])) as connection:
        abort_wakes(connection, connection.receive)


def test_an_abort_wakes_a_writer():
    with connected(lambda peer: None) as connection:
        abort_wakes(connection, lambda: connection.ping(b"12345678"))


# laws ----------------------------------------------------------------------------------------------------------

CONTROL = st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125))
ASCII = st.text(st.characters(max_codepoint=127), max_size=300).map(str.encode)
MESSAGE = st.one_of(
    st.tuples(st.just(TEXT), st.lists(ASCII, min_size=1, max_size=4)),
    st.tuples(st.just(BINARY), st.lists(st.binary(max_size=300), min_size=1, max_size=4)),
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[bytes, list[Frame]]:
    """What a lawful server may send, and what must come of it."""
    sent, wanted = b"", []
    for opcode, parts in draw(st.lists(MESSAGE, max_size=5)):
        for number, part in enumerate(parts):
            for kind, payload in draw(st.lists(CONTROL, max_size=1)):
                sent += frame(kind, payload)
                wanted.append(Frame(kind, payload))
            sent += frame(CONTINUATION if number else opcode, part, fin=number == len(parts) - 1)
        wanted.append(Frame(opcode, b"".join(parts)))
    return sent, wanted


def test_frames_come_whole_and_in_order_however_they_are_cut_into_segments():
    segments: queue.Queue[bytes | None] = queue.Queue()

    def script(peer: Peer) -> None:
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for segment in iter(segments.get, None):
            peer.send(segment)

    with connected(script) as connection:

        @settings(max_examples=80)
        @given(conversations(), st.lists(st.integers(0, 3000), max_size=12))
        def law(conversation: tuple[bytes, list[Frame]], cuts: list[int]) -> None:
            sent, wanted = conversation
            for first, last in itertools.pairwise([0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]):
                segments.put(sent[first:last])
            assert [receive(connection) for _ in wanted] == wanted

        try:
            law()
        finally:
            segments.put(None)


def test_random_bytes_end_the_connection_and_do_nothing_else():
    noise: list[bytes] = []
    reasons: set[str] = set()

    def script(peer: Peer) -> None:
        peer.upgrade()
        peer.send(noise[-1])
        peer.sock.shutdown(socket.SHUT_WR)

    with serve(script) as server:

        @settings(max_examples=40)
        @given(st.binary(max_size=300) | conversations().flatmap(lambda told: st.permutations(told[0]).map(bytes)))
        def law(data: bytes) -> None:
            noise.append(data)
            connection = dial(server.url)
            try:
                while True:
                    got = connection.receive()
                    assert got is None or isinstance(got, Frame)
            except Lost as lost:
                reasons.add(lost.reason)
            finally:
                connection.drop()

        law()
    assert "protocol" in reasons <= {"cut", "protocol", "too_big", "invalid_utf8"}


# TLS -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority) -> ssl.SSLContext:
    """A client's context that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def context_for(authority) -> Callable[..., ssl.SSLContext]:
    """A server's context with a certificate of the authority's."""

    def make(*names: str, **options: dt.datetime) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names, **options).configure_cert(context)
        return context

    return make


def over_tls(context: ssl.SSLContext, script: Script) -> Script:
    def whole(peer: Peer) -> None:
        peer.sock = context.wrap_socket(peer.sock, server_side=True)
        script(peer)

    return whole


def test_a_trusted_server_is_talked_to_from_end_to_end(context_for, trusting):
    protocol, events = WealthAI(), []
    options = {"symbol": "BTCUSDT", "timeframe": "1h", "updates": 0, "manual": True, "token": "hunter2"}
    with MarketServer.from_csv(SAMPLE, tls=context_for("127.0.0.1"), **options) as server:
        connection = dial(server.url, tls=trusting)
        connection.send_text(protocol.connect_message(["BTCUSDT"], ["1h"], "hunter2", "binance-testnet", "1"))
        events += protocol.read(receive(connection).data)
        server.play_bars(3)
        for _ in range(3):
            events += protocol.read(receive(connection).data)
        connection.close()
    with SAMPLE.open(encoding="utf-8", newline="") as lines:
        rows = list(itertools.islice(csv.DictReader(lines), 3))
    assert events[0] == Connected("1")
    assert all(isinstance(event, BarMessage) for event in events[1:])
    assert [event.open_time for event in events[1:]] == [int(row["open_time"]) for row in rows]
    assert [event.values[3] for event in events[1:]] == [float(row["close"]) for row in rows]


def test_a_server_that_nobody_vouches_for_is_refused(context_for):
    with serve(over_tls(context_for("127.0.0.1"), Peer.upgrade)) as server:
        lost = failure(server, wss=True, tls=ssl.create_default_context())
    assert lost.reason == "tls_error"
    assert "not trusted" in lost.detail


def test_without_a_context_the_systems_certificates_decide(context_for):
    with serve(over_tls(context_for("127.0.0.1"), Peer.upgrade)) as server:
        assert failure(server, wss=True).reason == "tls_error"


def test_a_certificate_for_another_name_is_refused(context_for, trusting):
    with serve(over_tls(context_for("other.example"), Peer.upgrade)) as server:
        lost = failure(server, wss=True, tls=trusting)
    assert lost.reason == "tls_error"
    assert "127.0.0.1" in lost.detail


def test_a_certificate_that_has_expired_is_refused(context_for, trusting):
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    context = context_for("127.0.0.1", not_before=past, not_after=past + dt.timedelta(days=1))
    with serve(over_tls(context, Peer.upgrade)) as server:
        lost = failure(server, wss=True, tls=trusting)
    assert lost.reason == "tls_error"
    assert "expired" in lost.detail


def test_a_refused_server_sees_no_request(context_for):
    seen = []
    with serve(over_tls(context_for("127.0.0.1"), lambda peer: seen.append(peer.sock.recv(1)))) as server:
        failure(server, wss=True, tls=ssl.create_default_context())
    assert not any(seen)


@pytest.mark.parametrize("text", [b"HTTP/1.1 400 This is no TLS\r\n\r\n", b"\0" * 100, b"\x15\x03\x01\x00\x02\x02\x28"])
def test_a_server_that_speaks_no_tls_is_refused(text, trusting):
    with serve(lambda peer: peer.send(text)) as server:
        assert failure(server, wss=True, tls=trusting).reason == "tls_error"


def test_a_server_that_closes_within_the_tls_handshake_is_told(trusting):
    with serve(lambda peer: (peer.read(5), peer.sock.shutdown(socket.SHUT_WR))) as server:
        assert failure(server, wss=True, tls=trusting).reason == "tls_error"


def _is_reset(sock: socket.socket) -> bool:
    try:
        sock.getpeername()
    except OSError:
        return True
    return False


def test_a_server_that_resets_before_the_tls_handshake_is_told():
    # With unread data, or with the reset seen first, wrapping the socket fails before a handshake has begun.
    go = threading.Event()

    class Late(ssl.SSLContext):
        def wrap_socket(self, sock: socket.socket, *arguments: object, **options: object) -> ssl.SSLSocket:
            go.set()
            wait_until(lambda: _is_reset(sock))
            return super().wrap_socket(sock, *arguments, **options)  # type: ignore[arg-type]

    def script(peer: Peer) -> None:
        go.wait(PATIENCE)
        peer.send(b"hello")
        peer.reset()

    with serve(script) as server:
        assert failure(server, wss=True, tls=Late(ssl.PROTOCOL_TLS_CLIENT)).reason == "tls_error"


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x03\x40\x00\x02"], ids=["nothing", "a beginning"])
def test_a_server_that_stalls_within_the_tls_handshake_ends_by_the_deadline(sent, trusting):
    with serve(lambda peer: peer.send(sent)) as server:
        assert failure(server, wss=True, timeout=DEADLINE, tls=trusting).reason == "tls_timeout"


def test_a_server_that_never_answers_over_tls_ends_by_the_deadline(context_for, trusting):
    with serve(over_tls(context_for("127.0.0.1"), Peer.read_request)) as server:
        assert failure(server, wss=True, timeout=DEADLINE, tls=trusting).reason == "handshake_timeout"


@contextlib.contextmanager
def connected_over_tls(context: ssl.SSLContext, tls: ssl.SSLContext, script: Script) -> Iterator[Connection]:
    def whole(peer: Peer) -> None:
        peer.upgrade()
        script(peer)

    with serve(over_tls(context, whole)) as server:
        connection = dial(server.wss, tls=tls)
        try:
            yield connection
        finally:
            connection.drop()


def test_half_a_frame_over_tls_keeps_nobody_and_is_whole_when_the_rest_comes(context_for, trusting):
    whole, go_on = frame(TEXT, PAYLOAD), threading.Event()

    def script(peer: Peer) -> None:
        peer.send(whole[:100])
        go_on.wait(PATIENCE)
        peer.send(whole[100:])

    with connected_over_tls(context_for("127.0.0.1"), trusting, script) as connection:
        assert connection.receive() is None
        go_on.set()
        assert receive(connection) == Frame(TEXT, PAYLOAD)


def test_a_server_that_goes_without_ending_tls_is_told(context_for, trusting):
    def script(peer: Peer) -> None:
        socket.socket.shutdown(peer.sock, socket.SHUT_WR)

    with connected_over_tls(context_for("127.0.0.1"), trusting, script) as connection:
        assert receive_lost(connection).reason == "tls_eof"


def test_an_abort_wakes_a_reader_over_tls(context_for, trusting):
    with connected_over_tls(context_for("127.0.0.1"), trusting, lambda peer: None) as connection:
        abort_wakes(connection, connection.receive)


def test_an_abort_wakes_a_writer_over_tls(context_for, trusting):
    with connected_over_tls(context_for("127.0.0.1"), trusting, lambda peer: None) as connection:
        abort_wakes(connection, lambda: connection.ping(b"12345678"))


def test_a_goodbye_over_tls_is_answered(context_for, trusting):
    def script(peer: Peer) -> None:
        peer.send(frame(CLOSE, peer.read_frame()[1]))

    with connected_over_tls(context_for("127.0.0.1"), trusting, script) as connection:
        assert elapsed(lambda: connection.close(timeout=PATIENCE)) < 1
