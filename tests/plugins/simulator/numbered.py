"""Bars and timelines by number."""

from __future__ import annotations

from typing import Any

from wealthsources_simulator import PlayedBar
from wealthsources_simulator.timeline import Timeline

from ...support.bars import HOUR

SERIES = ("BTCUSDT", "1h")


def make_bar(number: int = 0, **changes: str) -> PlayedBar:
    texts = {"open": "10.0", "high": "12.50", "low": "9", "close": "11.0", "volume": "100.00"} | changes
    return PlayedBar(open_time=number * HOUR, end=(number + 1) * HOUR, **texts)


def make_timeline(bars: int = 10, history: int = 0, **options: Any) -> Timeline:
    numbered = [make_bar(number) for number in range(history + bars)]
    return Timeline(numbered[history:], history=numbered[:history], **options)


def open_times(bars: list[PlayedBar]) -> list[int]:
    return [bar.open_time // HOUR for bar in bars]
