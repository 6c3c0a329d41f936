"""Bar and Bars: immutable, a sequence, exact; and what is said of a whole answer."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle

import numpy as np
import pandas as pd
import pytest

from wealthsources import CLOSED, FORMING, UNSET, Attempt, Bar, Bars, Finality, Hole, RequestError, Timeframe
from wealthsources.model.rows import source_codes
from wealthsources.model.times import time_text

from ..support.bars import HOUR, T0, at, hourly, places, record, recorded


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


def test_of_single_bars_everything_that_each_says_of_itself_is_kept():
    records = [
        record(0, closed=True, finality="flag", close="1e-7"),
        record(1, closed=True, finality="successor", close_time=at(2) - 1),
        record(2, closed=False),
        record(3),
    ]
    bars = list(Bars.from_records("X", "1h", records).named("X", "live"))
    bars[1] = dataclasses.replace(bars[1], source="archive", revision=3)
    made = Bars.of(bars)
    assert list(made) == bars
    assert made[0].exact("close") == "1e-7"


def test_a_single_bar_that_says_little_is_one_of_unknown_state_that_ends_with_its_window():
    (bar,) = Bars.of([Bar("X", Timeframe("1h"), at(0), 1.0, 2.0, 0.5, 1.5, 7.0)])
    assert (bar.closed, bar.close_time, bar.source, bar.exact("open")) == (None, at(1), "", "1.0")


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


def whole() -> Bars:
    """An answer of which everything is said that can be."""
    bars = Bars.from_records("BTCUSDT", "1h", [record(0, volume=".5"), record(3)])
    hole, failed = Hole(at(1), at(3), 2), Attempt("archive", "failed", reason="no disk")
    return bars.replace(
        sources=("live",), holes=(hole,), behind=2, failed=(failed,), note="as read", trusted=True, unbroken=False
    )


@pytest.mark.parametrize("again", [lambda bars: pickle.loads(pickle.dumps(bars)), copy.copy, copy.deepcopy])
def test_all_that_is_said_of_an_answer_stays_with_a_copy_of_it(again):
    some = whole()
    other = again(some)
    for name in set(Bars.__slots__) - {"rows"}:
        assert getattr(other, name) == getattr(some, name), name
    assert other.rows.tobytes() == some.rows.tobytes()
    assert other[0].exact("volume") == ".5"
    with pytest.raises(ValueError, match="read-only"):
        other.values[0, 0] = 1


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


def test_bars_that_others_made_are_not_trusted_and_may_have_holes():
    for bars in (recorded(), hourly(1, 2)):
        said = (bars.trusted, bars.unbroken, bars.holes, bars.behind, bars.failed, bars.note)
        assert said == (False, False, (), 0, (), "")


def test_of_no_bars_everything_is_known():
    bars = Bars.empty("BTCUSDT", "1h")
    assert (len(bars), bars.trusted, bars.unbroken, bars.sources) == (0, True, True, ("",))


def test_a_bar_by_itself_is_of_numbers_and_nothing_is_said_of_it():
    bar = Bar("X", Timeframe("1h"), T0, 1.0, 2.0, 0.5, 1.5, 3.0)
    assert (bar.close_time, bar.closed, bar.finality, bar.revision, bar.source) == (None, None, None, 0, "")
    assert [bar.exact(field) for field in ("open", "volume")] == ["1.0", "3.0"]
    assert "decimals" not in repr(bar)
    assert "texts" not in repr(bar)


def test_repr_says_what_is_there():
    assert repr(recorded()) == "<Bars BTCUSDT 1h: 5 from 2020-09-13 12:00 to 2020-09-13 16:00>"
    assert repr(Bars.empty("X", "1h")) == "<Bars X 1h: none>"
    assert repr(Bars.empty("X\n\x1b", "1h")) == "<Bars X \ufffd 1h: none>", "a symbol is somebody's text"


def test_exact_of_an_unknown_field_is_an_error():
    with pytest.raises(RequestError, match="known: open"):
        recorded()[0].exact("money")


def test_a_bar_ends_when_the_next_one_opens_whatever_close_time_says():
    bar = Bar("X", Timeframe("1M"), 1_706_745_600_000, 1, 1, 1, 1, 1, close_time=5)
    assert time_text(bar.end) == "2024-03-01 00:00"


# columns -------------------------------------------------------------------------------------------------------


def test_columns_are_those_of_the_bars():
    bars = Bars.from_records(
        "BTCUSDT", "1h", [record(0, closed=True), record(1, closed=False, close_time=5), record(2)]
    )
    assert bars.open_times.tolist() == [bar.open_time for bar in bars] == [at(0), at(1), at(2)]
    assert bars.close_times.tolist() == [bar.close_time for bar in bars] == [at(1), 5, at(3)]
    assert bars.ends.tolist() == [bar.end for bar in bars] == [at(1), at(2), at(3)]
    assert bars.values.tolist() == [[bar.open, bar.high, bar.low, bar.close, bar.volume] for bar in bars]
    assert bars.states.tolist() == [CLOSED, FORMING, UNSET]
    assert bars.source_codes.tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", ["open_times", "close_times", "values", "source_codes"])
def test_no_column_can_be_written(name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(recorded(), name)[:] = 0


@pytest.mark.parametrize(
    ("closed", "states"),
    [(None, [None, None]), (True, [True, True]), (False, [False, False]), (np.array([True, False]), [True, False])],
)
def test_columns_may_say_of_all_bars_or_of_each_whether_it_is_closed(closed, states):
    ones = [1.0, 1.0]
    bars = Bars.from_columns("X", "1h", [at(0), at(1)], ones, ones, ones, ones, ones, closed=closed)
    assert [bar.closed for bar in bars] == states
    assert [bar.finality for bar in bars] == [Finality.HISTORY if state else None for state in states]


def test_columns_may_have_close_times_decimals_and_texts():
    bars = Bars.from_records("X", "1h", [record(0, volume=".5", close_time=7), record(1)])
    again = Bars.from_columns(
        "X",
        "1h",
        bars.open_times,
        *bars.values.T,
        close_time=bars.close_times,
        decimals=[bar.decimals for bar in bars],
        texts=bars.texts,
    )
    assert list(again) == list(bars)
    assert [again[0].exact(name) for name in ("open", "volume")] == ["10.50", ".5"]


def test_without_decimals_columns_are_numbers():
    ones = [1.0]
    bar = Bars.from_columns("X", "1h", [at(0)], ones, ones, ones, ones, [0.25])[0]
    assert (bar.exact("open"), bar.exact("volume")) == ("1.0", "0.25")


# parts of an answer --------------------------------------------------------------------------------------------


def test_a_part_keeps_the_names_and_texts_and_nothing_that_is_said_of_the_whole():
    part = whole()[:1]
    assert (part.symbol, part.timeframe, part.sources, part.note) == ("BTCUSDT", Timeframe("1h"), ("live",), "as read")
    assert part[0].exact("volume") == ".5"
    assert (part.holes, part.behind, part.failed) == ((), 0, ())


def test_the_newest_run_is_what_follows_the_newest_hole():
    bars = hourly(0, 1, 4, 6, 9)
    holes = (Hole(at(2), at(4), 2), Hole(at(5), at(6), 1), Hole(at(7), at(9), 2))
    run = bars.replace(holes=holes, note="as read").newest_run()
    assert places(run) == [9]
    assert (run.holes, run.note, run.trusted, run.unbroken) == ((), "", True, True)


def test_an_answer_without_a_hole_is_its_own_newest_run():
    bars = recorded()
    assert bars.newest_run() is bars


def test_a_remark_of_its_source_is_put_on_a_copy():
    bars = recorded()
    noted = bars.noted("cut short")
    assert (noted.note, bars.note) == ("cut short", "")
    assert list(noted) == list(bars)


def test_a_bar_has_the_name_of_its_source_and_its_revision():
    bars = hourly(0, 1)
    rows = np.array(bars.rows)
    source_codes(rows)[:] = (1, 0)
    found = bars.replace(rows=rows, sources=("live", "archive"))
    assert [bar.source for bar in found] == ["archive", "live"]
    assert [bar.revision for bar in found] == [0, 0]


# what a reader should know -------------------------------------------------------------------------------------


def test_notes_say_what_there_is_to_say_and_no_more():
    some = whole()
    hole = {"start": at(1), "end": at(3), "count": 2, "text": "2 missing from 2020-09-13 13:00 to 2020-09-13 15:00 UTC"}
    assert some.notes() == {"holes": [hole], "behind": 2, "failed": ["archive: no disk"]}
    assert recorded().notes() == {}
    assert some.to_frame().attrs == some.notes()


def test_notes_are_plain_whatever_numbers_an_answer_was_made_of():
    some = whole().replace(behind=np.int64(2), holes=(Hole(np.int64(at(1)), np.int64(at(3)), np.int64(2)),))
    assert json.loads(json.dumps(some.notes())) == whole().notes()


def test_editing_notes_changes_no_others():
    some = whole()
    some.to_frame().attrs["holes"].clear()
    some.notes()["failed"].clear()
    assert some.notes() == whole().notes()


def test_repr_counts_what_is_missing_and_names_who_failed():
    assert repr(whole()) == (
        "<Bars BTCUSDT 1h: 2 from 2020-09-13 12:00 to 2020-09-13 15:00 · 1 holes, 2 bars · 2 behind · failed: archive>"
    )


# names ---------------------------------------------------------------------------------------------------------


def test_bars_whose_source_says_no_name_get_that_of_the_chain():
    assert [bar.source for bar in hourly(1, 2).named("BTCUSDT", "archive")] == ["archive"] * 2


def test_a_name_that_a_source_says_itself_is_kept():
    rows = np.array(hourly(1, 2).rows)
    source_codes(rows)[:] = [0, 1]
    bars = hourly(1, 2).replace(rows=rows, sources=("live", "")).named("BTCUSDT", "archive")
    assert [bar.source for bar in bars] == ["live", "archive"]


def test_the_answer_is_under_the_callers_spelling():
    bars = hourly(1, closed=True).replace(sources=("live",)).named("btc-usdt", "archive")
    assert (bars.symbol, bars[0].symbol, bars[0].source) == ("btc-usdt", "btc-usdt", "live")


def test_where_nothing_is_to_be_renamed_the_bars_are_the_same():
    bars = hourly(1, 2, closed=True).replace(sources=("live",))
    assert bars.named("BTCUSDT", "archive") is bars


def test_what_is_said_of_a_whole_answer_is_dropped_with_the_renaming():
    bars = hourly(1, 5).replace(holes=(Hole(at(2), at(5), 3),), behind=7, failed=(Attempt("x", "failed"),), note="n")
    renamed = bars.named("BTCUSDT", "archive")
    assert (renamed.holes, renamed.behind, renamed.failed, renamed.note) == ((), 0, (), "n")


def test_rows_that_were_turned_round_are_bars_all_the_same():
    bars = Bars.from_columns("X", "1h", [at(0), at(1)], *[[1.0, 2.0]] * 5)
    turned = bars.take(bars.rows[::-1])
    assert [bar.open_time for bar in turned] == [at(1), at(0)]
    assert turned.newest == at(0)
