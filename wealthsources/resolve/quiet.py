"""Quiet markets: windows that have no bar because nothing was traded, and coarser bars whose finer ones lack some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources.model.holes import hole_of, missing_slots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from wealthsources.model.bars import Bars
    from wealthsources.model.holes import Hole
    from wealthsources.model.rows import Integers
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.known_empty import EmptyWindows
    from wealthsources.source import HistoryRequest, Source

    Flags = NDArray[np.bool_]

_NEVER: Final = -1 << 62


class Quiet:
    """What is known of the windows without a bar that one query meets on a market that is not continuous.

    until  up to then (ms) every bar is in hand that is in no hole, after the newest one too
    """

    def __init__(self, empty: EmptyWindows) -> None:
        self.until = _NEVER
        self._empty = empty

    def learn_from(self, source: Source, bars: Bars, request: HistoryRequest, held: Integers) -> None:
        """What this answer to that request says. A live source that is not stale vouches for what came last."""
        is_up = source.capabilities.live and source.stale_for(request.symbol, request.timeframe) == 0.0
        self.learn(bars, request.end, request.end if is_up else None, held)

    def learn(self, bars: Bars, end: int, quiet_until: int | None, held: Integers) -> None:
        """What bars that end by `end` say of windows without one: of those between them, and after them.

        quiet_until  nothing came after the newest one until then, ms; None: it is not known. But a bar that forms is
                     there, and may be over by now: only its successor closes it.
        held         open times of the bars in hand
        """
        slot = bars.timeframe.slot
        closed, forming = bars.split_forming()
        self._empty.learn_quiet(closed.replace(holes=bars.holes), end, held)
        if not len(closed):
            return
        newest, until = closed.newest, bars.timeframe.end(closed.newest)
        if quiet_until is not None and not any(hole.end > newest for hole in bars.holes):
            self._empty.learn_tail(slot(newest) + 1, slot(quiet_until) - 1)
            until = max(until, quiet_until if forming is None else forming.oldest)
        self.until = max(self.until, until)


class Judged(NamedTuple):
    """For each bucket: `sound`: nothing of it is missing so far; `over`: nothing more can come of it."""

    sound: Flags
    over: Flags


def judge_buckets(
    timeframe: Timeframe, opens: Integers, oldest: int, holes: Sequence[Hole], quiet_until: int
) -> Judged:
    """Which buckets with any finer bar are sound, and which are over. Times in ms.

    opens        when each bucket opens, in order; there must be one
    oldest       when the oldest finer bar opens: what is before it is not known
    holes        where finer bars are missing
    quiet_until  up to then there is no finer bar but those in hand, and those that are missing
    """
    ends = timeframe.ends(opens)
    sound = np.ones(len(opens), dtype=bool)
    sound[0] = oldest == opens[0]
    for hole in holes:
        sound &= (ends <= hole.start) | (opens >= hole.end)
    return Judged(sound, ends <= quiet_until)


def find_holes(
    timeframe: Timeframe, made: Integers, unmade: Integers, holes: Sequence[Hole], quiet_until: int
) -> tuple[Hole, ...]:
    """Where bars of this timeframe are missing between those that were made, and after them.

    made, unmade  open times (ms) of the bars that were made, and of buckets that are over and were not
    """
    if not len(made):
        return ()
    spoilt = {timeframe.slot(int(time)) for time in unmade}
    torn = [(timeframe.slot(hole.start), timeframe.slot(hole.end - 1)) for hole in holes]

    def is_hole(first: int, last: int) -> bool:
        return any(first <= slot <= last for slot in spoilt) or any(
            first <= end and start <= last for start, end in torn
        )

    spans = missing_slots(timeframe, made)
    after = timeframe.slot(int(made[-1])) + 1, timeframe.slot(quiet_until) - 1
    if after[0] <= after[1]:
        spans.append(after)
    return tuple(hole_of(timeframe, first, last) for first, last in spans if is_hole(first, last))
