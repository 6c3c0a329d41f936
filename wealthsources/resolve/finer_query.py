"""What to ask of a finer timeframe, to make of it what is missing of a coarser one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.answer_builder import AnswerBuilder
    from wealthsources.resolve.query import Query

#: By default no more finer bars than this, 64 MB of them, are asked for to make coarser ones of.
MOST_FINER: Final = 1_000_000
#: So many trading days, one after the other, are not all cut short.
_ENOUGH: Final = 5


class FinerQuery(NamedTuple):
    """What to ask for of a finer timeframe; `clipped` says that more was wanted than is ever asked for."""

    query: Query
    clipped: bool


def finer_query(builder: AnswerBuilder, finer: Timeframe, count: int = 0, most: int = MOST_FINER) -> FinerQuery:
    """What to ask for of a timeframe that divides the builder's: no more than `most`, the newest.

    Windows are asked for whole, from the oldest missing one on; a forming bar is made of all that is over by now.
    Where the newest so many are asked for, at least `count` finer ones.
    """
    query, timeframe = builder.query, builder.query.timeframe
    include_now = builder.lacks_forming()
    first, last = builder.missing.all_of(builder.bars)
    end = None if include_now else min(timeframe.open_time(last + 1), query.limit)
    asked = dataclasses.replace(query, timeframe=finer, count=None, start=None, end=end, include_now=include_now)
    if first is None:
        parts = _parts(timeframe, finer, last)
        wanted = max((builder.missing.count_for(builder.bars, last) + include_now) * parts, count)
        return FinerQuery(dataclasses.replace(asked, count=min(wanted, most)), wanted > most)
    earliest = finer.open_time(finer.slot(query.limit if end is None else end) - most)
    # On a quiet market a window's first part may have no bar; only an older bar shows that it is not just missing.
    start = max(timeframe.open_time(first - (not query.market.continuous)), earliest)
    return FinerQuery(dataclasses.replace(asked, start=start), start > timeframe.open_time(first))


def _parts(timeframe: Timeframe, finer: Timeframe, last: int) -> int:
    """How many finer windows one has; where trading hours differ, the most that one of the newest has."""
    if timeframe.hours is None:
        return timeframe.milliseconds // finer.milliseconds
    opens = [timeframe.open_time(slot) for slot in range(last - _ENOUGH, last + 1)]
    return max(1, *(finer.slot(timeframe.end(time)) - finer.slot(time) for time in opens))


def may_go_on(part: AnswerBuilder, coarser: Timeframe) -> bool:
    """Whether there may be finer bars that are older than could be asked for."""
    start = part.query.start
    if start is None:
        return part.is_full
    return len(part.bars) > 0 and coarser.slot(part.bars.oldest) <= coarser.slot(start) + 1
