"""Names that resolve as a test wants, certificates, and nothing left behind."""

from __future__ import annotations

import functools
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest

from ....support.tls import server_context
from ....support.waiting import nothing_left_behind


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    with nothing_left_behind():
        yield


@pytest.fixture
def resolve(monkeypatch) -> Callable[..., None]:
    """Make every name resolve to these addresses."""

    def resolving(*addresses: tuple[int, tuple]) -> None:
        found = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for family, address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    return resolving


@pytest.fixture(scope="session")
def context_for(authority) -> Callable[..., ssl.SSLContext]:
    """A server's context with a certificate of the authority's."""
    return functools.partial(server_context, authority)
