"""TLS: the context that options ask for, and the handshake, by the deadline."""

from __future__ import annotations

import selectors
import socket
import ssl

from wealthsources_websocket.transport.deadline import Deadline, wait_ready
from wealthsources_websocket.transport.foreign_errors import lost_shaking_hands
from wealthsources_websocket.transport.open_sockets import OPEN_SOCKETS


def tls_context(ca_file: str | None, minimum: str) -> ssl.SSLContext:
    """A context that trusts the certificates in `ca_file`, or the system's, and speaks no TLS older than `minimum`.

    Raises OSError if the file cannot be read.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if minimum == "1.3" else ssl.TLSVersion.TLSv1_2
    return context


def wrap_socket(sock: socket.socket, host: str, deadline: Deadline, context: ssl.SSLContext) -> ssl.SSLSocket:
    """The same connection under TLS, once the certificate is trusted. Raises ConnectionLost."""
    sock.setblocking(False)
    try:
        # A ragged end is told from a proper one: what was cut off may have been the last message of a bar.
        wrapped = context.wrap_socket(
            sock, server_hostname=host, do_handshake_on_connect=False, suppress_ragged_eofs=False
        )
        OPEN_SOCKETS.add(wrapped)
        try:
            _shake_hands(wrapped, deadline)
        except BaseException:
            wrapped.close()
            raise
    except OSError as error:
        raise lost_shaking_hands(error, host) from None
    return wrapped


def _shake_hands(wrapped: ssl.SSLSocket, deadline: Deadline) -> None:
    while True:
        try:
            wrapped.do_handshake()
            return
        except ssl.SSLWantReadError:
            wait_ready(wrapped, selectors.EVENT_READ, deadline.slice("tls"))
        except ssl.SSLWantWriteError:
            wait_ready(wrapped, selectors.EVENT_WRITE, deadline.slice("tls"))
