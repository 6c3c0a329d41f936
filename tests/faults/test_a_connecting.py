"""Section A of the table of faults, from TCP to the answer to the upgrade: what happens before anything is said.

A6 and A7 are in `test_a_refusing.py`, A20 in `test_a_outage.py`, A21 in `test_a_stopping.py`.
"""

from __future__ import annotations

import functools
import re
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from wealthsources_simulator import MarketServer, Peer, fault
from wealthsources_websocket.connection.reconnect import Backoff

from ..support.live_source import use_policies


def failures(caplog: pytest.LogCaptureFixture) -> list[tuple[float, str, float]]:
    """Every failure that was logged: when, at which address, and the delay that follows; in seconds."""
    told = [(record.created, record.getMessage()) for record in caplog.records]
    found = [(at, re.match(r"(ws\S+): .*next attempt in ([0-9.]+) s", text, re.DOTALL)) for at, text in told]
    return [(at, match[1], float(match[2])) for at, match in found if match]


def ends_within(case: Any, counter: str, seconds: float) -> None:
    """The first connection is given up for that reason, in so many seconds after it was accepted."""
    case.until(lambda: case.server.accepted)
    began = time.monotonic()
    case.counted(counter)
    assert time.monotonic() - began < seconds


@pytest.fixture
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every delay is the longest that the backoff allows."""
    use_policies(monkeypatch, backoff=functools.partial(Backoff, uniform=lambda _least, most: most))


# A1 ------------------------------------------------------------------------------------------------------------


def test_a1_the_next_endpoint_is_tried_at_once(case, caplog):
    """Refuses the connection → counted `refused`, and the next endpoint is tried at once."""
    closed, good = case.serve(), case.serve()
    closed.close_port()
    case.open(closed.url, fallbacks=[good.url], backoff_base=60, backoff_cap=60)
    case.counted("lost.refused")
    case.connected()
    assert case.status.endpoint == good.url
    assert [(url, delay) for _, url, delay in failures(caplog)] == [(closed.url, 0.0)]


def test_a1_after_the_first_round_there_is_a_delay(case, caplog, no_jitter):
    """Refuses the connection, at all its endpoints → one round without a delay, then backoff."""
    servers = [case.serve() for _ in range(3)]
    for server in servers:
        server.close_port()
    urls = [server.url for server in servers]
    case.open(urls[0], fallbacks=urls[1:], backoff_base=0.6, backoff_cap=0.6)
    case.counted("lost.refused", 4)
    since = time.time()
    for server in servers:
        server.open_port()
    told = failures(caplog)  # the fourth is like the first, which has only just been said
    assert [url for _, url, _ in told] == urls
    assert [delay for _, _, delay in told[:2]] == [0.0, 0.0]
    assert since - told[2][0] > told[2][2] - 0.06 > 0  # the log says tenths of a second


# A2, A3, A4: the answer to the upgrade does not end ------------------------------------------------------------------


def test_a2_a_server_that_never_answers_the_upgrade_is_left_for_the_next(case):
    """Accepts TCP, never answers the upgrade → given up within connect_timeout, and the next endpoint is tried."""
    silent, good = case.serve("silent-upgrade"), case.serve()
    case.open(silent.url, fallbacks=[good.url], connect_timeout=0.6)
    ends_within(case, "lost.handshake_timeout", 1.8)
    case.connected()
    assert case.status.endpoint == good.url
    assert (silent.accepted, case.counter("lost.handshake_timeout")) == (1, 1)


@pytest.mark.parametrize(
    ("seconds", "timeout"),
    [("1", 1.5), ("0.05", 0.6), ("0.002", 0.6)],
    ids=["a second for a byte", "within the status", "within a header"],
)
def test_a3_an_answer_that_drips_has_no_longer_than_any_other(case, seconds, timeout):
    """Sends its answer to the upgrade byte by byte, for ever → the same deadline; no byte extends it."""
    dripping, good = case.serve(f"dripping-upgrade:{seconds}"), case.serve()
    case.open(dripping.url, fallbacks=[good.url], connect_timeout=timeout)
    ends_within(case, "lost.handshake_timeout", 3 * timeout)
    case.connected()
    assert case.status.endpoint == good.url
    assert (dripping.accepted, case.counter("lost.handshake_timeout")) == (1, 1)


@pytest.mark.parametrize("name", ["endless-headers", "huge-header:1000000"])
def test_a4_headers_have_a_limit(case, name):
    """Answers with headers that never end, or with one of 1 MB → cut at a limit, long before the deadline."""
    case.serve(name)
    case.open(connect_timeout=40)
    ends_within(case, "lost.handshake_protocol", 10)
    case.connected()
    assert (case.server.accepted, case.counter("lost.handshake_protocol")) == (2, 1)


# A5, A8: an answer that is no upgrade ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"), [("captive-portal", 200), ("bad-status:404", 404), ("bad-status:503", 503)]
)
def test_a5_a_web_page_is_not_a_market_server(case, caplog, name, status):
    """Answers with a web page (a captive portal), or an HTTP error → `bad_status`; what it wrote is not logged."""
    caplog.set_level("DEBUG")
    case.serve(name)
    case.open()
    case.counted("lost.bad_status")
    case.connected()
    assert f"HTTP {status}" in case.status.last_error
    told = caplog.text + case.status.last_error
    assert "doctype" not in told
    assert "accept the terms" not in told


def test_a8_a_body_that_never_ends_is_not_waited_for(case):
    """Answers 503 with a Content-Length of 100 GB and three bytes → given up within the deadline, memory flat."""
    go = threading.Event()

    def script(peer: Peer) -> None:
        go.wait(10)
        fault("endless-body")(peer)

    case.serve(script)
    case.open(connect_timeout=3)
    case.until(lambda: case.server.accepted)
    tracemalloc.start()
    try:
        began = time.monotonic()
        go.set()
        case.counted("lost.bad_status")
        took, (_, peak) = time.monotonic() - began, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert took < 3
    assert peak < 1_000_000
    assert "503" in case.status.last_error


# A9: redirects ---------------------------------------------------------------------------------------------------


def redirect(status: int, url: str) -> Callable[[Peer], object]:
    """A server that sends whoever comes elsewhere."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.http(status, f"Location: {url}\r\n")

    return script


