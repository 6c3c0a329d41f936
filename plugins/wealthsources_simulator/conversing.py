"""Conversing: a WebSocket on which an exchange is spoken: who is let in, what is answered, what is due by the clock."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

from wealthsources_simulator.connection import Gone
from wealthsources_simulator.exchanges.base import Conversation, Request
from wealthsources_simulator.exchanges.timers import Timers
from wealthsources_simulator.framing import BINARY, PING, PONG, TEXT
from wealthsources_simulator.websocket_end import WebSocketEnd

if TYPE_CHECKING:
    import socket
    import ssl
    import threading
    from collections.abc import Mapping

    from wealthsources_simulator.bars import Series
    from wealthsources_simulator.exchanges.base import Exchange, Reply
    from wealthsources_simulator.exchanges.timers import Due
    from wealthsources_simulator.market import Market

POLICY_VIOLATION: Final = 1008


class Host(Protocol):
    """Whose connection it is."""

    market: Market
    token: str | None
    tls: ssl.SSLContext | None
    seed: int
    stopped: threading.Event
    received: list[Any]

    @property
    def origin(self) -> str: ...
    @property
    def out_of_service(self) -> bool: ...
    def count_refused(self) -> None: ...


class Conversing(WebSocketEnd):
    """One connection, in the words of the market's exchange.

    number        counts from 1
    rng           seeded by the server's seed and `number`
    conversation  what the exchange knows of the client
    series        what is subscribed to, sorted
    behaving      whether the server is a good one to this client
    """

    number: int
    rng: random.Random
    conversation: Conversation

    def __init__(self, server: Host, sock: socket.socket, number: int) -> None:
        super().__init__(sock, server.tls, server.stopped)
        self.server = server
        self.series: tuple[Series, ...] = ()
        self.behaving = False
        self._timers: Timers | None = None
        #: What the newest ping held.
        self._ping = b""
        self.renumber(number)

    def renumber(self, number: int) -> None:
        """Be the connection of that number."""
        self.number = number
        self.rng = random.Random(f"{self.server.seed}:{number}")  # noqa: S311 - the same fault again is the point
        beat_every = self.exchange.rules.beat_every
        self.conversation = Conversation(number=number, token=self.server.token, beat_every=beat_every)

    @property
    def exchange(self) -> Exchange:
        """How the market speaks."""
        return self.server.market.exchange

    def told_the_time(self) -> Conversation:
        """The conversation, with the time of day."""
        self.conversation.now = _now()
        return self.conversation

    # HTTP.

    def upgrade_answer(self, headers: str = "", accept: str | None = None) -> bytes:
        answer = super().upgrade_answer(headers, accept)
        self.conversation.path, self.conversation.query = self.path, self.query
        return answer

    def answer_http(self) -> bool:
        """Answer a request that comes before the connection, if this is one of those that the exchange has."""
        self.request()
        self.exactly(int(self.headers.get("content-length", "0") or "0"))
        method = self.request_line.split(" ")[0]
        answer = self.exchange.http(Request(method, self.path, self.server.origin))
        if answer is None:
            return False
        if self.server.out_of_service:
            self.server.count_refused()
            self._turn_away(503, "out of service\n")
        headers = "Content-Type: application/json\r\nConnection: close\r\n"
        self.http(answer.status, headers, self.exchange.text(answer.body))
        return True

    def admit(self) -> None:
        """Upgrade who asks for the market's path, unless nobody is let in."""
        headers, path = self.request(), self.exchange.path
        if not self.exchange.serves(self.path):
            self._turn_away(404, f"the market data are at {path}\n")
        if self.server.out_of_service:
            self.server.count_refused()
            self._turn_away(503, "out of service\n")
        if "sec-websocket-key" not in headers:
            self._turn_away(426, "this is a WebSocket\n", "Upgrade: websocket\r\n")
        self.upgrade()

    def _turn_away(self, status: int, body: str, headers: str = "") -> NoReturn:
        self.http(status, f"{headers}Content-Type: text/plain\r\nConnection: close\r\n", body)
        raise Gone

    # Messages in and out.

    def greet(self) -> Reply | None:
        """Say what the exchange says first, and begin to keep its times; None if that was done."""
        if self._timers is not None:
            return None
        said = self.told_the_time()
        self._timers = Timers(self.exchange.rules, said, self.exchange.pace, time.monotonic())
        reply = self.exchange.greet(said)
        if reply.series is None:
            self.say(reply)
        return reply

    def reply_to(self, message: object) -> Reply | None:
        """What becomes of a message of the client's; None for one that subscribes."""
        return self.exchange.reply(message, self.told_the_time())

    def say(self, reply: Reply) -> None:
        """Send the answers of a reply to what was no subscription."""
        self.send(*reply.messages)
        if reply.series is not None:
            self.series = self.conversation.series = reply.series
        if reply.ends:
            self.behaving = False
            self.say_goodbye(POLICY_VIOLATION)
            raise Gone

    def ask_to_reconnect(self) -> None:
        """Ask the client to come back on another connection, in the words of the exchange."""
        self.send(*self.exchange.wants_reconnect(self.told_the_time()))

    def send(self, *messages: Mapping[str, Any] | list[Any] | str) -> None:
        """One frame for each message, as the exchange packs it; a text of JSON, or of anything else, may be given."""
        for message in messages:
            self.frame(*self.pack(message))

    def pack(self, message: Mapping[str, Any] | list[Any] | str) -> tuple[int, bytes]:
        """Opcode and payload of a message's frame. What is no text yet becomes one with spaces: JSON may have them."""
        said = self.conversation
        text = message if isinstance(message, str) else self.exchange.text(message, spaced=True)  # type: ignore[arg-type]
        payload = self.exchange.encode(text, said)
        said.sent += 1
        return (TEXT, payload.encode()) if isinstance(payload, str) else (BINARY, payload)

    def take(self) -> tuple[int, bytes]:
        opcode, payload = super().take()
        if opcode in (TEXT, BINARY):
            self.server.received.append(self.received[-1])
            if self._timers is not None:
                self._timers.heard(time.monotonic())
        elif opcode == PONG and payload == self._ping and self._timers is not None:
            self._timers.answered()
        return opcode, payload

    def frame(
        self,
        opcode: int,
        payload: bytes | str = b"",
        fin: bool = True,
        rsv: int = 0,
        mask: bool = False,
        length: int | None = None,
    ) -> None:
        super().frame(opcode, payload, fin, rsv, mask, length)
        if self._timers is not None and opcode in (TEXT, BINARY):
            self._timers.sent(time.monotonic())

    # The clock.

    def keep_time(self) -> None:
        if self._timers is not None and self._timers.next() is not None:
            while not self.wait_for_client(None):
                pass

    def wait_for_client(self, seconds: float | None, *others: socket.socket) -> bool:
        """Whether the client says something within so many seconds, or before `others`. Does what is due meanwhile."""
        due = None if self._timers is None else self._timers.next()
        if due is not None:
            left = max(0.0, due - time.monotonic())
            seconds = left if seconds is None else min(seconds, left)
        heard = self.ready(seconds, *others)
        if due is not None and self._timers is not None:
            for what in self._timers.due(time.monotonic()):
                self._do(what)
        return heard

    def _do(self, what: Due) -> None:
        """What the exchange does by the clock."""
        if what == "cut":
            raise Gone
        if what == "ping":
            self._ping = str(_now()).encode()
            self.frame(PING, self._ping)
        else:
            self.say(self.exchange.beat(self.told_the_time()))


def _now() -> int:
    return int(time.time() * 1000)
