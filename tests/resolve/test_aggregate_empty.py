"""Coarser bars of a market whose own history leaves out the windows without a trade."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import AllSourcesFailed, Bars, Capabilities, Hole
from wealthsources.model.rows import CLOSED
from wealthsources.resolve.aggregate import aggregate
from wealthsources.resolve.known_empty import Spans
from wealthsources.testing import ListSource

from .test_aggregation import HOUR, MINUTE, T0, chain, opens, query, some, truth

MINUTES = truth("1m", 6 * 60)
ALL = set(range(6 * 60))


class Exchange(ListSource):
    """An exchange's own history of minutes."""

    def __init__(self, *bars: Bars) -> None:
        super().__init__(*bars, capabilities=Capabilities(blocking=False, authoritative=True))


def without(*quiet: int) -> Bars:
    return some(MINUTES, *sorted(ALL - set(quiet)))


def hours_of(bars: Bars) -> list[tuple]:
    """Hours of these minutes by pandas; those without any are left out."""
    kinds = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    made = bars.to_frame().resample("60min", label="left").agg(kinds).dropna(subset=["open"])
    return [(int(time), *values) for time, values in zip(made.index.as_unit("ms").asi8, made.to_numpy(), strict=True)]


def told(bars: Bars) -> list[tuple]:
    return [(bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in bars]


def test_a_quiet_minute_does_not_cost_the_hour():
    bars = chain(exchange=Exchange(without(70, 71, 119))).resolve(query("1h", T0 + 6 * HOUR, 6)).bars
    assert opens(bars) == [0, 1, 2, 3, 4, 5]
    assert bars.holes == ()
    assert [row[1:] for row in told(bars)] == [tuple(row[1:]) for row in hours_of(without(70, 71, 119))]


def test_it_does_where_nobody_knows_that_it_was_quiet():
    bars = chain(archive=ListSource(without(70))).resolve(query("1h", T0 + 6 * HOUR, None, start=T0)).bars
    assert opens(bars) == [0, 2, 3, 4, 5]
    assert len(bars.holes) == 1


def test_an_hour_without_a_trade_is_no_hole():
    quiet = range(120, 180)
    bars = chain(exchange=Exchange(without(*quiet))).resolve(query("1h", T0 + 6 * HOUR, None, start=T0)).bars
    assert opens(bars) == [0, 1, 3, 4, 5]
    assert bars.holes == ()


def test_a_minute_that_another_source_lost_is_known_to_be_missing_all_the_same():
    lost = without(70, 200)
    sources = {"archive": ListSource(lost), "exchange": Exchange(some(without(70, 200), *range(180)))}
    bars = chain(**sources).resolve(query("1h", T0 + 6 * HOUR, None, start=T0)).bars
    assert opens(bars) == [0, 1, 2, 4, 5]


def test_an_answer_without_any_bar_makes_no_bar():
    """It contradicts bars that an archive has on both sides: the exchange may not have them any more."""

    class Forgetful(Exchange):
        def get_history(self, request):
            return Bars.empty(request.symbol, request.timeframe)

    sources = {"archive": ListSource(without(70)), "exchange": Forgetful()}
    bars = chain(**sources).resolve(query("1h", T0 + 60 * HOUR, None, start=T0, end=T0 + 6 * HOUR)).bars
    assert opens(bars) == [0, 2, 3, 4, 5]


def test_where_the_exchange_says_itself_that_bars_are_missing_it_is_not_taken_for_quiet():
    class Honest(Exchange):
        def get_history(self, request):
            hole = Hole(T0 + 70 * MINUTE, T0 + 71 * MINUTE, 1)
            return super().get_history(request).replace(holes=(hole,))

    bars = chain(exchange=Honest(without(70))).resolve(query("1h", T0 + 6 * HOUR, None, start=T0)).bars
    assert opens(bars) == [0, 2, 3, 4, 5]


def test_a_forming_bar_is_made_over_a_quiet_minute():
    asked = query("1h", T0 + 5 * HOUR + 30 * MINUTE, 1, include_now=True)
    bars = chain(exchange=Exchange(without(310))).resolve(asked).bars
    assert bars[-1].closed is False
    assert bars[-1].open_time == T0 + 5 * HOUR


def test_what_never_existed_is_counted_only_where_no_bar_is():
    spans = Spans([(MINUTES.timeframe.slot(T0) + 5, MINUTES.timeframe.slot(T0) + 9)])
    hours = aggregate(some(MINUTES, *range(60)), query("1h", 0).timeframe, empty=spans)
    assert len(hours) == 1


@given(st.sets(st.integers(1, 6 * 60 - 2), max_size=250), st.sampled_from(["5m", "15m", "1h"]))
def test_bars_are_those_of_the_minutes_that_there_were(quiet, frame):
    """All but the first bucket, of which it is not known whether it began with a quiet minute."""
    there = without(*quiet)
    try:
        bars = chain(exchange=Exchange(there)).resolve(query(frame, T0 + 6 * HOUR, None, start=T0)).bars
    except AllSourcesFailed:
        bars = Bars.empty("BTCUSDT", frame)
    kinds = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    made = there.to_frame().resample(frame.replace("m", "min"), label="left").agg(kinds).dropna(subset=["open"])
    wanted = dict(zip(made.index.as_unit("ms").asi8.tolist(), map(tuple, made.to_numpy()), strict=True))
    found = {row[0]: row[1:] for row in told(bars)}
    assert found == wanted
    assert bars.holes == ()


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9)), max_size=20), st.integers(-60, 60), st.integers(0, 15)
)
def test_spans_hold_a_stretch_if_every_window_of_it_is_in_one_and_they_touch(pieces, first, length):
    spans = [(start, start + more) for start, more in pieces]
    windows = {window for begin, end in spans for window in range(begin, end + 1)}
    covered = Spans(spans).cover(np.array([first]), np.array([first + length]))[0]
    assert covered == all(window in windows for window in range(first, first + length + 1))


@pytest.mark.parametrize("spans", [[], [(1, 2)]])
def test_spans_are_true_if_there_are_any(spans):
    assert bool(Spans(spans)) == bool(spans)


def test_all_bars_that_are_made_are_closed():
    bars = chain(exchange=Exchange(without(70))).resolve(query("1h", T0 + 6 * HOUR, 6)).bars
    assert (bars.states == CLOSED).all()
