"""A pushed source whose connections and clock a test moves by hand."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import NamedTuple

from wealthsources import Bars, Event, HistoryRequest, PushedSource, Shard, StreamStatus
from wealthsources.model.markets import Markets
from wealthsources.runtime.clocks import FeedClock

from ..support.bars import FRAME, HOUR, T0, at, places

SERIES = [("BTCUSDT", "1h"), ("ETHUSDT", "1h")]
LIMIT = 2 * 3600 + 30  # seconds of silence after which an hourly stream is stale


class Message(NamedTuple):
    symbol: str
    open_time: int
    closed: bool | None = None
    close: float = 1.0
    timeframe: str = "1h"
    decimals: int = 0
    texts: None = None
    all_values: tuple[float, float, float, float, float] | None = None

    @property
    def close_time(self) -> int:
        return self.open_time + HOUR

    @property
    def values(self) -> tuple[float, float, float, float, float]:
        return self.all_values or (1.0, 2.0, 0.5, self.close, 1.0)


class Lost(NamedTuple):
    symbol: str = ""
    timeframe: str = ""
    open_time: int | None = None
    may_be_bar: bool = True
    why: str = "it is not whole"


class Host(SimpleNamespace):
    """Keeps what a source tells, and what it asks for."""

    def __init__(self) -> None:
        super().__init__(
            name="live", clock=FeedClock(), listening=True, wants_forming=True, logger=logging.getLogger("test")
        )
        self.events: list[Event] = []
        self.asked: list = []
        self.markets = Markets()

    def emit(self, event):
        self.events.append(event)

    def market(self, symbol):
        return self.markets.of(symbol)

    def backfill(self, request, done):
        self.asked.append((request, done))

    def holes_asked_for(self) -> list[tuple[int, int]]:
        """From which hour to which one, without the bar more at each end."""
        return [((wanted.start - T0) // HOUR + 1, (wanted.end - T0) // HOUR - 1) for wanted, _ in self.asked]

    def answer(self, bars: Bars | None, reason: str = "archive: some bars") -> None:
        """What the rest of the chain has, to the latest question."""
        self.asked[-1][1](bars, reason)

    def told(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]


class Feed:
    """A pushed source with one shard for each series, and a clock that moves by hand."""

    def __init__(self, **options) -> None:
        self.now = 1000.0
        self.host = Host()
        self.source = PushedSource(**{"monotonic": lambda: self.now, "wall": lambda: 0.0, **options})
        self.source.subscribe_to(["BTCUSDT", "ETHUSDT"], ["1h"])
        self.source.begin(self.host)
        self.shards = {series: Shard(number, [series], str.lower) for number, series in enumerate(SERIES)}
        self.source.assign(self.shards.get)
        for shard in self.shards.values():
            self.connect(shard)

    def connect(self, shard: Shard) -> None:
        shard.epoch += 1
        shard.acknowledged_at = shard.since = self.now
        shard.state = "connected"
        self.source.on_state(shard, "connected", "")

    def lose(self, shard: Shard) -> None:
        shard.since, shard.state = self.now, "reconnecting"
        self.source.on_state(shard, "reconnecting", "lost")

    def push(self, symbol: str, *hours: int, **said) -> None:
        for hour in hours:
            assert self.source.on_bar(self.shard(symbol), Message(symbol, T0 + hour * HOUR, **said), self.now)

    def shard(self, symbol: str) -> Shard:
        return self.shards[symbol.upper(), "1h"]

    def later(self, seconds: float) -> None:
        """Let the time go by, and every connection take its turn."""
        self.now += seconds
        for shard in self.shards.values():
            self.source.on_turn(shard, self.now)

    def held(self, symbol: str = "BTCUSDT", **wanted) -> list[int]:
        """The hours of which there are closed bars."""
        return places(self.source.get_history(HistoryRequest(symbol, FRAME, at(1000), **wanted)))

    def held_closes(self, symbol: str = "BTCUSDT") -> dict[int, float]:
        """The closes of the closed bars, by the hour."""
        series = self.source.store.get(symbol, FRAME)
        return {(bar.open_time - T0) // HOUR: bar.close for bar in series.all() if bar.closed}

    def status(self, symbol: str = "BTCUSDT") -> StreamStatus:
        """What is said of a stream."""
        (status,) = (one for one in self.source.status().streams if one.symbol == symbol)
        return status

    def told(self, *kinds: str) -> list[Event]:
        """The events of these kinds, in their order."""
        return [event for event in self.host.events if event.kind in kinds]

    def turn(self, symbol: str = "BTCUSDT", later: float = 0.0) -> None:
        """What the connection of one series does several times a second, so many seconds later."""
        self.now += later
        self.source.on_turn(self.shard(symbol), self.now)
