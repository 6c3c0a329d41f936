"""The sockets that connections are made on, so that a forked child lets go of its copies.

The parent goes on with them. A child that kept one would keep the connection open when the parent is long gone, and the
server would push to nobody. Closing a copy sends nothing: no Close frame, no end of TLS, no FIN.
"""

from __future__ import annotations

import contextlib
import socket
import weakref
from typing import Final, TypeVar

from wealthsources import call_in_child

SocketT = TypeVar("SocketT", bound=socket.socket)


class OpenSockets:
    """Remembers sockets as long as somebody has them."""

    def __init__(self) -> None:
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        call_in_child(self, OpenSockets.let_go)

    def add(self, sock: SocketT) -> SocketT:
        """Remember this one, and return it."""
        self._sockets.add(sock)
        return sock

    def let_go(self) -> None:
        """In a forked child: close the copies."""
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.close()
        self._sockets.clear()


#: Those of this process.
OPEN_SOCKETS: Final = OpenSockets()
