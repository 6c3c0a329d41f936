"""The sample file, and market servers on this machine that are stopped after the test."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from wealthsources_simulator import Market, MarketServer

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "examples" / "data" / "BTCUSDT" / "1h.csv"
#: The columns that such a file must have.
HEADER = "open_time,open,high,low,close,volume"
#: The sample as a path with places for symbol and timeframe, as the file plugin takes it.
ARCHIVE = str(ROOT / "examples" / "data" / "{symbol}" / "{timeframe}.csv")


@contextlib.contextmanager
def market_servers(**defaults: Any) -> Iterator[Callable[..., MarketServer]]:
    """start(**options): a market server that plays the sample's hours; nothing by itself unless told otherwise."""
    running: list[MarketServer] = []

    def start(**options: Any) -> MarketServer:
        settings = {"symbol": "BTCUSDT", "timeframe": "1h", "manual": True, **defaults, **options}
        server = MarketServer.from_csv(SAMPLE, **settings)
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


@contextlib.contextmanager
def fault_servers(**defaults: Any) -> Iterator[Callable[..., MarketServer]]:
    """start(*script, **options): a server that does as its script says, connection by connection.

    `make_market` makes the market of those that are given none.

    When they have been stopped, no script may have failed.
    """
    servers: list[MarketServer] = []

    def start(*script: Any, market: Market | None = None, **options: Any) -> MarketServer:
        settings = defaults | options
        made = settings.pop("make_market", Market.made)
        servers.append(MarketServer(market or made(), script, **settings))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
    assert [failure for server in servers for failure in server.failures] == []
