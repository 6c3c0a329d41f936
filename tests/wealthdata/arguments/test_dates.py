from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from wealthdata import ParamsError
from wealthdata.arguments.dates import day_time, from_milliseconds, milliseconds, read_moment

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-02",
        "2024/1/2",
        "2024-1-2",
        " 2024-01-02 ",
        "20240102",
        20240102,
        np.int64(20240102),
        dt.date(2024, 1, 2),
        dt.datetime(2024, 1, 2),  # noqa: DTZ001
        np.datetime64("2024-01-02"),
        pd.Timestamp("2024-01-02"),
        "2024-01-02T00:00:00Z",
        "2024-01-02 08:00:00+08:00",
        dt.datetime(2024, 1, 2, 8, tzinfo=SHANGHAI),
        pd.Timestamp("2024-01-02 08:00", tz="Asia/Shanghai"),
    ],
)
def test_dates_in_many_layouts_are_one(value):
    assert read_moment(value, "end_date", dt.UTC) == dt.datetime(2024, 1, 2, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-01-02 09:30:00",
        "2024-01-02 9:30",
        "2024/1/2 9:30:00",
        "2024-01-02T09:30",
        "20240102 093000",
        "20240102T093000",
        "20240102093000",
        "2024-01-02 09:30:00.000",
        dt.datetime(2024, 1, 2, 9, 30),  # noqa: DTZ001
        np.datetime64("2024-01-02T09:30"),
    ],
)
def test_times_in_many_layouts_are_one(value):
    assert read_moment(value, "end_date", dt.UTC) == dt.datetime(2024, 1, 2, 9, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "value",
    [
        *("", "yesterday", "2024-13-01", "2024-02-30", "2024-01-02 25:00", "2024-01-02 10:00 noon"),
        *(20241301, 20, -20240101, 1.5, True, [], b"20240102"),
        *(pd.NaT, np.datetime64("NaT", "s"), np.datetime64("300000-01-01"), dt.time(10)),
    ],
)
def test_what_is_no_date_is_refused_by_name(value):
    with pytest.raises(ParamsError, match="start_dt must be a date"):
        read_moment(value, "start_dt", dt.UTC)


def test_a_bad_date_is_a_value_error_too():
    with pytest.raises(ValueError, match="end_date"):
        read_moment("soon", "end_date", dt.UTC)


def test_a_date_without_a_zone_is_wall_time_of_the_configured_one():
    assert milliseconds(read_moment("2024-01-02 08:00", "end_date", SHANGHAI)) == 1_704_153_600_000


def test_nanoseconds_of_a_timestamp_are_dropped_without_a_warning():
    assert milliseconds(read_moment(pd.Timestamp(1_704_153_600_000_000_001), "end_date", dt.UTC)) == 1_704_153_600_000


def test_a_fraction_of_a_millisecond_is_rounded_as_asked():
    moment = dt.datetime(1970, 1, 1, microsecond=1500, tzinfo=dt.UTC)
    assert (milliseconds(moment), milliseconds(moment, up=True)) == (1, 2)


@given(st.integers(-(10**12), 4 * 10**12), st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York"]))
def test_milliseconds_survive_the_way_through_any_zone(time, zone):
    assert milliseconds(from_milliseconds(time, zoneinfo.ZoneInfo(zone))) == time


@given(st.dates(dt.date(1600, 1, 1), dt.date(2300, 1, 1)))
def test_a_day_opens_at_its_midnight(day):
    assert from_milliseconds(day_time(day.toordinal()), dt.UTC) == dt.datetime(
        day.year, day.month, day.day, tzinfo=dt.UTC
    )


# clocks that are set ----------------------------------------------------------------------------------------------

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")


def exact(value, zone=NEW_YORK):
    return milliseconds(read_moment(value, "end_date", zone, exact=True))


def test_a_time_that_clocks_show_twice_is_refused_with_both_readings():
    with pytest.raises(ParamsError, match="comes twice in America/New_York") as refusal:
        exact("2024-11-03 01:30")
    assert "end_date '2024-11-03 01:30'" in str(refusal.value)
    readings = ["2024-11-03T01:30:00-04:00", "2024-11-03T01:30:00-05:00"]
    assert all(reading in str(refusal.value) for reading in readings)
    first, second = map(exact, readings)
    assert second - first == 3_600_000


def test_a_datetime_may_say_that_it_means_the_second():
    second = dt.datetime(2024, 11, 3, 1, 30, fold=1)  # noqa: DTZ001
    assert exact(second) == exact("2024-11-03T01:30-05:00")
    assert exact(pd.Timestamp(second, tz=NEW_YORK)) == exact(second)


@pytest.mark.parametrize(
    "value", ["2024-03-10 02:30", pd.Timestamp("2024-03-10 02:30"), np.datetime64("2024-03-10T02:30")]
)
def test_a_time_that_clocks_skip_is_refused(value):
    with pytest.raises(ParamsError, match="does not exist in America/New_York"):
        exact(value)


def test_a_date_alone_begins_when_its_day_does():
    # The clocks of Sao Paulo went from 00:00 to 01:00, those of Havana from 01:00 to 00:00; Samoa left out a day.
    for zone, date, begins in (
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z"),
        ("America/Havana", "2024-11-03", "2024-11-03T04:00Z"),
        ("Pacific/Apia", 20111230, "2011-12-30T10:00Z"),
    ):
        assert exact(date, zoneinfo.ZoneInfo(zone)) == exact(begins)


def test_of_longer_bars_the_date_counts_whatever_the_time_of_day():
    assert read_moment("2024-11-03 01:30", "end_date", NEW_YORK).toordinal() == dt.date(2024, 11, 3).toordinal()
