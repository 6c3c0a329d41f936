"""A market server on a real socket, a session that listens to it, and the bars by rule that it plays."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import wealthsources
from wealthsources_simulator import MarketServer, forming_state

from ..support.bars import HOUR, MONDAY as T0
from ..support.waiting import wait_until

TOKEN = "a-secret-origin-token"

#: Quick where the defaults are careful, so that a test waits for nothing but what it is about.
QUICK: dict[str, Any] = {
    "symbols": ["BTCUSDT"],
    "resolutions": ["1h"],
    "csrf_token": TOKEN,
    "backoff_base": 0.005,
    "backoff_cap": 0.01,
    "connects_per_minute": 100_000,
}


def rule(n: int) -> list[float]:
    """Open, close, high, low of bar number n, which opens n hours after T0."""
    return [100.0 + n, 100.5 + n, 101.0 + n, 99.0 + n]


def numbers(frame: pd.DataFrame) -> list[int]:
    """Which bars of the rule the rows are; fails if a label and its prices are not of one bar."""
    found = [int(time.value // 1_000_000 - T0) // HOUR - 1 for time in frame.index]
    assert [time.value // 1_000_000 for time in frame.index] == [T0 + (n + 1) * HOUR for n in found]
    assert frame[["open", "close", "high", "low"]].to_numpy().tolist() == [rule(n) for n in found]
    return found


@contextlib.contextmanager
def listening(
    url: str, *others: dict[str, Any], late_after: float = 5.0, **options: Any
) -> Iterator[wealthsources.Session]:
    """The process-wide session: a live source that is connected, its options as given, then the other sources."""
    live = {"name": "live", "plugin": "websocket", "options": {**QUICK, "endpoint": url, **options}}
    settings = {"clock": "feed", "late_after": late_after, "sources": [live, *others]}
    with wealthsources.open(settings) as session:
        session.start_live()
        wait_until(lambda: session.status().sources["live"].state == "connected")
        yield session


class Feed:
    """Plays the rows from number `skip` on, a message at a time; `archive` is a file source that has all of them."""

    def __init__(self, folder: Path, rows: list[dict[str, Any]], *, skip: int = 0, updates: int = 4) -> None:
        path = folder / "BTCUSDT" / "1h.csv"
        path.parent.mkdir()
        pd.DataFrame(rows).assign(volume="1000").drop(columns="close_time").to_csv(path, index=False)
        self.archive = {"plugin": "file", "options": {"path": str(folder / "{symbol}" / "{timeframe}.csv")}}
        self.server = MarketServer.from_csv(
            path, symbol="BTCUSDT", timeframe="1h", token=TOKEN, manual=True, skip=skip, updates=updates
        )
        self.per_bar = updates + 1
        self._steps = 0

    def play(self, session: wealthsources.Session | None, bars: int = 0, steps: int = 0) -> None:
        """Play on by so many bars and messages. With a session, wait until it has taken in the last one."""
        steps += bars * self.per_bar
        self.server.play_steps(steps)
        self._steps += steps
        if session is not None:
            wait_until(lambda: self._heard(session))

    def _heard(self, session: wealthsources.Session) -> bool:
        number, part = divmod(self._steps - 1, self.per_bar)
        updates = self.per_bar - 1
        sent = self.server.bars[number] if part == updates else forming_state(self.server.bars[number], part, updates)
        bar = session.source("live").cache.get_latest_bar("BTCUSDT", "1h")
        heard = bar is not None and (bar.open_time, bar.exact("volume")) == (sent.open_time, sent.volume)
        return heard and session.status().now == sent.open_time
