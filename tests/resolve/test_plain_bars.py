from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import Bars, Timeframe, pack_decimals, row_fields
from wealthsources.model.rows import ALL_NUMBERS
from wealthsources.resolve import aggregate as module, plain_bars as plain_module
from wealthsources.resolve.aggregate import aggregate
from wealthsources.resolve.plain_bars import plain_bars

MINUTE, T0 = 60_000, 1_704_067_200_000
TEXT = pack_decimals(2, 2, 2, 2, 3)


def made(count, *, decimals=TEXT, seed=1, first=0, volume=3):
    rng = np.random.default_rng(seed)
    opened = np.round(100 + np.cumsum(rng.normal(0, 0.05, count)), 2)
    closed = np.round(opened + rng.normal(0, 0.05, count), 2)
    high, low = np.round(np.maximum(opened, closed) + 0.03, 2), np.round(np.minimum(opened, closed) - 0.03, 2)
    volumes = np.round(rng.exponential(20, count), volume)
    times = T0 + MINUTE * np.arange(first, first + count)
    values = opened, high, low, closed, volumes
    return Bars.from_columns("A", "1m", times, *values, closed=True, decimals=decimals).named("A", "archive")


def slowly(bars, timeframe, **said):
    """The same without the quick way."""
    quick = module.plain_bars
    module.plain_bars = lambda *_: None
    try:
        return aggregate(bars, timeframe, **said)
    finally:
        module.plain_bars = quick


def same(one, other):
    return (one.rows.tobytes(), one.texts, one.sources, one.holes) == (
        (other.rows.tobytes(), other.texts, other.sources, other.holes)
    )


@given(
    st.integers(1, 300),
    st.integers(0, 70),
    st.sampled_from(["5m", "15m", "1h"]),
    st.sampled_from([TEXT, ALL_NUMBERS, pack_decimals(2, 2, 2, 2, 0)]),
    st.sampled_from([0, 3, 8]),
    st.booleans(),
)
def test_the_quick_way_gives_the_same_bars_to_the_last_bit(count, first, name, decimals, volume, forming):
    bars = made(count, decimals=decimals, first=first, volume=volume, seed=count)
    assert same(*(way(bars, Timeframe(name), forming=forming) for way in (aggregate, slowly)))


@pytest.mark.parametrize("block", [1, 7, 61, 100_000])
def test_however_long_a_block_is(monkeypatch, block):
    monkeypatch.setattr(plain_module, "_BLOCK", block)
    bars = made(1_000, first=3)
    assert same(aggregate(bars, Timeframe("1h")), slowly(bars, Timeframe("1h")))


def test_many_minutes_of_few_days_are_cut_where_the_days_begin():
    bars = made(3 * 1440 + 100, first=1300)
    days = aggregate(bars, Timeframe("1d"))
    assert days.open_times.tolist() == [T0 + 1440 * MINUTE * day for day in (1, 2)]
    assert same(days, slowly(bars, Timeframe("1d")))


def spoilt(bars, place, **said):
    """With one bar that is unlike the others."""
    rows = bars.rows.copy()
    for name, value in said.items():
        row_fields(rows)[name][place] = value
    return bars.replace(rows=rows, sources=("archive", "other"))


@pytest.mark.parametrize(
    "said",
    [{"decimals": pack_decimals(1, 2, 2, 2, 3)}, {"source": 1}, {"low": 0.0}],
    ids=["other decimals", "another source", "a price of 0"],
)
@pytest.mark.parametrize("place", [0, 17, 99])
def test_what_is_not_all_alike_is_left_to_the_other_way(said, place):
    bars = spoilt(made(100), place, **said)
    assert plain_bars(bars.rows, np.arange(0, 100, 5)) is None
    assert plain_bars(made(100).rows, np.arange(0, 100, 5)) is not None


def test_sums_that_are_not_exact_are_left_to_the_other_way():
    bars = made(100, decimals=pack_decimals(2, 2, 2, 2, 14))
    assert plain_bars(bars.rows, np.arange(0, 100, 5)) is None
