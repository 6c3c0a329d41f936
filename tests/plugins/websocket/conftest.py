"""Servers that do what a test tells them, byte by byte if need be, and clients that are stopped afterwards."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

import wealthsources
from wealthsources import Shard
from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.connection.client import Client
from wealthsources_websocket.connection.policies import Policies
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols.base import BarMessage, Malformed, Protocol

from ...support import wire
from ...support.bars import HOUR, T0
from ...support.live_source import use_policies
from ...support.wire import CLOSE, PING, PONG, TEXT

TOKEN = "a-secret-token"
Message = Mapping[str, Any]

#: Quick where the defaults are careful, so that a test waits for nothing but what it is about.
QUICK: dict[str, Any] = {
    "symbols": ["BTCUSDT"],
    "resolutions": ["1h"],
    "csrf_token": TOKEN,
    "backoff_base": 0.01,
    "backoff_cap": 0.02,
    "connects_per_minute": 100_000,
}


class Gone(Exception):
    """The client closed its end."""


@contextlib.contextmanager
def _gone_at_the_end() -> Iterator[None]:
    try:
        yield
    except ConnectionError as error:
        raise Gone from error


class Peer:
    """One connection, as the server has it. `number` counts from 1."""

    def __init__(self, server: ScriptedServer, sock: socket.socket, number: int) -> None:
        self.number = number
        self._server = server
        self._sock = sock

    def accept(self) -> Message:
        """Upgrade, take the CONNECT and acknowledge it."""
        connect = self.subscribed()
        self.send({"type": "CONNECTED", "request_id": connect["request_id"]})
        return connect

    def subscribed(self) -> Message:
        """Upgrade and take the CONNECT, without acknowledging it."""
        self.upgrade()
        return self.message()

    def upgrade(self) -> None:
        self.write(wire.upgrade_answer(self._read_head()))

    def request(self) -> dict[str, str]:
        """The headers of the upgrade request."""
        lines = self._read_head().decode().split("\r\n")[1:-2]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def _read_head(self) -> bytes:
        with _gone_at_the_end():
            return wire.read_request(self._sock)

    def http(self, status: str, headers: str = "Content-Length: 0\r\n") -> None:
        self.write(f"HTTP/1.1 {status}\r\n{headers}\r\n".encode())

    def send(self, *messages: Message | list[Any] | str) -> None:
        """One text frame for each message."""
        for message in messages:
            self.frame(TEXT, (message if isinstance(message, str) else json.dumps(message)).encode())

    def frame(self, opcode: int, payload: bytes = b"") -> None:
        self.write(wire.frame(opcode, payload))

    def write(self, data: bytes) -> None:
        self._sock.sendall(data)

    def read(self) -> tuple[int, bytes]:
        """The next frame as (opcode, payload). Raises Gone at the end."""
        with _gone_at_the_end():
            opcode, _, payload = wire.read_frame(self._sock)
        return opcode, payload

    def message(self) -> Message:
        """The next text message; pings before it are answered."""
        while True:
            opcode, payload = self.read()
            if opcode == TEXT:
                message: Message = json.loads(payload)
                self._server.received.append(message)
                return message
            self.answer(opcode, payload)

    def answer(self, opcode: int, payload: bytes) -> None:
        """Do as a good server does: pong to a ping, Close to a Close, after which nothing more comes."""
        if opcode == PING:
            self.frame(PONG, payload)
        elif opcode == CLOSE:
            self.frame(CLOSE, payload)
            raise Gone

    def stay(self) -> None:
        """Stay until the client leaves."""
        while True:
            self.message()

    def deaf(self) -> None:
        """Read until the client leaves, and answer nothing."""
        while self._sock.recv(65_536):
            pass
        raise Gone

    def hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()


class ScriptedServer:
    """Hands each connection to `script(peer)` on a thread of its own; when that returns, the connection is cut."""

    def __init__(self, script: Callable[[Peer], None]) -> None:
        self.script = script
        self.accepted = 0
        self.received: list[Message] = []
        self.failures: list[Exception] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self._peers: list[Peer] = []
        self._threads = [threading.Thread(target=self._listen, name="scripted server")]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._listener.getsockname()[1]}/market_data"

    def _listen(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(20)
            self.accepted += 1
            peer = Peer(self, sock, self.accepted)
            self._peers = [*self._peers[-100:], peer]
            thread = threading.Thread(target=self._serve, args=(peer,), name="scripted peer")
            self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]
            thread.start()

    def _serve(self, peer: Peer) -> None:
        try:
            self.script(peer)
        except (Gone, OSError, ValueError):  # ValueError: hung up while reading
            pass
        except Exception as error:  # noqa: BLE001 - a fault of the test; told when the server stops
            self.failures.append(error)
        finally:
            peer.hang_up()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(5)
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer._sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in self._threads)


class Seen:
    """A handler that keeps what it is told. `wanted` says which bars belong to the subscription."""

    def __init__(self) -> None:
        self.bars: list[BarMessage] = []
        self.bad: list[Malformed] = []
        self.resubscribed = 0
        self.epochs: list[int] = []
        self.states: list[str] = []
        self.reasons: list[str] = []
        self.wanted: Callable[[BarMessage], bool] = lambda bar: True

    def on_malformed(self, shard: Shard, malformed: Malformed) -> None:
        self.bad.append(malformed)

    def on_turn(self, shard: Shard, now: float) -> None:
        pass

    def on_resubscribed(self, shard: Shard) -> None:
        self.resubscribed += 1

    def on_bar(self, shard: Shard, bar: BarMessage, now: float) -> bool:
        self.bars.append(bar)
        self.epochs.append(shard.epoch)
        return self.wanted(bar)

    def on_state(self, shard: Shard, state: str, reason: str) -> None:
        self.states.append(state)
        self.reasons.append(reason)

    @property
    def open_times(self) -> list[int]:
        return [bar.open_time for bar in self.bars]


@pytest.fixture
def policies() -> dict[str, Any]:
    """The policies of the clients and sources that a test makes; it may change them before."""
    return {"budget": ConnectBudget()}


@pytest.fixture(autouse=True)
def _budget_of_its_own(monkeypatch: pytest.MonkeyPatch, policies: dict[str, Any]) -> None:
    use_policies(monkeypatch, **policies)


@pytest.fixture
def bar() -> Callable[..., Message]:
    def message(place: int, close: str = "10.5", **changes: Any) -> Message:
        """The BAR message of hour `place`."""
        return {
            "type": "BAR",
            "symbol": "BTCUSDT",
            "timeframe": "1h",
            "open_time": T0 + place * HOUR,
            "close_time": T0 + (place + 1) * HOUR,
            "open": "10.5",
            "high": "12",
            "low": "9",
            "close": close,
            "volume": "3",
        } | changes

    return message


@pytest.fixture
def closed_port() -> str:
    """An address at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"ws://127.0.0.1:{listener.getsockname()[1]}/market_data"


