"""What a reader of frames is told, record by record."""

from __future__ import annotations

import dataclasses

import pytest

from wealthsources_replay.errors import RecordingError
from wealthsources_replay.frames import MissingRecord, StateRecord
from wealthsources_replay.player import Player
from wealthsources_replay.reader import Recording
from wealthsources_replay.writer import Limits

from .records import HEADER, T0, frame, record, segments, writer


class Replay:
    """A FrameReplay that notes what it is told."""

    def __init__(self) -> None:
        self.told, self.turns, self.connections = [], [], 0
        self.source = None

    def begin(self, shard, *, joined=False):
        self.connections += 1
        name = f"{shard}.{self.connections}"
        self.told.append(f"{name} {'joined' if joined else 'begins'}")
        told = self.told

        class Log:
            def frame(self, data, *, incoming):
                assert incoming
                told.append(f"{name} {data}")

            def ended(self, reason):
                told.append(f"{name} ends: {reason}")

        return Log()

    def turn(self):
        self.turns.append(self.player.time.wall_ms - T0)

    def finish(self, reason):
        self.told.append(reason)


def state(number, shard, epoch, what, reason=""):
    at = frame(number)
    return StateRecord(at.wall_ms, at.monotonic_ns, shard, epoch, what, reason)


def said(number, shard, epoch, data=None, **more):
    return frame(number, data or str(number), shard=shard, epoch=epoch, **more)


def missing(number):
    at = frame(number)
    return MissingRecord(at.wall_ms, at.monotonic_ns, 7, at.wall_ms, at.wall_ms, "a full disk")


def play(folder, *span):
    """What is told of a recording, and what is said of what is missing."""
    lines = []
    player, replay = Player(Recording(folder), *(span or (None, None)), lines.append), Replay()
    replay.player = player
    player.begin(replay)
    while not player.is_over:
        player.play()
    assert (player.play(), player.next_wall_ms) == (False, None)
    return replay, lines


CONNECTION = [
    state(0, 0, 1, "connecting"),
    said(1, 0, 1),
    said(2, 0, 1, direction="out"),
    state(3, 0, 1, "lost", "cut"),
]


def test_a_connection_from_its_beginning_to_its_end(tmp_path):
    record(tmp_path, CONNECTION)
    replay, lines = play(tmp_path)
    assert replay.told == ["0.1 begins", "0.1 1", "0.1 ends: cut", "the recording is over"]
    assert lines == []


def test_of_two_shards_each_has_its_own(tmp_path):
    record(tmp_path, [state(0, 0, 1, "connecting"), state(1, 1, 1, "connecting"), said(2, 1, 1), said(3, 0, 1)])
    assert play(tmp_path)[0].told[:-1] == ["0.1 begins", "1.2 begins", "1.2 2", "0.1 3"]


def test_one_beside_another_is_told_of_as_it_was(tmp_path):
    beside = [said(0, 0, 1), state(1, 0, 2, "connecting"), said(2, 0, 1), said(3, 0, 2), state(4, 0, 1, "lost", "old")]
    record(tmp_path, [state(0, 0, 1, "connecting"), *beside])
    assert play(tmp_path)[0].told[2:-1] == ["0.2 begins", "0.1 2", "0.2 3", "0.1 ends: old"]


def test_what_is_missing_ends_every_connection_and_one_that_goes_on_is_joined(tmp_path):
    begun = [state(0, 0, 1, "connecting"), state(0, 1, 1, "connecting"), said(1, 0, 1)]
    record(tmp_path, [*begun, missing(2), said(3, 0, 1), state(4, 0, 1, "lost", "cut")])
    replay, lines = play(tmp_path)
    why = "here 7 records are missing: a full disk"
    assert replay.told[3:-1] == [f"1.2 ends: {why}", f"0.1 ends: {why}", "0.3 joined", "0.3 3", "0.3 ends: cut"]
    assert lines == [why]


def test_of_two_that_go_on_where_something_was_missing_the_newer_is_joined(tmp_path):
    two = [state(0, 0, 1, "connecting"), state(1, 0, 2, "connecting")]
    record(tmp_path, [*two, missing(2), said(3, 0, 1), said(4, 0, 2), said(5, 0, 1), said(6, 0, 3)])
    told = play(tmp_path)[0].told[4:-1]
    assert told == [
        "0.3 joined",
        "0.3 4",
        "0.3 ends: the recording does not say how it ended",
        "0.4 joined",
        "0.4 6",
    ]


