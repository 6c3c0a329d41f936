"""The legacy client, a thin face over a session of wealthsources."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Final

from engine.python_sdk._link import Link
from engine.python_sdk.exceptions import WebSocketConnectionError, WebSocketSubscriptionError
from wealthsources import ForkLock, PacedLogger, WealthSourcesError
from wealthsources_websocket.protocols.wealthai import DEFAULT_ENDPOINT, DEFAULT_MARKET_TYPE

_SETTINGS: Final = ("endpoint", "csrf_token", "market_type", "symbols", "resolutions")


class ConnectionState(Enum):
    """How the connection is. CONNECTED: the server has acknowledged the subscription."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    ERROR = "error"


class WebSocketClient:
    """Keeps one subscription alive, and feeds `get_websocket_cache()` with its bars.

    The client never gives up: it connects again for ever, with growing, random delays, and to the fallback ports of
    the default endpoint. `max_reconnect_attempts` and `reconnect_delay_base` are accepted and change nothing.

    csrf_token  empty: $WEBSOCKET_CSRF_TOKEN
    symbols, resolutions  lists, or one text with commas

    Its session is the process-wide one, which `wealthdata` reads, unless another client's is. If a deployment has
    opened one already, the client drives its first websocket source, with the settings of the deployment.
    """

    def __init__(
        self,
        endpoint: str | None = DEFAULT_ENDPOINT,
        csrf_token: str | None = "",
        market_type: str | None = DEFAULT_MARKET_TYPE,
        symbols: Sequence[str] | str | None = None,
        resolutions: Sequence[str] | str | None = None,
        max_reconnect_attempts: int = 3,
        reconnect_delay_base: float = 1.0,
    ) -> None:
        self.endpoint = endpoint or DEFAULT_ENDPOINT
        self.csrf_token = csrf_token or os.environ.get("WEBSOCKET_CSRF_TOKEN", "")
        self.market_type = market_type or DEFAULT_MARKET_TYPE
        self.symbols = names(symbols)
        self.resolutions = names(resolutions)
        self.max_reconnect_attempts = max_reconnect_attempts
        self.reconnect_delay_base = reconnect_delay_base
        self._lock = ForkLock()
        self._link: Link | None = None
        self._state = ConnectionState.DISCONNECTED  # while there is no session
        self._told = ConnectionState.DISCONNECTED
        self._error: str | None = None
        self._callback: Callable[[ConnectionState], None] | None = None
        self._log = PacedLogger("engine.python_sdk")

    # life ------------------------------------------------------------------------------------------------------

    def connect(self) -> None:
        """Begin to connect, without waiting for it. Does nothing if that is under way or done.

        Raises WebSocketConnectionError if there is nothing to connect with.
        """
        with self._lock:
            if self._link is not None and self._link.alive:
                return
            try:
                link = self._link = Link({name: getattr(self, name) for name in _SETTINGS})
                self._tell(self.get_state())
                if self._link is link:  # else the callback has disconnected
                    link.follow(self._on_state)
            except WealthSourcesError as error:
                self._let_go(ConnectionState.ERROR, str(error))
                raise WebSocketConnectionError(f"Failed to connect: {error}") from error

    def disconnect(self) -> None:
        """End the connection within 3 s, in any state. A session that somebody else opened goes on."""
        with self._lock:
            self._let_go(ConnectionState.DISCONNECTED, self.get_last_error())

    def _let_go(self, state: ConnectionState, error: str | None) -> None:
        # Under the lock: who connects next must not meet a session that is about to stop.
        link, self._link = self._link, None
        self._state, self._error = state, error
        if link is not None:
            link.close()
        self._tell(state)

    def update_subscription(self, symbols: Sequence[str] | str, resolutions: Sequence[str] | str) -> None:
        """Subscribe to these from now on, on this connection and all later ones.

        Raises WebSocketSubscriptionError, and changes nothing, if they make no sense.
        """
        wanted = names(symbols), names(resolutions)
        with self._lock:
            if self._link is not None:
                try:
                    self._link.source.update_subscription(*wanted)
                except WealthSourcesError as error:
                    raise WebSocketSubscriptionError(f"Failed to update subscription: {error}") from error
            self.symbols, self.resolutions = wanted

    def reconfigure(self, **given: Any) -> None:
        """Apply those of endpoint, csrf_token, market_type, symbols and resolutions that are given and not empty.

        Another endpoint, token or market type begins a new connection. Errors as `connect`, `update_subscription`.
        """
        wanted = {name: names(value) if name in _SETTINGS[3:] else value for name, value in given.items() if value}
        changed = {name: value for name, value in wanted.items() if value != getattr(self, name)}
        running = self._link is not None
        if self._link is not None and self._link.alive and not changed.keys() & set(_SETTINGS[:3]):
            if changed:
                self.update_subscription(
                    changed.get("symbols", self.symbols), changed.get("resolutions", self.resolutions)
                )
            return
        if running:
            self.disconnect()
        for name, value in changed.items():
            setattr(self, name, value)

    # state -----------------------------------------------------------------------------------------------------

    def get_state(self) -> ConnectionState:
        """The state of the connection; while there is none, what `set_state` said."""
        link = self._link
        if link is None:
            return self._state
        state = link.status.state
        if state in ("disconnected", "not started"):
            return ConnectionState.CONNECTING if link.alive else ConnectionState.DISCONNECTED
        return _legacy(state)

    def set_state(self, new_state: ConnectionState) -> None:
        """Set the state of a client that has no connection; that of one which has is the connection's own."""
        with self._lock:
            if self._link is not None:
                self._log.debug("the state %s is not set: the connection has its own", new_state.value)
                return
            self._state = new_state
        self._tell(new_state)

    def get_last_error(self) -> str | None:
        """What went wrong last, None if nothing did. It stays when the connection is up again."""
        link = self._link
        return (link.status.last_error if link is not None else None) or self._error

    def get_subscription(self) -> tuple[list[str], list[str]]:
        """Symbols and resolutions: those of the running source, else those that are set."""
        link = self._link
        if link is None:
            return list(self.symbols), list(self.resolutions)
        capabilities = link.source.capabilities
        return list(capabilities.symbols or ()), list(capabilities.timeframes or ())

    def set_on_state_change(self, callback: Callable[[ConnectionState], None] | None) -> None:
        """Call `callback(state)` when the state changes: on the session's thread, or on that of the one who changes it.

        Never on the thread that reads the connection.
        """
        self._callback = callback

    def _on_state(self, state: str) -> None:
        self._tell(_legacy(state))

    def _tell(self, state: ConnectionState) -> None:
        if state is self._told:
            return
        self._told = state
        callback = self._callback
        if callback is None:
            return
        try:
            callback(state)
        except Exception:  # noqa: BLE001 - a stranger's code
            self._log.exception("the state change callback failed on %s", state.value)


