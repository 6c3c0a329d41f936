from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import Bars, BarStore, Finality, Hole, SeriesBuffer, Timeframe

from ..support.bars import HOUR, T0, at, places
from .buffers import FOREVER, closed, history, put


def series(capacity: int = 10, **options) -> SeriesBuffer:
    return SeriesBuffer("BTCUSDT", "1h", capacity, **options)


def test_fifty_updates_are_one_bar_with_the_latest_values():
    buffer = series()
    for volume in range(50):
        put(buffer, 0, float(volume))
    bar = buffer.all()[-1]
    assert len(buffer) == 1
    assert (bar.volume, bar.revision, bar.closed) == (49.0, 49, False)


def test_a_forming_bar_is_in_no_answer_unless_asked_for():
    buffer = series()
    put(buffer, 0)
    assert closed(buffer) == []
    assert closed(buffer, forming_epoch=1) == [0]


def test_a_successor_on_the_same_connection_closes_a_bar():
    buffer = series()
    put(buffer, 0)
    stored = put(buffer, 1)
    assert stored.closed == (at(0),)
    assert buffer.snapshot(FOREVER)[0].finality is Finality.SUCCESSOR


def test_a_successor_on_a_later_connection_closes_nothing():
    buffer = series()
    put(buffer, 0, epoch=1)
    stored = put(buffer, 1, epoch=2)
    assert stored.closed == ()
    assert stored.hole == Hole(at(0), at(1), 1)
    put(buffer, 2, epoch=2)
    assert closed(buffer) == [1]


def test_an_interrupted_bar_that_the_new_connection_sends_again_is_closed_by_its_successor():
    buffer = series()
    put(buffer, 0, epoch=1)
    assert put(buffer, 0, epoch=2).kind == "repeat"
    put(buffer, 1, epoch=2)
    assert closed(buffer) == [0]


def test_an_interrupted_bar_is_not_shown_as_forming_on_the_next_connection():
    buffer = series()
    put(buffer, 0, epoch=1)
    assert closed(buffer, forming_epoch=2) == []


def test_a_flag_closes_a_bar_at_once():
    buffer = series()
    stored = put(buffer, 0, closed=True)
    assert stored.closed == (at(0),)
    assert buffer.snapshot(FOREVER)[0].finality is Finality.FLAG


def test_a_closed_bar_never_becomes_forming_again():
    buffer = series()
    put(buffer, 0, closed=True)
    assert put(buffer, 0, 2.0, closed=False).kind == "correction"
    assert buffer.snapshot(FOREVER)[0].closed is True


def test_an_exact_repeat_is_no_revision():
    buffer = series()
    put(buffer, 0)
    assert put(buffer, 0).kind == "repeat"
    assert buffer.all()[0].revision == 0


def test_a_larger_state_of_a_closed_bar_is_a_correction():
    buffer = series()
    put(buffer, 0)
    put(buffer, 1)
    assert put(buffer, 0, 2.0).kind == "correction"
    bar = buffer.snapshot(FOREVER)[0]
    assert (bar.volume, bar.revision) == (2.0, 1)


def test_an_earlier_state_of_a_closed_bar_is_dropped():
    buffer = series()
    put(buffer, 0)
    put(buffer, 1)
    assert put(buffer, 0, 0.5).kind == "older"
    assert buffer.snapshot(FOREVER)[0].volume == 1.0


def test_corrections_can_be_rejected():
    buffer = series(corrections="reject")
    put(buffer, 0, closed=True)
    assert put(buffer, 0, 2.0, closed=True).kind == "rejected"
    assert buffer.snapshot(FOREVER)[0].volume == 1.0


def test_a_late_bar_goes_where_it_belongs_and_is_closed_by_the_later_one():
    buffer = series()
    put(buffer, 2)
    stored = put(buffer, 1)
    assert (stored.kind, stored.closed) == ("new", (at(1),))
    assert closed(buffer, forming_epoch=1) == [1, 2]


