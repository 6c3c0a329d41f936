"""A live source in a session or by itself, and what a test looks at."""

from __future__ import annotations

import threading
from typing import Any

from wealthsources import Bars, HistoryRequest, Shard
from wealthsources_websocket import WebSocketSource

from ...support.bars import FRAME, at

MINUTE = 60_000
HINT = "this server seems to push closed bars only; set bar_push: closed"
CLOSE = 0x8


def closes(bars: Bars) -> list[str]:
    return [bar.exact("close") for bar in bars]


def held(session) -> Bars:
    """Everything in the cache, forming bars too."""
    return session.source("live").cache.get_bars("BTCUSDT", "1h")


def ask(session, count: int = 100, **options) -> Bars:
    return session.adapter().get_history("BTCUSDT", count, "1h", **options)


def request(count: int | None = None, *, end: int = at(1000), forming: bool = False) -> HistoryRequest:
    return HistoryRequest("BTCUSDT", FRAME, end, None, count, forming)


def counters(session) -> dict[str, int]:
    return dict(session.source("live").status().counters)


class Steps:
    """A script in steps: each is done when the test says `go`, the last keeps the connection open."""

    def __init__(self, *steps: Any) -> None:
        self._steps = list(steps)
        self._go = threading.Semaphore(0)

    def go(self) -> None:
        self._go.release()

    def __call__(self, peer) -> None:
        peer.accept()
        while self._steps:
            assert self._go.acquire(timeout=20)
            step = self._steps.pop(0)
            if step == "cut":
                return
            peer.send(*step)
        peer.stay()


def shard_of(source: WebSocketSource) -> Shard:
    (shard,) = source.connections.clients
    return shard
