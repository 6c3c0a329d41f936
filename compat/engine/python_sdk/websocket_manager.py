"""The legacy manager, a thin face over the client of this process."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any, Final

import wealthsources
from engine.python_sdk.exceptions import WebSocketSubscriptionError
from engine.python_sdk.websocket_client import (
    ConnectionState,
    get_websocket_client,
    initialize_websocket_client,
    names,
    shutdown_websocket_client,
)
from wealthsources import ForkLock
from wealthsources_websocket.protocols.wealthai import DEFAULT_ENDPOINT, DEFAULT_MARKET_TYPE

_log = logging.getLogger("engine.python_sdk")

_LISTS: Final = ("symbols", "resolutions")
_DEFAULTS: Final = {"endpoint": DEFAULT_ENDPOINT, "csrf_token": "", "market_type": DEFAULT_MARKET_TYPE}


class WebSocketManager:
    """Configures, starts and stops the client of this process; all managers share it.

    Settings, strongest first: what `configure` was given, the environment when `start` is called, the defaults.
    """

    def __init__(self) -> None:
        self._given: dict[str, Any] = {}
        self._lock = ForkLock()

    def load_config_from_env(self) -> dict[str, Any]:
        """The environment as it is now: endpoint, csrf_token, market_type; symbols and resolutions as lists.

        WEBSOCKET_ENDPOINT, WEBSOCKET_CSRF_TOKEN, WEBSOCKET_MARKET_TYPE, WEBSOCKET_SYMBOLS, WEBSOCKET_RESOLUTIONS (lists
        by comma). A variable that is empty counts as none. There is no default token.
        """
        config: dict[str, Any] = {name: _variable(name) or default for name, default in _DEFAULTS.items()}
        return config | {name: names(_variable(name)) for name in _LISTS}

    def configure(
        self,
        endpoint: str | None = None,
        csrf_token: str | None = None,
        market_type: str | None = None,
        symbols: Sequence[str] | str | None = None,
        resolutions: Sequence[str] | str | None = None,
    ) -> None:
        """Set what is given; the rest stays as it was. A client that runs is told by `start`."""
        texts = {"endpoint": endpoint, "csrf_token": csrf_token, "market_type": market_type}
        lists = {"symbols": symbols, "resolutions": resolutions}
        with self._lock:
            self._given.update({name: value for name, value in texts.items() if value})
            self._given.update({name: names(value) for name, value in lists.items() if value is not None})

    def start(self) -> None:
        """Begin to connect, without waiting for it; a client that runs is given the settings there are now.

        Without symbols or resolutions it only warns, unless a session is open already: that one has its own.
        Raises WebSocketConnectionError, WebSocketSubscriptionError for settings that cannot work.
        """
        with self._lock:
            settings = self.load_config_from_env() | self._given
        if not all(settings[name] for name in _LISTS) and wealthsources.current_session() is None:
            _log.warning("no symbols or no resolutions are configured: the WebSocket is not started")
            return
        initialize_websocket_client(**settings).connect()

    def stop(self) -> None:
        """Stop the client, within 3 s in any state. A session that somebody else opened goes on."""
        shutdown_websocket_client()

    def update_subscription(self, symbols: Sequence[str] | str, resolutions: Sequence[str] | str) -> None:
        """Subscribe to these from now on.

        Raises WebSocketSubscriptionError before `start`, and for lists that make no sense.
        """
        client = get_websocket_client()
        if client is None:
            raise WebSocketSubscriptionError("WebSocket client not started; call start() first")
        client.update_subscription(symbols, resolutions)
        self.configure(symbols=symbols, resolutions=resolutions)

    def get_status(self) -> dict[str, Any]:
        """{state, last_error, symbols, resolutions}: what is subscribed to, and None if there was no error."""
        client = get_websocket_client()
        if client is None:
            return {"state": ConnectionState.DISCONNECTED.value, "last_error": None, "symbols": [], "resolutions": []}
        symbols, resolutions = client.get_subscription()
        return {
            "state": client.get_state().value,
            "last_error": client.get_last_error(),
            "symbols": symbols,
            "resolutions": resolutions,
        }

    def is_connected(self) -> bool:
        """Whether the server has acknowledged the subscription on a connection that is up."""
        client = get_websocket_client()
        return client is not None and client.get_state() is ConnectionState.CONNECTED


def _variable(name: str) -> str:
    return os.environ.get(f"WEBSOCKET_{name.upper()}", "")


_manager: WebSocketManager | None = None
_manager_lock = ForkLock()


def get_websocket_manager() -> WebSocketManager:
    """The manager of this process."""
    global _manager  # noqa: PLW0603 - one per process is what it is
    with _manager_lock:
        if _manager is None:
            _manager = WebSocketManager()
        return _manager
