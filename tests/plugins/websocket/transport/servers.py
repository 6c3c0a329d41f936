"""Servers that play a script byte by byte, and connections to them."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.base import Connection, Frame
from wealthsources_websocket.transport.connect import connect

from ....support.wire import Peer

DEADLINE = 0.3  # for what has to end by its deadline
PATIENCE = 5.0  # for what has to end by itself
PROMPT = 1.0  # a stop is seen within a fifth of a second; the rest is for a busy machine
LIMIT = 1 << 16
PAYLOAD = bytes(range(100)) * 2


class ScriptPeer(Peer):
    """The server's end of a connection. `over` is set when the test is, and `gone` when the client is."""

    def __init__(self, sock: socket.socket, over: threading.Event) -> None:
        super().__init__(sock)
        self.over = over
        self.gone = threading.Event()

    def drip(self, data: bytes, pause: float = 0.03) -> None:
        """Send byte by byte, until all is sent or the test is over."""
        for place in range(len(data)):
            if self.over.wait(pause):
                return
            self.send(data[place : place + 1])

    def wait_gone(self) -> None:
        """Read until the client ends the connection."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65_536):
                pass
        self.gone.set()


Script = Callable[[ScriptPeer], object]


class Server:
    """Listens on this machine, and plays a script to everybody who connects."""

    def __init__(self, script: Script) -> None:
        self.peers: list[ScriptPeer] = []
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
                peer = ScriptPeer(self._listener.accept()[0], self._over)
                if self._over.is_set():
                    peer.sock.close()
                    return
                self.peers.append(peer)
                self._threads.append(threading.Thread(target=self._play, args=(peer,)))
                self._threads[-1].start()

    def _play(self, peer: ScriptPeer) -> None:
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

    def whole(peer: ScriptPeer) -> None:
        peer.upgrade()
        script(peer)

    with serve(whole) as server:
        connection = dial(server.url, limit=limit)
        try:
            yield connection
        finally:
            connection.drop()


def failure(
    server: Server, *, timeout: float = PATIENCE, wss: bool = False, tls: ssl.SSLContext | None = None
) -> ConnectionLost:
    """What `connect` says that went wrong; it has let go of the socket by then, even if the error is kept."""
    start = time.monotonic()
    with pytest.raises(ConnectionLost) as caught:
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


def receive_lost(connection: Connection) -> ConnectionLost:
    """How the connection ends, with no frame before."""
    with pytest.raises(ConnectionLost) as caught:
        raise AssertionError(receive(connection))
    return caught.value


def elapsed(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start


def sending(*frames: bytes) -> Script:
    return lambda peer: peer.send(b"".join(frames))


def abort_wakes(connection: Connection, work: Callable[[], object]) -> None:
    """What another thread is doing with the connection fails promptly when it is aborted from this one."""
    working, reasons = threading.Event(), []

    def run() -> None:
        try:
            while True:
                working.set()
                work()
        except ConnectionLost as lost:
            reasons.append(lost.reason)

    thread = threading.Thread(target=run)
    thread.start()
    assert working.wait(PATIENCE)
    connection.abort()
    assert elapsed(lambda: thread.join(PATIENCE)) < PROMPT
    # "reset": the peer, told that nothing more comes, may have gone before the thread looks.
    assert reasons in (["cut"], ["reset"], ["tls_eof"], ["send_failed"])


def over_tls(context: ssl.SSLContext, script: Script) -> Script:
    def whole(peer: ScriptPeer) -> None:
        peer.sock = context.wrap_socket(peer.sock, server_side=True)
        script(peer)

    return whole
