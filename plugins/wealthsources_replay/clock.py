"""Noticing that the machine's clock ran back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources_replay.frames import ClockRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wealthsources_replay.frames import Line

#: ms. Between reading one clock and the other a thread may stand still, which is no step of either.
_TOLERANCE: Final = 1_000
_NS: Final = 1_000_000


class ClockWatch:
    """Compares the wall time of records with their monotonic time."""

    def __init__(self) -> None:
        self._offset: int | None = None

    def watch(self, records: Iterable[Line]) -> Iterator[Line]:
        """The records, with a ClockRecord before one whose wall clock ran back since the last one."""
        for record in records:
            offset = record.wall_ms - record.monotonic_ns // _NS
            if self._offset is not None and self._offset - offset > _TOLERANCE:
                yield ClockRecord(record.wall_ms, record.monotonic_ns, self._offset - offset)
            self._offset = offset
            yield record