def test_skipped_bars_are_a_hole():
    buffer = series()
    put(buffer, 0)
    assert put(buffer, 4).hole == Hole(at(1), at(4), 3)
    put(buffer, 5)
    assert buffer.holes() == (Hole(at(1), at(4), 3),)


def test_a_message_of_a_connection_that_is_over_is_dropped():
    buffer = series()
    put(buffer, 0, epoch=2)
    assert put(buffer, 1, epoch=1).kind == "old_epoch"
    assert len(buffer) == 1


def test_only_the_newest_bars_are_kept():
    buffer = series(5)
    for place in range(100):
        put(buffer, place, closed=True)
    assert closed(buffer) == [95, 96, 97, 98, 99]


def test_a_bar_older_than_all_that_fits_is_refused():
    buffer = series(3)
    for place in range(3, 6):
        put(buffer, place, closed=True)
    assert put(buffer, 1, closed=True).kind == "too_old"


@pytest.mark.parametrize(("count", "wanted"), [(1, [3]), (2, [2, 3]), (9, [0, 1, 2, 3])])
def test_count_takes_the_newest(count, wanted):
    buffer = series()
    for place in range(5):
        put(buffer, place)
    assert closed(buffer, count=count) == wanted


def test_end_and_start_bound_the_answer():
    buffer = series()
    for place in range(6):
        put(buffer, place)
    assert places(buffer.snapshot(at(3))) == [0, 1, 2]
    assert places(buffer.snapshot(at(3) - 1)) == [0, 1]
    assert places(buffer.snapshot(at(3), start=at(1))) == [1, 2]
    assert places(buffer.snapshot(at(3), start=at(1) + 1)) == [2]


def test_an_answer_is_a_copy():
    buffer = series()
    put(buffer, 0, closed=True)
    before = buffer.snapshot(FOREVER)
    put(buffer, 0, 5.0, closed=True)
    assert before[0].volume == 1.0


def test_a_backfill_replaces_what_was_interrupted_but_nothing_that_evidence_closed():
    store = BarStore("live")
    buffer = store.series("BTCUSDT", Timeframe("1h"))
    put(buffer, 0, epoch=1)
    put(buffer, 1, epoch=1)
    put(buffer, 2, epoch=2)
    put(buffer, 3, epoch=2)
    filled = store.fill(history(0, 1, 2, 3))
    assert (filled.added, filled.disagreements) == (1, 2)
    assert [bar.volume for bar in buffer.snapshot(FOREVER)] == [1.0, 7.0, 1.0]


def test_a_backfill_brings_nothing_newer_than_the_server_has_sent():
    store = BarStore("live")
    buffer = store.series("BTCUSDT", Timeframe("1h"))
    put(buffer, 0)
    store.fill(history(0, 1, 2))
    assert buffer.newest == at(0)
    assert closed(buffer) == []


def test_after_an_interruption_a_successor_on_the_same_connection_closes_nothing():
    buffer = series()
    put(buffer, 0)
    buffer.interrupt()
    assert closed(buffer, forming_epoch=1) == []
    assert put(buffer, 1).hole == Hole(at(0), at(1), 1)
    put(buffer, 2)
    assert closed(buffer) == [1]


def test_an_interrupted_bar_that_is_sent_again_goes_on_as_before():
    buffer = series()
    put(buffer, 0)
    buffer.interrupt()
    put(buffer, 0, 2.0)
    put(buffer, 1)
    assert closed(buffer) == [0]


def test_the_texts_of_bars_that_a_backfill_pushed_out_are_forgotten():
    store = BarStore("live", capacity=4)
    buffer = store.series("BTCUSDT", Timeframe("1h"))
    for place in range(0, 8, 2):
        put(buffer, place, closed=True)
    text = "1.0000000000000001"
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), text)
    records = [{"open_time": at(place), "closed": True, **prices} for place in (1, 3, 5)]
    store.fill(Bars.from_records("BTCUSDT", "1h", records))
    assert closed(buffer) == [3, 4, 5, 6]
    assert set(buffer.all().texts) == {at(3), at(5)}


