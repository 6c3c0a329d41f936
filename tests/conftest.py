"""What holds for every test: connections to this machine only, and nothing left behind by the test before."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import os
import socket
import ssl
import sys
import textwrap
import threading
from collections.abc import Iterator

import pytest
import trustme
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.models", "tests.support")  # what fails there is shown with its values, too

# The same examples in every run, few enough for a suite that is run often. `make laws` tries many, never the same.
settings.register_profile(
    "project", max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("laws", settings.get_profile("project"), max_examples=1000, derandomize=False)
settings.load_profile("project")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """The thousands of tests that are found live to the end: the collector of garbage need not look at them again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_refused: list[object] = []


def _local(sock: socket.socket, address: object) -> bool:
    if sock.family == socket.AF_UNIX:
        return True
    host = str(address[0]) if isinstance(address, tuple) else ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _guarded_connect(self: socket.socket, address: object) -> None:
    if not _local(self, address):
        _refused.append(address)
        raise PermissionError(f"tests connect to this machine only, not to {address}")
    _connect(self, address)  # type: ignore[arg-type]


def _guarded_connect_ex(self: socket.socket, address: object) -> int:
    if not _local(self, address):
        _refused.append(address)
        return 1
    return _connect_ex(self, address)  # type: ignore[arg-type]


socket.socket.connect = _guarded_connect  # type: ignore[assignment, method-assign]
socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[assignment, method-assign]


@pytest.fixture(autouse=True)
def _only_this_machine() -> Iterator[None]:
    _refused.clear()
    yield
    assert not _refused, f"something tried to connect to {_refused}"


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("WEBSOCKET_", "WEALTHSOURCES_")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_session_left_open() -> Iterator[None]:
    yield
    import wealthsources

    session = wealthsources.current_session()
    if session is not None:
        session.stop()
        raise AssertionError("a test left the process-wide session open")


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority that nobody trusts unless a test says so."""
    return trustme.CA()


@pytest.fixture(scope="session")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts it."""
    from .support.tls import client_context  # only now: what is imported above is not rewritten

    return client_context(authority)


@pytest.fixture
def hanging_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A resolver that answers nothing before the end of the test; set once it was asked."""
    asked, end = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        asked.set()
        end.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    end.set()


@pytest.fixture
def closed_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port that drops whoever wants to connect: its queue is full, and nobody accepts."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def distribution(tmp_path, monkeypatch):
    """Make a distribution that is importable during the test: `distribution(name, entry_points, module=text)`."""
    made = []

    def make(name="zdist", entry_points="zmine = zmine_module", folder="site", version="1.0", metadata=True, **modules):
        site = tmp_path / folder
        info = site / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        if metadata:
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[wealthsources]\n{entry_points}\n")
        for module, text in modules.items():
            (site / f"{module}.py").write_text(textwrap.dedent(text))
            made.append(module)
        monkeypatch.syspath_prepend(site)
        return site

    yield make
    for module in made:
        sys.modules.pop(module, None)
