"""What a key means to a column: to read, and to assign."""

from __future__ import annotations

import datetime as dt
import operator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from wealthdata.reading.positional_frame import PositionalFrame, PositionalSeries

PANDAS_3 = int(pd.__version__.partition(".")[0]) >= 3


def frame(rows=5):
    index = pd.date_range("2024-01-01", periods=rows, freq="D").as_unit("ns")
    values = np.arange(2.0 * rows).reshape(rows, 2)
    return PositionalFrame(values, index=index, columns=["open", "close"])


# to read ---------------------------------------------------------------------------------------------------------


@given(st.integers(-5, 4), st.sampled_from([int, np.int64, np.int32]))
def test_an_integer_is_a_position(place, kind):
    close = frame()["close"]
    assert close[kind(place)] == close.iloc[place]


def test_a_column_may_be_an_attribute():
    assert frame().close[-1] == 9.0


def test_getters_take_positions_too():
    close = frame()["close"]
    assert (operator.itemgetter(-1)(close), close.get(-2), close.get(9)) == (9.0, 7.0, None)


@pytest.mark.parametrize("place", [5, -6])
def test_a_position_beyond_the_end_is_an_error(place):
    with pytest.raises(IndexError):
        frame()["close"][place]


def test_an_empty_column_has_no_last_value():
    with pytest.raises(IndexError):
        frame()[:0]["close"][-1]


@given(st.lists(st.integers(-5, 4), min_size=1), st.sampled_from([list, np.array, pd.Index, pd.Series]))
def test_several_integers_are_positions(places, kind):
    close = frame()["close"]
    pd.testing.assert_series_equal(close[kind(places)], close.iloc[places])


def test_what_sorts_the_values_is_positions():
    close = frame()["close"].sort_index(ascending=False)
    assert close[np.argsort(close)].tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_no_positions_are_no_values():
    close = frame()["close"]
    assert (len(close[np.array([], dtype=int)]), len(close[[]])) == (0, 0)


def test_labels_mean_what_they_mean_to_pandas():
    close = frame()["close"]
    assert close["2024-01-02"] == 3.0
    assert close["2024-01-03":].tolist() == [5.0, 7.0, 9.0]
    assert close["2024-01-02":"2024-01-03"].tolist() == [3.0, 5.0]
    assert close[pd.Timestamp("2024-01-02").to_pydatetime() :].tolist() == [3.0, 5.0, 7.0, 9.0]
    assert close["2024-01"].tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]


@pytest.mark.parametrize("kind", [str, pd.Timestamp.to_pydatetime, pd.Timestamp.to_datetime64, pd.Timestamp])
def test_a_time_of_any_type_is_a_label(kind):
    assert frame()["close"][kind(pd.Timestamp("2024-01-03"))] == 5.0


def test_lists_of_labels_and_masks_mean_what_they_mean_to_pandas():
    close = frame()["close"]
    assert close[close > 6].tolist() == [7.0, 9.0]
    assert close[(close > 6).to_numpy()].tolist() == [7.0, 9.0]
    assert close[[False, False, False, True, True]].tolist() == [7.0, 9.0]
    assert close[close.index[:2]].tolist() == [1.0, 3.0]
    assert close[list(close.index[:2])].tolist() == [1.0, 3.0]
    assert close[lambda values: values > 6].tolist() == [7.0, 9.0]


def test_slices_of_integers_are_of_positions():
    close = frame()["close"]
    assert close[-2:].tolist() == [7.0, 9.0]
    assert close[:-1][-1] == 7.0
    assert close[::-1][0] == 9.0


def test_the_ways_of_pandas_mean_what_they_did():
    close = frame()["close"]
    assert (close.iloc[-1], close.iat[-1], close.values[-1], close.to_numpy()[-1]) == (9.0, 9.0, 9.0, 9.0)
    assert (close.loc["2024-01-02"], close.at[close.index[1]]) == (3.0, 3.0)
    for by_label in (close.loc, close.at):
        with pytest.raises(KeyError):
            by_label[-1]


@pytest.mark.parametrize("key", [True, -1.0, np.timedelta64(1, "D"), "2025-01-01", pd.Timestamp("2025-01-01")])
def test_what_is_neither_position_nor_label_is_an_error(key):
    with pytest.raises(KeyError):
        frame()["close"][key]


def test_a_row_takes_positions_too():
    row = frame().iloc[-1]
    assert (row[0], row[-1], row["close"]) == (8.0, 9.0, 9.0)
    assert frame().loc["2024-01-05"][0] == 8.0


# to assign -------------------------------------------------------------------------------------------------------


def test_assigning_to_a_position_changes_that_value_and_adds_no_row():
    close = frame()["close"].copy()
    close[-1] = 50.0
    close[0] = 40.0
    close[np.int64(1)] += 1.0
    assert close.tolist() == [40.0, 4.0, 5.0, 7.0, 50.0]


def test_assigning_to_several_positions_changes_those_values():
    close = frame()["close"].copy()
    close[[0, -1]] = [40.0, 50.0]
    close[-3:-1] = 0.0
    assert close.tolist() == [40.0, 3.0, 0.0, 0.0, 50.0]


