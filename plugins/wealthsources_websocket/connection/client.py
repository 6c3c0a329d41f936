"""The client: one thread that connects, subscribes, reads and, when a connection is lost, begins again.

Nothing but `stop` ends the thread. A connection that is to be replaced though it lives is read until the next one, made
beside it by another thread, takes over: when that is, `Succession` says.
"""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Final

from wealthsources import ConfigError, ForkLock, Shard, call_in_child
from wealthsources_websocket.connection.conversation import Conversation, Setting
from wealthsources_websocket.connection.credential import no_credential, read_credential
from wealthsources_websocket.connection.door import Door
from wealthsources_websocket.connection.flood import FloodWatch
from wealthsources_websocket.connection.policies import DEFAULT_POLICIES, Policies
from wealthsources_websocket.connection.reconnect import ConnectPlan
from wealthsources_websocket.connection.redact import redact_url
from wealthsources_websocket.connection.renewal import Candidate, Renewal
from wealthsources_websocket.connection.succession import Succession
from wealthsources_websocket.connection.tapped import TappedConnection
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.protocols.base import Malformed
from wealthsources_websocket.token_rules import SHORTEST
from wealthsources_websocket.transport.tls import tls_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Sequence

    from wealthsources import FrameTap, ShardState
    from wealthsources_websocket.connection.handler import Handler, Log
    from wealthsources_websocket.options import WebSocketOptions
    from wealthsources_websocket.protocols.base import BarMessage, Protocol, Series
    from wealthsources_websocket.transport.base import Connection

