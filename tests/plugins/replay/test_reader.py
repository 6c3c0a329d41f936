from __future__ import annotations

import dataclasses
import errno
import gzip
import tracemalloc
from pathlib import Path

import pytest

from wealthsources_replay.errors import RecordingError
from wealthsources_replay.frames import BeganRecord, FrameRecord
from wealthsources_replay.header import FORMAT, SegmentHeader, write_header
from wealthsources_replay.members import pack
from wealthsources_replay.reader import Recording
from wealthsources_replay.writer import Limits

from .records import HEADER, HOUR, T0, frame, record, segments, writer

ONE_EACH = Limits(flush_every=0.005, segment=1)


def record_each(folder, records):
    """A segment for each record."""
    made = writer(folder, limits=ONE_EACH)
    for number, each in enumerate(records, 1):
        made.add(each)
        while made.written < number:
            made._backlog.fills.set()
    made.close()


def frames_of(recording, *span):
    return [each for each in recording.frames(*span) if isinstance(each, FrameRecord)]


def test_a_recording_is_read_as_it_was_made(tmp_path):
    records = [frame(number) for number in range(1_000)]
    record(tmp_path, records)
    recording = Recording(tmp_path)
    assert recording.header == HEADER
    assert recording.span == (T0, T0 + 999)
    first, *rest = recording.frames()
    assert first == BeganRecord(T0, frame(0).monotonic_ns, HEADER)
    assert rest == records
    assert list(recording.frames()) == [first, *records]
    assert recording.damage == ()


def test_each_process_begins_with_its_header_also_where_a_span_begins_within(tmp_path):
    other = dataclasses.replace(HEADER, symbols=("SOLUSDT",))
    record(tmp_path, [frame(0), frame(1)])
    record(tmp_path, [frame(2), frame(3)], header=other)
    recording = Recording(tmp_path)
    assert [each.header if isinstance(each, BeganRecord) else each for each in recording.frames()] == [
        *(HEADER, frame(0), frame(1)),
        *(other, frame(2), frame(3)),
    ]
    began, only = recording.frames(T0 + 3)
    assert (began.header, only) == (other, frame(3))
    assert recording.header == HEADER


def test_segments_of_one_process_are_one(tmp_path):
    record_each(tmp_path, map(frame, range(4)))
    assert len(segments(tmp_path)) == 4
    assert len([each for each in Recording(tmp_path).frames() if isinstance(each, BeganRecord)]) == 1


def test_a_span_is_from_its_start_up_to_its_end(tmp_path):
    record_each(tmp_path, [frame(0), frame(1), frame(HOUR)])
    recording = Recording(str(tmp_path))
    assert frames_of(recording, T0 + 1, T0 + HOUR) == [frame(1)]
    assert frames_of(recording, None, T0 + 1) == [frame(0)]
    assert frames_of(recording, T0 + 1) == [frame(1), frame(HOUR)]


