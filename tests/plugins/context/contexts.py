"""Contexts as engines make them, and the view that the source gives of one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from wealthsources import Bars, ClockError, HistoryRequest, Market, Timeframe
from wealthsources_context.source import ContextSource

from ...support.bars import at, record


def series(*bars: Any, symbol: str = "BTCUSDT", timeframe: str = "1h") -> dict[str, Any]:
    return {"symbol": symbol, "timeframe": timeframe, "bars": list(bars)}


def hours(count: int) -> dict[str, Any]:
    return series(*(record(place) for place in range(count)))


def context(*entries: Any, **more: Any) -> SimpleNamespace:
    return SimpleNamespace(market_data_context=list(entries), **more)


class Clock:
    def __init__(self, now: int | None) -> None:
        self._now = now

    def now(self) -> int:
        if self._now is None:
            raise ClockError("no time yet")
        return self._now


def view_of(bound: object, session_now: int | None = None, *, started: bool = True):
    source = ContextSource()
    if started:
        source.start(SimpleNamespace(clock=Clock(session_now), market=lambda _: Market()))
    view = source.for_context(bound)
    assert view is not None
    return view


def ask(view, *, live: bool = False, symbol: str = "BTCUSDT", timeframe: str = "1h", **request: Any) -> Bars:
    request = {"end": at(100), "count": 10} | request
    return view.get_history(HistoryRequest(symbol, Timeframe(timeframe), live=live, **request))


def closed(bars: Bars) -> list[bool | None]:
    return [bar.closed for bar in bars]


class History:
    """A context's own history, which remembers what it was asked."""

    def __init__(self, count: int = 50) -> None:
        self.bars = hours(count)["bars"]
        self.asked: list[tuple[str, int, str]] = []

    def __call__(self, symbol: str, count: int, timeframe: str) -> list[Any]:
        self.asked.append((symbol, count, timeframe))
        return self.bars[-count:]
