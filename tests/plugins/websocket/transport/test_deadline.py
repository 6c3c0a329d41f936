"""One moment by which everything is done."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.base import SLICE
from wealthsources_websocket.transport.deadline import Deadline, DeadlineSocket


def test_a_slice_is_never_longer_than_what_is_left():
    near = Deadline(time.monotonic() + 0.05, threading.Event())
    far = Deadline(time.monotonic() + 60, threading.Event())
    assert 0 < near.slice("dns") <= 0.05
    assert far.slice("dns") == SLICE
    assert 59 < far.left() <= 60


def test_when_it_is_over_the_step_that_took_too_long_is_named():
    past = Deadline(time.monotonic() - 1, threading.Event())
    assert past.left() == 0
    with pytest.raises(ConnectionLost, match=r"^tls_timeout: not done within connect_timeout$"):
        past.slice("tls")


def test_a_stop_comes_before_all_else():
    stop = threading.Event()
    stop.set()
    with pytest.raises(ConnectionLost, match=r"^stopped$"):
        Deadline(time.monotonic() - 1, stop).slice("tls")


def test_a_socket_waits_as_long_as_there_is_time_whatever_the_library_wants():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        patient = DeadlineSocket(ours, Deadline(time.monotonic() + 20, threading.Event()))
        patient.settimeout(0.001)
        sender = threading.Timer(0.1, theirs.sendall, [b"late"])
        sender.start()
        assert patient.recv(10) == b"late"
        sender.join()


def test_a_socket_waits_no_longer_than_there_is_time_whatever_the_library_wants():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        hasty = DeadlineSocket(ours, Deadline(time.monotonic() + 0.3, threading.Event()))
        hasty.settimeout(60)
        with pytest.raises(ConnectionLost, match=r"^handshake_timeout: not done within connect_timeout$"):
            hasty.recv(10)
