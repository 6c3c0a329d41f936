"""Stopping a client, in whatever state it is."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import ExitStack

import pytest

from wealthsources_websocket.connection.policies import STOP_LIMIT

from ....support.waiting import wait_until
from ....support.wire import CLOSE
from .scripts import stay

# Stopping.


def listening(accept_queue_full: bool = False) -> tuple[str, ExitStack]:
    """The port of a socket that is never accepted from; when its queue is full not even TCP connects."""
    stack = ExitStack()
    listener = stack.enter_context(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(4 if accept_queue_full else 0):
        filler = stack.enter_context(socket.socket())
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    return str(listener.getsockname()[1]), stack


def stop_in_time(client) -> float:
    began = time.monotonic()
    client.stop()
    took = time.monotonic() - began
    assert took <= STOP_LIMIT
    assert client.state == "disconnected"
    return took


def test_stop_before_start_and_a_start_after_that(serve, make_client):
    server = serve(stay)
    client, seen = make_client(server.url)
    stop_in_time(client)
    client.start()
    stop_in_time(client)
    assert seen.states == []
    assert server.accepted == 0


def test_start_twice_makes_one_connection(serve, start_client):
    server = serve(stay)
    client, _ = start_client(server.url)
    client.start()
    wait_until(lambda: client.state == "connected")
    stop_in_time(client)
    client.start()
    assert server.accepted == 1


def test_stop_while_the_name_is_looked_up(start_client, monkeypatch):
    asked, give_up = threading.Event(), threading.Event()

    def hang(*args, **options):
        asked.set()
        give_up.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    client, _ = start_client("wss://market.example:443/")
    assert asked.wait(10)
    assert stop_in_time(client) < 1.5
    give_up.set()
    wait_until(lambda: "wealthsources-resolver" not in [thread.name for thread in threading.enumerate()])


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("full", [True, False], ids=["TCP", "handshake"])
def test_stop_while_connecting_to_a_silent_port(start_client, scheme, full):
    port, stack = listening(accept_queue_full=full)
    with stack:
        client, _ = start_client(f"{scheme}://127.0.0.1:{port}/", connect_timeout=20)
        wait_until(lambda: client.counters["attempts"] == 1)
        threading.Event().wait(0.1)  # nothing tells that the client is waiting now
        assert stop_in_time(client) < 1.5


def test_stop_while_waiting_for_the_upgrade(serve, start_client):
    asked = threading.Event()

    def script(peer):
        peer.request()
        asked.set()
        peer.deaf()

    client, _ = start_client(serve(script).url, connect_timeout=20)
    assert asked.wait(10)
    assert stop_in_time(client) < 1.5


def test_stop_while_waiting_for_connected(serve, start_client):
    server = serve(lambda peer: (peer.subscribed(), peer.stay()))
    client, _ = start_client(server.url, connect_timeout=20)
    wait_until(lambda: server.received)
    assert stop_in_time(client) < 1.5


def test_stop_says_goodbye(serve, start_client):
    goodbye = []

    def script(peer):
        peer.accept()
        goodbye.append(peer.read())
        peer.answer(*goodbye[0])

    client, seen = start_client(serve(script).url)
    wait_until(lambda: client.state == "connected")
    assert stop_in_time(client) < 1.5
    assert goodbye == [(CLOSE, struct.pack("!H", 1000))]
    assert (seen.states[-1], seen.reasons[-1]) == ("disconnected", "stopped")


def test_stop_when_the_server_does_not_say_goodbye(serve, start_client):
    client, _ = start_client(serve(lambda peer: (peer.accept(), peer.deaf())).url)
    wait_until(lambda: client.state == "connected")
    stop_in_time(client)


def test_stop_when_the_server_talks_on_and_reads_nothing(serve, start_client, bar):
    def script(peer):
        peer.accept()
        while True:
            peer.send(bar(1))

    client, seen = start_client(serve(script).url)
    wait_until(lambda: len(seen.bars) > 100)
    stop_in_time(client)


def test_stop_amid_half_a_frame(serve, start_client):
    sent = threading.Event()

    def script(peer):
        peer.accept()
        peer.write(b"\x81\x64half")
        sent.set()
        peer.deaf()

    client, _ = start_client(serve(script).url)
    assert sent.wait(10)
    wait_until(lambda: client.state == "connected")
    stop_in_time(client)


def test_stop_during_the_delay_before_the_next_attempt(start_client, nowhere, delays):
    client, _ = start_client(nowhere, backoff_base=60)
    wait_until(lambda: delays)
    assert stop_in_time(client) < 1.5
    assert client.counters["attempts"] == 1


def test_stop_while_the_budget_is_used_up(serve, start_client):
    client, _ = start_client(serve(lambda peer: None).url, connects_per_minute=1)
    wait_until(lambda: client.counters["budget_waits"])
    assert stop_in_time(client) < 1.5


def test_stop_twice(serve, start_client):
    client, _ = start_client(serve(stay).url)
    wait_until(lambda: client.state == "connected")
    stop_in_time(client)
    assert stop_in_time(client) < 0.5


def test_stop_from_many_threads_at_once(serve, start_client):
    server = serve(stay)
    client, seen = start_client(server.url)
    wait_until(lambda: client.state == "connected")
    took: list[float] = []
    barrier = threading.Barrier(8)

    def stop():
        barrier.wait(10)
        took.append(stop_in_time(client))

    threads = [threading.Thread(target=stop) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(took) == 8
    assert seen.states.count("disconnected") == 1


def test_stop_from_the_readers_own_thread(serve, make_client, bar):
    def script(peer):
        peer.accept()
        peer.send(bar(1))
        peer.stay()

    server = serve(script)
    took: list[float] = []

    def stop(message):
        began = time.monotonic()
        client.stop()
        took.append(time.monotonic() - began)
        return True

    client, seen = make_client(server.url)
    seen.wanted = stop
    client.start()
    wait_until(lambda: client.state == "disconnected" and took)
    assert took[0] < 0.5
    assert server.accepted == 1


def test_stop_while_the_handler_hangs(serve, make_client, bar, policies):
    policies |= {"stop_limit": 0.6, "close_timeout": -0.7}  # 0.3 s until the socket is torn away
    let_go, hangs = threading.Event(), threading.Event()

    def hang(message):
        hangs.set()
        return let_go.wait(20)

    client, seen = make_client(serve(lambda peer: (peer.accept(), peer.send(bar(1)), peer.stay())).url)
    seen.wanted = hang
    client.start()
    assert hangs.wait(10)
    began = time.monotonic()
    client.stop()
    assert 0.5 < time.monotonic() - began < 3
    let_go.set()
    wait_until(lambda: client.state == "disconnected")


def test_nothing_connects_after_a_stop(serve, start_client):
    server = serve(lambda peer: peer.accept())
    client, seen = start_client(server.url, backoff_base=0.001, backoff_cap=0.001)
    wait_until(lambda: server.accepted >= 3)
    stop_in_time(client)
    attempts, states = client.counters["attempts"], list(seen.states)
    threading.Event().wait(0.1)
    assert server.accepted <= client.counters["attempts"] == attempts
    assert seen.states == states
    assert states[-1] == "disconnected"


def test_a_start_and_a_stop_that_race_leave_nothing_behind(serve, make_client):
    server = serve(stay)
    for _ in range(20):
        client, _ = make_client(server.url)
        thread = threading.Thread(target=client.start)
        thread.start()
        client.stop()
        thread.join(10)
        client.stop()
        assert client.state == "disconnected"
