"""The manager: a session behind the few calls of a program that only wants a WebSocket started and stopped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import wealthsources
from wealthsources import ForkLock, RequestError, Session, SourceStatus, WealthSourcesError
from wealthsources_websocket.protocols import DEFAULT, load_protocol
from wealthsources_websocket.source import WebSocketSource

_VARIABLES = {
    "endpoint": "WEBSOCKET_ENDPOINT",
    "csrf_token": "WEBSOCKET_CSRF_TOKEN",
    "market_type": "WEBSOCKET_MARKET_TYPE",
    "symbols": "WEBSOCKET_SYMBOLS",
    "resolutions": "WEBSOCKET_RESOLUTIONS",
}


class WebSocketManager:
    """Starts and stops one live source.

    Settings, strongest first: the arguments of `configure`, the environment (WEBSOCKET_ENDPOINT, _CSRF_TOKEN,
    _MARKET_TYPE, _SYMBOLS, _RESOLUTIONS; lists by comma), the defaults.
    """

    def __init__(self) -> None:
        self._settings: dict[str, Any] = {}
        self._session: Session | None = None
        self._lock = ForkLock()

    def configure(
        self,
        endpoint: str | None = None,
        csrf_token: str | None = None,
        market_type: str | None = None,
        symbols: Sequence[str] | None = None,
        resolutions: Sequence[str] | None = None,
    ) -> None:
        """Set what is given; the rest stays as it was. A running source is told by `update_subscription`."""
        given = {
            "endpoint": endpoint,
            "csrf_token": csrf_token,
            "market_type": market_type,
            "symbols": symbols,
            "resolutions": resolutions,
        }
        with self._lock:
            self._settings.update({name: value for name, value in given.items() if value is not None})

    def _options(self) -> dict[str, Any]:
        """The settings with the environment, read now, behind them."""
        options = {name: os.environ[variable] for name, variable in _VARIABLES.items() if os.environ.get(variable)}
        return {**options, **self._settings}

    def start(self) -> None:
        """Open the process-wide session, with the chain live, then context; or start the one that is open.

        In a forked child, where that of the parent brings nothing: open one like it.
        """
        with self._lock:
            session = wealthsources.current_session()
            if session is None or session.foreign:
                if session is None or session is self._session:
                    session = wealthsources.open(self._config())
                else:
                    session = Session(session.config)
                session.start()
                session.make_current()
                self._session = session
            session.start_live()

    def _config(self) -> dict[str, Any]:
        options = {
            name: list(value) if isinstance(value, tuple | set) else value for name, value in self._options().items()
        }
        return {"sources": [{"name": "live", "plugin": "websocket", "options": options}, {"plugin": "context"}]}

    def stop(self) -> None:
        """Stop the session that `start` opened; one that somebody else opened goes on."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.stop()

    def update_subscription(self) -> None:
        """Subscribe to the symbols and resolutions that are configured now. Raises if nothing is running."""
        source = self._source()
        if source is None:
            raise WealthSourcesError("there is no websocket source to update; call start() first")
        options = self._options()
        source.update_subscription(
            _as_list(options.get("symbols", source.capabilities.symbols)),
            _as_list(options.get("resolutions", source.capabilities.timeframes)),
        )

    def get_status(self) -> dict[str, Any]:
        """{state, last_error, symbols, resolutions, endpoint, epoch, …}: what the source's status has; no waiting.

        Everything in it can be turned into JSON. Before `start` it shows the settings, in the state `disconnected`.
        """
        source = self._source()
        if source is None:
            options = self._options()
            endpoint = load_protocol(DEFAULT)(market=options.get("market_type")).endpoints()[0]
            status = SourceStatus("disconnected", endpoint=options.get("endpoint", endpoint))
            symbols, resolutions = options.get("symbols", ()), options.get("resolutions", ())
        else:
            status = source.status()
            symbols, resolutions = source.capabilities.symbols or (), source.capabilities.timeframes or ()
        return {**status.as_dict(), "symbols": _as_list(symbols), "resolutions": _as_list(resolutions)}

    def is_connected(self) -> bool:
        """Whether the server has acknowledged the subscription on a connection that is up."""
        source = self._source()
        return source is not None and source.status().state == "connected"

    def _source(self) -> WebSocketSource | None:
        session = wealthsources.current_session() or self._session
        if session is None:
            return None
        return next((source for source in session.sources.values() if isinstance(source, WebSocketSource)), None)


def _as_list(value: object) -> list[str]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if isinstance(value, Sequence | set | frozenset):
        return [str(part) for part in value]
    raise RequestError(f"{value!r} is not a list of names")


_manager: WebSocketManager | None = None
_manager_lock = ForkLock()


def get_websocket_manager() -> WebSocketManager:
    """The manager of this process."""
    global _manager  # noqa: PLW0603 - one per process is what it is
    with _manager_lock:
        if _manager is None:
            _manager = WebSocketManager()
        return _manager