def test_what_comes_of_a_connection_that_is_over_is_not_of_a_new_one(tmp_path):
    record(tmp_path, [*CONNECTION, said(4, 0, 1), state(5, 0, 1, "lost", "again")])
    assert play(tmp_path)[0].told == ["0.1 begins", "0.1 1", "0.1 ends: cut", "the recording is over"]


def test_in_the_middle_connections_are_joined_with_their_first_message(tmp_path):
    record(tmp_path, [state(0, 0, 4, "connecting"), said(1, 0, 4), said(5, 0, 4, direction="out"), said(6, 0, 4)])
    assert play(tmp_path, T0 + 5, None)[0].told == ["0.1 joined", "0.1 6", "the recording is over"]


def test_another_process_has_none_of_the_connections_of_the_first(tmp_path):
    record(tmp_path, [state(0, 0, 1, "connecting"), said(1, 0, 1)])
    record(tmp_path, [state(2, 0, 1, "connecting"), said(3, 0, 1)])
    ended = "0.1 ends: the process that recorded it ended; another began"
    assert play(tmp_path)[0].told[2:-1] == [ended, "0.2 begins", "0.2 3"]


def test_what_is_damaged_is_missing(tmp_path):
    made = writer(tmp_path, limits=Limits(flush_every=0.005))
    for number, each in enumerate([state(0, 0, 1, "connecting"), said(1, 0, 1), said(2, 0, 1)], 1):
        made.add(each)
        while made.written < number:
            made._backlog.fills.set()
    made.close()
    (path,) = segments(tmp_path)
    data = bytearray(path.read_bytes())
    third = [at for at in range(len(data)) if data[at : at + 4] == b"\x1f\x8b\x08\x04"][2]
    data[third + 60] ^= 0xFF
    path.write_bytes(data)
    replay, lines = play(tmp_path)
    why = "here a part of the recording is damaged or not there"
    assert (lines, replay.told) == ([why], ["0.1 begins", f"0.1 ends: {why}", "0.2 joined", "0.2 2", replay.told[-1]])


def test_a_segment_that_is_not_there_is_missing(tmp_path):
    made = writer(tmp_path, limits=Limits(flush_every=0.005, segment=1))
    for number, each in enumerate([state(0, 0, 1, "connecting"), said(1, 0, 1), said(2, 0, 1)], 1):
        made.add(each)
        while made.written < number:
            made._backlog.fills.set()
    made.close()
    segments(tmp_path)[1].unlink()
    replay, lines = play(tmp_path)
    assert (len(lines), replay.told[-3:-1]) == (1, ["0.2 joined", "0.2 2"])
    segments(tmp_path)[0].write_bytes(b"nothing that can be read")
    assert play(tmp_path)[0].told == ["0.1 joined", "0.1 2", "the recording is over"]


def test_damage_at_the_end_is_told(tmp_path):
    record(tmp_path, [state(0, 0, 1, "connecting"), said(1, 0, 1)])
    (path,) = segments(tmp_path)
    path.write_bytes(path.read_bytes() + b"\x1f\x8b\x08\x04 and no more")
    assert play(tmp_path)[1] == ["here a part of the recording is damaged or not there"]


def test_it_has_a_turn_twice_a_second_and_after_a_pause(tmp_path):
    record(tmp_path, [said(number, 0, 1) for number in (0, 100, 400, 600, 1_000, 9_000, 9_100)])
    assert play(tmp_path)[0].turns == [0, 600, 9_000]


def test_time_may_pass_before_the_next_record(tmp_path):
    record(tmp_path, [said(0, 0, 1), said(5_000, 0, 1)])
    player, replay = Player(Recording(tmp_path), None, None, str), Replay()
    replay.player = player
    player.pass_by(1)
    player.begin(replay)
    assert player.next_wall_ms == T0
    assert [player.play() for _ in range(2)] == [False, True]
    player.pass_by(2)
    player.pass_by(-1)
    assert (player.time.wall_ms, replay.turns) == (T0 + 2_000, [0, 2_000])
    assert player.next_due - player.time.monotonic() == pytest.approx(3)


def test_a_span_that_is_not_recorded_is_an_error_at_once(tmp_path):
    record(tmp_path, CONNECTION, header=dataclasses.replace(HEADER))
    with pytest.raises(RecordingError, match="has nothing from"):
        Player(Recording(tmp_path), T0 + 10_000, None, str)
