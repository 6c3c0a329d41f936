"""Bars that nobody traded, for a market without a file. Pure."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from wealthsources_simulator.bars import PlayedBar

if TYPE_CHECKING:
    from wealthsources import Timeframe

#: 2020-09-13 12:00 UTC, ms.
BEGINNING: Final = 1_599_998_400_000


def invent_bars(symbol: str, timeframe: Timeframe, count: int, seed: int) -> list[PlayedBar]:
    """`count` bars from `BEGINNING`, or just before it on the timeframe's grid, on; for the same seed the same bars."""
    rng = random.Random(f"{seed}:{symbol}:{timeframe}")  # noqa: S311 - the same bars again are the point
    open_time, price = timeframe.floor(BEGINNING), rng.randint(1_000, 2_000_000)
    bars = []
    for _ in range(count):
        end = timeframe.end(open_time)
        bar, price = _invent_bar(rng, open_time, end, price)
        bars.append(bar)
        open_time = end
    return bars


def _invent_bar(rng: random.Random, open_time: int, end: int, opened: int) -> tuple[PlayedBar, int]:
    """A bar that opens at a price in hundredths, and the price at which the next one opens."""
    reach = max(opened // 200, 2)
    close = max(opened + rng.randint(-reach, reach), 10)
    high = max(opened, close) + rng.randint(0, reach)
    low = max(min(opened, close) - rng.randint(0, reach), 1)
    o, h, l, c = (f"{price // 100}.{price % 100:02d}" for price in (opened, high, low, close))  # noqa: E741
    volume = f"{rng.randint(1, 900)}.{rng.randint(0, 999):03d}"
    return PlayedBar(open_time, end, o, h, l, c, volume), close
