from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import wealthdata
from wealthdata import get_bars, get_price
from wealthsources import Bars

from ...support.bars import DAY, HOUR, MINUTE, MONDAY as T0


@pytest.fixture
def hours_of_x(bind, records):
    return bind({"X 1h": records("1h", 100)}, T0 + 50 * HOUR)


@pytest.fixture
def holed(bind, records):
    """Bars 0 to 9 without 4 and 5; the time is the end of the last one."""
    return bind({"X 1h": records("1h", 10, skip={4, 5})}, T0 + 10 * HOUR)


# extra fields ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("factor", 1.0), ("paused", 0.0), ("high_limit", math.inf), ("low_limit", 0.0)),
        *(("money", math.nan), ("avg", math.nan), ("open_interest", math.nan)),
    ],
)
def test_a_field_that_the_market_has_not_is_a_constant(hours_of_x, field, value):
    column = get_price("X", count=3, frequency="1h", fields=[field, "close"])[field]
    assert column.dtype == np.dtype("float64")
    np.testing.assert_array_equal(column.to_numpy(), [value] * 3)


def test_money_is_no_column_by_default(hours_of_x):
    assert "money" not in get_price("X", count=3, frequency="1h").columns


def test_pre_close_is_the_close_before(hours_of_x):
    df = get_price("X", count=3, frequency="1h", fields=["pre_close", "close"])
    assert df["pre_close"].tolist() == [146.5, 147.5, 148.5]
    assert df["close"].tolist() == [147.5, 148.5, 149.5]


def test_pre_close_of_a_range_is_the_close_before_it(hours_of_x):
    df = get_price("X", "2024-01-02", "2024-01-02 02:00", "1h", ["pre_close", "close"])
    assert df["pre_close"].tolist() == [123.5, 124.5]
    assert df["close"].tolist() == [124.5, 125.5]


def test_pre_close_of_the_first_bar_of_all_is_nan(hours_of_x):
    df = get_price("X", start_date="2024-01-01", end_date="2024-01-01 02:00", frequency="1h", fields="pre_close")
    np.testing.assert_array_equal(df["pre_close"].to_numpy(), [math.nan, 100.5])
    df = get_price("X", count=100, frequency="1h", fields="pre_close")
    assert (len(df), df["pre_close"].isna().sum()) == (50, 1)


def test_pre_close_of_an_empty_range_is_an_empty_frame(hours_of_x):
    df = get_price("X", "2024-01-03 02:00", "2024-01-03 02:00", "1h", ["pre_close"])
    assert (df.shape, df["pre_close"].dtype) == ((0, 1), np.dtype("float64"))


def test_pre_close_of_an_empty_range_that_no_bar_precedes_is_an_empty_frame_too(bind, records):
    bind({"X 1h": records("1h", 5)}, T0)
    assert len(get_price("X", start_date="2024-01-01", frequency="1h", fields="pre_close")) == 0


def test_pre_close_makes_no_frame_of_a_range_that_nobody_has(bind, records):
    bind({"X 1h": records("1h", 24)}, T0 + 50 * HOUR)
    for fields in (["close"], ["pre_close"]):
        with pytest.raises(wealthdata.DataUnavailable):
            get_price("X", start_date="2024-01-02", frequency="1h", fields=fields)


@given(st.integers(1, 12), st.sets(st.integers(1, 8)), st.sampled_from([None, False]))
def test_pre_close_changes_nothing_about_the_other_columns(bind, records, count, skip, skip_paused):
    bind({"X 1h": records("1h", 10, skip=skip)}, T0 + 10 * HOUR)
    with_it = get_price("X", count=count, frequency="1h", fields=["pre_close", "close"], skip_paused=skip_paused)
    without = get_price("X", count=count, frequency="1h", fields=["close"], skip_paused=skip_paused)
    pd.testing.assert_frame_equal(with_it[["close"]], without)
    np.testing.assert_array_equal(with_it["pre_close"].to_numpy()[1:], without["close"].to_numpy()[:-1])


# holes -------------------------------------------------------------------------------------------------------------

FIELDS = ["open", "close", "volume", "money", "paused", "pre_close"]


def test_holes_stay_unless_filling_is_asked_for(holed):
    for skip_paused in (None, True):
        assert len(get_price("X", count=8, frequency="1h", skip_paused=skip_paused)) == 8


def test_a_hole_is_filled_with_the_close_before_and_no_volume(holed):
    df = get_price("X", "2024-01-01", "2024-01-01 10:00", "1h", FIELDS, skip_paused=False)
    assert len(df) == 10
    assert df.iloc[3].tolist()[:3] == [103.0, 103.5, 10.0]
    for row in (4, 5):
        assert df.iloc[row].tolist() == [103.5, 103.5, 0.0, 0.0, 1.0, 103.5]
    assert df.iloc[6].drop("money").tolist() == [106.0, 106.5, 10.0, 0.0, 103.5]
    assert df.index.equals(pd.date_range("2024-01-01 01:00", periods=10, freq="h"))


