from __future__ import annotations

import errno
import logging
import resource
import shutil
import threading
from pathlib import Path

import pytest

from wealthsources import Redactor
from wealthsources_replay import output, segments as segments_module
from wealthsources_replay.errors import RecordingError
from wealthsources_replay.frames import BeganRecord, ClockRecord, FrameRecord, MissingRecord, StateRecord
from wealthsources_replay.reader import Recording
from wealthsources_replay.writer import Limits

from ...support.forking import in_child
from ...support.waiting import nothing_left_behind, wait_until
from .records import HEADER, QUICK, T0, frame, record, segments, writer

NEVER = Limits(flush_every=1e6)


def read(folder):
    recording = Recording(folder)
    records = [each for each in recording.frames() if not isinstance(each, BeganRecord)]
    assert recording.damage == ()
    return records


def lines(caplog, word):
    return [line for line in caplog.messages if word in line]


def test_what_was_added_is_read_again_and_nothing_is_left_behind(tmp_path):
    records = [
        frame(0),
        StateRecord(T0, 10**15, 1, 2, "lost", "reset"),
        frame(2, b"\0\1\xff"),
        frame(3, direction="out"),
    ]
    with nothing_left_behind():
        made = record(tmp_path, records)
    assert read(tmp_path) == records
    assert (made.written, made.missing, made.paused) == (4, 0, "")


def test_it_is_written_without_being_closed(tmp_path):
    made = writer(tmp_path)
    made.add(frame(0))
    wait_until(lambda: made.written)
    assert read(tmp_path) == [frame(0)]
    made.close()


def test_what_is_added_after_the_end_is_counted(tmp_path):
    made = record(tmp_path, [frame(0)])
    made.add(frame(1))
    made.close()
    assert made.missing == 1
    assert read(tmp_path) == [frame(0)]


def test_a_full_backlog_is_written_before_its_time(tmp_path):
    made = writer(tmp_path, limits=NEVER._replace(most_records=8))
    for number in range(4):
        made.add(frame(number))
    wait_until(lambda: made.written)
    made.close()


def test_much_at_once_is_written_in_pieces(tmp_path):
    records = [frame(number, "x" * 400_000) for number in range(7)]
    record(tmp_path, records, limits=NEVER)
    assert read(tmp_path) == records


@pytest.fixture
def hanging(monkeypatch):
    """`hanging(made)` is an event: until it is set, the disk takes nothing, and does not say so either."""

    def hang(made):
        goes_on, append = threading.Event(), made._output.append

        def hangs(chunk):
            goes_on.wait()
            append(chunk)

        monkeypatch.setattr(made._output, "append", hangs)
        return goes_on

    return hang


def test_what_does_not_fit_is_told_in_the_log_and_in_the_recording(tmp_path, hanging, caplog):
    made = writer(tmp_path, limits=QUICK._replace(most_records=2))
    goes_on = hanging(made)
    made.add(frame(0))
    wait_until(lambda: made._unwritten)
    for number in range(1, 6):
        made.add(frame(number))
    goes_on.set()
    made.close()
    missing = MissingRecord(T0 + 5, frame(5).monotonic_ns, 3, T0 + 3, T0 + 5, "more came than could be written")
    assert read(tmp_path) == [frame(0), frame(1), frame(2), missing]
    assert made.missing == 3
    assert lines(caplog, "3 records are missing")