def _legacy(state: str) -> ConnectionState:
    """A source's state under the legacy names; what these do not know, `auth_failed`, is an error."""
    with contextlib.suppress(ValueError):
        return ConnectionState(state)
    return ConnectionState.ERROR


def names(value: Sequence[str] | str | None) -> list[str]:
    """A list of names; a text is split at its commas."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [str(name) for name in value or ()]


# the client of this process ------------------------------------------------------------------------------------

_client: WebSocketClient | None = None
_client_lock = ForkLock()


def get_websocket_client() -> WebSocketClient | None:
    """The client of this process, None if there is none."""
    return _client


def initialize_websocket_client(
    endpoint: str | None = None,
    csrf_token: str | None = None,
    market_type: str | None = None,
    symbols: Sequence[str] | str | None = None,
    resolutions: Sequence[str] | str | None = None,
) -> WebSocketClient:
    """The client of this process, connecting if it has symbols and resolutions.

    What is not given, or empty, keeps its default; in a second call, what it was. A second call applies what is given.
    Raises WebSocketConnectionError, WebSocketSubscriptionError.
    """
    global _client  # noqa: PLW0603 - one per process is what it is
    with _client_lock:
        if _client is None:
            _client = WebSocketClient(endpoint, csrf_token, market_type, symbols, resolutions)
        else:
            _client.reconfigure(
                endpoint=endpoint,
                csrf_token=csrf_token,
                market_type=market_type,
                symbols=symbols,
                resolutions=resolutions,
            )
        if _client.symbols and _client.resolutions:
            _client.connect()
        return _client


def shutdown_websocket_client() -> None:
    """Disconnect the client of this process and forget it. Harmless if there is none."""
    global _client
    with _client_lock:
        client, _client = _client, None
        if client is not None:
            client.disconnect()
