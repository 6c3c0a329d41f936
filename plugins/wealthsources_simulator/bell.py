"""Bell: wakes a thread that waits for a socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self


class Bell:
    """May be rung from any thread; whoever waits for `ear` to become readable wakes up. Closed by leaving the block."""

    def __init__(self) -> None:
        self._rope, self.ear = socket.socketpair()
        self._rung = False
        #: Held to ring, so that no byte goes to a descriptor that was closed and is somebody else's by now.
        self._lock = threading.Lock()

    def ring(self) -> None:
        """Wake the waiting thread; nothing once it is closed."""
        with self._lock, contextlib.suppress(OSError):
            if not self._rung:
                self._rung = True
                self._rope.send(b"!")

    def silence(self) -> None:
        """Be ready for the next ring."""
        with self._lock:
            if self._rung:
                self._rung = False
                self.ear.recv(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._lock:
            self._rope.close()
        self.ear.close()
