"""A client in a forked child: whatever becomes of the child, the parent's connection goes on."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ....support.forking import fork, in_child
from ....support.tls import server_context
from ....support.waiting import wait_until


class Watched:
    """A connection that is up, and what its server hears of it."""

    def __init__(self, server, client, seen, bar) -> None:
        self.server = server
        self.client = client
        self.seen = seen
        self._bar = bar

    def goes_on(self) -> bool:
        """Whether a bar comes through on the first connection, and the server has heard nothing but pings."""
        self.server.peers[0].send(self._bar(0))
        wait_until(lambda: self.seen.bars)
        return (self.client.state, self.client.epoch, self.server.accepted) == ("connected", 1, 1)


@pytest.fixture
def heard() -> list[int]:
    """The opcodes of what a server hears after the subscription; -1 for the end."""
    return []


@pytest.fixture(params=["ws", "wss"])
def watched(request, serve, start_client, authority, tmp_path, bar, heard):
    """In the clear, and under TLS."""

    def listen(peer) -> None:
        peer.accept()
        try:
            while True:
                heard.append(peer.read()[0])
        except Exception:
            heard.append(-1)
            raise

    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    server = serve(listen, tls=server_context(authority) if request.param == "wss" else None)
    client, seen = start_client(server.url, ca_file=str(path))
    wait_until(lambda: client.state == "connected")
    return Watched(server, client, seen, bar)


def end_after(work: Callable[[object], object], client: object) -> int:
    """The exit code of a child that does this and leaves."""
    child = fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work(client)
    except BaseException:  # noqa: BLE001 - whatever it is, it must not leave the child
        os._exit(1)
    os._exit(0)


WAYS = {
    "stops": lambda client: client.stop(),
    "stops with a deadline": lambda client: client.stop(time.monotonic() + 1),
    "asks it to stop": lambda client: client.ask_to_stop(),
    "collects garbage": lambda client: (client.__dict__.clear(), gc.collect()),
    "subscribes to something else": lambda client: client.update_series([("ETHUSDT", "1h")]),
    "starts it": lambda client: client.start(),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_child_does_not_end_the_connection_of_the_parent(watched, heard, way):
    assert end_after(WAYS[way], watched.client) == 0
    assert watched.goes_on()
    assert heard == []


def test_a_child_that_was_killed_does_not_either(watched, heard):
    child = fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert watched.goes_on()
    assert heard == []


def sockets() -> set[str]:
    """Those that this process has open."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # it was that of the list
            found.add(str(entry.readlink()))
    return {link for link in found if link.startswith("socket:")}


def test_a_child_keeps_no_descriptor_of_the_connection(watched):
    number = os.fstat(watched.client._connection._sock.fileno()).st_ino
    assert f"socket:[{number}]" in sockets()
    assert f"socket:[{number}]" not in in_child(sockets)


def test_a_child_of_a_client_that_is_just_connecting_keeps_no_descriptor_either(serve, start_client):
    arrived, go = threading.Event(), threading.Event()

    def script(peer):
        arrived.set()
        go.wait(20)
        peer.accept()
        peer.stay()

    client, _ = start_client(serve(script).url)
    assert arrived.wait(10)
    in_parent, left = sockets(), in_child(sockets)
    assert len(in_parent) - len(left) == 1, "the client's; the server's two are inherited"
    go.set()
    wait_until(lambda: client.state == "connected")
    assert client.counters["attempts"] == 1


def test_stop_in_a_child_returns_at_once_whatever_the_client_is_doing(closed_port, start_client):
    client, _ = start_client(f"ws://127.0.0.1:{closed_port}/", backoff_base=30, backoff_cap=30)
    wait_until(lambda: client.counters["lost.refused"])

    def stop() -> float:
        began = time.monotonic()
        client.stop()
        client.ask_to_stop()
        client.stop()
        return time.monotonic() - began

    for _ in range(10):
        assert in_child(stop) < 0.5
    assert client.state != "disconnected"


def test_a_lock_of_an_event_that_is_held_does_not_hang_the_child(watched):
    client = watched.client
    with client._stop._cond:
        assert in_child(lambda: client.stop() or "returned") == "returned"
