"""A pandas frame read as bars: which frames are, and what is said of those that are not."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from wealthsources.model.bars import Bars

T0, HOUR = 1_704_067_200_000, 3_600_000
TIMES = [T0 + place * HOUR for place in range(4)]
VALUES = {
    "open": [1.0, 2.0, 3.0, 4.0],
    "high": [2.0, 3.0, 4.0, 5.0],
    "low": [0.5, 1.5, 2.5, 3.5],
    "close": [1.5, 2.5, 3.5, 4.5],
    "volume": [10, 0, 30, 40],
}


def frame(**columns: object) -> pd.DataFrame:
    """Four hours, with a DatetimeIndex in UTC unless the columns have the times."""
    index = None if "open_time" in columns else pd.to_datetime(TIMES, unit="ms", utc=True)
    return pd.DataFrame({**VALUES, **columns}, index=index)


def read(given: object) -> Bars:
    return Bars.from_frame("BTCUSDT", "1h", given)


def failure(given: object) -> str:
    with pytest.raises(ValueError) as caught:
        read(given)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rows(bars: Bars) -> list[list[float]]:
    return np.column_stack([bars.open_times, bars.values]).tolist()


WANTED = [[time, *(VALUES[name][place] for name in VALUES)] for place, time in enumerate(TIMES)]


# what is taken


def test_a_frame_with_times_as_its_index():
    bars = read(frame())
    assert (bars.symbol, str(bars.timeframe)) == ("BTCUSDT", "1h")
    assert rows(bars) == WANTED
    assert [bar.closed for bar in bars] == [None] * 4
    assert bars[0].exact("open") == "1.0"


def test_what_to_frame_made_is_read_as_the_same_bars():
    bars = read(frame())
    assert rows(read(bars.to_frame())) == rows(bars)


@pytest.mark.parametrize(
    "times",
    [
        TIMES,
        [float(time) for time in TIMES],
        pd.array(TIMES, dtype="Int64"),
        pd.to_datetime(TIMES, unit="ms", utc=True),
        pd.to_datetime(TIMES, unit="ms", utc=True).as_unit("s"),
        pd.to_datetime(TIMES, unit="ms", utc=True).as_unit("ns"),
        pd.to_datetime(TIMES, unit="ms", utc=True).tz_convert("Asia/Shanghai"),
    ],
)
def test_a_column_of_times_in_ms_or_as_datetimes(times):
    assert rows(read(frame(open_time=times))) == WANTED


def test_an_index_of_ms_by_its_name():
    assert rows(read(pd.DataFrame(VALUES, index=pd.Index(TIMES, name="open_time")))) == WANTED


def test_the_column_goes_before_the_index():
    late = frame().set_index(pd.to_datetime([time + HOUR for time in TIMES], unit="ms", utc=True))
    assert rows(read(late.assign(open_time=TIMES))) == WANTED


def test_names_in_any_case_other_columns_and_another_order():
    other = frame().rename(columns=str.title).assign(**{"Adj Close": "x", "money": np.nan})
    assert rows(read(other[other.columns[::-1]])) == WANTED


@pytest.mark.parametrize("kind", ["float32", "int32", "Float64", "Int64"])
def test_numbers_of_any_type(kind):
    changed = frame().assign(volume=pd.array(VALUES["volume"], dtype=kind))
    assert rows(read(changed)) == WANTED


def test_an_empty_frame_is_no_bar():
    assert len(read(pd.DataFrame(columns=list(VALUES)))) == 0
    assert len(read(frame().iloc[:0])) == 0


def test_the_frame_is_not_changed_by_what_is_done_to_it_later():
    given = frame()
    bars = read(given)
    given.iloc[0, 0] = 99.0
    assert bars[0].open == 1.0


def test_pandas_is_imported_by_who_has_a_frame_only():
    code = "import sys, wealthsources.model.bars; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# what is not


def test_what_is_no_frame():
    assert failure([{"open": 1}]) == "a list is no pandas.DataFrame; bars in lists are for Bars.from_records"
    assert "a Series is no pandas.DataFrame" in failure(frame()["open"])


def test_a_missing_column_is_named_with_those_that_there_are():
    said = failure(frame().rename(columns={"volume": "vol"}).drop(columns="low"))
    assert said.startswith("the frame has no column low, volume, but open, high, close, vol; name them so: ")


def test_two_columns_of_one_name():
    said = failure(frame().assign(Close=1.0))
    assert said == "two columns are called close: 'close' and 'Close'; drop one"


def test_columns_of_several_symbols():
    both = pd.concat({"BTC": frame(), "ETH": frame()}, axis=1).swaplevel(axis=1)
    assert "frame.xs(symbol, axis=1, level=1)" in failure(both)
    assert rows(read(both.xs("BTC", axis=1, level=1))) == WANTED


def test_no_times():
    said = failure(frame().reset_index(drop=True))
    assert said.startswith("the frame has no column open_time, and its index is a RangeIndex of int64; times are an ")


def test_times_without_a_zone():
    said = failure(frame().tz_localize(None))
    assert said.startswith("the times, as 2024-01-01 00:00:00, have no zone; say which zone they are of")
    naive = frame().tz_localize(None)
    assert rows(read(naive.tz_localize("UTC"))) == WANTED


def test_times_as_text():
    said = failure(frame(open_time=["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]))
    assert "as '2024-01-01'; make datetimes of them: pandas.to_datetime(…, utc=True)" in said


@pytest.mark.parametrize(
    "times",
    [pd.to_datetime(TIMES, unit="ms", utc=True).where([True, True, False, True]), [*TIMES[:2], None, TIMES[3]]],
)
def test_a_row_without_a_time(times):
    assert failure(frame(open_time=times)).startswith("frame.iloc[2]: has no time; ")


def test_times_of_another_unit():
    said = failure(frame(open_time=[time // 1000 for time in TIMES]))
    assert said.startswith(
        "frame.iloc[0]: 1704067200 is not a time in ms of 1980 to 2200; in seconds it would be 2024-01"
    )
    last = failure(frame(open_time=[*TIMES[:3], TIMES[3] * 1000]))
    assert last.startswith("frame.iloc[3]: ")


def test_times_between_two_ms():
    assert "frame.iloc[1]: the time 1704070800000.5 is no whole number of ms" in failure(
        frame(open_time=[TIMES[0], TIMES[1] + 0.5, *TIMES[2:]])
    )
    fine = pd.to_datetime(TIMES, unit="ms", utc=True).as_unit("ns") + pd.to_timedelta([0, 0, 1, 0], unit="us")
    assert failure(frame(open_time=fine)).startswith("frame.iloc[2]: 2024-01-01 02:00:00.000001+00:00 is no whole ms")


def test_a_time_that_comes_twice():
    twice = frame(open_time=[TIMES[0], TIMES[1], TIMES[1], TIMES[3]])
    assert failure(twice).startswith("frame.iloc[2] (2024-01-01 01:00 UTC): its time is that of the row before; ")


def test_rows_out_of_order():
    backwards = frame().iloc[::-1]
    said = failure(backwards)
    assert said.startswith(
        "frame.iloc[1] (2024-01-01 02:00 UTC): its time is before that of the row before; order the "
    )
    assert rows(read(backwards.sort_index())) == WANTED


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_no_number(value):
    given = frame().astype({"volume": float})
    given.iloc[2, 4] = value
    assert failure(given).startswith(f"frame.iloc[2] (2024-01-01 02:00 UTC): volume is {value}; take such rows out")


def test_a_missing_value_of_a_nullable_type():
    given = frame().assign(High=pd.array([2, None, 4, 5], dtype="Int64")).drop(columns="high")
    assert "frame.iloc[1] (2024-01-01 01:00 UTC): High is nan" in failure(given)


@pytest.mark.parametrize(("values", "shown"), [(["1", "2", "3", "4"], "'1'"), ([True, False, True, False], "True")])
def test_text_and_truths_are_no_numbers(values, shown):
    said = failure(frame().assign(open=values))
    assert said.startswith("frame.iloc[0] (2024-01-01 00:00 UTC): open is of type ")
    assert shown in said
    assert said.endswith("make numbers of it: frame.astype({'open': float})")


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64"])
def test_a_whole_number_that_no_float64_is(kind):
    given = frame().assign(volume=pd.array([2**53, 2**60, 2**53 + 1, 7], dtype=kind))
    said = failure(given)
    assert said.startswith("frame.iloc[2] (2024-01-01 02:00 UTC): volume is 9007199254740993, which no float64 is; ")
    assert read(given.drop(given.index[2])).values[:, 4].tolist() == [2.0**53, 2.0**60, 7.0]


def test_times_that_were_rounded_to_a_short_float():
    said = failure(frame(open_time=np.array(TIMES, dtype=np.float32)))
    assert said.startswith("times are of type float32, which rounds them to minutes; ")


@pytest.mark.parametrize("time", [np.inf, 1e300])
def test_a_time_that_is_too_large_for_any_clock(time):
    said = failure(frame(open_time=[TIMES[0], time, *TIMES[2:]]))
    assert said == f"frame.iloc[1]: the time {time} is no whole number of ms"
