"""Sessions that are recorded: real sockets to a market on this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import wealthsources
from wealthsources_simulator import Market, MarketServer
from wealthsources_websocket.protocols.base import Limits
from wealthsources_websocket.protocols.wealthai import WealthAI

from ...support.live_source import use_policies
from ...support.waiting import wait_until

TOKEN = "tok-0123456789abcdef"
SYMBOLS = ["BTCUSDT", "ETHUSDT"]


class Recorded:
    """A session that is recorded, the market it hears of, and where it is recorded to."""

    def __init__(self, session: wealthsources.Session, server: MarketServer, folder: Path) -> None:
        self.session, self.server, self.folder = session, server, folder

    @property
    def source(self) -> Any:
        return self.session.source("live")

    def play(self, steps: int) -> None:
        """Play so many messages of each series and wait until all of them came."""
        market = self.server.market
        market.play_steps(steps)
        sent = [json.loads(played.text) for played in market.messages_since(0)]
        newest = {each["symbol"]: (each["open_time"], each["volume"]) for each in sent}
        wait_until(lambda: all(self._newest(symbol) == said for symbol, said in newest.items()))

    def _newest(self, symbol: str) -> tuple[int, str] | None:
        bar = self.source.cache.get_latest_bar(symbol, "1h")
        return None if bar is None else (bar.open_time, bar.exact("volume"))

    def cut(self) -> None:
        """Cut every connection, and wait for the next ones."""
        before = self.source.status().reconnects
        self.server.cut()
        wait_until(lambda: self.source.status().reconnects == before + len(SYMBOLS) and self.is_connected)

    @property
    def is_connected(self) -> bool:
        return self.source.status().state == "connected"


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Recorded]]:
    """recorded(**options of the recorder): a live session of two series on a connection each, in a with statement."""
    monkeypatch.setattr(WealthAI, "limits", Limits(series_per_connection=1))
    use_policies(monkeypatch)
    running: list[Recorded] = []

    def start(updates: int = 2, bars: int = 40, market: Market | None = None, **recorder: Any) -> Recorded:
        server = MarketServer(market or Market.made(SYMBOLS, updates=updates, bars=bars), token=TOKEN)
        server.start()
        options = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": SYMBOLS, "resolutions": ["1h"]}
        quick = {"backoff_base": 0.01, "backoff_cap": 0.02, "connects_per_minute": 10_000}
        folder = tmp_path / "recordings"
        config = {
            "clock": "feed",
            "sources": [{"plugin": "websocket", "name": "live", "options": options | quick}],
            "recorder": {"frames": {"folder": str(folder)} | recorder},
        }
        session = wealthsources.open(config)
        session.start()
        running.append(Recorded(session, server, folder))
        session.start_live()
        wait_until(lambda: running[-1].is_connected)
        return running[-1]

    yield start
    for each in running:
        each.session.stop()
        each.server.stop()
