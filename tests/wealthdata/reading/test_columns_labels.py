"""The index of every answer: naive datetime64[ns], no name; ends of intraday bars, the last dates of longer ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import wealthdata
from wealthdata import bars_to_dataframe, get_bars, get_price
from wealthsources import Timeframe

from ...support.bars import DAY, MONDAY as T0

INTRADAY = ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h"]
#: The last dates of the first two bars that open in 2024.
DATES = {
    "1d": ["2024-01-01", "2024-01-02"],
    "3d": ["2024-01-05", "2024-01-08"],  # threes are counted from 1970
    "1w": ["2024-01-07", "2024-01-14"],
    "1M": ["2024-01-31", "2024-02-29"],
}


@pytest.fixture
def two_bars(bind, records):
    """two_bars("1h"): that frequency has two bars, the first that open in 2024, and both have ended."""

    def make(frequency):
        timeframe = Timeframe(frequency)
        slot = timeframe.slot(T0)
        made = records(frequency, 2, timeframe.open_time(slot + (timeframe.open_time(slot) < T0)))
        bind({"X " + frequency: made}, T0 + 100 * DAY)
        return made

    return make


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/New_York"])
def zone(request):
    wealthdata.configure(tz=request.param)
    return request.param


def check(index, expected):
    assert (type(index), index.dtype, index.tz, index.name) == (
        pd.DatetimeIndex,
        np.dtype("datetime64[ns]"),
        None,
        None,
    )
    assert [str(label) for label in index] == expected


@pytest.mark.parametrize("frequency", INTRADAY)
def test_an_intraday_bar_is_labelled_by_its_end_in_the_zone(two_bars, zone, frequency):
    made = two_bars(frequency)
    ends = [pd.Timestamp(bar["close_time"] + 1, unit="ms", tz="UTC") for bar in made]
    expected = [str(end.tz_convert(zone).tz_localize(None)) for end in ends]
    for df in (get_price("X", frequency=frequency), get_bars("X", 2, frequency), bars_to_dataframe(made)):
        check(df.index, expected)


@pytest.mark.parametrize("frequency", DATES)
def test_a_longer_bar_is_labelled_by_its_last_date_in_every_zone(two_bars, zone, frequency):
    made = two_bars(frequency)
    expected = [f"{date} 00:00:00" for date in DATES[frequency]]
    for df in (get_price("X", frequency=frequency), get_bars("X", 2, frequency), bars_to_dataframe(made)):
        check(df.index, expected)


@pytest.mark.parametrize("frequency", ["5m", "1h", "1d", "1w"])
def test_an_empty_answer_has_the_same_kind_of_index(two_bars, frequency):
    two_bars(frequency)
    check(get_price("X", start_date="2024-04-10", frequency=frequency).index, [])


@pytest.mark.parametrize("frequency", ["1m", "1h", "1d"])
def test_other_shapes_have_the_same_times(two_bars, zone, frequency):
    two_bars(frequency)
    index = get_price("X", count=2, frequency=frequency).index
    others = [
        get_price(["X"], count=2, frequency=frequency)["time"],
        get_bars("X", 2, frequency, df=True)["date"],
        get_bars("X", 2, frequency, ["date"])["date"],
        pd.Series(get_bars("X", 2, frequency, df=False)["date"]),
    ]
    for times in others:
        assert (times.dtype, times.tolist()) == (np.dtype("datetime64[ns]"), index.tolist())


@pytest.mark.parametrize("positional", [True, False])
def test_the_index_is_the_same_whether_columns_take_positions_or_not(two_bars, positional):
    two_bars("1h")
    wealthdata.configure(positional=positional)
    check(get_price("X", count=2, frequency="1h").index, ["2024-01-01 01:00:00", "2024-01-01 02:00:00"])
