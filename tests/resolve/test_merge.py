"""The bars of two sources as one answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import Bars
from wealthsources.model.rows import source_codes
from wealthsources.resolve.merge import differing_times, merge

from ..support.bars import HOUR, T0, at, hourly, places, record

PLACES = st.sets(st.integers(0, 12))


def named(bars: Bars, *names: str) -> Bars:
    """The bars with these sources, one for each."""
    sources = tuple(dict.fromkeys(names))
    rows = np.array(bars.rows)
    source_codes(rows)[:] = [sources.index(name) for name in names]
    return bars.replace(rows=rows, sources=sources or ("",))


def of(name: str, *wanted: int, price: float = 10.0) -> Bars:
    return hourly(*wanted, price=price, closed=True).replace(sources=(name,))


# merging -------------------------------------------------------------------------------------------------------


def test_where_both_have_a_bar_that_of_the_first_is_taken():
    merged = merge(of("live", 2, 3), of("archive", 1, 2, 3, 4, price=99.0))
    assert places(merged) == [1, 2, 3, 4]
    assert [bar.close for bar in merged] == [99.0, 10.0, 10.0, 99.0]
    assert [bar.source for bar in merged] == ["archive", "live", "live", "archive"]


def test_names_of_both_are_kept_once():
    first = named(hourly(1, 2), "live", "archive")
    second = named(hourly(3, 4), "archive", "cloud")
    merged = merge(first, second)
    assert merged.sources == ("live", "archive", "cloud")
    assert [bar.source for bar in merged] == ["live", "archive", "archive", "cloud"]


def test_neither_of_the_two_is_changed():
    first, second = of("live", 1), named(hourly(2), "archive")
    before = first.rows.tobytes(), second.rows.tobytes()
    merge(first, second)
    assert (first.rows.tobytes(), second.rows.tobytes()) == before


def test_a_text_follows_its_bar_and_none_stays_with_another():
    first = Bars.from_records("BTCUSDT", "1h", [record(1, volume=".5"), record(2)])
    second = Bars.from_records("BTCUSDT", "1h", [record(2, volume=".7"), record(3, volume=".9")])
    merged = merge(first, second)
    assert [bar.exact("volume") for bar in merged] == [".5", "3", ".9"]
    assert set(merged.texts) == {at(1), at(3)}


def test_a_text_is_kept_though_the_other_source_has_none():
    with_text = Bars.from_records("BTCUSDT", "1h", [record(1, volume=".5")])
    for merged in (merge(with_text, of("archive", 2)), merge(of("live", 2), with_text)):
        assert merged[0].exact("volume") == ".5"


def test_a_text_of_a_bar_that_is_gone_is_not_taken_over():
    whole = Bars.from_records("BTCUSDT", "1h", [record(1, volume=".5"), record(2)])
    assert merge(whole[1:], of("archive", 3)).texts == {}


@pytest.mark.parametrize(("first", "second", "unbroken"), [((1, 3), (2,), True), ((1,), (3,), False), ((1,), (), True)])
def test_it_is_known_whether_one_is_missing(first, second, unbroken):
    assert merge(of("live", *first), of("archive", *second)).unbroken is unbroken


@given(PLACES, PLACES)
def test_every_bar_of_either_is_there_once_and_in_order(first, second):
    merged = merge(of("live", *sorted(first)), of("archive", *sorted(second)))
    assert places(merged) == sorted(first | second)
    assert {place for place, bar in zip(places(merged), merged, strict=True) if bar.source == "live"} == first


# differences ---------------------------------------------------------------------------------------------------


def differing(first: Bars, second: Bars) -> list[int]:
    """Which hours."""
    return [(int(time) - T0) // HOUR for time in differing_times(first, second)]


def test_bars_that_only_one_has_do_not_differ():
    assert differing(of("live", 1, 2), of("archive", 3, 4, price=99.0)) == []


def test_bars_that_both_have_differ_in_any_value():
    mine = hourly(*range(6))
    theirs = Bars.from_columns("BTCUSDT", "1h", mine.open_times, *(np.array(mine.values.T) + np.eye(6)[:5]))
    assert differing(mine, theirs) == differing(theirs, mine) == [0, 1, 2, 3, 4]


def test_a_bar_that_is_the_same_at_another_place_is_found_by_its_time():
    assert differing(of("live", 2, 3), of("archive", 1, 2, 3)) == []
    assert differing(of("live", 2, 3), of("archive", 1, 2, 3, price=11.0)) == [2, 3]
