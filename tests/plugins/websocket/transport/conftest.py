"""Names that resolve as a test wants, certificates, and nothing left behind."""

from __future__ import annotations

import functools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from ....support.tls import client_context, server_context
from ....support.waiting import nothing_left_behind
from .servers import PATIENCE


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


@pytest.fixture
def hanging_resolver(monkeypatch) -> Iterator[threading.Event]:
    """A resolver that does not answer before the end of the test; set once it was asked."""
    asked, end = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        asked.set()
        end.wait(2 * PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    end.set()


@pytest.fixture(scope="session")
def trusting(authority) -> ssl.SSLContext:
    """A client's context that trusts the authority."""
    return client_context(authority)


@pytest.fixture(scope="session")
def context_for(authority) -> Callable[..., ssl.SSLContext]:
    """A server's context with a certificate of the authority's."""
    return functools.partial(server_context, authority)