_THREAD: Final = "wealthsources-websocket"
_SHORT: Final = "%s has fewer than %d characters: it is taken out of the log only where it stands alone"
_MOMENT: Final = 0.1
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
        tap: FrameTap | None = None,
    ) -> None:
        """`tap` is told of the frames of each connection."""
        spell = functools.partial(options.spell, protocol=protocol)
        super().__init__(number, series, spell, redact_url(options.endpoint))
        self.since = policies.monotonic()
        self._options = options
        self._handler = handler
        self._tap = tap
        self._log = logger
        self._policies = policies
        self._monotonic = policies.monotonic
        self._stop = threading.Event()
        self._resubscribe = threading.Event()
        backoff = policies.backoff(options.backoff_base, options.backoff_cap)
        self._plan = ConnectPlan(options.endpoints, backoff, policies.budget, options.connects_per_minute)
        may_be_quiet = not protocol.pushes_quiet_minutes
        self._succession = Succession(
            self,
            handler,
            self._plan,
            policies,
            logger,
            self._begin_renewal,
            may_be_quiet=may_be_quiet,
            alone=protocol.limits.alone,
        )
        flood = FloodWatch(policies.most_malformed, policies.flood_time)
        look, stop, again = self._succession.look, self._stop, self._resubscribe
        self._setting = Setting(options, protocol, handler, policies, logger, self._plan, flood, stop, again, look)
        self._failed_attempts = 0  # since it was last connected
        self._states_told: set[ShardState] = set()  # in the log, since then
        self._credential = no_credential()
        self._lock = ForkLock()
        self._connection: Connection | None = None
        self._thread: threading.Thread | None = None
        self._tls: ssl.SSLContext | None = None
        call_in_child(self, Client._leave_to_parent)

    # life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to connect, without waiting for it. Raises ConfigError if certificates or token cannot be read."""
        self._credential = read_credential(self._options, self._credential, at_start=True)
        with self._lock:
            if self._thread is not None or self._stop.is_set():
                return
            name, length = self._setting.protocol.credential_name, len(self._credential.text)
            if name and not length:
                self._log.warning("no %s is set; an empty one is sent", name)
            if 0 < length < SHORTEST:
                self._log.warning(_SHORT, name, SHORTEST)
            if any(url.startswith(("wss://", "https://")) for url in self._options.endpoints):
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
        self._succession.ask_to_stop()

    def stop(self, deadline: float | None = None) -> None:
        """End the connection and the thread by `deadline`, monotonic, or within 3 s; in any state."""
        if deadline is None:
            deadline = self._monotonic() + self._policies.stop_limit
        self.ask_to_stop()
        with self._lock:
            thread = self._thread
        if thread is None or thread is threading.current_thread():
            return
        thread.join(max(0.0, min(self._policies.close_timeout + 1.0, deadline - self._monotonic())))
        connection = self._connection
        if thread.is_alive() and connection is not None:
            connection.abort()
        thread.join(max(0.0, deadline - self._monotonic()))
        self._succession.drop(max(0.0, deadline - self._monotonic()))

    def _leave_to_parent(self) -> None:
        """In a forked child: the thread is not there, the connection is not ours to end, and nothing is to begin."""
        self._thread = self._connection = None
        self._succession.forget()
        self._stop = threading.Event()
        self._stop.set()
        self._resubscribe = threading.Event()

    def shown(self, text: str) -> str:
        """A text of the server's, fit to be shown: without the token, short, one line."""
        return super().shown(self._credential.redact(text))

    def update_series(self, series: Sequence[Series], options: WebSocketOptions | None = None) -> None:
        """Subscribe to something else, on this connection and on all later ones. `options` spell it, if not the old."""
        if options is not None:
            self.spell = functools.partial(options.spell, protocol=self._setting.protocol)
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
        self._succession.drop()
        self._set_state("disconnected", "stopped")

    def _wait_after(self, lost: ConnectionLost) -> None:
        if self._stop.is_set():
            return
        self.last_error = f"{self.endpoint}: {self._credential.redact(str(lost))}"
        delay = self._plan.lost(lost, self._monotonic())
        if self._succession.renewal is not None:
            delay = 0.0  # the next one is being made already
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
        """Connect and read, on whatever connections follow one another without a break, until one is lost."""
        renewal = self._succession.renewal  # made beside the one that was lost, and not there in time
        try:
            conversation = self._connect() if renewal is None else self._await(renewal)
            while True:
                conversation = self._read(conversation)
        except ConnectionLost as lost:
            self._let_go(lost.close_code)
            raise
        finally:
            self._let_go()

    def _connect(self) -> Conversation:
        self._wait_for_turn()
        url = self._plan.current
        self._say_connecting(url)
        self.counters["attempts"] += 1
        self._read_token()
        deadline = self._monotonic() + self._options.connect_timeout
        self._connection = self._dial(url, self._stop)
        conversation = Conversation(self._setting, self, self._connection, self._credential)
        early = conversation.subscribe(deadline)
        self._plan.use(url)
        self._begin_epoch(self._monotonic(), "")
        self._pass_on((event, self.acknowledged_at) for event in early)
        return conversation

    def _say_connecting(self, url: str) -> None:
        self.endpoint = redact_url(url)
        if not self._plan.refused:  # a probe with a credential that was turned down is no news
            self._set_state("reconnecting" if self.epoch else "connecting", "")

    def _dial(self, url: str, stop: threading.Event) -> Connection:
        door = Door(self._options, self._setting.protocol, self._policies, self._tls, self._credential.redact.hide)
        connection = door.open(url, tuple(map(self.spelled, self.series)), stop)
        if self._tap is None:
            return connection
        return TappedConnection(connection, self._tap(self.number, self._credential.redact))

    def _let_go(self, close_code: int | None = None) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            if close_code is not None:
                connection.close(close_code, timeout=0)
            connection.drop()

    def _pass_on(self, events: Iterable[tuple[BarMessage | Malformed, float]]) -> None:
        """Give the handler what came, with its monotonic times: what was lost makes the bar before it uncertain."""
        for event, at in events:
            if isinstance(event, Malformed):
                self._handler.on_malformed(self, event)
            elif self._handler.on_bar(self, event, at):
                self.last_data = max(at, self.last_data or at)

    # one connection after another ------------------------------------------------------------------------------

    def _begin_renewal(self, reason: str) -> Renewal:
        """Have another connection made beside the one in use. Raises ConnectionLost if there is no token to send."""
        url = self._plan.current
        self._log.info("%s: the next connection is made beside this one (%s)", reason, redact_url(url))
        self.counters["attempts"] += 1
        self._read_token()
        candidate = Candidate(self, redact_url(url), self._credential.redact)
        renewal = Renewal(self._setting, candidate, reason, url, self._credential, self._dial)
        renewal.start()
        return renewal

    def _read(self, conversation: Conversation) -> Conversation:
        """Read until another connection takes over. Returns what is said there. Raises ConnectionLost if none does."""
        lost: ConnectionLost | None = None
        try:
            conversation.read()
            renewal = self._succession.renewal
        except ConnectionLost as error:
            lost, renewal = error, self._succession.stands_by(error)
        following = None if renewal is None else renewal.release()
        if renewal is None or following is None:
            if lost is not None:
                raise lost
            return conversation  # the other one is lost just now, which `Succession.look` finds
        if lost is not None:
            self._note_loss(lost)
        else:
            self._let_go(1000)
        self._take_over(renewal, following, renewal.reason if lost is None else lost.reason)
        return following

    def _await(self, renewal: Renewal) -> Conversation:
        """Wait for a connection that was made beside one that is lost by now."""
        self._say_connecting(renewal.url)
        while not renewal.settled.wait(_MOMENT):
            if self._stop.is_set():
                raise ConnectionLost("stopped")
        following = renewal.release()
        if following is None:
            self._succession.drop()
            self.counters.update(renewal.shard.counters)
            raise renewal.lost or ConnectionLost("stopped")
        self._take_over(renewal, following, renewal.reason)
        return following

    def _note_loss(self, lost: ConnectionLost) -> None:
        """A connection is lost, and another is there already."""
        self._let_go(lost.close_code)
        self.last_error = f"{self.endpoint}: {self._credential.redact(str(lost))}"
        self._log.warning("%s; the next connection is there", self.last_error)
        self.counters[f"lost.{lost.reason}"] += 1

    def _take_over(self, renewal: Renewal, conversation: Conversation, reason: str) -> None:
        """Go on with a connection that was made beside the old one, which is let go of by now."""
        now, shard = self._monotonic(), renewal.shard
        forming = self._handler.forming_bars(self, now)  # while the old connection vouches for them
        text = "%s: the connection that was made beside the old one takes over (%s)"
        self._log.info(text, reason, shard.endpoint, extra=_AT_ONCE)
        self._connection = renewal.connection
        shard.give_to(self)
        self._plan.use(renewal.url)
        self._succession.took_over(renewal, now)
        conversation.change_to(self._setting, self)
        self._begin_epoch(renewal.acknowledged_at or now, reason)
        self._pass_on(renewal.held.take(forming))

    def _begin_epoch(self, acknowledged_at: float, reason: str) -> None:
        """Another connection is in use, acknowledged at that moment; for a reason, if it took the place of another."""
        follows = self.state == "connected"
        if follows:
            self.reconnects_by_reason[reason] += 1
            self.counters["takeovers"] += 1
        self.epoch += 1
        self.acknowledged_at = acknowledged_at
        if follows:
            self.since = self._monotonic()
            self._handler.on_state(self, "connected", reason)
        else:
            self._set_state("connected", "")

    def _read_token(self) -> None:
        before, self._credential = self._credential, read_credential(self._options, self._credential)
        if self._credential is not before:
            self._plan.accepted()  # a new one has not been refused yet

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
