from __future__ import annotations

import inspect

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import wealthdata
from wealthdata import attribute_history, get_price, history

from ...support.bars import DAY, HOUR, MONDAY as T0


@pytest.fixture
def apart(bind, records):
    """Of bars 0 to 9, A lacks 8, B is there from 6 on, and C ends with 4; the time is the end of bar 9."""
    series = {
        "A 1h": records("1h", 10, skip={8}),
        "B 1h": records("1h", 4, first=T0 + 6 * HOUR),
        "C 1h": records("1h", 5),
    }
    return bind(series, T0 + 10 * HOUR)


def hours(first, last):
    return pd.date_range(f"2024-01-01 {first:02}:00", f"2024-01-01 {last:02}:00", freq="h")


# history -----------------------------------------------------------------------------------------------------------


def test_the_order_of_arguments_of_history_is_joinquants():
    names = "count unit field security_list df skip_paused fq"
    parameters = list(inspect.signature(history).parameters.values())
    assert [parameter.name for parameter in parameters] == names.split()
    assert [parameter.default for parameter in parameters[1:]] == ["1d", "avg", None, True, None, "pre"]


def test_history_is_a_frame_of_time_by_code(hourly):
    h = history(3, "1h", "close", ["ETHUSDT", "BTCUSDT"])
    assert list(h.columns) == ["ETHUSDT", "BTCUSDT"]
    assert (h.index.dtype, h.index.name, h.index.tz) == (np.dtype("datetime64[ns]"), None, None)
    assert set(h.dtypes) == {np.dtype("float64")}
    assert h["BTCUSDT"].tolist() == [147.5, 148.5, 149.5]
    assert h.index[-1] == pd.Timestamp("2024-01-03 02:00")
    assert h.attrs == {}


def test_columns_of_history_take_positions(hourly):
    h = history(3, "1h", "close", ["ETHUSDT", "BTCUSDT"])
    assert (h["BTCUSDT"][-1], h["BTCUSDT"][0]) == (149.5, 147.5)


def test_history_is_plain_pandas_if_configured_so(hourly):
    wealthdata.configure(positional=False)
    assert type(history(3, "1h", "close", "BTCUSDT")) is pd.DataFrame


def test_the_columns_are_what_the_caller_wrote_and_each_comes_once(hourly):
    assert list(history(1, "1h", "close", ["eth/usdt", "BTCUSDT", "eth/usdt"]).columns) == ["eth/usdt", "BTCUSDT"]


def test_a_single_symbol_is_a_list_of_one(hourly):
    pd.testing.assert_frame_equal(history(3, "1h", "close", "BTCUSDT"), history(3, "1h", "close", ("BTCUSDT",)))


def test_rows_are_the_newest_labels_that_any_security_has(apart):
    h = history(3, "1h", "close", ["A", "B"])
    assert h.index.tolist() == hours(8, 10).tolist()
    np.testing.assert_array_equal(h["A"].to_numpy(), [107.5, np.nan, 109.5])
    assert h["B"].tolist() == [101.5, 102.5, 103.5]


def test_fewer_labels_than_count_are_no_error(apart):
    h = history(100, "1h", "close", ["A", "B"])
    assert h.index.tolist() == hours(1, 10).tolist()
    assert h["B"].isna().sum() == 6


def test_a_security_that_ended_long_ago_has_no_number(apart):
    h = history(3, "1h", "close", ["C", "B"])
    assert h["C"].isna().all()
    assert len(h) == 3


def test_notes_of_history_are_by_code(apart):
    assert history(3, "1h", "close", ["A", "B"]).attrs == {
        "holes": {"A": get_price("A", count=3, frequency="1h").attrs["holes"]}
    }
    assert history(3, "1h", "close", ["B", "C"]).attrs == {"behind": {"C": 5}}


def test_as_arrays_each_security_has_its_own_bars(apart):
    found = history(3, "1h", "close", ["A", "C"], df=False)
    assert {code: array.tolist() for code, array in found.items()} == {
        "A": [106.5, 107.5, 109.5],
        "C": [102.5, 103.5, 104.5],
    }
    assert {(type(array), array.dtype) for array in found.values()} == {(np.ndarray, np.dtype("float64"))}


def test_arrays_of_history_are_the_callers_own(hourly):
    history(3, "1h", "close", "BTCUSDT", df=False)["BTCUSDT"][:] = 0.0
    assert history(3, "1h", "close", "BTCUSDT", df=False)["BTCUSDT"].tolist() == [147.5, 148.5, 149.5]


def test_holes_of_history_are_filled_only_if_asked_for(apart):
    assert history(3, "1h", "volume", "A", df=False)["A"].tolist() == [10.0, 10.0, 10.0]
    assert history(3, "1h", "volume", "A", df=False, skip_paused=True)["A"].tolist() == [10.0, 10.0, 10.0]
    assert history(3, "1h", "volume", "A", df=False, skip_paused=False)["A"].tolist() == [10.0, 0.0, 10.0]


