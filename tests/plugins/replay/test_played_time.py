from __future__ import annotations

from wealthsources_replay.frames import BeganRecord
from wealthsources_replay.played_time import PlayedTime

from .records import HEADER, T0, frame

NS = 1_000_000_000
START = frame(0).monotonic_ns / NS


def come_to(*records):
    time, read = PlayedTime(), []
    for record in records:
        due = time.due(record)
        time.come_to(record)
        read.append((round(time.monotonic() - START, 3), time.wall_ms - T0))
        assert due == time.monotonic()
    return read


def test_it_is_what_the_clocks_said():
    assert come_to(frame(0), frame(250)) == [(0.0, 0), (0.25, 250)]


def test_of_two_shards_that_are_out_of_order_by_a_moment_the_later_counts():
    assert come_to(frame(5), frame(3)) == [(0.005, 5), (0.005, 3)]


def test_the_wall_clock_may_run_back():
    assert come_to(frame(5), frame(6, wall_ms=T0 - 60_000)) == [(0.005, 5), (0.006, -60_000)]


def test_another_process_goes_on_by_the_wall_clock_whatever_its_own_says():
    later = BeganRecord(T0 + 60_000, 7 * NS, HEADER)
    then = frame(0, wall_ms=T0 + 61_000, monotonic_ns=8 * NS)
    assert come_to(frame(0), later, then) == [(0.0, 0), (60.0, 60_000), (61.0, 61_000)]


def test_it_does_not_go_back_to_another_process_whose_wall_clock_is_behind():
    earlier = BeganRecord(T0 - 60_000, 7 * NS, HEADER)
    assert come_to(frame(0), earlier) == [(0.0, 0), (0.0, -60_000)]


def test_who_wants_to_know_is_told_each_time_once():
    time, told = PlayedTime(), []
    time.tell = told.append
    time.come_to(frame(0))
    time.come_to(frame(1, wall_ms=T0))
    time.pass_by(0.5)
    assert told == [T0, T0 + 500]


def test_time_passes_where_there_is_no_record():
    time = PlayedTime()
    time.come_to(frame(0))
    time.pass_by(1.5)
    assert (time.monotonic(), time.wall_ms, time.wall()) == (START + 1.5, T0 + 1_500, T0 / 1000 + 1.5)
    assert time.due(frame(1_000)) == START + 1.5
    time.come_to(frame(1_000))
    assert (time.monotonic(), time.wall_ms) == (START + 1.5, T0 + 1_000)
