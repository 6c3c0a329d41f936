"""Peer: one connection as the server has it, from the upgrade to the last frame, right or wrong."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NoReturn

from wealthsources_simulator import wire
from wealthsources_simulator.faults.end import End, Gone
from wealthsources_simulator.faults.framing import CLOSE, PING, PONG, TEXT, close_payload, encode, read_close

if TYPE_CHECKING:
    from wealthsources_simulator.faults.market import Played
    from wealthsources_simulator.faults.server import FaultServer
    from wealthsources_simulator.timeline import Series

Message = Mapping[str, Any]

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_POLICY_VIOLATION: Final = 1008

#: Played messages that are passed on before the client is listened to again.
_BATCH: Final = 100


class Peer(End):
    """One connection. Its script calls the methods from the top: upgrade, subscription, frames, the end.

    number     counts from 1
    server     the FaultServer
    rng        seeded by the server's seed and `number`
    headers    of the upgrade request, once read; `path` is what it asks for
    connect    the CONNECT message, once read; `series` is what it subscribes to, sorted
    received   the client's messages
    goodbye    code and reason of the client's Close frame, or None
    on_ping    called with the payload of a ping, and on_close with that of a Close; both may be replaced

    A method that waits raises Gone when the client leaves or the server stops; a script may let that pass.
    """

    def __init__(self, server: FaultServer, sock: socket.socket, number: int) -> None:
        super().__init__(sock, server.tls, server.stopped)
        self.server = server
        self.number = number
        self.rng = random.Random(f"{server.seed}:{number}")  # noqa: S311 - the same fault again is the point
        self.path = ""
        self.headers: dict[str, str] = {}
        self.connect: Message | None = None
        self.series: tuple[Series, ...] = ()
        self.received: list[Any] = []
        self.goodbye: tuple[int, str] | None = None
        self.upgraded = False
        self.acknowledged = False
        self.on_ping: Callable[[bytes], None] = lambda payload: self.frame(PONG, payload)
        self.on_close: Callable[[bytes], None] = self._answer_close
        self._position: int | None = None

    # HTTP.

    def request(self) -> dict[str, str]:
        """The headers of the upgrade request, their names in lower case. With TLS, after the handshake."""
        self.secure()
        self.path = self.read_line()
        while line := self.read_line():
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        return self.headers

    def http(self, status: str | int, headers: str = "", body: bytes | str = b"") -> None:
        """Answer with a status ("503 Service Unavailable" or 503), header lines that end in CRLF, and a body."""
        data = body.encode() if isinstance(body, str) else body
        if "content-length" not in headers.lower():
            headers += f"Content-Length: {len(data)}\r\n"
        self.write(f"HTTP/1.1 {_status_line(status)}\r\n{headers}\r\n".encode() + data)

    def upgrade(self, headers: str = "", accept: str | None = None) -> None:
        """Let the client in. `headers` are further lines that end in CRLF; `accept` is instead of the right answer."""
        self.write(self.upgrade_answer(headers, accept))

    def upgrade_answer(self, headers: str = "", accept: str | None = None) -> bytes:
        """Take the request; the bytes that let the client in, not sent yet."""
        key = self.request().get("sec-websocket-key", "")
        right = base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest()).decode()  # noqa: S324 - RFC 6455
        self.upgraded = True
        return (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {right if accept is None else accept}\r\n{headers}\r\n"
        ).encode()

    # The subscription.

    def subscribed(self) -> Message:
        """Upgrade if need be, and take the CONNECT without acknowledging it."""
        if not self.upgraded:
            self.upgrade()
        self._note_connect(self.message())
        return self.connect or {}

    def accept(self) -> Message:
        """Upgrade, take the CONNECT, whatever its token, and acknowledge it; no snapshot."""
        connect = self.subscribed()
        self._acknowledge({"request_id": connect["request_id"]} if "request_id" in connect else {})
        return connect

    def join(self) -> None:
        """Upgrade, check the token, acknowledge, send the snapshot: what of these has not been done yet."""
        if self.connect is None:
            self.subscribed()
        if self.acknowledged:
            return
        try:
            answer = wire.read_connect(json.dumps(self.connect), self.server.token).answer
        except wire.Refused as refusal:
            self.send(wire.error(str(refusal)))
            self.say_goodbye(_POLICY_VIOLATION, str(refusal))
            raise Gone from None
        snapshot, position = self.server.market.join(self.series)
        self._acknowledge(json.loads(answer), position)
        self.send(*snapshot)

    # Frames out.

    def send(self, *messages: Message | list[Any] | str) -> None:
        """One text frame for each message; text goes out as it is."""
        for message in messages:
            self.frame(TEXT, message if isinstance(message, str) else json.dumps(message))

    def frame(
        self,
        opcode: int,
        payload: bytes | str = b"",
        fin: bool = True,
        rsv: int = 0,
        mask: bool = False,
        length: int | None = None,
    ) -> None:
        """One frame, as `encode` makes it."""
        data = payload.encode() if isinstance(payload, str) else payload
        self.write(encode(opcode, data, fin=fin, rsv=rsv, mask=mask, length=length))

    def say_goodbye(self, code: int = 1000, reason: str = "") -> None:
        """Send a Close frame and read on until the client answers it; the cut is left to the caller."""
        self.frame(CLOSE, close_payload(code, reason))
        while self.goodbye is None:
            self._note(*self.read())

    # Frames in.

    def message(self) -> Any:
        """The next text message of the client; pings and a Close before it are answered."""
        while True:
            opcode, payload = self.read()
            message = self._note(opcode, payload)
            if opcode == TEXT:
                return message
            self.answer(opcode, payload)

    def answer(self, opcode: int, payload: bytes) -> None:
        """Do as a good server does: a pong to a ping, a Close to a Close, after which nothing more comes: Gone."""
        if opcode == PING:
            self.on_ping(payload)
        elif opcode == CLOSE:
            self.on_close(payload)

    def stay(self) -> NoReturn:
        """Answer pings and a Close, and send nothing else, until the client leaves."""
        while True:
            self.message()

    def deaf(self) -> NoReturn:
        """Read until the client leaves, and answer nothing."""
        while True:
            self._note(*self.read())

    def attend(self, seconds: float) -> None:
        """Answer what comes in, for so many seconds."""
        end = time.monotonic() + seconds
        while self.ready(max(0.0, end - time.monotonic())):
            self._take()

    # The good server.

    def behave(self, push: Callable[[Played], None] | None = None) -> NoReturn:
        """Be a good server from here on, until the client leaves. `push` sends a played message instead of `send`."""
        self.join()
        self.server.settled(self)
        self.follow(push)
        raise Gone

    def follow(
        self,
        push: Callable[[Played], None] | None = None,
        until: Callable[[Played], object] | None = None,
    ) -> None:
        """Pass on what the market plays of the series subscribed to, since the acknowledgement, and answer the client.

        Returns after the first message for which `until` is true, else only by Gone.
        """
        with self._bell() as bell:
            while True:
                for played in self._next_played():
                    (push or self._push)(played)
                    if until is not None and until(played):
                        return
                if self.ready(0 if self._behind() else None, bell):
                    self._take()
                _silence(bell)

    def pass_on(self, messages: int) -> None:
        """Follow the market for so many messages."""
        left = iter(range(messages - 1, -1, -1))
        if messages > 0:
            self.follow(until=lambda _: next(left) == 0)

    def whole_bars(self, count: int) -> list[dict[str, Any]]:
        """The final messages of the newest `count` whole bars of the first series; follows until there are so many."""
        while len(finals := self.finals(self.subject)) < count:
            self.pass_on(1)
        return finals[-count:] if count else []

    def finals(self, *series: Series) -> list[dict[str, Any]]:
        """The final messages of all whole bars that were played so far, of these series, by default all subscribed to.

        So far is up to the acknowledgement, and what was passed on since.
        """
        return self.server.market.finals(series or self.series, self.position)

    def states(self, count: int) -> list[dict[str, Any]]:
        """So many forming states of the bar of `subject` that is in progress, or of the next one."""
        return self.server.market.states(self.subject, self.position, count)

    @property
    def subject(self) -> Series:
        """The series to misbehave with: the first that the client subscribed to and the market has."""
        known = self.server.market.series
        return next((key for key in self.series if key in known), known[0])

    def bar(self, **changes: Any) -> dict[str, Any]:
        """The BAR message of the newest state of `subject`, or of its next bar's first, with some fields changed."""
        return self.server.market.now(self.subject, self.position) | changes

    @property
    def position(self) -> int:
        """How many messages of the market's log were played before the acknowledgement, or passed on since."""
        return self.server.market.length if self._position is None else self._position

    def _push(self, played: Played) -> None:
        self.send(played.text)

    def _next_played(self) -> Iterator[Played]:
        """What was played since, of our series, at most a batch of it."""
        for played in self.server.market.messages_since(self.position, _BATCH):
            self._position = self.position + 1
            if played.series in self.series:
                yield played

    def _behind(self) -> bool:
        return self.server.market.length > self.position

    @contextlib.contextmanager
    def _bell(self) -> Iterator[socket.socket]:
        """A socket that becomes readable when the market plays."""
        ring, bell = socket.socketpair()
        with ring, bell:
            ring.setblocking(False)
            bell.setblocking(False)

            def tell() -> None:
                with contextlib.suppress(OSError):  # full is as good as rung
                    ring.send(b"!")

            self.server.market.listen(tell)
            try:
                yield bell
            finally:
                self.server.market.forget(tell)

    def _take(self) -> None:
        """Take one frame of the client's, and do as a good server does; a further CONNECT is obeyed."""
        opcode, payload = self.read()
        message = self._note(opcode, payload)
        if opcode != TEXT:
            self.answer(opcode, payload)
        elif isinstance(message, dict) and message.get("type") == "CONNECT":
            self._note_connect(message)
            self.acknowledged = False
            self.join()

    def _note(self, opcode: int, payload: bytes) -> Any:
        """Keep what the client said."""
        if opcode == CLOSE:
            self.goodbye = read_close(payload)
        if opcode != TEXT:
            return None
        text = payload.decode()
        try:
            message = json.loads(text)
        except ValueError:
            message = text
        self.received.append(message)
        self.server.received.append(message)
        return message

    def _note_connect(self, message: Any) -> None:
        self.connect = message if isinstance(message, dict) else {}
        names = [self.connect.get(key) for key in ("symbols", "resolutions")]
        self.series = tuple(sorted(product(*(name if isinstance(name, list) else [] for name in names))))

    def _acknowledge(self, fields: Message, position: int | None = None) -> None:
        """Send CONNECTED. The first time it is from here on that the market is followed."""
        if self._position is None:
            self._position = self.server.market.length if position is None else position
            self.server.count_acknowledged()  # before it is sent: who has seen it finds it counted
        self.acknowledged = True
        self.send({"type": "CONNECTED", **fields})

    def _answer_close(self, payload: bytes) -> None:
        self.frame(CLOSE, payload)
        raise Gone


def _status_line(status: str | int) -> str:
    return status if isinstance(status, str) else f"{status} {HTTPStatus(status).phrase}"


def _silence(bell: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while bell.recv(4096):
            pass
