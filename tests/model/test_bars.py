from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from wealthsources import Bar, Bars, Finality, RequestError, Timeframe, match_symbol, read_value
from wealthsources.model.times import time_text
from wealthsources.model.validity import first_fault

HOUR = 3_600_000
T0 = 1_600_000_000_000 // HOUR * HOUR


def record(place: int, **changes) -> dict:
    bar = {
        "open_time": T0 + place * HOUR,
        "open": "10.50",
        "high": "12",
        "low": "9.000",
        "close": "11.1",
        "volume": "3",
    }
    return {**bar, **changes}


def bars(count: int = 5) -> Bars:
    return Bars.from_records("BTCUSDT", "1h", [record(place) for place in range(count)])


def test_one_bar_is_64_bytes():
    assert bars(10).rows.nbytes == 640


def test_last_bar_has_floats_and_the_servers_own_text():
    bar = bars()[-1]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (10.5, 12.0, 9.0, 11.1, 3.0)
    assert [bar.exact(field) for field in ("open", "high", "low", "close", "volume")] == [
        "10.50",
        "12",
        "9.000",
        "11.1",
        "3",
    ]


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False))
def test_exact_gives_back_any_decimal_text(number: Decimal):
    text = format(number, "f")
    if len(text) > 40:
        return
    value = read_value(text)
    row = Bars.from_records("X", "1h", [record(0, volume=text)])[0]
    assert row.exact("volume") == text
    assert row.volume == value.number == float(text)


@pytest.mark.parametrize("text", [".5", "1e-7", "5.", "007", "0.1234567890123456789", "1234567890123456.5", "+1", "-0"])
def test_text_that_a_float_cannot_give_back_is_kept_aside(text):
    assert Bars.from_records("X", "1h", [record(0, volume=text)])[0].exact("volume") == text


@pytest.mark.parametrize(
    "raw", ["", "abc", "1_000", " 1", "1 ", "١٢٣", "nan", "inf", "1e400", "0x10", "9" * 41, True, None, [1]]
)
def test_what_is_no_number_is_refused_with_its_value(raw):
    with pytest.raises(ValueError, match=r"number|large|characters"):
        read_value(raw)


def test_numbers_are_accepted_and_print_plainly():
    bar = Bars.from_records("X", "1h", [record(0, volume=1e-7, close=np.float64(11))])[0]
    assert bar.exact("volume") == "0.0000001"
    assert bar.close == 11.0


def test_a_bad_record_is_named_with_its_field():
    with pytest.raises(ValueError, match=r"bars\[1\]: high: 'abc' is not a number"):
        Bars.from_records("X", "1h", [record(0), record(1, high="abc")])
    with pytest.raises(ValueError, match=r"bars\[0\]: volume: is missing"):
        Bars.from_records("X", "1h", [{key: value for key, value in record(0).items() if key != "volume"}])


def test_a_time_that_no_int64_holds_is_refused():
    with pytest.raises(ValueError, match=r"bars\[0\]: close_time: 1000.* is not a time in ms"):
        Bars.from_records("X", "1h", [record(0, close_time=10**30)])


def test_objects_serve_as_records_too():
    class Record:
        open_time, close_time = T0, T0 + HOUR - 1
        open, high, low, close, volume = "1", "2", "1", "2", "5"
        closed = True

    bar = Bars.from_records("X", "1h", [Record()])[0]
    assert (bar.closed, bar.finality, bar.close_time) == (True, Finality.HISTORY, T0 + HOUR - 1)


def test_unset_closed_stays_unset():
    assert bars()[0].closed is None


def test_bars_are_a_sequence_and_a_slice_is_bars():
    all_bars = bars()
    assert len(all_bars[1:3]) == 2
    assert all_bars[1:3][0] == all_bars[1]
    assert list(all_bars)[-1] == all_bars[-1]
    with pytest.raises(RequestError, match="no step"):
        all_bars[::2]
    with pytest.raises(IndexError):
        all_bars[5]


def test_bars_cannot_be_changed():
    some = bars()
    with pytest.raises(AttributeError, match="cannot be changed"):
        some.symbol = "ETHUSDT"
    with pytest.raises(ValueError, match="read-only"):
        some.values[0, 0] = 1
    with pytest.raises(AttributeError):
        some[0].close = 1


def test_a_pickled_or_copied_answer_is_the_same():
    some = bars()
    for other in (pickle.loads(pickle.dumps(some)), copy.deepcopy(some), copy.copy(some)):
        assert list(other) == list(some)
        assert other[-1].exact("low") == "9.000"


def test_to_frame_is_a_fresh_copy_in_utc():
    some = bars()
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
    some = bars()
    other = Bars.from_columns("BTCUSDT", "1h", some.open_times, *some.values.T)
    assert np.array_equal(other.values, some.values)
    assert other[0].close_time == T0 + HOUR


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"high": "8"}, "high is below low"),
        ({"open": "13"}, "open or close is above high"),
        ({"close": "8"}, "open or close is below low"),
        ({"volume": "-1"}, "volume is negative"),
        ({"open_time": T0 + HOUR + 1}, "not on the 1h grid"),
        ({"open_time": T0}, "not after the one before"),
        ({"open_time": (T0 + HOUR) // 1000}, "not a time in ms"),
    ],
)
def test_fault_names_the_row_and_the_rule(changes, why):
    index, text = first_fault(Bars.from_records("X", "1h", [record(0), record(1, **changes), record(2)]))
    assert index == 1
    assert why in text


def test_a_value_that_is_not_finite_is_a_fault():
    one = np.ones(1)
    found = first_fault(Bars.from_columns("X", "1h", [T0], one, one, one, one * np.nan, one))
    assert found == (0, "a value is not a finite number")


def test_good_bars_have_no_fault():
    assert first_fault(bars()) is None
    assert first_fault(Bars.empty("X", "1h")) is None


def test_repr_says_what_is_there():
    assert repr(bars()) == "<Bars BTCUSDT 1h: 5 from 2020-09-13 12:00 to 2020-09-13 16:00>"
    assert repr(Bars.empty("X", "1h")) == "<Bars X 1h: none>"


def test_exact_of_an_unknown_field_is_an_error():
    with pytest.raises(RequestError, match="known: open"):
        bars()[0].exact("money")


def test_a_bar_ends_when_the_next_one_opens_whatever_close_time_says():
    bar = Bar("X", Timeframe("1M"), 1_706_745_600_000, 1, 1, 1, 1, 1, close_time=5)
    assert time_text(bar.end) == "2024-03-01 00:00"


@pytest.mark.parametrize("spelling", ["BTCUSDT", "BTC/USDT", "BTC-USDT", "btcusdt", "btc_usdt"])
def test_a_symbol_is_found_in_any_spelling(spelling):
    assert match_symbol(spelling, ["ETHUSDT", "BTCUSDT"]) == "BTCUSDT"


def test_the_exact_spelling_wins_and_an_ambiguous_one_is_none():
    assert match_symbol("BTC-USDT", ["BTCUSDT", "BTC-USDT"]) == "BTC-USDT"
    assert match_symbol("btcusdt", ["BTCUSDT", "BTC-USDT"]) is None
    assert match_symbol("XRPUSDT", ["BTCUSDT"]) is None
