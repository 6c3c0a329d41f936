"""HoleFiller: asks the rest of the chain for what a stream missed, and remembers what never existed."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from wealthsources.model.attempt import stamps_ends
from wealthsources.model.errors import ClockError
from wealthsources.model.events import Event
from wealthsources.model.holes import Hole, hole_of
from wealthsources.model.labels import compare_labels
from wealthsources.model.rows import CLOSED
from wealthsources.source import HistoryRequest

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from wealthsources.live.series import SeriesBuffer
    from wealthsources.live.store import BarStore
    from wealthsources.model.bars import Bars
    from wealthsources.source import Host

_LAST_RETRY: Final = 600.0  # seconds
_BELIEVED: Final = 3600.0  # seconds for which an authoritative "there never was a bar" is believed


class HoleFiller:
    """Fills the holes of one series: one request at a time, repeated ever more seldom while something is missing.

    Times are seconds, monotonic. `counters` are those of the shard that brings the series.
    """

    def __init__(
        self,
        series: SeriesBuffer,
        store: BarStore,
        host: Host,
        counters: Counter[str],
        monotonic: Callable[[], float],
        first_retry: float = 5.0,
    ) -> None:
        """Each pause is twice as long as the one before, from `first_retry` to 600 s."""
        self._series = series
        self._store = store
        self._host = host
        self._counters = counters
        self._monotonic = monotonic
        self._name = f"{series.symbol} {series.timeframe}"
        self._asking = False
        self._retry_at = 0.0
        self._first_retry = self._retry_after = first_retry
        self._empty: tuple[Hole, ...] = ()  # an authoritative history said that there never was a bar
        self._empty_until = 0.0

    def known_empty(self, now: float) -> tuple[Hole, ...]:
        """Holes of which an exchange's own history says that there never was a bar."""
        return self._empty if now < self._empty_until else ()

    def fill_new(self, hole: Hole) -> None:
        """A hole has just opened: ask for it at once."""
        self._retry_at, self._retry_after = 0.0, self._first_retry
        self._fill(hole)

    def look(self, now: float) -> None:
        """Ask again for what is still missing, if it is time."""
        if not self._retry_at or now < self._retry_at or self._asking:
            return
        holes = _all_holes(self._series)
        if holes:
            self._fill(Hole(holes[0].start, holes[-1].end, sum(hole.count for hole in holes)))
        else:
            self._retry_at = 0.0

    def _fill(self, hole: Hole) -> None:
        host, series = self._host, self._series
        if self._asking:
            self._retry_at = self._retry_at or self._monotonic() + self._retry_after
            return
        self._asking = True
        self._retry_at = self._monotonic() + self._retry_after
        self._retry_after = min(_LAST_RETRY, self._retry_after * 2)

        def done(bars: Bars | None, reason: str) -> None:
            self._asking = False
            if bars is not None:
                self._filled(bars, hole, reason)
            else:
                host.logger.info("%s: %s is not filled: %s", self._name, hole, reason)

        # One bar more at each end: a history that has both neighbours can say that nothing was between them.
        timeframe = series.timeframe
        start = timeframe.open_time(timeframe.slot(hole.start) - 1)
        host.backfill(HistoryRequest(series.symbol, timeframe, timeframe.end(hole.end), start), done)

    def _filled(self, bars: Bars, hole: Hole, reason: str) -> None:
        if self._is_shifted(bars, hole):
            return
        before = _holes_within(self._series, hole)
        filled = self._store.fill(bars)
        self._count("backfilled", filled.added)
        self._count("disagreements", filled.disagreements)
        left = _holes_within(self._series, hole)
        if left and not _never_existed(left, bars):
            changed = [each for each in before if each not in left]
            if changed:
                self._tell(Hole(changed[0].start, changed[-1].end, filled.added), reason)
            return
        self._believe(left)
        self._host.logger.info("%s: filled %s (%s)", self._name, hole, reason)
        self._tell(hole, reason)

    def _tell(self, filled: Hole, reason: str) -> None:
        host, series = self._host, self._series
        if host.listening:
            now = time_of(host)
            host.emit(Event("filled", host.name, series.symbol, series.timeframe, None, filled, "", reason, now))

    def _is_shifted(self, bars: Bars, hole: Hole) -> bool:
        """Whether these are our own bars a window off, as one of the two stamps bars with their end."""
        ours = self._series.all()
        labels = compare_labels(ours.take(ours.rows[ours.states == CLOSED]), bars)
        if not (labels.second_is_late or labels.first_is_late):
            return False
        if not self._counters["label_shift"]:
            named = stamps_ends(" or ".join(bars.sources) if labels.second_is_late else self._host.name)
            self._host.logger.warning(
                "%s: %s is not filled with our own bars a window off: %s", self._name, hole, named
            )
        self._count("label_shift", 1)
        return True

    def _believe(self, empty: tuple[Hole, ...]) -> None:
        """Nothing but these is left of the hole that was asked for, and of these there never was a bar."""
        for hole in empty:
            self._series.mend(hole)
        now = self._monotonic()
        known = self.known_empty(now)
        self._retry_after = self._first_retry
        if empty:
            self._retry_at = now + _BELIEVED  # before the look at the holes: one that opens after it has its own time
        holes = _all_holes(self._series)
        self._empty = tuple(hole for hole in holes if hole in known or hole in empty)
        self._empty_until = now + _BELIEVED
        if empty:
            self._count("verified_empty", sum(hole.count for hole in empty if hole not in known))
            if len(holes) > len(self._empty):  # one opened while this was asked
                self._retry_at = now + self._first_retry

    def _count(self, what: str, number: int) -> None:
        if number:
            self._counters[what] += number


def time_of(host: Host) -> int | None:
    """The session's time, ms; None where its clock has none yet."""
    try:
        return host.clock.now()
    except ClockError:
        return None


def _holes_within(series: SeriesBuffer, hole: Hole) -> tuple[Hole, ...]:
    """What is missing of a hole. Not `series.holes()`: the bar after it may be the one that is forming."""
    timeframe = series.timeframe
    first, last = timeframe.slot(hole.start), timeframe.slot(hole.end)
    held = [timeframe.slot(int(time)) for time in series.snapshot(hole.end, hole.start).open_times]
    oldest = series.all().open_times[:1]
    evicted = len(series) >= series.capacity and oldest[0] >= hole.start  # what had to give way is not missing
    edges = [*held, last] if evicted else [first - 1, *held, last]
    return tuple(
        hole_of(timeframe, before + 1, after - 1) for before, after in itertools.pairwise(edges) if after - before > 1
    )


def _all_holes(series: SeriesBuffer) -> tuple[Hole, ...]:
    """All holes up to the newest bar, be that closed or forming."""
    bars, timeframe = series.all(), series.timeframe
    closed = bars.open_times[bars.states == CLOSED]
    if not len(closed):
        return ()
    start, newest = timeframe.end(int(closed[0])), bars.newest
    if start >= newest:
        return ()
    return tuple(hole for hole in _holes_within(series, Hole(start, newest, 0)) if series.lacks(hole))


def _never_existed(holes: tuple[Hole, ...], bars: Bars) -> bool:
    """Whether an answer with bars on both sides says of all these holes that there never was a bar."""
    if not len(bars) or bars.oldest >= holes[0].start or bars.newest < holes[-1].end:
        return False
    return not any(other.start < hole.end and hole.start < other.end for hole in holes for other in bars.holes)
