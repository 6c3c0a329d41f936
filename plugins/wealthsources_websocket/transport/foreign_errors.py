"""What others raise, turned into ConnectionLost: the one place that knows the errors of sockets, TLS and libraries.

No text of a library's is passed on unless it is known to hold nothing that a server or a proxy wrote.
"""

from __future__ import annotations

import ssl
import struct
from http.cookies import CookieError
from typing import Final

import websocket

from wealthsources_websocket.errors import ConnectionLost

#: What reading or writing frames may raise.
FRAME_ERRORS: Final = (OSError, websocket.WebSocketException, struct.error)
#: What the upgrade may raise.
UPGRADE_ERRORS: Final = (OSError, websocket.WebSocketException, ValueError, CookieError)


def lost_resolving(error: Exception, host: str) -> ConnectionLost:
    """The name could not be looked up."""
    return ConnectionLost("dns", f"{host} does not resolve: {getattr(error, 'strerror', None) or error}")


def lost_dialling(error: OSError, host: str, port: int) -> ConnectionLost:
    """An address did not answer."""
    if isinstance(error, ConnectionRefusedError):
        return ConnectionLost("refused", f"{host}:{port}: {error.strerror}")
    reason = "connect_timeout" if isinstance(error, TimeoutError) else "unreachable"
    return ConnectionLost(reason, f"{host}:{port}: {error.strerror or error}")


def lost_shaking_hands(error: OSError, host: str) -> ConnectionLost:
    """TLS did not come about."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectionLost("tls_error", f"the certificate of {host} is not trusted: {error.verify_message}")
    return ConnectionLost("tls_error", getattr(error, "reason", None) or error.strerror or type(error).__name__)


def lost_upgrading(error: Exception, host: str) -> ConnectionLost:
    """The upgrade failed. Of the library's words none are shown: they hold what the server sent (W21)."""
    if isinstance(error, websocket.WebSocketConnectionClosedException):
        return ConnectionLost("handshake_closed", f"{host} closed the connection during the upgrade")
    if isinstance(error, websocket.WebSocketException):
        return ConnectionLost("handshake_protocol", "no proper answer to the upgrade")
    return ConnectionLost("handshake_protocol", f"no proper answer to the upgrade ({type(error).__name__})")


def lost_receiving(error: Exception) -> ConnectionLost:
    """A connection ended while it was read."""
    if isinstance(error, websocket.WebSocketConnectionClosedException):
        return ConnectionLost("cut", "the server closed the connection without a Close frame")
    if isinstance(error, websocket.WebSocketProtocolException):
        return ConnectionLost("protocol", str(error)[:120], close_code=1002)
    if isinstance(error, ssl.SSLError):
        return ConnectionLost("tls_eof", f"TLS: {getattr(error, 'reason', None) or 'ended'}")
    if isinstance(error, ConnectionResetError):
        return ConnectionLost("reset", "the server reset the connection")
    return ConnectionLost("cut", type(error).__name__)


def lost_sending(error: Exception) -> ConnectionLost:
    """A frame that went out in part cannot be taken back: the connection is of no use any more."""
    return ConnectionLost("send_failed", type(error).__name__)


def lost_at_proxy(error: Exception, where: str, *, http: bool) -> ConnectionLost:
    """A proxy brought no connection.

    Of an HTTP proxy's own words none are shown: they may hold the password. Those of SOCKS are the library's.
    """
    from python_socks import ProxyError  # noqa: PLC0415 - only who has a proxy needs it

    if isinstance(error, ConnectionLost):
        if error.reason == "stopped":
            return error
        reason = "proxy_timeout" if error.reason.endswith("_timeout") else f"proxy_{error.reason}"
        return ConnectionLost(reason, f"the proxy at {where}: {error.detail}")
    if not isinstance(error, ProxyError):
        return ConnectionLost("proxy_error", f"the proxy at {where}: {type(error).__name__}")
    code, said = error.error_code, str(error)
    if code == 407 if http else "auth" in said.lower():
        return ConnectionLost("proxy_auth", f"the proxy at {where}: wants a user and password, or others")
    said = (f"HTTP {code} instead of a connection" if code else "no proper answer") if http else said[:120]
    return ConnectionLost("proxy_error", f"the proxy at {where}: {said}")
