"""Records that wait to be written."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from wealthsources import ForkLock
from wealthsources_replay.frames import MissingRecord

if TYPE_CHECKING:
    from wealthsources_replay.frames import FrameRecord, Line, StateRecord


class Backlog:
    """Bounded. What does not fit is counted, and so is all that comes after it until the next `take`.

    missing  how many records did not fit so far
    fills    set when a quarter of the room is taken, or more
    """

    def __init__(self, most_records: int, most_bytes: int) -> None:
        """`most_bytes` is of frames and reasons, a character counted as one."""
        self.missing = 0
        self.fills = threading.Event()
        self._most_records, self._most_bytes = most_records, most_bytes
        self._lock = ForkLock()
        self._waiting: list[Line] = []
        self._bytes = 0
        self._missed: MissingRecord | None = None

    def add(self, record: FrameRecord | StateRecord) -> None:
        """Add a record, from any thread; returns at once."""
        with self._lock:
            size, number = self._bytes + len(record[-1]), len(self._waiting)  # the last field is the long one
            if self._missed is not None or number >= self._most_records or size > self._most_bytes:
                self._miss(record)
                return
            self._waiting.append(record)
            self._bytes = size
        if (size * 4 >= self._most_bytes or number * 4 >= self._most_records) and not self.fills.is_set():
            self.fills.set()

    def take(self, reason: str) -> list[Line]:
        """All that wait, and behind them what is missing, for that reason, if something is."""
        with self._lock:
            taken, self._waiting, self._bytes = self._waiting, [], 0
            missed, self._missed = self._missed, None
        if missed is not None:
            taken.append(missed._replace(reason=reason))
        return taken

    def shut(self) -> int:
        """From now on nothing fits. What waits is forgotten: how many that were."""
        with self._lock:
            self._most_records = 0
            forgotten, self._waiting, self._bytes = len(self._waiting), [], 0
        return forgotten

    def _miss(self, record: FrameRecord | StateRecord) -> None:
        self.missing += 1
        time, before = record.wall_ms, self._missed
        if before is None:
            self._missed = MissingRecord(time, record.monotonic_ns, 1, time, time, "")
            return
        since, until = min(before.since_ms, time), max(before.until_ms, time)
        self._missed = MissingRecord(time, record.monotonic_ns, before.records + 1, since, until, "")
