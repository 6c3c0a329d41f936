"""FileCache: the bars of files that were read, until a file changes or room is needed for others."""

from __future__ import annotations

import time
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Final

from wealthsources import ForkLock, SourceError, call_in_child
from wealthsources_file.reading import read_file, stamp_of

if TYPE_CHECKING:
    from pathlib import Path

    from wealthsources import Bars, Timeframe
    from wealthsources_file.reading import Stamp

#: 64 bytes each: 128 MB.
MOST_BARS: Final = 2_000_000


class FileCache:
    """Holds at most `most_bars` bars, or a single file that has more; what was used least recently goes first.

    May be used from any thread. A file is read by one thread at a time, and no other file waits for that.
    """

    def __init__(self, most_bars: int = MOST_BARS) -> None:
        self._most_bars = most_bars
        self._held: OrderedDict[Path, tuple[Stamp, Bars]] = OrderedDict()
        self._reading: dict[Path, Lock] = {}
        self._lock = ForkLock()
        self._bars = 0
        self._reads = 0
        call_in_child(self, FileCache._begin_anew)

    def _begin_anew(self) -> None:
        """In a forked child: whoever reads a file, or was about to count its bars, is in the parent."""
        self._reading = {}
        self._bars = sum(len(bars) for _, bars in self._held.values())

    def counters(self) -> dict[str, int]:
        """How much is held, and how many files have been read."""
        with self._lock:
            return {"cached_files": len(self._held), "cached_bars": self._bars, "reads": self._reads}

    def bars(self, path: Path, symbol: str, timeframe: Timeframe, deadline: float | None = None) -> Bars:
        """All bars of the file as it is now. Raises SourceError.

        After `deadline`, a `time.monotonic()` value, it no longer waits for another thread that reads the file.
        """
        stamp = stamp_of(path)
        bars = self._find(path, stamp)
        if bars is not None:
            return bars
        with self._lock:
            reading = self._reading.setdefault(path, Lock())
        if not reading.acquire(timeout=-1 if deadline is None else max(0.0, deadline - time.monotonic())):
            raise SourceError(f"{path}: is still being read")
        try:
            bars = self._find(path, stamp)
            return self._read(path, symbol, timeframe) if bars is None else bars
        finally:
            reading.release()

    def _find(self, path: Path, stamp: Stamp) -> Bars | None:
        with self._lock:
            held = self._held.get(path)
            if held is None or held[0] != stamp:
                return None
            self._held.move_to_end(path)
            return held[1]

    def _read(self, path: Path, symbol: str, timeframe: Timeframe) -> Bars:
        self._drop(path)
        stamp, bars = read_file(path, symbol, timeframe)
        with self._lock:
            self._reads += 1
            self._held[path] = stamp, bars
            self._bars += len(bars)
            while self._bars > self._most_bars and len(self._held) > 1:
                _, (_, oldest) = self._held.popitem(last=False)
                self._bars -= len(oldest)
        return bars

    def _drop(self, path: Path) -> None:
        with self._lock:
            held = self._held.pop(path, None)
            if held is not None:
                self._bars -= len(held[1])
