from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from wealthdata import UnsupportedFrequency
from wealthdata.arguments.frequency import DAILY, read_frequency
from wealthsources import Timeframe


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("minute", "1m"),
        ("daily", "1d"),
        ("weekly", "1w"),
        ("monthly", "1M"),
        ("1m", "1m"),
        ("1M", "1M"),
        ("5min", "5m"),
        ("60m", "1h"),
        ("60min", "1h"),
        ("120m", "2h"),
        ("240m", "4h"),
        ("1440m", "1d"),
        ("24h", "1d"),
        ("72h", "3d"),
        ("3d", "3d"),
    ],
)
def test_names_of_joinquant_mean_timeframes(name, meant):
    assert read_frequency(name) is Timeframe(meant)


@pytest.mark.parametrize("name", Timeframe.known())
def test_every_timeframe_is_a_frequency(name):
    assert read_frequency(name) is Timeframe(name)


def test_a_timeframe_is_a_frequency_too():
    assert read_frequency(Timeframe("1h")) is Timeframe("1h")


@pytest.mark.parametrize("name", ["", "7h", "7d", "5x", "0m", "-1m", "1Min", "1D", "daily ", "1.5h", "m", 60, None, []])
def test_other_names_are_refused_and_the_accepted_ones_named(name):
    with pytest.raises(UnsupportedFrequency, match=r"accepted: minute, daily, weekly, monthly, 1m, .*, 1M"):
        read_frequency(name)


def test_small_and_capital_m_are_different():
    assert read_frequency("1m") is not read_frequency("1M")


@given(st.integers(1, 10_000), st.sampled_from([("m", 1), ("min", 1), ("h", 60), ("d", 1440)]))
def test_a_number_of_units_is_a_frequency_exactly_if_a_timeframe_has_that_length(number, unit):
    name, minutes = unit
    length = number * minutes * 60_000
    lengths = {Timeframe(known).fixed for known in Timeframe.known() if known not in ("1w", "1M")}
    if length in lengths:
        assert read_frequency(f"{number}{name}").fixed == length
    else:
        with pytest.raises(UnsupportedFrequency):
            read_frequency(f"{number}{name}")


def test_days_and_longer_are_daily():
    assert [name for name in Timeframe.known() if Timeframe(name) in DAILY] == ["1d", "3d", "1w", "1M"]
