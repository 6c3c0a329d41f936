"""What of a batch is new to a store, and since when it was known. Pure: no clock, no database."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import repeat
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources import exact_texts
from wealthsources_store.packing import read_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wealthsources import Bars
    from wealthsources_store.packing import Columns

#: In place of the revision of a bar that is stored already as it is; and of one that is stored with other numbers, and
#: stays so.
REPEATED: Final = -1
DIFFERENT: Final = -2


class State(NamedTuple):
    """The newest stored state of a bar: values, decimals and texts are as the table has them, `source` is a name."""

    revision: int
    known_at: int
    values: tuple[float, ...]
    decimals: int
    texts: str | None
    source: str = ""


class Changes(NamedTuple):
    """For each bar the revision that it becomes, or REPEATED or DIFFERENT, and since when that is known, ms."""

    revisions: list[int]
    known_at: list[int]


def first_known(
    bars: Bars, known_at: int | Sequence[int] | None, spans: Iterable[tuple[int, int]], now: int
) -> list[int]:
    """Since when each bar is known if it is the first state of it, ms.

    One that was fetched (`known_at` None) counts as known at its end; at `now`, if a recorder was at work then: whoever
    listened did not have it. `spans` say when recorders were, from their beginning until before their end.
    """
    if known_at is not None:
        return _each(known_at, len(bars))
    ends = bars.ends
    listened = np.zeros(len(bars), dtype=bool)
    for began, until in spans:
        listened |= (began <= ends) & (ends < until)
    return np.where(listened, np.maximum(ends, now), ends).tolist()  # type: ignore[no-any-return]


def changes(
    columns: Columns,
    stored: Mapping[int, State],
    first: list[int],
    revised: int | Sequence[int],
    of: Sequence[str] | None = None,
) -> Changes:
    """Compare bars with the newest stored states, by open time.

    A first state is known at its entry of `first`, another one at `revised`, and never before its predecessor: clocks
    may run back. With `of`, for each bar the only source whose states it may follow; others are left as they are.
    """
    if not stored:
        return Changes([0] * len(first), first)
    revisions, known = [], []
    values_of_each = zip(*columns.values, strict=True)
    later = _each(revised, len(first))
    own = repeat(None, len(first)) if of is None else of
    bars = zip(columns.open_time, values_of_each, columns.decimals, columns.texts, first, later, own, strict=True)
    for open_time, values, decimals, texts, first_known_at, revised_at, source in bars:
        state = stored.get(open_time)
        if state is None:
            revisions.append(0)
            known.append(first_known_at)
        elif is_same(state, values, decimals, texts):
            revisions.append(REPEATED)
            known.append(state.known_at)
        elif source is not None and source != state.source:
            revisions.append(DIFFERENT)
            known.append(state.known_at)
        else:
            revisions.append(state.revision + 1)
            known.append(max(state.known_at, revised_at))
    return Changes(revisions, known)


def _each(times: int | Sequence[int], count: int) -> list[int]:
    """One for each bar; numbers of numpy will do."""
    return [int(time) for time in times] if isinstance(times, Sequence) else [int(times)] * count


def is_same(state: State, values: tuple[float, ...], decimals: int, texts: str | None) -> bool:
    """Whether these are the numbers of that state, however they are written: 1.5 and 1.50 are one.

    Floats tell that for all but the values whose text is kept aside, which may have more digits than a float.
    """
    if values != state.values:
        return False
    if texts == state.texts:
        return True
    one, other = (
        exact_texts(some, code, read_texts(column))
        for some, code, column in ((values, decimals, texts), (state.values, state.decimals, state.texts))
    )
    return [Decimal(text) for text in one] == [Decimal(text) for text in other]
