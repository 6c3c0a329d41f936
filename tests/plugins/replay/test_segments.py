from __future__ import annotations

import pytest

from wealthsources_replay.header import SegmentHeader, write_header
from wealthsources_replay.members import pack
from wealthsources_replay.segments import SegmentFile, list_segments, newest_header, read_first_line

from .records import HEADER, HOUR, T0


def header_member(run):
    return pack(write_header(SegmentHeader(HEADER, run, T0, 0)), 0, T0, T0)


def begin(folder, run=None):
    segment = SegmentFile(folder, T0)
    segment.append(header_member(run) if run else b"x")
    segment.close()
    return segment.path


def test_they_are_named_by_number_and_time_and_come_in_the_order_of_their_numbers(tmp_path):
    (tmp_path / "999999-20270115T080000Z.jsonl.gz").touch()
    (tmp_path / "000002-20280115T080000Z.jsonl.gz").touch()
    (tmp_path / "notes.txt").touch()
    assert begin(tmp_path).name == "1000000-20270115T080000Z.jsonl.gz"
    assert [number for number, _ in list_segments(tmp_path)] == [2, 999_999, 1_000_000]


def test_the_newest_header_is_that_of_the_newest_segment_that_has_one(tmp_path):
    assert newest_header(tmp_path) is None
    begin(tmp_path, "first")
    begin(tmp_path, "second")
    begin(tmp_path)
    assert newest_header(tmp_path).run == "second"


def test_a_segment_without_a_byte_is_empty(tmp_path):
    path = tmp_path / "x"
    path.touch()
    with pytest.raises(ValueError, match="empty"):
        read_first_line(path)


def test_one_is_over_by_its_size_or_when_another_hour_begins_or_comes_again(tmp_path):
    segment = SegmentFile(tmp_path, T0)
    segment.append(b"12345")
    assert segment.is_over(T0, 5)
    assert not segment.is_over(T0, 6)
    assert not segment.is_over(T0 + HOUR - 1, 6)
    assert segment.is_over(T0 + HOUR, 6)
    assert segment.is_over(T0 - 1, 6)
    segment.close()


def test_what_was_not_written_whole_is_truncated_away(tmp_path):
    segment = SegmentFile(tmp_path, T0)
    segment.append(b"whole")
    segment._file.write(b"par")
    segment.give_up()
    assert segment.path.read_bytes() == b"whole"


def test_nothing_is_left_of_one_that_holds_nothing(tmp_path):
    segment = SegmentFile(tmp_path, T0)
    segment._file.write(b"par")
    segment.give_up()
    assert not segment.path.exists()


def test_one_that_was_taken_away_is_not_written_to(tmp_path):
    segment = SegmentFile(tmp_path, T0)
    segment.path.unlink()
    with pytest.raises(FileNotFoundError):
        segment.append(b"nobody finds it")
    segment.give_up()
