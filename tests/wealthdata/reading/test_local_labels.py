"""Labels in zones whose clocks are set: true, once each and in order in every shape, or refused with what to do."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

import wealthdata
from wealthdata import attribute_history, bars_to_dataframe, get_bars, get_price, history
from wealthdata.reading.local_labels import local_labels, next_set_back

from ...support.bars import DAY, HOUR, MINUTE
from ...support.laws import tries

#: The clocks of New York are set back from 02:00 to 01:00, those of Lord Howe Island by half an hour; Samoa has no
#: 2011-12-30; the clocks of Havana go from 01:00 to 00:00.
CHANGES = {
    "America/New_York": "2024-11-03 06:00",
    "Australia/Lord_Howe": "2024-04-06 15:00",
    "Pacific/Apia": "2011-12-30 10:00",
    "America/Havana": "2024-11-03 05:00",
}
#: Every shape that shows labels, as the labels of each security.
SHAPES = {
    "get_price": lambda count, unit: [get_price("A", count=count, frequency=unit).index],
    "get_price of a list": lambda count, unit: by_code(get_price(["A", "B"], count=count, frequency=unit), "time"),
    "get_bars": lambda count, unit: [get_bars("A", count, unit).index],
    "get_bars, array": lambda count, unit: [pd.DatetimeIndex(get_bars("A", count, unit, ["date"], df=False)["date"])],
    "get_bars, numbered": lambda count, unit: [pd.DatetimeIndex(get_bars("A", count, unit, df=True)["date"])],
    "get_bars of a list": lambda count, unit: [
        pd.DatetimeIndex(bars["date"]) for bars in get_bars(["A", "B"], count, unit, ["date"], df=False).values()
    ],
    "history": lambda count, unit: [history(count, unit, "close", ["A", "B"]).index],
    "attribute_history": lambda count, unit: [attribute_history("A", count, unit).index],
    "bars_to_dataframe": lambda count, unit: [
        bars_to_dataframe(wealthdata.get_context()._market_data_context[0].bars[-count:]).index
    ],
}


def by_code(frame, column):
    return [pd.DatetimeIndex(rows[column]) for _, rows in frame.groupby("code")]


def ms(text):
    return int(pd.Timestamp(text, tz="UTC").timestamp() * 1000)


def wall(time, zone):
    return dt.datetime.fromtimestamp(time / 1000, zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)


@pytest.fixture
def around(bind, records):
    """around(zone, change, unit): 20 bars of A and B before that time and 20 after it, which are over. Their ends."""

    def make(zone, change, unit="1h"):
        step = {"1m": MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE, "1h": HOUR, "1d": DAY}[unit]
        first = change // step * step - 20 * step
        made = records(unit, 40, first=first)
        bind({f"A {unit}": made, f"B {unit}": made}, first + 40 * step)
        wealthdata.configure(tz=zone)
        return [bar["open_time"] + step for bar in made]

    return make


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("zone", "unit"), [("America/New_York", "1h"), ("Australia/Lord_Howe", "15m")])
def test_an_answer_whose_labels_would_come_twice_is_refused_in_every_shape(around, shape, zone, unit):
    around(zone, ms(CHANGES[zone]), unit)
    with pytest.raises(wealthdata.ParamsError, match=f"the clocks of {zone} were set back from 2024-") as refusal:
        SHAPES[shape](40, unit)
    assert "configure(tz='UTC')" in str(refusal.value)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("zone", CHANGES)
def test_an_answer_of_one_side_of_the_change_is_given_in_every_shape(around, shape, zone):
    ends = around(zone, ms(CHANGES[zone]))
    after = [wall(end, zone) for end in ends if end > ms(CHANGES[zone]) + HOUR]
    for labels in SHAPES[shape](len(after), "1h"):
        assert labels.tolist() == [pd.Timestamp(label) for label in after]


@pytest.mark.parametrize("shape", SHAPES)
def test_clocks_that_are_set_forward_leave_labels_as_they_are(around, shape):
    ends = around("America/New_York", ms("2024-03-10 07:00"))
    for labels in SHAPES[shape](40, "1h"):
        assert labels.tolist() == [pd.Timestamp(wall(end, "America/New_York")) for end in ends]


@pytest.mark.parametrize("shape", SHAPES)
def test_dates_are_those_of_utc_where_a_day_is_dropped(around, shape):
    around("Pacific/Apia", ms(CHANGES["Pacific/Apia"]), "1d")
    for labels in SHAPES[shape](40, "1d"):
        assert (np.diff(labels) == np.timedelta64(1, "D")).all()


def test_arrays_without_labels_are_never_refused(around):
    around("America/New_York", ms(CHANGES["America/New_York"]))
    assert len(get_bars("A", 40, "1h", ["close"], df=False)) == 40
    assert len(attribute_history("A", 40, "1h", "close", df=False)["close"]) == 40
    assert len(history(40, "1h", "close", ["A"], df=False)["A"]) == 40
    assert len(get_bars(["A", "B"], 40, "1h", ["close"], df=True)) == 80


def test_a_label_stands_for_one_time_in_all_securities_of_an_answer(bind, records):
    # A has the bar of the first 01:00, B that of the second one: in neither is a label twice.
    turn = ms(CHANGES["America/New_York"])
    bind(
        {"A 1h": records("1h", 1, first=turn - 2 * HOUR), "B 1h": records("1h", 1, first=turn - HOUR)}, turn + 5 * HOUR
    )
    wealthdata.configure(tz="America/New_York")
    for answer in (
        lambda: get_price(["A", "B"], count=1, frequency="1h"),
        lambda: get_bars(["A", "B"], 1, "1h", ["date"], df=False),
        lambda: history(2, "1h", "close", ["A", "B"]),
    ):
        with pytest.raises(wealthdata.ParamsError, match="01:00:00 comes twice"):
            answer()
    assert get_price("B", count=1, frequency="1h").index[0] == pd.Timestamp("2024-11-03 01:00")


def test_a_refusal_says_what_the_clocks_did_and_what_to_do(around):
    around("America/New_York", ms(CHANGES["America/New_York"]), "30m")
    with pytest.raises(wealthdata.ParamsError) as refusal:
        get_price("A", count=40, frequency="30m")
    assert str(refusal.value) == (
        "labels of this answer would not tell its bars apart: the clocks of America/New_York were set back from "
        "2024-11-03 02:00:00 to 01:00, so that 2024-11-03 01:00:00 comes twice or after a later one; use "
        "wealthdata.configure(tz='UTC'), or a zone that has one time all year, as 'Asia/Shanghai' or "
        "datetime.timezone(datetime.timedelta(hours=-5)); arrays (df=False) without 'date' have no labels"
    )


@pytest.mark.parametrize("zone", ["UTC", dt.timezone(dt.timedelta(hours=-5))])
def test_the_remedies_are_some(around, zone):
    around(zone, ms(CHANGES["America/New_York"]))
    assert get_price("A", count=40, frequency="1h").index.is_unique


@given(st.data())
@settings(max_examples=tries(75))
def test_labels_of_any_zone_are_true_and_in_order_or_refused(data):
    zone = data.draw(st.sampled_from(sorted(zoneinfo.available_timezones())))
    near = near_a_change(zone, data.draw(st.integers(ms("1980-01-01"), ms("2037-01-01"))) // MINUTE * MINUTE)
    step = data.draw(st.sampled_from([MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR]))
    first = near // step - data.draw(st.integers(0, 60))
    places = data.draw(st.sets(st.integers(0, 100), min_size=1, max_size=40))
    ends = np.array([(first + place) * step for place in sorted(places)], dtype=np.int64)
    expected = [wall(int(end), zone) for end in ends]
    try:
        labels = local_labels((ends * 1_000_000).view("datetime64[ns]"), zoneinfo.ZoneInfo(zone))
    except wealthdata.ParamsError:
        assert any(after <= before for before, after in pairwise(expected))
    else:
        assert pd.DatetimeIndex(labels).tolist() == [pd.Timestamp(label) for label in expected]
        assert (np.diff(labels) > np.timedelta64(0)).all()


def near_a_change(zone, time):
    """A time at which the clocks are set, to the day, if they are within a year of this one."""
    offset = dt.datetime.fromtimestamp(time / 1000, zoneinfo.ZoneInfo(zone)).utcoffset()
    days = range(time, time + 366 * DAY, DAY)
    found = (
        day for day in days if dt.datetime.fromtimestamp(day / 1000, zoneinfo.ZoneInfo(zone)).utcoffset() != offset
    )
    day = next(found, None)
    if day is None:
        return time
    hours = range(day - DAY, day + HOUR, 30 * MINUTE)
    return next(h for h in hours if dt.datetime.fromtimestamp(h / 1000, zoneinfo.ZoneInfo(zone)).utcoffset() != offset)


@pytest.mark.parametrize(
    ("zone", "now", "shown", "after"),
    [
        ("America/New_York", "2024-05-01", "2024-11-03 02:00", "2024-11-03 01:00"),
        ("Australia/Lord_Howe", "2024-01-01", "2024-04-07 02:00", "2024-04-07 01:30"),
        ("Africa/Casablanca", "2024-01-01", "2024-03-10 03:00", "2024-03-10 02:00"),
    ],
)
def test_when_clocks_are_next_set_back_is_known(zone, now, shown, after):
    before, behind = next_set_back(ms(now), zoneinfo.ZoneInfo(zone))
    assert (str(before)[:16], str(behind)[:16]) == (shown, after)


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kolkata", "Etc/GMT+5"])
def test_where_clocks_are_not_set_there_is_no_such_time(zone):
    assert next_set_back(ms("2024-05-01"), zoneinfo.ZoneInfo(zone)) is None
