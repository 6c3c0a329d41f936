"""Rows for what is missing: up to the common end, and never for what is missing because a source is down."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

import wealthdata
from wealthdata import attribute_history, get_bars, get_price, history
from wealthsources import SourceError, Timeframe

from ...support.bars import DAY, HOUR, MINUTE, MONDAY as T0

ROWS = ["close", "volume", "paused"]


@pytest.fixture
def halted(bind, records):
    """It is 10:00. A trades; B was halted from 03:00 to 05:00; C has been since 06:00; D was listed at 08:00."""
    return bind(
        {
            "A 1h": records("1h", 10),
            "B 1h": records("1h", 10, skip={3, 4}),
            "C 1h": records("1h", 6),
            "D 1h": records("1h", 2, first=T0 + 8 * HOUR),
        },
        T0 + 10 * HOUR,
    )


def hours(first, last):
    return pd.date_range(pd.Timestamp("2024-01-01") + pd.Timedelta(hours=first), periods=last - first + 1, freq="h")


def test_rows_go_on_to_the_newest_window_that_is_over(halted):
    df = get_price("C", count=6, frequency="1h", fields=ROWS, skip_paused=False)
    assert df.index.tolist() == hours(5, 10).tolist()
    assert df["close"].tolist() == [104.5, *[105.5] * 5]
    assert df["volume"].tolist() == [10, 10, 0, 0, 0, 0]
    assert df["paused"].tolist() == [0, 0, 1, 1, 1, 1]


def test_a_filled_row_takes_nothing_back_from_what_is_said_to_be_missing(halted):
    assert get_price("C", count=6, frequency="1h", skip_paused=False).attrs == {"behind": 4}


def test_count_may_be_all_of_a_halt(halted):
    df = get_price("C", count=2, frequency="1h", fields=[*ROWS, "pre_close"], skip_paused=False)
    assert df.to_numpy().tolist() == [[105.5, 0, 1, 105.5]] * 2


def test_without_prices_filled_in_the_rows_are_nan(halted):
    df = get_price("C", count=2, frequency="1h", fields=ROWS, skip_paused=False, fill_paused=False)
    assert df["close"].isna().all()
    assert df["paused"].tolist() == [1, 1]


def test_all_securities_of_a_list_end_together(halted):
    df = get_price(["A", "B", "C", "D"], count=6, frequency="1h", fields=ROWS, skip_paused=False)
    times = {code: rows["time"].tolist() for code, rows in df.groupby("code")}
    assert times["A"] == times["B"] == times["C"] == hours(5, 10).tolist()
    assert times["D"] == hours(9, 10).tolist()
    assert df.attrs["behind"] == {"C": 4}


def test_history_has_a_number_up_to_the_end_and_none_before_the_first_bar(halted):
    h = history(6, "1h", "close", ["A", "C", "D"], skip_paused=False)
    assert h["C"].tolist() == [104.5, *[105.5] * 5]
    assert h["D"].isna().tolist() == [True] * 4 + [False] * 2


def test_other_shapes_end_there_too(halted):
    by_number = get_bars(["A", "C"], 6, "1h", ["date"], skip_paused=False, df=True)
    assert by_number.loc["A"]["date"].tolist() == by_number.loc["C"]["date"].tolist()
    assert attribute_history("C", 3, "1h", "close", skip_paused=False).index.tolist() == hours(8, 10).tolist()
    assert attribute_history("C", 3, "1h", "close", skip_paused=False, df=False)["close"].tolist() == [105.5] * 3


def test_nothing_is_filled_unless_it_is_asked_for(halted):
    for answer in (get_price("C", count=3, frequency="1h"), get_bars("C", 3, "1h"), attribute_history("C", 3, "1h")):
        assert answer.index[-1] == pd.Timestamp("2024-01-01 06:00")


def test_dates_end_where_they_say(halted):
    df = get_price("C", "2024-01-01 04:00", "2024-01-01 08:30", "1h", ROWS, skip_paused=False)
    assert (df.index.tolist(), df["paused"].tolist()) == (hours(5, 8).tolist(), [0, 0, 1, 1])
    assert df.attrs == {"behind": 2}


def test_a_halt_may_be_longer_than_the_dates(halted):
    for fields in (ROWS, [*ROWS, "pre_close"]):
        df = get_price("C", "2024-01-01 07:00", "2024-01-01 09:00", "1h", fields, skip_paused=False)
        assert df.index.tolist() == hours(8, 9).tolist()
        assert df.to_numpy().tolist() == [[105.5, 0, 1, 105.5][: len(fields)]] * 2
        assert df.attrs == {"behind": 3}


def test_dates_before_the_first_bar_are_not_filled(halted):
    with pytest.raises(wealthdata.DataUnavailable, match="no source has bars from 2024-01-01 05:00 of D"):
        get_price("D", "2024-01-01 05:00", "2024-01-01 07:00", "1h", skip_paused=False)
    assert get_price("D", "2024-01-01", frequency="1h", skip_paused=False).index.tolist() == hours(9, 10).tolist()


def test_days_and_months_go_on_by_the_calendar(bind, records):
    bind({"X 1d": records("1d", 3), "X 1M": records("1M", 2)}, T0 + 130 * DAY)
    assert get_price("X", count=1, frequency="1d", skip_paused=False).index[-1] == pd.Timestamp("2024-05-09")
    df = get_price("X", count=3, frequency="1M", fields="paused", skip_paused=False)
    assert [str(label.date()) for label in df.index] == ["2024-02-29", "2024-03-31", "2024-04-30"]


def test_what_is_missing_since_a_source_failed_is_no_pause(session, context, closed, records):
    made = session({}, {})
    made.source("m0").failure = SourceError("no route")
    made.source("m1").put(closed("X", "1h", records("1h", 6)))
    wealthdata.set_context(context({}, T0 + 10 * HOUR), mode="backtest")
    df = get_price("X", count=3, frequency="1h", skip_paused=False)
    assert df.index.tolist() == hours(4, 6).tolist()
    assert df.attrs == {"behind": 4, "failed": ["m0: no route"]}
    with pytest.raises(wealthdata.DataUnavailable, match="no route"):
        get_price("X", "2024-01-01 07:00", "2024-01-01 09:00", "1h", skip_paused=False)


@pytest.fixture
def live(session, closed, records):
    """live(silent_for, now): a live binding in which X has hours up to 06:00 by its feed; B has them up to `now`."""

    def make(silent_for=0.0, now=10 * HOUR, **settings):
        made = session({"live": True}, clock="feed", on_stale="mark", **settings)
        made.start_live()
        source = made.source("m0")
        source.stale_for = lambda symbol=None, timeframe=None: silent_for
        source.put(closed("X", "1h", records("1h", 6)))
        source.put(closed("B", "1m", records("1m", 1, T0 + now - MINUTE)))
        return made

    return make


def test_live_what_a_stream_that_is_up_does_not_bring_is_filled(live):
    live()
    assert get_price("X", count=3, frequency="1h", skip_paused=False).index.tolist() == hours(8, 10).tolist()


def test_live_what_a_stale_stream_did_not_bring_is_no_pause(live):
    live(silent_for=60.0)
    df = get_price("X", count=3, frequency="1h", skip_paused=False)
    assert df.index.tolist() == hours(4, 6).tolist()
    assert df.attrs == {"behind": 4}


def test_live_a_bar_that_may_be_on_its_way_is_no_pause(session, closed, records):
    made = session({"live": True}, {}, on_stale="mark", late_after=3_600)
    made.start_live()
    made.source("m0").stale_for = lambda symbol=None, timeframe=None: 0.0
    newest = made.clock.now() // MINUTE * MINUTE
    made.source("m1").put(closed("X", "1m", records("1m", 30, newest - 30 * MINUTE)))
    made.source("m1").put(closed("Y", "1m", records("1m", 10, newest - 130 * MINUTE)))
    on_its_way = get_price("X", count=2, frequency="1m", skip_paused=False)
    assert on_its_way.index[-1] == pd.Timestamp(newest, unit="ms")
    halted = get_price("Y", count=1, frequency="1m", fields="paused", skip_paused=False)
    assert 0 <= (pd.Timestamp(newest, unit="ms") - halted.index[-1]).total_seconds() - 3_600 <= 120
    assert halted["paused"].tolist() == [1.0]


@pytest.mark.parametrize("name", ["1m", "1h", "1d", "1w", "1M"])
@given(
    st.sets(st.integers(0, 30), min_size=1), st.integers(1, 45), st.integers(0, 40), st.integers(0, 999), st.booleans()
)
def test_rows_are_every_window_from_a_first_bar_to_the_end(bind, records, name, places, count, end, later, dated):
    frame = Timeframe(name)
    slot = frame.slot(T0)
    made = records(name, 31, skip=set(range(31)) - places)
    now = frame.open_time(slot + end) + later * frame.milliseconds // 1_100
    bind({f"X {name}": made}, now)
    over = sorted(place for place in places if place < end)
    if not over:
        return
    if dated:
        start = pd.Timestamp(frame.open_time(slot + over[0]), unit="ms")
        df = get_price("X", start, frequency=name, fields=["close", "paused"], skip_paused=False)
        expected = list(range(over[0], end))
    else:
        df = get_price("X", count=count, frequency=name, fields=["close", "paused"], skip_paused=False)
        expected = list(range(max(over[-count:][0], end - count), end))
    assert len(df) == len(expected)
    last = [max(place for place in over if place <= row) for row in expected]
    assert df["close"].tolist() == [100.5 + place for place in last]
    assert df["paused"].tolist() == [float(row not in over) for row in expected]
    assert df.index.is_unique
    assert df.index.is_monotonic_increasing
    behind = end - 1 - over[-1]
    assert df.attrs.get("behind", 0) == behind
    assert np.isfinite(df["close"]).all()
