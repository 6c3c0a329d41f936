"""A real WebSocket client, and a server that plays the sample file to it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect as connect_to

from wealthsources_simulator import MarketServer, PlayedBar

from ...support.bars import HOUR
from ...support.markets import SAMPLE

SERIES = ("BTCUSDT", "1h")
TOKEN = "a-secret-token"
CONNECT = {"type": "CONNECT", "request_id": "7", "symbols": ["BTCUSDT"], "resolutions": ["1h"], "csrf_token": TOKEN}
TEXTS = ("open", "high", "low", "close", "volume")
Message = dict[str, Any]


def start(path: Path = SAMPLE, **options: Any) -> MarketServer:
    defaults: dict[str, Any] = {"symbol": "BTCUSDT", "timeframe": "1h", "token": TOKEN, "manual": True}
    return MarketServer.from_csv(path, **defaults | options)


@contextmanager
def connect(server: MarketServer | str, **options: Any) -> Iterator[ClientConnection]:
    """A connection that is only open: no CONNECT yet."""
    url = server if isinstance(server, str) else server.url
    settings: dict[str, Any] = {"compression": None, "close_timeout": 1, "max_queue": 10**6}
    with connect_to(url, **settings | options) as client:
        yield client


@contextmanager
def join(server: MarketServer | str, **changes: Any) -> Iterator[ClientConnection]:
    """A connection whose CONNECT was answered CONNECTED."""
    with connect(server) as client:
        subscribe(client, **changes)
        yield client


def subscribe(client: ClientConnection, **changes: Any) -> None:
    client.send(json.dumps(CONNECT | changes))
    assert receive(client) == {"type": "CONNECTED", "request_id": "7"}


def receive(client: ClientConnection, timeout: float = 10) -> Message:
    message: Message = json.loads(client.recv(timeout))
    return message


def receive_all(client: ClientConnection) -> list[Message]:
    """All messages until the connection ends, which has to be without a Close frame."""
    messages = []
    with suppress(ConnectionClosed):
        while True:
            messages.append(receive(client))
    assert client.protocol.close_code == 1006
    return messages


def numbers(server: MarketServer, messages: list[Message]) -> list[int]:
    """Which of the played bars the messages are about."""
    return [(message["open_time"] - server.bars[0].open_time) // HOUR for message in messages]


def is_final(server: MarketServer, message: Message) -> bool:
    (number,) = numbers(server, [message])
    return all(message[name] == getattr(server.bars[number], name) for name in TEXTS)


def wide_bars(count: int) -> list[PlayedBar]:
    """So large that the kernel's buffers hold only a part of a hundred of them."""
    return [PlayedBar(n * HOUR, (n + 1) * HOUR, "1".zfill(60_000), "1", "1", "1", "10") for n in range(count)]


def narrow_socket(server: MarketServer) -> socket.socket:
    """A connected socket for which the kernel holds little."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(10)
    raw.connect(address(server))
    return raw


def address(server: MarketServer) -> tuple[str, int]:
    return "127.0.0.1", int(server.url.rsplit(":")[-1].split("/")[0])
