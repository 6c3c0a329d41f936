"""The port: closed, opened again, and nobody else's meanwhile."""

from __future__ import annotations

import errno
import socket

import pytest

from wealthsources_simulator import MarketServer, SimulatorError

from .clients import PING, PONG, Client


def test_a_closed_port_refuses_and_opens_again_where_it_was(serve, client):
    server = serve()
    client(server).join()
    url = server.url
    server.close_port()
    with pytest.raises(ConnectionRefusedError):
        Client(server)
    server.open_port()
    assert server.url == url
    client(server).join()
    assert server.accepted == 2


def test_open_connections_outlive_the_closing_of_the_port(serve, client):
    server = serve()
    one = client(server)
    one.join()
    server.close_port()
    one.send(PING, b"still there?")
    assert one.frame() == (PONG, b"still there?")


def test_nobody_else_gets_the_port_while_it_is_closed(serve):
    server = serve()
    server.close_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use") as refused:
        other.bind(("127.0.0.1", server.port))
    assert refused.value.errno == errno.EADDRINUSE


def test_a_port_that_is_taken_is_told(serve, market):
    with pytest.raises(SimulatorError, match=r"^port [0-9]+ on 127\.0\.0\.1 is already in use"):
        MarketServer(market, port=serve().port).start()
