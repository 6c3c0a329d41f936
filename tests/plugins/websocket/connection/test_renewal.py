"""The connection that is made beside the one in use, by itself: what it keeps, how it hands over, how it ends."""

from __future__ import annotations

import threading
import time

import pytest

from wealthsources import Redactor
from wealthsources_websocket.connection import renewal as module
from wealthsources_websocket.connection.credential import Credential
from wealthsources_websocket.connection.renewal import Candidate, Renewal
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.transport.connect import connect

from ....support.waiting import wait_until
from ....support.wire import CLOSE, PING, PONG
from ..conftest import TOKEN
from ..protocols.invented import Invented
from .scripts import stay


@pytest.fixture
def begin(make_client):
    """Begins a renewal of a client that does nothing itself."""

    def begin(url: str, **options) -> Renewal:
        client, _ = make_client(url, **options)
        credential = Credential(TOKEN, Redactor(TOKEN))
        candidate = Candidate(client, url, credential.redact)
        made.append(Renewal(client._setting, candidate, "silent", url, credential, client._dial))
        made[-1].start()
        return made[-1]

    made: list[Renewal] = []
    yield begin
    for renewal in made:
        renewal.drop(2.0)
    wait_until(lambda: not [each for each in threading.enumerate() if each.name.endswith("websocket-next")])


def taken(renewal: Renewal) -> list[int]:
    return [message.open_time for message, _ in renewal.held.take({})]


def test_it_keeps_what_comes_from_the_beginning_on(serve, begin, bar):
    def script(peer):
        message = peer.subscribed()
        peer.send(bar(1), {"type": "CONNECTED", "request_id": message["request_id"]}, bar(2), bar(2, close="11"))
        peer.stay()

    renewal = begin(serve(script).url)
    assert renewal.settled.wait(10)
    assert renewal.is_there
    wait_until(lambda: not renewal.held.lacks({("BTCUSDT", "1h"): [(bar(2)["open_time"], 3.0)]}))
    assert renewal.release() is not None
    assert taken(renewal) == [bar(1)["open_time"], bar(2)["open_time"]]


def test_it_answers_pings_and_sends_its_own_while_it_waits(serve, begin):
    heard = []

    def script(peer):
        peer.accept()
        peer.frame(PING, b"there?")
        while True:
            heard.append(peer.read())
            peer.answer(*heard[-1])

    begin(serve(script).url, ping_interval=0.05)
    wait_until(lambda: [opcode for opcode, _ in heard].count(PING) >= 3)
    assert (PONG, b"there?") in heard


def test_one_that_cannot_be_made_says_why(begin, nowhere):
    renewal = begin(nowhere)
    assert renewal.settled.wait(10)
    assert (renewal.is_there, renewal.lost.reason) == (False, "refused")
    assert renewal.release() is None


def test_one_that_is_not_acknowledged_in_time_is_lost(serve, begin):
    renewal = begin(serve(lambda peer: (peer.subscribed(), peer.deaf())).url, connect_timeout=0.3)
    wait_until(lambda: renewal.lost is not None)
    assert (renewal.lost.reason, renewal.acknowledged_at) == ("ack_timeout", None)


def test_one_that_is_closed_while_it_waits_is_lost(serve, begin):
    go = threading.Event()
    renewal = begin(serve(lambda peer: (peer.accept(), go.wait(10))).url)
    wait_until(lambda: renewal.is_there)
    go.set()
    wait_until(lambda: renewal.lost is not None)
    assert (renewal.lost.reason, renewal.is_there) == ("cut", False)
    assert renewal.release() is None


def test_one_that_the_server_does_not_want_either_is_lost(serve, begin):
    def script(peer):
        peer.upgrade()
        peer.send({"event": "hello"})
        peer.message()
        peer.send({"event": "welcome"})
        peer.message()
        peer.send({"event": "subscribed", "id": 1}, {"event": "restart"})
        peer.deaf()

    renewal = begin(serve(script).url, protocol=Invented(), resolutions=["1m"])
    wait_until(lambda: renewal.lost is not None)
    assert str(renewal.lost) == "reconnect_asked: the server restarts"


