"""One segment, read."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from wealthsources import time_text
from wealthsources_replay.lines import decode
from wealthsources_replay.members import Unreadable, scan, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from wealthsources_replay.frames import Line
    from wealthsources_replay.header import SegmentHeader
    from wealthsources_replay.members import Member


class Damage(NamedTuple):
    """What could not be read: `size` bytes of a file from `offset` on; none of what is not there at all."""

    file: str
    offset: int
    size: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.size} bytes at {self.offset}: {self.reason}"


class Segment:
    """A segment of a recording; what cannot be read of it is told to `note`, each time that it is met."""

    def __init__(self, path: Path, began: SegmentHeader, note: Callable[[Damage], None]) -> None:
        self.began = began
        self.name = path.name
        self._path = path
        self._note = note

    @functools.cached_property
    def bounds(self) -> tuple[int, int] | None:
        """The least and the greatest wall time of its records, ms; None if it has none that can be read."""
        members = list(self._members())
        if not members:
            return None
        return min(member.first_ms for member in members), max(member.last_ms for member in members)

    def overlaps(self, start: float, end: float) -> bool:
        """Whether it may have records with `start` <= wall time < `end`, ms."""
        return self.bounds is not None and self.bounds[0] < end and self.bounds[1] >= start

    def read(self, start: float, end: float) -> Iterator[Line]:
        """Its records with `start` <= wall time < `end`, ms, in order."""
        try:
            with self._path.open("rb") as file:
                for member in self._scan(file):
                    if member.first_ms < end and member.last_ms >= start:
                        records = self._records(file, member)
                        if start <= member.first_ms and member.last_ms < end:
                            yield from records
                        else:
                            yield from (record for record in records if start <= record.wall_ms < end)
        except OSError as error:
            self._note_lost(error)

    def read_from(self, start: float) -> Iterator[Line]:
        """Its records from the first with `start` <= wall time, ms, on, whatever the clock says after that."""
        begun = False
        try:
            with self._path.open("rb") as file:
                for member in self._scan(file):
                    if not begun and member.last_ms < start:
                        continue
                    for record in self._records(file, member):
                        begun = begun or record.wall_ms >= start
                        if begun:
                            yield record
        except OSError as error:
            self._note_lost(error)

    def _members(self) -> Iterator[Member]:
        try:
            with self._path.open("rb") as file:
                yield from self._scan(file)
        except OSError as error:
            self._note_lost(error)

    def _scan(self, file: BinaryIO) -> Iterator[Member]:
        """The members that hold records."""
        for found in scan(file, file.seek(0, 2)):
            if isinstance(found, Unreadable):
                self._note(Damage(self._path.name, *found))
            elif found.records:
                yield found

    def _records(self, file: BinaryIO, member: Member) -> list[Line]:
        try:
            return decode(unpack(file, member))
        except ValueError as error:
            what = f"{member.records} records of {time_text(member.first_ms)} to {time_text(member.last_ms)}"
            self._note(Damage(self._path.name, member.offset, member.size, f"damaged, with {what} ({error})"))
            return []

    def _note_lost(self, error: OSError) -> None:
        self._note(Damage(self._path.name, 0, 0, f"cannot be read any more: {error.strerror}"))