def test_text_that_a_float_cannot_give_back_survives_and_is_forgotten_with_its_bar():
    buffer = series(2)
    long_text = "0.12345678901234567890"
    code = 63 << 24
    buffer.put(
        at(0), 0, (1.0, 1.0, 1.0, 1.0, 0.1), decimals=code, closed=True, texts=(None, None, None, None, long_text)
    )
    assert buffer.snapshot(FOREVER)[0].exact("volume") == long_text
    for place in range(1, 5):
        put(buffer, place, closed=True)
    assert not buffer.all().texts


# the laws ------------------------------------------------------------------------------------------------------


class Reference:
    """What a series must hold, said in the plainest way, for a buffer that never overflows."""

    def __init__(self) -> None:
        self.bars: dict[int, dict] = {}
        self.seen: dict[int, set[int]] = {}  # epoch -> places it sent

    def put(self, place: int, volume: float, epoch: int, flag: bool | None) -> None:
        bar = self.bars.get(place)
        if bar is None:
            self.bars[place] = {"volume": volume, "epoch": epoch, "closed": bool(flag)}
        elif not bar["closed"]:
            bar.update(volume=volume, epoch=epoch, closed=bool(flag))
        elif flag or volume >= bar["volume"]:
            bar["volume"] = volume
        self.seen.setdefault(epoch, set()).add(place)
        for other, bar in self.bars.items():
            if max(self.seen[epoch]) > other and bar["epoch"] == epoch:
                bar["closed"] = True

    def closed(self) -> dict[int, float]:
        return {place: bar["volume"] for place, bar in sorted(self.bars.items()) if bar["closed"]}

    def forming(self, epoch: int) -> int | None:
        newest = max(self.bars, default=None)
        if newest is None or self.bars[newest]["closed"] or self.bars[newest]["epoch"] != epoch:
            return None
        return newest


MESSAGES = st.lists(
    st.tuples(
        st.integers(0, 14),
        st.sampled_from([1.0, 2.0, 3.0]),
        st.sampled_from([0, 0, 0, 0, 1]),  # a new connection before this message?
        st.sampled_from([None, None, None, True, False]),
    ),
    max_size=60,
)


@given(MESSAGES, st.integers(1, 20), st.integers(-1, 16))
def test_any_sequence_of_messages_leaves_what_the_reference_says(messages, count, end):
    buffer, reference, epoch = series(100), Reference(), 1
    for place, volume, cut, flag in messages:
        epoch += cut
        put(buffer, place, volume, epoch=epoch, closed=flag)
        reference.put(place, volume, epoch, flag)
        truth = reference.closed()
        answer = buffer.snapshot(FOREVER)
        assert dict(zip(places(answer), answer.values[:, 4], strict=True)) == truth
        if answer.unbroken and truth:
            assert max(truth) - min(truth) + 1 == len(truth)
        forming = reference.forming(epoch)
        assert closed(buffer, forming_epoch=epoch) == [*truth, *([] if forming is None else [forming])]
    wanted = [place for place in reference.closed() if place + 1 <= end][-count:]
    answer = buffer.snapshot(at(end), count=count)
    assert places(answer) == wanted
    if answer.unbroken and wanted:
        assert wanted == list(range(wanted[0], wanted[-1] + 1))


@given(MESSAGES)
def test_unbroken_is_known_exactly_when_nothing_is_missing_at_the_end(messages):
    buffer, epoch = series(100), 1
    for place, volume, cut, flag in messages:
        epoch += cut
        put(buffer, place, volume, epoch=epoch, closed=flag)
        truth = closed(buffer)
        run = 0
        while run < len(truth) and truth[-1] - run == truth[-1 - run]:
            run += 1
        newest_is_older_forming = bool(len(buffer)) and truth and places(buffer.all())[-1] - 1 > truth[-1]
        for count in range(1, run + 1):
            answer = buffer.snapshot(FOREVER, count=count)
            assert places(answer) == truth[-count:]
            assert answer.unbroken or newest_is_older_forming or _forming_between(buffer, truth[-count])


