"""Connection: an accepted socket, byte by byte. Blocking, for one thread; `cut` may come from any other."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl

_CHUNK: Final = 65_536
_LONGEST_LINE: Final = 65_536

#: One that needs no system call to be made, where there is one.
_Selector: Final[type[selectors.BaseSelector]] = getattr(selectors, "PollSelector", selectors.SelectSelector)


class Gone(Exception):  # noqa: N818 - an outcome: there is nobody left to talk to
    """The client closed its end, or the server stops."""


class Connection:
    """A socket that was accepted. TLS, if any, begins with `secure`; what is written before that goes out bare."""

    def __init__(self, sock: socket.socket, tls: ssl.SSLContext | None, stopped: threading.Event) -> None:
        self._sock = sock
        self._tls = tls
        self._secured = tls is None
        self._stopped = stopped
        self._buffer = bytearray()
        #: Held whenever the descriptor changes hands, so that `cut` never meets somebody else's.
        self._lock = threading.Lock()
        self._is_cut = False

    def secure(self) -> None:
        """Shake hands for TLS, unless that was done or there is none."""
        if self._secured or self._tls is None:
            return
        self._secured = True
        with self._lock:
            self._sock = self._tls.wrap_socket(self._sock, server_side=True, do_handshake_on_connect=False)
            if self._is_cut:
                _shut(self._sock, socket.SHUT_RDWR)
        self._sock.do_handshake()

    # Out.

    def write(self, data: bytes) -> None:
        """Send these bytes, all in one piece."""
        self._sock.sendall(data)

    def drip(self, data: bytes, seconds_per_byte: float) -> None:
        """Send these bytes one by one, with a pause after each."""
        for place in range(len(data)):
            self.write(data[place : place + 1])
            if seconds_per_byte:
                self.wait(seconds_per_byte)

    # In.

    def read_line(self) -> str:
        """The next line, without its end. Raises Gone at the end of the connection."""
        while b"\n" not in self._buffer:
            if len(self._buffer) > _LONGEST_LINE:
                raise Gone
            self._fill()
        line, _, rest = self._buffer.partition(b"\n")
        self._buffer = rest
        return line.decode("latin-1").rstrip("\r")

    def exactly(self, size: int) -> bytes:
        """The next so many bytes. Raises Gone at the end of the connection."""
        while len(self._buffer) < size:
            self._fill()
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def drain(self) -> None:
        """Read and throw away, until the client leaves; ends with Gone."""
        while True:
            self._buffer.clear()
            self._fill()

    def ready(self, seconds: float | None, *others: socket.socket) -> bool:
        """Whether something of the client's comes within so many seconds (None: for ever) and before `others`."""
        pending = getattr(self._sock, "pending", None)
        if self._buffer or (pending is not None and pending()):
            return True
        with _Selector() as selector:
            for sock in (self._sock, *others):
                selector.register(sock, selectors.EVENT_READ)
            return any(key.fileobj is self._sock for key, _ in selector.select(seconds))

    def wait(self, seconds: float | None = None) -> None:
        """Do nothing at all for so many seconds, None for ever. Raises Gone as soon as the server stops."""
        if self._stopped.wait(seconds):
            raise Gone

    def set_option(self, option: int, value: int) -> None:
        """Set an option of the socket's own level, such as SO_RCVBUF."""
        self._sock.setsockopt(socket.SOL_SOCKET, option, value)

    # The end.

    def hang_up(self) -> None:
        """End the connection with a FIN: no Close frame, no goodbye of TLS."""
        with self._lock:
            _shut(self._sock, socket.SHUT_WR)
            # Closed with something unread it would be a reset, which takes away what the client has not read yet.
            with contextlib.suppress(OSError):
                self._sock.setblocking(False)
                while socket.socket.recv(self._sock, _CHUNK):
                    pass
            self._sock.close()

    def reset(self) -> None:
        """End the connection with a RST."""
        with self._lock:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._sock.close()

    def cut(self) -> None:
        """From any thread: whoever reads or writes here fails now, and from now on."""
        with self._lock:
            self._is_cut = True
            _shut(self._sock, socket.SHUT_RDWR)

    def _fill(self) -> None:
        data = self._sock.recv(_CHUNK)
        if not data:
            raise Gone
        self._buffer += data


def _shut(sock: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(sock, how)  # an SSLSocket's own would drop TLS and go on in the clear
