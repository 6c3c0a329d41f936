from __future__ import annotations

import dataclasses
import datetime as dt
import inspect

import numpy as np
import pandas as pd
import pytest

import wealthdata
from wealthdata import get_all_securities, get_security_info
from wealthsources import SourceError

from ...support.bars import HOUR, MONDAY as T0

OTHERS = "stock fund index futures options etf lof fja fjb open_fund bond_fund stock_fund QDII_fund money_market_fund"


@pytest.fixture
def listed(bind, records):
    """Two symbols, and the time is 02:00 of the third day."""
    return bind({"ETHUSDT 1h": records("1h", 100), "BTCUSDT 1h": records("1h", 100)}, T0 + 50 * HOUR)


# get_all_securities ------------------------------------------------------------------------------------------------


def test_the_arguments_of_get_all_securities_are_joinquants():
    assert str(inspect.signature(get_all_securities)).startswith("(types: 'str | Sequence[str]' = (), date: 'object' =")


def test_all_securities_are_a_frame_by_code(listed):
    df = get_all_securities()
    assert list(df.columns) == ["display_name", "name", "start_date", "end_date", "type"]
    assert (df.index.tolist(), df.index.name) == (["BTCUSDT", "ETHUSDT"], None)
    row = ["BTCUSDT", "BTCUSDT", pd.Timestamp("1970-01-01"), pd.Timestamp("2200-01-01"), "crypto"]
    assert df.loc["BTCUSDT"].tolist() == row
    assert df["start_date"].dtype == df["end_date"].dtype == np.dtype("datetime64[ns]")


def test_a_filter_by_dates_keeps_all(listed):
    df = get_all_securities()
    assert len(df[(df["start_date"] < "2024-01-01") & (df["end_date"] > "2024-01-01")]) == 2
    assert len(df[df["start_date"].dt.date <= dt.date(2024, 1, 1)]) == 2


def test_columns_of_the_list_take_positions(listed):
    assert get_all_securities()["name"][-1] == "ETHUSDT"
    wealthdata.configure(positional=False)
    assert type(get_all_securities()) is pd.DataFrame


def test_the_list_is_the_callers_own(listed):
    df = get_all_securities()
    df.loc[:, "name"] = "mine"
    df.index.name = "code"
    assert get_all_securities()["name"].tolist() == ["BTCUSDT", "ETHUSDT"]
    assert get_all_securities().index.name is None


@pytest.mark.parametrize("types", [(), [], "crypto", ["crypto"], ["stock", "crypto"], {"crypto"}])
def test_types_that_mean_everything(listed, types):
    assert len(get_all_securities(types)) == 2


@pytest.mark.parametrize("types", ["stock", OTHERS.split(), ["mixture_fund"]])
def test_other_types_are_an_empty_frame_of_the_same_kind(listed, types):
    empty, full = get_all_securities(types), get_all_securities()
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
    pd.testing.assert_index_equal(empty.index, full.index[:0])


@pytest.mark.parametrize("types", ["stocks", ["crypto", "bond"], None, 5, [5], [["crypto"]]])
def test_types_that_there_are_not_are_refused(listed, types):
    with pytest.raises(wealthdata.ParamsError, match=r"types must be some of crypto, stock, .*mixture_fund, was"):
        get_all_securities(types)


def test_the_symbols_of_all_sources_are_listed(session, context):
    made = session({"symbols": ["A", "C"]}, {"symbols": ["B", "A"]}, {})
    made.source("m2").get_all_symbols = lambda: ["D"]
    wealthdata.set_context(context({}, T0), mode="backtest")
    assert get_all_securities().index.tolist() == ["A", "B", "C", "D"]


def test_with_no_symbol_at_all_the_frame_is_empty(session, context):
    session({})
    wealthdata.set_context(context({}, T0), mode="backtest")
    assert (len(get_all_securities()), get_all_securities().shape[1]) == (0, 5)


# date --------------------------------------------------------------------------------------------------------------

