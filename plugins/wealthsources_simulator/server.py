"""Simulator: one timeline, played to every client that subscribed to it. asyncio, on the `websockets` library."""

from __future__ import annotations

import asyncio
import errno
import http
import logging
import math
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State

from wealthsources_simulator import wire
from wealthsources_simulator.errors import SimulatorError

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from websockets.http11 import Request, Response

    from wealthsources_simulator.timeline import Outage, Series, Timeline

_PATH: Final = "/market_data"
_POLICY_VIOLATION: Final = 1008

#: What the server holds for one client that does not read, in bytes. A client further behind is cut.
_BUFFER: Final = 2**20

#: Seconds that such a client is given where nothing is in a hurry: while it joins, and when not playing by the clock.
_PATIENCE: Final = 5.0

#: Seconds that a client is given to answer our Close frame when the server stops.
_CLOSE_TIMEOUT: Final = 1.0

# A level of its own: at DEBUG websockets logs every frame, and the CONNECT frame holds the token.
_log = logging.getLogger(__name__)
_log.setLevel(logging.WARNING)


class Simulator:
    """Plays a timeline to all its clients at once, from the first accepted CONNECT on.

    `rate` is in bars a second; 0 is as fast as the clients read; None plays only what `play` is told. By the clock, a
    step that is late is played at once, and all steps are played. An `outage` cuts all connections without a Close
    frame and answers HTTP 503 until it is over; the timeline goes on meanwhile.
    All methods belong to the event loop; the public attributes may be read from any thread.
    """

    def __init__(
        self,
        timeline: Timeline,
        *,
        rate: float | None,
        token: str | None = None,
        snapshot: int = 0,
        outage: Outage | None = None,
    ) -> None:
        if rate is not None and not (math.isfinite(rate) and rate >= 0):
            raise SimulatorError(f"rate is {rate}; it must be 0 or more bars a second")
        if snapshot < 0:
            raise SimulatorError(f"snapshot is {snapshot}; it must be 0 or more bars")
        self.timeline = timeline
        self.steps_played = 0
        self.accepted = 0
        self.refused = 0
        self.finished = threading.Event()
        self.refusing = False
        self._rate = rate
        self._token = token
        self._snapshot = snapshot
        self._outage = outage
        self._patience = 0.0 if rate else _PATIENCE
        self._started = asyncio.Event()
        #: Held for one step or one join, so that a client sees every step after its snapshot and none twice.
        self._turn = asyncio.Lock()
        #: Every open connection and what it subscribed to; None before its CONNECT.
        self._clients: dict[ServerConnection, frozenset[Series] | None] = {}

    @asynccontextmanager
    async def listen(self, host: str, port: int, ssl_context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        """Serve and play until the block is left; gives the URL. Raises SimulatorError if the port cannot be had."""
        server = await self._bind(host, port, ssl_context)
        try:
            async with asyncio.TaskGroup() as group:
                player = group.create_task(self._run())
                yield _url(server, "wss" if ssl_context else "ws")
                player.cancel()
        finally:
            server.close()
            await server.wait_closed()

    async def play(self, steps: int) -> None:
        """Play that many steps, or those that are left. All is in the clients' transports on return."""
        self._start()
        for _ in range(steps):
            async with self._turn:
                if self.steps_played == self.timeline.steps:
                    return
                await self._push(self.timeline.series, self.timeline.message(self.steps_played))
                self.steps_played += 1
                self._arrive()
            await asyncio.sleep(0)  # a timeline that is always late must not shut out those who want to join

    async def cut(self) -> None:
        """End all connections at once, without a Close frame."""
        self._abort_all()
        await asyncio.sleep(0)  # the transports close their sockets on the loop's next turn

    async def _bind(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> Server:
        try:
            return await serve(
                self._handle,
                host,
                port,
                process_request=self._admit,
                compression=None,
                ping_interval=None,  # no heartbeat of the server's is known
                close_timeout=_CLOSE_TIMEOUT,
                write_limit=_BUFFER,
                logger=_log,
                ssl=ssl_context,
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                remedy = "choose another with --port, or 0 for a free one"
                raise SimulatorError(f"port {port} on {host} is already in use; {remedy}") from error
            raise SimulatorError(f"cannot listen on {host}, port {port}: {error.strerror or error}") from error
        except OverflowError as error:
            raise SimulatorError(f"cannot listen on port {port}: {error}") from error

    # The timeline.

    async def _run(self) -> None:
        if self._rate is None:
            return
        await self._started.wait()
        loop = asyncio.get_running_loop()
        start = loop.time()
        while self.steps_played < self.timeline.steps:
            if self._rate:
                # A step is due at the end of its share of the bar, so the final values come as the bar ends.
                due = start + (self.steps_played + 1) / (self._rate * self.timeline.steps_per_bar)
                await asyncio.sleep(max(0.0, due - loop.time()))
            await self.play(1)

    def _start(self) -> None:
        if not self._started.is_set():
            self._started.set()
            self._arrive()

    def _arrive(self) -> None:
        """Do what is to be done at this position: here the outage begins, or the timeline is over."""
        if self._outage is not None and self.steps_played == self._outage.start:
            self._abort_all()
        if self.steps_played == self.timeline.steps:
            self.finished.set()

    def _closed_to_all(self) -> bool:
        if self.refusing or self._outage is None or not self._started.is_set():
            return self.refusing
        return self._outage.start <= self.steps_played < self._outage.end

    # The clients.

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer the HTTP upgrade: None lets the client in."""
        if request.path.partition("?")[0] != _PATH:
            return connection.respond(http.HTTPStatus.NOT_FOUND, f"the market data are at {_PATH}\n")
        if self._closed_to_all():
            self.refused += 1
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, "out of service\n")
        return None

    async def _handle(self, connection: ServerConnection) -> None:
        if self._closed_to_all():  # the outage began while this client was being let in
            connection.transport.abort()
            return
        self._clients[connection] = None
        try:
            async for message in connection:
                await self._receive(connection, message)
        except ConnectionClosed:
            pass  # gone without a Close frame, or cut
        finally:
            self._clients.pop(connection, None)

    async def _receive(self, connection: ServerConnection, message: str | bytes) -> None:
        try:
            connect = wire.read_connect(message, self._token)
        except wire.Refused as refusal:
            await connection.send(wire.error(str(refusal)))
            await connection.close(_POLICY_VIOLATION, str(refusal))
            return
        async with self._turn:
            if connection in self._clients:  # else it was cut while it waited for its turn
                await self._join(connection, connect)

    async def _join(self, connection: ServerConnection, connect: wire.Connect) -> None:
        self.accepted += self._clients[connection] is None
        answers = [connect.answer]
        if self.timeline.series in connect.series:
            answers += self.timeline.snapshot(self.steps_played, self._snapshot)
        await self._send(connection, answers, _PATIENCE)
        if connection in self._clients:
            self._clients[connection] = connect.series
            self._start()

    async def _push(self, series: Series, text: str) -> None:
        wanting = [connection for connection, wanted in self._clients.items() if wanted and series in wanted]
        for connection in wanting:
            if connection.state is State.OPEN:  # a send while closing would wait for the end of the closing
                await self._send(connection, [text], self._patience)

    async def _send(self, connection: ServerConnection, texts: list[str], patience: float) -> None:
        """Send, and cut a client that leaves more than `_BUFFER` unread for longer than `patience` seconds.

        Without patience this never waits: `send` does so only when the buffer is full.
        """
        try:
            async with asyncio.timeout(patience):
                for text in texts:
                    await connection.send(text)
        except TimeoutError:
            self._abort(connection)
        except ConnectionClosed:
            self._clients.pop(connection, None)

    def _abort_all(self) -> None:
        for connection in list(self._clients):
            self._abort(connection)

    def _abort(self, connection: ServerConnection) -> None:
        self._clients.pop(connection, None)
        connection.transport.abort()


def _url(server: Server, scheme: str) -> str:
    host, port = next(iter(server.sockets)).getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}{_PATH}"
