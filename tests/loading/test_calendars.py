from __future__ import annotations

import datetime as dt
import logging

import numpy as np
import pytest

from wealthsources import ConfigError
from wealthsources.loading import calendars
from wealthsources.loading.calendars import read_hours

from ..support.hours import utc


def day_of(hours, *date):
    """When that trading day opens and ends."""
    place = int(np.searchsorted(hours.dates, np.datetime64(dt.date(*date), "D").astype(np.int64)))
    opens, ends = hours.days()
    return int(opens[place]), int(ends[place])


def test_a_market_that_never_closes_has_no_hours():
    assert read_hours("24/7") is None


@pytest.mark.parametrize(
    ("name", "zone", "date", "opens", "ends"),
    [
        ("XSHG", "Asia/Shanghai", (2024, 2, 19), (2024, 2, 19, 1, 30), (2024, 2, 19, 7)),
        ("XNYS", "America/New_York", (2024, 3, 8), (2024, 3, 8, 14, 30), (2024, 3, 8, 21)),
        ("XNYS", "America/New_York", (2024, 3, 11), (2024, 3, 11, 13, 30), (2024, 3, 11, 20)),
        ("XNYS", "America/New_York", (2024, 11, 29), (2024, 11, 29, 14, 30), (2024, 11, 29, 18)),  # half a day
        ("CMES", "America/Chicago", (2024, 1, 9), (2024, 1, 8, 23), (2024, 1, 9, 22)),  # halted for an hour then
        ("us_futures", "America/New_York", (2024, 7, 9), (2024, 7, 8, 22), (2024, 7, 9, 21)),
    ],
)
def test_a_trading_day_is_as_the_exchange_has_it(name, zone, date, opens, ends):
    hours = read_hours(name)
    assert (hours.name, hours.zone) == (name, zone)
    assert day_of(hours, *date) == (utc(*opens), utc(*ends))


def test_a_lunch_break_divides_a_day_into_two_spans():
    hours = read_hours("XSHG")
    first = int(np.searchsorted(hours.opens, utc(2024, 2, 19)))
    assert hours.ends[first] == utc(2024, 2, 19, 3, 30)
    assert hours.opens[first + 1] == utc(2024, 2, 19, 5)


def test_it_is_known_for_long():
    hours = read_hours("XNYS")
    assert hours.first <= np.datetime64("1990-01-02").astype(int)
    assert hours.last > np.datetime64(dt.datetime.now(dt.UTC).date()).astype(int) + 300


def test_the_same_calendar_is_the_same_hours():
    assert read_hours("XSHG") is read_hours("XSHG")


@pytest.mark.parametrize(
    ("name", "remedy"), [("XSHGG", "did you mean 'XSHG'"), ("xnys", "did you mean 'XNYS'"), ("?", "codes of ISO 10383")]
)
def test_a_calendar_that_nobody_has_is_an_error_that_names_one(name, remedy):
    with pytest.raises(ConfigError, match=rf"is no calendar; .*{remedy}"):
        read_hours(name)


def test_without_the_library_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "exchange_calendars", None)
    calendars._read.cache_clear()
    with pytest.raises(ConfigError, match=r"needs `pip install 'wealthsources\[calendars\]'`"):
        read_hours("XSHG")


def test_a_calendar_that_ends_soon_is_told(monkeypatch, caplog):
    monkeypatch.setattr(calendars, "_ENOUGH", 10_000)
    with caplog.at_level(logging.WARNING):
        read_hours("XSHG")
    assert "XSHG is known up to" in caplog.text
    assert "pip install --upgrade exchange_calendars" in caplog.text
