from __future__ import annotations

import pickle

import numpy as np
import pytest

from wealthsources import Bars, Timeframe, TradingHours

from ..support.hours import MINUTE, hours_of, utc

LUNCH = [("01:30", "03:30"), ("05:00", "07:00")]
DAYS = {"2024-01-01": LUNCH, "2024-01-02": LUNCH[:1], "2024-01-04": LUNCH}
MARKET = hours_of(DAYS, zone="Asia/Shanghai")
#: Its day begins the evening before.
NIGHT = hours_of({"2024-01-02": [("-23:00", "22:00")], "2024-01-03": [("-23:00", "22:00")]}, "NIGHT", "America/Chicago")


def days(*dates):
    return [int(np.datetime64(date, "D").astype(np.int64)) for date in dates]


def test_the_same_hours_are_one_object():
    assert hours_of(DAYS, zone="Asia/Shanghai") is MARKET
    assert hours_of(dict(list(DAYS.items())[:2])) is not MARKET


def test_bars_that_went_through_a_pickle_are_in_the_same_hours():
    bars = Bars.empty("A", Timeframe("1h").on(MARKET))
    assert pickle.loads(pickle.dumps(bars)).timeframe is bars.timeframe


@pytest.mark.parametrize(
    ("hours", "time", "date"),
    [
        (MARKET, utc(2024, 1, 1, 1, 30), "2024-01-01"),
        (MARKET, utc(2024, 1, 1, 4), "2024-01-01"),  # at lunch
        (MARKET, utc(2024, 1, 2, 3, 30), "2024-01-04"),  # the half day is over
        (NIGHT, utc(2024, 1, 1, 23), "2024-01-02"),
        (NIGHT, utc(2024, 1, 2, 22), "2024-01-03"),
    ],
)
def test_a_time_is_of_the_trading_day_that_holds_it_else_of_the_next(hours, time, date):
    assert hours.dates_of(np.array([time])).tolist() == days(date)


def test_only_the_time_in_which_it_is_open_is_counted():
    assert MARKET.open_between(utc(2024, 1, 1, 3), utc(2024, 1, 4, 2)) == (30 + 120 + 120 + 30) * MINUTE


def test_dates_of_a_span_open_with_the_first_trading_day_from_then_and_end_with_the_last_up_to_then():
    holiday = days("2024-01-03")[0]
    assert MARKET.opens_from(holiday) == utc(2024, 1, 4, 1, 30)
    assert MARKET.ends_by(holiday) == utc(2024, 1, 2, 3, 30)


def test_beyond_what_is_known_a_span_of_dates_is_empty():
    assert MARKET.opens_from(days("2024-01-05")[0]) > utc(2024, 1, 4, 7)
    assert MARKET.ends_by(days("2023-12-31")[0]) == utc(2024, 1, 1, 1, 30)


@pytest.mark.parametrize("midnight", [utc(2024, 1, 2), utc(2024, 1, 1, 16)])
def test_a_day_is_named_by_the_midnight_of_utc_or_of_the_market(midnight):
    opens = Timeframe("1d").on(MARKET).opens_by_date(np.array([midnight]))
    assert opens.tolist() == [utc(2024, 1, 2, 1, 30)]


def test_what_is_no_date_of_a_trading_day_stays_as_it_is():
    times = [utc(2024, 1, 3), utc(2024, 1, 2, 2)]
    assert Timeframe("1d").on(MARKET).opens_by_date(np.array(times)).tolist() == times


def test_a_month_may_be_named_by_any_of_its_dates():
    hours = hours_of(dict.fromkeys(("2024-01-01", "2024-01-30", "2024-01-31"), LUNCH))
    month = Timeframe("1M").on(hours)
    named = month.opens_by_date(np.array([utc(2024, 1, 1), utc(2024, 1, 28), utc(2024, 1, 31)]))
    assert named.tolist() == [utc(2024, 1, 1, 1, 30)] * 3


def test_a_week_is_named_by_one_of_its_workdays_and_not_by_a_sunday():
    hours = hours_of(dict.fromkeys(("2024-01-01", "2024-01-09", "2024-01-12", "2024-01-15", "2024-01-22"), LUNCH))
    week = Timeframe("1w").on(hours)
    monday, sunday = utc(2024, 1, 8), utc(2024, 1, 14)
    assert week.opens_by_date(np.array([monday, sunday])).tolist() == [utc(2024, 1, 9, 1, 30), sunday]


def test_it_says_its_name():
    assert repr(Timeframe("1d").on(MARKET)) == "Timeframe('1d').on(TradingHours('TEST'))"
    assert isinstance(MARKET, TradingHours)


def test_a_time_at_which_no_window_ends_is_no_end_of_one_that_opens_then():
    minutes = Timeframe("1m").on(MARKET)
    ends = np.array([utc(2024, 1, 1, 1, 30), utc(2024, 1, 1, 1, 31), utc(2024, 1, 1, 5)])
    opens = minutes.opens_by_end(ends)
    assert opens[1] == utc(2024, 1, 1, 1, 30)
    assert [minutes.opens_at(int(time)) for time in opens] == [False, True, False]


def test_a_day_that_ends_after_its_hours_is_not_the_one_that_opens_then():
    opened, day = utc(2024, 1, 2, 23), Timeframe("1d").on(NIGHT)
    assert not day.opens_at(int(day.opens_by_end(np.array([opened]))[0]))


def test_days_that_are_labelled_by_their_end_may_be_named_by_their_date():
    dates = np.array([utc(2024, 1, 1), utc(2024, 1, 2)])
    assert Timeframe("1d").on(MARKET).opens_by_end(dates).tolist() == dates.tolist()
