"""Defects of the origin, the earlier implementation, and why each is impossible here: those of its functions.

A test is named after the defect's number, and its docstring says what the defect was. Those of the WebSocket are in
test_origin_live.py, those of the legacy interface in test_origin_legacy.py, and those of the process that runs it all
in test_origin_process.py. 7, 8 and 24 are an engine's, not ours.
"""

from __future__ import annotations

import ast
import copy
import datetime as dt
import itertools
import pickle
import re
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import wealthdata
import wealthsources
from wealthdata import attribute_history, get_bars, get_price, set_context

from ..support.bars import DAY, HOUR, MONDAY as T0
from .origin_feed import numbers

COLUMNS = ["open", "close", "high", "low", "volume"]


@pytest.fixture
def bound(bind, records):
    """A backtest, 50 hours on; bars say that they close in ….999 ms, as an exchange does."""
    return bind({"BTCUSDT 1h": records("1h", 60), "ETHUSDT 1h": records("1h", 60)}, T0 + 50 * HOUR)


def test_every_defect_that_is_ours_has_a_test_and_each_says_what_it_was():
    files = Path(__file__).parent.glob("test_origin*.py")
    tests = [node for path in files for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    found = {re.match(r"test_origin_(\d\d)_\w", node.name)[1]: node for node in tests if "test_origin" in node.name}
    assert {int(number) for number in found} == set(range(1, 27)) - {7, 8, 24}
    assert [node.name for node in tests if "test_origin" in node.name and not ast.get_docstring(node)] == []


@pytest.mark.parametrize("wrong", ["swapped", "repeated", "reversed"])
def test_origin_02_bars_out_of_order_are_no_answer(context, records, tmp_path, wrong):
    """What was merged was neither sorted nor validated: closes came as [126, 127, 129, 1, 9]."""
    rows = records("1h", 50)
    pd.DataFrame(rows).drop(columns="close_time").to_csv(tmp_path / "BTCUSDT 1h.csv", index=False)
    rows[44:46] = {"swapped": rows[45:43:-1], "repeated": [rows[44]] * 2, "reversed": rows[44:46]}[wrong]
    made = context({"BTCUSDT 1h": rows[::-1] if wrong == "reversed" else rows}, T0 + 50 * HOUR)
    set_context(made)
    with pytest.raises(wealthdata.DataUnavailable, match="the oldest comes first"):
        get_price("BTCUSDT", count=20, frequency="1h")
    archive = {"plugin": "file", "options": {"path": str(tmp_path / "{symbol} {timeframe}.csv")}}
    with wealthsources.open({"sources": [{"plugin": "context"}, archive]}):
        set_context(made, mode="backtest")
        frame = get_price("BTCUSDT", count=20, frequency="1h")
        assert numbers(frame) == list(range(30, 50))
        assert "the oldest comes first" in str(frame.attrs["failed"])


# 9 to 13: get_price ------------------------------------------------------------------------------------------------


def test_origin_09_arguments_are_in_the_order_of_joinquant(bound):
    """Dates by position were a TypeError, and so was `security=`; there was no start_date; a list gave nothing."""
    frame = get_price("BTCUSDT", "2024-01-01", "2024-01-02", "1h", ["close"])
    assert (frame.shape, frame["close"][0], frame["close"][-1]) == ((24, 1), 100.5, 123.5)
    named = get_price(security="BTCUSDT", start_date=dt.date(2024, 1, 1), end_date="2024-01-02", frequency="1h")
    assert numbers(named) == list(range(24))
    several = get_price(["ETHUSDT", "BTCUSDT"], None, "2024-01-02", "60m", ["close"], False, "pre", 2)
    assert several["code"].tolist() == ["ETHUSDT"] * 2 + ["BTCUSDT"] * 2
    assert several["close"].tolist() == [122.5, 123.5] * 2
    with pytest.raises(wealthdata.ParamsError, match="pass count=20"):
        get_price("BTCUSDT", 20)


def test_origin_10_nothing_is_silently_empty(bound):
    """'daily', '60m', an unknown symbol and an unknown timeframe gave an empty frame, and no error."""
    assert get_price("BTCUSDT", count=20, frequency="daily")["close"].tolist() == [123.5, 147.5]
    assert get_price("BTCUSDT", count=20)["close"].tolist() == [123.5, 147.5]
    assert numbers(get_price("BTCUSDT", count=20, frequency="60m")) == list(range(30, 50))
    with pytest.raises(wealthdata.SecurityNotFound, match="did you mean 'BTCUSDT'"):
        get_price("BTCUSD", count=20, frequency="1h")
    for name in ("7m", "hour", "1H", ""):
        with pytest.raises(wealthdata.UnsupportedFrequency, match="accepted: "):
            get_price("BTCUSDT", count=20, frequency=name)
    with pytest.raises(wealthdata.DataUnavailable, match="its series: BTCUSDT 1h"):
        get_price("BTCUSDT", count=20, frequency="1m")


def test_origin_11_an_empty_frame_has_the_types_of_a_full_one(bound):
    """An empty frame had a RangeIndex and object columns, so that it broke where a full one did not."""
    times = {"start_date": "2024-01-01 10:10", "end_date": "2024-01-01 10:50", "frequency": "1h"}
    empty, full = get_price("BTCUSDT", **times), get_price("BTCUSDT", count=3, frequency="1h")
    assert (len(empty), len(full)) == (0, 3)
    assert (type(empty.index), empty.index.dtype) == (pd.DatetimeIndex, full.index.dtype)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict() == dict.fromkeys(COLUMNS, np.dtype("float64"))
    pd.testing.assert_frame_equal(pd.concat([full, empty]), full)
    assert empty["close"].mean() != empty["close"].mean()
    both, one = get_price(["BTCUSDT", "ETHUSDT"], **times), get_price(["BTCUSDT"], count=3, frequency="1h")
    assert (len(both), both.dtypes.to_dict()) == (0, one.dtypes.to_dict())


def test_origin_12_the_fields_are_those_that_were_asked_for(bound):
    """fields='close' gave all columns, and fields=['close', 'money'] lost money without a word."""

    def columns(fields):
        return list(get_price("BTCUSDT", count=2, frequency="1h", fields=fields))

    assert columns("close") == ["close"]
    assert columns(["close", "money"]) == ["close", "money"]
    assert columns(["volume", "open"]) == ["volume", "open"]
    assert columns(None) == COLUMNS
    with pytest.raises(wealthdata.ParamsError, match=r"unknown field 'turnover'; valid are open, .*money"):
        columns(["close", "turnover"])


def test_origin_13_labels_are_exact_ends_in_nanoseconds(bound):
    """The index was the raw close_time, ….999, which joins with nothing, and in microseconds under pandas 3."""
    index = get_price("BTCUSDT", count=24, frequency="1h").index
    wanted = pd.date_range("2024-01-02 03:00", "2024-01-03 02:00", freq="h").as_unit("ns")
    assert (index.dtype, index.tz, index.name) == (np.dtype("datetime64[ns]"), None, None)
    assert index.tolist() == wanted.tolist()
    assert index.astype("int64").tolist() == [(T0 + n * HOUR) * 1_000_000 for n in range(27, 51)]
    other = pd.DataFrame({"signal": 1.0}, index=wanted)
    assert len(get_price("BTCUSDT", count=50, frequency="1h").join(other, how="inner")) == 24
    daily = get_price("BTCUSDT", count=2, frequency="1d").index
    assert (daily.dtype, daily.strftime("%F %T").tolist()) == (
        np.dtype("datetime64[ns]"),
        ["2024-01-01 00:00:00", "2024-01-02 00:00:00"],
    )
    for dates in (get_bars("BTCUSDT", 2, "1h", df=True)["date"], get_bars("BTCUSDT", 2, "1h", df=False)["date"]):
        assert (dates.dtype, list(map(pd.Timestamp, dates))) == (np.dtype("datetime64[ns]"), list(wanted[-2:]))


# 14, 15: days ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai"])
def test_origin_14_labels_and_current_dt_are_in_one_zone(bound, zone):
    """current_dt was in another zone than the index."""
    wealthdata.configure(tz=zone)
    bound.now_ms, bound.current_dt = None, dt.datetime(2024, 1, 2, 20)  # noqa: DTZ001 - as engines have it
    assert get_price("BTCUSDT", count=5, frequency="1h").index[-1] == bound.current_dt
    ended = 44 if zone == "UTC" else 36  # hours since T0
    assert get_price("BTCUSDT", count=5, frequency="1h")["close"][-1] == 100.5 + ended - 1


def test_origin_15_days_securities_and_industries_have_joinquants_types(bound):
    """Trade days were text; securities had no name, and None as their start; an industry was a str."""
    days = wealthdata.get_trade_days(end_date="2024-01-03", count=3)
    assert (type(days), days.dtype) == (np.ndarray, np.dtype(object))
    assert days.tolist() == [dt.date(2024, 1, 1), dt.date(2024, 1, 2), dt.date(2024, 1, 3)]
    assert {type(day) for day in days} == {dt.date}
    frame = wealthdata.get_all_securities()
    assert list(frame) == ["display_name", "name", "start_date", "end_date", "type"]
    assert frame.index.tolist() == frame["name"].tolist() == ["BTCUSDT", "ETHUSDT"]
    assert not frame.isna().any(axis=None)
    assert (frame["start_date"] < "2024-01-01").all()
    assert (frame["end_date"] == "2200-01-01").all()
    with pytest.raises(wealthdata.NotSupported, match=r"wealthdata\.extend\(get_industry="):
        wealthdata.get_industry("BTCUSDT")


def test_origin_20_a_bar_without_prices_is_an_error_of_its_source(context, records):
    """Nothing was checked: a bar without prices was zeros at time 0."""
    for field, value in itertools.product(("open", "close", "volume"), (None, "", "nan")):
        rows = records("1h", 50)
        rows[45] = {**rows[45], field: value}
        set_context(context({"BTCUSDT 1h": rows}, T0 + 50 * HOUR))
        with pytest.raises(wealthdata.DataUnavailable, match=rf"bars\[45\]\.{field}"):
            get_price("BTCUSDT", count=20, frequency="1h")
        with pytest.raises(wealthdata.ParamsError, match=rf"bars\[45\]: {field}"):
            wealthdata.bars_to_dataframe(rows)


def test_origin_21_a_count_of_nothing_is_refused(bound):
    """get_bars(count=0) returned everything."""
    for count in (0, -1, False, 2.0):
        with pytest.raises(wealthdata.ParamsError, match="count must be"):
            get_price("BTCUSDT", count=count, frequency="1h")
        with pytest.raises(wealthdata.ParamsError, match="count must be"):
            get_bars("BTCUSDT", count, "1h")
        with pytest.raises(wealthdata.WealthDataError, match="count must be"):
            bound.history("BTCUSDT", count, "1h")


# 22, 23, 26: contexts and their bars -------------------------------------------------------------------------------


#: Series, which bar of it has just ended, and the time that it is then.
ENDED = {"BTCUSDT 1h": (9, "10:00"), "ETHUSDT 1m": (630, "10:31"), "BTCUSDT 5m": (127, "10:40")}


@pytest.mark.parametrize("order", list(itertools.permutations(ENDED)))
@pytest.mark.parametrize("triggered", ENDED)
def test_origin_22_which_series_comes_first_decides_nothing(context, records, order, triggered):
    """current_bar and the bar of handle_bar were the last of the first series, whichever one had triggered it."""
    series = {"BTCUSDT 1h": records("1h", 20), "ETHUSDT 1m": records("1m", 1200), "BTCUSDT 5m": records("5m", 240)}
    place, now = ENDED[triggered]
    made = context({name: series[name] for name in order})
    made.current_bar = series[triggered][place]
    set_context(made)
    for symbol, timeframe in map(str.split, ENDED):
        wanted = pd.Timestamp(f"2024-01-01 {now}").floor(timeframe.replace("m", "min"))
        assert get_price(symbol, count=2, frequency=timeframe).index[-1] == wanted
        assert made.history(symbol, 1, timeframe)[-1].end == wanted.value // 1_000_000


def test_origin_22_a_current_bar_that_is_not_over_is_not_shown(bound, records):
    """The bar of handle_bar may not have been over, and its close was that of the moment."""
    hours = bound._market_data_context[0].bars
    bound.current_bar = hours[-1] = {**hours[-1], "close": "9999"}  # bar 59
    bound.now_ms = T0 + 59 * HOUR + HOUR // 2
    assert numbers(get_price("BTCUSDT", count=20, frequency="1h")) == list(range(39, 59))
    assert numbers(get_bars("BTCUSDT", 20, "1h", include_now=True)) == list(range(39, 59))
    assert wealthdata.get_last_price("BTCUSDT") == 158.5


def test_origin_22_without_another_clock_a_current_bar_of_today_is_not_shown_before_its_end(context, records):
    """The bar of handle_bar may not have been over, and its close was that of the moment."""
    today = time.time_ns() // 1_000_000 // DAY
    rows = records("1d", 20, first=(today - 19) * DAY)
    made = context({"BTCUSDT 1d": rows})
    made.current_bar = rows[-1]
    set_context(made)
    found = get_price("BTCUSDT", count=20)
    ended = time.time_ns() // 1_000_000 // DAY * DAY
    assert len(found) in (19, 20)
    assert found.index[-1].value // 1_000_000 + DAY <= ended


class Aside:
    """As the origin's: what a strategy sets is put aside, and found again by `__getattr__`."""

    def __init__(self, rows, now):
        vars(self).update(rows=rows, now_ms=now, current_bar=None, aside={})

    def history(self, symbol, count, timeframe):
        return self.rows[-count:] if timeframe == "1h" else []

    def __setattr__(self, name, value):
        self.aside[name] = value

    def __getattr__(self, name):
        if name.startswith("__") or name == "aside":
            raise AttributeError(name)
        try:
            return self.aside[name]
        except KeyError:
            raise AttributeError(name) from None


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])
@pytest.mark.parametrize("kind", [SimpleNamespace, Aside])
def test_origin_23_a_context_that_is_bound_can_be_copied(context, records, duplicate, kind):
    """copy.copy(context) ended in a RecursionError."""
    rows = records("1h", 50)
    made = Aside(rows, T0 + 50 * HOUR) if kind is Aside else context({"BTCUSDT 1h": rows}, T0 + 50 * HOUR)
    set_context(made)
    made.average = 1.5
    twin = duplicate(made)
    assert (type(twin), twin.average, twin.now_ms) == (kind, 1.5, T0 + 50 * HOUR)
    twin.average = 2.5
    set_context(twin)
    assert numbers(get_price("BTCUSDT", count=5, frequency="1h")) == list(range(45, 50))
    wealthdata.clear_context()
    assert numbers(get_price("BTCUSDT", count=5, frequency="1h")) == list(range(45, 50))