@pytest.fixture
def make_client(policies: dict[str, Any]) -> Iterator[Callable[..., tuple[Client, Seen]]]:
    clients: list[Client] = []

    def make(endpoint: str, protocol: Protocol | None = None, **options: Any) -> tuple[Client, Seen]:
        seen = Seen()
        chosen = WebSocketOptions(endpoint=endpoint, **QUICK | options)
        series = [(symbol, timeframe) for symbol in chosen.symbols for timeframe in chosen.resolutions]
        logger = logging.getLogger("wealthsources.source.live")
        clients.append(Client(chosen, protocol or chosen.make_protocol(), series, seen, logger, Policies(**policies)))
        return clients[-1], seen

    yield make
    for client in clients:
        client.stop()
    names = [thread.name for thread in threading.enumerate()]
    assert "wealthsources-websocket" not in names


@pytest.fixture
def start_client(make_client: Callable[..., tuple[Client, Seen]]) -> Callable[..., tuple[Client, Seen]]:
    def start(endpoint: str, **options: Any) -> tuple[Client, Seen]:
        client, seen = make_client(endpoint, **options)
        client.start()
        return client, seen

    return start


@pytest.fixture
def open_session() -> Iterator[Callable[..., wealthsources.Session]]:
    """Opens sessions whose first source is a live one, under the feed's clock unless told otherwise."""
    sessions: list[wealthsources.Session] = []

    def start(endpoint: str, *others: Message, clock: str = "feed", **options: Any) -> wealthsources.Session:
        live = {"name": "live", "plugin": "websocket", "options": {**QUICK, "endpoint": endpoint, **options}}
        session = wealthsources.open({"clock": clock, "on_stale": "mark", "sources": [live, *others]})
        sessions.append(session)
        session.start()
        return session

    yield start
    for session in sessions:
        session.stop()


@pytest.fixture
def serve(make_client: object, open_session: object) -> Iterator[Callable[[Callable[[Peer], None]], ScriptedServer]]:
    """Servers end before their clients, so that no client waits for a goodbye."""
    servers: list[ScriptedServer] = []

    def start(script: Callable[[Peer], None]) -> ScriptedServer:
        servers.append(ScriptedServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
    assert [failure for server in servers for failure in server.failures] == []
