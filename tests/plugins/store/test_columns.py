from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from wealthsources_store.columns import AS_NUMBER, Wrong, read_times, read_values, read_whole_numbers, read_words

from ...support.bars import at


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_timestamps_of_any_unit_and_zone_are_moments(unit):
    factor = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[unit]
    column = pa.array([at(0) // 1000 * factor], pa.int64()).cast(pa.timestamp(unit, tz="Asia/Shanghai"))
    assert read_times(column).tolist() == [at(0)]


def test_whole_numbers_are_ms():
    assert read_times(pa.array([at(0), at(1)])).tolist() == [at(0), at(1)]


@pytest.mark.parametrize(
    ("column", "told", "row"),
    [
        (pa.array([at(0)], pa.timestamp("ms")), "times without a zone", None),
        (pa.array(["2020-01-01"]), "is of the type string", None),
        (pa.array([1.0]), "is of the type double", None),
        (pa.array([at(0), None]), "is empty", 1),
        (pa.array([at(0), at(0) // 1000]), "in seconds it would be", 1),
        (pa.array([at(0) * 1000, at(1) * 1000 + 1], pa.timestamp("us", tz="UTC")), "is no whole ms", 1),
        (pa.array([2**64 - 1], pa.uint64()), "too large", None),
    ],
)
def test_what_is_no_time(column, told, row):
    with pytest.raises(Wrong, match=told) as caught:
        read_times(column)
    assert caught.value.row == row


def test_values_keep_the_text_they_had():
    numbers = read_values(pa.array([1.5, 2.0]))
    assert numbers.numbers.tolist() == [1.5, 2.0]
    assert set(numbers.codes.tolist()) == {AS_NUMBER}
    assert read_values(pa.array([1, 2])).numbers.tolist() == [1.0, 2.0]
    texts = read_values(pa.array(["1.50", ".5"]))
    assert texts.codes[0] == 2
    assert texts.texts == {1: ".5"}
    decimals = read_values(pa.array([Decimal("10.10")], pa.decimal128(10, 2)))
    assert (decimals.numbers[0], decimals.codes[0]) == (10.1, 2)


@pytest.mark.parametrize(
    ("column", "told", "row"),
    [
        (pa.array([1.5], pa.float32()), "0.1 is another number", None),
        (pa.array([True]), "is of the type bool", None),
        (pa.array([1.5, None]), "is empty", 1),
        (pa.array(["1", "x"]), "'x' is not a number", 1),
    ],
)
def test_what_is_no_value(column, told, row):
    with pytest.raises(Wrong, match=told) as caught:
        read_values(column)
    assert caught.value.row == row


def test_whole_numbers_and_words():
    assert read_whole_numbers(pa.array([0, 7], pa.int32())).dtype == np.int64
    assert read_words(pa.array(["a", "b"]).dictionary_encode()) == ["a", "b"]
    assert read_words(pa.array(["a", None]), optional=True) == ["a", None]
    assert read_words(pa.array([None, None]), optional=True) == [None, None]
    for wrong in (lambda: read_whole_numbers(pa.array([-1])), lambda: read_whole_numbers(pa.array(["1"]))):
        with pytest.raises(Wrong):
            wrong()
    for wrong in (lambda: read_words(pa.array([1])), lambda: read_words(pa.array(["a", None]))):
        with pytest.raises(Wrong):
            wrong()