def test_a_hole_can_be_filled_with_nan(holed):
    df = get_price("X", "2024-01-01", "2024-01-01 10:00", "1h", FIELDS, skip_paused=False, fill_paused=False)
    assert df.iloc[4].isna().tolist() == [True, True, True, True, False, True]
    assert df.iloc[4]["paused"] == 1.0
    assert df.iloc[6]["pre_close"] == 103.5


def test_filled_rows_count(holed):
    df = get_price("X", count=5, frequency="1h", fields=FIELDS, skip_paused=False)
    assert df["paused"].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert df["pre_close"].tolist() == [103.5, 103.5, 106.5, 107.5, 108.5]


def test_what_is_missing_before_the_first_bar_is_not_filled(bind, records):
    bind({"X 1h": records("1h", 10, skip={3, 4})}, T0 + 10 * HOUR)
    for fields in (["close"], ["close", "pre_close"]):
        df = get_price("X", "2024-01-01 03:00", "2024-01-01 10:00", "1h", fields, skip_paused=False)
        assert df.index[0] == pd.Timestamp("2024-01-01 06:00")


def test_months_are_filled_by_the_calendar(bind, records):
    bind({"X 1M": records("1M", 5, skip={1, 2})}, T0 + 160 * DAY)
    df = get_price("X", count=5, frequency="1M", skip_paused=False, fields="paused")
    assert [str(label.date()) for label in df.index] == [
        "2024-01-31",
        "2024-02-29",
        "2024-03-31",
        "2024-04-30",
        "2024-05-31",
    ]


@given(st.sets(st.integers(1, 18)), st.integers(1, 25), st.booleans())
def test_filled_bars_are_the_newest_windows_without_a_hole(bind, records, skip, count, fill_paused):
    made = records("1h", 20, skip=skip)
    bind({"X 1h": made}, T0 + 20 * HOUR)
    df = get_price("X", count=count, frequency="1h", skip_paused=False, fill_paused=fill_paused, fields=["paused"])
    assert len(df) <= count
    assert (np.diff(df.index.to_numpy()) == np.timedelta64(1, "h")).all()
    assert df.index[-1] == pd.Timestamp("2024-01-01 20:00")
    present = {bar["open_time"] // HOUR for bar in made}
    ends = df.index.astype("datetime64[ms]").astype("int64") // HOUR
    assert [end - 1 not in present for end in ends] == (df["paused"] == 1.0).tolist()


# the forming bar ---------------------------------------------------------------------------------------------------


@pytest.fixture
def live(session):
    made = session({"live": True}, clock="feed")
    made.start_live()
    return made.source("m0")


@pytest.fixture
def put(live, records):
    """put("1h", 5): the bars by rule as the live source has them; forming=True: the last one is not closed."""

    def make(timeframe, count, first=T0, *, forming=False):
        made = [{**record, "closed": True} for record in records(timeframe, count, first)]
        if forming:
            made[-1]["closed"] = False
        live.put(Bars.from_records("X", timeframe, made))

    return make


def test_the_forming_bar_is_the_last_of_count_if_asked_for(put):
    put("1h", 5, forming=True)
    assert get_bars("X", 3, "1h", ["close"], include_now=True)["close"].tolist() == [102.5, 103.5, 104.5]
    assert get_bars("X", 3, "1h", ["close"])["close"].tolist() == [101.5, 102.5, 103.5]


def test_the_forming_bar_is_labelled_now(put):
    put("1h", 5, forming=True)
    put("1m", 1, T0 + 4 * HOUR + HOUR // 2 - MINUTE)
    index = get_bars("X", 2, "1h", include_now=True).index
    assert list(index) == [pd.Timestamp("2024-01-01 04:00"), pd.Timestamp("2024-01-01 04:30")]


def test_a_forming_bar_that_opens_now_has_a_label_of_its_own(put):
    put("1h", 5, forming=True)
    index = get_bars("X", 2, "1h", include_now=True).index
    assert list(index) == [pd.Timestamp("2024-01-01 04:00"), pd.Timestamp("2024-01-01 04:00:00.001")]


def test_a_bar_that_is_still_forming_after_its_end_is_labelled_with_it(put):
    put("1h", 5, forming=True)
    put("1m", 1, T0 + 5 * HOUR)
    assert get_bars("X", 2, "1h", include_now=True).index[-1] == pd.Timestamp("2024-01-01 05:00")


@pytest.mark.parametrize(("name", "label"), [("1d", "2024-01-02"), ("3d", "2024-01-04"), ("1w", "2024-01-10")])
def test_a_forming_bar_of_days_is_labelled_today(put, name, label):
    put(name, 2, forming=True)
    today = pd.Timestamp(label)
    put("1m", 1, int(today.timestamp() * 1000) + 10 * HOUR)
    assert get_bars("X", 2, name, include_now=True).index[-1] == today


def test_a_backtest_has_no_forming_bar(hours_of_x):
    pd.testing.assert_frame_equal(get_bars("X", 3, "1h", include_now=True), get_bars("X", 3, "1h"))
