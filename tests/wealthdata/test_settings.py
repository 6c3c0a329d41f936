from __future__ import annotations

import datetime as dt
import zoneinfo

import numpy as np
import pytest

from wealthdata import ParamsError
from wealthdata.settings import read_count, read_options


def test_utc_is_recognised_by_name():
    assert read_options("UTC", 20, True).tz is dt.UTC


def test_a_zone_may_be_a_name_or_an_object():
    shanghai = zoneinfo.ZoneInfo("Asia/Shanghai")
    assert read_options("Asia/Shanghai", 20, True).tz is shanghai
    assert read_options(shanghai, 20, True).tz is shanghai


@pytest.mark.parametrize("tz", ["Mars/Olympus", "", "../etc/passwd", 8, None])
def test_an_unknown_zone_is_refused(tz):
    with pytest.raises(ParamsError, match="time zone"):
        read_options(tz, 20, True)


def test_positional_must_be_a_bool():
    with pytest.raises(ParamsError, match="positional"):
        read_options("UTC", 20, "yes")


@pytest.mark.parametrize("count", [5, np.int64(5), np.uint8(5)])
def test_a_count_may_be_any_whole_number(count):
    assert read_count(count) == 5
    assert type(read_count(count)) is int


@pytest.mark.parametrize("count", [True, 0, -1, 5.0, "5", [5], np.int64(0), np.bool_(True)])
def test_other_counts_are_refused(count):
    with pytest.raises(ParamsError, match="count must be"):
        read_count(count)


def test_a_bad_default_count_is_named():
    with pytest.raises(ParamsError, match="default_count"):
        read_options("UTC", 0, True)
