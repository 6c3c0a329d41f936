"""A server that tells minutes by the right time, and a machine whose clock shows another."""

from __future__ import annotations

import logging
from types import SimpleNamespace

from wealthsources import HistoryRequest, PushedSource, Shard, Timeframe
from wealthsources.model.markets import Market
from wealthsources.runtime.clocks import SystemClock

from ..support.bars import MINUTE, T0
from .feed import Message

MINUTES = Timeframe("1m")
FAR = T0 + 10_000 * MINUTE


class Minute(Message):
    @property
    def close_time(self) -> int:
        return self.open_time + MINUTE


class Apart:
    """What a source holds whose machine is `slow` seconds slow (or fast, if less than nothing), as minutes go by.

    flags  the server flags each bar, 0.2 s after its end · forms: it pushes bars while they form, once a second
    """

    def __init__(self, slow: float, *, flags: bool = True, forms: bool = True) -> None:
        self.slow = slow
        self.flags, self.forms = flags, forms
        self.time = T0 / 1000 + 20.2  # the right one
        self.closes: dict[int, float] = {}  # of each minute, what the server made of it
        self.delays: dict[int, float] = {}  # how long after its end each was closed here
        self.clock = SystemClock(lambda: round(self.wall() * 1000))
        logger = logging.getLogger("test.apart")
        self.host = SimpleNamespace(
            name="live",
            clock=self.clock,
            listening=False,
            logger=logger,
            backfill=lambda *_: None,
            market=lambda symbol: Market(),
        )
        self.source = PushedSource(monotonic=lambda: self.time - T0 / 1000 + 500, wall=self.wall)
        self.source.subscribe_to(["BTCUSDT"], ["1m"])
        self.source.begin(self.host)
        self.shard = Shard(0, [("BTCUSDT", "1m")])
        self.source.assign(lambda _: self.shard)
        self.connect()

    def wall(self) -> float:
        return self.time - self.slow

    @property
    def monotonic(self) -> float:
        return self.time - T0 / 1000 + 500

    def connect(self) -> None:
        self.shard.epoch += 1
        self.shard.acknowledged_at = self.shard.since = self.monotonic
        self.shard.state = "connected"
        self.source.on_state(self.shard, "connected", "")

    def push(self, open_time: int, close: float = 1.0, closed: bool | None = None) -> bool:
        """One message now. Returns whether it was taken."""
        return self.source.on_bar(
            self.shard, Minute("BTCUSDT", open_time, closed, close, timeframe="1m"), self.monotonic
        )

    def play(self, minutes: float) -> None:
        """Let so many minutes go by, second by second."""
        for _ in range(round(minutes * 60)):
            self.time += 1.0
            minute = int(self.time * 1000) // MINUTE * MINUTE
            if self.time * 1000 - minute < 1_000:
                self.closes[minute - MINUTE] = self._close(minute)
                self.push(minute - MINUTE, self._close(minute), True if self.flags else None)
            if self.forms:
                self.push(minute, self._close(round(self.time * 1000)), False if self.flags else None)
            self.source.on_turn(self.shard, self.monotonic)
            for open_time in self.held():
                self.delays.setdefault(open_time, self.time - (open_time + MINUTE) / 1000)

    @staticmethod
    def _close(time: int) -> float:
        """What the bar of that moment is then."""
        return 1.0 + time // 1_000 % 997 / 1_000

    def held(self) -> dict[int, float]:
        """The closes of the closed bars."""
        series = self.source.store.get("BTCUSDT", MINUTES)
        return {} if series is None else {bar.open_time: bar.close for bar in series.snapshot(FAR)}

    def ask(self, **wanted):
        return self.source.get_history(HistoryRequest("BTCUSDT", MINUTES, FAR, **wanted))

    @property
    def note(self) -> str:
        return self.shard.watch.note
