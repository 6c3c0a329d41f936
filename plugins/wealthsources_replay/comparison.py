"""Comparing what a strategy was answered in two runs: over a recorded feed, and over a store as a backtest.

Bars are compared by their windows and by the numbers of all five values, exactly. A bar that is forming is not in a
store, so it is left out on both sides, and counted.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources import FIELDS, AllSourcesFailed, RequestError, StaleDataError, one_line, time_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from wealthsources import Bar, BarRequest, Bars, Observation, WealthSourcesError

_MOST_TOLD: Final = 3  # bars of one answer


class Difference(NamedTuple):
    """One answer that was another in the backtest: when, to what question, and what differs.

    bars  the open times of the bars that differ, ms
    """

    now: int
    question: str
    what: str
    bars: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{time_text(self.now)} UTC  {self.question}: {self.what}"


class Comparison:
    """Counts the answers that are compared.

    answers  pairs of them · different: of these · stale: that were refused live because newer bars were missing
    forming  live answers with a forming bar, which is left out
    unasked  questions that only one of the runs asked
    """

    def __init__(self) -> None:
        self.answers = self.different = self.stale = self.forming = self.unasked = 0

    def compare(self, now: int, live: Iterable[Observation], backtest: Iterable[Observation]) -> Iterator[Difference]:
        """What one call of the strategy was answered at `now`, ms; yields the differences."""
        waiting: dict[str, deque[Observation]] = {}
        for each in backtest:
            waiting.setdefault(_question(each), deque()).append(each)
        for each in live:
            question = _question(each)
            same = waiting.get(question)
            if same:
                yield from self._pair(now, question, each, same.popleft())
            elif not _found_nothing(each):
                yield self._alone(now, question, "only the live strategy asked this")
        for question, rest in waiting.items():
            for each in rest:
                if not _found_nothing(each):
                    yield self._alone(now, question, "only the backtest asked this")

    def _alone(self, now: int, question: str, what: str) -> Difference:
        self.unasked += 1
        return Difference(now, question, what)

    def _pair(self, now: int, question: str, live: Observation, backtest: Observation) -> Iterator[Difference]:
        self.answers += 1
        if isinstance(live.error, StaleDataError) and backtest.error is None:
            self.stale += 1
            return
        what, bars = self._what_differs(live, backtest)
        if what:
            self.different += 1
            yield Difference(now, question, what, bars)

    def _what_differs(self, live: Observation, backtest: Observation) -> tuple[str, tuple[int, ...]]:
        if live.bars is not None and backtest.bars is not None:
            count = None if live.request is None else live.request.count
            self.forming += live.bars.split_forming()[1] is not None
            found = _bars_differ(live.bars, backtest.bars, count)
            return _first_of([f"{time_text(open_time)} {what}" for open_time, what in found.items()]), (*found,)
        said = [_told(each.error, each.bars) for each in (live, backtest)]
        same = live.symbols == backtest.symbols if live.request is None else _kind(live.error) == _kind(backtest.error)
        return "" if same else f"live {said[0]}; in the backtest {said[1]}", ()


def _question(observation: Observation) -> str:
    """What was asked. Whether the forming bar was asked for too makes no other question."""
    request = observation.request
    return "the symbols" if request is None else _words(request)


def _words(request: BarRequest) -> str:
    what = "" if request.count is None else f" {request.count} bar{'s'[: request.count != 1]}"
    since = "" if request.start is None else f" from {time_text(request.start)}"
    until = "" if request.end is None else f" to {time_text(request.end)}"
    return f"{request.symbol} {request.timeframe}{what}{since}{until}"


def _found_nothing(observation: Observation) -> bool:
    """Of a last price several series are asked, live others than in a backtest."""
    return isinstance(observation.error, AllSourcesFailed | RequestError)


def _kind(error: WealthSourcesError | None) -> str:
    return type(error).__name__ if error is not None else ""


def _told(error: WealthSourcesError | None, bars: Bars | None) -> str:
    if bars is not None:
        return "1 bar" if len(bars) == 1 else f"{len(bars)} bars"
    if isinstance(error, AllSourcesFailed):
        reasons = [attempt.reason for attempt in error.attempts if attempt.outcome != "skipped" and attempt.reason]
        return f"nothing ({one_line(reasons[-1])})" if reasons else "nothing"
    return _kind(error)


def _bars_differ(live: Bars, backtest: Bars, count: int | None) -> dict[int, str]:
    """What differs of which closed bar, by its open time."""
    # An answer that is full has no older bar because it has another one more, be it one that is forming.
    full = [bars.oldest for bars in (live, backtest) if count is not None and len(bars) >= count]
    live, backtest = (_closed_from(bars, max(full, default=0)) for bars in (live, backtest))
    same_floats = np.array_equal(live.open_times, backtest.open_times) and np.array_equal(live.values, backtest.values)
    if same_floats and live.texts == backtest.texts:  # a text may have more digits than a float
        return {}
    here, there = ({bar.open_time: bar for bar in bars} for bars in (live, backtest))
    told = {open_time: _bar_differs(here.get(open_time), there.get(open_time)) for open_time in sorted({*here, *there})}
    return {open_time: what for open_time, what in told.items() if what}


def _closed_from(bars: Bars, start: int) -> Bars:
    closed, _ = bars.split_forming()
    return closed[int(np.searchsorted(closed.open_times, start)) :]


def _bar_differs(live: Bar | None, backtest: Bar | None) -> str:
    if backtest is None:
        return "is not in the backtest"
    if live is None:
        return "is in the backtest only"
    pairs = [(field, live.exact(field), backtest.exact(field)) for field in FIELDS]
    return ", ".join(
        f"{field} {one} live, {other} in the backtest" for field, one, other in pairs if Decimal(one) != Decimal(other)
    )


def _first_of(told: Sequence[str]) -> str:
    more = f"; and {len(told) - _MOST_TOLD} bars more" if len(told) > _MOST_TOLD else ""
    return "; ".join(told[:_MOST_TOLD]) + more