def test_the_average_price_is_not_known_without_money(hourly):
    h = history(3, "1h", security_list="BTCUSDT")
    assert h["BTCUSDT"].isna().tolist() == [True] * 3
    assert history(3, "1h", "high_limit", "BTCUSDT")["BTCUSDT"].tolist() == [np.inf] * 3


def test_pre_close_needs_no_bar_of_the_rows(hourly):
    assert history(2, "1h", "pre_close", "BTCUSDT")["BTCUSDT"].tolist() == [147.5, 148.5]


def test_no_bar_at_all_is_no_empty_history(bind, records):
    bind({"X 1h": records("1h", 5)}, T0)
    with pytest.raises(wealthdata.DataUnavailable):
        history(3, "1h", "close", "X")


@pytest.mark.parametrize(("unit", "last"), [("1d", "2024-01-09"), ("daily", "2024-01-09"), ("1h", "2024-01-10 10:00")])
def test_a_day_that_is_not_over_has_no_row(bind, records, unit, last):
    bind({"X 1d": records("1d", 30), "X 1h": records("1h", 300)}, T0 + 9 * DAY + 10 * HOUR + HOUR // 2)
    assert history(2, unit, "close", "X").index[-1] == pd.Timestamp(last)


def test_dates_are_those_of_utc_whatever_the_zone(bind, records):
    bind({"X 1d": records("1d", 30)}, T0 + 9 * DAY)
    wealthdata.configure(tz="Asia/Shanghai")
    assert history(2, "1d", "close", "X").index.tolist() == [pd.Timestamp("2024-01-08"), pd.Timestamp("2024-01-09")]


def test_labels_of_history_are_those_of_get_price_in_any_zone(apart):
    wealthdata.configure(tz="Asia/Shanghai")
    h = history(3, "1h", "close", "B")
    pd.testing.assert_index_equal(h.index, get_price("B", count=3, frequency="1h").index)
    assert h.index[-1] == pd.Timestamp("2024-01-01 18:00")
    assert h.index.dtype == np.dtype("datetime64[ns]")


def test_an_hour_that_comes_twice_in_the_zone_has_no_label(bind, records):
    # 2024-10-27 01:00 UTC is when Berlin's clocks go back from 03:00 to 02:00.
    turn = 1_729_990_800_000
    bind({"X 1h": records("1h", 10, first=turn - 5 * HOUR)}, turn + 2 * HOUR)
    wealthdata.configure(tz="Europe/Berlin")
    with pytest.raises(wealthdata.ParamsError, match="the clocks of Europe/Berlin were set back"):
        history(4, "1h", "close", "X")
    assert history(4, "1h", "close", "X", df=False)["X"].tolist() == [103.5, 104.5, 105.5, 106.5]


# security_list=None ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("universe", [["ETHUSDT", "BTCUSDT"], ("ETHUSDT", "BTCUSDT")])
def test_without_a_list_the_contexts_universe_is_meant(hourly, universe):
    hourly.universe = universe
    assert list(history(1, "1h", "close").columns) == ["ETHUSDT", "BTCUSDT"]


def test_a_context_may_be_a_mapping(records):
    entries = [{"symbol": "X", "timeframe": "1h", "bars": records("1h", 5)}]
    wealthdata.set_context({"market_data_context": entries, "now_ms": T0 + 5 * HOUR, "universe": ["X"]})
    assert history(1, "1h", "close")["X"].tolist() == [104.5]


@pytest.mark.parametrize("universe", [[], None, "BTCUSDT", {"BTCUSDT"}])
def test_without_a_list_or_a_universe_the_error_says_what_to_do(hourly, universe):
    hourly.universe = universe
    with pytest.raises(wealthdata.ParamsError, match=r"pass the symbols.*context\.universe"):
        history(1, "1h", "close")


def test_without_a_list_or_a_context_the_error_says_what_to_do():
    with pytest.raises(wealthdata.ParamsError, match="pass the symbols"):
        history(1, "1h", "close")


# arguments of history ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, -1, True, 2.5, "5", None])
def test_history_refuses_a_bad_count(hourly, count):
    with pytest.raises(wealthdata.ParamsError, match="count must be"):
        history(count, "1h", "close", "BTCUSDT")


def test_the_count_may_be_numpys(hourly):
    assert len(history(np.int64(3), "1h", "close", "BTCUSDT")) == 3


@pytest.mark.parametrize("field", [["close"], None, ("close", "open")])
def test_history_is_of_one_field(hourly, field):
    with pytest.raises(wealthdata.ParamsError, match="field must be one name"):
        history(1, "1h", field, "BTCUSDT")


@pytest.mark.parametrize("field", ["price", "date", ""])
def test_history_refuses_an_unknown_field(hourly, field):
    with pytest.raises(wealthdata.ParamsError, match="valid are open"):
        history(1, "1h", field, "BTCUSDT")


def test_history_refuses_an_unknown_unit_and_an_unknown_adjustment(hourly):
    with pytest.raises(wealthdata.UnsupportedFrequency, match="'7h'"):
        history(1, "7h", "close", "BTCUSDT")
    with pytest.raises(wealthdata.ParamsError, match="fq must be"):
        history(1, "1h", "close", "BTCUSDT", fq="PRE")


def test_one_unknown_security_of_history_is_an_error(hourly):
    with pytest.raises(wealthdata.SecurityNotFound, match="DOGE"):
        history(1, "1h", "close", ["BTCUSDT", "DOGE"])


def test_all_securities_of_history_are_read_as_of_one_moment(session, closed, records):
    made = session({"live": True}, clock="feed")
    made.start_live()
    source = made.source("m0")
    source.put(closed("A", "1h", records("1h", 5)))
    source.put(closed("B", "1h", records("1h", 5)))
    ask = source.get_history

    def and_time_goes_on(request):
        bars = ask(request)
        source.put(closed("B", "1h", records("1h", 6)))
        return bars

    source.get_history = and_time_goes_on
    assert history(2, "1h", "close", ["A", "B"]).index.tolist() == hours(4, 5).tolist()


@given(st.integers(1, 60), st.integers(1, 30), st.sets(st.integers(1, 59)), st.sampled_from(["close", "pre_close"]))
def test_history_is_the_same_whatever_comes_later(bind, records, hour, count, skip, field):
    now = T0 + hour * HOUR + HOUR // 3

    def at(bars):
        bind({"A 1h": bars, "B 1h": [bar for n, bar in enumerate(bars) if n not in skip]}, now)
        return history(count, "1h", field, ["A", "B"])

    whole = at(records("1h", 60))
    pd.testing.assert_frame_equal(at(records("1h", hour)), whole)


# attribute_history -------------------------------------------------------------------------------------------------


def test_the_order_of_arguments_of_attribute_history_is_joinquants():
    names = "security count unit fields skip_paused df fq"
    parameters = list(inspect.signature(attribute_history).parameters.values())
    assert [parameter.name for parameter in parameters] == names.split()
    fields = ("open", "close", "high", "low", "volume", "money")
    assert [parameter.default for parameter in parameters[2:]] == ["1d", fields, True, True, "pre"]


def test_attribute_history_is_the_frame_of_get_price(hourly):
    fields = ["close", "pre_close", "high_limit"]
    h = attribute_history("BTCUSDT", 5, "1h", fields)
    pd.testing.assert_frame_equal(h, get_price("BTCUSDT", count=5, frequency="1h", fields=fields))
    assert h["close"][-1] == 149.5


def test_default_fields_of_attribute_history_are_joinquants(hourly):
    h = attribute_history("BTCUSDT", 2, "1h")
    assert list(h.columns) == ["open", "close", "high", "low", "volume"], "no source gives money"
    assert len(h.dropna()) == len(h)
    pd.testing.assert_frame_equal(attribute_history("BTCUSDT", 2, "1h", None), h)


def test_attribute_history_as_arrays_is_a_dict_by_field(hourly):
    h = attribute_history("BTCUSDT", 2, "1h", ["close", "volume"], df=False)
    assert {field: array.tolist() for field, array in h.items()} == {"close": [148.5, 149.5], "volume": [10.0, 10.0]}
    assert {(type(array), array.dtype) for array in h.values()} == {(np.ndarray, np.dtype("float64"))}


def test_attribute_history_may_be_of_one_field(hourly):
    assert list(attribute_history("BTCUSDT", 2, "1h", "close", df=False)) == ["close"]


def test_attribute_history_leaves_holes_unless_told_otherwise(apart):
    assert attribute_history("A", 3, "1h", "close")["close"].tolist() == [106.5, 107.5, 109.5]
    h = attribute_history("A", 3, "1h", ["close", "paused"], skip_paused=False)
    assert h["close"].tolist() == [107.5, 107.5, 109.5]
    assert h["paused"].tolist() == [0.0, 1.0, 0.0]


def test_notes_of_attribute_history_are_those_of_get_price(apart):
    assert attribute_history("C", 3, "1h").attrs == {"behind": 5}


@pytest.mark.parametrize("security", [["BTCUSDT"], None, "", 5])
def test_attribute_history_is_of_one_security(hourly, security):
    with pytest.raises(wealthdata.ParamsError, match="security must be"):
        attribute_history(security, 1, "1h")


@pytest.mark.parametrize("count", [0, True, None])
def test_attribute_history_refuses_a_bad_count(hourly, count):
    with pytest.raises(wealthdata.ParamsError, match="count must be"):
        attribute_history("BTCUSDT", count, "1h")


def test_attribute_history_refuses_unknown_fields_units_and_adjustments(hourly):
    with pytest.raises(wealthdata.ParamsError, match="valid are open"):
        attribute_history("BTCUSDT", 1, "1h", ["price"])
    with pytest.raises(wealthdata.UnsupportedFrequency):
        attribute_history("BTCUSDT", 1, "7h")
    with pytest.raises(wealthdata.ParamsError, match="fq must be"):
        attribute_history("BTCUSDT", 1, "1h", fq="PRE")
