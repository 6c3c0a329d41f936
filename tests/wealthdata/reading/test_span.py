from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import wealthdata
from wealthdata import ParamsError, get_bars, get_price
from wealthdata.reading.span import read_count
from wealthsources import Timeframe

from ...support.bars import DAY, HOUR, MONDAY as T0


def label_of(timeframe, open_time):
    """The rule, said once more: the end, or the last date."""
    end = pd.Timestamp(timeframe.end(open_time), unit="ms").as_unit("ns")
    return end - pd.Timedelta(days=1) if timeframe.milliseconds >= DAY else end


# ranges ------------------------------------------------------------------------------------------------------------


def test_from_one_date_to_the_next_are_24_hours(bind, records):
    bind({"X 1h": records("1h", 100)}, T0 + 100 * HOUR)
    df = get_price("X", "2024-01-02", "2024-01-03", "1h")
    assert (len(df), df.index[0], df.index[-1]) == (24, pd.Timestamp("2024-01-02 01:00"), pd.Timestamp("2024-01-03"))


def test_days_are_counted_with_both_ends_whatever_the_time_of_day(bind, records):
    bind({"X 1d": records("1d", 30)}, T0 + 30 * DAY)
    df = get_price("X", "2024-01-02 23:00", "2024-01-04 01:00", "daily")
    assert [str(label.date()) for label in df.index] == ["2024-01-02", "2024-01-03", "2024-01-04"]


def test_a_range_without_an_end_goes_to_now(bind, records):
    bind({"X 1h": records("1h", 100)}, T0 + 50 * HOUR)
    assert len(get_price("X", start_date="2024-01-02", frequency="1h")) == 26


def test_a_start_within_a_bar_leaves_it_out(bind, records):
    bind({"X 1h": records("1h", 100)}, T0 + 100 * HOUR)
    assert get_price("X", "2024-01-02 00:00:01", "2024-01-02 03:00", "1h").index[0] == pd.Timestamp("2024-01-02 02:00")


def test_dates_are_wall_time_of_the_configured_zone(bind, records):
    wealthdata.configure(tz="Asia/Shanghai")
    bind({"X 1h": records("1h", 100)}, T0 + 100 * HOUR)
    df = get_price("X", "2024-01-02", "2024-01-03", "1h")
    assert (len(df), df.index[0], df.index[-1]) == (24, pd.Timestamp("2024-01-02 01:00"), pd.Timestamp("2024-01-03"))
    assert df["close"].iloc[0] == 116.5  # the bar that opens at 16:00 UTC of the day before


def test_count_is_counted_back_from_the_end(bind, records):
    bind({"X 1h": records("1h", 100)}, T0 + 100 * HOUR)
    df = get_price("X", end_date="2024-01-02", count=3, frequency="1h")
    assert list(df["close"]) == [121.5, 122.5, 123.5]


def test_start_after_end_is_refused(bind):
    bind({}, T0 + 100 * HOUR)
    with pytest.raises(wealthdata.ParamsError, match=r"start_date '2024-01-03' is after end_date '2024-01-02'"):
        get_price("X", "2024-01-03", "2024-01-02", "1h")


def test_the_same_day_as_start_and_end_is_one_daily_bar_even_with_times_in_reverse(bind, records):
    bind({"X 1d": records("1d", 30)}, T0 + 30 * DAY)
    assert len(get_price("X", "2024-01-02 15:00", "2024-01-02 09:00", "daily")) == 1


def test_a_bad_date_is_named(bind):
    bind({}, T0)
    with pytest.raises(wealthdata.ParamsError, match="start_date must be a date"):
        get_price("X", "soon")


@given(st.sampled_from(Timeframe.known()), st.floats(0, 20), st.floats(0, 20))
def test_a_range_holds_exactly_the_labels_within_it(bind, records, name, first, length):
    timeframe = Timeframe(name)
    step = pd.Timedelta(timeframe.milliseconds, "ms")
    made = records(name, 50, first=T0)
    start = (pd.Timestamp("2024-01-01") + first * step).floor("min")
    end = (start + length * step).floor("min")
    bind({"X " + name: made}, timeframe.end(made[-1]["open_time"]))
    labels = [label_of(timeframe, bar["open_time"]) for bar in made]
    if timeframe.milliseconds >= DAY:
        wanted = [label for label in labels if start.date() <= label.date() <= end.date()]
    else:
        wanted = [label for label in labels if start < label <= end and label - step >= start]
    assert list(get_price("X", start, end, name).index) == wanted


@given(st.sampled_from(Timeframe.known()), st.integers(1, 30), st.integers(0, 10**10))
def test_labels_are_ends_or_last_dates_and_none_is_after_now(bind, records, name, count, later):
    timeframe = Timeframe(name)
    made = records(name, 40)
    now = made[20]["open_time"] + later % (15 * timeframe.milliseconds)
    bind({"X " + name: made}, now)
    df = get_price("X", count=count, frequency=name)
    over = [bar for bar in made if timeframe.end(bar["open_time"]) <= now]
    assert list(df.index) == [label_of(timeframe, bar["open_time"]) for bar in over][-count:]
    assert df.index.is_monotonic_increasing
    assert df.index.is_unique


# labels of long bars -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "label"),
    [("1d", "2024-01-01"), ("3d", "2024-01-02"), ("1w", "2024-01-07"), ("1M", "2024-01-31")],
)
def test_a_long_bar_is_labelled_with_the_last_date_that_it_covers(bind, records, name, label):
    bind({"X " + name: records(name, 1)}, T0 + 60 * DAY)
    assert list(get_price("X", count=1, frequency=name).index) == [pd.Timestamp(label)]


