"""Servers that do what a test tells them, byte by byte if need be, and clients that are stopped afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

import wealthsources
from wealthsources import PacedLogger, Shard
from wealthsources_simulator import MarketServer
from wealthsources_websocket.connection.budget import ConnectBudget
from wealthsources_websocket.connection.client import Client
from wealthsources_websocket.connection.policies import Policies
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols.base import BarMessage, Malformed, Protocol

from ...support.bars import HOUR, T0
from ...support.live_source import use_policies
from ...support.markets import fault_servers

TOKEN = "a-secret-token"
Message = Mapping[str, Any]
#: More than any test makes.
MOST_CONNECTIONS = 10_000

#: Quick where the defaults are careful, so that a test waits for nothing but what it is about.
QUICK: dict[str, Any] = {
    "symbols": ["BTCUSDT"],
    "resolutions": ["1h"],
    "csrf_token": TOKEN,
    "backoff_base": 0.01,
    "backoff_cap": 0.02,
    "connects_per_minute": 100_000,
}


class Seen:
    """A handler that keeps what it is told. `wanted` says which bars belong to the subscription."""

    def __init__(self) -> None:
        self.bars: list[BarMessage] = []
        self.bad: list[Malformed] = []
        self.resubscribed = 0
        self.turns = 0
        self.epochs: list[int] = []
        self.states: list[str] = []
        self.reasons: list[str] = []
        self.wanted: Callable[[BarMessage], bool] = lambda bar: True
        self.forming: dict[tuple[str, str], Sequence[tuple[int, float]]] = {}
        self.silent = False

    def on_malformed(self, shard: Shard, malformed: Malformed) -> None:
        self.bad.append(malformed)

    def on_turn(self, shard: Shard, now: float) -> None:
        self.turns += 1

    def on_resubscribed(self, shard: Shard) -> None:
        self.resubscribed += 1

    def on_bar(self, shard: Shard, bar: BarMessage, now: float) -> bool:
        self.bars.append(bar)
        self.epochs.append(shard.epoch)
        return self.wanted(bar)

    def on_state(self, shard: Shard, state: str, reason: str) -> None:
        self.states.append(state)
        self.reasons.append(reason)

    def forming_bars(self, shard: Shard, now: float) -> dict[tuple[str, str], Sequence[tuple[int, float]]]:
        return self.forming

    def is_silent(self, shard: Shard, now: float) -> bool:
        return self.silent

    @property
    def open_times(self) -> list[int]:
        return [bar.open_time for bar in self.bars]


@pytest.fixture
def policies() -> dict[str, Any]:
    """The policies of the clients and sources that a test makes; it may change them before."""
    return {"budget": ConnectBudget()}


@pytest.fixture(autouse=True)
def _budget_of_its_own(monkeypatch: pytest.MonkeyPatch, policies: dict[str, Any]) -> None:
    use_policies(monkeypatch, **policies)


@pytest.fixture
def bar() -> Callable[..., Message]:
    def message(place: int, close: str = "10.5", **changes: Any) -> Message:
        """The BAR message of hour `place`."""
        return {
            "type": "BAR",
            "symbol": "BTCUSDT",
            "timeframe": "1h",
            "open_time": T0 + place * HOUR,
            "close_time": T0 + (place + 1) * HOUR,
            "open": "10.5",
            "high": "12",
            "low": "9",
            "close": close,
            "volume": "3",
        } | changes

    return message


@pytest.fixture
def make_client(policies: dict[str, Any]) -> Iterator[Callable[..., tuple[Client, Seen]]]:
    clients: list[Client] = []

    def make(endpoint: str, protocol: Protocol | None = None, **options: Any) -> tuple[Client, Seen]:
        seen = Seen()
        chosen = WebSocketOptions(endpoint=endpoint, **QUICK | options)
        series = [(symbol, timeframe) for symbol in chosen.symbols for timeframe in chosen.resolutions]
        logger = PacedLogger("wealthsources.source.live")
        clients.append(Client(chosen, protocol or chosen.make_protocol(), series, seen, logger, Policies(**policies)))
        return clients[-1], seen

    yield make
    for client in clients:
        client.stop()
    names = [thread.name for thread in threading.enumerate()]
    assert "wealthsources-websocket" not in names


@pytest.fixture
def start_client(make_client: Callable[..., tuple[Client, Seen]]) -> Callable[..., tuple[Client, Seen]]:
    def start(endpoint: str, **options: Any) -> tuple[Client, Seen]:
        client, seen = make_client(endpoint, **options)
        client.start()
        return client, seen

    return start


@pytest.fixture
def open_session() -> Iterator[Callable[..., wealthsources.Session]]:
    """Opens sessions whose first source is a live one, under the feed's clock unless told otherwise."""
    sessions: list[wealthsources.Session] = []

    def start(endpoint: str, *others: Message, clock: str = "feed", **options: Any) -> wealthsources.Session:
        live = {"name": "live", "plugin": "websocket", "options": {**QUICK, "endpoint": endpoint, **options}}
        session = wealthsources.open({"clock": clock, "on_stale": "mark", "sources": [live, *others]})
        sessions.append(session)
        session.start()
        return session

    yield start
    for session in sessions:
        session.stop()


@pytest.fixture
def serve(make_client: object, open_session: object) -> Iterator[Callable[..., MarketServer]]:
    """serve(script, **options): a server that plays the script to all who connect, and cuts the connection after it.

    Servers end before their clients, so that no client waits for a goodbye.
    """
    with fault_servers() as start:
        yield lambda script, **options: start(*[script] * MOST_CONNECTIONS, **options)


@pytest.fixture
def nowhere(closed_port: int) -> str:
    """An address at which nobody listens."""
    return f"ws://127.0.0.1:{closed_port}/market_data"
