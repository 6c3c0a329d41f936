"""Times as datetimes and as text."""

from __future__ import annotations

import datetime as dt
import zoneinfo

from wealthsources_verify.times import datetime_of, time_text

from .conftest import HOUR, T0


def test_a_time_is_wall_time_of_a_zone():
    assert datetime_of(T0) == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    there = datetime_of(T0 + 1, zoneinfo.ZoneInfo("Asia/Shanghai"))
    assert (there.hour, there.microsecond) == (8, 1000)


def test_its_text_is_to_the_minute_and_of_any_time():
    assert time_text(T0 + HOUR + 59_999) == "2024-01-01 01:00"
    assert time_text(-1) == "1969-12-31 23:59"