BOTH = pytest.mark.parametrize(
    "ask", [lambda date: get_all_securities([], date), lambda date: get_security_info("BTCUSDT", date)]
)


@BOTH
@pytest.mark.parametrize("date", ["2024-01-03", 20240103, dt.date(2024, 1, 3), "2024-01-03 23:00", "2000-01-01", None])
def test_a_date_up_to_today_changes_nothing(listed, ask, date):
    assert str(ask(date)) == str(ask(None))


@BOTH
def test_a_backtest_may_not_ask_for_a_later_date(listed, ask):
    with pytest.raises(wealthdata.FutureDataError, match=r"date '2024-01-04' is after the backtest's time, 2024-01-03"):
        ask("2024-01-04")


@BOTH
def test_today_is_that_of_the_zone(listed, ask):
    listed.now_ms = T0 + 47 * HOUR
    with pytest.raises(wealthdata.FutureDataError):
        ask("2024-01-03")
    wealthdata.configure(tz="Asia/Shanghai")
    ask("2024-01-03")


@BOTH
def test_a_bad_date_is_refused(listed, ask):
    with pytest.raises(wealthdata.ParamsError, match="date must be a date"):
        ask("soon")


def test_live_a_later_date_is_no_error(session):
    session({"symbols": ["A"]})
    assert len(get_all_securities(date="2150-01-01")) == 1


# get_security_info -------------------------------------------------------------------------------------------------


def test_what_is_known_of_a_security(listed):
    info = get_security_info("BTCUSDT")
    assert (info.code, info.display_name, info.name) == ("BTCUSDT",) * 3
    assert (info.start_date, info.end_date) == (dt.date(1970, 1, 1), dt.date(2200, 1, 1))
    assert (type(info.start_date), info.type, info.parent) == (dt.date, "crypto", None)


def test_it_cannot_be_changed(listed):
    with pytest.raises(dataclasses.FrozenInstanceError):
        get_security_info("BTCUSDT").name = "mine"


def test_it_has_the_spelling_of_the_caller(listed):
    assert get_security_info("btc-usdt").code == "btc-usdt"


def test_a_listed_security_is_there_before_its_first_bar(bind, records):
    bind({"X 1h": records("1h", 5)}, T0)
    assert get_security_info("X").code == "X"


def test_a_security_that_nobody_lists_is_there_if_there_is_a_bar(session, context, closed, records):
    session({"symbols": ["A"], "timeframes": ["1d"]}, {}).source("m1").put(closed("X", "1h", records("1h", 50)))
    wealthdata.set_context(context({}, T0 + 50 * HOUR), mode="backtest")
    assert get_security_info("X").code == "X"


def test_a_security_is_there_though_its_bars_are_old(session, closed, records):
    session({}).source("m0").put(closed("X", "1h", records("1h", 50)))
    with pytest.raises(wealthdata.StaleDataError):
        wealthdata.get_last_price("X")
    assert get_security_info("X").code == "X"


def test_a_security_that_is_nowhere_is_not_found(listed):
    with pytest.raises(wealthdata.SecurityNotFound, match="did you mean 'BTCUSDT'"):
        get_security_info("BTCUSD")


def test_a_security_that_no_source_can_list_and_none_has_is_not_found(session, context):
    session({})
    wealthdata.set_context(context({}, T0), mode="backtest")
    with pytest.raises(wealthdata.SecurityNotFound, match=r"m0: not here.* nothing was put in for X"):
        get_security_info("X")


def test_a_source_that_failed_may_have_it(session, context):
    session({}).source("m0").failure = SourceError("disk on fire")
    wealthdata.set_context(context({}, T0), mode="backtest")
    with pytest.raises(wealthdata.DataUnavailable, match="disk on fire"):
        get_security_info("X")


@pytest.mark.parametrize("code", [["BTCUSDT"], None, "", 5])
def test_it_is_of_one_security(listed, code):
    with pytest.raises(wealthdata.ParamsError, match="must be"):
        get_security_info(code)
