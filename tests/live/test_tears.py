"""Series of a market whose quiet windows have no bar: only where the stream was interrupted may one be missing."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings, strategies as st

from wealthsources import Bars, Hole, SeriesBuffer, Timeframe
from wealthsources.live.tears import Tears

from ..support.bars import at, places
from ..support.laws import tries
from .buffers import closed, history, put


def quiet(capacity: int = 100) -> SeriesBuffer:
    return SeriesBuffer("BTCUSDT", "1h", capacity, continuous=False)


def holes(bars: Bars) -> list[tuple[int, int]]:
    """From which hour to which one, exclusive."""
    return [(places_of(hole.start), places_of(hole.end)) for hole in bars.holes]


def places_of(time: int) -> int:
    return (time - at(0)) // (at(1) - at(0))


def ask(series: SeriesBuffer, until: int, epoch: int | None = 1, **span) -> Bars:
    return series.snapshot(at(until), forming_epoch=epoch, **span)


def test_hours_without_a_bar_on_one_connection_are_no_hole():
    series = quiet()
    for place in (0, 3, 9):
        assert put(series, place).hole is None
    assert series.holes() == ()
    bars = ask(series, 10)
    assert (places(bars), bars.holes) == ([0, 3, 9], ())


def test_on_a_continuous_market_they_are_one():
    series = SeriesBuffer("BTCUSDT", "1h")
    put(series, 0)
    assert put(series, 3).hole == Hole(at(1), at(3), 2)


def test_an_answer_across_quiet_hours_is_one_unbroken_run():
    series = quiet()
    for place in (0, 3, 9, 10):
        put(series, place)
    assert series.snapshot(at(10)).unbroken
    assert closed(series, count=2) == [3, 9]


def test_hours_around_a_lost_connection_are_a_hole():
    series = quiet()
    put(series, 0)
    put(series, 3)
    assert put(series, 6, epoch=2).hole == Hole(at(3), at(6), 3), "the bar that it interrupted belongs to it"
    put(series, 9, epoch=2)
    assert holes(ask(series, 9, epoch=2)) == [(1, 6)]


def test_a_bar_that_the_next_connection_states_again_shows_that_nothing_was_missed_before_it():
    series = quiet()
    put(series, 0)
    put(series, 3)
    assert put(series, 3, 2.0, epoch=2).hole is None
    assert put(series, 6, epoch=2).hole is None
    assert holes(ask(series, 7, epoch=2)) == []


def test_a_lost_message_is_a_tear_though_the_connection_holds():
    series = quiet()
    put(series, 0)
    series.interrupt()
    assert put(series, 4).hole == Hole(at(0), at(4), 4)


def test_a_lost_message_of_a_later_bar_leaves_the_newest_alone_but_is_a_tear():
    series = quiet()
    put(series, 0)
    series.tear()
    assert put(series, 4).hole == Hole(at(1), at(4), 3)
    assert put(series, 6).hole is None
    assert closed(series) == [0, 4]


def test_nothing_is_missing_after_the_newest_bar_while_its_connection_is_up():
    series = quiet()
    put(series, 0, closed=True)
    assert holes(ask(series, 50)) == []


def test_after_a_lost_connection_anything_may_be_missing_after_the_newest_bar():
    series = quiet()
    put(series, 0, closed=True)
    assert holes(ask(series, 50, epoch=2)) == [(1, 50)]
    assert holes(ask(series, 50, epoch=None)) == [(1, 50)]


def test_after_a_lost_message_too():
    series = quiet()
    put(series, 0, closed=True)
    series.tear()
    assert holes(ask(series, 50)) == [(1, 50)]


def test_the_bar_that_forms_ends_what_may_be_missing_before_it():
    series = quiet()
    put(series, 0, closed=True)
    put(series, 5, epoch=2)
    assert holes(ask(series, 50, epoch=2)) == [(1, 5)]


def test_as_of_an_earlier_hour_only_what_was_torn_by_then_is_missing():
    series = quiet()
    for place, epoch in ((0, 1), (3, 1), (5, 1), (9, 2), (12, 2), (13, 2)):
        put(series, place, epoch=epoch)
    assert holes(ask(series, 2, epoch=2)) == []
    assert holes(ask(series, 5, epoch=2)) == []
    assert holes(ask(series, 8, epoch=2)) == [(5, 8)]
    assert holes(ask(series, 11, epoch=2)) == [(4, 9)]


def test_what_is_filled_into_a_tear_leaves_both_sides_of_it_open():
    series = quiet()
    put(series, 0, closed=True)
    put(series, 9, epoch=2, closed=True)
    series.fill(history(4), {0: 0})
    assert holes(ask(series, 10, epoch=2)) == [(1, 4), (5, 9)]


def test_a_late_bar_leaves_both_sides_of_it_open():
    series = quiet()
    put(series, 0, closed=True)
    put(series, 9, epoch=2, closed=True)
    put(series, 4, epoch=2, closed=True)
    assert holes(ask(series, 10, epoch=2)) == [(1, 4), (5, 9)]


def test_a_tear_of_which_somebody_says_that_nothing_was_there_is_mended():
    series = quiet()
    put(series, 0, closed=True)
    put(series, 9, epoch=2, closed=True)
    series.fill(history(4), {0: 0})
    series.mend(Hole(at(1), at(4), 3))
    assert holes(ask(series, 10, epoch=2)) == [(5, 9)]
    series.mend(Hole(at(5), at(9), 4))
    assert series.holes() == ()
    assert series.snapshot(at(10)).unbroken


def test_a_long_silence_lets_go_of_nothing():
    series = quiet(capacity=5)
    put(series, 0, closed=True)
    put(series, 50, closed=True)
    assert closed(series) == [0, 50]


def test_tears_are_forgotten_with_their_bars():
    series = quiet(capacity=3)
    for place in range(50):
        put(series, 2 * place, epoch=place + 1, closed=True)
    assert len(series._tears._before) <= 3


def test_a_tear_is_between_the_bars_that_it_is_between():
    tears = Tears(Timeframe("1m"))
    tears.add(at(5))
    assert (tears.between(at(4), at(5)), tears.between(at(5), at(9)), tears.between(at(0), at(4))) == (
        True,
        False,
        False,
    )
    assert tears.before(np.array([at(4), at(5), at(6)])).tolist() == [False, True, False]
    gaps = Hole(at(1), at(4), 3), Hole(at(2), at(5), 3), Hole(at(6), at(8), 2)
    assert tears.of(gaps) == gaps[1:2]


#: What happens to a stream: the next bar comes so many hours later, or something is lost.
HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("bar"), st.integers(1, 4)),
        st.tuples(st.sampled_from(["again", "missed", "unreadable", "reconnect", "fill", "mend"]), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=tries(150))
@given(HAPPENINGS, st.booleans(), st.data())
def test_every_bar_that_is_missing_is_in_a_hole(happenings, flagged, data):
    """Whatever happens to a stream: where an answer has neither bar nor hole, nothing was traded."""
    series, truth, hour, epoch, up = quiet(capacity=12), [], 0, 1, True
    for what, hours in happenings:
        if what == "bar":
            hour += hours
            truth.append(hour)
            if up:
                put(series, hour, epoch=epoch)
                if flagged:
                    put(series, hour, epoch=epoch, closed=True)
        elif what == "again" and up and truth:
            put(series, truth[-1], 5.0, epoch=epoch)
        elif what == "missed":  # a whole bar, on a connection that holds
            hour += 1
            truth.append(hour)
            series.tear()
        elif what == "unreadable":
            series.interrupt()
        elif what == "reconnect":
            up = not up
            epoch += up
        elif what in ("fill", "mend"):
            for hole in series.holes():
                inside = [place for place in truth if hole.start <= at(place) < hole.end]
                if inside:
                    series.fill(history(*inside), {0: 0})
                if what == "mend":
                    edges = [hole.start, *(at(place + 1) for place in inside)]
                    ends = [*(at(place) for place in inside), hole.end]
                    for start, end in zip(edges, ends, strict=True):
                        if start < end:
                            series.mend(Hole(start, end, (end - start) // (at(1) - at(0))))
    until = data.draw(st.integers(0, hour + 3))
    bars = ask(series, until, epoch if up else None)
    whole = [places_of(bar.open_time) for bar in bars if bar.closed]
    inside = {place for begin, end in holes(bars) for place in range(begin, end)}
    assert not inside & set(whole)
    if whole:
        assert not {place for place in truth if whole[0] < place < until} - set(places(bars)) - inside
    if bars.unbroken:
        assert not any(before < place < after for before, after in itertools.pairwise(whole) for place in inside)
