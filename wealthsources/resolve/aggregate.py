"""Coarser bars from finer ones, by bucket identity: a bucket is the coarser window that holds the finer open_time.

A bucket becomes a closed bar when every finer window in it has a closed bar, and none otherwise. Finer bars that are
forming, or of which nobody said that they are closed, count as missing: they only show how far time has come. So no
coarser bar changes with what comes after its end. On a market that is not continuous some finer windows have no bar:
there a bucket is whole if no hole is in it, and finer bars before and after it show that it is not cut off.

Texts stay exact. A price keeps the text of the bar it comes from, and a volume is the decimal sum of the texts. With
no more than 15 digits these are whole numbers below 2**53 of some decimal unit, which float64 adds without error: that
is the fast path. Whatever does not fit into it is summed as Decimal, bucket by bucket.
"""

from __future__ import annotations

import functools
import math
from bisect import bisect_left
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources.model.bars import Bars
from wealthsources.model.decimals import Value, exact_text, read_value
from wealthsources.model.errors import RequestError
from wealthsources.model.holes import holes_between
from wealthsources.model.rows import (
    AS_NUMBER,
    BY_HISTORY,
    CLOSED,
    FIELDS,
    FORMING,
    HIGH,
    KEPT_ASIDE,
    LOW,
    MOST_SOURCES,
    VOLUME,
    add_decimal_codes,
    close_times,
    decimal_codes,
    new_rows,
    open_times,
    packed_decimals,
    source_codes,
    statuses,
    values,
)
from wealthsources.model.timeframe import Timeframe
from wealthsources.resolve.known_empty import NO_SPANS, Spans
from wealthsources.resolve.plain_bars import MOST_DECIMALS, MOST_UNITS, plain_bars
from wealthsources.resolve.quiet import find_holes, judge_buckets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources.model.rows import Integers, Rows

    Flags = NDArray[np.bool_]

_DAY: Final = Timeframe("1d").fixed

