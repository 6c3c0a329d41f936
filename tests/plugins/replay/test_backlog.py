from __future__ import annotations

import threading

from wealthsources_replay.backlog import Backlog
from wealthsources_replay.frames import MissingRecord, StateRecord

from .records import T0, frame


def test_what_was_added_is_taken_once_and_in_order():
    backlog = Backlog(10, 1000)
    records = [frame(0), StateRecord(T0, 1, 0, 1, "lost", "reset"), frame(2)]
    for record in records:
        backlog.add(record)
    assert backlog.take("") == records
    assert backlog.take("") == []


def test_of_what_does_not_fit_there_are_number_times_and_reason():
    backlog = Backlog(2, 1000)
    for number, wall in [(0, 0), (1, 1), (2, 50), (3, 40), (4, 60)]:
        backlog.add(frame(number, wall_ms=T0 + wall))
    *taken, missing = backlog.take("busy")
    assert [record.wall_ms for record in taken] == [T0, T0 + 1]
    last = frame(4).monotonic_ns
    assert missing == MissingRecord(T0 + 60, last, 3, T0 + 40, T0 + 60, "busy")
    assert backlog.missing == 3
    backlog.add(frame(5))
    assert backlog.take("") == [frame(5)]


def test_large_frames_are_bounded_too_and_nothing_overtakes_what_did_not_fit():
    backlog = Backlog(100, 10)
    for data in ("12345", b"123456", "1"):
        backlog.add(frame(0, data))
    first, missing = backlog.take("")
    assert first.data == "12345"
    assert missing.records == 2


def test_it_says_when_it_fills():
    backlog = Backlog(100, 400)
    backlog.add(frame(0, "x" * 99))
    assert not backlog.fills.is_set()
    backlog.add(frame(0, "x"))
    assert backlog.fills.is_set()
    many = Backlog(8, 1000)
    for number in range(3):
        many.add(frame(number))
    assert many.fills.is_set()


def test_one_that_is_shut_takes_nothing_and_counts():
    backlog = Backlog(10, 1000)
    backlog.add(frame(0))
    assert backlog.shut() == 1
    backlog.add(frame(1))
    assert backlog.missing == 1
    assert [record.records for record in backlog.take("")] == [1]


def test_threads_at_once_lose_nothing_and_keep_their_own_order():
    backlog, taken = Backlog(10**6, 10**9), []
    begin = threading.Barrier(5)

    def add(shard):
        begin.wait()
        for number in range(2_000):
            backlog.add(frame(number, shard=shard))

    threads = [threading.Thread(target=add, args=(shard,)) for shard in range(4)]
    for thread in threads:
        thread.start()
    begin.wait()
    while any(thread.is_alive() for thread in threads):
        taken += backlog.take("")
    taken += backlog.take("")
    for shard in range(4):
        assert [record for record in taken if record.shard == shard] == [frame(n, shard=shard) for n in range(2_000)]
