"""The small HTTP server, on real sockets: what it answers, and what clients cannot do to it."""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import socketserver
import threading
import time
from http import HTTPStatus

import pytest

from wealthsources.cli import http_server
from wealthsources.cli.http_server import MOST_CONNECTIONS, HttpServer, Page

from ..support.waiting import nothing_left_behind, wait_until

LOG = logging.getLogger("wealthsources.serve")
HUGE = "x" * 30_000_000


def failing():
    raise LookupError("no such thing")


PAGES = {
    "/good": lambda: Page(HTTPStatus.OK, "good\n"),
    "/bad": failing,
    "/huge": lambda: Page(HTTPStatus.OK, HUGE),
}


@pytest.fixture
def server():
    with nothing_left_behind():
        made = HttpServer("127.0.0.1", 0, PAGES, LOG)
        made.start()
        try:
            yield made
        finally:
            made.stop()


def ask(server, path="/good", method="GET"):
    connection = http.client.HTTPConnection(*server.server_address[:2], timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def opened(server):
    return socket.create_connection(server.server_address[:2], timeout=20)


def threads():
    return [each for each in threading.enumerate() if "process_request_thread" in each.name]


def is_closed(connection):
    with contextlib.suppress(ConnectionError):
        return connection.recv(1_000) == b""
    return True


def test_a_page_is_answered_with_or_without_a_query(server):
    assert ask(server) == ask(server, "/good?x=y") == (200, "good\n")
    assert ask(server, method="HEAD") == (200, "")


def test_what_is_not_there_is_answered_with_what_is(server):
    assert ask(server, "/") == (404, "there is /good, /bad, /huge\n")


@pytest.mark.parametrize("method", ["POST", "DELETE", "<script>"])
def test_nothing_but_reading_is_possible(server, method):
    assert ask(server, method=method) == (501, "Not Implemented\n")


def test_a_page_that_fails_is_an_answer_and_a_line_of_the_log(server, caplog):
    status, text = ask(server, "/bad")
    assert (status, text) == (500, "the page failed; the log says why\n")
    assert "the page /bad failed: LookupError: no such thing" in caplog.text


def test_no_version_is_told(server):
    with opened(server) as connection:
        connection.sendall(b"GET /good HTTP/1.0\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(1000), b""))
    assert b"\r\nServer: wealthsources\r\n" in answer


@pytest.mark.parametrize("request_", [b"\r\n\r\n", b"nonsense\r\n\r\n", b"\xff\xfe \x00 HTTP/9.9\r\n\r\n", b"GET\n\n"])
def test_what_is_no_request_is_turned_down(server, request_):
    with opened(server) as connection:
        connection.sendall(request_)
        answer = b"".join(iter(lambda: connection.recv(1000), b""))
    assert answer == b"" or answer.startswith((b"HTTP/1.0 400 Bad Request\r\n", b"HTTP/1.0 505 "))
    assert ask(server) == (200, "good\n")


def test_a_request_that_comes_byte_by_byte_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr(http_server, "PATIENCE", 0.4)
    began = time.monotonic()
    with opened(server) as connection, contextlib.suppress(OSError):
        while time.monotonic() - began < 10:
            connection.sendall(b"G")
            time.sleep(0.05)
    assert time.monotonic() - began < 5
    wait_until(lambda: not threads())


@pytest.mark.parametrize("begin", [b"GET /" + b"x" * 100_000, b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 10_000])
def test_a_request_that_is_too_long_is_not_read_to_its_end(server, begin):
    with opened(server) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(begin)
        assert is_closed(connection)
    assert ask(server) == (200, "good\n")


def test_many_that_say_nothing_keep_nobody_out_and_cost_no_more_threads(server):
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(opened(server)) for _ in range(5 * MOST_CONNECTIONS)]
        began = time.monotonic()
        assert ask(server) == (200, "good\n")
        assert time.monotonic() - began < http_server.PATIENCE + 5
        assert len(threads()) <= MOST_CONNECTIONS
        assert is_closed(silent[0])


def test_who_takes_nothing_of_an_answer_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(http_server, "PATIENCE", 0.4)
    with opened(server) as connection:
        connection.sendall(b"GET /huge HTTP/1.0\r\n\r\n")
        wait_until(lambda: len(threads()) == 1)
        wait_until(lambda: not threads())


def test_who_goes_away_in_the_middle_leaves_nothing(server, caplog):
    with opened(server) as connection:
        connection.sendall(b"GET /huge HTTP/1.0\r\n\r\n")
        assert connection.recv(10)
    wait_until(lambda: not threads())
    assert "Traceback" not in caplog.text


def test_it_stops_at_once_whoever_is_connected():
    with nothing_left_behind():
        server = HttpServer("127.0.0.1", 0, PAGES, LOG)
        server.start()
        with opened(server) as silent:
            wait_until(lambda: len(threads()) == 1)
            began = time.monotonic()
            server.stop()
            server.stop()
            assert time.monotonic() - began < 1.5
            assert is_closed(silent)


def test_a_port_that_is_taken_is_an_error(server):
    with pytest.raises(OSError, match="in use"):
        HttpServer(*server.server_address[:2], PAGES, LOG)


def test_it_listens_before_it_answers_and_may_never_be_started():
    server = HttpServer("127.0.0.1", 0, PAGES, LOG)
    with opened(server):
        server.stop()


def test_it_speaks_of_itself_by_its_address():
    for host, begin in (("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")):
        try:
            server = HttpServer(host, 0, PAGES, LOG)
        except OSError:
            pytest.skip("there is no IPv6 here")
        assert server.url.startswith(begin)
        server.stop()


def test_without_descriptors_it_does_not_spin(server, monkeypatch):
    tries = []

    def accept():
        tries.append(1)
        raise OSError("too many open files")

    monkeypatch.setattr(socketserver.TCPServer, "get_request", lambda self: accept())
    with opened(server):
        time.sleep(0.5)
    assert 1 <= len(tries) <= 8
