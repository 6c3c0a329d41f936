"""Every frame that is handed out can be written and read again, whatever was missing when it was made."""

from __future__ import annotations

import io
import json
import pickle

import pandas as pd
import pytest

import wealthdata
from wealthdata import attribute_history, bars_to_dataframe, get_all_securities, get_bars, get_price, history
from wealthdata.binding.stack import current_reader
from wealthsources import SourceError

from ..support.bars import HOUR, MONDAY as T0

#: What each frame is asked for with.
CALLS = {
    "get_price": lambda: get_price("A", count=12, frequency="1h"),
    "get_price of dates": lambda: get_price("A", "2024-01-01", "2024-01-02", "1h", skip_paused=False),
    "get_price of nothing": lambda: get_price("A", "2024-01-02 05:30", "2024-01-02 05:45", "1h"),
    "get_price of a list": lambda: get_price(["A", "B"], count=12, frequency="1h", fields=["close", "high_limit"]),
    "get_bars": lambda: get_bars("A", 12, "1h", ["date", "close"]),
    "get_bars, numbered": lambda: get_bars("A", 12, "1h", df=True),
    "get_bars of a list, numbered": lambda: get_bars(["A", "B"], 12, "1h", df=True),
    "history": lambda: history(12, "1h", "close", ["A", "B"]),
    "attribute_history": lambda: attribute_history("A", 12, "1h"),
    "bars_to_dataframe": lambda: bars_to_dataframe(asked()),
    "Bars.to_frame": lambda: asked().to_frame(),
    "get_all_securities": get_all_securities,
}


def asked():
    return current_reader().adapter.get_history("A", 12, "1h")


@pytest.fixture(params=["nothing", "holes", "behind", "failed", "all of it"])
def missing(request, session, context, closed, records):
    """A backtest of which that is missing. Its name."""
    made = session({"symbols": ["A", "B"]}, {"symbols": ["A", "B"]})
    everything = request.param == "all of it"
    skip = {20, 21} if everything or request.param == "holes" else ()
    count = 25 if everything or request.param == "behind" else 30
    made.source("m1").put(closed("A", "1h", records("1h", count, skip=skip)))
    made.source("m1").put(closed("B", "1h", records("1h", 30)))
    if everything or request.param == "failed":
        made.source("m0").failure = SourceError("disk on fire: \udcff")
    wealthdata.set_context(context({}, T0 + 30 * HOUR), mode="backtest")
    return request.param


@pytest.fixture(params=CALLS)
def frame(missing, request):
    return CALLS[request.param]()


def test_notes_are_plain_values(frame):
    assert json.loads(json.dumps(frame.attrs)) == frame.attrs


def test_a_frame_can_be_parquet(frame, tmp_path):
    frame.to_parquet(tmp_path / "frame.parquet")
    again = pd.read_parquet(tmp_path / "frame.parquet")
    pd.testing.assert_frame_equal(again, pd.DataFrame(frame), check_freq=False)
    assert again.attrs == frame.attrs


def test_a_frame_can_be_feather(frame, tmp_path):
    frame.reset_index().to_feather(tmp_path / "frame.feather")
    again = pd.read_feather(tmp_path / "frame.feather")
    assert again.to_numpy().shape == frame.reset_index().shape
    assert again.attrs == frame.attrs


@pytest.mark.parametrize("orient", ["columns", "table"])
def test_a_frame_can_be_json(frame, orient):
    text = frame.to_json(orient=orient, date_format="iso")
    assert len(pd.read_json(io.StringIO(text), orient=orient)) == len(frame)


def test_a_frame_can_be_pickled(frame):
    again = pickle.loads(pickle.dumps(frame))
    pd.testing.assert_frame_equal(again, frame)
    assert (type(again), again.attrs) == (type(frame), frame.attrs)


def test_notes_outlive_what_pandas_makes_of_frames(missing):
    a, b = (get_price(code, count=12, frequency="1h", fields="close") for code in ("A", "A"))
    together = pd.concat([a, b])
    assert a.attrs == b.attrs == together.attrs == a.merge(b, left_index=True, right_index=True).attrs
    assert a.iloc[-3:].attrs == a["close"].attrs == a.copy().attrs == a.attrs


def test_a_security_of_another_kind_of_text_is_plain_in_notes_too(missing):
    class Code(str):
        __slots__ = ()

    df = get_price([Code("A"), Code("B")], count=12, frequency="1h")
    assert {type(code) for note in df.attrs.values() for code in note} <= {str}


@pytest.mark.skipif(pd.__version__.startswith("2."), reason="pandas 2 has no such columns of text by default")
def test_a_frame_is_the_same_where_there_is_no_pyarrow(missing):
    kept = pd.get_option("mode.string_storage")
    try:
        made = {}
        for storage in ("python", "pyarrow"):
            pd.set_option("mode.string_storage", storage)
            made[storage] = get_price(["A", "B"], count=12, frequency="1h")
        assert made["python"].to_dict() == made["pyarrow"].to_dict()
    finally:
        pd.set_option("mode.string_storage", kept)