@pytest.mark.parametrize("place", [5, -6])
def test_assigning_beyond_the_end_is_an_error_and_adds_no_row(place):
    close = frame()["close"].copy()
    with pytest.raises(IndexError):
        close[place] = 0.0
    assert close.tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_assigning_to_a_label_changes_that_value():
    close = frame()["close"].copy()
    close["2024-01-02"] = 30.0
    close[pd.Timestamp("2024-01-03")] = 50.0
    close[close > 60] = 0.0
    assert close.tolist() == [1.0, 30.0, 50.0, 7.0, 9.0]


def test_assigning_to_a_new_label_adds_it_as_pandas_does():
    close = frame()["close"].copy()
    close[pd.Timestamp("2025-01-01")] = 11.0
    assert (close[-1], len(close), type(close)) == (11.0, 6, PositionalSeries)


def test_assigning_to_a_row_changes_that_value():
    row = frame().iloc[-1].copy()
    row[0] = 0.0
    row["new"] = 1.0
    assert row.tolist() == [0.0, 9.0, 1.0]


def test_what_is_computed_can_be_assigned_to():
    df = frame()
    mean, signal = df["close"].rolling(2).mean(), df["close"] > 3
    mean[0] = 1.0
    signal[-1] = False
    assert mean.tolist() == [1.0, 2.0, 4.0, 6.0, 8.0]
    assert signal.tolist() == [False, False, True, True, False]


@pytest.mark.skipif(not PANDAS_3, reason="before pandas 3 the frame itself is changed")
@pytest.mark.parametrize("key", [-1, "2024-01-02", [0, -1]])
def test_an_assignment_that_the_frame_never_sees_is_warned_of(key):
    df = frame()
    with pytest.warns(pd.errors.ChainedAssignmentError, match="changes a copy"):
        df["close"][key] = 0.0
    assert df["close"].tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]


@pytest.mark.skipif(PANDAS_3, reason="since pandas 3 this changes a copy")
def test_an_assignment_to_a_frames_column_changes_the_frame():
    df = frame()
    df["signal"] = 0.0
    df["close"][-1] = 50.0
    df["signal"][-1] += 1.0
    assert df.iloc[-1].tolist() == [8.0, 50.0, 1.0]


@pytest.mark.skipif(PANDAS_3, reason="pandas 3 always copies on write")
def test_an_assignment_that_the_frame_never_sees_is_warned_of_before_pandas_3_too():
    df = frame()
    with (
        pd.option_context("mode.copy_on_write", True),
        pytest.warns(pd.errors.ChainedAssignmentError, match="changes a copy"),
    ):
        df["close"][-1] = 0.0
    assert df["close"].tolist() == [1.0, 3.0, 5.0, 7.0, 9.0]


def test_an_assignment_to_a_column_in_a_function_is_not_warned_of():
    def last_is_zero(values):
        values[-1] = 0.0
        return values

    assert last_is_zero(frame()["close"])[-1] == 0.0


# kinds of index --------------------------------------------------------------------------------------------------


def test_numbers_are_labels_where_the_index_has_numbers():
    series = PositionalSeries([1.0, 2.0], index=[7, 8])
    assert series[8] == 2.0
    assert series[[8, 7]].tolist() == [2.0, 1.0]
    for key in (-1, [0, -1]):
        with pytest.raises(KeyError):
            series[key]


def test_numbers_are_labels_where_the_first_of_several_indexes_has_numbers():
    series = PositionalSeries([1.0, 2.0, 3.0], index=pd.MultiIndex.from_arrays([[7, 8, 8], ["A", "A", "B"]]))
    assert series[8].tolist() == [2.0, 3.0]
    with pytest.raises(KeyError):
        series[-1]


def test_a_count_of_what_never_came_is_not_the_last_count():
    counts = frame().assign(signal=[1, 0, 1, 0, 1]).groupby("signal")["close"].count()
    assert (counts[1], counts.get(-1, 0)) == (3, 0)


def test_a_column_of_numbers_that_became_the_index_has_labels_only():
    series = frame(2).assign(signal=[0, 1]).set_index("signal")["close"]
    assert (series[1], series.get(-1)) == (3.0, None)


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


def test_truth_values_in_an_index_are_labels():
    assert PositionalSeries([1.0, 2.0], index=[True, False])[False] == 2.0


@pytest.mark.parametrize(
    "index",
    [
        pd.Index(["B", "A", "C"]),
        pd.MultiIndex.from_arrays([["A", "B", "C"], [0, 0, 0]]),
        pd.period_range("2024-01", periods=3, freq="M"),
        pd.to_timedelta([1, 2, 3], unit="D"),
        pd.date_range("2024-01-01", periods=3, tz="Asia/Shanghai"),
        pd.Index([dt.date(2024, 1, day) for day in (1, 2, 3)]),
        pd.Index([dt.time(hour) for hour in (1, 2, 3)]),
    ],
    ids=lambda index: type(index).__name__ + "-" + index.inferred_type,
)
def test_an_index_without_numbers_leaves_them_to_be_positions(index):
    series = PositionalSeries([1.0, 2.0, 3.0], index=index)
    series[-2] = 20.0
    assert (series[-1], series[0], series[[1, 2]].tolist()) == (3.0, 1.0, [20.0, 3.0])
    assert series[index[2]] == 3.0


def test_a_duration_is_a_label_among_durations():
    series = PositionalSeries([1.0, 2.0], index=pd.to_timedelta([2, 1], unit="D"))
    assert series[np.timedelta64(1, "D")] == 2.0
