"""DNS and TCP: a socket that is connected to the first address that answers, by the deadline."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import threading
import time
from typing import Any

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.deadline import Deadline, wait_ready
from wealthsources_websocket.transport.foreign_errors import lost_dialling, lost_resolving
from wealthsources_websocket.transport.open_sockets import OPEN_SOCKETS


def open_socket(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Connect to the first address that answers; each gets a fair share of the time that is left.

    Raises ConnectionLost: that of the last address, if none answered.
    """
    addresses = _resolve(host, port, deadline)
    failure = ConnectionLost("dns", f"{host} has no address")
    for place, (family, kind, proto, _, address) in enumerate(addresses):
        share = time.monotonic() + deadline.left() / (len(addresses) - place)
        try:
            sock = OPEN_SOCKETS.add(
                socket.socket(family, kind, proto)
            )  # fails for a family that this machine does not have
            try:
                _connect_tcp(sock, address, share, deadline)
            except BaseException:
                sock.close()
                raise
        except OSError as error:
            failure = lost_dialling(error, host, port)
        else:
            return sock
    raise failure


def _resolve(host: str, port: int, deadline: Deadline) -> list[tuple[Any, ...]]:
    """Ask for the addresses on a thread that may be left behind: getaddrinfo cannot be given a time limit."""
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:  # UnicodeError: no name of a host at all
            answer.append(error)

    thread = threading.Thread(target=ask, name="wealthsources-resolver", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(deadline.slice("dns"))
    if isinstance(answer[0], Exception):
        raise lost_resolving(answer[0], host)
    addresses: list[tuple[Any, ...]] = answer[0]
    return addresses


def _connect_tcp(sock: socket.socket, address: Any, share: float, deadline: Deadline) -> None:
    sock.setblocking(False)
    deadline.slice("connect")  # when it is over, nobody is knocked at any more
    with contextlib.suppress(BlockingIOError):
        sock.connect(address)
    while not wait_ready(sock, selectors.EVENT_WRITE, min(deadline.slice("connect"), share - time.monotonic())):
        if time.monotonic() >= share:
            raise TimeoutError("no answer")
    problem = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if problem:
        raise OSError(problem, os.strerror(problem))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
