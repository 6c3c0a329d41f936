"""Row A21 of the table of faults: `stop()` while a connection is on its way, wherever it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import psutil

from wealthsources_simulator import Peer
from wealthsources_websocket.connection.policies import STOP_LIMIT

PATIENT: dict[str, Any] = {"connect_timeout": 60, "backoff_base": 60, "backoff_cap": 60}


def stops(case: Any) -> None:
    """`stop()` returns in time, the client's thread is over by then, and nothing connects any more."""
    case.truth_is_checked = False  # nothing was received, and nothing will be
    began = time.monotonic()
    case.session.stop()
    assert time.monotonic() - began < STOP_LIMIT
    assert "wealthsources-websocket" not in [thread.name for thread in threading.enumerate()]
    assert case.status.state == "disconnected"
    attempts, accepted = case.counter("attempts"), [server.accepted for server in case.servers]
    for server in case.servers:
        server.open_port()  # whoever knocks now is let in
    threading.Event().wait(0.3)
    assert case.counter("attempts") == attempts
    assert [server.accepted for server in case.servers] == accepted


def reaching(script: Callable[[Peer], object]) -> tuple[threading.Event, Callable[[Peer], object]]:
    """A script that says when it has come to its end, and from then on only reads."""
    reached = threading.Event()

    def whole(peer: Peer) -> None:
        script(peer)
        reached.set()
        peer.drain()

    return reached, whole


def test_a21_stop_during_the_lookup_of_the_name(case, hanging_resolver):
    """Has a name whose lookup hangs, when `stop()` comes → it returns in time, and nothing connects afterwards."""
    case.serve()
    case.open(case.server.url.replace("127.0.0.1", "localhost"), **PATIENT)
    case.counted("attempts")
    assert hanging_resolver.wait(10)
    stops(case)


def knocking(port: int) -> int:
    """How many sockets of this process wait for an answer of that port."""
    found = psutil.Process().net_connections("tcp4")
    return sum(one.status == psutil.CONN_SYN_SENT and one.raddr.port == port for one in found)


def test_a21_stop_while_tcp_connects(full_port, case):
    """Drops whoever wants to connect, when `stop()` comes → it returns in time, and nothing connects afterwards."""
    before = knocking(full_port)
    case.open(f"ws://127.0.0.1:{full_port}/", **PATIENT)
    case.counted("attempts")
    case.until(lambda: knocking(full_port) > before)
    stops(case)
    assert knocking(full_port) == before


def test_a21_stop_within_the_tls_handshake(case):
    """Never answers the TLS handshake, when `stop()` comes → it returns in time, and nothing connects afterwards."""
    reached, script = reaching(lambda peer: peer.ready(None))
    case.serve(script)
    case.open(case.server.url.replace("ws://", "wss://"), **PATIENT)
    case.counted("attempts")
    assert reached.wait(10)
    stops(case)


def test_a21_stop_while_the_upgrade_is_awaited(case):
    """Never answers the upgrade, when `stop()` comes → it returns in time, and nothing connects afterwards."""
    reached, script = reaching(lambda peer: peer.request())
    case.serve(script)
    case.open(**PATIENT)
    case.counted("attempts")
    assert reached.wait(10)
    stops(case)


def test_a21_stop_while_the_acknowledgement_is_awaited(case):
    """Never sends CONNECTED, when `stop()` comes → it returns in time, and nothing connects afterwards."""
    reached, script = reaching(lambda peer: peer.subscribed())
    case.serve(script)
    case.open(**PATIENT)
    case.counted("attempts")
    assert reached.wait(10)
    stops(case)
    assert case.counter("lost.ack_timeout") == 0


def test_a21_stop_during_the_delay_before_the_next_attempt(case, caplog):
    """Refuses connections, when `stop()` comes → the delay is broken off, and nothing connects afterwards."""
    case.serve().close_port()
    case.open(**PATIENT)
    case.counted("lost.refused")
    case.until(lambda: "next attempt in" in caplog.text)
    stops(case)


def test_a21_stop_while_the_budget_is_used_up(case, caplog):
    """Has been connected to often enough, when `stop()` comes → the wait is broken off, and nothing connects later."""
    case.serve("fin", "fin", "fin")
    case.open(connects_per_minute=2)
    case.counted("budget_waits")
    case.until(lambda: "waiting" in caplog.text)
    assert case.server.accepted == 2
    stops(case)
    assert case.server.accepted == 2
