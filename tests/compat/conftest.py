"""Market servers on real sockets, and the legacy SDK as if nobody had used it before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.python_sdk.websocket_cache import set_websocket_cache
from engine.python_sdk.websocket_client import WebSocketClient, shutdown_websocket_client
from wealthsources_simulator import MarketServer

from ..support.live_source import use_policies
from ..support.markets import fault_servers
from ..support.waiting import wait_until

TOKEN = "a-secret-compat-token"
HOUR = 3_600_000


@pytest.fixture(autouse=True)
def _as_new(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No client, an empty cache, a manager without settings; and no thread is left at the end."""
    use_policies(monkeypatch)
    monkeypatch.setattr("engine.python_sdk.websocket_manager._manager", None)
    set_websocket_cache(None)
    before = set(threading.enumerate())
    yield
    shutdown_websocket_client()
    set_websocket_cache(None)
    wait_until(lambda: set(threading.enumerate()) <= before, 5)


@pytest.fixture
def serve() -> Iterator[Callable[..., MarketServer]]:
    """serve(*script, market=None): a server on this machine; the client of the process is stopped before it."""
    with fault_servers(token=TOKEN) as start:
        yield start
        shutdown_websocket_client()


@pytest.fixture
def client(serve: object) -> Iterator[Callable[..., WebSocketClient]]:
    """client(server, **parameters): a client that is not connected yet, disconnected at the end."""
    clients: list[WebSocketClient] = []

    def make(server: MarketServer | None = None, **parameters: Any) -> WebSocketClient:
        if server is not None:
            parameters = {"endpoint": server.url, "csrf_token": TOKEN, **parameters}
        clients.append(WebSocketClient(**{"symbols": ["BTCUSDT"], "resolutions": ["1h"], **parameters}))
        return clients[-1]

    yield make
    for each in clients:
        each.disconnect()


@pytest.fixture
def bar() -> Callable[..., dict[str, Any]]:
    def make(open_time: int, /, close: str = "105.0", **changes: Any) -> dict[str, Any]:
        """A bar dict of the legacy shape, 1000 ms long."""
        values = {"open": "100.0", "high": "110.0", "low": "90.0", "close": close, "volume": "1000.0"}
        return {"open_time": open_time, "close_time": open_time + 1000, **values, **changes}

    return make
