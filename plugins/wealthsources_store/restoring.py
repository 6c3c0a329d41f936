"""States of bars that come from another store: stored as they were there, with the time each was known."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from wealthsources import Bars
from wealthsources_store.changes import is_same
from wealthsources_store.naming import series_ids
from wealthsources_store.packing import write_texts
from wealthsources_store.writing import Batch, stored_states, write_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from wealthsources_store.changes import State
    from wealthsources_store.database import Database
    from wealthsources_store.reading import BarState


class Restored(NamedTuple):
    """How many states were stored, how many were there already, and how many bars have others here and were left so."""

    new: int
    repeated: int
    different: int


def restore(database: Database, states: Sequence[BarState], now: int) -> Restored:
    """Store states of bars of one series, by open time and in the order in which they came to be known.

    In one transaction. States that are there are not stored again; others follow them, unless that would change what
    was known at a time that is over here: then the bar stays as it is. Raises ValueError as `write` does, StoreError.
    """
    if not states:
        return Restored(0, 0, 0)
    return database.write(lambda connection: _restore(connection, states, now))


def _restore(connection: sa.Connection, states: Sequence[BarState], now: int) -> Restored:
    first, last = states[0].bar, states[-1].bar
    name = (first.symbol, first.timeframe.name)
    series = series_ids(connection, {name})[name]  # from here on nobody else writes to it
    stored: dict[int, list[State]] = {}
    for time, one in stored_states(connection, series, first.timeframe, first.open_time, last.open_time):
        stored.setdefault(time, []).append(one)
    levels: dict[int, list[BarState]] = {}
    different = repeated = 0
    for open_time, group in itertools.groupby(states, lambda state: state.bar.open_time):
        given = list(group)
        found = _following(given, stored.get(open_time, []))
        if found is None:
            different += 1
            continue
        repeated += len(given) - len(found)
        for level, state in enumerate(found):
            levels.setdefault(level, []).append(state)
    written = write_within(connection, [_batch(levels[level]) for level in sorted(levels)], now)
    return Restored(written.new + written.revised, repeated + written.repeated, different)


def _following(given: list[BarState], stored: list[State]) -> list[BarState] | None:
    """The states that are to follow those that are stored; None if these do not go together."""
    if not stored:
        return given
    places = [_place(state, stored) for state in given]
    new = [state for state, place in zip(given, places, strict=True) if place is None]
    if not new:
        return []
    # What is new must come after the newest one that is stored, and that must be among what is given.
    after_newest = places.index(len(stored) - 1) + 1 if len(stored) - 1 in places else None
    if after_newest is None or given[after_newest:] != new:
        return None
    return new


def _place(state: BarState, stored: list[State]) -> int | None:
    """Which of the stored states it is."""
    bar = state.bar
    values = bar.open, bar.high, bar.low, bar.close, bar.volume
    texts = write_texts(bar.texts)
    for place, other in enumerate(stored):
        if other.known_at == state.known_at and is_same(other, values, bar.decimals, texts):
            return place
    return None


def _batch(states: Sequence[BarState]) -> Batch:
    """One state of each of some bars."""
    return Batch(Bars.of(each.bar for each in states), [each.known_at for each in states], [e.epoch for e in states])
