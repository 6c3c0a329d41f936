"""The client: one thread that connects, subscribes, reads and, when a connection is lost, begins again.

Nothing but `stop` ends the thread.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from wealthsources import ConfigError, ForkLock, Shard, call_in_child
from wealthsources_websocket.connection.conversation import Conversation, Setting
from wealthsources_websocket.connection.flood import FloodWatch
from wealthsources_websocket.connection.policies import DEFAULT_POLICIES, Policies
from wealthsources_websocket.connection.reconnect import ConnectPlan
from wealthsources_websocket.connection.redact import Redactor, redact_url
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.protocols.base import Malformed
from wealthsources_websocket.token_rules import SHORTEST, BadToken
from wealthsources_websocket.transport.tls import tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from wealthsources import ShardState
    from wealthsources_websocket.connection.handler import Handler, Log
    from wealthsources_websocket.options import WebSocketOptions
    from wealthsources_websocket.protocols.base import Protocol, Series
    from wealthsources_websocket.transport.base import Connection

_THREAD: Final = "wealthsources-websocket"
_SHORT: Final = "csrf_token has fewer than %d characters: it is taken out of the log only where it stands alone"
_AT_ONCE: Final = {"at_once": True}  # said whatever has been said just now


class Client(Shard):
    """Keeps one shard alive. `start` once; `stop` from any thread, any number of times."""

    def __init__(
        self,
        options: WebSocketOptions,
        protocol: Protocol,
        series: Sequence[Series],
        handler: Handler,
        logger: Log,
        policies: Policies = DEFAULT_POLICIES,
        number: int = 0,
    ) -> None:
        super().__init__(number, series, protocol.spell, redact_url(options.endpoint))
        self.since = policies.monotonic()
        self._options = options
        self._handler = handler
        self._log = logger
        self._policies = policies
        self._monotonic = policies.monotonic
        self._stop = threading.Event()
        self._resubscribe = threading.Event()
        backoff = policies.backoff(options.backoff_base, options.backoff_cap)
        self._plan = ConnectPlan(options.endpoints, backoff, policies.budget, options.connects_per_minute)
        flood = FloodWatch(policies.most_malformed, policies.flood_time)
        self._setting = Setting(
            options, protocol, handler, policies, logger, self._plan, flood, self._stop, self._resubscribe
        )
        self._failed_attempts = 0  # since it was last connected
        self._states_told: set[ShardState] = set()  # in the log, since then
        self._token = ""
        self._redact = Redactor("")
        self._lock = ForkLock()
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None
        self._tls: ssl.SSLContext | None = None
        call_in_child(self, Client._leave_to_parent)

    # life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect, without waiting for it. Raises ConfigError if certificates or token cannot be read."""
        self._read_token()
        with self._lock:
            if self._thread is not None or self._stop.is_set():
                return
            credential = self._setting.protocol.credential_name
            if credential and not self._token:
                self._log.warning("no %s is set; an empty one is sent", credential)
            if 0 < len(self._token) < SHORTEST:
                self._log.warning(_SHORT, SHORTEST)
            if any(url.startswith("wss://") for url in self._options.endpoints):
                self._tls = self._make_tls()
            name = f"{_THREAD}-{self.number}" if self.number else _THREAD
            self._thread = threading.Thread(target=self._run, name=name, daemon=True)
            self._thread.start()

    def _make_tls(self) -> ssl.SSLContext:
        try:
            return tls_context(self._options.ca_file, self._options.tls_minimum)
        except OSError as error:
            raise ConfigError(f"ca_file {self._options.ca_file}: {error.strerror or error}") from error

    def ask_to_stop(self) -> None:
        """Have the thread end soon, without waiting for it."""
        self._stop.set()

    def stop(self, deadline: float | None = None) -> None:
        """End the connection and the thread by `deadline`, monotonic, or within 3 s; in any state."""
        if deadline is None:
            deadline = self._monotonic() + self._policies.stop_limit
        self._stop.set()
        with self._lock:
            thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(max(0.0, min(self._policies.close_timeout + 1.0, deadline - self._monotonic())))
        connection = self._connection
        if thread.is_alive() and connection is not None:
            connection.abort()
        thread.join(max(0.0, deadline - self._monotonic()))

    def _leave_to_parent(self) -> None:
        """In a forked child: the thread is not there, the connection is not ours to end, and nothing is to begin."""
        self._thread = self._connection = None
        self._stop = threading.Event()
        self._stop.set()
        self._resubscribe = threading.Event()

    def shown(self, text: str) -> str:
        """A text of the server's, fit to be shown: without the token, short, one line."""
        return super().shown(self._redact(text))

    def update_series(self, series: Sequence[Series]) -> None:
        """Subscribe to something else, on this connection and on all later ones."""
        self.take_series(series)
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
        self.last_error = f"{self.endpoint}: {self._redact(str(lost))}"
        delay = self._plan.lost(lost, self._monotonic())
        # In this order: what is counted has been told, and what a state tells is counted.
        self._log.warning("%s; next attempt in %.1f s", self.last_error, delay)
        self.counters[f"lost.{lost.reason}"] += 1
        if self.state == "connected":
            self.reconnects_by_reason[lost.reason] += 1
        else:
            self._failed_attempts += 1
        if self._plan.refused:
            self._set_state("auth_failed", self.last_error)
        else:
            self._set_state("reconnecting" if self.epoch and lost.kind != "fatal" else "error", self.last_error)
        self._stop.wait(delay)

    def _one_connection(self) -> None:
        self._wait_for_turn()
        url = self._plan.current
        self.endpoint = redact_url(url)
        if not self._plan.refused:  # a probe with a credential that was turned down is no news
            self._set_state("reconnecting" if self.epoch else "connecting", "")
        self.counters["attempts"] += 1
        self._read_token()
        deadline = self._monotonic() + self._options.connect_timeout
        connection = self._connection = self._dial(url)
        try:
            self._converse(Conversation(self._setting, self, connection, self._token, self._redact), deadline)
        except ConnectionLost as lost:
            if lost.close_code is not None:
                connection.close(lost.close_code, timeout=0)
            raise
        finally:
            self._connection = None
            connection.drop()

    def _dial(self, url: str) -> Connection:
        options = self._options
        try:
            proxy = options.proxy_for(url)
        except ValueError as error:  # what the environment says; it never holds the value
            raise ConnectionLost("proxy_error", f"the proxy of the environment {error}") from None
        return self._policies.dial(url, options.connect_timeout, self._stop, options.max_message, self._tls, proxy)

    def _converse(self, conversation: Conversation, deadline: float) -> None:
        early = conversation.subscribe(deadline)
        self.epoch += 1
        self.acknowledged_at = self._monotonic()
        self._set_state("connected", "")
        for event in early:  # in their order: what was lost makes the bar before it uncertain
            if isinstance(event, Malformed):
                self._handler.on_malformed(self, event)
            else:
                self._handler.on_bar(self, event, self.acknowledged_at)
        conversation.read()

    def _read_token(self) -> None:
        """The token as it is now: a file or a function may have a new one."""
        name = self._options.csrf_token_file
        what = f"csrf_token_file {name}" if name else "csrf_token"
        try:
            token = self._options.read_token()
        except Exception as error:  # noqa: BLE001 - a function of the deployment's may raise anything
            # Not the text of others' errors: it may hold the token.
            why = str(error) if isinstance(error, BadToken) else f"cannot be read: {type(error).__name__}"
            if self._thread is None:
                said = f": {error.strerror}" if name and isinstance(error, OSError) else f" {why}"
                raise ConfigError(what + said) from None
            raise ConnectionLost("token", f"{what} {why}") from None
        if token != self._token:
            self._plan.accepted()  # a new one has not been refused yet
            self._redact = Redactor(token, self._token)
            self._token = token

    def _wait_for_turn(self) -> None:
        said = False
        while not self._stop.is_set():
            wait = self._plan.attempt(self._monotonic())
            if wait <= 0:
                return
            if not said:
                said = True
                self._log.warning(
                    "the host asked for a rest, or was connected to %d times in a minute (connects_per_minute); "
                    "waiting %.1f s",
                    self._options.connects_per_minute,
                    wait,
                )
                self.counters["budget_waits"] += 1
            self._stop.wait(wait)
        raise ConnectionLost("stopped")

    def _set_state(self, state: ShardState, reason: str) -> None:
        if state == self.state:
            return
        if "connected" in (state, self.state):
            self.since = self._monotonic()  # attempts that fail do not begin the count anew
        self._log_state(state, reason)  # first: who sees the state finds its line
        self.state = state
        self._handler.on_state(self, state, reason)

    def _log_state(self, state: ShardState, reason: str) -> None:
        """Each state once until it is connected again: an outage may last a day."""
        if state == "connected":
            failed, self._failed_attempts = self._failed_attempts, 0
            self._states_told.clear()
            if failed:
                self._log.warning("connected (%s) after %d failed attempts", self.endpoint, failed, extra=_AT_ONCE)
            else:
                self._log.info("connected (%s)", self.endpoint, extra=_AT_ONCE)
        elif state not in self._states_told:
            self._states_told.add(state)
            self._log.info("%s%s", state, f": {reason}" if reason else f" ({self.endpoint})")