def test_a_span_that_is_not_recorded_is_an_error_at_once_that_names_what_is(tmp_path):
    record_each(tmp_path, [frame(number * HOUR) for number in range(5)] + [frame(4 * HOUR + 30_000)])
    recording = Recording(tmp_path)
    there = r"recorded is 2027-01-15 08:00 to 2027-01-15 08:00, .*, .* and 2 more \(UTC\)"
    with pytest.raises(RecordingError, match=rf"has nothing from 2027-01-15 08:30 to 2027-01-15 08:40; {there}"):
        recording.frames(T0 + HOUR // 2, T0 + HOUR * 2 // 3)
    with pytest.raises(RecordingError, match=r"has nothing from 2027-01-15 12:00:30\.001; recorded is"):
        recording.frames(T0 + 4 * HOUR + 30_001)
    with pytest.raises(RecordingError, match="has nothing to 2027-01-15 08:00; recorded is"):
        recording.frames(end_ms=T0)
    with pytest.raises(RecordingError, match="has nothing from"):
        recording.frames(T0 + 1, T0)


def test_where_the_clock_ran_back_the_order_stays_and_spans_find_both(tmp_path):
    record_each(tmp_path, [frame(0, wall_ms=T0 + HOUR), frame(1, wall_ms=T0), frame(2, wall_ms=T0 + 1)])
    recording = Recording(tmp_path)
    assert recording.span == (T0, T0 + HOUR)
    assert [each.wall_ms - T0 for each in frames_of(recording)] == [HOUR, 0, 1]
    assert [each.wall_ms - T0 for each in frames_of(recording, T0 + 1)] == [HOUR, 1]


# what is no recording -------------------------------------------------------------------------------------------


def refused(folder):
    with pytest.raises(RecordingError) as caught:
        Recording(folder)
    assert str(folder) in str(caught.value)
    return str(caught.value)


def test_a_folder_that_is_not_there(tmp_path):
    assert "there is no folder" in refused(tmp_path / "x")


def test_an_empty_folder(tmp_path):
    assert "is empty" in refused(tmp_path)


def test_a_file(tmp_path):
    (tmp_path / "x").touch()
    assert "is a file; a recording is a folder" in refused(tmp_path / "x")


def test_a_folder_with_other_files(tmp_path):
    (tmp_path / "x").touch()
    assert "is no recording: it holds no segment" in refused(tmp_path)


def test_a_folder_that_may_not_be_read(tmp_path, monkeypatch):
    def denied(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", denied)
    assert "cannot be read: Permission denied" in refused(tmp_path)


def test_files_of_another_program_that_are_named_alike(tmp_path):
    (tmp_path / "000001-20270115T080000Z.jsonl.gz").write_bytes(gzip.compress(b"{}"))
    assert "nothing of the recording" in refused(tmp_path)
    assert "damaged" in refused(tmp_path)


def test_one_that_was_ended_before_its_first_record(tmp_path):
    (tmp_path / "000001-20270115T080000Z.jsonl.gz").touch()
    assert "ended before there was any" in refused(tmp_path)


def test_a_header_alone_has_no_span(tmp_path):
    member = pack(write_header(SegmentHeader(HEADER, "a", T0, 1)), 0, T0, T0)
    (tmp_path / "000001-20270115T080000Z.jsonl.gz").write_bytes(member)
    recording = Recording(tmp_path)
    assert [type(each) for each in recording.frames()] == [BeganRecord]
    with pytest.raises(RecordingError, match="no record that can be read"):
        _ = recording.span
    with pytest.raises(RecordingError, match="no record that can be read"):
        recording.frames(T0)


@pytest.mark.parametrize(("number", "remedy"), [(FORMAT + 1, "upgrade"), (FORMAT - 1, "play it with wealthsources 0")])
def test_another_format_wherever_it_is(tmp_path, number, remedy):
    record(tmp_path, [frame(0)])
    line = write_header(SegmentHeader(HEADER, "a", T0, 1))
    line = line.replace(b'"recording": %d' % FORMAT, b'"recording": %d' % number)
    (tmp_path / "000002-20270115T080000Z.jsonl.gz").write_bytes(pack(line, 0, T0, T0))
    assert remedy in refused(tmp_path)


# damage ---------------------------------------------------------------------------------------------------------


def test_cut_at_any_byte_what_is_read_is_the_beginning(tmp_path):
    records = [frame(number) for number in range(6)]
    made = writer(tmp_path)
    for each in records:
        made.add(each)
        while made.written <= each.wall_ms - T0:
            made._backlog.fills.set()
    made.close()
    (path,) = segments(tmp_path)
    whole, read_before, kept_before = path.read_bytes(), [], 0
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        try:
            recording = Recording(tmp_path)
        except RecordingError:
            assert not read_before
            continue
        read = frames_of(recording)
        assert read == records[: len(read)]
        assert len(read) >= len(read_before)
        lost = sum(damage.size for damage in recording.damage)
        assert len(recording.damage) <= 1
        kept_before = max(kept_before, cut - lost)
        assert cut - lost == kept_before  # what was read of it stays read
        read_before = read
    assert read_before == records


def test_damage_in_the_middle_is_told_once_and_the_rest_is_read(tmp_path):
    record_each(tmp_path, map(frame, range(5)))
    paths = segments(tmp_path)
    for path, place in ((paths[1], 20), (paths[2], -6)):  # in the header; in the checksum of the record
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(data)
    recording = Recording(tmp_path)
    for _ in range(2):
        assert frames_of(recording) == [frame(0), frame(3), frame(4)]
        assert [damage.file for damage in recording.damage] == [path.name for path in paths[1:3]]
    assert recording.damage[0].size == paths[1].stat().st_size


def test_segments_that_are_not_there_are_told_and_old_ones_may_have_been_cleared_away(tmp_path):
    record_each(tmp_path, map(frame, range(6)))
    first, _, third, fourth, fifth, _ = segments(tmp_path)
    first.unlink()
    third.unlink()
    fourth.unlink()
    recording = Recording(tmp_path)
    assert frames_of(recording) == [frame(1), frame(4), frame(5)]
    assert [str(damage) for damage in recording.damage] == [
        f"{fifth.name}: 0 bytes at 0: 2 segments before it are not there"
    ]


def test_a_recording_that_still_goes_on_is_read_as_far_as_it_is(tmp_path):
    made = writer(tmp_path)
    made.add(frame(0))
    while not made.written:
        made._backlog.fills.set()
    assert frames_of(Recording(tmp_path)) == [frame(0)]
    made.close()


def test_it_is_read_in_little_memory(tmp_path):
    data = "x" * 1_000
    for _ in range(15):  # what is written at once is in memory at once
        record(tmp_path, (frame(number, data) for number in range(1_000)))
    tracemalloc.start()
    try:
        count = sum(1 for _ in Recording(tmp_path).frames())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 15 * 1_001
    assert peak < 5 << 20  # of 15 MB


def test_the_processes_of_a_span_are_known_without_reading_it(tmp_path):
    other = dataclasses.replace(HEADER, symbols=("SOLUSDT",))
    record(tmp_path, [frame(0), frame(HOUR)])
    record(tmp_path, [frame(2 * HOUR)], header=other)
    recording = Recording(tmp_path)
    assert [run.header for run in recording.runs()] == [HEADER, other]
    assert [run.wall_ms for run in recording.runs(T0 + HOUR + 1)] == [T0 + 2 * HOUR]
    assert [run.header for run in recording.runs(None, T0 + 1)] == [HEADER]
    assert recording.runs(T0 + 9 * HOUR) == ()


def test_of_a_stretch_nothing_is_left_out_where_the_clock_ran_back(tmp_path):
    walls = [0, 10, 20, 5, 6, 20, 30]
    record(tmp_path, [frame(number, wall_ms=T0 + wall) for number, wall in enumerate(walls)])
    recording = Recording(tmp_path)

    def played(*span):
        return [each.wall_ms - T0 for each in recording.stretch(*span) if isinstance(each, FrameRecord)]

    assert played() == walls
    assert played(T0 + 10, None) == [10, 20, 5, 6, 20, 30]
    assert played(T0 + 10, T0 + 20) == [10]
    assert played(T0 + 6, T0 + 30) == [10, 20, 5, 6, 20]
    with pytest.raises(RecordingError, match="has nothing from"):
        recording.stretch(T0 + 31)


def test_a_stretch_goes_over_segments_of_a_clock_that_ran_back(tmp_path):
    record_each(tmp_path, [frame(number, wall_ms=T0 + wall) for number, wall in enumerate([0, 50, 10, 60, 70])])
    recording = Recording(tmp_path)
    found = [each.wall_ms - T0 for each in recording.stretch(T0 + 40, T0 + 65) if isinstance(each, FrameRecord)]
    assert found == [50, 10, 60]
    assert len(recording.runs(T0 + 40, T0 + 65)) == 1
    assert recording.losses == 0


def test_what_a_stretch_passes_over_is_counted(tmp_path):
    record_each(tmp_path, [frame(number) for number in range(4)])
    segments(tmp_path)[1].unlink()
    segments(tmp_path)[1].write_bytes(b"nothing that can be read")
    recording = Recording(tmp_path)
    before = recording.losses
    seen = [(each.monotonic_ns, recording.losses - before) for each in recording.stretch()]
    assert [losses for _, losses in seen] == [0, 0, 1]
