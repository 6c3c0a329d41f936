"""Which records of a list are read, and what they say of being closed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from wealthsources import Finality, HistoryRequest, NotHere, SourceError, Timeframe

from ...support.bars import HOUR, T0, at, places, record
from ...support.hours import hours_of, utc
from .contexts import ask, closed, context, hours, series, view_of


def test_the_newest_bars_that_end_in_time_are_taken() -> None:
    assert places(ask(view_of(context(hours(50))), end=at(30), count=3)) == [27, 28, 29]


def test_a_bar_that_ends_exactly_at_the_end_is_in() -> None:
    assert places(ask(view_of(context(hours(50))), end=at(30) + HOUR - 1, count=1)) == [29]


def test_a_span_is_taken_from_its_start() -> None:
    assert places(ask(view_of(context(hours(50))), start=at(10) + 1, end=at(14), count=None)) == [11, 12, 13]


def test_a_span_without_bars_names_those_that_are_there() -> None:
    with pytest.raises(NotHere, match="BTCUSDT 1h open from 2020-09-13 12:00 to 2020-09-13 14:00"):
        ask(view_of(context(hours(3))), end=at(0))


def test_an_empty_list_of_bars_has_none() -> None:
    with pytest.raises(NotHere):
        ask(view_of(context(series())))


def test_months_are_cut_by_the_calendar() -> None:
    january, february, march = 1_577_836_800_000, 1_580_515_200_000, 1_583_020_800_000
    bars = [record(0) | {"open_time": time} for time in (january, february, march)]
    found = ask(view_of(context(series(*bars, timeframe="1M"))), timeframe="1M", end=march + 1)
    assert found.open_times.tolist() == [january, february]


@given(
    present=st.sets(st.integers(0, 40)).map(sorted),
    start=st.none() | st.integers(-2, 42),
    end=st.integers(-2, 44),
    count=st.none() | st.integers(1, 12),
    flags=st.lists(st.sampled_from([None, True, False]), min_size=41, max_size=41),
)
def test_the_answer_equals_a_filter_over_all_bars(
    present: list[int], start: int | None, end: int, count: int | None, flags: list[bool | None]
) -> None:
    bars = [record(place) | ({} if flags[place] is None else {"closed": flags[place]}) for place in present]
    wanted = [place for place in present if place + 1 <= end and (start is None or place >= start)]
    # Nothing tells the time but the request: what ends after it has not happened. One not closed does not count.
    ended = [place for place in present if place + 1 <= end]
    open_ones = {place for place in wanted if flags[place] is False and place == ended[-1]}
    if count is not None:
        counted = [place for place in wanted if place not in open_ones][-count:]
        wanted = [place for place in wanted if place in open_ones or place in counted]
    try:
        got = places(
            ask(
                view_of(context(series(*bars))),
                start=None if start is None else at(start),
                end=at(end),
                count=count,
            )
        )
    except NotHere:
        got = []
    assert got == wanted


@given(st.decimals(min_value=1, max_value=10**20, allow_nan=False, places=6).map(str))
def test_text_comes_back_exactly(text: str) -> None:
    same = dict.fromkeys(("open", "high", "low", "close"), text)
    assert ask(view_of(context(series(record(0, **same)))))[0].exact("close") == text


def test_numbers_are_taken_as_well() -> None:
    bar = ask(view_of(context(series(record(0, open=10.5, high=11, low=10, close=10.25, volume=3)))))[0]
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (10.5, 11.0, 10.0, 10.25, 3.0)


def test_times_may_be_text() -> None:
    bars = [record(place) | {"open_time": str(at(place))} for place in range(3)]
    assert places(ask(view_of(context(series(*bars))), count=2)) == [1, 2]


def test_the_close_time_is_kept_as_sent() -> None:
    assert ask(view_of(context(series(record(0, close_time=at(1) - 1)))))[0].close_time == at(1) - 1


def test_a_bar_without_a_close_time_is_taken() -> None:
    assert ask(view_of(context(series(record(0)))))[0].close_time == at(1)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"close": "abc"}, r"bars\[1\].close: 'abc' is not a number"),
        ({"close": None}, r"bars\[1\].close: None is not a number"),
        ({"volume": float("nan")}, r"bars\[1\].volume: nan is not a finite number"),
        ({"open_time": "yesterday"}, r"bars\[1\].open_time: 'yesterday' is not a number"),
        ({"open_time": None}, r"bars\[1\].open_time: is missing"),
        ({"open_time": at(1) + 0.5}, r"bars\[1\].open_time: .* is not a time in ms"),
        ({"close_time": "later"}, r"bars\[1\].close_time: 'later' is not a time in ms"),
        ({"is_closed": "perhaps"}, r"bars\[1\].is_closed: 'perhaps' is neither true nor false"),
        ({"closed": 2}, r"bars\[1\].closed: 2 is neither true nor false"),
    ],
)
def test_a_malformed_record_is_named(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(SourceError, match=f"^BTCUSDT 1h {problem}"):
        ask(view_of(context(series(record(0), record(1, **changes), record(2)))))


@pytest.mark.parametrize("kind", [dict, SimpleNamespace])
def test_a_value_that_is_missing_is_named(kind: Any) -> None:
    bar = record(0)
    del bar["close"]
    with pytest.raises(SourceError, match=r"bars\[0\].close: is missing"):
        ask(view_of(context(series(kind(**bar)))))


def test_a_record_that_is_no_bar_is_named() -> None:
    with pytest.raises(SourceError, match=r"bars\[2\].open_time: is missing"):
        ask(view_of(context(series(record(0), record(1), "text"))))


def test_a_malformed_record_that_is_not_needed_does_no_harm() -> None:
    bars = hours(50)["bars"]
    bars[3] = record(3, close="abc")
    assert places(ask(view_of(context(series(*bars))), end=at(30), count=3)) == [27, 28, 29]


def test_the_index_of_a_malformed_record_counts_from_the_beginning_of_the_list() -> None:
    bars = hours(50)["bars"]
    bars[28] = record(28, high="")
    with pytest.raises(SourceError, match=r"bars\[28\].high"):
        ask(view_of(context(series(*bars))), end=at(30), count=3)


def test_a_list_with_the_newest_bar_first_is_refused() -> None:
    with pytest.raises(SourceError, match=r"bars\[2\].open_time: .* the oldest comes first"):
        ask(view_of(context(series(record(2), record(1), record(0)))))


def test_bars_out_of_order_are_refused() -> None:
    with pytest.raises(SourceError, match=r"bars\[2\].open_time: is not after that of bars\[1\]"):
        ask(view_of(context(series(record(0), record(2), record(1), record(3)))))


def test_a_bar_that_is_there_twice_is_refused() -> None:
    with pytest.raises(SourceError, match=r"bars\[2\].open_time"):
        ask(view_of(context(series(record(0), record(1), record(1)))))


def test_only_the_bars_that_are_asked_for_are_read() -> None:
    read: list[int] = []

    class Counted(SimpleNamespace):
        @property
        def close(self) -> str:
            read.append((self.open_time - T0) // HOUR)
            return "11.0"

    bars = [record(place) for place in range(20_000)]
    for bar in bars:
        del bar["close"]
    ask(view_of(context(series(*(Counted(**bar) for bar in bars)))), end=at(15_000), count=20)
    assert set(read) == set(range(14_980, 15_000))


def test_live_a_bar_with_a_later_one_is_closed() -> None:
    bars = ask(view_of(context(hours(3))), live=True)
    assert closed(bars) == [True, True, False]
    assert bars[0].finality is Finality.SUCCESSOR


@pytest.mark.parametrize("name", ["closed", "is_closed"])
@pytest.mark.parametrize("flag", [True, 1, "1", "true", "True"])
def test_live_a_flag_closes_a_bar(name: str, flag: object) -> None:
    bar = ask(view_of(context(series(record(0, **{name: flag})))), live=True)[0]
    assert (bar.closed, bar.finality) == (True, Finality.FLAG)


def test_live_no_time_overrules_a_flag_that_says_forming() -> None:
    assert closed(ask(view_of(context(series(record(0, closed=False)), now_ms=at(5)), at(9)), live=True)) == [False]


def test_live_a_later_bar_overrules_a_flag_that_says_forming() -> None:
    assert closed(ask(view_of(context(series(record(0, closed=False), record(1)))), live=True)) == [True, False]


def test_a_forming_bar_is_not_one_of_the_count() -> None:
    assert places(ask(view_of(context(hours(5))), live=True, count=2)) == [2, 3, 4]


def test_a_closed_newest_bar_is_one_of_the_count() -> None:
    assert places(ask(view_of(context(hours(5), now_ms=at(5))), live=True, count=2)) == [3, 4]


def test_a_bar_is_closed_by_a_later_one_that_is_not_asked_for() -> None:
    assert closed(ask(view_of(context(hours(5))), live=True, end=at(2))) == [True, True]


def test_in_a_backtest_the_last_bar_is_left_unset() -> None:
    assert closed(ask(view_of(context(hours(3), now_ms=at(1))))) == [True, True, None]


def test_in_a_backtest_a_flag_counts() -> None:
    assert closed(ask(view_of(context(series(record(0), record(1, is_closed=True)))))) == [True, True]


@pytest.mark.parametrize("flag", [False, 0, "0", "false"])
def test_in_a_backtest_a_flag_that_says_forming_stays(flag: object) -> None:
    assert closed(ask(view_of(context(series(record(0), record(1, is_closed=flag)))))) == [True, False]


def test_in_a_backtest_a_later_bar_is_evidence_from_the_moment_it_is_over() -> None:
    view = view_of(context(hours(3)))
    assert closed(ask(view, end=at(2))) == [True, None]
    assert closed(ask(view, end=at(2) - 1)) == [None]


@pytest.mark.parametrize(("count", "wanted"), [(1, [1, 2]), (2, [0, 1, 2]), (3, [0, 1, 2])])
def test_a_bar_that_says_it_is_forming_is_not_one_of_the_count_though_others_follow(
    count: int, wanted: list[int]
) -> None:
    bars = [record(0), record(1), record(2, closed=False), record(3), record(4)]
    assert places(ask(view_of(context(series(*bars))), end=at(3), count=count)) == wanted


def test_a_list_of_one_time_is_refused() -> None:
    with pytest.raises(SourceError, match=r"bars\[1\].open_time: .* the oldest comes first"):
        ask(view_of(context(series(record(0), record(0)))))


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        ({"end": utc(2024, 1, 4, 12), "count": 2}, [2, 3]),  # before the opening of the 4th
        ({"end": utc(2024, 1, 4, 16), "count": 2}, [2, 3]),
        ({"end": utc(2024, 1, 4, 21), "count": 2}, [3, 4]),
        ({"end": utc(2024, 1, 4, 12), "start": utc(2024, 1, 2, 14, 30)}, [2, 3]),
    ],
)
def test_days_that_are_named_by_their_date_are_looked_for_at_their_openings(request_, wanted) -> None:
    timeframe = Timeframe("1d").on(hours_of({f"2024-01-0{day}": [("14:30", "21:00")] for day in range(1, 6)}))
    bars = [record(0, open_time=utc(2024, 1, day), close_time=None) for day in range(1, 6)]
    view = view_of(context(series(*bars, timeframe="1d")))
    found = view.get_history(HistoryRequest("BTCUSDT", timeframe, live=False, **request_))
    over = [time for time, end in zip(found.open_times.tolist(), found.ends, strict=True) if end <= request_["end"]]
    assert over == [utc(2024, 1, day, 14, 30) for day in wanted]