def test_a_fault_of_ours_costs_this_connection_only(policies, begin, caplog):
    def fail(*_):
        raise RuntimeError("a fault of ours")

    policies["dial"] = fail
    renewal = begin("ws://127.0.0.1:1/")
    wait_until(lambda: renewal.lost is not None)
    assert str(renewal.lost) == "internal: RuntimeError"
    assert "a fault of ours" in caplog.text


def test_who_broke_the_protocol_is_told_by_the_code(serve, begin):
    codes = []

    def script(peer):
        peer.accept()
        peer.write(b"\xc1\x00")  # a reserved bit
        codes.append(peer.read())

    begin(serve(script).url)
    wait_until(lambda: codes)
    assert codes[0][0] == CLOSE
    assert codes[0][1][:2] == b"\x03\xea"  # 1002


def test_one_that_is_dropped_says_goodbye(serve, begin):
    heard = []

    def script(peer):
        peer.accept()
        heard.append(peer.read())

    renewal = begin(serve(script).url)
    wait_until(lambda: renewal.is_there)
    renewal.drop(2.0)
    wait_until(lambda: heard)
    assert heard[0][0] == CLOSE
    assert not renewal._thread.is_alive()


def dropped_in(renewal: Renewal) -> float:
    began = time.monotonic()
    renewal.drop(2.0)
    assert not renewal._thread.is_alive()
    return time.monotonic() - began


def test_it_can_be_dropped_while_it_dials(policies, begin):
    asked = threading.Event()

    def dial(_url, _timeout, stop, *_):
        asked.set()
        stop.wait(30)
        raise ConnectionLost("stopped")

    policies["dial"] = dial
    renewal = begin("ws://127.0.0.1:1/")
    assert asked.wait(10)
    assert dropped_in(renewal) < 1


def test_a_dial_that_does_not_hear_of_it_leaves_no_connection_behind(serve, policies, begin):
    asked, go = threading.Event(), threading.Event()

    def dial(*arguments):
        connection = connect(*arguments)
        asked.set()
        go.wait(10)
        return connection

    policies["dial"] = dial
    renewal = begin(serve(stay).url)
    assert asked.wait(10)
    renewal.drop(0.1)
    go.set()
    wait_until(lambda: renewal.lost is not None)
    assert renewal.lost.reason == "stopped"


def test_it_can_be_dropped_while_it_waits_for_the_acknowledgement(serve, begin):
    server = serve(lambda peer: (peer.subscribed(), peer.deaf()))
    renewal = begin(server.url, connect_timeout=30)
    wait_until(lambda: server.received)
    assert dropped_in(renewal) < 1.5


def test_a_reader_that_does_not_leave_off_is_left(serve, policies, begin, monkeypatch):
    stuck, let_go = threading.Event(), threading.Event()

    def dial(*arguments):
        connection = connect(*arguments)
        receive = connection.receive

        def hang():
            if stuck.is_set():
                let_go.wait(10)
            return receive()

        connection.receive = hang
        return connection

    monkeypatch.setattr(module, "_JOIN", 0.1)
    policies["dial"] = dial
    renewal = begin(serve(stay).url)
    wait_until(lambda: renewal.is_there)
    stuck.set()
    threading.Event().wait(0.5)  # nothing tells that it hangs by now
    assert renewal.release() is None
    assert renewal.lost.reason == "stuck"
    let_go.set()


def test_what_was_noted_goes_to_the_shard(make_client):
    client, _ = make_client("ws://127.0.0.1:1/")
    client.counters["stray_pongs"] = 1
    client.refused = {("BTCUSDT", "1h"): "not yet"}
    client.last_error = "an old one"
    candidate = Candidate(client, "ws://b/", Redactor(TOKEN))
    assert candidate.refused == client.refused
    assert candidate.shown(f"you are {TOKEN}") == "you are ***"
    candidate.counters["stray_pongs"] = 2
    candidate.refused = {}
    candidate.unused.add_kind("NEWS", 1.0)
    candidate.give_to(client)
    assert (client.counters["stray_pongs"], client.refused, client.endpoint) == (3, {}, "ws://b/")
    assert "NEWS" in str(client.unused.tell("X"))
    assert client.last_error == "an old one"
    candidate.last_error = "a new one"
    candidate.give_to(client)
    assert client.last_error == "a new one"
