"""HistoryServer: one exchange's REST interface on a real port of this machine."""

from __future__ import annotations

import contextlib
import json
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from wealthsources_simulator.history.base import Ask, Refusal
from wealthsources_simulator.history.faults import HistoryFault, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Self

    from wealthsources_simulator.history.base import HistoryExchange
    from wealthsources_simulator.history.truth import Truth

_HONEST: Final = HistoryFault("none")


class HistoryServer:
    """Serves from `start` to `stop`, or within a with statement. `script` meets requests for bars, one by one.

    asked    all requests so far, in the order in which they came
    loading  a fault that meets every request for anything else, such as the list of symbols
    """

    def __init__(
        self,
        exchange: HistoryExchange,
        truth: Truth,
        script: Iterable[HistoryFault | None] = (),
        host: str = "127.0.0.1",
    ) -> None:
        self.exchange = exchange
        self.truth = truth
        self.script = list(script)
        self.loading: HistoryFault | None = None
        self.asked: list[Ask] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._http = ThreadingHTTPServer((host, 0), _handler(self))
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Scheme, address and port."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def pages(self) -> list[Ask]:
        """The requests for bars so far."""
        with self._lock:
            return [ask for ask in self.asked if self._is_page(ask)]

    def start(self) -> Self:
        """Begin to serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Serve no more. Whoever waits for a slow answer gets none."""
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def wait(self, seconds: float) -> bool:
        """So long, or until it is stopped; whether it is."""
        return self._stopping.wait(seconds)

    def answer(self, ask: Ask) -> Reply:
        """What goes out for a request, with the fault whose turn it is."""
        with self._lock:
            self.asked.append(ask)
        try:
            bars = self.exchange.page(ask, self.truth)
            if bars is None:
                return (self.loading or _HONEST).reply(self._reply(200, self.exchange.other(ask, self.truth)))
            with self._lock:
                fault = (self.script.pop(0) if self.script else None) or _HONEST
            return fault.reply(self._reply(200, self.exchange.written(ask, fault.bars(bars), self.truth)))
        except Refusal as refusal:
            return self._reply(refusal.status, refusal.content)

    def _reply(self, status: int, content: Any) -> Reply:
        lines = {"Date": formatdate(self.truth.now / 1000, usegmt=True), "Content-Type": "application/json"}
        return Reply(status, lines, json.dumps(content).encode())

    def _is_page(self, ask: Ask) -> bool:
        try:
            return self.exchange.page(ask, self.truth) is not None
        except Refusal:
            return True


def _handler(server: HistoryServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10.0

        def do_GET(self) -> None:
            self._serve(None)

        def do_POST(self) -> None:
            self._serve(json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"null"))

        def _serve(self, body: Any) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = server.answer(Ask(parts.path, dict(parse_qsl(parts.query)), body, headers))
            if reply.wait:
                server.wait(reply.wait)
            self.close_connection = reply.cut is not None
            with contextlib.suppress(OSError):  # who asked has gone away
                self._send(reply)

        def _send(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            step = 1 if reply.drip else len(reply.body) + 1
            for at in range(0, len(reply.body[: reply.cut]), step):
                self.wfile.write(reply.body[: reply.cut][at : at + step])
                if reply.drip and server.wait(reply.drip):
                    return

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Say nothing."""

    return Handler
