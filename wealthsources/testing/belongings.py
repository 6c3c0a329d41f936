"""What a process has: threads and open files. Two looks tell what something left behind."""

from __future__ import annotations

import dataclasses
import gc
import os
import threading
import time
from pathlib import Path

_FILES = Path("/proc/self/fd")
_PAUSE = 0.02


@dataclasses.dataclass(frozen=True)
class Belongings:
    """The threads, and the open files and sockets by their numbers where the system tells them."""

    threads: frozenset[threading.Thread]
    files: frozenset[tuple[str, str]]

    @classmethod
    def now(cls) -> Belongings:
        """What there is at present."""
        return cls(frozenset(threading.enumerate()), frozenset(_open_files()))

    def left(self, seconds: float) -> str:
        """What there is now and was not then, in words, after at most so many seconds for it to go; empty: nothing."""
        deadline = time.monotonic() + seconds
        while (left := self._more()) and time.monotonic() < deadline:
            gc.collect()
            time.sleep(_PAUSE)
        return left

    def _more(self) -> str:
        now = Belongings.now()
        threads = [f"thread {thread.name!r}" for thread in now.threads - self.threads]
        return ", ".join(sorted([*threads, *(name for _, name in now.files - self.files)]))


def _open_files() -> list[tuple[str, str]]:
    if not _FILES.is_dir():
        return []
    files = []
    for number in os.listdir(_FILES):  # noqa: PTH208 - names are all that is wanted
        try:
            files.append((number, os.readlink(_FILES / number)))  # noqa: PTH115 - as it is, not resolved
        except OSError:  # the one that listed them is closed again
            continue
    return files
