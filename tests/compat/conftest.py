"""Market servers on real sockets, and the legacy SDK as if nobody had used it before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine.python_sdk.websocket_cache import set_websocket_cache
from engine.python_sdk.websocket_client import WebSocketClient, shutdown_websocket_client
from wealthsources_simulator import Market, MarketServer
from wealthsources_websocket.reconnect import ConnectBudget

TOKEN = "a-secret-compat-token"
HOUR = 3_600_000


@pytest.fixture
def wait_until() -> Callable[..., None]:
    def wait(condition: Callable[[], object], timeout: float = 15.0) -> None:
        """Return as soon as `condition()` is true; fail after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, "what the test waits for did not come"
            pause.wait(0.002)

    return wait


@pytest.fixture(autouse=True)
def _as_new(monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]) -> Iterator[None]:
    """No client, an empty cache, a manager without settings; and no thread is left at the end."""
    # The budget is the process's, and all tests connect to this one host.
    monkeypatch.setattr("wealthsources_websocket.client._budget", ConnectBudget())
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
    servers: list[MarketServer] = []

    def start(*script: Any, market: Market | None = None, token: str | None = TOKEN) -> MarketServer:
        servers.append(MarketServer(market or Market.made(), script, token=token))
        servers[-1].start()
        return servers[-1]

    yield start
    shutdown_websocket_client()
    for server in servers:
        server.stop()
    assert [failure for server in servers for failure in server.failures] == []


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
