"""The folder that is recorded to: its lock, and the segment that is being written."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from wealthsources_replay.errors import RecordingError
from wealthsources_replay.header import SegmentHeader, write_header
from wealthsources_replay.lock import FolderLock
from wealthsources_replay.members import pack
from wealthsources_replay.segments import SegmentFile, newest_header

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from wealthsources_replay.header import Header


class WrittenLine(NamedTuple):
    """A line as it is to be written, with the times of its record."""

    text: str
    wall_ms: int
    monotonic_ns: int


class Output:
    """One thread's. After an error of `open` or `append` nothing is held, and `append` begins anew."""

    def __init__(self, folder: Path, header: Header, most_bytes: int) -> None:
        """`most_bytes` is the size after which a segment is followed by the next. Raises TypeError: see `Header`."""
        self._folder = folder
        self._began = SegmentHeader(header, secrets.token_hex(8), 0, 0)
        self._most_bytes = most_bytes
        self._segment: SegmentFile | None = None
        self._lock: FolderLock | None = None
        write_header(self._began)  # what JSON does not know is found now

    def open(self) -> None:
        """Make the folder and lock it.

        Raises RecordingError if another writer has it, or if it holds a recording of another source; OSError.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(self._folder)
        try:
            self._check_source()
        except BaseException:
            self.let_go()
            raise

    def append(self, lines: Sequence[WrittenLine]) -> None:
        """Have the operating system take these lines, all or none. Raises as `open` does."""
        times = [line.wall_ms for line in lines]
        member = pack("".join([line.text for line in lines]).encode(), len(lines), min(times), max(times))
        try:
            self._append(member, lines[0])
        except BaseException:
            self.let_go()
            raise

    def let_go(self) -> None:
        """Close the segment, without what was not written whole, and unlock the folder."""
        segment, self._segment = self._segment, None
        if segment is not None:
            segment.give_up()
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def leave_to_parent(self) -> None:
        """In a forked child: close what it shares, and change nothing."""
        if self._segment is not None:
            self._segment.close()
        if self._lock is not None:
            self._lock.release()

    def _append(self, member: bytes, first: WrittenLine) -> None:
        segment = self._segment
        if segment is not None and segment.is_over(first.wall_ms, self._most_bytes):
            self._segment = None
            segment.close()
        if self._segment is None:
            if self._lock is None:
                self.open()
            self._segment = SegmentFile(self._folder, first.wall_ms)
            header = write_header(self._began._replace(wall_ms=first.wall_ms, monotonic_ns=first.monotonic_ns))
            member = pack(header, 0, first.wall_ms, first.wall_ms) + member  # at once: a header alone is of no use
        self._segment.append(member)

    def _check_source(self) -> None:
        before = newest_header(self._folder)
        if before is None or before.header.is_of(self._began.header):
            return
        other = before.header
        raise RecordingError(
            f"{self._folder} is a recording of {other.source!r} ({other.protocol}, {other.market}, "
            f"{other.environment}); give each recording a folder of its own"
        )
