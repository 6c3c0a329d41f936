from __future__ import annotations

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

from wealthsources import Bar, Bars, RequestError, Timeframe
from wealthsources.model.times import time_text

from ..support.bars import HOUR, T0, record, recorded


def test_last_bar_has_floats_and_the_servers_own_text():
    bar = recorded()[-1]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (10.5, 12.0, 9.0, 11.1, 3.0)
    assert [bar.exact(field) for field in ("open", "high", "low", "close", "volume")] == [
        "10.50",
        "12",
        "9.000",
        "11.1",
        "3",
    ]


def test_a_bad_record_is_named_with_its_field():
    with pytest.raises(ValueError, match=r"bars\[1\]: high: 'abc' is not a number"):
        Bars.from_records("X", "1h", [record(0), record(1, high="abc")])
    with pytest.raises(ValueError, match=r"bars\[0\]: volume: is missing"):
        Bars.from_records("X", "1h", [{key: value for key, value in record(0).items() if key != "volume"}])


def test_bars_are_a_sequence_and_a_slice_is_bars():
    all_bars = recorded()
    assert len(all_bars[1:3]) == 2
    assert all_bars[1:3][0] == all_bars[1]
    assert list(all_bars)[-1] == all_bars[-1]
    with pytest.raises(RequestError, match="no step"):
        all_bars[::2]
    with pytest.raises(IndexError):
        all_bars[5]


def test_bars_cannot_be_changed():
    some = recorded()
    with pytest.raises(AttributeError, match="cannot be changed"):
        some.symbol = "ETHUSDT"
    with pytest.raises(ValueError, match="read-only"):
        some.values[0, 0] = 1
    with pytest.raises(AttributeError):
        some[0].close = 1


def test_a_pickled_or_copied_answer_is_the_same():
    some = recorded()
    for other in (pickle.loads(pickle.dumps(some)), copy.deepcopy(some), copy.copy(some)):
        assert list(other) == list(some)
        assert other[-1].exact("low") == "9.000"


def test_to_frame_is_a_fresh_copy_in_utc():
    some = recorded()
    frame = some.to_frame()
    assert list(frame.columns) == ["open", "high", "low", "close", "volume"]
    assert frame.index.dtype == "datetime64[ns, UTC]"
    assert frame.index[0] == pd.Timestamp(T0, unit="ms", tz="UTC")
    assert (frame.dtypes == "float64").all()
    frame.iloc[0, 0] = 99.0
    assert some[0].open == 10.5


def test_an_empty_answer_has_the_same_frame():
    frame = Bars.empty("X", "1h").to_frame()
    assert list(frame.columns) == ["open", "high", "low", "close", "volume"]
    assert frame.index.dtype == "datetime64[ns, UTC]"


def test_from_columns_makes_the_same_bars():
    some = recorded()
    other = Bars.from_columns("BTCUSDT", "1h", some.open_times, *some.values.T)
    assert np.array_equal(other.values, some.values)
    assert other[0].close_time == T0 + HOUR


def test_repr_says_what_is_there():
    assert repr(recorded()) == "<Bars BTCUSDT 1h: 5 from 2020-09-13 12:00 to 2020-09-13 16:00>"
    assert repr(Bars.empty("X", "1h")) == "<Bars X 1h: none>"


def test_exact_of_an_unknown_field_is_an_error():
    with pytest.raises(RequestError, match="known: open"):
        recorded()[0].exact("money")


def test_a_bar_ends_when_the_next_one_opens_whatever_close_time_says():
    bar = Bar("X", Timeframe("1M"), 1_706_745_600_000, 1, 1, 1, 1, 1, close_time=5)
    assert time_text(bar.end) == "2024-03-01 00:00"
