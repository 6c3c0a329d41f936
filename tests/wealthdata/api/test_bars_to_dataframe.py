from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import wealthdata
from wealthdata import bars_to_dataframe, get_price
from wealthsources import Bars

from ...support.bars import HOUR, MONDAY as T0


def test_the_columns_are_the_origins_five(records):
    df = bars_to_dataframe(records("1h", 3))
    assert list(df.columns) == ["open", "high", "low", "close", "volume"]
    assert set(df.dtypes) == {np.dtype("float64")}
    assert df.iloc[0].tolist() == [100.0, 101.0, 99.0, 100.5, 10.0]


@pytest.mark.parametrize("name", ["1m", "1h", "12h", "1d", "3d", "1w", "1M"])
def test_the_index_is_that_of_get_price(bind, records, name):
    made = records(name, 5)
    bind({"X " + name: made}, T0 + 400 * 24 * HOUR)
    pd.testing.assert_index_equal(bars_to_dataframe(made).index, get_price("X", count=5, frequency=name).index)


def test_bars_may_be_objects(records):
    objects = [SimpleNamespace(**record) for record in records("1h", 3)]
    pd.testing.assert_frame_equal(bars_to_dataframe(objects), bars_to_dataframe(records("1h", 3)))


def test_bars_may_be_the_cores(records, closed):
    bars = closed("X", "1h", records("1h", 3))
    pd.testing.assert_frame_equal(bars_to_dataframe(bars), bars_to_dataframe(records("1h", 3)))
    pd.testing.assert_frame_equal(bars_to_dataframe(list(bars)), bars_to_dataframe(records("1h", 3)))


def test_a_close_time_may_be_the_end_itself(records):
    made = [{**record, "close_time": record["close_time"] + 1} for record in records("1h", 3)]
    pd.testing.assert_frame_equal(bars_to_dataframe(made), bars_to_dataframe(records("1h", 3)))


def test_without_close_times_the_distance_tells_the_timeframe(records):
    made = [{key: value for key, value in record.items() if key != "close_time"} for record in records("1h", 3)]
    pd.testing.assert_frame_equal(bars_to_dataframe(made), bars_to_dataframe(records("1h", 3)))


def test_no_bars_are_an_empty_frame():
    df = bars_to_dataframe([])
    assert df.shape == (0, 5)
    assert set(df.dtypes) == {np.dtype("float64")}
    assert df.index.dtype == np.dtype("datetime64[ns]")


def test_the_frame_is_the_callers_own(records, closed):
    bars = closed("X", "1h", records("1h", 3))
    df = bars_to_dataframe(bars)
    df.loc[:, :] = 0.0
    assert bars[0].close == 100.5


def test_positions_and_zone_are_as_configured(records):
    wealthdata.configure(tz="Asia/Shanghai")
    df = bars_to_dataframe(records("1h", 3))
    assert df["close"][-1] == 102.5
    assert df.index[0] == pd.Timestamp("2024-01-01 09:00")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"close": "much"}, r"bars\[1\]: close: 'much' is not a number"),
        ({"open_time": T0 - HOUR, "close_time": T0 - 1}, r"bars\[1\] is not after the one before"),
        ({"volume": None}, r"bars\[1\]: volume"),
    ],
)
def test_a_bar_that_cannot_be_used_is_named(records, change, message):
    made = records("1h", 3)
    made[1].update(change)
    with pytest.raises(wealthdata.ParamsError, match=message):
        bars_to_dataframe(made)


def test_bars_that_tell_no_timeframe_are_refused(records):
    (bar,) = records("1h", 1)
    del bar["close_time"]
    with pytest.raises(wealthdata.ParamsError, match="timeframe"):
        bars_to_dataframe([bar])


def test_times_that_are_none_are_refused(records):
    (bar,) = records("1h", 1)
    with pytest.raises(wealthdata.ParamsError, match="timeframe"):
        bars_to_dataframe([{**bar, "open_time": "noon"}])


def test_notes_of_the_cores_bars_are_kept(records, closed):
    bars = closed("X", "1h", records("1h", 3))
    noted = Bars(bars.symbol, bars.timeframe, np.array(bars.rows), behind=2)
    assert bars_to_dataframe(noted).attrs == {"behind": 2}
