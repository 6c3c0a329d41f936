"""One moment by which a connection must be there, and the face of a socket that keeps to it."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.base import SLICE

_T = TypeVar("_T")


class Deadline:
    """One moment, monotonic, by which everything must be done."""

    def __init__(self, at: float, stop: threading.Event) -> None:
        self._at = at
        self._stop = stop

    def slice(self, what: str) -> float:
        """Seconds to wait now, at most a moment. Raises ConnectionLost when the time is over, or after a stop."""
        if self._stop.is_set():
            raise ConnectionLost("stopped")
        left = self._at - time.monotonic()
        if left <= 0:
            raise ConnectionLost(f"{what}_timeout", "not done within connect_timeout")
        return min(SLICE, left)

    def left(self) -> float:
        """Seconds until then, 0.0 if it is past."""
        return max(0.0, self._at - time.monotonic())


class DeadlineSocket:
    """The face of a socket for a handshake: every call gets only the time that is left, and few bytes are enough."""

    def __init__(self, sock: socket.socket, deadline: Deadline, what: str = "handshake") -> None:
        self._sock = sock
        self._deadline = deadline
        self._what = what

    def recv(self, size: int) -> bytes:
        """Some bytes, at most `size`; none at the end of the stream."""
        return self._patiently(lambda: self._sock.recv(size))

    def send(self, data: bytes) -> int:
        """Send some of it, and say how many bytes."""
        return self._patiently(lambda: self._sock.send(data))

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        while data:
            data = data[self.send(data) :]

    def _patiently(self, work: Callable[[], _T]) -> _T:
        while True:
            self._sock.settimeout(self._deadline.slice(self._what))
            try:
                return work()
            except TimeoutError:
                continue

    def gettimeout(self) -> float | None:
        """Seconds that the socket would wait."""
        return self._sock.gettimeout()

    def settimeout(self, _timeout: float | None) -> None:
        """The deadline decides, not the library."""

    def close(self) -> None:
        """Let go of the socket."""
        self._sock.close()

    def fileno(self) -> int:
        """The descriptor."""
        return self._sock.fileno()


def wait_ready(sock: socket.socket, event: int, seconds: float) -> bool:
    """Whether the socket became ready. Unlike `select.select`, for any number of open files."""
    with selectors.DefaultSelector() as selector:
        selector.register(sock, event)
        return bool(selector.select(seconds))
