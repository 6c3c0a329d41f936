"""A store that was exported, and imported into another one, answers every question as it did."""

from __future__ import annotations

import itertools

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from wealthsources import Finality
from wealthsources_store.reading import read, revisions
from wealthsources_store.writing import Batch, write

from ...support.bars import HOUR, at
from ...support.laws import tries
from .parquet_files import exported, restored
from .stock import FRAME, closes
from .test_properties import CALLS, OVER

on_both = settings(
    max_examples=tries(8), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def everything(database, symbol, **asked):
    bars = read(database, symbol, FRAME, end=OVER, **asked)
    return [(bar, [bar.exact(field) for field in ("open", "high", "low", "close", "volume")]) for bar in bars]


_symbols = (f"A/B:{number}" for number in itertools.count())


@pytest.fixture
def pair(new_url, opened):
    return opened(new_url()), opened(new_url())


@on_both
@given(calls=CALLS.filter(bool), late_after=st.sampled_from([0, 5]))
def test_every_read_is_the_same(pair, tmp_path, calls, late_after):
    (one, other), symbol = pair, next(_symbols)
    for number, call in enumerate(calls):
        finality = list(Finality)[number % 3]
        bars = closes(call.values, f"source {number % 2}", finality=finality, low="0.1").replace(symbol=symbol)
        write(one, [Batch(bars, call.known_at, epoch=number)], call.now)
    path = exported(one, tmp_path / "all.parquet", symbol)
    done = restored(other, path)
    assert done.new == pq.read_metadata(path).num_rows
    assert everything(other, symbol) == everything(one, symbol)
    for time in [*range(at(0), OVER, HOUR), *range(OVER, OVER + 22)]:
        asked = {"known_at": time, "late_after": late_after}
        assert everything(other, symbol, **asked) == everything(one, symbol, **asked)
    assert list_revisions(other, symbol) == list_revisions(one, symbol)
    assert restored(other, path) == (0, done.new, 0)
    assert pq.read_table(exported(other, tmp_path / "again.parquet", symbol)).equals(pq.read_table(path))


def list_revisions(database, symbol):
    return revisions(database, symbol, FRAME, start=0, end=OVER)
