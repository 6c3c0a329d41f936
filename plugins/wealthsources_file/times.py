"""The times of a file as ms since 1970, UTC: counted in some unit, or written out.

What cannot be told is no time: a written one without a zone where none is said, one that a clock skips or shows twice,
and a date like 01/02/2024, which is another day in another country.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import zoneinfo
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources import EARLIEST_TIME, LATEST_TIME, time_text, wall_time
from wealthsources_file.columns import read_whole
from wealthsources_file.iso import ISO, NO_OFFSET, read_iso
from wealthsources_file.layout import UNITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wealthsources_file.cells import Cells
    from wealthsources_file.layout import Layout

    Ints = NDArray[np.int64]

_LOST: Final = np.iinfo(np.int64).min
_WORDS: Final = {"s": "seconds", "ms": "ms", "us": "microseconds", "ns": "nanoseconds"}
_ZONE: Final = "say which, as in zone: UTC, or zone: Europe/Berlin"
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DATE: Final = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(\D.*)?", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Times:
    """Of each row its time in ms, UTC; a date alone is the midnight that it begins with where it was written.

    faults  by row, why a text is no time; there the time is 0
    """

    times: Ints
    faults: dict[int, str]


def read_times(cells: Cells, column: int, layout: Layout, *, whole: bool = True) -> Times:
    """The times of a column. Without `whole` what is smaller than a ms is cut off; else such a time is none."""
    return (
        _written(cells, column, layout, whole=whole)
        if layout.is_written
        else _counted(cells, column, layout, whole=whole)
    )


def _counted(cells: Cells, column: int, layout: Layout, *, whole: bool) -> Times:
    numbers, good = read_whole(cells, column)
    times = np.full(len(numbers), _LOST)
    for unit in layout.time:
        many, few = UNITS[unit]
        # No number fits two units: each is a thousand times another, and the latest time not thirty times the earliest.
        fits = good & (numbers >= EARLIEST_TIME * many // few) & (numbers <= LATEST_TIME * many // few)
        if whole and many > 1:
            fits &= numbers % many == 0
        np.copyto(times, numbers // many if many > 1 else numbers * few, where=fits)
    lost = times == _LOST
    times[lost] = 0
    faults = {row: _why_not_counted(cells.text(row, column), layout) for row in np.flatnonzero(lost).tolist()}
    return Times(times, faults)


def _why_not_counted(text: str, layout: Layout) -> str:
    said = f"{text} is not a time in {' or '.join(layout.time)}"
    if not re.fullmatch("[0-9]{1,19}", text):
        return said + (_advice(text) if ISO.fullmatch(text) or _DATE.fullmatch(text) else "")
    said += " of 1980 to 2200"
    for unit, (many, few) in UNITS.items():
        time = int(text) * few // many
        if EARLIEST_TIME <= time <= LATEST_TIME:
            if unit in layout.time:
                return f"{text} has a part of a ms"
            some = ", ".join((*layout.time, unit))
            it_is = f"in {_WORDS[unit]} it would be {time_text(time)} UTC"
            return f"{said}; {it_is}: say time: {unit} if all are, or time: [{some}] if some are"
    return said


def _written(cells: Cells, column: int, layout: Layout, *, whole: bool) -> Times:
    (pattern,) = layout.time
    if pattern == "iso":
        found = read_iso(cells.block, cells.starts[:, column], cells.ends[:, column], whole=whole)
        local, offsets, lost = found.times, found.offsets, found.lost
    else:
        local, lost = _by_pattern([cells.text(row, column) for row in range(len(cells.starts))], pattern)
        offsets = np.full(len(local), NO_OFFSET)
    faults = {row: _why_not_written(cells.text(row, column), pattern) for row in lost}
    return _placed(local, offsets, layout.zone, faults, lambda row: cells.text(row, column))


def _by_pattern(texts: list[str], pattern: str) -> tuple[Ints, list[int]]:
    import pandas as pd  # noqa: PLC0415 - takes half a second, and most files need none of it

    found = pd.to_datetime(pd.Series(texts, dtype=object), format=pattern, errors="coerce")
    micros = found.fillna(pd.Timestamp(0)).to_numpy().astype("datetime64[us]").astype(np.int64)
    lost = np.flatnonzero(found.isna() | (micros % 1_000 != 0)).tolist()
    return micros // 1_000, lost


def _placed(local: Ints, offsets: Ints, zone: str | None, faults: dict[int, str], text: Callable[[int], str]) -> Times:
    """Times on the clocks where they were written as times in UTC."""
    times = local - np.where(offsets == NO_OFFSET, 0, offsets)
    bare = np.flatnonzero(offsets == NO_OFFSET)
    bare = bare[~np.isin(bare, list(faults))] if faults else bare
    if len(bare) and zone is None:
        faults |= {row: f"{text(row)} names no time zone; {_ZONE}" for row in bare.tolist()}
    elif len(bare) and zone != "UTC":
        times[bare], lost = in_zone(local[bare], str(zone))
        faults |= {int(bare[place]): why for place, why in lost.items()}
    times[list(faults)] = 0
    return Times(times, faults)


def in_zone(local: Ints, zone: str) -> tuple[Ints, dict[int, str]]:
    """Times on the clocks of a zone, ms, as times in UTC; and of those that cannot be told, by place, why.

    Clocks that skip 00:00, or show it twice, begin that day where they are set.
    """
    import pandas as pd  # noqa: PLC0415 - as above

    clocks = pd.DatetimeIndex(local.astype("datetime64[ms]"))
    found = clocks.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    times = found.tz_convert(None).to_numpy().astype("datetime64[ms]").astype(np.int64)
    faults: dict[int, str] = {}
    for place in np.flatnonzero(found.isna()).tolist():
        try:
            moment = wall_time(clocks[place].to_pydatetime(), zoneinfo.ZoneInfo(zone))
        except ValueError:
            faults[place] = f"{time_text(int(local[place]))} comes twice in {zone}, or not at all, where clocks are set"
        else:
            times[place] = (moment - _EPOCH) // dt.timedelta(milliseconds=1)
    return times, faults


def _why_not_written(text: str, pattern: str) -> str:
    if pattern != "iso":
        return f"{text} is not written as {pattern}"
    if ISO.fullmatch(text):
        return f"{text} is on no calendar, or has a part of a ms"
    return f"{text} is not written as 2024-01-31 09:30:00{_advice(text)}"


def _advice(text: str) -> str:
    """What to say of times that are written in that way."""
    if ISO.fullmatch(text):
        return "; say time: iso"
    found = _DATE.fullmatch(text)
    if found is None:
        return "; say how it is, as in time: '%Y.%m.%d %H:%M'"
    first, mark, second = int(found[1]), found[2], int(found[3])
    year = "%Y" if len(found[4]) == 4 else "%y"
    both = [f"%d{mark}%m{mark}{year}", f"%m{mark}%d{mark}{year}"]
    likely = both[:1] if first > 12 else both[1:] if second > 12 else both
    more = "…" if found[5] else ""
    return "; say which is the day: " + " or ".join(f"time: '{pattern}{more}'" for pattern in likely)