def check_not_followed(case: Any, *elsewhere: MarketServer) -> None:
    """One redirect was refused, its server was asked again, and nobody else saw anything of us."""
    case.counted("lost.redirect_refused")
    case.connected()
    assert (case.server.accepted, case.counter("lost.redirect_refused")) == (2, 1)
    assert [(server.accepted, server.received) for server in elsewhere] == [(0, [])] * len(elsewhere)
    assert case.server.token not in str(case.server.peers[0].headers)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a9_a_redirect_to_another_host_is_not_followed(case, status):
    """Redirects the upgrade to another host → refused; that host sees neither the token nor a connection."""
    server, elsewhere = case.serve(), case.serve(host="127.0.0.2", token=None)
    server.then(redirect(status, elsewhere.url))
    case.open()
    check_not_followed(case, elsewhere)


def test_a9_a_redirect_from_wss_to_ws_is_not_followed(case, tmp_path):
    """Redirects the upgrade from wss:// to ws:// → refused; nothing goes out in the clear."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    server, clear = case.serve(tls=context), case.serve(token=None)
    server.then(f"redirect-to:{clear.url}")
    case.open(ca_file=str(tmp_path / "ca.pem"))
    check_not_followed(case, clear)


def test_a9_a_redirect_to_itself_is_not_followed(case):
    """Redirects the upgrade to itself → refused, once for each attempt: no loop."""
    case.serve("redirect:self")
    case.open()
    check_not_followed(case)


# A10, A11: an upgrade that is not proper ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wrong-accept", "no-upgrade-header"])
def test_a10_an_upgrade_must_be_an_upgrade(case, name):
    """Upgrades with the wrong Sec-WebSocket-Accept, or without Upgrade → `handshake_protocol`, then a new attempt."""
    case.serve(name)
    case.open()
    case.counted("lost.handshake_protocol")
    case.connected()
    assert (case.server.accepted, case.counter("lost.handshake_protocol")) == (2, 1)
    assert case.server.peers[0].received == []


@pytest.mark.parametrize("name", ["extension", "subprotocol"])
def test_a11_what_was_not_asked_for_is_refused(case, name):
    """Chooses an extension or a subprotocol that nobody asked for → refused as a protocol error."""
    case.serve(name)
    case.open()
    case.counted("lost.handshake_protocol")
    case.connected()
    assert (case.server.accepted, case.counter("lost.handshake_protocol")) == (2, 1)
    assert case.server.peers[0].received == []
