from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wealthdata.positional import PositionalFrame, PositionalSeries

PANDAS_3 = int(pd.__version__.partition(".")[0]) >= 3


def frame(rows=5):
    index = pd.date_range("2024-01-01", periods=rows, freq="D").as_unit("ns")
    values = np.arange(2.0 * rows).reshape(rows, 2)
    return PositionalFrame(values, index=index, columns=["open", "close"])


@given(st.integers(-5, 4), st.sampled_from([int, np.int64, np.int32]))
def test_an_integer_is_a_position(place, kind):
    close = frame()["close"]
    assert close[kind(place)] == close.iloc[place]


@pytest.mark.parametrize("place", [5, -6])
def test_a_position_beyond_the_end_is_an_error(place):
    with pytest.raises(IndexError):
        frame()["close"][place]


def test_assigning_to_a_position_changes_that_value_and_adds_no_row():
    close = frame()["close"].copy()
    close[-1] = 50.0
    close[0] = 40.0
    assert close.tolist() == [40.0, 3.0, 5.0, 7.0, 50.0]


def test_labels_mean_what_they_mean_to_pandas():
    close = frame()["close"]
    assert close["2024-01-02"] == 3.0
    assert close[pd.Timestamp("2024-01-03")] == 5.0
    assert close["2024-01-02":"2024-01-03"].tolist() == [3.0, 5.0]
    assert close[close > 6].tolist() == [7.0, 9.0]
    assert close[-2:].tolist() == [7.0, 9.0]


def test_assigning_to_a_label_changes_that_value():
    close = frame()["close"].copy()
    close["2024-01-02"] = 30.0
    assert close.tolist() == [1.0, 30.0, 5.0, 7.0, 9.0]


def test_a_row_takes_positions_too():
    assert frame().iloc[-1][0] == 8.0


@pytest.mark.parametrize(
    "derive",
    [
        lambda df: df["close"][1:],
        lambda df: df["close"].rolling(2).mean(),
        lambda df: df["close"].ewm(span=3).mean(),
        lambda df: df["close"] - df["open"],
        lambda df: df["close"] > 3,
        lambda df: df["close"].shift(1),
        lambda df: df["close"].pct_change(),
        lambda df: np.log(df["close"]),
        lambda df: df["close"].copy(),
        lambda df: df["close"].dropna(),
        lambda df: df["close"].to_frame()["close"],
        lambda df: df[["close"]]["close"],
        lambda df: df[df["close"] > 2]["close"],
        lambda df: df.tail(3)["close"],
        lambda df: df.rolling(2).max()["close"],
        lambda df: df.resample("2D").last()["close"],
        lambda df: df.dropna()["close"],
        lambda df: df.loc["2024-01-02":, "close"],
        lambda df: df.iloc[1:]["close"],
        lambda df: df.mean(axis=1),
        lambda df: df.assign(mid=df["open"])["mid"],
        lambda df: df.reindex(df.index)["close"],
        lambda df: df.T.T["close"],
        lambda df: copy.copy(df)["close"],
        lambda df: copy.deepcopy(df)["close"],
        lambda df: pickle.loads(pickle.dumps(df))["close"],
        lambda df: pickle.loads(pickle.dumps(df["close"])),
        lambda df: pd.concat([df, frame(2)])["close"],
        lambda df: pd.concat([df["close"], pd.Series(frame(2)["close"])]),
    ],
)
def test_what_is_derived_takes_positions_too(derive):
    derived = derive(frame())
    assert type(derived) is PositionalSeries
    assert derived[-1] == derived.iloc[-1]


def test_a_derived_column_keeps_its_name():
    df = frame()
    assert (df["close"].name, df["close"].rolling(2).mean().name, df.iloc[0].name) == ("close", "close", df.index[0])
    assert list(df["close"].to_frame().columns) == ["close"]


def test_a_series_made_of_numbers_alone_has_no_name():
    assert frame().mean(axis=1).name is None


def test_numbers_are_labels_where_the_index_has_numbers():
    series = PositionalSeries([1.0, 2.0], index=[7, 8])
    assert series[8] == 2.0
    with pytest.raises(KeyError):
        series[-1]


def test_in_numbered_rows_a_negative_number_is_a_position_and_others_are_labels():
    series = PositionalSeries([1.0, 2.0, 3.0])
    assert (series[-1], series[0]) == (3.0, 1.0)
    assert series[1:][1] == 2.0


def test_in_numbered_rows_a_negative_label_stays_one():
    assert PositionalSeries([1.0, 2.0, 3.0], index=pd.RangeIndex(-1, 2))[-1] == 1.0


def test_assigning_to_a_negative_position_of_numbered_rows_adds_none():
    series = PositionalSeries([1.0, 2.0, 3.0])
    series[-1] = 30.0
    assert series.tolist() == [1.0, 2.0, 30.0]


def test_fractions_in_an_index_are_labels():
    assert PositionalSeries([1.0, 2.0], index=[1.0, 0.0])[0] == 2.0


def test_codes_in_an_index_leave_numbers_to_be_positions():
    index = pd.MultiIndex.from_arrays([["A", "B"], [0, 0]])
    assert PositionalSeries([1.0, 2.0], index=index)[-1] == 2.0


def test_a_truth_value_is_no_position():
    with pytest.raises(KeyError):
        frame()["close"][True]


@pytest.mark.skipif(not PANDAS_3, reason="before pandas 3 the frame itself is changed")
@pytest.mark.parametrize("key", [-1, "2024-01-02"])
def test_an_assignment_that_the_frame_never_sees_is_warned_of(key):
    df = frame()
    with pytest.warns(pd.errors.ChainedAssignmentError, match="changes a copy"):
        df["close"][key] = 0.0
    assert df["close"].tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_attributes_of_a_frame_go_to_its_columns():
    df = frame()
    df.attrs["behind"] = 1
    assert df["close"].attrs == {"behind": 1}
