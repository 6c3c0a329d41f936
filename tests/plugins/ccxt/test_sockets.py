from __future__ import annotations

import socket

import pytest
import requests

from wealthsources_ccxt.sockets import Sockets
from wealthsources_simulator.history import faults

from .exchange import stage


def test_what_was_heard_last_is_remembered():
    with stage(script=(faults.too_many(7),)) as on:
        sockets = Sockets()
        session = sockets.session()
        session.get(f"{on.server.url}/api/v3/klines?symbol=BTCUSDT&interval=1m", timeout=5)
        assert sockets.heard.status == 429
        assert sockets.heard.headers["retry-after"] == "7"
        sockets.cut()
        with pytest.raises(requests.ConnectionError, match="has been stopped"):
            session.get(on.server.url, timeout=5)
        assert sockets.heard.status == 0


def test_a_connection_that_comes_up_just_after_the_cut_is_ended_too():
    class Connection:
        def __init__(self):
            self.sock, self.other = socket.socketpair()

    sockets, late = Sockets(), Connection()
    sockets.cut()
    sockets._opened(late)
    assert late.other.recv(1) == b""
    late.sock.close()
    late.other.close()


def test_the_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with stage() as on:
        assert on.source.wait_loaded(5)
