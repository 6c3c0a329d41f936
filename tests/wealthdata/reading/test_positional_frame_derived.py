"""What is made of an answer takes positions as the answer does, and is otherwise what pandas makes of it."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from wealthdata import get_bars, get_price
from wealthdata.reading.positional_frame import PositionalFrame, PositionalSeries

from ...support.bars import HOUR, MONDAY as T0


@pytest.fixture
def answer(bind, records):
    """Ten bars: opens 100 to 109, closes 100.5 to 109.5."""
    bind({"A 1h": records("1h", 10), "B 1h": records("1h", 10, T0 + HOUR)}, T0 + 10 * HOUR)
    return get_price("A", count=10, frequency="1h")


def same(ours, plain):
    pd.testing.assert_series_equal(pd.Series(ours), plain)
    np.testing.assert_equal((ours[-1], ours[len(ours) - 2]), (plain.iloc[-1], plain.iloc[-2]))


SERIES = {
    "of a slice": lambda df: df["close"][1:],
    "of a slice by labels": lambda df: df["close"]["2024-01-01 03:00":],
    "of a mask": lambda df: df["close"][df["close"] > 103],
    "of loc": lambda df: df.loc["2024-01-01 03:00":, "close"],
    "of iloc": lambda df: df["close"].iloc[2:],
    "of tail": lambda df: df["close"].tail(3),
    "rolling": lambda df: df["close"].rolling(2).mean(),
    "rolling over a time": lambda df: df["close"].rolling("3h").std(),
    "rolling correlation": lambda df: df["close"].rolling(3).corr(df["open"]),
    "rolling covariance": lambda df: df["close"].rolling(3).cov(df["open"]),
    "rolling aggregate": lambda df: df["close"].rolling(3).agg("max"),
    "expanding": lambda df: df["close"].expanding(2).max(),
    "expanding correlation": lambda df: df["close"].expanding().corr(df["open"]),
    "ewm": lambda df: df["close"].ewm(span=3, adjust=False).mean(),
    "resample": lambda df: df["close"].resample("2h").last(),
    "groupby": lambda df: df["close"].groupby(df.index.time).last(),
    "transform": lambda df: df["close"].groupby(df.index.date).transform("max"),
    "difference": lambda df: df["close"] - df["open"],
    "with a number": lambda df: 2 * df["close"] / 3 + 1,
    "with an array": lambda df: np.arange(10.0) * df["close"],
    "negative": lambda df: -df["close"],
    "comparison": lambda df: df["close"] > df["close"].mean(),
    "logic": lambda df: (df["close"] > 103) & ~(df["open"] > 105),
    "shift": lambda df: df["close"].shift(1),
    "diff": lambda df: df["close"].diff(),
    "pct_change": lambda df: df["close"].pct_change(),
    "cumsum": lambda df: df["close"].cumsum(),
    "ufunc": lambda df: np.log(df["close"]),
    "ufunc of two": lambda df: np.maximum(df["close"], df["open"]),
    "abs, round, clip": lambda df: abs(df["close"]).round(1).clip(101, 105),
    "where": lambda df: df["close"].where(df["close"] > 103, 0),
    "map": lambda df: df["close"].map(lambda value: value * 2),
    "apply": lambda df: df["close"].apply(lambda value: value * 2),
    "fillna": lambda df: df["close"].shift(2).fillna(0),
    "ffill": lambda df: df["close"].shift(-2).ffill(),
    "dropna": lambda df: df["close"].shift(2).dropna(),
    "astype": lambda df: df["close"].astype(int),
    "as text": lambda df: df["close"].astype(str),
    "reset_index": lambda df: df["close"].reset_index(drop=True),
    "sort_values": lambda df: df["close"].sort_values(ascending=False),
    "rank": lambda df: df["close"].rank(),
    "rename": lambda df: df["close"].rename("price"),
    "to_frame": lambda df: df["close"].to_frame()["close"],
    "copy": lambda df: df["close"].copy(),
    "copy.copy": lambda df: copy.copy(df["close"]),
    "copy.deepcopy": lambda df: copy.deepcopy(df["close"]),
    "pickle": lambda df: pickle.loads(pickle.dumps(df["close"])),
    "concat": lambda df: pd.concat([df["close"], pd.Series(df["open"])]),
    "zone": lambda df: df["close"].tz_localize("UTC").tz_convert("Asia/Shanghai"),
    "row": lambda df: df.iloc[-1],
    "row by label": lambda df: df.loc["2024-01-01 03:00"],
    "mean of columns": lambda df: df.mean(),
    "mean of rows": lambda df: df.mean(axis=1),
    "apply to columns": lambda df: df.apply(np.mean),
    "apply to rows": lambda df: df.apply(lambda row: row["close"] - row["open"], axis=1),
}


@pytest.mark.parametrize("derive", SERIES.values(), ids=SERIES)
def test_a_series_made_of_a_column_takes_positions(answer, derive):
    derived = derive(answer)
    assert type(derived) is PositionalSeries
    same(derived, derive(pd.DataFrame(answer)))


FRAMES = {
    "columns": lambda df: df[["open", "close"]],
    "slice": lambda df: df[2:],
    "mask": lambda df: df[df["close"] > 102],
    "tail": lambda df: df.tail(3),
    "iloc": lambda df: df.iloc[1:],
    "loc": lambda df: df.loc["2024-01-01 03:00":],
    "query": lambda df: df.query("close > 102"),
    "assign": lambda df: df.assign(mid=lambda made: (made["open"] + made["close"]) / 2),
    "rename": lambda df: df.rename(columns={"volume": "vol"}),
    "drop": lambda df: df.drop(columns="open"),
    "insert": lambda df: df.insert(0, "one", 1.0) or df,
    "sort_index": lambda df: df.sort_index(ascending=False),
    "reindex": lambda df: df.reindex(df.index),
    "T": lambda df: df.T.T,
    "arithmetic": lambda df: (df - df.mean()) / df.iloc[0] + 1,
    "shift": lambda df: df.shift(1),
    "pct_change": lambda df: df.pct_change(),
    "rolling": lambda df: df.rolling(2).max(),
    "rolling correlation": lambda df: df.rolling(3).corr(df["open"]),
    "ewm": lambda df: df.ewm(span=3).mean(),
    "resample": lambda df: df.resample("2h").agg({"open": "first", "close": "last"}),
    "ohlc": lambda df: df["close"].resample("2h").ohlc(),
    "groupby": lambda df: df.groupby(df.index.time).last(),
    "fillna": lambda df: df.shift(1).fillna(0),
    "dropna": lambda df: df.shift(1).dropna(),
    "astype": lambda df: df.astype("float32"),
    "apply": lambda df: df.apply(lambda column: column.rolling(2).mean()),
    "copy": lambda df: df.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": lambda df: pickle.loads(pickle.dumps(df)),
    "concat": lambda df: pd.concat([df, pd.DataFrame(df)[:2]]),
    "concat side by side": lambda df: pd.concat([df["close"], df["open"]], axis=1),
    "concat by name": lambda df: pd.concat({"a": df["close"], "b": pd.Series(df["open"])}, axis=1),
    "join": lambda df: df.join(df[["close"]].rename(columns={"close": "other"})),
    "merge": lambda df: pd.merge(df, df, left_index=True, right_index=True),
    "reset_index": lambda df: df.reset_index(drop=True),
}


@pytest.mark.parametrize("derive", FRAMES.values(), ids=FRAMES)
def test_the_columns_of_a_frame_made_of_an_answer_take_positions(answer, derive):
    plain = derive(pd.DataFrame(answer, copy=True))
    derived = derive(answer)
    assert type(derived) is PositionalFrame
    assert list(derived.columns) == list(plain.columns)
    for place in range(len(plain.columns)):
        same(derived.iloc[:, place], plain.iloc[:, place])


def test_a_new_column_takes_positions(answer):
    answer["plain"] = pd.Series(1.0, index=answer.index)
    answer["number"] = 2
    answer["list"] = list(range(10))
    answer["mean"] = answer["close"].rolling(2).mean()
    assert [answer[name][-1] for name in ("plain", "number", "list", "mean")] == [1.0, 2, 9, 109.0]


def test_a_column_of_the_transposed_frame_is_a_row(answer):
    assert answer.T[answer.index[-1]][0] == 109.0
    assert answer.T.loc["close"][-1] == 109.5


# what functions are given --------------------------------------------------------------------------------------------


def growth(window):
    return window[-1] / window[0]


@pytest.mark.parametrize(
    "windows",
    [
        lambda df: df["close"].rolling(3),
        lambda df: df["close"].rolling("3h", min_periods=3),
        lambda df: df["close"].rolling(window=3, center=True),
        lambda df: df["close"].rolling(3, step=2),
        lambda df: df["close"].expanding(2),
        lambda df: df.rolling(3)["close"],
        lambda df: df.rolling(3).close,
        lambda df: df.rolling(3),
        lambda df: df.expanding(3),
    ],
)
def test_a_function_of_windows_is_given_positions(answer, windows):
    expected = windows(pd.DataFrame(answer)).apply(lambda window: window[-1] / window[0], raw=True)
    for found in (windows(answer).apply(growth), windows(answer).agg(growth), windows(answer).apply(growth, raw=True)):
        assert type(found) in (PositionalSeries, PositionalFrame)
        pd.testing.assert_frame_equal(pd.DataFrame(found), pd.DataFrame(expected))


def test_a_function_of_windows_is_given_labels_and_arguments(answer):
    def lag(window, share, of):
        assert window.name is None
        return (window.index[-1] - window.index[0]) / pd.Timedelta(of) * share

    found = answer["close"].rolling(3).apply(lag, args=(0.5,), kwargs={"of": "1h"})
    assert found[-1] == 1.0


def test_functions_of_columns_rows_groups_and_resampled_bars_are_given_positions(answer):
    close, dates = answer["close"], answer.index.date
    assert answer.apply(lambda column: column[-1])["close"] == 109.5
    assert answer.apply(lambda row: row[0], axis=1)[-1] == 109.0
    assert close.groupby(dates).apply(lambda values: values[-1])[0] == 109.5
    assert close.groupby(dates).transform(lambda values: values[0])[-1] == 100.5
    assert close.resample("5h").apply(lambda values: values[0])[1] == 104.5
    assert answer.resample("5h").agg({"open": lambda values: values[0]})["open"][-1] == 109.0
    assert [group["close"][-1] for _, group in answer.groupby(dates)] == [109.5]
    assert [row[1] for _, row in answer.iterrows()][-1] == 109.5
    assert [column[-1] for _, column in answer.items()][:2] == [109.0, 109.5]


# what is kept ----------------------------------------------------------------------------------------------------


def test_a_derived_column_keeps_its_name(answer):
    close = answer["close"]
    made = [
        close,
        close[1:],
        close.rolling(2).mean(),
        close + 1,
        pickle.loads(pickle.dumps(close)),
        copy.deepcopy(close),
    ]
    assert {series.name for series in made} == {"close"}
    assert answer.iloc[0].name == answer.index[0]


def test_what_is_made_of_two_columns_has_no_name(answer):
    assert (answer["close"] - answer["open"]).name is None
    assert answer.mean(axis=1).name is None


def test_attributes_of_a_frame_go_to_its_columns_and_copies(answer):
    answer.attrs["behind"] = 1
    made = [answer["close"], answer[1:], answer.copy(), copy.deepcopy(answer), pickle.loads(pickle.dumps(answer))]
    assert [each.attrs for each in made] == [{"behind": 1}] * 5


def test_an_arrays_functions_see_an_array(answer):
    close = answer["close"]
    assert (np.mean(close), np.array(close)[-1], np.diff(close)[-1], close.values[-1]) == (105.0, 109.5, 1.0, 109.5)
    assert np.where(close > 105, 1, 0).tolist() == [0] * 5 + [1] * 5
    assert (max(close), sum(close), list(close)[-1]) == (109.5, 1050.0, 109.5)


# several securities ------------------------------------------------------------------------------------------------


def test_the_rows_of_one_security_among_several_take_positions_once_they_are_by_time(answer):
    df = get_price(["A", "B"], count=3, frequency="1h")
    assert df[df["code"] == "A"].set_index("time")["close"][-1] == 109.5
    assert df.set_index(["time", "code"])["close"].unstack()["A"][-1] == 109.5
    assert df.pivot(index="time", columns="code", values="close")["B"][-1] == 108.5
    assert df.groupby("code")["close"].last()[0] == 109.5
    assert {code: group.set_index("time")["close"][-1] for code, group in df.groupby("code")} == {
        "A": 109.5,
        "B": 108.5,
    }


def test_numbered_rows_take_positions_from_the_end(answer):
    assert get_price(["A", "B"], count=3, frequency="1h")["close"][-1] == 108.5
    assert get_bars("A", 3, "1h", df=True)["close"][-2] == 108.5
    df = get_bars(["A", "B"], 3, "1h", df=True)
    assert (df["close"][-1], df["close"][0], df.loc["A"].reset_index()["close"][-1]) == (108.5, 107.5, 109.5)