#: With so many rows a bucket, it is quicker to look for where each begins than to ask each row.
_FEW: Final = 64
_POWERS: Final = np.array([float(10**decimals) for decimals in range(MOST_DECIMALS + 1)])
#: Beyond any market, and far enough from the end of float64 that no number of units overflows.
_LARGEST_VOLUME: Final = 1e290
#: Every text that `read_value` takes has fewer digits than this, counted from e+308 down to e-999.
_EXACT: Final = Context(prec=2000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def aggregate(
    bars: Bars,
    timeframe: Timeframe,
    *,
    forming: bool = False,
    quiet_until: int | None = None,
    empty: Spans = NO_SPANS,
) -> Bars:
    """Closed bars of `timeframe` from the closed ones of `bars`, which must be in order and valid.

    With `forming`, what has been seen so far of the bucket of the newest finer bar, which may be forming itself,
    follows as a forming bar, if that bucket is not over but unbroken from its first window on. A bar's source says
    where its finer bars are from, in order of time, and their timeframe: "live+archive 1m". Raises RequestError if
    `bars.timeframe` does not divide it.

    quiet_until  the market is not continuous, and up to then (ms) there is no finer bar but these and those that are
                 missing in `bars.holes`. The answer's own holes say where bars are missing, after the last one too.
    empty        windows of the finer bars that never had one: a bucket lacks nothing if it lacks only these
    """
    if not bars.timeframe.divides(timeframe):
        raise RequestError(f"{timeframe} bars cannot be made of {bars.timeframe} bars: they are not whole ones of them")
    buckets = _buckets(bars, timeframe, forming, quiet_until, empty)
    plain = plain_bars(buckets.rows, buckets.starts) if len(buckets.starts) else None
    if plain is None:
        buckets = _without_overflow(buckets)
    if not len(buckets.starts):
        return Bars(bars.symbol, timeframe, new_rows(0), trusted=bars.trusted, unbroken=True)
    rows = new_rows(len(buckets.starts))
    texts: dict[int, list[str | None]] = {}
    open_times(rows)[:] = buckets.open_times
    close_times(rows)[:] = timeframe.ends(buckets.open_times)
    if plain is None:
        _set_prices(rows, texts, bars, buckets)
        _set_volumes(rows, texts, bars, buckets)
    else:
        values(rows)[:], packed_decimals(rows)[:] = plain
    statuses(rows)[:] = BY_HISTORY
    if buckets.forming:
        statuses(rows)[-1] = FORMING
    source_codes(rows)[:], sources = _sources(bars, buckets, alike=plain is not None)
    if quiet_until is None:
        holes = holes_between(timeframe, buckets.open_times)
    else:
        holes = find_holes(timeframe, buckets.open_times, buckets.unmade, bars.holes, quiet_until)
    return Bars(
        bars.symbol,
        timeframe,
        rows,
        sources,
        {open_time: tuple(kept) for open_time, kept in texts.items()},
        holes=holes,
        trusted=bars.trusted,
        unbroken=not holes and not buckets.forming,
    )


# buckets -------------------------------------------------------------------------------------------------------


class _Buckets(NamedTuple):
    """The finer rows that coarser bars are made of, those of one bucket after those of the bucket before.

    starts, counts and open_times have one entry per bucket: its first row, its number of rows, when it opens (ms).
    forming says that the last bucket is not whole. unmade: when those open that could be whole, and are not.
    """

    rows: Rows
    starts: Integers
    counts: Integers
    open_times: Integers
    unmade: Integers
    forming: bool

    def column(self, place: int) -> NDArray[np.float64]:
        """One value of each row, by its place in FIELDS."""
        return values(self.rows)[:, place]

    def codes(self, place: int) -> Integers:
        """The code of that value's decimals in each row."""
        return decimal_codes(self.rows, place)

    def of(self, bucket: int) -> Rows:
        """The rows of one bucket."""
        start = self.starts[bucket]
        return self.rows[start : start + self.counts[bucket]]

    def any(self, flags: Flags) -> Flags:
        """For each bucket whether any of its rows has the flag."""
        found: Flags = np.logical_or.reduceat(flags, self.starts)
        return found


def _buckets(bars: Bars, timeframe: Timeframe, forming: bool, quiet_until: int | None, empty: Spans) -> _Buckets:
    """The buckets that make a bar."""
    states = bars.states
    last_forms = forming and len(bars) > 0 and bool(states[-1] == FORMING)
    used = states == CLOSED
    used[-1:] |= last_forms
    rows = _only(bars.rows, used)
    starts, opens = _starts(open_times(rows), timeframe)
    counts = np.diff(starts, append=len(rows))
    windows = bars.timeframe.slots(timeframe.ends(opens)) - bars.timeframe.slots(opens)
    there = counts
    if empty and len(opens):
        there = counts + _count_empty(bars.timeframe, rows, opens, windows, counts < windows, empty)
    kept, over = there == windows, np.ones(len(opens), dtype=bool)
    begun = forming and len(kept) > 0 and _is_begun(bars, rows, int(opens[-1]), int(there[-1]))
    if quiet_until is not None and len(opens):
        sound, over = judge_buckets(timeframe, opens, int(open_times(rows)[0]), bars.holes, quiet_until)
        kept, begun = sound & over, forming and bool(sound[-1])
    if last_forms:
        kept[-1] = False
    begun &= len(kept) > 0 and not kept[-1]
    kept[-1:] |= begun
    return _kept(_Buckets(rows, starts, counts, opens, opens[over & ~kept], begun), kept)


def _starts(times: Integers, timeframe: Timeframe) -> tuple[Integers, Integers]:
    """The first row of each bucket, of rows that open then, and when it opens."""
    if len(times):
        first, last = timeframe.slot(int(times[0])), timeframe.slot(int(times[-1]))
        if (last - first) * _FEW < len(times):  # few buckets, of many rows: each is looked for
            opens = timeframe.open_times(np.arange(first, last + 1))
            found = np.array([bisect_left(times, time) for time in opens.tolist()])
            has_rows = np.diff(found, append=len(times)) > 0
            return found[has_rows], opens[has_rows]
    slots = timeframe.slots(times)
    starts = np.flatnonzero(np.diff(slots, prepend=slots[:1] - 1))
    return starts, timeframe.open_times(slots[starts])


def _kept(buckets: _Buckets, kept: Flags) -> _Buckets:
    """Only those of them."""
    rows, starts, counts, opens, unmade, forming = buckets
    if kept.all():
        return buckets
    forming = forming and bool(kept[-1])
    where = np.flatnonzero(kept)
    if len(where) and where[-1] - where[0] + 1 == len(where):  # those at the ends are cut off: nothing is copied
        rows = rows[starts[where[0]] : starts[where[-1]] + counts[where[-1]]]
    else:
        rows = rows[np.repeat(kept, counts)]
    counts = counts[kept]
    return _Buckets(rows, np.cumsum(counts) - counts, counts, opens[kept], unmade, forming)


def _without_overflow(buckets: _Buckets) -> _Buckets:
    """Without those whose volumes are beyond any market."""
    if not len(buckets.starts):
        return buckets
    with np.errstate(over="ignore"):
        kept = np.add.reduceat(buckets.column(VOLUME), buckets.starts) < _LARGEST_VOLUME
    whole = ~kept
    whole[-1] &= not buckets.forming
    unmade = np.concatenate([buckets.unmade, buckets.open_times[whole]])
    return _kept(buckets._replace(unmade=unmade), kept)


def _only(rows: Rows, used: Flags) -> Rows:
    """These rows; nothing is copied if they are all, or all but the last one."""
    if used[:-1].all():
        return rows if used.all() else rows[:-1]
    return rows[used]


def _count_empty(
    finer: Timeframe, rows: Rows, opens: Integers, windows: Integers, lacking: Flags, empty: Spans
) -> Integers:
    """How many of the finer windows never had a bar, and have none here: of each bucket that is `lacking` some."""
    lengths = np.where(lacking, windows, 0)
    of = np.repeat(np.arange(len(opens)), lengths)
    place = np.arange(len(of)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    slots = finer.slots(opens)[of] + place
    without = empty.cover(slots, slots) & ~np.isin(slots, finer.slots(open_times(rows)))
    return np.bincount(of[without], minlength=len(opens))


def _is_begun(bars: Bars, rows: Rows, open_time: int, count: int) -> bool:
    """Whether `count` windows of the last bucket, with a bar or known to have none, are its first ones, and no bar is
    beyond the next one.
    """
    first = bars.timeframe.slot(open_time)
    newest_used = bars.timeframe.slot(int(open_times(rows)[-1]))
    newest = bars.timeframe.slot(int(bars.open_times[-1]))
    return newest_used - first == count - 1 and newest - first <= count


# prices --------------------------------------------------------------------------------------------------------


def _set_prices(rows: Rows, texts: dict[int, list[str | None]], bars: Bars, buckets: _Buckets) -> None:
    """Open, high, low and close with their decimals, each from one finer row."""
    first, last = buckets.starts, buckets.starts + buckets.counts - 1
    froms = (first, _extremes(bars, buckets, HIGH), _extremes(bars, buckets, LOW), last)
    for place, chosen in enumerate(froms):
        values(rows)[:, place] = buckets.column(place)[chosen]
        codes = buckets.codes(place)[chosen]
        add_decimal_codes(rows, place, codes)
        aside = np.flatnonzero(codes == KEPT_ASIDE)
        kept = _texts(bars, buckets.rows[chosen[aside]], place)
        for open_time, text in zip(buckets.open_times[aside].tolist(), kept, strict=True):
            _keep(texts, open_time, place, text)


def _extremes(bars: Bars, buckets: _Buckets, place: int) -> Integers:
    """The row of each bucket that has its highest high, or its lowest low; of equal ones the first."""
    column = buckets.column(place)
    best = (np.maximum if place == HIGH else np.minimum).reduceat(column, buckets.starts)
    equal = column == np.repeat(best, buckets.counts)
    candidates = np.flatnonzero(equal)
    chosen = candidates[np.searchsorted(candidates, buckets.starts)]
    # Texts of more than 15 digits may differ where their floats do not.
    aside = equal & (buckets.codes(place) == KEPT_ASIDE)
    if aside.any():
        tied = np.add.reduceat(equal, buckets.starts, dtype=np.int64) > 1
        for bucket in np.flatnonzero(buckets.any(aside) & tied):
            start, stop = buckets.starts[bucket], buckets.starts[bucket] + buckets.counts[bucket]
            rows = start + np.flatnonzero(equal[start:stop])
            exact = [Decimal(text) for text in _texts(bars, buckets.rows[rows], place)]
            chosen[bucket] = rows[exact.index(max(exact) if place == HIGH else min(exact))]
    return chosen


# volumes -------------------------------------------------------------------------------------------------------


def _set_volumes(rows: Rows, texts: dict[int, list[str | None]], bars: Bars, buckets: _Buckets) -> None:
    """The exact sums of the volumes, with as many decimals as the most precise part; of numbers, a number."""
    volumes, decimals = buckets.column(VOLUME), buckets.codes(VOLUME)
    as_number = decimals == AS_NUMBER
    decimals[as_number] = _fewest_decimals(volumes[as_number])
    sums, codes, done = _fast_sums(buckets, decimals)
    # A number with so many decimals is the result of some sum itself: floats are added, and rounded once.
    vague = buckets.any(as_number & (decimals == KEPT_ASIDE))
    for bucket in np.flatnonzero(vague):
        sums[bucket] = math.fsum(values(buckets.of(int(bucket)))[:, VOLUME].tolist())
    with_number = buckets.any(as_number)
    for bucket in np.flatnonzero(~(done | vague)):
        sums[bucket], codes[bucket], text = _careful_sum(bars, buckets.of(int(bucket)))
        if text is not None and not with_number[bucket]:
            _keep(texts, int(buckets.open_times[bucket]), VOLUME, text)
    codes[with_number] = AS_NUMBER
    values(rows)[:, VOLUME] = sums
    add_decimal_codes(rows, VOLUME, codes)


def _fast_sums(buckets: _Buckets, decimals: Integers) -> tuple[NDArray[np.float64], Integers, Flags]:
    """The sum of each bucket, its decimals, and whether these are right. `decimals` has one entry per row.

    Each volume becomes a whole number of units of its last decimal. These are right if they give the volumes back,
    which makes them the numbers that the texts say, and if their sum in the bucket's smallest unit is small enough to
    be exact.
    """
    volumes = buckets.column(VOLUME)
    most = np.maximum.reduceat(decimals, buckets.starts)
    smallest = _POWERS[np.minimum(most, MOST_DECIMALS)]
    units, right = _units(volumes, np.minimum(decimals, MOST_DECIMALS))
    estimate = np.add.reduceat(np.abs(volumes), buckets.starts) * smallest
    done = (most <= MOST_DECIMALS) & ~buckets.any(~right) & (estimate < MOST_UNITS)
    in_done = np.repeat(done, buckets.counts)
    finer_by = np.where(in_done, np.repeat(most, buckets.counts) - decimals, 0)
    sums = np.add.reduceat(np.where(in_done, units, 0.0) * _POWERS[finer_by], buckets.starts) / smallest
    return sums, most, done


def _units(numbers: NDArray[np.float64], decimals: Integers) -> tuple[NDArray[np.float64], Flags]:
    """Numbers as whole numbers of units of that many decimals, and which of them are exactly that."""
    scales = _POWERS[decimals]
    units = np.rint(numbers * scales)
    return units, units / scales == numbers


def _fewest_decimals(numbers: NDArray[np.float64]) -> Integers:
    """With how many decimals each number prints; KEPT_ASIDE where that is more than a code can say."""
    found = np.full(len(numbers), KEPT_ASIDE)
    left = np.arange(len(numbers))
    for decimals in range(MOST_DECIMALS + 1):
        if not len(left):
            break
        _, right = _units(numbers[left], np.full(len(left), decimals))
        found[left[right]] = decimals
        left = left[~right]
    return found


def _careful_sum(bars: Bars, rows: Rows) -> Value:
    """The sum of these rows' volumes, however many digits it has; one too long for `read_value` counts as a number."""
    total = functools.reduce(_EXACT.add, map(Decimal, _texts(bars, rows, VOLUME)))
    try:
        return read_value(format(total, "f"))
    except ValueError:
        return Value(float(total), AS_NUMBER, None)


# texts and names -----------------------------------------------------------------------------------------------


def _texts(bars: Bars, rows: Rows, place: int) -> list[str]:
    """The exact text of one value of each row."""
    times, numbers, codes = open_times(rows), values(rows)[:, place], decimal_codes(rows, place)
    nothing = (None,) * len(FIELDS)
    return [
        exact_text(number, code, bars.texts.get(time, nothing)[place])
        for time, number, code in zip(times.tolist(), numbers.tolist(), codes.tolist(), strict=True)
    ]


def _keep(texts: dict[int, list[str | None]], open_time: int, place: int, text: str) -> None:
    texts.setdefault(open_time, [None] * len(FIELDS))[place] = text


def _sources(bars: Bars, buckets: _Buckets, *, alike: bool) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """For each bucket the index of its source's name, and the names; `alike`: all rows have one source."""
    codes = source_codes(buckets.rows)
    if alike:
        name = f"{bars.sources[codes[0]]} {bars.timeframe}".lstrip()
        return np.zeros(len(buckets.starts), np.uint8), (name,)
    found = codes[buckets.starts]
    mixed = buckets.any(codes != np.repeat(found, buckets.counts))
    names: dict[str, int] = {}
    places = np.zeros(len(bars.sources), dtype=np.uint8)
    for code in np.unique(found[~mixed]):
        places[code] = _place_of(names, (bars.sources[code],), bars.timeframe)
    found = places[found]
    for bucket in np.flatnonzero(mixed):
        codes = source_codes(buckets.of(int(bucket)))
        parts = dict.fromkeys(bars.sources[code] for code in codes.tolist())
        found[bucket] = _place_of(names, tuple(parts), bars.timeframe)
    return found, tuple(names)


def _place_of(names: dict[str, int], parts: tuple[str, ...], finer: Timeframe) -> int:
    """The index of what these sources are called together; the last index that a row can hold is for several."""
    name = f"{'+'.join(parts)} {finer}".lstrip()
    if name not in names and len(names) >= MOST_SOURCES - 1:
        name = f"several {finer}"
    return names.setdefault(name, len(names))
