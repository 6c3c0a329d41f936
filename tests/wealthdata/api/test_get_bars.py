from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest

import wealthdata
from wealthdata import get_bars, get_price

from ...support.bars import DAY, HOUR, MONDAY as T0


def test_the_order_of_arguments_is_that_of_the_platform_and_then_of_jqdatasdk():
    names = "security count unit fields include_now end_dt fq_ref_date df start_dt skip_paused"
    parameters = list(inspect.signature(get_bars).parameters.values())
    assert [parameter.name for parameter in parameters[:10]] == names.split()
    assert [parameter.name for parameter in parameters[10:]] == ["frequency", "end_date", "symbol"]
    assert {parameter.kind for parameter in parameters[10:]} == {inspect.Parameter.KEYWORD_ONLY}


# df=None -----------------------------------------------------------------------------------------------------------


def test_unless_df_is_stated_the_shape_is_that_of_get_price(hourly):
    pd.testing.assert_frame_equal(get_bars("BTCUSDT", 5, "1h"), get_price("BTCUSDT", count=5, frequency="1h"))


def test_unless_df_is_stated_a_list_has_the_shape_of_get_price(hourly):
    codes = ["ETHUSDT", "BTCUSDT"]
    pd.testing.assert_frame_equal(get_bars(codes, 5, "1h"), get_price(codes, count=5, frequency="1h"))


def test_date_is_a_column_only_if_asked_for(hourly):
    df = get_bars("BTCUSDT", 2, "1h", ["close", "date", "open"])
    assert list(df.columns) == ["close", "date", "open"]
    assert df["date"].tolist() == list(df.index)
    assert df["date"].dtype == np.dtype("datetime64[ns]")


def test_date_may_be_the_only_column(hourly):
    assert list(get_bars("BTCUSDT", 2, "1h", "date").columns) == ["date"]


# df=True -----------------------------------------------------------------------------------------------------------


def test_jqdatasdks_columns_take_positions_from_the_end(hourly):
    assert get_bars("BTCUSDT", 2, "1h", df=True)["close"][-1] == 149.5


def test_jqdatasdks_frame_has_only_the_fields_asked_for(hourly):
    assert list(get_bars("BTCUSDT", 2, "1h", ["close", "date"], df=True).columns) == ["close", "date"]


# df=False ----------------------------------------------------------------------------------------------------------


def test_the_platforms_shape_of_several_is_a_dict(hourly):
    bars = get_bars(["ETHUSDT", "BTCUSDT"], 2, "1h", ["close"], df=False)
    assert list(bars) == ["ETHUSDT", "BTCUSDT"]
    assert bars["BTCUSDT"]["close"].tolist() == [148.5, 149.5]


# empty answers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("df", [None, True, False])
@pytest.mark.parametrize("security", ["BTCUSDT", ["BTCUSDT", "ETHUSDT"]])
def test_an_empty_answer_has_the_shape_of_a_full_one(hourly, df, security):
    full = get_bars(security, 2, "1h", df=df)
    empty = get_bars(security, None, "1h", df=df, start_dt="2024-01-03 02:00")
    assert type(empty) is type(full)
    if isinstance(full, pd.DataFrame):
        assert len(empty) == 0
        pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
        assert empty.index.nlevels == full.index.nlevels
    elif isinstance(full, dict):
        assert {code: (len(bars), bars.dtype) for code, bars in empty.items()} == {
            code: (0, bars.dtype) for code, bars in full.items()
        }
    else:
        assert (len(empty), empty.dtype) == (0, full.dtype)


# arguments ---------------------------------------------------------------------------------------------------------


def test_other_names_of_the_arguments(hourly):
    df = get_bars(symbol="BTCUSDT", count=2, frequency="1h", end_date="2024-01-02")
    pd.testing.assert_frame_equal(df, get_bars("BTCUSDT", 2, "1h", end_dt="2024-01-02"))


@pytest.mark.parametrize(
    "arguments",
    [
        {"symbol": "BTCUSDT"},
        {"end_dt": "2024-01-02", "end_date": "2024-01-02"},
        {"unit": "1h", "frequency": "1d"},
    ],
)
def test_an_argument_under_both_names_is_refused(hourly, arguments):
    with pytest.raises(wealthdata.ParamsError, match="under two names"):
        get_bars("BTCUSDT", 2, **arguments)


def test_days_are_the_default_unit(bind, records):
    bind({"X 1d": records("1d", 30)}, T0 + 30 * DAY)
    assert get_bars("X", 1).index[0] == pd.Timestamp("2024-01-30")


def test_without_a_count_there_are_twenty(hourly):
    assert len(get_bars("BTCUSDT", unit="1h")) == 20


def test_a_start_and_a_count_are_refused_together(hourly):
    with pytest.raises(wealthdata.ParamsError, match="count or start_dt"):
        get_bars("BTCUSDT", 2, "1h", start_dt="2024-01-01")


@pytest.mark.parametrize("name", ["end_dt", "end_date", "start_dt", "fq_ref_date"])
def test_a_bad_date_is_named_as_the_caller_named_it(hourly, name):
    with pytest.raises(wealthdata.ParamsError, match=f"{name} must be a date"):
        get_bars("BTCUSDT", unit="1h", **{name: "soon"})


def test_a_reference_date_changes_nothing(hourly):
    pd.testing.assert_frame_equal(get_bars("BTCUSDT", 2, "1h", fq_ref_date="2024-01-01"), get_bars("BTCUSDT", 2, "1h"))


def test_holes_are_filled_only_if_asked_for(bind, records):
    bind({"X 1h": records("1h", 10, skip={5})}, T0 + 10 * HOUR)
    assert len(get_bars("X", unit="1h", start_dt="2024-01-01")) == 9
    assert len(get_bars("X", unit="1h", start_dt="2024-01-01", skip_paused=False)) == 10


def test_a_backtest_may_not_ask_beyond_now(hourly):
    with pytest.raises(wealthdata.FutureDataError, match="end_dt"):
        get_bars("BTCUSDT", 2, "1h", end_dt="2024-01-04")