def _forming_between(buffer: SeriesBuffer, oldest: int) -> bool:
    """A bar that a lost connection left forming lies after `oldest`: the run is counted from there."""
    return any(not bar.closed and (bar.open_time - T0) // HOUR > oldest for bar in buffer.all())


@given(st.permutations(range(12)))
def test_any_order_of_arrival_gives_the_same_bars(order):
    buffer = series(100)
    for place in order:
        put(buffer, place)
    assert closed(buffer, forming_epoch=1) == list(range(12))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=80))
def test_a_full_buffer_keeps_the_newest_in_order(arrivals):
    buffer = series(7)
    for place in arrivals:
        put(buffer, place, closed=True)
    held = closed(buffer)
    assert held == sorted(set(held))
    assert len(held) <= 7
    assert held[-1] == max(arrivals)


@given(MESSAGES, st.sets(st.integers(0, 14), min_size=1))
def test_a_backfill_never_changes_a_closed_bar(messages, wanted):
    store, epoch = BarStore("live"), 1
    buffer = store.series("BTCUSDT", Timeframe("1h"))
    for place, volume, cut, flag in messages:
        epoch += cut
        put(buffer, place, volume, epoch=epoch, closed=flag)
    before = {place: bar.volume for place, bar in zip(closed(buffer), buffer.snapshot(FOREVER), strict=True)}
    newest = buffer.newest
    store.fill(history(*sorted(wanted)))
    after = buffer.snapshot(FOREVER)
    now = {place: bar.volume for place, bar in zip(places(after), after, strict=True)}
    assert {place: now[place] for place in before} == before
    assert buffer.newest == newest
    assert all(now[place] == 7.0 for place in set(now) - set(before))
    if newest is not None:
        assert {place for place in wanted if at(place) < newest} <= set(now)


def test_readers_see_whole_bars_while_a_writer_writes():
    buffer, problems, done = series(50), [], threading.Event()

    def read() -> None:
        while not done.is_set():
            answer = buffer.snapshot(FOREVER, count=30, forming_epoch=1)
            times = np.diff(answer.open_times)
            if len(times) and (times != HOUR).any():
                problems.append("a hole that was never there")
            if len(answer) and (answer.values[:, 0] != answer.values[:, 4]).any():
                problems.append("a torn row")

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=read) for _ in range(4)]
    try:
        for thread in threads:
            thread.start()
        for place in range(3000):
            value = float(place)
            buffer.put(at(place), at(place + 1), (value, value, value, value, value), epoch=1, arrived=0.0)
    finally:
        done.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert not problems


def test_the_bar_that_closes_before_a_hole_as_wide_as_the_capacity_can_still_be_had():
    buffer = SeriesBuffer("BTCUSDT", "1h", 4)
    for place in range(3):
        put(buffer, place, 1.0)
    stored = put(buffer, 20, 1.0)
    assert stored.closed == (at(2),)
    assert stored.hole is not None
    assert len(buffer) == 1
    assert buffer.snapshot(FOREVER).unbroken, "no bar of it is closed, so none is missing between any"
    gone = buffer.at(at(2))
    assert gone is not None
    assert (gone.open_time, gone.closed) == (at(2), True)
    assert buffer.at(at(1)) is None


def test_the_bar_that_a_connection_is_forming_is_known_by_its_open_time_and_volume():
    series = SeriesBuffer("BTCUSDT", "1h")
    assert series.vouched_by(1) == ()
    put(series, 1, 5.0, epoch=1)
    put(series, 2, 7.0, epoch=1)
    assert series.vouched_by(1) == ((at(2), 7.0),)
    assert series.vouched_by(2) == ()
    series.interrupt()
    assert series.vouched_by(1) == ()
    put(series, 2, 8.0, epoch=1, closed=True)
    assert series.vouched_by(1) == ()
