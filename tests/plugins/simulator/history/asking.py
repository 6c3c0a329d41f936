"""Asking an exchange of the simulator without a server."""

from __future__ import annotations

import dataclasses
from typing import Any

from wealthsources import Timeframe
from wealthsources_simulator.bars import PlayedBar
from wealthsources_simulator.history.base import Ask, HistoryExchange
from wealthsources_simulator.history.truth import Truth
from wealthsources_simulator.invented import invent_bars

#: The last one is forming, half of its minute is over, and the one before had no trade.
BARS = invent_bars("X", Timeframe("1m"), 60, 1)
BARS[-2] = dataclasses.replace(BARS[-2], volume="0")
NOW = BARS[-1].open_time + 30_000
SERIES = ("BTC/USDT", "ETH/USDT:USDT", "BTC/USDC", "ETH/USDC:USDC")
TRUTH = Truth({(symbol, "1m"): BARS for symbol in SERIES}, NOW)


def asked(exchange: HistoryExchange, path: str, body: Any = None, **query: Any) -> tuple[list[PlayedBar], Any]:
    """The bars of an answer, in its order, and what is written of them."""
    ask = Ask(path, {name.rstrip("_"): str(value) for name, value in query.items()}, body)
    bars = exchange.page(ask, TRUTH)
    assert bars is not None
    return bars, exchange.written(ask, bars, TRUTH)


def told(exchange: HistoryExchange, path: str, body: Any = None, **query: Any) -> Any:
    """The answer to a question that is not for bars."""
    ask = Ask(path, {name.rstrip("_"): str(value) for name, value in query.items()}, body)
    assert exchange.page(ask, TRUTH) is None
    return exchange.other(ask, TRUTH)


def opens(bars: list[PlayedBar]) -> list[int]:
    """The places in BARS of these bars."""
    first = BARS[0].open_time
    return [(bar.open_time - first) // 60_000 for bar in bars]


def at(place: int) -> int:
    """When BARS[place] opens, ms."""
    return BARS[place].open_time
