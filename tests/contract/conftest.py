"""Real connections on this machine, of which a test holds both ends: it plays the server, a thread runs the client."""

from __future__ import annotations

import concurrent.futures
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from ..support import sockets

PATIENCE = 5.0


class Peer(sockets.Peer):
    """The server's end of one connection, closed after the test."""

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

    def accept(self) -> Peer:
        return Peer(self._sock.accept()[0], self._stack)

    def pair(self) -> tuple[socket.socket, Peer]:
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
    peer: Peer


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
        """A `websocket.WebSocket`, made as connection.py makes one unless told otherwise."""
        import websocket

        ws = websocket.WebSocket(**{"skip_utf8_validation": True, "enable_multithread": True} | options)
        self._stack.callback(ws.shutdown)
        return ws

    def connect(self, ws: Any, url: str, sock: object) -> concurrent.futures.Future[None]:
        """Upgrade as connection.py does it: on a socket of ours, without redirects, without an Origin."""
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
        """The same connection with TLS from now on, wrapped around the socket as connection.py does it."""
        serving = self.run(line.peer.start_tls, server)
        sock = client.wrap_socket(line.sock, server_hostname="127.0.0.1", suppress_ragged_eofs=False)
        line.ws.sock = self._stack.enter_context(sock)
        serving.result(PATIENCE)
        return Line(line.ws, sock, line.peer)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with contextlib.ExitStack() as stack:
        yield Stage(stack)
