"""Partitions: the files of one series, each of a span of time that its path says, as in BTCUSDT-1m-2024-01.zip."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources import SourceError, time_text
from wealthsources_file.table import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wealthsources import Bars, HistoryRequest, Timeframe
    from wealthsources_file.storage import Place
    from wealthsources_file.table import Table

#: What the placeholders of a path may stand for.
NAMES: Final[Mapping[str, str]] = {
    "year": r"\d{4}",
    "month": r"\d\d",
    "date": r"\d{4}(?:-\d\d-|_\d\d_|\d\d)\d\d",
}
#: A month begins somewhere on Earth so much before or after it does in UTC, and a path does not say where.
_DAY: Final = 86_400_000
_MONTHS: Final = 12


class Span(NamedTuple):
    """The time that a path says, ms: from `start` until before `end`."""

    start: int
    end: int


class Partition(NamedTuple):
    """A file, and the time that its path says it is of."""

    span: Span
    path: Place


#: The oldest first.
Partitions = tuple[Partition, ...]


def span_of(names: Mapping[str, str]) -> Span | None:
    """The time that placeholders say; None if there is no such month or day. Raises KeyError without a year or date."""
    try:
        if "date" in names:
            first = dt.date.fromisoformat(re.sub("[-_]", "", names["date"]))
            return Span(_ms(first), _ms(first + dt.timedelta(days=1)))
        year, month = int(names["year"]), int(names.get("month", 1))
        last = int(names.get("month", _MONTHS))
        return Span(_ms(dt.date(year, month, 1)), _ms(dt.date(year + last // _MONTHS, last % _MONTHS + 1, 1)))
    except (ValueError, OverflowError):
        return None


def table_of(
    partitions: Partitions, request: HistoryRequest, read: Callable[[Partition], Table]
) -> tuple[Place, Table]:
    """What those of the files have that a request touches; and the newest of these. Raises SourceError.

    From the newest on as many are read as it takes, each with `read`.
    """
    found: list[tuple[Partition, Table]] = []
    slack = _slack(request.timeframe)
    lacking = None if request.count is None else request.count + 1  # the forming bar is one more
    for partition in reversed(partitions):
        if lacking is not None and lacking <= 0:
            break
        if found and request.start is not None and partition.span.end + slack <= request.start:
            break
        if partition.span.start - slack >= request.end and partition is not partitions[0]:
            continue
        table = read(partition)
        _check(partition, table.bars, found[-1] if found else None)
        found.append((partition, table))
        if lacking is not None:
            lacking -= int(np.searchsorted(table.bars.open_times, request.end))
    found.reverse()
    newest, table = found[-1]
    earlier = [(partition.path, each._replace(bars=_closed(each.bars))) for partition, each in found[:-1]]
    return newest.path, joined([*earlier, (newest.path, table)])


def _slack(timeframe: Timeframe) -> int:
    """How far from the time that its path says a file may have bars: where labels are ends, one bar more."""
    return _DAY + timeframe.milliseconds


def _check(partition: Partition, bars: Bars, later: tuple[Partition, Table] | None) -> None:
    """Raises SourceError if a file has other bars than its path says, or bars that a later one has begun with."""
    if not len(bars):
        return
    (start, end), path = partition
    slack = _slack(bars.timeframe)
    for time in (bars.oldest, bars.newest):
        if not start - slack <= time < end + slack:
            raise SourceError(
                f"{path}: has a bar of {time_text(time)}; its path says {time_text(start)} to {time_text(end)}"
            )
    if later is not None and len(later[1].bars) and bars.newest >= later[1].bars.oldest:
        raise SourceError(
            f"{path} and {later[0].path} overlap: the bars of the one go on to {time_text(bars.newest)}, those of the "
            f"other begin at {time_text(later[1].bars.oldest)}; move one of them away"
        )


def _closed(bars: Bars) -> Bars:
    """Bars without the newest one if that was not closed when its file was written: a later file cannot say."""
    return bars[:-1] if len(bars) and bars[-1].closed is False else bars


def _ms(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days * _DAY
