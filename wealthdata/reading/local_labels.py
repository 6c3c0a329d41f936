"""Labels in a zone whose clocks are set: what they show, and when one of them would not tell a bar from another."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from wealthdata.arguments.dates import from_milliseconds
from wealthdata.errors import ParamsError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels = NDArray[np.datetime64]

_DAY: Final = 86_400_000


def local_labels(stamps: Labels, zone: dt.tzinfo) -> Labels:
    """Times in UTC, increasing, as wall time in `zone`: naive datetime64[ns], shape (n,).

    Raises ParamsError where clocks were set back among them, so that a label would come twice, or before an earlier
    one: half an answer would be another bar than its label says.
    """
    local = pd.DatetimeIndex(stamps, tz="UTC").tz_convert(zone).tz_localize(None)
    labels = np.array(local, dtype="datetime64[ns]")
    back = np.flatnonzero(labels[1:] <= labels[:-1])
    if len(back):
        place = int(back[0])
        times = stamps[place : place + 2].astype("datetime64[ms]").astype("int64")
        raise ParamsError(_refusal(set_back_between(int(times[0]), int(times[1]), zone), labels[place + 1], zone))
    return labels


def next_set_back(now: int, zone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime] | None:
    """What clocks in `zone` show when they are next set back within a year of `now`, ms, and what right after."""
    days = range(now, now + 366 * _DAY, _DAY)
    offsets = [from_milliseconds(time, zone).utcoffset() or dt.timedelta() for time in days]
    for place, (before, after) in enumerate(itertools.pairwise(offsets)):
        if after < before:
            return set_back_between(days[place], days[place + 1], zone)
    return None


def set_back_between(early: int, late: int, zone: dt.tzinfo) -> tuple[dt.datetime, dt.datetime]:
    """What clocks show when they are set back between these times, ms, at the first of which they have not been."""
    before = from_milliseconds(early, zone).utcoffset() or dt.timedelta()
    while late - early > 1:
        middle = (early + late) // 2
        changed = (from_milliseconds(middle, zone).utcoffset() or dt.timedelta()) < before
        early, late = (early, middle) if changed else (middle, late)
    after = from_milliseconds(late, zone)
    return (after.astimezone(dt.UTC) + before).replace(tzinfo=None), after


def remedies(after: dt.datetime) -> str:
    """What to do about a zone whose clocks are set back; `after` is a time when they were."""
    hours = (after.utcoffset() or dt.timedelta()) / dt.timedelta(hours=1)
    return (
        "use wealthdata.configure(tz='UTC'), or a zone that has one time all year, as 'Asia/Shanghai' or "
        f"datetime.timezone(datetime.timedelta(hours={hours:g}))"
    )


def _refusal(change: tuple[dt.datetime, dt.datetime], label: np.datetime64, zone: dt.tzinfo) -> str:
    shown, after = change
    label_text = str(label.astype("datetime64[ms]")).replace("T", " ").removesuffix(".000")
    return (
        f"labels of this answer would not tell its bars apart: the clocks of {zone} were set back from {shown} to "
        f"{after:%H:%M}, so that {label_text} comes twice or after a later one; {remedies(after)}; "
        "arrays (df=False) without 'date' have no labels"
    )
