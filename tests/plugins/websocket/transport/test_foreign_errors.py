"""What others raise, and what is told of it."""

from __future__ import annotations

import ssl
import struct
from http.cookies import CookieError

import pytest
import websocket
from python_socks import ProxyError

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport import foreign_errors as foreign

HOST = "market.example"
SECRET = "hunter2"
AUTH = "proxy_auth: the proxy at p:1: wants a user and password, or others"


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        (websocket.WebSocketConnectionClosedException("x"), "cut", None),
        (websocket.WebSocketProtocolException("bad opcode"), "protocol", 1002),
        (ssl.SSLEOFError(8, "EOF"), "tls_eof", None),
        (ConnectionResetError(), "reset", None),
        (OSError(9, "Bad file descriptor"), "cut", None),
        (websocket.WebSocketException(SECRET), "cut", None),
        (struct.error(SECRET), "cut", None),
    ],
)
def test_a_connection_that_ends_while_it_is_read(error, reason, code):
    assert isinstance(error, foreign.FRAME_ERRORS)
    lost = foreign.lost_receiving(error)
    assert (lost.reason, lost.close_code) == (reason, code)
    assert SECRET not in str(lost)


def test_a_connection_that_ends_while_something_is_sent():
    assert str(foreign.lost_sending(BrokenPipeError())) == "send_failed: BrokenPipeError"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            websocket.WebSocketConnectionClosedException(SECRET),
            "handshake_closed: market.example closed",
        ),
        (websocket.WebSocketBadStatusException(SECRET, 503), "handshake_protocol: no proper answer to the upgrade"),
        (ValueError(SECRET), "handshake_protocol: no proper answer to the upgrade (ValueError)"),
        (CookieError(SECRET), "handshake_protocol: no proper answer to the upgrade (CookieError)"),
    ],
)
def test_an_upgrade_that_fails(error, told):
    assert isinstance(error, foreign.UPGRADE_ERRORS)
    lost = foreign.lost_upgrading(error, HOST)
    assert str(lost).startswith(told)
    assert SECRET not in str(lost)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "refused: market.example:1: Connection refused"),
        (TimeoutError("no answer"), "connect_timeout: market.example:1: no answer"),
        (OSError(113, "No route to host"), "unreachable: market.example:1: No route to host"),
    ],
)
def test_an_address_that_does_not_answer(error, told):
    assert str(foreign.lost_dialling(error, HOST, 1)) == told


@pytest.mark.parametrize(
    ("error", "http", "told"),
    [
        (
            ProxyError(SECRET, error_code=407),
            True,
            AUTH,
        ),
        (ProxyError(SECRET, error_code=503), True, "proxy_error: the proxy at p:1: HTTP 503 instead of a connection"),
        (ProxyError(SECRET), True, "proxy_error: the proxy at p:1: no proper answer"),
        (ProxyError("No acceptable auth"), False, AUTH),
        (ProxyError("Host unreachable"), False, "proxy_error: the proxy at p:1: Host unreachable"),
        (ConnectionLost("stopped"), True, "stopped"),
        (ConnectionLost("dns", "p does not resolve"), True, "proxy_dns: the proxy at p:1: p does not resolve"),
        (ConnectionLost("proxy_timeout"), True, "proxy_timeout: the proxy at p:1: "),
        (ValueError(SECRET), True, "proxy_error: the proxy at p:1: ValueError"),
    ],
)
def test_a_proxy_that_brings_no_connection(error, http, told):
    assert str(foreign.lost_at_proxy(error, "p:1", http=http)) == told
