from __future__ import annotations

import datetime as dt
import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import wealthdata
from wealthdata import get_all_trade_days, get_trade_days

from ...support.bars import HOUR, MONDAY as T0


@pytest.fixture
def third(context):
    """A backtest, at 18:00 UTC of 2024-01-03, which is the 4th in Shanghai."""
    wealthdata.set_context(context({}, T0 + 66 * HOUR))


@pytest.fixture
def nothing(monkeypatch, tmp_path):
    """Nothing is bound, and nothing configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("WEALTHSOURCES_CONFIG", raising=False)


def january(*days):
    return [dt.date(2024, 1, day) for day in days]


def test_the_arguments_are_joinquants():
    assert list(inspect.signature(get_trade_days).parameters) == ["start_date", "end_date", "count"]
    assert not inspect.signature(get_all_trade_days).parameters


def test_every_day_is_one_and_both_ends_are_included(nothing):
    days = get_trade_days("2024-01-05", "2024-01-08")
    assert days.tolist() == january(5, 6, 7, 8)
    assert (days.dtype, days.shape) == (np.dtype(object), (4,))
    assert {type(day) for day in days} == {dt.date}


def test_a_range_of_one_day(nothing):
    assert get_trade_days("2024-01-05", "2024-01-05").tolist() == january(5)


def test_a_count_goes_back_from_the_end(nothing):
    assert get_trade_days(end_date="2024-01-05", count=3).tolist() == january(3, 4, 5)
    assert get_trade_days(end_date="2024-01-05", count=np.int64(1)).tolist() == january(5)


def test_without_an_end_it_is_today(third):
    assert get_trade_days(count=2).tolist() == january(2, 3)
    assert get_trade_days("2024-01-02").tolist() == january(2, 3)


def test_today_is_the_day_of_utc_whatever_the_zone(third):
    wealthdata.configure(tz="Asia/Shanghai")
    assert get_trade_days(count=1).tolist() == january(3)


def test_a_written_date_is_what_is_written_whatever_the_zone(nothing):
    wealthdata.configure(tz="Asia/Shanghai")
    assert get_trade_days("2024-01-05", "2024-01-06 01:00").tolist() == january(5, 6)


def test_a_time_with_a_zone_is_of_its_day_in_utc_whatever_the_zone(nothing):
    wealthdata.configure(tz="Asia/Shanghai")
    early = [pd.Timestamp(f"2024-01-0{day} 01:00", tz="Asia/Shanghai") for day in (6, 8)]
    assert get_trade_days(*early).tolist() == january(5, 6, 7)


def test_a_backtest_may_ask_for_days_to_come(third):
    assert get_trade_days("2024-01-03", "2024-01-05").tolist() == january(3, 4, 5)


def test_the_day_before_is_the_first_of_two(third):
    assert get_trade_days(end_date=dt.date(2024, 1, 3), count=2)[0] == dt.date(2024, 1, 2)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({}, "give either start_date or count$"),
        ({"end_date": "2024-01-05"}, "give either start_date or count$"),
        ({"start_date": "2024-01-05", "count": 2}, "not both"),
        ({"start_date": "2024-01-06", "end_date": "2024-01-05"}, "start_date '2024-01-06' is after end_date"),
        ({"start_date": "soon", "end_date": "2024-01-05"}, "start_date must be a date"),
        ({"start_date": "2024-01-05", "end_date": "soon"}, "end_date must be a date"),
        ({"end_date": "2024-01-05", "count": 0}, "count must be at least 1"),
        ({"end_date": "2024-01-05", "count": True}, "count must be a whole number"),
        ({"end_date": "2024-01-05", "count": 1_000_000}, "count must be at most 738890, the days from year 1"),
        ({"end_date": "2024-01-05", "count": 10**30}, "count must be at most"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(nothing, arguments, match):
    with pytest.raises(wealthdata.ParamsError, match=match):
        get_trade_days(**arguments)


def test_a_start_after_today_is_refused(third):
    with pytest.raises(wealthdata.ParamsError, match=r"start_date '2024-01-04' is after today, 2024-01-03"):
        get_trade_days("2024-01-04")


def test_the_calendar_goes_from_year_1_to_9999(nothing):
    assert len(get_trade_days("0001-01-01", "9999-12-31")) == dt.date.max.toordinal()
    assert get_trade_days(end_date="0001-01-03", count=3)[0] == dt.date.min
    assert get_trade_days("9999-12-31", "9999-12-31").tolist() == [dt.date.max]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # nothing is nothing, each time
@given(st.dates(), st.integers(1, 3000))
def test_a_count_and_the_range_that_it_makes_are_the_same(nothing, end, count):
    if count <= end.toordinal():
        days = get_trade_days(end_date=end, count=count)
        assert len(days) == count
        assert (np.diff([day.toordinal() for day in days]) == 1).all()
        assert get_trade_days(days[0], end).tolist() == days.tolist()


def test_today_needs_something_that_tells_it(nothing):
    for ask in (lambda: get_trade_days(count=1), lambda: get_trade_days("2024-01-01"), get_all_trade_days):
        with pytest.raises(wealthdata.NoContextError):
            ask()


def test_a_context_that_tells_no_time_is_an_error(context):
    wealthdata.set_context(context({}))
    with pytest.raises(wealthdata.ClockError):
        get_trade_days(count=1)


def test_all_days_are_those_from_2005_to_the_end_of_the_year(third):
    days = get_all_trade_days()
    assert (days[0], days[-1], days.dtype) == (dt.date(2005, 1, 1), dt.date(2024, 12, 31), np.dtype(object))
    assert len(days) == (days[-1] - days[0]).days + 1


def test_of_a_year_before_2005_there_are_all_days_too(context):
    wealthdata.set_context(context({}, int(dt.datetime(1990, 6, 1, tzinfo=dt.UTC).timestamp()) * 1000))
    days = get_all_trade_days()
    assert (days[0], days[-1]) == (dt.date(1990, 1, 1), dt.date(1990, 12, 31))
