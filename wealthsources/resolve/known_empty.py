"""What never existed: windows of which an exchange's own history says that there was no bar."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources.forking import ForkLock
from wealthsources.model.holes import missing_slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from wealthsources.model.bars import Bars
    from wealthsources.model.rows import Integers
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.query import Query
    from wealthsources.source import HistoryRequest

_BELIEVED: Final = 3600.0  # seconds
_MOST_SPANS: Final = 10_000
_FOREVER: Final = 1 << 62
_LONG_OVER: Final = 3_600_000  # ms


class KnownEmpty:
    """Spans of windows of which an exchange's own history said that there never was a bar; believed for an hour.

    So that minutes without a trade are not asked for again with every request. For any number of threads.
    When `most` are held, all are forgotten. `clock` is monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = _MOST_SPANS) -> None:
        self._clock = clock
        self._most = most
        self._lock = ForkLock()
        self._spans: dict[tuple[str, str, Timeframe], dict[tuple[int, int], float]] = {}
        self._held = 0

    def learn(self, source: str, symbol: str, timeframe: Timeframe, spans: list[tuple[int, int]]) -> None:
        """Remember spans of window numbers, first and last, of which `source` said it."""
        until = self._clock() + _BELIEVED
        with self._lock:
            if self._held >= self._most:
                self._spans.clear()
                self._held = 0
            known = self._spans.setdefault((source, symbol, timeframe), {})
            self._held -= len(known)
            known.update(dict.fromkeys(spans, until))
            self._held += len(known)

    def of(self, source: str, symbol: str, timeframe: Timeframe) -> list[tuple[int, int]]:
        """The spans of a series of which `source` said it, and that are still believed."""
        if not self._spans:
            return []
        now = self._clock()
        with self._lock:
            return [span for span, until in self._spans.get((source, symbol, timeframe), {}).items() if until > now]


class Spans:
    """Spans of window numbers, first and last, to be asked for many windows at once."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        merged: list[list[int]] = []
        for first, last in sorted(spans):
            if merged and first <= merged[-1][1] + 1:
                merged[-1][1] = max(merged[-1][1], last)
            else:
                merged.append([first, last])
        self._firsts, self._lasts = np.array(merged, dtype=np.int64).reshape(-1, 2).T

    def __bool__(self) -> bool:
        return len(self._firsts) > 0

    def cover(self, firsts: Integers, lasts: Integers) -> NDArray[np.bool_]:
        """For each stretch of windows, `firsts` to `lasts`, whether one of the spans holds all of it."""
        if not self:
            return np.zeros(len(firsts), dtype=bool)
        places = np.searchsorted(self._firsts, firsts, side="right") - 1
        found: NDArray[np.bool_] = (places >= 0) & (self._lasts[np.maximum(places, 0)] >= lasts)
        return found


NO_SPANS: Final = Spans(())


class EmptyWindows:
    """Windows that one query need not look for: an exchange's own history says that they never had a bar."""

    def __init__(self, query: Query, known: KnownEmpty | None) -> None:
        self._query = query
        self._known = known
        self._spans: list[tuple[int, int]] = []
        self._exactly: set[tuple[int, int]] = set()

    def holds(self, first: int | None, last: int) -> bool:
        """Whether none of the windows from `first` (None: from the first ever) to `last` had a bar."""
        first = -_FOREVER if first is None else first
        return (first, last) in self._exactly or any(begin <= first and last <= end for begin, end in self._spans)

    @property
    def spans(self) -> Spans:
        """Those between two bars that were returned: an answer without any bar shows too little for more."""
        return Spans(self._exactly)

    def recall(self, name: str) -> None:
        """What that source said before of windows without a bar holds for it and for those after it."""
        if self._known is not None:
            self._believe(self._known.of(name, self._query.symbol, self._query.timeframe))

    def learn(self, name: str, bars: Bars, request: HistoryRequest, held: Integers) -> None:
        """What an exchange's own history leaves out between two bars it returned never existed.

        A bar that ends later than was asked for proves nothing, and a window of which a bar is `held` is not empty.
        """
        query = self._query
        between = self._told_apart(bars, request.end, held)
        self._believe(between)
        if between and self._known is not None:
            self._known.learn(name, query.symbol, query.timeframe, between)
        if not len(bars) and request.end < query.now - _LONG_OVER:
            first = -_FOREVER if request.start is None else query.timeframe.slot(request.start)
            self._spans.append((first, query.timeframe.slot(request.end) - 1))

    def learn_quiet(self, bars: Bars, end: int, held: Integers) -> None:
        """On a market that is not continuous: what one source leaves out between its bars never existed.

        But not where the source says itself that bars are missing.
        """
        self._believe(self._told_apart(bars, end, held))

    def _told_apart(self, bars: Bars, end: int, held: Integers) -> list[tuple[int, int]]:
        """The windows between two of these bars, but for those of which the source says that bars are missing."""
        slot = self._query.timeframe.slot
        missing = [(slot(hole.start), slot(hole.end) - 1) for hole in bars.holes]
        return [
            (first, last)
            for first, last in self._between(bars, end, held)
            if not any(first <= until and since <= last for since, until in missing)
        ]

    def learn_span(self, first: int, last: int) -> None:
        """All finer windows of these never had a bar."""
        self._believe([(first, last)])

    def learn_tail(self, first: int, last: int) -> None:
        """A stream that is up brought nothing in these windows: so far no bar of them exists."""
        self._spans.append((first, last))

    def _between(self, bars: Bars, end: int, held: Integers) -> list[tuple[int, int]]:
        """The windows between two of these bars that end by `end`, and of which no bar is held."""
        times = bars.open_times[bars.ends <= end]
        if len(times):
            times = np.union1d(times, held[(held > times[0]) & (held < times[-1])])
        return missing_slots(self._query.timeframe, times)

    def _believe(self, spans: list[tuple[int, int]]) -> None:
        self._spans += spans
        self._exactly.update(spans)
