"""PlayedTime: what time it is while a recording is played."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wealthsources_replay.frames import BeganRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources_replay.frames import Record

_NS = 1_000_000_000


class PlayedTime:
    """The two clocks of a recording, as one who lived through it would have read them.

    The monotonic one never goes back, not even from one process to the next, whose clock may be another: there it goes
    on by what the wall clock says that has passed.

    tell  is called with the wall time, ms, whenever it is another
    """

    def __init__(self) -> None:
        self.tell: Callable[[int], object] = _tell_nobody
        self._wall_ms = 0
        self._ns = 0
        self._offset: int | None = None

    def monotonic(self) -> float:
        """Seconds."""
        return self._ns / _NS

    def wall(self) -> float:
        """Seconds since 1970."""
        return self._wall_ms / 1000

    @property
    def wall_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._wall_ms

    def due(self, record: Record) -> float:
        """When this record comes, monotonic seconds; it is the next one."""
        return max(self._ns, record.monotonic_ns + self._offset_of(record)) / _NS

    def come_to(self, record: Record) -> None:
        """It is the time of this record, which follows the one before."""
        offset = self._offset = self._offset_of(record)
        self._ns = max(self._ns, record.monotonic_ns + offset)
        self._set_wall(record.wall_ms)

    def pass_by(self, seconds: float) -> None:
        """So much time passes, in which there is no record."""
        self._ns += round(seconds * _NS)
        self._set_wall(self._wall_ms + round(seconds * 1000))

    def _set_wall(self, wall_ms: int) -> None:
        if wall_ms != self._wall_ms:
            self._wall_ms = wall_ms
            self.tell(wall_ms)

    def _offset_of(self, record: Record) -> int:
        if self._offset is None:
            return 0
        if isinstance(record, BeganRecord):
            passed = max(0, record.wall_ms - self._wall_ms) * 1_000_000
            return self._ns + passed - record.monotonic_ns
        return self._offset


def _tell_nobody(wall_ms: int) -> None:
    """Nobody wants to know."""
