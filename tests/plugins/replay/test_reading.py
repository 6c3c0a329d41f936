from __future__ import annotations

import math

from wealthsources_replay.frames import FrameRecord
from wealthsources_replay.reading import Damage, Segment
from wealthsources_replay.segments import read_first_line

from .records import T0, frame, record, segments


def segment(folder, note):
    (path,) = segments(folder)
    return Segment(path, read_first_line(path), note)


def test_what_is_outside_of_the_span_is_left_out(tmp_path):
    record(tmp_path, map(frame, range(10)))
    read = segment(tmp_path, None)
    assert list(read.read(T0 + 3, T0 + 5)) == [frame(3), frame(4)]
    assert list(read.read(-math.inf, T0)) == []
    assert [read.overlaps(*span) for span in [(T0 + 10, math.inf), (-math.inf, T0), (T0 + 9, T0 + 10)]] == [0, 0, 1]


def test_its_bounds_are_the_least_and_the_greatest_time_not_the_first_and_the_last(tmp_path):
    record(tmp_path, [frame(n, wall_ms=T0 + wall) for n, wall in enumerate([50, 70, 20, 40])])
    assert segment(tmp_path, None).bounds == (T0 + 20, T0 + 70)


def test_what_is_damaged_is_told_with_what_was_in_it(tmp_path):
    record(tmp_path, [frame(0), frame(1)])
    (path,) = segments(tmp_path)
    data = bytearray(path.read_bytes())
    data[-6] ^= 1  # of the checksum
    path.write_bytes(data)
    told: list[Damage] = []
    assert list(segment(tmp_path, told.append).read(-math.inf, math.inf)) == []
    (damage,) = told
    assert damage.offset + damage.size == len(data)
    assert damage.reason.startswith("damaged, with 2 records of 2027-01-15 08:00 to 2027-01-15 08:00:00.001 (")
    assert str(damage).startswith(f"{path.name}: {damage.size} bytes at {damage.offset}: damaged")


def test_a_file_that_is_taken_away_meanwhile_is_told(tmp_path):
    record(tmp_path, [frame(0)])
    told: list[Damage] = []
    read = segment(tmp_path, told.append)
    (path,) = segments(tmp_path)
    path.unlink()
    assert list(read.read(-math.inf, math.inf)) == []
    assert read.bounds is None
    assert {damage.reason for damage in told} == {"cannot be read any more: No such file or directory"}


def test_all_kinds_come_back(tmp_path):
    binary = FrameRecord(T0, 10**15, 3, 2, "in", bytes(range(256)))
    record(tmp_path, [binary, frame(1, "\u00e9\ud800\n\x00")])
    assert list(segment(tmp_path, None).read(-math.inf, math.inf)) == [binary, frame(1, "\u00e9\ud800\n\x00")]
