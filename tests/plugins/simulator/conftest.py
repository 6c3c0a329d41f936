"""What the simulator's tests share: markets, servers, and clients that show every bit."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trustme

from wealthsources_simulator import Market, MarketServer

from ...support.tls import client_context, server_context
from .clients import Client


@pytest.fixture
def market() -> Market:
    return Market.made(("BTCUSDT", "ETHUSDT"), bars=20, updates=2)


@pytest.fixture
def serve(market: Market) -> Iterator[Callable[..., MarketServer]]:
    servers: list[MarketServer] = []

    def start(*script: Any, **options: Any) -> MarketServer:
        servers.append(MarketServer(options.pop("market", market), script, **options))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
    assert [failure for server in servers for failure in server.failures] == []
    assert not any(thread.name.startswith(("connection ", "market ")) for thread in threading.enumerate())


@pytest.fixture
def client() -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def connect(server: MarketServer, **options: Any) -> Client:
        clients.append(Client(server, **options))
        return clients[-1]

    yield connect
    for one in clients:
        one.close()


@pytest.fixture
def joined(serve: Any, client: Any) -> Callable[..., Client]:
    """A client that was acknowledged by a server with this script."""

    def join(*script: Any, subscription: Any = None, **options: Any) -> Client:
        one: Client = client(serve(*script, **options))
        one.join(**subscription or {})
        return one

    return join


@pytest.fixture(scope="session")
def tls(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server and of a client that trusts it."""
    return server_context(authority, "localhost"), client_context(authority)
