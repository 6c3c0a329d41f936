"""One accepted socket, byte by byte."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from wealthsources_simulator import Gone
from wealthsources_simulator.connection import Connection


@pytest.fixture
def ends() -> Iterator[tuple[Connection, socket.socket, threading.Event]]:
    """The server's end, the client's, and what says that the server stops."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout=10)
        sock, _ = listener.accept()
    stopped = threading.Event()
    connection = Connection(sock, None, stopped)
    yield connection, client, stopped
    client.close()
    with contextlib.suppress(OSError):
        connection.hang_up()


def test_lines_and_bytes_are_read_as_they_come(ends):
    connection, client, _ = ends
    client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nabcdef")
    assert [connection.read_line() for _ in range(3)] == ["GET / HTTP/1.1", "Host: x", ""]
    assert (connection.exactly(2), connection.exactly(4)) == (b"ab", b"cdef")


@pytest.mark.parametrize("read", [lambda it: it.read_line(), lambda it: it.exactly(5), lambda it: it.drain()])
def test_the_end_of_the_connection_is_told_by_gone(ends, read):
    connection, client, _ = ends
    client.sendall(b"abc")
    client.close()
    with pytest.raises(Gone):
        read(connection)


def test_a_line_that_does_not_end_is_not_read_for_ever(ends):
    connection, client, _ = ends
    client.sendall(b"x" * 200_000)
    with pytest.raises(Gone):
        connection.read_line()


def test_it_knows_whether_something_comes(ends):
    connection, client, _ = ends
    assert not connection.ready(0)
    client.sendall(b"ab")
    assert connection.ready(10)
    assert connection.exactly(1) == b"a"
    assert connection.ready(0)  # what was read already counts


def test_waiting_ends_as_soon_as_the_server_stops(ends):
    connection, _, stopped = ends
    connection.wait(0.001)
    threading.Timer(0.01, stopped.set).start()
    with pytest.raises(Gone):
        connection.wait()


def test_a_hang_up_is_a_fin_even_with_something_unread(ends):
    connection, client, _ = ends
    client.sendall(b"nobody reads this")
    assert connection.ready(10)
    connection.write(b"last words")
    connection.hang_up()
    assert client.recv(100) + client.recv(100) == b"last words"


def test_a_reset_is_a_reset(ends):
    connection, client, _ = ends
    connection.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)


def test_a_cut_from_another_thread_ends_a_read_and_a_write(ends):
    connection, client, _ = ends
    threading.Timer(0.01, connection.cut).start()
    with pytest.raises(Gone):
        connection.exactly(1)
    with pytest.raises(OSError, match=r"."):
        connection.write(b"x")
    assert client.recv(1) == b""
