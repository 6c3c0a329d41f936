"""A client of a few lines, on a socket, and what it compares with."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from typing import Any

from wealthsources_simulator import MarketServer, PlayedBar, encode

BEGINNING = 1_599_998_400_000
BTC, ETH = ("BTCUSDT", "1h"), ("ETHUSDT", "1h")
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
CONNECT = {"type": "CONNECT", "request_id": "7", "symbols": ["BTCUSDT"], "resolutions": ["1h"], "csrf_token": "secret"}
UPGRADE = (
    b"GET /market_data HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Client:
    """A client of a few lines, on a socket: it sends what it is told and shows every bit of what comes."""

    def __init__(self, server: MarketServer, tls: ssl.SSLContext | None = None) -> None:
        self.sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost", suppress_ragged_eofs=False)
        self.file = self.sock.makefile("rb")

    def upgrade(self, path: str = "/market_data") -> tuple[str, dict[str, str]]:
        """Status line and headers of the answer."""
        self.sock.sendall(UPGRADE.replace(b"/market_data", path.encode()))
        status = self.file.readline().decode().strip()
        headers = {}
        while line := self.file.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return status, headers

    def subscribe(self, **changes: Any) -> None:
        self.send(TEXT, json.dumps(CONNECT | changes).encode())

    def join(self, **changes: Any) -> None:
        """Upgrade, subscribe, and be acknowledged."""
        assert self.upgrade()[0].startswith("HTTP/1.1 101")
        self.subscribe(**changes)
        assert self.message()["type"] == "CONNECTED"

    def send(self, opcode: int, payload: bytes = b"") -> None:
        self.sock.sendall(encode(opcode, payload, mask=True))

    def head(self) -> tuple[int, int, int, bool, int]:
        """The next frame's (fin, reserved bits, opcode, masked, announced length)."""
        first, second = self.exactly(2)
        size = second & 0x7F
        if size >= 126:
            (size,) = struct.unpack("!H" if size == 126 else "!Q", self.exactly(2 if size == 126 else 8))
        return first >> 7, first >> 4 & 7, first & 15, bool(second & 0x80), size

    def frame(self) -> tuple[int, bytes]:
        _, _, opcode, masked, size = self.head()
        assert not masked
        return opcode, self.exactly(size)

    def message(self) -> Any:
        opcode, payload = self.frame()
        assert opcode == TEXT, payload
        return json.loads(payload)

    def messages(self, count: int) -> list[Any]:
        return [self.message() for _ in range(count)]

    def exactly(self, size: int) -> bytes:
        data = self.file.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def frames_before_pong(self) -> list[tuple[int, bytes]]:
        """Ping; what comes before the answer."""
        pong, frames = (PONG, b"and now?"), []
        self.send(PING, pong[1])
        while (frame := self.frame()) != pong:
            frames.append(frame)
        return frames

    def nothing_comes(self, seconds: float = 0.05) -> bool:
        self.sock.settimeout(seconds)
        try:
            return self.file.read(1) == b"?"  # never: b"" is the end
        except TimeoutError:
            return True

    def close(self) -> None:
        self.file.close()
        self.sock.close()


@contextlib.contextmanager
def reading(client: Client) -> Iterator[bytearray]:
    """Every byte that comes within the block, as soon as it has come; afterwards the client has gone."""
    data = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):
            while chunk := client.sock.recv(65_536):
                data.extend(chunk)

    client.sock.settimeout(None)  # the reader ends with the block, and no pause of a slow machine's ends it before
    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield data
    finally:
        with contextlib.suppress(OSError):  # the server was faster
            client.sock.shutdown(socket.SHUT_RDWR)
        reader.join()


def truth(bars: list[PlayedBar]) -> list[tuple[int, str, str]]:
    return [(bar.open_time, bar.close, bar.volume) for bar in bars]


def seen(messages: list[Any]) -> list[tuple[int, str, str]]:
    """The last state of each bar, oldest first, as a cache would have it."""
    latest = {one["open_time"]: (one["open_time"], one["close"], one["volume"]) for one in messages}
    return [latest[key] for key in sorted(latest)]