def test_origin_23_a_bar_of_a_context_is_a_bar_whatever_the_engine_put_there(context, records):
    """A bar of the context was a dict or a Bar, depending on what current_bar was."""
    rows = records("1h", 50)
    objects = [SimpleNamespace(**row) for row in rows]
    found = []
    for bars, current in itertools.product((rows, objects), (None, rows[-1], objects[-1])):
        made = context({"BTCUSDT 1h": bars}, T0 + 50 * HOUR)
        made.current_bar = current
        set_context(made)
        found.append(made.history("BTCUSDT", 3, "1h"))
    assert {type(bar) for bars in found for bar in bars} == {wealthsources.Bar}
    assert all(bars == found[0] for bars in found)


def test_origin_26_migrated_comparisons_of_bars_and_averages_work(bound):
    """Prices were text in a Bar, so `bar.close > ma` was a TypeError in a strategy that had been moved here."""
    bar = bound.history("BTCUSDT", 1, "1h")[-1]
    ma = attribute_history("BTCUSDT", 20, "1h", ["close"])["close"].mean()
    assert bar.close > ma
    assert bar.close * 1.01 > bar.high > bar.low
    assert (bar.close - ma) / ma == pytest.approx(9.5 / 140.0)


def test_origin_22_a_current_bar_that_says_it_is_not_over_is_no_clock_of_its_end(context, records):
    """The bar of handle_bar may not have been over, and its close was that of the moment."""
    hours = records("1h", 11)
    hours[10]["closed"] = False
    made = context({"BTCUSDT 1h": hours, "BTCUSDT 1m": records("1m", 660)})
    made.current_bar = hours[10]
    set_context(made)
    assert get_price("BTCUSDT", count=1, frequency="1m").index[-1] == pd.Timestamp("2024-01-01 10:00")


def test_origin_23_a_copy_of_a_bound_context_reads_its_own_history(records):
    """copy.copy(context) ended in a RecursionError."""

    class Context:
        def __init__(self, now):
            self.now_ms = now

        def history(self, symbol, count, timeframe):
            rows = records("1h", 50) if timeframe == "1h" else []
            return [row for row in rows if row["open_time"] + HOUR <= self.now_ms][-count:]

    made = Context(T0 + 10 * HOUR)
    set_context(made)
    twin = copy.copy(made)
    twin.now_ms = T0 + 20 * HOUR
    set_context(twin)
    assert numbers(get_price("BTCUSDT", count=3, frequency="1h")) == [17, 18, 19]
    assert made.history("BTCUSDT", 1, "1h")[-1].open_time == T0 + 9 * HOUR
    wealthdata.clear_context()
    twin.now_ms = T0 + 5 * HOUR
    assert twin.history("BTCUSDT", 1, "1h")[-1]["open_time"] == T0 + 4 * HOUR  # nobody has bound it
