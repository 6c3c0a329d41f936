"""Columns of Arrow as times and values: each type exactly, or an error that says what is wrong with it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from wealthsources import read_value
from wealthsources.model.decimals import exact_text
from wealthsources_file.arrow_columns import ColumnTypeError, in_ms, read_times, read_values
from wealthsources_file.columns import Column
from wealthsources_file.layout import Layout

from ...support.bars import at, ms

BERLIN = Layout(time=("iso",), zone="Europe/Berlin")


def local(*date: int) -> dt.datetime:
    """What a clock shows."""
    return dt.datetime(*date)  # type: ignore[arg-type]  # noqa: DTZ001


def texts(column: Column) -> list[str]:
    """What the values say."""
    rows = zip(column.numbers.tolist(), column.codes.tolist(), strict=True)
    return [exact_text(number, code, column.texts.get(row)) for row, (number, code) in enumerate(rows)]


# Values.


def test_a_float64_counts_as_a_number() -> None:
    assert texts(read_values(pa.array([100.1, 1e-9, 5.0]))) == ["100.1", "0.000000001", "5.0"]


def test_a_float32_is_the_shortest_decimal_that_is_that_float32() -> None:
    numbers = read_values(pa.array([100.1, 104123.45], pa.float32())).numbers
    assert numbers.tolist() == [100.1, 104123.45]


def test_so_is_a_float16() -> None:
    assert read_values(pa.array(np.array([0.5, 2], np.float16))).numbers.tolist() == [0.5, 2.0]


def test_whole_numbers_and_texts_keep_every_digit() -> None:
    assert texts(read_values(pa.array([0, 7, 2**62]))) == ["0", "7", str(2**62)]
    assert texts(read_values(pa.array(["1.50", "1e-7", "12345678901234567.5"]))) == [
        "1.50",
        "1e-7",
        "12345678901234567.5",
    ]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_texts_are_read_however_they_are_kept(kind: pa.DataType) -> None:
    assert texts(read_values(pa.array(["1.5", "22", "1.5"]).cast(kind))) == ["1.5", "22", "1.5"]


def test_a_slice_of_texts_is_read_from_where_it_begins() -> None:
    assert texts(read_values(pa.array(["9.9", "1.5", "22", "8"]).slice(1, 2))) == ["1.5", "22"]


@pytest.mark.parametrize(
    ("kind", "written", "said"),
    [
        (pa.decimal128(18, 8), "100.1", "100.10000000"),
        (pa.decimal128(18, 8), "0", "0.00000000"),
        (pa.decimal128(10, 0), "42", "42"),
        (pa.decimal128(38, 18), "0.000000000000000001", "0.000000000000000001"),
        (pa.decimal128(30, 2), "-1234567890123456789.25", "-1234567890123456789.25"),
        (pa.decimal128(10, -2), "4200", "4200"),
        (pa.decimal256(40, 4), "1.5", "1.5000"),
    ],
)
def test_decimals_keep_every_digit(kind: pa.DataType, written: str, said: str) -> None:
    column = read_values(pa.array([None, Decimal(written)], kind))
    assert texts(column)[1] == said
    assert column.numbers[1] == float(written)
    assert column.faults == {0: "is missing"}


def test_a_slice_of_decimals_is_read_from_where_it_begins() -> None:
    for digits in (10, 38):
        array = pa.array([Decimal("9.5"), Decimal("1.5"), Decimal("2.5")], pa.decimal128(digits, 1)).slice(1)
        assert texts(read_values(array)) == ["1.5", "2.5"]


@given(st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=6, allow_nan=False), min_size=1, max_size=5))
def test_a_decimal_is_what_its_text_would_be(values: list[Decimal]) -> None:
    column = read_values(pa.array(values, pa.decimal128(20, 6)))
    expected = [read_value(format(value, "f")) for value in values]
    assert column.numbers.tolist() == [value.number for value in expected]


def test_what_is_null_is_missing() -> None:
    for array in (pa.array([1.0, None]), pa.array([1, None]), pa.array(["1", None]), pa.array([1, None], pa.float32())):
        assert read_values(array).faults == {1: "is missing"}


def test_a_text_that_is_no_number_is_a_fault_of_its_row() -> None:
    assert read_values(pa.array(["1", "none"])).faults == {1: "'none' is not a number"}


@pytest.mark.parametrize(
    "array", [pa.array([True]), pa.array([b"1"]), pa.array([dt.date(2020, 1, 1)]), pa.array([[1.0]])]
)
def test_other_types_are_no_values(array: Any) -> None:
    with pytest.raises(
        ColumnTypeError, match=r"is of the type .*; values are float64, float32, whole numbers, decimals"
    ):
        read_values(array)


# Times.


def times(array: Any, layout: Layout | None = None) -> list[int]:
    found, faults = read_times(array, layout or Layout())
    assert not faults
    return found.tolist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_a_timestamp_with_a_zone_is_an_instant(unit: str, zone: str) -> None:
    assert times(pa.array([at(3)], pa.timestamp("ms")).cast(pa.timestamp(unit)).cast(pa.timestamp(unit, zone))) == [
        at(3)
    ]


@pytest.mark.parametrize(
    ("unit", "count"), [("s", at(3) // 1000), ("ms", at(3)), ("us", at(3) * 1000), ("ns", at(3) * 10**6)]
)
@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64()])
def test_whole_numbers_count_the_unit_that_is_said(unit: str, count: int, kind: pa.DataType) -> None:
    assert times(pa.array([count], kind), Layout(time=(unit,))) == [at(3)]


def test_what_whole_numbers_count_is_asked_for_where_times_are_written() -> None:
    with pytest.raises(
        ColumnTypeError, match="has whole numbers; say which they are since 1970: time: ms, s, us or ns"
    ):
        read_times(pa.array([at(3)]), Layout(time=("iso",)))


def test_times_in_another_unit_are_faults_of_their_rows() -> None:
    found, faults = read_times(pa.array([at(3) // 1000, at(3), at(3) * 1000]), Layout())
    assert found.tolist() == [0, at(3), 0]
    assert sorted(faults) == [0, 2]
    assert str(at(3) // 1000) in faults[0]


def test_what_is_no_whole_ms_is_no_time() -> None:
    assert read_times(pa.array([at(3) * 1000 + 1], pa.timestamp("us", "UTC")), Layout())[1] == {
        0: f"{at(3) * 1000 + 1} us is no whole ms"
    }


@pytest.mark.parametrize("kind", [pa.timestamp("ms"), pa.date32()])
def test_the_zone_of_a_timestamp_without_one_is_asked_for(kind: pa.DataType) -> None:
    with pytest.raises(
        ColumnTypeError, match="has times without a zone; say which it is: zone: UTC, or as in zone: Eu"
    ):
        read_times(pa.array([0], pa.int32() if kind == pa.date32() else pa.int64()).cast(kind), Layout())


def test_a_time_of_a_zone_is_read_as_its_clocks_show_it() -> None:
    array = pa.array([local(2024, 1, 1), local(2024, 7, 1)], pa.timestamp("us"))
    assert times(array, BERLIN) == [ms(2023, 12, 31, 23), ms(2024, 6, 30, 22)]
    assert times(array, Layout(time=("iso",), zone="UTC")) == [ms(2024, 1, 1), ms(2024, 7, 1)]
    assert times(pa.array([dt.date(2024, 1, 1)]), Layout(time=("iso",), zone="UTC")) == [ms(2024, 1, 1)]


def test_a_time_that_clocks_show_twice_or_never_is_no_time() -> None:
    twice, never = local(2024, 10, 27, 2, 30), local(2024, 3, 31, 2, 30)
    _, faults = read_times(pa.array([twice, local(2024, 5, 5), never], pa.timestamp("us")), BERLIN)
    assert sorted(faults) == [0, 2]
    assert faults[0] == "2024-10-27 02:30 comes twice in Europe/Berlin, or not at all, where clocks are set"


def test_a_day_without_a_midnight_begins_when_clocks_are_set_as_in_text() -> None:
    array = pa.array([dt.date(2024, 3, 10)])  # in Havana 00:00 becomes 01:00
    assert times(array, Layout(time=("iso",), zone="America/Havana")) == [ms(2024, 3, 10, 5)]


def test_a_time_that_is_null_is_missing() -> None:
    assert read_times(pa.array([None, at(1)], pa.timestamp("ms", "UTC")), Layout())[1] == {0: "is missing"}


@pytest.mark.parametrize("array", [pa.array([1.5]), pa.array([True]), pa.array([dt.time(1)])])
def test_other_types_are_no_times(array: Any) -> None:
    with pytest.raises(ColumnTypeError, match=r"is of the type .*; times are timestamps, whole numbers that count ms"):
        read_times(array, Layout())


def test_counts_that_no_time_has_do_not_become_one() -> None:
    raw = np.array([2**62, -(2**62), 2**63 - 1], np.int64)
    for unit in ("s", "ms", "us"):
        assert all(abs(time) > 10**13 for time in in_ms(raw, unit)[0].tolist())
