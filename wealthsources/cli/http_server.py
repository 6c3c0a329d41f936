"""A small HTTP server for probes and scrapes that no client can make a burden.

It is the standard library's, since it has three pages that are read a few times a minute. What that one lacks is here:
so many connections at a time, of which the newest come first; a request of so many bytes, within so many seconds; an
answer that has to be taken in time. A request is read before anything is made of it, and no body is read at all.
"""

from __future__ import annotations

import contextlib
import http.server
import io
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from wealthsources.forking import ForkLock
from wealthsources.model.text import describe

if TYPE_CHECKING:
    import logging

#: Connections at a time; bytes of a request; seconds in which it has to come, and the answer to be taken.
MOST_CONNECTIONS: Final = 16
MOST_REQUEST: Final = 8_192
PATIENCE: Final = 2.0
_TURN: Final = 0.1  # seconds until a stop is noticed

TEXT: Final = "text/plain; charset=utf-8"
JSON: Final = "application/json"


class Page(NamedTuple):
    """One answer."""

    status: HTTPStatus
    body: str
    kind: str = TEXT


Pages = Mapping[str, Callable[[], Page]]


class HttpServer(http.server.ThreadingHTTPServer):
    """Listens from the beginning, answers from `start` on, and is gone after `stop`. Port 0 is a free one.

    Raises OSError if it cannot listen there.
    """

    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, host: str, port: int, pages: Pages, log: logging.Logger) -> None:
        self.pages = pages
        self.log = log
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._open: dict[Any, None] = {}  # the oldest first
        self._lock = ForkLock()
        self._is_stopped = False
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__((host, port), _Handler)
        self._thread = threading.Thread(target=self._serve, name="wealthsources-http", daemon=True)

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Let go of the port and of all connections; any number of times."""
        if self._is_stopped:
            return
        self._is_stopped = True
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join(1.0)
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            _cut(connection)
        deadline = time.monotonic() + 1.0
        for _ in range(MOST_CONNECTIONS):  # each is free once its thread has ended
            self._free.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def _serve(self) -> None:
        self.serve_forever(_TURN)

    def server_bind(self) -> None:
        """As it is done for any TCP server: http.server would look up the name of the host, for as long as it takes."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection. Raises OSError after a moment: without a descriptor it would be tried at once again."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(_TURN)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own. Where there are too many, the oldest one makes room."""
        with self._lock:
            oldest = next(iter(self._open)) if len(self._open) >= MOST_CONNECTIONS else None
        if oldest is not None:
            _cut(oldest)
        if not self._free.acquire(timeout=PATIENCE):
            self.shutdown_request(request)
            return
        with self._lock:
            self._open[request] = None
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._forget(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection, until it is closed."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(request)

    def _forget(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as it is called
        """A client that goes away is no news."""
        self.log.debug("a connection to the pages broke off: %s", describe(sys.exc_info()[1] or Exception()))


class _Handler(http.server.BaseHTTPRequestHandler):
    server: HttpServer
    timeout = PATIENCE

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(io.BytesIO(_read_head(self.connection)))

    def do_GET(self) -> None:
        name = self.path.partition("?")[0]
        page = self.server.pages.get(name)
        if page is None:
            self._send(Page(HTTPStatus.NOT_FOUND, f"there is {', '.join(self.server.pages)}\n"))
            return
        try:
            made = page()
        except Exception as error:  # noqa: BLE001 - whoever asks is to hear of it
            self.server.log.warning("the page %s failed: %s", name, describe(error), extra={"cause": name})
            made = Page(HTTPStatus.INTERNAL_SERVER_ERROR, "the page failed; the log says why\n")
        self._send(made)

    do_HEAD = do_GET  # noqa: N815 - its name there

    def _send(self, page: Page) -> None:
        body = page.body.encode()
        self.request_version = "HTTP/1.0"  # also to who speaks of no version, or of none that there is
        self.connection.settimeout(PATIENCE)  # of all that is sent together
        self.send_response(page.status)
        self.send_header("Content-Type", page.kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What cannot be understood, or is no GET: without a word of the client's own."""
        self._send(Page(HTTPStatus(code), f"{HTTPStatus(code).phrase}\n"))

    def version_string(self) -> str:
        """Without versions."""
        return "wealthsources"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Nothing: a probe comes every few seconds."""


def _read_head(connection: socket.socket) -> bytes:
    """A request up to its empty line; nothing of one that is too long, or does not come in time."""
    head, deadline = bytearray(), time.monotonic() + PATIENCE
    while b"\r\n\r\n" not in head and b"\n\n" not in head:
        left = deadline - time.monotonic()
        if left <= 0 or len(head) > MOST_REQUEST:
            return b""
        connection.settimeout(left)
        try:
            more = connection.recv(MOST_REQUEST)
        except OSError:
            return b""
        if not more:
            return b""
        head += more
    return bytes(head)


def _cut(connection: socket.socket) -> None:
    """End it from another thread."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
