"""The files of a recording: their names, and how one is written."""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from pathlib import Path
from typing import Final

from wealthsources_replay.header import SegmentHeader, read_header
from wealthsources_replay.members import Member, scan, unpack

_NAME: Final = re.compile(r"([0-9]{6,})-[0-9]{8}T[0-9]{6}Z\.jsonl\.gz")
_HOUR: Final = 3_600_000


def list_segments(folder: Path) -> list[tuple[int, Path]]:
    """The segments of a folder by number, which is their order: by their times they need not be in any."""
    found = ((_NAME.fullmatch(path.name), path) for path in folder.iterdir())
    return sorted((int(match[1]), path) for match, path in found if match is not None)


def read_first_line(path: Path) -> SegmentHeader:
    """The header of a segment. Raises ValueError if it has none, RecordingError if it is of another format."""
    with path.open("rb") as file:
        first = next(scan(file, path.stat().st_size), None)
        if not isinstance(first, Member):
            raise ValueError("empty" if first is None else first.reason)
        return read_header(unpack(file, first), path)


def newest_header(folder: Path) -> SegmentHeader | None:
    """The header of the newest segment that has a readable one. Raises RecordingError if it is of another format."""
    for _, path in reversed(list_segments(folder)):
        with contextlib.suppress(ValueError):
            return read_first_line(path)
    return None


class SegmentFile:
    """A segment while it is written. Whatever fails raises OSError; then `give_up` is to be called.

    size  bytes; what is before is whole members
    """

    def __init__(self, folder: Path, wall_ms: int) -> None:
        """Begin the next segment of a folder, whose first record has this wall time in ms."""
        number = max((number for number, _ in list_segments(folder)), default=0) + 1
        began = dt.datetime.fromtimestamp(wall_ms // 1000, dt.UTC)
        self.path = folder / f"{number:06}-{began:%Y%m%dT%H%M%SZ}.jsonl.gz"
        self.size = 0
        self._hour = wall_ms // _HOUR
        self._file = self.path.open("xb", buffering=0)

    def is_over(self, wall_ms: int, most: int) -> bool:
        """Whether a record of that time belongs into another: this one has `most` bytes, or is of another hour."""
        return self.size >= most or wall_ms // _HOUR != self._hour

    def append(self, members: bytes) -> None:
        """Write whole members, and have the operating system take them."""
        left = memoryview(members)
        while left:
            left = left[self._file.write(left) :]
        self.path.stat()  # what is in a file that was taken away is not written
        self.size += len(members)

    def give_up(self) -> None:
        """Close it without what was not written whole; nothing is left of one that holds nothing."""
        with contextlib.suppress(OSError):
            self._file.truncate(self.size)
            if not self.size:
                self.path.unlink()
        with contextlib.suppress(OSError):
            self.close()

    def close(self) -> None:
        """Close it."""
        self._file.close()
