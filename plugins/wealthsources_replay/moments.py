"""Moments: when in a recording a strategy is called, so that a backtest can be called at the very same times.

A live strategy is called while bars are coming in, and two of them never come at once; a backtest's clock stands still.
So a moment is one between two records at which what came by then, and what came later, can be told apart by the time
alone: by the time that the recorder wrote down, which is read a little later than that of the frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from wealthsources import ClockError
from wealthsources_replay.closings import Closings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources import Bar, Event, Session
    from wealthsources_replay.source import ReplaySource

#: ms without a closed bar, after which what came is known to the store, and nothing more is on its way.
_QUIET: Final = 250
#: ms after which a moment is taken although bars come without end.
_MOST: Final = 5_000


class Moment(NamedTuple):
    """When so many records were played, at that time, ms, the strategy is called with these bars, in order of end."""

    played: int
    now: int
    bars: list[Bar]


def moments(session: Session, source: ReplaySource) -> Iterator[Moment]:
    """Plays a replay by steps; it is one of its own, and goes ahead of the one that the strategy sees."""
    find = _between_times if source.recorded_clock == "feed" else _in_quiet
    closings = Closings()
    for played, now, events in find(session, source):
        bars = [event.bar for event in events if event.bar is not None and closings.is_new(event.bar)]
        if bars:
            yield Moment(played, now, sorted(bars, key=_by_end))


def _between_times(session: Session, source: ReplaySource) -> Iterator[tuple[int, int, list[Event]]]:
    """Just before bars bring the feed's clock to another time: all that is known at that time has come."""
    waiting: list[Event] = []
    while not source.is_over:
        played, before = source.played, _now(session)
        events = source.step()
        # A frame that still brings something of the time before is of both.
        if waiting and _now(session) != before and not any(_is_known(event, before) for event in events):
            yield played, before, waiting
            waiting = []
        waiting += events
    if waiting:
        yield source.played, _now(session), waiting


def _in_quiet(session: Session, source: ReplaySource) -> Iterator[tuple[int, int, list[Event]]]:
    """A quarter of a second after closed bars: frames and the recorder's times are never so far from each other."""
    waiting: list[Event] = []
    first = last = 0
    while not source.is_over:
        events = [event for event in source.step() if event.bar is not None]
        if events:
            last = source.now_ms
            first = first if waiting else last
            waiting += events
        due, following = min(last + _QUIET, first + _MOST), source.next_ms
        if waiting and (following is None or following > max(due, source.now_ms)):
            now = max(due, source.now_ms, _now(session))
            yield source.played, now, waiting
            waiting = []


def _now(session: Session) -> int:
    try:
        return session.clock.now()
    except ClockError:  # before the first bar
        return -1


def _is_known(event: Event, by: int) -> bool:
    return event.bar is not None and event.known_at is not None and event.known_at <= by


def _by_end(bar: Bar) -> tuple[int, int, str]:
    return bar.end, bar.timeframe.milliseconds, bar.symbol
