from __future__ import annotations

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest

import wealthdata
from wealthdata import get_price

from ...support.bars import HOUR, MONDAY as T0


def test_the_order_of_arguments_is_joinquants():
    names = "security start_date end_date frequency fields skip_paused fq count panel fill_paused round"
    parameters = list(inspect.signature(get_price).parameters.values())
    assert [parameter.name for parameter in parameters] == [*names.split(), "symbol"]
    assert parameters[-1].kind is inspect.Parameter.KEYWORD_ONLY


def test_arguments_may_be_given_by_position(hourly):
    df = get_price("BTCUSDT", "2024-01-01", "2024-01-02", "1h", ["close"], False, "pre", None, False, True, True)
    assert df.shape == (24, 1)


# one security ----------------------------------------------------------------------------------------------------


def test_one_security_is_a_frame_of_floats_by_time(hourly):
    df = get_price("BTCUSDT", count=3, frequency="1h")
    assert list(df.columns) == ["open", "close", "high", "low", "volume"]
    assert set(df.dtypes) == {np.dtype("float64")}
    assert (df.index.dtype, df.index.name, df.index.tz) == (np.dtype("datetime64[ns]"), None, None)
    assert df.loc["2024-01-03 02:00"].tolist() == [149.0, 149.5, 150.0, 148.0, 10.0]


def test_the_label_of_an_intraday_bar_is_its_end(hourly):
    df = get_price("BTCUSDT", count=2, frequency="1h")
    assert list(df.index) == [pd.Timestamp("2024-01-03 01:00"), pd.Timestamp("2024-01-03 02:00")]


def test_a_bar_that_ends_now_is_returned_and_none_after_it(hourly):
    assert get_price("BTCUSDT", count=50, frequency="1h").index[-1] == pd.Timestamp("2024-01-03 02:00")


def test_columns_take_positions(hourly):
    close = get_price("BTCUSDT", count=5, frequency="1h")["close"]
    assert (close[-1], close[0]) == (149.5, 145.5)


def test_columns_are_plain_pandas_if_configured_so(hourly):
    wealthdata.configure(positional=False)
    assert type(get_price("BTCUSDT", count=5, frequency="1h")) is pd.DataFrame


def test_a_symbol_may_be_spelt_in_any_way(hourly):
    plain = get_price("BTCUSDT", count=5, frequency="1h")
    for other in ("BTC/USDT", "BTC-USDT", "btcusdt"):
        pd.testing.assert_frame_equal(get_price(other, count=5, frequency="1h"), plain)


def test_symbol_is_another_name_of_security(hourly):
    assert len(get_price(symbol="BTCUSDT", count=5, frequency="1h")) == 5


def test_fields_come_in_the_order_of_the_request(hourly):
    assert list(get_price("BTCUSDT", count=1, frequency="1h", fields=["volume", "open"]).columns) == ["volume", "open"]


def test_a_single_field_gives_a_frame_of_one_column(hourly):
    assert list(get_price("BTCUSDT", count=1, frequency="1h", fields="close").columns) == ["close"]


def test_a_frame_is_the_callers_own(hourly):
    first = get_price("BTCUSDT", count=5, frequency="1h")
    first.loc[:, :] = 0.0
    first.columns.name = "mine"
    again = get_price("BTCUSDT", count=5, frequency="1h")
    assert again["close"].iloc[-1] == 149.5
    assert again.columns.name is None


def test_too_few_bars_are_no_error(hourly):
    assert len(get_price("BTCUSDT", count=1000, frequency="1h")) == 50


def test_without_count_or_start_there_are_twenty(hourly):
    assert len(get_price("BTCUSDT", frequency="1h")) == 20
    assert len(get_price("BTCUSDT", frequency="1h", end_date="2024-01-02")) == 20


def test_the_default_count_can_be_configured(hourly):
    wealthdata.configure(default_count=7)
    assert len(get_price("BTCUSDT", frequency="1h")) == 7


def test_nothing_is_in_attrs_when_nothing_is_to_be_said(hourly):
    assert get_price("BTCUSDT", count=5, frequency="1h").attrs == {}


def test_holes_are_in_attrs(bind, records):
    bind({"BTCUSDT 1h": records("1h", 50, skip={45, 46})}, T0 + 50 * HOUR)
    (hole,) = get_price("BTCUSDT", count=10, frequency="1h").attrs["holes"]
    assert (hole["start"], hole["end"], hole["count"]) == (T0 + 45 * HOUR, T0 + 47 * HOUR, 2)
    assert hole["text"] == "2 missing from 2024-01-02 21:00 to 2024-01-02 23:00 UTC"


def test_missing_newest_bars_are_in_attrs(bind, records):
    bind({"BTCUSDT 1h": records("1h", 40)}, T0 + 50 * HOUR)
    assert get_price("BTCUSDT", count=10, frequency="1h").attrs["behind"] == 10


def test_no_bar_is_invented_for_a_hole(bind, records):
    bind({"BTCUSDT 1h": records("1h", 50, skip={45, 46})}, T0 + 50 * HOUR)
    assert len(get_price("BTCUSDT", start_date="2024-01-02 16:00", frequency="1h")) == 8


# an empty answer ---------------------------------------------------------------------------------------------------


def test_an_empty_answer_has_the_columns_and_types_of_a_full_one(hourly):
    df = get_price("BTCUSDT", start_date="2024-01-03 02:00", frequency="1h")
    assert df.shape == (0, 5)
    assert set(df.dtypes) == {np.dtype("float64")}
    assert isinstance(df.index, pd.DatetimeIndex)
    assert df.index.dtype == np.dtype("datetime64[ns]")


