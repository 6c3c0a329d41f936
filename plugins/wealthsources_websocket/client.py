"""The client: one thread that connects, subscribes, reads, pings and, when a connection is lost, begins again.

Three clocks watch a connection, all monotonic: our own ping must be answered, by the pong that matches it; a bar must
come once in a while, whatever else the server sends; and the source watches each stream. Nothing but `stop` ends the
thread.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
import struct
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, Protocol

from wealthsources import ConfigError
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.protocols import load_protocol
from wealthsources_websocket.protocols.base import Acknowledged, BarMessage, Ignored, Malformed, Reply, ServerError
from wealthsources_websocket.protocols.wealthai import classify_error
from wealthsources_websocket.reconnect import Backoff, ConnectBudget, Plan
from wealthsources_websocket.text import one_line
from wealthsources_websocket.transport.base import CLOSE, PING, PONG, TEXT, Connection
from wealthsources_websocket.transport.connect import connect
from wealthsources_websocket.transport.tls import tls_context

if TYPE_CHECKING:
    import logging
    import ssl
    from collections.abc import Sequence

    from wealthsources_websocket.options import WebSocketOptions

State = Literal["disconnected", "connecting", "connected", "reconnecting", "error", "auth_failed"]

CLOSE_TIMEOUT: Final = 1.0
STOP_LIMIT: Final = 3.0
_CHECK_EVERY: Final = 0.2
_MOST_EARLY: Final = 1_000
_MOST_BAD: Final = 1_000
_FLOOD: Final = 60.0
_LONG_PAUSE: Final = 5.0

#: A host counts the connections of all clients of a process together.
_budget: Final = ConnectBudget()


class Handler(Protocol):
    """Who receives what comes in. Called on the reader thread, so every method returns at once."""

    def on_bar(self, bar: BarMessage, epoch: int, now: float) -> bool:
        """A bar came on connection `epoch`, at monotonic time `now`. Returns whether it was one we want."""

    def on_malformed(self, malformed: Malformed) -> None:
        """A message came that cannot be used: what it said of its series, or of any, is not known."""

    def on_turn(self, now: float) -> None:
        """The connection is up, at monotonic time `now`; called every few seconds."""

    def on_resubscribed(self) -> None:
        """The subscription went out again on this connection: the server may begin all streams anew."""

    def on_state(self, state: State, reason: str) -> None:
        """The connection is in another state."""


class Client:
    """Keeps one subscription alive. `start` once; `stop` from any thread, any number of times."""

    def __init__(self, options: WebSocketOptions, handler: Handler, logger: logging.Logger) -> None:
        self.state: State = "disconnected"
        self.last_error = ""
        self.epoch = 0
        self.reconnects_by_reason: Counter[str] = Counter()
        self.last_data: float | None = None  # monotonic: when the last bar came that we want
        self.since = time.monotonic()  # when the connection came up or went down; at first: the start
        self.acknowledged_at = 0.0
        self.counters: Counter[str] = Counter()
        self.endpoint = shown(options.endpoint)
        self._options = options
        self._handler = handler
        self._log = logger
        self._protocol = load_protocol(options.protocol)(push_closed=options.bar_push == "closed")
        self._token = ""
        self._redact = _Redactor("")
        self._symbols: tuple[str, ...] = options.symbols
        self._resolutions: tuple[str, ...] = options.resolutions
        self._bad_in_a_row = 0
        self._bad_since = 0.0
        self._resubscribe = threading.Event()
        self._stop = threading.Event()
        backoff = Backoff(options.backoff_base, options.backoff_cap)
        self._plan = Plan(options.endpoints, backoff, _budget, options.connects_per_minute)
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None
        self._tls: ssl.SSLContext | None = None

    @property
    def reconnects(self) -> int:
        """How many connections there were after the first."""
        return max(0, self.epoch - 1)

    # life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect, without waiting for it. Raises ConfigError if certificates or token cannot be read."""
        self._read_token()
        with self._lock:
            if self._thread is not None or self._stop.is_set():
                return
            if not self._token:
                self._log.warning("no csrf_token is set; an empty one is sent")
            if any(url.startswith("wss://") for url in self._options.endpoints):
                try:
                    self._tls = tls_context(self._options.ca_file, self._options.tls_minimum)
                except OSError as error:
                    raise ConfigError(f"ca_file {self._options.ca_file}: {error.strerror or error}") from error
            self._thread = threading.Thread(target=self._run, name="wealthsources-websocket", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the connection and the thread, within 3 s in any state."""
        deadline = time.monotonic() + STOP_LIMIT
        self._stop.set()
        with self._lock:
            thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(CLOSE_TIMEOUT + 1.0)
        connection = self._connection
        if thread.is_alive() and connection is not None:
            connection.abort()
        thread.join(max(0.0, deadline - time.monotonic()))

    def update_subscription(self, symbols: Sequence[str], resolutions: Sequence[str]) -> None:
        """Subscribe to something else, on this connection and on all later ones."""
        self._symbols, self._resolutions = tuple(symbols), tuple(resolutions)
        self._resubscribe.set()

    # the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._one_connection()
            except ConnectionLost as lost:
                self._wait_after(lost)
            except Exception as error:  # noqa: BLE001 - nothing but stop ends this thread
                self._log.exception("the reader failed; the connection begins anew")
                self._wait_after(ConnectionLost("internal", type(error).__name__))
        self._set_state("disconnected", "stopped")

    def _wait_after(self, lost: ConnectionLost) -> None:
        if self._stop.is_set():
            return
        self.counters[f"lost.{lost.reason}"] += 1
        if self.state == "connected":
            self.reconnects_by_reason[lost.reason] += 1
        self.last_error = f"{self.endpoint}: {self._redact(str(lost))}"
        delay = self._plan.lost(lost, time.monotonic())
        if self._plan.refused:
            self._set_state("auth_failed", self.last_error)
        else:
            self._set_state("reconnecting" if self.epoch and lost.kind != "fatal" else "error", self.last_error)
        self._log.warning("%s; next attempt in %.1f s", self.last_error, delay)
        self._stop.wait(delay)

    def _one_connection(self) -> None:
        options = self._options
        self._wait_for_turn()
        url = self._plan.current
        self.endpoint = shown(url)
        if not self._plan.refused:  # a probe with a credential that was turned down is no news
            self._set_state("reconnecting" if self.epoch else "connecting", "")
        self.counters["attempts"] += 1
        self._read_token()
        deadline = time.monotonic() + options.connect_timeout
        try:
            proxy = options.proxy_for(url)
        except ValueError as error:  # what the environment says; it never holds the value
            raise ConnectionLost("proxy_error", f"the proxy of the environment {error}") from None
        connection = connect(url, options.connect_timeout, self._stop, options.max_message, self._tls, proxy)
        self._connection = connection
        try:
            early = self._handshake(connection, deadline)
            self.epoch += 1
            self.acknowledged_at = time.monotonic()
            self._set_state("connected", "")
            for event in early:  # in their order: what was lost makes the bar before it uncertain
                if isinstance(event, Malformed):
                    self._handler.on_malformed(event)
                else:
                    self._handler.on_bar(event, self.epoch, self.acknowledged_at)
            self._read(connection)
        except ConnectionLost as lost:
            if lost.close_code is not None:
                connection.close(lost.close_code, timeout=0)
            raise
        finally:
            self._connection = None
            connection.drop()

    def _read_token(self) -> None:
        """The token as it is now: a file or a function may have a new one."""
        try:
            token = self._options.read_token()
        except Exception as error:  # noqa: BLE001 - a function of the deployment's may raise anything
            if self._thread is None:
                name = self._options.csrf_token_file
                said = f"csrf_token_file {name}: {error.strerror}" if name and isinstance(error, OSError) else ""
                raise ConfigError(said or f"csrf_token cannot be read: {type(error).__name__}") from None
            # Not the error's text: it may hold the token.
            raise ConnectionLost("token", f"csrf_token cannot be read: {type(error).__name__}") from None
        if token != self._token:
            self._plan.accepted()  # a new one has not been refused yet
            self._redact = _Redactor(token, self._token)
            self._token = token

    def _wait_for_turn(self) -> None:
        said = False
        while not self._stop.is_set():
            wait = self._plan.attempt(time.monotonic())
            if wait <= 0:
                return
            if not said:
                said = True
                self.counters["budget_waits"] += 1
                self._log.warning("the host has been connected to often, or asked for a rest; waiting %.1f s", wait)
            self._stop.wait(wait)
        raise ConnectionLost("stopped")

    def _set_state(self, state: State, reason: str) -> None:
        if state == self.state:
            return
        if "connected" in (state, self.state):
            self.since = time.monotonic()  # attempts that fail do not begin the count anew
        self.state = state
        self._log.info("%s%s", state, f": {reason}" if reason else f" ({self.endpoint})")
        self._handler.on_state(state, reason)

    # one connection --------------------------------------------------------------------------------------------

    def _subscribe(self, connection: Connection, request_id: str) -> None:
        self._resubscribe.clear()
        message = self._protocol.connect_message(
            self._symbols, self._resolutions, self._token, self._options.market_type, request_id
        )
        connection.send_text(message, self._options.connect_timeout)  # with thousands of symbols it is long

    def _handshake(self, connection: Connection, deadline: float) -> list[BarMessage | Malformed]:
        """Subscribe and wait for the acknowledgement. Returns bars that came before it."""
        self._subscribe(connection, "1")
        early: list[BarMessage | Malformed] = []
        try:
            self._await_acknowledgement(connection, deadline, early)
        except ConnectionLost:
            for event in early:  # of a connection that never was one
                self.counters["early_dropped"] += isinstance(event, BarMessage)
            raise
        return early

    def _await_acknowledgement(
        self, connection: Connection, deadline: float, early: list[BarMessage | Malformed]
    ) -> None:
        while time.monotonic() < deadline:
            if self._stop.is_set():
                connection.close(timeout=CLOSE_TIMEOUT)
                raise ConnectionLost("stopped")
            frame = connection.receive()
            if frame is None:
                continue
            if frame.opcode == TEXT:
                if self._acknowledged(connection, frame.data, early):
                    return
            elif frame.opcode == PING:
                connection.pong(frame.data)
            elif frame.opcode == CLOSE:
                raise self._closed(connection, frame.data)
        raise ConnectionLost("ack_timeout", "no CONNECTED came")

    def _acknowledged(self, connection: Connection, data: bytes, early: list[BarMessage | Malformed]) -> bool:
        done = False
        for event in self._protocol.read(data):
            if isinstance(event, BarMessage):
                if len(early) < _MOST_EARLY:
                    early.append(event)
                else:
                    self.counters["early_dropped"] += 1
                    early[-1] = Malformed("early", "too many bars before CONNECTED")  # of any series
            elif isinstance(event, Acknowledged):
                done |= event.request_id in (None, "1")
            elif isinstance(event, ServerError):
                kind = classify_error(event.message)
                self.counters[f"server_errors.{kind or 'other'}"] += 1
                said = f"the server does not accept csrf_token: {event.message}" if kind == "auth" else event.message
                raise ConnectionLost("refused_by_server", said, kind=kind)
            else:
                self._other(connection, event)
                if isinstance(event, Malformed):
                    full = len(early) >= _MOST_EARLY  # then a bar of any series gives way
                    early[_MOST_EARLY - 1 :] = [Malformed("early", "too much before CONNECTED") if full else event]
        return done

    def _read(self, connection: Connection) -> None:
        """Read until the connection is lost. Raises ConnectionLost."""
        handler, read, epoch = self._handler, self._protocol.read, self.epoch
        last_bar = now = next_check = time.monotonic()
        up = _Up(now, self._options)
        while True:
            before = now
            frame = connection.receive()
            now = time.monotonic()
            if now - before > max(_LONG_PAUSE, self._options.pong_timeout):
                raise ConnectionLost("suspended", f"this process stood still for {now - before:.0f} s")
            if frame is None:
                next_check = now
            elif frame.opcode == TEXT:
                for event in read(frame.data):
                    if type(event) is not BarMessage:
                        self._other(connection, event)
                    elif handler.on_bar(event, epoch, now):
                        last_bar = self.last_data = now
                        self._bad_in_a_row = 0
            else:
                self._control(connection, frame.opcode, frame.data, up.pinger)
            if now >= next_check:
                next_check = now + _CHECK_EVERY
                self._check(connection, up, now, last_bar)

    def _check(self, connection: Connection, up: _Up, now: float, last_bar: float) -> None:
        """What is looked at every now and then while a connection is up."""
        if self._stop.is_set():
            connection.close(timeout=CLOSE_TIMEOUT)
            raise ConnectionLost("stopped")
        if _slept() - up.slept > _LONG_PAUSE:
            raise ConnectionLost("suspended", f"this machine slept for {_slept() - up.slept:.0f} s")
        up.pinger.check(connection, now)
        if now - last_bar > self._options.idle_limit:
            raise ConnectionLost("data_idle", f"no bar for {now - last_bar:.0f} s")
        if self._resubscribe.is_set():
            self._subscribe(connection, str(next(_request_ids)))
            self._handler.on_resubscribed()
        if last_bar > up.started:
            self._plan.accepted()
            if not up.proven and now - up.started >= self._options.reset_after:
                up.proven = True
                self._plan.proven()
        if not up.rested and now - up.started >= self._options.primary_after:
            up.rested = True
            self._plan.rested()
        self._handler.on_turn(now)

    def _control(self, connection: Connection, opcode: int, data: bytes, pinger: _Pinger) -> None:
        if opcode == PONG:
            if not pinger.answered(data):
                self.counters["stray_pongs"] += 1
        elif opcode == PING:
            connection.pong(data)
        elif opcode == CLOSE:
            raise self._closed(connection, data)
        else:
            self.counters["binary_frames"] += 1
            if data.lstrip()[:1] in (b"{", b"["):  # a message all the same, though it is not read
                self._handler.on_malformed(Malformed("binary", "a binary message"))

    def _closed(self, connection: Connection, data: bytes) -> ConnectionLost:
        code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else 1005
        with contextlib.suppress(ConnectionLost):
            connection.close(code if len(data) >= 2 else 1000, timeout=0)
        words = one_line(data[2:100].decode("utf-8", "replace"))
        return ConnectionLost(f"closed_{code}", words, kind=self._options.close_kind(code))

    def _other(self, connection: Connection, event: object) -> None:
        if isinstance(event, Malformed):
            self._handler.on_malformed(event)
            self.counters[event.what] += 1
            if not self._bad_in_a_row:
                self._bad_since = time.monotonic()
            self._bad_in_a_row += 1
            if self.counters[event.what] <= 10:
                self._log.warning("%s: %s", event.what, self._redact(event.why))
            if self._bad_in_a_row >= _MOST_BAD:
                self._bad_in_a_row = 0
                if time.monotonic() - self._bad_since < _FLOOD:  # slower ones may be heartbeats of some kind
                    raise ConnectionLost("bad_flood", f"{_MOST_BAD} messages in a row could not be used")
        elif isinstance(event, ServerError):
            self.counters[f"server_errors.{classify_error(event.message) or 'other'}"] += 1
            self.last_error = self._redact(event.message)
            self._log.warning("the server says: %s", self.last_error)
        elif isinstance(event, Reply):
            connection.send_text(event.text)
        elif isinstance(event, Acknowledged):
            self.counters["repeated_acks"] += 1
        elif isinstance(event, Ignored):
            self.counters["ignored_messages"] += 1


_request_ids: Final = itertools.count(2)


class _Up:
    """What is remembered of a connection while it is up."""

    def __init__(self, now: float, options: WebSocketOptions) -> None:
        self.started = now
        self.slept = _slept()
        self.proven = False
        self.rested = False
        self.pinger = _Pinger(options.ping_interval, options.pong_timeout, now)


def _slept() -> float:
    """Seconds that this machine was asleep since it was started: in them the monotonic clock stands still (Linux)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic() if hasattr(time, "CLOCK_BOOTTIME") else 0.0


def shown(url: str) -> str:
    """An address without its query, which may hold what nobody else is to read."""
    address, mark, _ = url.partition("?")
    return f"{address}?…" if mark else address


class _Redactor:
    """Takes a secret out of texts, also where it was cut short or escaped: any eight of its characters in a row."""

    def __init__(self, *secrets_: str) -> None:
        known = [secret for secret in secrets_ if secret]
        self._size = size = min((8, *map(len, known))) if known else 0
        self._parts: set[str] = set()
        for secret in known:
            forms = {secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], repr(secret.encode())[2:-1]}
            self._parts |= {form[at : at + size] for form in forms for at in range(len(form) - size + 1)}

    def __call__(self, text: str) -> str:
        if not self._size:
            return text
        shown, at = "", 0
        while at < len(text):
            end = at
            while text[end : end + self._size] in self._parts:
                end += 1
            hidden = end > at
            shown += "***" if hidden else text[at]
            at = end + self._size - 1 if hidden else at + 1
        return shown


class _Pinger:
    """Sends a ping of its own every so often, and gives a connection up that does not answer that very one."""

    def __init__(self, interval: float, timeout: float, now: float) -> None:
        self._interval = interval
        self._timeout = timeout
        self._sent_at = now
        self._payload: bytes | None = None

    def check(self, connection: Connection, now: float) -> None:
        if self._payload is not None:
            if now - self._sent_at > self._timeout:
                raise ConnectionLost("pong_timeout", f"no answer to a ping for {now - self._sent_at:.0f} s")
        elif now - self._sent_at >= self._interval:
            self._payload = secrets.token_bytes(8)
            self._sent_at = now
            connection.ping(self._payload)

    def answered(self, payload: bytes) -> bool:
        if payload != self._payload:
            return False
        self._payload = None
        return True
