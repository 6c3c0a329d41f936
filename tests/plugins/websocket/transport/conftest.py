"""Names that resolve as a test wants, certificates, and nothing left behind."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import psutil
import pytest
import trustme

from .servers import PATIENCE, wait_until


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    process = psutil.Process()
    files, threads = process.num_fds(), threading.active_count()
    yield
    wait_until(lambda: threading.active_count() <= threads)
    wait_until(lambda: process.num_fds() <= files)


@pytest.fixture
def resolve(monkeypatch) -> Callable[..., None]:
    """Make every name resolve to these addresses."""

    def resolving(*addresses: tuple[int, tuple]) -> None:
        found = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", address) for family, address in addresses]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    return resolving


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


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


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority) -> ssl.SSLContext:
    """A client's context that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def context_for(authority) -> Callable[..., ssl.SSLContext]:
    """A server's context with a certificate of the authority's."""

    def make(*names: str, **options: dt.datetime) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names, **options).configure_cert(context)
        return context

    return make
