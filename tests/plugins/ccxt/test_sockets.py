from __future__ import annotations

import gzip
import socket

import pytest
import requests

from wealthsources_ccxt import sockets as sockets_module
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
    for name in ("http_proxy", "no_proxy", "NO_PROXY"):  # where these except this machine, nothing would be seen
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with stage() as on:
        assert on.source.wait_loaded(5)


def test_a_redirect_is_not_followed_so_no_other_server_is_sent_the_key():
    with stage() as other, stage(script=(faults.status(302, Location=f"{other.server.url}/api/v3/klines"),)) as on:
        session = Sockets().session()
        with pytest.raises(requests.ConnectionError, match="redirects are not followed"):
            session.get(f"{on.server.url}/api/v3/klines?symbol=BTCUSDT&interval=1m", headers={"X-KEY": "k"}, timeout=5)
        assert len(on.server.asked) == 2  # of its markets, and this
        assert len(other.server.asked) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_without_end_is_given_up(packed, monkeypatch):
    monkeypatch.setattr(sockets_module, "MOST_BODY", 1_000_000)
    body = b" " * 3_000_000
    answer = faults.status(200, gzip.compress(body), Content_Encoding="gzip") if packed else faults.status(200, body)
    with stage(script=(answer,)) as on, pytest.raises(requests.ConnectionError, match="more than 1,000,000 bytes"):
        Sockets().session().get(f"{on.server.url}/api/v3/klines?symbol=BTCUSDT&interval=1m", timeout=5)


def test_an_answer_that_is_packed_is_read():
    answer = faults.status(200, gzip.compress(b"[[1]]"), Content_Encoding="gzip")
    with stage(script=(answer,)) as on:
        response = Sockets().session().get(f"{on.server.url}/api/v3/klines?symbol=BTCUSDT&interval=1m", timeout=5)
        assert response.json() == [[1]]
