"""What a file answers to a request, and which of its bad rows that touches.

A bad row is somewhere between the bar before it and the bar after it; its own open_time may be what is wrong with it.
So it touches what spans over both of these, and what looks there for bars that are missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from wealthsources import Bars, Hole, NotHere, SourceError, time_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources import HistoryRequest
    from wealthsources_file.bad_rows import BadRows
    from wealthsources_file.storage import Place
    from wealthsources_file.table import Table

OnBadRow = Literal["fail", "skip"]


class _Span(NamedTuple):
    """What is wanted of a file: the windows from `oldest` (None: as far back as it takes) to the one before `end`.

    first, last  the bars of that which are there: from number `first` to the one before `last`
    forming      whether the last of these is not closed
    enough       whether these are as many as were asked for
    """

    oldest: int | None
    end: int
    first: int
    last: int
    forming: bool
    enough: bool


def answer_of(table: Table, request: HistoryRequest, path: Place, on_bad_row: OnBadRow) -> Bars:
    """The bars of the request: the newest `count`, and the forming one after them if that ended by `end` as well.

    Raises NotHere if there are none, SourceError if a bad row that is not to be skipped may be one of them.
    """
    bars = table.bars
    skipped = _skipped(table, request, path, on_bad_row) if len(table.bad) else ""
    span = _span(bars, request)
    rows = bars.rows[span.first : span.last]
    if not len(rows):
        opened = [time_text(time) for time in table.opened or ((bars.oldest, bars.newest) if len(bars) else ())]
        there = f"its bars open from {' to '.join(opened)}" if opened else "it has none"
        raise NotHere(_joined(f"{path} has none of these bars", there, skipped))
    times = bars.open_times[span.first : span.last]
    texts = {time: bars.texts[time] for time in times.tolist() if time in bars.texts} if bars.texts else {}
    holes = _holes(table, span.first, span.last) if skipped else ()
    return Bars(
        request.symbol,
        bars.timeframe,
        rows,
        bars.sources,
        texts,
        note=_joined(bars.note, skipped),
        holes=holes,
        trusted=True,  # each row was checked when the file was read, by the rule that the chain has for others
        unbroken=_is_unbroken(bars, times, span),
    )


def _is_unbroken(bars: Bars, times: NDArray[np.int64], span: _Span) -> bool:
    """Whether all of them are closed and none is missing between them, which are in order and on the grid."""
    slot = bars.timeframe.slot
    return slot(int(times[-1])) - slot(int(times[0])) == len(times) - 1 and not span.forming


def told(bad: BadRows, part: slice, path: Place) -> str:
    """Some bad rows as text: the first of them by its line."""
    count = part.stop - part.start
    skipped = "1 row was skipped" if count == 1 else f"{count} rows were skipped, the first"
    return f"{skipped}: {bad.named(path, part.start)}"


def _skipped(table: Table, request: HistoryRequest, path: Place, on_bad_row: OnBadRow) -> str:
    """What is said of the bad rows that a request touches. Raises SourceError if these are not to be skipped."""
    touched = _touched(table, request)
    if touched.start >= touched.stop:
        return ""
    if on_bad_row == "skip":
        return told(table.bad, touched, path)
    others = touched.stop - touched.start - 1
    these = f"it and {others} more" if others else "it"
    raise SourceError(f"{table.bad.named(path, touched.start)} (on_bad_row: skip would leave {these} out)")


def _holes(table: Table, first: int, last: int) -> tuple[Hole, ...]:
    """Where a row was skipped between these bars: where quiet windows have no bar, nothing else shows it."""
    times, timeframe = table.bars.open_times, table.bars.timeframe
    places = [place for place in np.unique(table.bad.before).tolist() if first < place < last]
    between = [(timeframe.slot(int(times[place - 1])) + 1, timeframe.slot(int(times[place]))) for place in places]
    return tuple(
        Hole(timeframe.open_time(start), timeframe.end(timeframe.open_time(end - 1)), end - start)
        for start, end in between
        if start < end
    )


def _span(bars: Bars, request: HistoryRequest, oldest_held: bool = False, newest_held: bool = False) -> _Span:
    """What is wanted; without the oldest or the newest window where that is held already."""
    timeframe, times, start, count = request.timeframe, bars.open_times, request.start, request.count
    end = timeframe.slot(request.end) - newest_held
    last = int(np.searchsorted(times, timeframe.open_time(end)))
    oldest = None if start is None else timeframe.first_from(start) + oldest_held
    first = 0 if oldest is None else min(last, int(np.searchsorted(times, timeframe.open_time(oldest))))
    forming = last == len(bars) > first and bars.split_forming()[1] is not None
    if count is None or not last:
        return _Span(oldest, end, first, last, forming, enough=False)
    newest = last - (count - newest_held) - forming
    return _Span(oldest, end, max(first, newest), last, forming, enough=newest >= first)


def _touched(table: Table, request: HistoryRequest) -> slice:
    """Which of the bad rows are between the bars that are wanted, or where one of these may be missing."""
    bars, timeframe = table.bars, request.timeframe
    oldest, end, first, last, _, enough = _span(bars, request, *request.held)
    if first == last:
        none_wanted = enough or (oldest is not None and oldest >= end)
        return slice(0, 0) if none_wanted else table.bad.beside(first, last)
    slots = timeframe.slots(bars.open_times[[first, last - 1]]).tolist()
    lacks_before = not enough and (oldest is None or oldest < slots[0])
    lacks_after = slots[1] + 1 < end
    return table.bad.beside(first + (not lacks_before), last - (not lacks_after))


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))