def test_a_daily_label_is_the_date_in_utc_in_any_zone(bind, records):
    wealthdata.configure(tz="Asia/Shanghai")
    bind({"X 1d": records("1d", 3)}, T0 + 3 * DAY)
    assert list(get_price("X", count=1, frequency="1d").index) == [pd.Timestamp("2024-01-03")]


# the future --------------------------------------------------------------------------------------------------------


def test_a_backtest_may_not_ask_beyond_now(bind, records):
    bind({"X 1h": records("1h", 100)}, T0 + 50 * HOUR)
    with pytest.raises(wealthdata.FutureDataError, match=r"end_date '2024-01-03 02:01' .* 2024-01-03 02:00:00"):
        get_price("X", end_date="2024-01-03 02:01", frequency="1h")


def test_a_backtest_may_ask_up_to_now(bind, records):
    bind({"X 1h": records("1h", 100)}, T0 + 50 * HOUR)
    assert len(get_price("X", end_date="2024-01-03 02:00", frequency="1h", count=5)) == 5


def test_a_backtest_may_not_start_beyond_now_either(bind, records):
    bind({"X 1h": records("1h", 100)}, T0 + 50 * HOUR)
    with pytest.raises(wealthdata.FutureDataError, match="start_date"):
        get_price("X", start_date="2024-01-04", frequency="1h")


def test_daily_bars_may_be_asked_up_to_today_and_today_is_not_among_them(bind, records):
    bind({"X 1d": records("1d", 30)}, T0 + 5 * DAY + 10 * HOUR)
    df = get_price("X", end_date="2024-01-06 23:59", frequency="daily", count=1)
    assert list(df.index) == [pd.Timestamp("2024-01-05")]


def test_daily_bars_may_not_be_asked_for_tomorrow(bind, records):
    bind({"X 1d": records("1d", 30)}, T0 + 5 * DAY + 10 * HOUR)
    with pytest.raises(wealthdata.FutureDataError):
        get_price("X", end_date="2024-01-07", frequency="daily", count=1)


def test_what_day_it_is_depends_on_the_configured_zone(bind, records):
    wealthdata.configure(tz="Asia/Shanghai")
    bind({"X 1d": records("1d", 30)}, T0 + 5 * DAY + 20 * HOUR)
    df = get_price("X", end_date="2024-01-07", frequency="daily", count=1)
    assert list(df.index) == [pd.Timestamp("2024-01-05")]


def test_live_an_end_beyond_now_means_now(session, closed, records):
    made = session({"live": True}, clock="feed")
    made.start_live()
    made.source("m0").put(closed("X", "1h", records("1h", 10)))
    df = get_price("X", end_date="2100-01-01", count=3, frequency="1h")
    assert df.index[-1] == pd.Timestamp("2024-01-01 10:00")


@pytest.fixture(params=["live", "backtest"])
def until_ten(request, session, context, closed, records):
    """Hours of X up to now, 10:00 UTC, in either kind of binding, and days."""
    made = session({"live": request.param == "live"}, clock="feed")
    made.start_live()
    made.source("m0").put(closed("X", "1d", records("1d", 3, T0 - 3 * DAY)))
    made.source("m0").put(closed("X", "1h", records("1h", 10)))
    wealthdata.set_context(context({}, T0 + 10 * HOUR), mode=request.param)
    return request.param


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda start: get_price("X", start, frequency="1h"), "start_date"),
        (lambda start: get_price(["X"], start, frequency="1h", skip_paused=False), "start_date"),
        (lambda start: get_bars("X", unit="1h", start_dt=start), "start_dt"),
    ],
)
def test_a_start_beyond_now_is_an_error_that_names_the_zone(until_ten, ask, name):
    # Somebody who sits in Shanghai at 18:00 and did not say so.
    whose = "the backtest's time" if until_ten == "backtest" else "now"
    told = rf"{name} '2024-01-01 17:00' is after {whose}, 2024-01-01 10:00:00 in UTC, .*configure\(tz=\.\.\.\)"
    with pytest.raises(wealthdata.FutureDataError, match=told):
        ask("2024-01-01 17:00")
    wealthdata.configure(tz="Asia/Shanghai")
    assert len(ask("2024-01-01 17:00")) == 1
    with pytest.raises(wealthdata.FutureDataError, match="18:00:00 in Asia/Shanghai"):
        ask("2024-01-01 18:00:01")


def test_a_start_at_now_is_an_empty_answer(until_ten):
    assert len(get_price("X", "2024-01-01 10:00", frequency="1h")) == 0


def test_tomorrow_is_beyond_now_for_days_and_today_is_not(until_ten):
    with pytest.raises(wealthdata.FutureDataError, match="start_date '2024-01-02'"):
        get_price("X", "2024-01-02", frequency="1d")
    assert len(get_price("X", "2024-01-01", frequency="1d")) == 0


def test_where_it_is_tomorrow_already_no_day_of_utc_fits(until_ten):
    wealthdata.configure(tz="Pacific/Kiritimati")  # 14 hours ahead
    for fields in ("close", "pre_close"):
        assert len(get_price("X", "2024-01-02", frequency="1d", fields=fields)) == 0


@pytest.mark.parametrize("count", [5, np.int64(5), np.uint8(5)])
def test_a_count_may_be_any_whole_number(count):
    assert read_count(count) == 5
    assert type(read_count(count)) is int


@pytest.mark.parametrize("count", [True, 0, -1, 5.0, "5", [5], np.int64(0), np.bool_(True)])
def test_other_counts_are_refused(count):
    with pytest.raises(ParamsError, match="count must be"):
        read_count(count)