def test_threads_at_once(tmp_path):
    made, begin = writer(tmp_path, limits=Limits(flush_every=0.001)), threading.Barrier(4)

    def add(shard):
        begin.wait()
        for number in range(3_000):
            made.add(frame(number, shard=shard))

    threads = [threading.Thread(target=add, args=(shard,)) for shard in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made.close()
    got = read(tmp_path)
    assert len(got) == 12_000
    for shard in range(4):
        assert [each for each in got if each.shard == shard] == [frame(n, shard=shard) for n in range(3_000)]


def test_secrets_are_nowhere_in_it(tmp_path):
    secret = "s3cr3t-s3cr3t"
    text = f'{{"token":"{secret}"}}'
    said = [frame(0, text, direction="out"), frame(1, text), StateRecord(T0, 1, 0, 1, "lost", secret)]
    record(tmp_path, said, redact=Redactor(secret))
    assert "s3cr3t" not in str(list(Recording(tmp_path).frames()))


def test_a_frame_that_cannot_be_redacted_is_not_written_and_the_others_are(tmp_path, caplog):
    def redact(text):
        return str(1 // 0) if "bad" in text else text

    made = record(tmp_path, [frame(0), frame(1, "bad"), frame(2)], redact=redact)
    missing = MissingRecord(
        T0 + 1, frame(1).monotonic_ns, 1, T0 + 1, T0 + 1, "it could not be written down: ZeroDivisionError"
    )
    assert read(tmp_path) == [frame(0), missing, frame(2)]
    assert made.missing == 1
    assert lines(caplog, "could not be written down")


def test_a_clock_that_ran_back_is_noticed_and_no_error(tmp_path, caplog):
    back = frame(1, wall_ms=T0 - 60_000)
    record(tmp_path, [frame(0), back])
    assert read(tmp_path) == [frame(0), ClockRecord(back.wall_ms, back.monotonic_ns, 60_001), back]
    assert caplog.messages == []


def test_whatever_fails_the_thread_goes_on(tmp_path, caplog):
    made = writer(tmp_path)
    made.add(frame(0, wall_ms=2**70))  # no time at all
    wait_until(lambda: made.missing == 1)
    made.add(frame(1))
    made.close()
    assert read(tmp_path)[-1] == frame(1)
    assert lines(caplog, "1 records were not written")


# who may record -------------------------------------------------------------------------------------------------


def test_a_second_one_in_the_folder_is_refused(tmp_path):
    made = writer(tmp_path)
    with pytest.raises(RecordingError, match="already"):
        writer(tmp_path)
    made.close()
    record(tmp_path, [frame(0)])
    assert read(tmp_path) == [frame(0)]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match="file/x cannot be recorded to: Not a directory"):
        writer(tmp_path / "file" / "x")


def test_a_forked_child_leaves_it_to_the_parent(tmp_path):
    made = writer(tmp_path)
    made.add(frame(0))
    wait_until(lambda: made.written)

    def child():
        made.add(frame(1))
        made.close()
        return made.missing

    assert in_child(child) == 1
    made.add(frame(2))
    made.close()
    assert read(tmp_path) == [frame(0), frame(2)]


# when it cannot be written --------------------------------------------------------------------------------------


@pytest.fixture
def disk(monkeypatch):
    """`disk.left` bytes can be written; then writing fails, in the middle, as on a disk that is full."""

    class Disk:
        left: float = float("inf")
        error = OSError(errno.ENOSPC, "No space left on device")

    class File:
        def __init__(self, file):
            self._file = file
            self.truncate, self.close = file.truncate, file.close

        def write(self, data):
            size = int(min(len(data), Disk.left))
            if not size:
                raise Disk.error
            Disk.left -= size
            return self._file.write(data[:size])

    plain = Path.open

    def opened(path, mode="r", *args, **options):
        file = plain(path, mode, *args, **options)
        return File(file) if "x" in mode else file

    monkeypatch.setattr(segments_module.Path, "open", opened)
    return Disk


def test_a_full_disk_pauses_says_so_once_and_loses_nothing_that_finds_room(tmp_path, disk, caplog):
    made = writer(tmp_path)
    made.add(frame(0))
    wait_until(lambda: made.written == 1)
    size, disk.left = segments(tmp_path)[0].stat().st_size, 20  # enough for a part of a member
    made.add(frame(1))
    wait_until(lambda: made.paused)
    assert made.paused == "No space left on device"
    assert [path.stat().st_size for path in segments(tmp_path)] == [size]
    made.add(frame(2))
    wait_until(lambda: not disk.left)
    disk.left = float("inf")
    wait_until(lambda: made.written == 3)
    made.close()
    assert read(tmp_path) == [frame(0), frame(1), frame(2)]
    assert len(segments(tmp_path)) == 2
    assert len(lines(caplog, "has paused: No space left on device; it is tried again every 0.02 s")) == 1
    assert len(lines(caplog, "goes on; 0 records are missing")) == 1


def test_what_found_no_room_while_the_disk_was_full_is_told_with_its_times(tmp_path, disk):
    made = writer(tmp_path, limits=QUICK._replace(most_records=2))
    disk.left = 0
    made.add(frame(0))
    wait_until(lambda: made.paused)
    for number in range(1, 6):
        made.add(frame(number))
    disk.left = float("inf")
    made.close()
    missing = MissingRecord(T0 + 5, frame(5).monotonic_ns, 3, T0 + 3, T0 + 5, "No space left on device")
    assert read(tmp_path) == [frame(0), frame(1), frame(2), missing]
    assert made.missing == 3


def test_a_disk_that_stays_full_leaves_no_files_and_the_end_says_what_was_lost(tmp_path, disk, caplog):
    made = writer(tmp_path)
    disk.left = 0
    made.add(frame(0))
    wait_until(lambda: made.paused)
    made.add(frame(1))
    made.close()
    assert segments(tmp_path) == []
    assert made.missing == 2
    assert lines(caplog, "the last 2 records were not written")


def test_a_disk_that_is_full_at_the_beginning_is_waited_for(tmp_path, monkeypatch):
    lock, full = output.FolderLock, [True]

    def locked(folder):
        if full[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        return lock(folder)

    monkeypatch.setattr(output, "FolderLock", locked)
    made = writer(tmp_path)
    made.add(frame(0))
    assert made.paused
    full[0] = False
    wait_until(lambda: made.written)
    made.close()
    assert read(tmp_path) == [frame(0)]


def test_rights_that_were_taken_away_are_waited_for(tmp_path, disk):
    made = writer(tmp_path)
    disk.left, disk.error = 0, PermissionError(errno.EACCES, "Permission denied")
    made.add(frame(0))
    wait_until(lambda: made.paused == "Permission denied")
    disk.left = float("inf")
    made.close()
    assert read(tmp_path) == [frame(0)]


def test_a_folder_that_was_taken_away_is_made_again(tmp_path, caplog):
    folder = tmp_path / "recording"
    made = writer(folder)
    made.add(frame(0))
    wait_until(lambda: made.written == 1)
    shutil.rmtree(folder)
    made.add(frame(1))
    wait_until(lambda: made.written == 2)
    made.close()
    assert read(folder) == [frame(1)]
    assert len(lines(caplog, "has paused: No such file or directory")) == 1


def test_a_folder_that_another_took_meanwhile_is_waited_for(tmp_path, disk):
    made = writer(tmp_path)
    disk.left = 0
    made.add(frame(0))
    wait_until(lambda: made.paused)
    other = output.FolderLock(tmp_path)
    disk.left = float("inf")
    wait_until(lambda: "already" in made.paused)
    other.release()
    made.close()
    assert read(tmp_path) == [frame(0)]


def test_a_limit_of_the_operating_system_is_met_in_the_middle_of_a_write(tmp_path):
    """The system's own refusal, with a part of it written: no file of this process may be larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    made = writer(tmp_path, limits=QUICK._replace(most_bytes=1 << 30))
    noise = [frame(number, bytes((number * 7919 + at * at) % 251 for at in range(3_000))) for number in range(4)]
    made.add(noise[0])
    wait_until(lambda: made.written == 1)
    size = segments(tmp_path)[0].stat().st_size
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, hard))
        made.add(noise[1])
        wait_until(lambda: made.paused == "File too large")
        assert segments(tmp_path)[0].stat().st_size == size
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for each in noise[2:]:
        made.add(each)
    made.close()
    assert read(tmp_path) == noise


def test_an_end_that_a_hanging_disk_delays_is_bounded_and_said(tmp_path, hanging, caplog):
    made = writer(tmp_path)
    goes_on = hanging(made)
    made.add(frame(0))
    made.close(timeout=0.01)
    assert lines(caplog, "did not take the rest of the recording within 0.01 s")
    goes_on.set()
    made.close()
    assert read(tmp_path) == [frame(0)]


def test_the_header_is_told_with_secrets_out_and_records_are_what_they_were(tmp_path):
    record(tmp_path, [frame(0)], redact=Redactor(HEADER.symbols[0] + "-and-more"))
    assert Recording(tmp_path).header.source == HEADER.source
    assert isinstance(read(tmp_path)[0], FrameRecord)


def test_no_logger_is_needed_beyond_the_one_given(tmp_path, caplog):
    made = writer(tmp_path, logger=logging.getLogger("mine"))
    shutil.rmtree(tmp_path)
    made.add(frame(0))
    wait_until(lambda: made.written)
    made.close()
    assert {name for name, *_ in caplog.record_tuples} <= {"mine"}
