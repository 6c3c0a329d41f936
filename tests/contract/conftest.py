"""Real connections on this machine, of which a test holds both ends: it plays the server, a thread runs the client."""

from __future__ import annotations

import concurrent.futures
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
import websocket
from websocket._handshake import CookieJar

from ..support.tls import server_context
from ..support.waiting import nothing_left_behind
from ..support.wire import Peer
from .quirks import PATIENCE


class StagePeer(Peer):
    """The server's end of a connection, which ends with the test."""

    def __init__(self, sock: socket.socket, stack: contextlib.ExitStack) -> None:
        sock.settimeout(PATIENCE)
        super().__init__(stack.enter_context(sock))
        self._stack = stack

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.sock = self._stack.enter_context(context.wrap_socket(self.sock, server_side=True))


class Listener:
    """Where connections come in; `accept` takes the next one."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._sock = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._sock.settimeout(PATIENCE)
        self.port: int = self._sock.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/market_data"

    @property
    def wss(self) -> str:
        return self.url.replace("ws://", "wss://")

    def accept(self) -> StagePeer:
        return StagePeer(self._sock.accept()[0], self._stack)

    def pair(self) -> tuple[socket.socket, StagePeer]:
        """Both ends of a connection."""
        sock = self._stack.enter_context(socket.create_connection(("127.0.0.1", self.port), PATIENCE))
        return sock, self.accept()

    def was_asked(self) -> bool:
        """Whether somebody is waiting to be accepted."""
        self._sock.settimeout(0)
        try:
            self.accept()
        except BlockingIOError:
            return False
        return True


class Line(NamedTuple):
    """An upgraded connection: the library's object, the socket that it was given, and the server's end."""

    ws: Any
    sock: socket.socket
    peer: StagePeer


class Stage:
    """The listeners, connections and threads of one test."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor())

    def run(self, work: Callable[..., Any], *arguments: Any, **options: Any) -> concurrent.futures.Future[Any]:
        """Do it on another thread."""
        return self._pool.submit(work, *arguments, **options)

    def listen(self) -> Listener:
        return Listener(self._stack)

    def websocket(self, **options: Any) -> Any:
        """A `websocket.WebSocket`, made as transport/ makes one unless told otherwise."""
        import websocket

        ws = websocket.WebSocket(**{"skip_utf8_validation": True, "enable_multithread": True} | options)
        self._stack.callback(ws.shutdown)
        return ws

    def connect(self, ws: Any, url: str, sock: object) -> concurrent.futures.Future[None]:
        """Upgrade as transport/ does it: on a socket of ours, without redirects, without an Origin."""
        return self.run(ws.connect, url, socket=sock, redirect_limit=0, suppress_origin=True)

    def upgraded(self, *extra: bytes, first: bytes = b"") -> Line:
        """A connection, once the server has answered with these extra lines and a first frame."""
        listener = self.listen()
        sock, peer = listener.pair()
        ws = self.websocket()
        task = self.connect(ws, listener.url, sock)
        peer.upgrade(*extra, first=first)
        task.result(PATIENCE)
        return Line(ws, sock, peer)

    def over_tls(self, line: Line, server: ssl.SSLContext, client: ssl.SSLContext) -> Line:
        """The same connection with TLS from now on, wrapped around the socket as transport/ does it."""
        serving = self.run(line.peer.start_tls, server)
        sock = client.wrap_socket(line.sock, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
        line.ws.sock = self._stack.enter_context(sock)
        serving.result(PATIENCE)
        return Line(line.ws, sock, line.peer)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        yield Stage(stack)


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


@pytest.fixture(scope="session")
def serving(authority) -> ssl.SSLContext:
    """A server's context with a certificate of the authority's."""
    return server_context(authority)
