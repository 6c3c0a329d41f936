"""Door: from an address that is to be tried to an open connection, by whatever the protocol wants done before."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wealthsources_websocket.connection.redact import redact_url
from wealthsources_websocket.errors import ConnectionLost

if TYPE_CHECKING:
    import ssl
    import threading
    from collections.abc import Callable, Sequence

    from wealthsources_websocket.connection.policies import Policies
    from wealthsources_websocket.options import WebSocketOptions
    from wealthsources_websocket.protocols.base import Protocol, Series
    from wealthsources_websocket.transport.base import Connection


class Door:
    """Opens connections. `hide` is told what is secret in the addresses that servers give."""

    def __init__(
        self,
        options: WebSocketOptions,
        protocol: Protocol,
        policies: Policies,
        tls: ssl.SSLContext | None,
        hide: Callable[[str], None],
    ) -> None:
        self._options = options
        self._protocol = protocol
        self._policies = policies
        self._tls = tls
        self._hide = hide

    def open(self, endpoint: str, series: Sequence[Series], stop: threading.Event) -> Connection:
        """Connect within `connect_timeout`, the request before it included. Raises ConnectionLost."""
        timeout = self._options.connect_timeout
        deadline = self._policies.monotonic() + timeout
        try:
            address = self._address(endpoint, series, timeout, stop)
            if address != endpoint:
                timeout = max(0.0, deadline - self._policies.monotonic())
            most, proxy = self._options.max_message, self._proxy(address)
            return self._policies.dial(address, timeout, stop, most, self._tls, proxy)
        except ConnectionLost as lost:
            self._judge(lost)
            raise

    def _address(self, endpoint: str, series: Sequence[Series], timeout: float, stop: threading.Event) -> str:
        method, answer = self._protocol.asks_first, b""
        if method:
            answer = self._policies.ask(endpoint, method, timeout, stop, self._tls, self._proxy(endpoint))
        try:
            address = self._protocol.address(endpoint, series, answer)
            parts = urlsplit(address)
            port_is_one = parts.port != 0  # raises ValueError for what is none
        except ValueError as error:
            raise ConnectionLost("no_address", str(error)) from None
        for _, _, value in (part.partition("=") for part in parts.query.split("&")):
            if address != endpoint:
                self._hide(value)
        in_the_clear = urlsplit(endpoint).scheme in ("ws", "http")
        if parts.scheme not in (("ws", "wss") if in_the_clear else ("wss",)) or not parts.hostname or not port_is_one:
            raise ConnectionLost("no_address", f"{redact_url(address)[:120]!r} is no address to connect to securely")
        return address

    def _proxy(self, url: str) -> str | None:
        try:
            return self._options.proxy_for(url)
        except ValueError as error:  # what the environment says; it never holds the value
            raise ConnectionLost("proxy_error", f"the proxy of the environment {error}") from None

    def _judge(self, lost: ConnectionLost) -> None:
        """What an HTTP status means on this server."""
        kind, rest = self._protocol.status_kinds.get(lost.status, (lost.kind, 0.0))
        if kind == "auth" and not self._protocol.credential_name:
            kind = "rate"  # of who shows no credential, none is wrong: the server wants to be left alone
        lost.kind, lost.retry_after = kind, lost.retry_after or rest
