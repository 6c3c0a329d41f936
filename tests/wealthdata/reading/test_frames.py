from __future__ import annotations

import numpy as np
import pandas as pd

from wealthdata import get_bars, history
from wealthdata.arguments.fields import PRICE_DEFAULT
from wealthdata.reading.columns import Columns
from wealthdata.reading.frames import one_frame, wide_frame

from ...support.bars import HOUR, MONDAY as T0


def test_the_columns_of_one_frame_are_not_those_of_another():
    columns = Columns(np.array([], "datetime64[ns]"), np.empty((5, 0)), {})
    frames = [one_frame(columns, PRICE_DEFAULT, positional=True) for _ in range(2)]
    frames[0].columns.name = "field"
    assert frames[1].columns.name is None
    assert PRICE_DEFAULT.index.name is None


def test_an_empty_history_has_the_types_of_a_full_one(hourly):
    nothing = Columns(np.array([], "datetime64[ns]"), np.empty((1, 0)), {})
    empty = wide_frame({"BTCUSDT": nothing, "ETHUSDT": nothing}, 3, positional=True)
    full = history(3, "1h", "close", ["BTCUSDT", "ETHUSDT"])
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, full.dtypes)
    pd.testing.assert_index_equal(empty.index, full.index[:0])
    assert type(empty) is type(full)


def test_jqdatasdks_frame_has_numbered_rows_and_a_date(hourly):
    df = get_bars("BTCUSDT", 2, "1h", df=True)
    assert list(df.columns) == ["date", "open", "high", "low", "close"]
    assert df.index.equals(pd.RangeIndex(2))
    assert df["date"].tolist() == [pd.Timestamp("2024-01-03 01:00"), pd.Timestamp("2024-01-03 02:00")]
    assert df["date"].dtype == np.dtype("datetime64[ns]")


def test_jqdatasdks_frame_of_several_is_indexed_by_code_and_number(hourly):
    df = get_bars(["ETHUSDT", "BTCUSDT"], 2, "1h", df=True)
    assert df.index.tolist() == [("ETHUSDT", 0), ("ETHUSDT", 1), ("BTCUSDT", 0), ("BTCUSDT", 1)]
    assert df.loc["BTCUSDT"]["close"].tolist() == [148.5, 149.5]
    assert list(df.columns) == ["date", "open", "high", "low", "close"]


def test_the_notes_of_a_numbered_frame_are_kept(bind, records):
    bind({"A 1h": records("1h", 5), "B 1h": records("1h", 3)}, T0 + 5 * HOUR)
    assert get_bars("B", 5, "1h", df=True).attrs == {"behind": 2}
    assert get_bars(["A", "B"], 5, "1h", df=True).attrs == {"behind": {"B": 2}}


def test_the_platforms_shape_is_a_structured_array(hourly):
    bars = get_bars("BTCUSDT", 2, "1h", df=False)
    assert bars.dtype.names == ("date", "open", "high", "low", "close")
    assert bars.dtype["date"] == np.dtype("datetime64[ns]")
    assert bars["close"][-1] == 149.5
    assert bars[-1]["date"] == np.datetime64("2024-01-03T02:00")