def test_an_empty_long_answer_has_the_columns_and_types_of_a_full_one(hourly):
    full = get_price(["BTCUSDT"], count=2, frequency="1h")
    empty = get_price(["BTCUSDT"], start_date="2024-01-03 02:00", frequency="1h")
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)


# several securities ------------------------------------------------------------------------------------------------


def test_several_securities_are_one_long_frame(hourly):
    df = get_price(["ETHUSDT", "BTCUSDT"], count=2, frequency="1h", fields=["close"])
    assert list(df.columns) == ["time", "code", "close"]
    assert df.index.equals(pd.RangeIndex(4))
    assert df["code"].tolist() == ["ETHUSDT", "ETHUSDT", "BTCUSDT", "BTCUSDT"]
    assert df["time"].is_monotonic_increasing is False
    assert df["time"][:2].is_monotonic_increasing
    assert df["time"].dtype == np.dtype("datetime64[ns]")


def test_a_list_of_one_is_long_too(hourly):
    assert list(get_price(("BTCUSDT",), count=1, frequency="1h").columns)[:2] == ["time", "code"]


def test_a_code_given_twice_comes_once(hourly):
    assert len(get_price(["BTCUSDT", "BTCUSDT"], count=2, frequency="1h")) == 2


def test_the_code_is_what_the_caller_wrote(hourly):
    assert get_price(["btc-usdt"], count=1, frequency="1h")["code"].tolist() == ["btc-usdt"]


def test_securities_may_differ_in_length(bind, records):
    bind({"A 1h": records("1h", 5), "B 1h": records("1h", 2, first=T0 + 3 * HOUR)}, T0 + 5 * HOUR)
    assert get_price(["A", "B"], count=10, frequency="1h")["code"].tolist() == ["A"] * 5 + ["B"] * 2


def test_notes_of_several_securities_are_by_code(bind, records):
    bind({"A 1h": records("1h", 5), "B 1h": records("1h", 3)}, T0 + 5 * HOUR)
    assert get_price(["A", "B"], count=5, frequency="1h").attrs == {"behind": {"B": 2}}


def test_one_unknown_security_among_several_is_an_error(hourly):
    with pytest.raises(wealthdata.WealthDataError, match="DOGE"):
        get_price(["BTCUSDT", "DOGE"], count=2, frequency="1h")


def test_a_panel_is_warned_of_once_and_comes_long(hourly):
    with pytest.warns(wealthdata.PanelObsoleteWarning) as warned:
        df = get_price(["BTCUSDT", "ETHUSDT"], count=2, frequency="1h", panel=True)
    assert len(warned) == 1
    assert warned[0].filename == __file__
    assert len(df) == 4


@pytest.mark.parametrize("arguments", [{}, {"panel": False}, {"panel": None}])
def test_without_a_panel_there_is_no_warning(hourly, arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        get_price(["BTCUSDT"], count=2, frequency="1h", **arguments)


def test_a_panel_of_one_security_needs_no_warning(hourly):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        get_price("BTCUSDT", count=2, frequency="1h", panel=True)


# arguments that make no sense --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [20, np.int64(20), -1, 0])
def test_a_count_in_the_place_of_a_date_is_explained(hourly, number):
    with pytest.raises(wealthdata.ParamsError, match="no date; for that many bars pass count="):
        get_price("BTCUSDT", number)


def test_count_and_start_are_refused_together(hourly):
    with pytest.raises(wealthdata.ParamsError, match="count or start_date"):
        get_price("BTCUSDT", start_date="2024-01-01", count=5)


@pytest.mark.parametrize("count", [0, -5, True, 2.5, "5"])
def test_a_bad_count_is_refused(hourly, count):
    with pytest.raises(wealthdata.ParamsError, match="count must be"):
        get_price("BTCUSDT", count=count)


def test_an_unknown_frequency_is_never_an_empty_frame(hourly):
    with pytest.raises(wealthdata.UnsupportedFrequency, match="'7h'"):
        get_price("BTCUSDT", count=5, frequency="7h")


@pytest.mark.parametrize("fq", ["pre", "post", "none", None])
def test_adjustments_are_accepted_and_change_nothing(hourly, fq):
    assert get_price("BTCUSDT", count=1, frequency="1h", fq=fq)["close"].tolist() == [149.5]


@pytest.mark.parametrize("fq", ["PRE", "", 1, []])
def test_other_adjustments_are_refused(hourly, fq):
    with pytest.raises(wealthdata.ParamsError, match="fq must be"):
        get_price("BTCUSDT", count=1, frequency="1h", fq=fq)


@pytest.mark.parametrize("round_prices", [True, False])
def test_prices_are_never_rounded(bind, records, round_prices):
    (bar,) = records("1h", 1)
    bind({"BTCUSDT 1h": [{**bar, "close": "100.123456"}]}, T0 + HOUR)
    assert get_price("BTCUSDT", count=1, frequency="1h", round=round_prices)["close"].tolist() == [100.123456]


@pytest.mark.parametrize("frequency", ["60m", "1d", "1w", "1M"])
@pytest.mark.parametrize("fields", [None, ["pre_close"]])
def test_a_date_before_all_calendars_is_an_answer_or_an_error_of_ours(context, frequency, fields):
    wealthdata.set_context(context({}))
    with pytest.raises(wealthdata.WealthDataError):
        wealthdata.get_price("X", start_date="0001-01-01", frequency=frequency, fields=fields)
