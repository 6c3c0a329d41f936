"""Being alive: heartbeats and their answers, and connections that bring nothing."""

from __future__ import annotations

import json
import threading

import pytest

from wealthsources_websocket.connection.heartbeat import Heartbeat, Uptime
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.protocols.wealthai import WealthAI

from ....support.waiting import wait_until
from ....support.wire import PING, PONG
from ..protocols.invented import Invented

# Being alive.


def test_pings_go_out_and_are_answered(serve, start_client):
    payloads = []

    def script(peer):
        peer.accept()
        while True:
            opcode, payload = peer.read()
            payloads.append(payload)
            peer.answer(opcode, payload)

    client, _ = start_client(serve(script).url, ping_interval=0.05, pong_timeout=0.3)
    wait_until(lambda: len(payloads) >= 4)
    assert len(set(payloads[:4])) == 4
    assert client.epoch == 1
    assert client.counters["stray_pongs"] == 0


def test_a_server_that_answers_no_ping_is_left(serve, start_client):
    def script(peer):
        peer.accept()
        peer.deaf() if peer.number == 1 else peer.stay()

    client, _ = start_client(serve(script).url, ping_interval=0.05, pong_timeout=0.1)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.pong_timeout"] == 1


def test_bars_do_not_count_as_answer_to_a_ping(serve, start_client, bar):
    def script(peer):
        peer.accept()
        if peer.number > 1:
            peer.stay()
        gone = threading.Event()
        while not gone.wait(0.01):
            peer.send(bar(1))

    client, _ = start_client(serve(script).url, ping_interval=0.05, pong_timeout=0.1)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.pong_timeout"] == 1


def test_a_pong_for_another_ping_is_no_answer(serve, start_client):
    def script(peer):
        peer.accept()
        if peer.number > 1:
            peer.stay()
        while True:
            opcode, payload = peer.read()
            peer.frame(PONG, payload[::-1] + b"!") if opcode == PING else peer.answer(opcode, payload)

    client, _ = start_client(serve(script).url, ping_interval=0.05, pong_timeout=0.1)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.pong_timeout"] == 1
    assert client.counters["stray_pongs"] >= 1


def test_pongs_that_nobody_asked_for_do_no_harm(serve, start_client, bar):
    def script(peer):
        peer.accept()
        for _ in range(100):
            peer.frame(PONG, b"hello")
        peer.frame(PONG)
        peer.send(bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url, ping_interval=0.05, pong_timeout=5)
    wait_until(lambda: seen.bars)
    assert client.counters["stray_pongs"] == 101
    assert (client.state, client.epoch) == ("connected", 1)


def test_a_ping_of_the_server_is_answered_with_its_payload(serve, start_client):
    answers = []

    def script(peer):
        peer.accept()
        peer.frame(PING, b"are you there?")
        answers.append(peer.read())
        peer.stay()

    start_client(serve(script).url)
    wait_until(lambda: answers)
    assert answers == [(PONG, b"are you there?")]


def test_a_ping_message_is_answered_with_a_pong_message(serve, start_client):
    def script(peer):
        peer.subscribed()
        peer.send({"type": "PING"}, {"type": "CONNECTED"}, {"type": "PING"})
        peer.stay()

    server = serve(script)
    start_client(server.url)
    wait_until(lambda: len(server.received) == 3)
    assert server.received[1:] == [{"type": "PONG"}, {"type": "PONG"}]


def test_a_connection_without_bars_is_given_up_whatever_else_comes(serve, start_client):
    def script(peer):
        peer.accept()
        while peer.number == 1:
            peer.send({"type": "CONNECTED"}, {"type": "PONG"}, {"type": "NEWS"}, {"type": "ERROR", "message": "busy"})
            peer.frame(PING, b"x")
            peer.answer(*peer.read())
        peer.stay()

    client, _ = start_client(serve(script).url, data_idle=0.3, ping_interval=0.05)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.data_idle"] == 1


def test_bars_of_others_do_not_count_as_data(serve, start_client, bar):
    def script(peer):
        peer.accept()
        while True:
            peer.send(bar(1, symbol="DOGEUSDT"))
            peer.answer(*peer.read())

    client, seen = start_client(serve(script).url, data_idle=0.3, ping_interval=0.01)
    seen.wanted = lambda message: message.symbol == "BTCUSDT"
    wait_until(lambda: client.counters["lost.data_idle"])


def test_bars_keep_a_connection(serve, start_client, bar):
    def script(peer):
        peer.accept()
        for place in range(100_000):
            peer.send(bar(place))
            peer.answer(*peer.read())

    client, seen = start_client(serve(script).url, data_idle=0.5, ping_interval=0.01)
    wait_until(lambda: len(seen.bars) >= 5)
    assert seen.epochs[:5] == [1] * 5
    assert client.reconnects == 0


def test_a_machine_that_slept_begins_with_a_new_connection(serve, start_client, bar, policies):
    asleep = [0.0]
    policies["asleep"] = lambda: asleep[0]

    def script(peer):
        peer.accept()
        peer.send(bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)  # it reads by then, and knows how long the machine had slept before
    asleep[0] = 600.0
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.suspended"] == 1


# by itself -----------------------------------------------------------------------------------------------------


class Wire:
    """A connection that keeps what it is to send."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def ping(self, payload: bytes) -> None:
        self.sent.append(payload)

    def send_text(self, text: str) -> None:
        self.sent.append(text)


def test_where_only_the_server_sends_heartbeats_none_goes_out():
    class Silent(Invented):
        heartbeat = "none"

    wire, heartbeat = Wire(), Heartbeat(Silent(), 1.0, 1.0)
    for now in range(100):
        heartbeat.check(wire, float(now))
    assert wire.sent == []


def test_a_text_is_answered_by_a_text_and_a_ping_by_its_pong():
    wire, text = Wire(), Heartbeat(Invented(), 1.0, 1.0)
    text.check(wire, 1.0)
    assert not text.ponged(b"anything")
    text.answered()
    text.check(wire, 5.0)
    assert [json.loads(sent)["n"] for sent in wire.sent] == [1, 2]
    wire, ping = Wire(), Heartbeat(WealthAI(), 1.0, 1.0)
    ping.check(wire, 1.0)
    ping.answered()  # no text answers a ping
    with pytest.raises(ConnectionLost, match=r"pong_timeout: no answer to a ping for 4 s \(pong_timeout\)"):
        ping.check(wire, 5.0)
    assert ping.ponged(wire.sent[0])
    ping.check(wire, 5.0)


def test_a_connection_is_over_when_it_is_idle_too_old_or_was_asleep():
    asleep = [100.0]
    up = Uptime(0.0, 60.0, 300.0, lambda: asleep[0])
    up.check_age(60.0)
    with pytest.raises(ConnectionLost, match=r"data_idle: no bar for 61 s \(data_idle\)"):
        up.check_age(61.0)
    up.heard(100.0)
    up.check_age(160.0)
    up.last_bar = 250.0
    with pytest.raises(ConnectionLost, match="lifetime: the server ends connections after 300 s"):
        up.check_age(300.0)
    up.check_awake()
    asleep[0] += 600
    with pytest.raises(ConnectionLost, match="suspended: this machine slept for 600 s"):
        up.check_awake()
