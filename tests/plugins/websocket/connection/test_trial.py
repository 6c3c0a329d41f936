"""Endpoints tried once, on real sockets: what becomes of each, and what to do about it."""

from __future__ import annotations

import socket
import threading
import time
from email.utils import formatdate

import pytest

from wealthsources_simulator import Market, MarketServer
from wealthsources_websocket.connection.policies import Policies
from wealthsources_websocket.connection.trial import try_endpoints
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.source import WebSocketSource

from ....support.tls import server_context
from ....support.wire import Peer
from ..conftest import QUICK, TOKEN


def tried(endpoint, *, online=True, **options):
    chosen = WebSocketOptions(endpoint=endpoint, **QUICK | options)
    return list(try_endpoints(chosen, chosen.make_protocol(), Policies(), online))


@pytest.fixture
def answer():
    """Answer one upgrade with these header lines more; gives the address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(*extra):
        def work():
            sock, _ = listener.accept()
            with sock:
                Peer(sock).upgrade(*extra)
                sock.recv(100)

        threading.Thread(target=work, daemon=True).start()
        return f"ws://127.0.0.1:{listener.getsockname()[1]}/"

    with listener:
        yield serve


def test_a_server_that_is_there_is_ok_and_is_not_subscribed_to():
    market = Market.made()
    with MarketServer(market, token=TOKEN) as server:
        line, clock = tried(server.url)
        assert (line.level, clock.level) == ("ok", "ok")
        assert line.text.startswith(f"{server.url}: name, TCP and handshake in 0.")
        assert "whether the clocks agree is not known" in clock.text
        assert server.failures == []


def test_the_clock_of_the_server_is_compared_with_ours(answer):
    _, good = tried(answer(b"Date: " + formatdate(usegmt=True).encode()))
    assert "this machine's clock agrees with the server's to " in good.text
    _, off = tried(answer(b"Date: " + formatdate(time.time() + 3600, usegmt=True).encode()))
    assert (off.level, "s behind the server's" in off.text) == ("error", True)
    _, unread = tried(answer(b"Date: yesterday"))
    assert "is not known" in unread.text


def test_under_tls_it_says_so_and_whom_to_trust_if_nobody_does(authority, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with MarketServer(Market.made(), token=TOKEN, tls=server_context(authority)) as server:
        trusted, _ = tried(server.url, ca_file=str(tmp_path / "ca.pem"))
        (refused,) = tried(server.url)
    assert "name, TCP, TLS and handshake in 0." in trusted.text
    assert refused.level == "error"
    assert "tls_error: the certificate of 127.0.0.1 is not trusted" in refused.text
    assert "ca_file:" in refused.remedy


def test_of_several_endpoints_each_is_told_and_all_are_tried_at_once(closed_port, full_port):
    began = time.monotonic()
    lines = tried(
        f"ws://127.0.0.1:{full_port}/a",
        fallbacks=[f"ws://127.0.0.1:{full_port}/b", f"ws://127.0.0.1:{closed_port}/c"],
        connect_timeout=1,
    )
    assert time.monotonic() - began < 1.9
    assert [line.text.rpartition(": 127")[0] for line in lines[2:]] == [
        f"ws://127.0.0.1:{closed_port}/c: refused",
    ]
    assert "connect_timeout" in lines[0].text
    assert "firewall" in lines[0].remedy
    assert lines[2].remedy == "does the server run, and is the port right?"


def test_a_name_that_does_not_resolve_in_time_is_given_up(hanging_resolver):
    (line,) = tried("ws://localhost:1/", connect_timeout=0.3)
    assert "dns_timeout" in line.text
    assert "getent hosts" in line.remedy


@pytest.mark.parametrize(
    ("fault", "text", "remedy"),
    [
        ("unauthorized:403", "HTTP 403 instead of an upgrade", "the credential right?"),
        ("too-many-requests:1", "HTTP 429 instead of an upgrade", "it is asked too often"),
        ("wrong-accept", "handshake_protocol", "is this a WebSocket endpoint of that protocol?"),
    ],
)
def test_a_server_that_turns_us_down_is_told_with_what_to_do(serve, fault, text, remedy):
    (line,) = tried(serve(fault).url)
    assert (line.level, text in line.text, remedy in line.remedy) == ("error", True, True), line


def test_where_a_proxy_of_the_environment_is_not_used_that_is_said(nowhere, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:a-password-of-a-proxy@127.0.0.1:9")
    (line,) = tried(nowhere)
    assert line.remedy.endswith("; the environment names a proxy, which proxy: env would go through")
    assert "a-password-of-a-proxy" not in str(line)


def test_offline_nothing_is_connected_to(nowhere):
    assert tried(nowhere, online=False) == []


def test_a_token_that_is_not_there_is_a_warning_and_one_that_cannot_be_read_an_error(nowhere, tmp_path):
    (line,) = tried(nowhere, online=False, csrf_token="")
    assert (line.level, line.remedy) == ("warning", "set csrf_token, or csrf_token_file, if this server wants one")
    (line,) = tried(nowhere, csrf_token="", csrf_token_file=str(tmp_path / "none"))
    assert line.text == f"csrf_token_file {tmp_path / 'none'}: No such file or directory"
    assert line.level == "error"


def test_certificates_that_cannot_be_read_are_an_error(nowhere, tmp_path):
    (line,) = tried(nowhere, ca_file=str(tmp_path / "none"))
    assert line == ("error", f"ca_file {tmp_path / 'none'}: No such file or directory", "name a file in PEM")


def test_a_source_tells_it(nowhere):
    source = WebSocketSource(WebSocketOptions(endpoint=nowhere, **QUICK))
    assert [line.level for line in source.diagnose(online=True)] == ["error"]
    assert list(source.diagnose(online=False)) == []


def test_a_protocol_that_fails_is_told_of_and_not_passed_over(monkeypatch):
    chosen = WebSocketOptions(endpoint="ws://127.0.0.1:9/", **QUICK)
    protocol = chosen.make_protocol()
    monkeypatch.setattr(type(protocol), "address", lambda *_: {}["token"])
    (line,) = try_endpoints(chosen, protocol, Policies(), True)
    assert line == (
        "error",
        "ws://127.0.0.1:9/: KeyError: 'token'",
        f"tell the authors of the protocol {chosen.protocol}",
    )
