"""One writer in a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Final

from wealthsources_replay.errors import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

_NAME: Final = ".lock"


class FolderLock:
    """Held until `release`, or until the process is gone: the operating system sees to that, even after kill -9.

    The file says which process it is, for people and for messages; that it is there says nothing.
    """

    def __init__(self, folder: Path) -> None:
        """Raises RecordingError if another writer has the folder, OSError if there can be no lock."""
        self._file = os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._acquire(folder)
        except BaseException:
            self.release()
            raise
        with contextlib.suppress(OSError):  # on a full disk it is a lock all the same
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def _acquire(self, folder: Path) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._file, 20).decode(errors="replace").strip()
            raise RecordingError(
                f"process {owner or '?'} records to {folder} already; give each recording a folder of its own"
            ) from None

    def release(self) -> None:
        """Let go of it. In a forked child that lets go of the child's share only."""
        with contextlib.suppress(OSError):
            os.close(self._file)
