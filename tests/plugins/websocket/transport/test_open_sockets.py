"""A forked child lets go of its copies of the sockets, and nothing is sent on them."""

from __future__ import annotations

import gc
import socket
import threading
import time

from wealthsources_websocket.transport.deadline import Deadline
from wealthsources_websocket.transport.dial import open_socket
from wealthsources_websocket.transport.open_sockets import OPEN_SOCKETS, OpenSockets

from ....support.forking import in_child


def test_a_child_closes_its_copy_and_the_connection_goes_on():
    sockets = OpenSockets()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert sockets.add(ours) is ours
        assert in_child(ours.fileno) == -1
        ours.sendall(b"on")
        assert theirs.recv(9) == b"on"
        ours.close()
        assert theirs.recv(9) == b"", "nobody else has it open"


def test_one_that_was_closed_does_no_harm_and_one_that_nobody_has_is_forgotten():
    sockets = OpenSockets()
    ours, theirs = socket.socketpair()
    for sock in (ours, theirs):
        sockets.add(sock)
        sock.close()
    assert in_child(lambda: len(sockets._sockets)) == 0
    assert len(sockets._sockets) == 2
    del ours, theirs, sock
    gc.collect()
    assert len(sockets._sockets) == 0


def test_whatever_is_dialled_is_one_of_them():
    deadline = Deadline(time.monotonic() + 10, threading.Event())
    with socket.create_server(("127.0.0.1", 0)) as listener, open_socket(*listener.getsockname(), deadline) as sock:
        assert sock in OPEN_SOCKETS._sockets
