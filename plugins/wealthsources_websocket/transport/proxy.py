"""A socket through a proxy, with python-socks, under the same deadline."""

from __future__ import annotations

import socket

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.deadline import Deadline, DeadlineSocket
from wealthsources_websocket.transport.dial import open_socket
from wealthsources_websocket.transport.foreign_errors import lost_at_proxy
from wealthsources_websocket.transport.upgrade import MOST_HANDSHAKE_BYTES


def open_through(proxy: str, host: str, port: int, deadline: Deadline) -> socket.socket:
    """Ask a proxy for a connection. Its own address is dialled as any other; the proxy looks up the name of `host`.

    Raises ConnectionLost, which never holds the proxy's user or password.
    """
    from python_socks import ProxyError, ProxyType, parse_proxy_url  # noqa: PLC0415 - only who has a proxy needs it
    from python_socks.sync import Proxy  # noqa: PLC0415

    kind, proxy_host, proxy_port, user, password = parse_proxy_url(proxy)
    http = kind is ProxyType.HTTP
    dial = _ProxyDial(deadline, _HttpProxySocket if http else DeadlineSocket)
    try:
        # `forward` is the proxy before this one, or here: whoever brings a socket to it.
        Proxy(kind, proxy_host, proxy_port, user, password, rdns=True, forward=dial).connect(host, port)  # type: ignore[arg-type]
    except (ProxyError, ConnectionLost, OSError, ValueError) as error:
        dial.close()
        raise lost_at_proxy(error, f"{proxy_host}:{proxy_port}", http=http) from None
    except BaseException:
        dial.close()
        raise
    return dial.release()


class _ProxyDial:
    """What python-socks takes for a proxy before the proxy: it brings the socket, which knows the deadline."""

    def __init__(self, deadline: Deadline, face: type[DeadlineSocket]) -> None:
        self._deadline = deadline
        self._face = face
        self._sock: socket.socket | None = None

    def connect(self, dest_host: str, dest_port: int, timeout: float) -> DeadlineSocket:  # noqa: ARG002 - ours decides
        self._sock = open_socket(dest_host, dest_port, self._deadline)
        return self._face(self._sock, self._deadline, "proxy")

    def release(self) -> socket.socket:
        """The socket, which is the caller's from now on."""
        if self._sock is None:
            raise ConnectionLost("proxy_error", "no connection")
        sock, self._sock = self._sock, None
        return sock

    def close(self) -> None:
        if self._sock is not None:
            self._sock.close()


class _HttpProxySocket(DeadlineSocket):
    """Towards an HTTP proxy, whose answer is read whole, however it is cut into segments."""

    def recv(self, size: int) -> bytes:
        data = more = super().recv(size)
        while more and b"HTTP/".startswith(data[:5]) and b"\r\n\r\n" not in data and len(data) < MOST_HANDSHAKE_BYTES:
            more = super().recv(size)
            data += more
        return data
