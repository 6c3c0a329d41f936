"""What holds whatever is written, in whatever order, as it is told in the fewest words."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from wealthsources_store.reading import read
from wealthsources_store.writing import Batch, write

from ...support.bars import HOUR, at
from ...support.laws import tries
from .stock import FRAME, closes

#: When the bars of these tests are over, all of them.
OVER = at(6)
#: So many ms after that there are at which something came to be known.
MOMENTS = 8
_symbols = (f"S{number}" for number in itertools.count())

PRICES = st.sampled_from(["1", "2", "2.0", "3e-1", ".25", "0.12345678901234567890", "0.12345678901234567891"])
VALUES = st.dictionaries(st.integers(0, 5), PRICES, min_size=1)
on_both = settings(
    max_examples=tries(12), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class Call(NamedTuple):
    """One batch: what it says of the hours, when that was known (None: it was fetched), and the time."""

    values: dict[int, str]
    known_at: int | None
    now: int


CALLS = st.lists(
    st.builds(
        lambda values, late, fetched: (values, None if fetched else late, late),
        VALUES,
        st.integers(0, MOMENTS),
        st.booleans(),
    ),
    max_size=6,
).map(lambda calls: [Call(values, late if late is None else OVER + late, OVER + now) for values, late, now in calls])


@pytest.fixture
def fresh(database):
    """A series that nobody has written to, so that one store does for all examples."""
    return lambda: Series(database, next(_symbols))


class Series:
    """One series of a store."""

    def __init__(self, database, symbol: str) -> None:
        self._database, self._symbol = database, symbol

    def batch(self, call: Call) -> Batch:
        return Batch(closes(call.values).named(self._symbol, "live"), call.known_at)

    def write(self, *calls: Call):
        return [write(self._database, [self.batch(call)], call.now) for call in calls]

    def read(self, **asked: int) -> dict[int, str]:
        found = read(self._database, self._symbol, FRAME, **{"end": OVER, **asked})
        return {(bar.open_time - at(0)) // HOUR: bar.exact("close") for bar in found}

    def is_there(self) -> bool:
        return bool(self.read())


class Model:
    """The rules, bar by bar: each has a list of its states with the time since when each was known."""

    def __init__(self) -> None:
        self.bars: dict[int, list[tuple[str, int]]] = {}

    def write(self, call: Call) -> None:
        for place, close in call.values.items():
            states = self.bars.setdefault(place, [])
            if not states:
                states.append((close, at(place + 1) if call.known_at is None else call.known_at))
            elif not same(states[-1][0], close):
                known_at = call.now if call.known_at is None else call.known_at
                states.append((close, max(known_at, states[-1][1])))

    def read(self, known_at: int) -> dict[int, str]:
        known = {place: [close for close, since in states if since <= known_at] for place, states in self.bars.items()}
        return {place: closes[-1] for place, closes in sorted(known.items()) if closes}


def same(one: str, other: str) -> bool:
    return {one, other} == {"2", "2.0"} or one == other


@on_both
@given(calls=CALLS)
def test_it_answers_as_the_rules_say(fresh, calls):
    series, model = fresh(), Model()
    if not calls:
        return
    series.write(*calls)
    for call in calls:
        model.write(call)
    assert series.read() == model.read(10**15)
    for time in range(at(0), OVER, HOUR):
        assert series.read(known_at=time) == model.read(time)
    for time in range(OVER, OVER + MOMENTS + 1):
        assert series.read(known_at=time) == model.read(time)


@on_both
@given(calls=CALLS.filter(bool))
def test_what_was_written_twice_is_stored_once(fresh, calls):
    series = fresh()
    series.write(*calls)
    before = [series.read(known_at=OVER + late) for late in range(MOMENTS + 1)]
    last = [call for call in calls if all(same(series.read()[place], close) for place, close in call.values.items())]
    for written in series.write(*last, *last):
        assert written[:2] == (0, 0)
    assert [series.read(known_at=OVER + late) for late in range(MOMENTS + 1)] == before


@on_both
@given(calls=CALLS.filter(bool), late=st.integers(0, MOMENTS))
def test_what_was_known_then_is_what_was_written_until_then(fresh, calls, late):
    """For what arrived, in the order in which it did: as if nothing had been written since."""
    arrived = sorted(
        (call._replace(known_at=call.known_at or call.now) for call in calls), key=lambda call: call.known_at or 0
    )
    whole, until = fresh(), fresh()
    whole.write(*arrived)
    until.write(*(call for call in arrived if call.known_at is not None and call.known_at <= OVER + late))
    assert whole.read(known_at=OVER + late) == until.read()


@on_both
@given(calls=CALLS.filter(bool))
def test_one_call_or_many_is_the_same(fresh, calls):
    together, apart = fresh(), fresh()
    now = OVER + MOMENTS
    calls = [call._replace(now=now) for call in calls]
    total = write(together._database, [together.batch(call) for call in calls], now)
    assert tuple(total) == tuple(map(sum, zip(*apart.write(*calls), strict=True)))
    for late in range(MOMENTS + 1):
        assert together.read(known_at=OVER + late) == apart.read(known_at=OVER + late)


@on_both
@given(values=st.dictionaries(st.integers(0, 5), PRICES, min_size=2), order=st.randoms(use_true_random=False))
def test_the_order_of_batches_of_different_bars_does_not_matter(fresh, values, order):
    one, other = fresh(), fresh()
    calls = [Call({place: close}, None, OVER) for place, close in values.items()]
    one.write(*calls)
    order.shuffle(calls)
    other.write(*calls)
    assert one.read() == other.read() == dict(sorted(values.items()))


@on_both
@given(values=VALUES, count=st.integers(1, 7), start=st.integers(0, 6), end=st.integers(0, 6))
def test_a_span_and_a_count_are_those_of_the_whole(fresh, values, count, start, end):
    series = fresh()
    series.write(Call(values, None, OVER))
    whole = {place: close for place, close in series.read().items() if place >= start and place + 1 <= end}
    assert series.read(start=at(start), end=at(end)) == whole
    assert series.read(start=at(start), end=at(end), count=count) == dict(list(whole.items())[-count:])
