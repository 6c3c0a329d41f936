"""What is found wrong with the bars of a series: rows that are no bars, and bars on which two sources disagree.

Of each kind the worst are told one by one, up to `MOST_TOLD`; of the rest it is said how many they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from wealthsources.model.attempt import stamps_ends
from wealthsources.model.labels import compare_labels
from wealthsources.model.rows import FIELDS
from wealthsources.model.times import EARLIEST_TIME, LATEST_TIME
from wealthsources.model.validity import fault_of, find_faults, time_fault
from wealthsources.resolve.merge import differing_times

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from wealthsources.model.bars import Bar, Bars
    from wealthsources.model.markets import Prices

Kind = Literal[
    "failed", "note", "bad_values", "off_grid", "duplicate", "out_of_order", "hole", "label_shift", "disagreement"
]

MOST_TOLD: Final = 1_000


class Finding(NamedTuple):
    """One thing that is wrong.

    source   whose it is; `chain` for what is missing in all of them
    start    from when on, ms; end: up to when, exclusive
    size     how bad it is beside others of its kind
    bars     how many bars it is about, if that is known, else 1
    number   how many findings it stands for
    stamped  of a label shift: the source that seems to stamp its bars with their end
    """

    kind: Kind
    source: str
    start: int
    end: int
    text: str
    size: float = 0.0
    bars: int = 1
    number: int = 1
    stamped: str = ""


# rows ----------------------------------------------------------------------------------------------------------------


def judge_rows(bars: Bars, name: str, prices: Prices) -> tuple[Bars, list[Finding]]:
    """The rows of a source's answer that are bars and in order, and what is wrong with the others."""
    if bars.trusted:
        return bars, []
    times, values = bars.open_times, bars.values
    is_bad = find_faults(times, values, bars.timeframe, prices)
    _, firsts = np.unique(times, return_index=True)  # in the order of time
    is_again = np.ones(len(times), bool)
    is_again[firsts] = False
    newest = np.maximum.accumulate(np.where(is_bad, 0, times))  # what is no bar is no later bar
    findings = _told(np.flatnonzero(is_bad), lambda place: _bad_row(bars, name, place, prices))
    findings += _told(np.flatnonzero(is_again & ~is_bad), lambda place: _again(bars, name, place))
    findings += _told(np.flatnonzero((times < newest) & ~is_again & ~is_bad), lambda place: _late(bars, name, place))
    return bars.take(bars.rows[firsts[~is_bad[firsts]]]), findings


def _bad_row(bars: Bars, name: str, place: int, prices: Prices) -> Finding:
    time, values = int(bars.open_times[place]), bars.values[place].tolist()
    kind: Kind = "off_grid" if time_fault(time, bars.timeframe) else "bad_values"
    return Finding(kind, name, time, _end(bars, time), fault_of(time, values, bars.timeframe, prices))


def _again(bars: Bars, name: str, place: int) -> Finding:
    time = int(bars.open_times[place])
    first = int(np.flatnonzero(bars.open_times == time)[0])
    same = (bars.values[first] == bars.values[place]).all()
    return Finding(
        "duplicate", name, time, _end(bars, time), f"is there again, with {'the same' if same else 'other'} values"
    )


def _late(bars: Bars, name: str, place: int) -> Finding:
    time = int(bars.open_times[place])
    return Finding("out_of_order", name, time, _end(bars, time), "comes after a later bar")


def _end(bars: Bars, time: int) -> int:
    return bars.timeframe.end(time) if EARLIEST_TIME <= time <= LATEST_TIME else time


def _told(places: NDArray[np.intp], tell: Callable[[int], Finding], most: int = MOST_TOLD) -> list[Finding]:
    """Each of them, worst first where the places are in that order; beyond `most`, how many more there are."""
    findings = [tell(place) for place in places[:most].tolist()]
    if rest := len(places) - len(findings):
        findings.append(findings[-1]._replace(text=f"and {rest:,} more, which are not worse", size=-1.0, number=rest))
    return findings


# two sources ---------------------------------------------------------------------------------------------------------


def compare_sources(first: Bars, name: str, second: Bars, other: str) -> list[Finding]:
    """On which bars source `other` says something else than `name`, which comes first; or that one is a window off.

    Both are closed bars in order.
    """
    times = differing_times(first, second)
    if not len(times):
        return []
    labels = compare_labels(first, second)
    if labels.is_proven and (labels.second_is_late or labels.first_is_late):
        return [_shift(first, name, second, other, late=labels.second_is_late)]
    mine, theirs = np.searchsorted(first.open_times, times), np.searchsorted(second.open_times, times)
    apart = _apart(first.values[mine], second.values[theirs])

    def tell(place: int) -> Finding:
        return _disagreement(first[int(mine[place])], name, second[int(theirs[place])], other, float(apart[place]))

    return _told(np.argsort(-apart, kind="stable"), tell)


def _shift(first: Bars, name: str, second: Bars, other: str, *, late: bool) -> Finding:
    """`late`: the second is; else the first."""
    times, stamped = np.intersect1d(first.open_times, second.open_times), other if late else name
    text = f"its bars are those of {name}, one window {'later' if late else 'earlier'}: {stamps_ends(stamped)}"
    text += "" if late else ", or this one is said to and does not"
    start, end = int(times[0]), first.timeframe.end(int(times[-1]))
    return Finding("label_shift", other, start, end, text, bars=len(times), stamped=stamped)


def _disagreement(first: Bar, name: str, second: Bar, other: str, apart: float) -> Finding:
    fields = [field for field in FIELDS if getattr(first, field) != getattr(second, field)]
    parts = [f"{field} {second.exact(field)} for {first.exact(field)}{_by(first, second, field)}" for field in fields]
    return Finding("disagreement", other, first.open_time, first.end, f"{', '.join(parts)} of {name}", apart)


def _by(first: Bar, second: Bar, field: str) -> str:
    """By how much of the first one's value, if that can be said."""
    mine, theirs = getattr(first, field), getattr(second, field)
    return f" ({100 * (theirs - mine) / abs(mine):+.3g} %)" if mine else ""


def _apart(held: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how much of what is held each bar differs at most, shape (n,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.abs(values - held) / np.abs(held)
    found: NDArray[np.float64] = np.nan_to_num(apart, nan=0.0).max(axis=1)
    return found
