"""FileCache: what the files hold that were read, until a file changes or room is needed for others."""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from wealthsources import ForkLock, SourceError, call_in_child
from wealthsources_file.reading import read_file
from wealthsources_file.storage import stamp_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from wealthsources_file.file_series import FileSeries
    from wealthsources_file.storage import Place, Stamp
    from wealthsources_file.table import Table

#: 64 bytes each: 128 MB.
MOST_BARS: Final = 2_000_000
#: What was compared with its file so many seconds ago counts as what the file holds now, where nobody may wait for a
#: disk. Whoever asks a moment earlier is told no less.
FRESH: Final = 0.05


class _Held(NamedTuple):
    """What a file held in one state of it, read as that series."""

    stamp: Stamp
    series: FileSeries
    table: Table

    @property
    def size(self) -> int:
        """How much room it takes, in bars. One whose text is kept aside takes that of ten."""
        return len(self.table.bars) + 9 * len(self.table.bars.texts)


class FileCache:
    """Holds at most `most_bars` bars, or a single file that has more; what was used least recently goes first.

    May be used from any thread. A file is read by one thread at a time, and no other file waits for that.
    """

    def __init__(self, most_bars: int = MOST_BARS) -> None:
        self._most_bars = most_bars
        self._held: OrderedDict[Hashable, _Held] = OrderedDict()
        self._reading: dict[Place, Lock] = {}
        self._compared: dict[Hashable, float] = {}
        self._lock = ForkLock()
        self._size = 0
        self._reads = 0
        call_in_child(self, FileCache._begin_anew)

    def _begin_anew(self) -> None:
        """In a forked child: whoever reads a file, or was about to count its bars, is in the parent."""
        self._reading = {}
        self._size = sum(held.size for held in self._held.values())

    def counters(self) -> dict[str, int]:
        """How many files and bars are held, how many of their rows are no bars, and how many files have been read."""
        with self._lock:
            tables = [held.table for held in self._held.values()]
            bars, bad = sum(len(table.bars) for table in tables), sum(len(table.bad) for table in tables)
            return {"cached_files": len(tables), "cached_bars": bars, "bad_rows": bad, "reads": self._reads}

    def table(self, path: Place, series: FileSeries, deadline: float | None = None) -> Table:
        """What the file holds as it is now. Raises SourceError.

        After `deadline`, a `time.monotonic()` value, it no longer waits for another thread that reads the file.
        """
        stamp = stamp_of(path)
        key = _key(path, series)
        table = self.find(key, stamp, series)
        if table is not None:
            return table
        with self.alone(path, deadline):
            table = self.find(key, stamp, series)
            return self._read(path, series) if table is None else table

    @contextlib.contextmanager
    def alone(self, path: Place, deadline: float | None = None) -> Iterator[None]:
        """Nobody else reads that file meanwhile. Raises SourceError if somebody still does after `deadline`."""
        with self._lock:
            reading = self._reading.setdefault(path, Lock())
        if not reading.acquire(timeout=-1 if deadline is None else max(0.0, deadline - time.monotonic())):
            raise SourceError(f"{path}: is still being read")
        try:
            yield
        finally:
            reading.release()

    def fresh_table(self, path: Place, series: FileSeries) -> Table | None:
        """What the file holds, if that is in memory and was compared with it a moment ago. Waits for no disk."""
        with self._lock:
            held = self._held.get(key := _key(path, series))
            if held is None or time.monotonic() - self._compared.get(key, -FRESH) > FRESH:
                return None
            return held.table if series.reads_like(held.series) else None

    def find(self, key: Hashable, stamp: Stamp, series: FileSeries) -> Table | None:
        """What is held under that key, if it was read of this state and as such a series."""
        with self._lock:
            held = self._held.get(key)
            if held is None or held.stamp != stamp or not series.reads_like(held.series):
                self._compared.pop(key, None)
                return None
            self._compared[key] = time.monotonic()
            self._held.move_to_end(key)
            return held.table

    def put(self, key: Hashable, stamp: Stamp, series: FileSeries, table: Table, compared: float | None = None) -> None:
        """Hold what was read: of a file, under its path, or of a part of one. Takes the place of what was there.

        compared  when its stamp was taken, a `time.monotonic()` value
        """
        self._drop(key)
        held = _Held(stamp, series, table)
        with self._lock:
            self._reads += 1
            if compared is not None:
                self._compared[key] = compared
            self._held[key] = held
            self._size += held.size
            while self._size > self._most_bars and len(self._held) > 1:
                gone, oldest = self._held.popitem(last=False)
                self._compared.pop(gone, None)
                self._size -= oldest.size

    def _read(self, path: Place, series: FileSeries) -> Table:
        self._drop(_key(path, series))
        began = time.monotonic()
        stamp, table = read_file(path, series)
        self.put(_key(path, series), stamp, series, table, began)
        return table

    def _drop(self, key: Hashable) -> None:
        with self._lock:
            held = self._held.pop(key, None)
            if held is not None:
                self._size -= held.size


def _key(path: Place, series: FileSeries) -> Hashable:
    return (path, series.only) if series.only else path
