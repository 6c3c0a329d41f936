"""Listener: a port that can be closed and opened again where it was, and a thread that takes who connects."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from wealthsources_simulator.errors import SimulatorError

if TYPE_CHECKING:
    from collections.abc import Callable

_BACKLOG: Final = 128
_ACCEPT_SLICE: Final = 0.2


class Listener:
    """Hands every connection to `admit`, on a thread of its own. Closed, its port is still nobody else's.

    port  the one that was asked for, 0 for a free one; once open it stays the same
    """

    def __init__(self, host: str, port: int, admit: Callable[[socket.socket], None]) -> None:
        self._address: Any = (host, port)
        self._family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._admit = admit
        self._lock = threading.RLock()
        self._listening: socket.socket | None = None
        self._placeholder: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._ended = False

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._address[1])

    def open(self) -> None:
        """Listen (again). Raises SimulatorError if the port cannot be had."""
        with self._lock:
            if self._listening is not None or self._ended:
                return
            listening, self._placeholder = self._placeholder or self._bind(), None
            listening.listen(_BACKLOG)
            listening.settimeout(_ACCEPT_SLICE)
            self._address = listening.getsockname()
            self._listening = listening
            self._thread = threading.Thread(target=self._accept, args=(listening,), name="market server", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Refuse connections from now on; those that are open stay."""
        with self._lock:
            listening, self._listening = self._listening, None
            thread, self._thread = self._thread, None
        if listening is None or thread is None:
            return
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)  # wakes accept() on Linux; elsewhere its timeout does
        thread.join()
        listening.close()
        with self._lock:
            if not self._ended:
                self._placeholder = self._bind()  # bound, but not listening

    def end(self) -> None:
        """Close, and leave the port to others. It does not open again."""
        with self._lock:
            self._ended = True
            placeholder, self._placeholder = self._placeholder, None
        self.close()
        if placeholder is not None:
            placeholder.close()

    def set_option(self, option: int, value: int) -> None:
        """Set an option of the socket's own level, such as SO_RCVBUF, for the connections to come."""
        if self._listening is None:
            raise SimulatorError("the port is closed")
        self._listening.setsockopt(socket.SOL_SOCKET, option, value)

    def _bind(self) -> socket.socket:
        sock = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(self._address)
        except (OSError, OverflowError) as error:
            sock.close()
            host, port = self._address[:2]
            raise SimulatorError(_why_not(host, port, error)) from error
        return sock

    def _accept(self, listening: socket.socket) -> None:
        while not self._ended:
            try:
                sock, _ = listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self._admit(sock)


def _why_not(host: str, port: int, error: OSError | OverflowError) -> str:
    if isinstance(error, OverflowError):
        return f"cannot listen on port {port}: {error}"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is already in use; choose another with --port, or 0 for a free one"
    return f"cannot listen on {host}, port {port}: {error.strerror or error}"
