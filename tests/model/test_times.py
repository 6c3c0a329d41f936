"""Times in ms, read and shown."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pytest

from wealthsources import EARLIEST_TIME, LATEST_TIME, Bars, check_time, read_moment, time_text, wall_time
from wealthsources.model.times import read_time

from ..support.bars import T0, ms, record


def test_a_time_that_no_int64_holds_is_refused():
    with pytest.raises(ValueError, match=r"bars\[0\]: close_time: 1000.* is not a time in ms"):
        Bars.from_records("X", "1h", [record(0, close_time=10**30)])


@pytest.mark.parametrize("time", [EARLIEST_TIME, T0, LATEST_TIME])
def test_a_time_of_1980_to_2200_is_given_back(time):
    assert check_time(time) == time


def test_a_time_in_another_unit_is_refused_with_what_it_would_be_there():
    with pytest.raises(
        ValueError, match=rf"^{T0 // 1000} is not a time in ms of 1980 to 2200; in seconds it would be "
    ):
        check_time(T0 // 1000)


@pytest.mark.parametrize("raw", [T0, str(T0), float(T0), np.int64(T0), np.float64(T0)])
def test_a_time_is_a_whole_number_or_its_text(raw):
    time = read_time(raw)
    assert time == T0
    assert type(time) is int


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2024-01-31", ms(2024, 1, 31)),
        ("2024-01-31T12:30", ms(2024, 1, 31, 12, 30)),
        ("2024-01-31 12:30", ms(2024, 1, 31, 12, 30)),
        ("2024-01-31T12:30+08:00", ms(2024, 1, 31, 4, 30)),
        (str(ms(2024, 1, 31)), ms(2024, 1, 31)),
    ],
)
def test_a_moment_is_utc_unless_it_says_otherwise(text, time):
    assert read_moment(text) == time


@pytest.mark.parametrize("text", ["yesterday", "2024-13-01", "", "1700000000", "1970-01-01", "99999999999999"])
def test_what_is_no_moment_is_named_with_how_to_write_one(text):
    with pytest.raises(ValueError, match=f"^'{text}' is no time of 1980 to 2200 .*write it as 2024-01-31"):
        read_moment(text)


def test_a_moment_in_seconds_is_told_as_such():
    with pytest.raises(ValueError, match="in seconds it would be 2023-11-14"):
        read_moment("1700000000")


@pytest.mark.parametrize(("raw", "time"), [("-5", -5), (-5, -5), ("0", 0), ("007", 7)])
def test_a_time_may_be_before_1970(raw, time):
    assert read_time(raw) == time


@pytest.mark.parametrize(
    "raw",
    [
        *(True, np.bool_(True), None, [1], b"1", 1.5, float("nan"), float("inf")),
        *("", " 1", "1 ", "1.5", "1e3", "1_000", "+1", "١٢٣", "9" * 19),
    ],
)
def test_anything_else_is_no_time(raw):
    with pytest.raises(ValueError, match=r"is not a time in ms$"):
        read_time(raw)


def test_a_time_has_less_than_62_bits():
    most = (1 << 62) - 1
    assert (read_time(most), read_time(-most)) == (most, -most)
    for raw in (1 << 62, -(1 << 62), 2.0**62):
        with pytest.raises(ValueError, match="is not a time in ms"):
            read_time(raw)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (T0, "2020-09-13 12:00"),
        (T0 + 1_000, "2020-09-13 12:00:01"),
        (T0 + 60_000, "2020-09-13 12:01"),
        (T0 + 1, "2020-09-13 12:00:00.001"),
        (-1, "1969-12-31 23:59:59.999"),
        (0, "1970-01-01 00:00"),
    ],
)
def test_a_time_is_shown_no_more_exactly_than_it_is(time, text):
    assert time_text(time) == text


def test_bars_are_of_1980_to_2200():
    assert ms(1980, 1, 1) == EARLIEST_TIME
    assert ms(2200, 1, 1) == LATEST_TIME


# wall time --------------------------------------------------------------------------------------------------------

BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def naive(text: str, fold: int = 0) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(fold=fold)


def test_wall_time_is_of_its_zone():
    assert wall_time(naive("2024-07-01 12:00"), BERLIN) == dt.datetime(2024, 7, 1, 10, tzinfo=dt.UTC)
    assert wall_time(naive("2024-01-01 12:00"), BERLIN) == dt.datetime(2024, 1, 1, 11, tzinfo=dt.UTC)
    assert wall_time(naive("2024-01-01 12:00", fold=1), BERLIN) == dt.datetime(2024, 1, 1, 11, tzinfo=dt.UTC)


@pytest.mark.parametrize("fold", [0, 1])
def test_a_time_that_clocks_skip_is_none(fold):
    with pytest.raises(ValueError, match="2024-03-31 02:30:00 does not exist in Europe/Berlin"):
        wall_time(naive("2024-03-31 02:30", fold), BERLIN)


def test_a_time_that_clocks_show_twice_is_none_unless_it_is_said_to_be_the_second():
    with pytest.raises(ValueError, match=r"say which, 2024-10-27T02:30:00\+02:00 or 2024-10-27T02:30:00\+01:00"):
        wall_time(naive("2024-10-27 02:30"), BERLIN)
    second = wall_time(naive("2024-10-27 02:30", fold=1), BERLIN)
    assert second.astimezone(dt.UTC) == dt.datetime(2024, 10, 27, 1, 30, tzinfo=dt.UTC)
