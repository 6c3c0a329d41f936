"""RowCache: the rows of records that were read before, for as long as the records say the same.

An engine may put another list in place, append to one, replace a record or change any value of one, at any time. So
each value of each record in use is fetched at each call, and only what it was made into is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from wealthsources import Bars, Timeframe
from wealthsources_context.raw_values import Values, fetch, find_changed, find_other, forget, like_no_other, may_change

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_ROWS: Final = 200_000

#: The values of one record by their names to a record as `Bars.from_records` takes it.
MakeRecord = Callable[[dict[str, Any]], Mapping[str, object]]


class RowCache:
    """The rows of the series of one session: of each thrice what was asked for at once at most, `most_rows` in all.

    Holds values, never a record, a list or a context. Any thread may use it: each gets what its own records say.
    """

    def __init__(self, most_rows: int = _MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._held: dict[tuple[str, Timeframe], _Held] = {}

    def read(
        self, symbol: str, timeframe: Timeframe, records: Sequence[object], span: tuple[int, int], make: MakeRecord
    ) -> Bars:
        """The bars of some records, one at least; the first and the last of them open at these times, ms.

        As `Bars.from_records` makes them of what `make` makes of their values. Raises whatever these raise.
        """
        fields, values = fetch(records)
        held = self._held.get((symbol, timeframe))
        if held is None or held.fields != fields:
            held = _Held(fields, values[:0], Bars.empty(symbol, timeframe), 0)
        known = held.aligned(span, len(values))
        other = find_other(values, known.values)
        if not len(other):
            return _as_it_is(known.bars)
        part = known.renewed(values, find_changed(values, known.values, other), make)
        self._keep((symbol, timeframe), held.with_part(part))
        return _as_it_is(part.bars)

    def _keep(self, key: tuple[str, Timeframe], held: _Held) -> None:
        self._held.pop(key, None)
        self._held[key] = held  # last, so that the one used longest ago is the first
        while len(keys := list(self._held)) > 1 and self._size() > self._most_rows:
            self._held.pop(keys[0], None)

    def _size(self) -> int:
        return sum(len(held.bars) for held in list(self._held.values()))


class _Held(NamedTuple):
    """What was read of one series, or a part of it, oldest first.

    values  what the records said under the names of `fields`, a row for each of `bars`
    widest  the most that was asked for at once
    """

    fields: tuple[str, ...]
    values: Values
    bars: Bars
    widest: int

    def part(self, first: int, last: int) -> _Held:
        """The rows from `first` up to `last`."""
        return self._replace(values=self.values[first:last], bars=self.bars[first:last])

    def aligned(self, span: tuple[int, int], count: int) -> _Held:
        """What may be known of `count` records of that span: as many rows, those that are not held like no other."""
        times = self.bars.open_times
        first, last = int(np.searchsorted(times, span[0])), int(np.searchsorted(times, span[1], side="right"))
        if first + count <= last:
            return self.part(first, first + count)
        known = self.part(first, last).part(0, count)
        begins_before = len(known.bars) > 0 and times[first] > span[0]
        at = count - len(known.bars) if begins_before else 0  # what they have in common is the end
        rows = np.zeros((count, self.bars.rows.shape[1]))
        values = like_no_other(count, len(self.fields))
        rows[at : at + len(known.bars)], values[at : at + len(known.bars)] = known.bars.rows, known.values
        return known._replace(values=values, bars=known.bars.replace(rows=rows))

    def renewed(self, values: Values, changed: NDArray[np.intp], make: MakeRecord) -> _Held:
        """The same for other values, of which only the rows `changed` say something else."""
        raw = values[changed].tolist()
        named = [
            {name: value for name, value in zip(self.fields, row, strict=True) if value is not None} for row in raw
        ]
        fresh = Bars.from_records(self.bars.symbol, self.bars.timeframe, map(make, named))
        for place, row in zip(changed.tolist(), raw, strict=True):
            if may_change(row):
                forget(values, place)
        rows = np.array(self.bars.rows)
        rows[changed] = fresh.rows
        times = set(fresh.open_times.tolist())
        texts = {time: text for time, text in self.bars.texts.items() if time not in times} | dict(fresh.texts)
        return self._replace(values=values, bars=Bars(self.bars.symbol, self.bars.timeframe, rows, texts=texts))

    def with_part(self, part: _Held) -> _Held:
        """With this part in its place, and of what is before and after it no more than was ever asked for at once."""
        held, times = self.bars.open_times, part.bars.open_times
        if (np.diff(times) <= 0).any():
            return self  # an error, which whoever asked is told
        widest = max(self.widest, len(times))
        first, last = int(np.searchsorted(held, times[0])), int(np.searchsorted(held, times[-1], side="right"))
        pieces = self.part(max(0, first - widest), first), part, self.part(last, last + widest)
        bars = part.bars.replace(rows=np.concatenate([piece.bars.rows for piece in pieces]))
        values = np.concatenate([piece.values for piece in pieces])
        return _Held(self.fields, values, _as_it_is(bars), widest)


def _as_it_is(bars: Bars) -> Bars:
    """With the texts of these bars only."""
    if not bars.texts:
        return bars
    times = bars.open_times.tolist()
    return bars.replace(texts={time: bars.texts[time] for time in times if time in bars.texts})
