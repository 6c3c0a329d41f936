"""From an address to an upgraded connection: TCP or proxy, TLS, upgrade, all by one deadline."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from typing import Final
from urllib.parse import SplitResult, urlsplit

from wealthsources_websocket.transport.deadline import Deadline
from wealthsources_websocket.transport.dial import open_socket
from wealthsources_websocket.transport.frames import FramedConnection
from wealthsources_websocket.transport.proxy import open_through
from wealthsources_websocket.transport.tls import wrap_socket
from wealthsources_websocket.transport.upgrade import upgrade

_PORTS: Final = {"ws": 80, "wss": 443, "http": 80, "https": 443}


def connect(
    url: str,
    timeout: float,
    stop: threading.Event,
    max_message: int,
    tls: ssl.SSLContext | None,
    proxy: str | None = None,
) -> FramedConnection:
    """Open a connection within `timeout` seconds, or raise ConnectionLost. `base.Dial` says what the arguments are."""
    deadline = Deadline(time.monotonic() + timeout, stop)
    parts = urlsplit(url)
    sock = open_stream(parts, deadline, tls, proxy)
    try:
        ws = upgrade(sock, url, parts.hostname or "", deadline)
        return FramedConnection(ws, sock, max_message)
    except BaseException:
        sock.close()
        raise


def open_stream(parts: SplitResult, deadline: Deadline, tls: ssl.SSLContext | None, proxy: str | None) -> socket.socket:
    """A socket to the host of an address, under TLS if its scheme says so. Raises ConnectionLost."""
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    sock = open_socket(host, port, deadline) if proxy is None else open_through(proxy, host, port, deadline)
    try:
        if parts.scheme in ("wss", "https"):
            return wrap_socket(sock, host, deadline, tls or ssl.create_default_context())
        return sock
    except BaseException:
        sock.close()
        raise
