"""Being alive: heartbeats and their answers, and connections that bring nothing."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace

import pytest

from wealthsources_websocket.connection.heartbeat import Heartbeat, Uptime
from wealthsources_websocket.connection.pace import Pace
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.protocols.base import Limits
from wealthsources_websocket.protocols.wealthai import WealthAI

from ....support.waiting import wait_until
from ....support.wire import BINARY, PING, PONG
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


#: Nobody is asked anything but after data_idle.
IDLE = {"data_idle": 20.0, "pong_timeout": 100.0, "ping_interval": 80_000.0}


def after_acknowledging(heard):
    """A server that acknowledges, keeps what it hears and answers none of it."""

    def script(peer):
        peer.accept()
        while True:
            heard.append(peer.read())

    return script


SIGNS = {
    "a bar": (lambda peer, bar: peer.send(bar(1)), lambda seen, client: len(seen.bars)),
    "a bar of others": (
        lambda peer, bar: peer.send(bar(1, symbol="DOGEUSDT")),
        lambda seen, client: len(seen.bars),
    ),
    "a pong": (lambda peer, bar: peer.frame(PONG, b"x"), lambda seen, client: client.counters["stray_pongs"]),
    "a message": (
        lambda peer, bar: peer.send({"type": "NEWS"}),
        lambda seen, client: client.counters["ignored_messages"],
    ),
    "a binary frame": (
        lambda peer, bar: peer.frame(BINARY, b"\0"),
        lambda seen, client: client.counters["binary_frames"],
    ),
}


@pytest.mark.parametrize("sign", SIGNS)
def test_whatever_comes_is_a_sign_of_life(serve, start_client, bar, clock, sign):
    send, count = SIGNS[sign]
    heard = []
    server = serve(after_acknowledging(heard))
    client, seen = start_client(server.url, **IDLE)
    seen.wanted = lambda message: message.symbol == "BTCUSDT"
    wait_until(lambda: client.state == "connected")
    for number in range(1, 5):
        clock.step(15.0)
        send(server.peers[0], bar)
        wait_until(lambda wanted=number: count(seen, client) >= wanted)
    assert heard == []
    assert (client.epoch, client.state) == (1, "connected")


def test_a_silent_server_is_asked_and_any_frame_is_an_answer(serve, start_client, clock):
    heard = []
    server = serve(after_acknowledging(heard))
    client, _ = start_client(server.url, **IDLE)
    wait_until(lambda: client.state == "connected")
    for number in range(1, 4):
        clock.step(21.0)
        wait_until(lambda wanted=number: len(heard) == wanted)
        server.peers[0].send({"type": "NEWS"})
        wait_until(lambda wanted=number: client.counters["ignored_messages"] == wanted)
        clock.step(15.0)
    assert [opcode for opcode, _ in heard] == [PING] * 3
    assert (client.epoch, client.state) == (1, "connected")


def test_the_answer_to_the_question_is_no_stray_pong(serve, start_client, clock):
    heard = []

    def script(peer):
        peer.accept()
        while True:
            heard.append(peer.read())
            peer.answer(*heard[-1])

    client, _ = start_client(serve(script).url, **IDLE)
    wait_until(lambda: client.state == "connected")
    for number in (1, 2):
        clock.step(21.0)
        wait_until(lambda wanted=number: len(heard) == wanted)
    assert (client.counters["stray_pongs"], client.epoch) == (0, 1)


def test_a_server_that_gives_no_sign_when_it_is_asked_is_left(serve, start_client, clock):
    heard = []
    server = serve(after_acknowledging(heard))
    client, seen = start_client(server.url, **IDLE)
    wait_until(lambda: client.state == "connected")
    clock.step(21.0)
    wait_until(lambda: heard)
    for _ in range(2):  # a step of more than pong_timeout would be a time that it stood still
        turns = seen.turns
        clock.step(60.0)
        wait_until(lambda before=turns: seen.turns >= before + 2 or client.epoch == 2)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.data_idle"] == 1


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

    wire, heartbeat = Wire(), Heartbeat(Silent(), 1.0, 1.0, Pace(Limits(), 0.0))
    for now in range(100):
        heartbeat.check(wire, float(now))
    assert wire.sent == []


def test_a_text_is_answered_by_a_text_and_a_ping_by_its_pong():
    wire, text = Wire(), Heartbeat(Invented(), 1.0, 1.0, Pace(Limits(), 0.0))
    text.check(wire, 1.0)
    assert not text.ponged(b"anything")
    text.answered()
    text.check(wire, 5.0)
    assert [json.loads(sent)["n"] for sent in wire.sent] == [1, 2]
    wire, ping = Wire(), Heartbeat(WealthAI(), 1.0, 1.0, Pace(Limits(), 0.0))
    ping.check(wire, 1.0)
    ping.answered()  # no text answers a ping
    with pytest.raises(ConnectionLost, match=r"pong_timeout: no answer to a ping for 4 s \(pong_timeout\)"):
        ping.check(wire, 5.0)
    assert ping.ponged(wire.sent[0])
    ping.check(wire, 5.0)


def test_the_question_is_a_ping_where_the_server_alone_sends_heartbeats():
    class Silent(Invented):
        heartbeat = "none"

    wire, heartbeat = Wire(), Heartbeat(Silent(), 1.0, 1.0, Pace(Limits(), 0.0))
    heartbeat.ask(wire)
    (payload,) = wire.sent
    assert len(payload) == 8
    heartbeat.check(wire, 100.0)  # no pong is waited for: any frame will do
    assert heartbeat.ponged(payload)
    assert not heartbeat.ponged(payload)


def test_the_question_is_a_text_where_heartbeats_are():
    wire, heartbeat = Wire(), Heartbeat(Invented(), 1.0, 1.0, Pace(Limits(), 0.0))
    heartbeat.ask(wire)
    assert [json.loads(sent)["op"] for sent in wire.sent] == ["beat"]


def test_the_question_takes_no_heartbeat_for_answered():
    wire, heartbeat = Wire(), Heartbeat(WealthAI(), 1.0, 1.0, Pace(Limits(), 0.0))
    heartbeat.check(wire, 1.0)
    heartbeat.ask(wire)
    assert heartbeat.ponged(wire.sent[1])
    with pytest.raises(ConnectionLost, match="pong_timeout"):
        heartbeat.check(wire, 5.0)


def uptime(lifetime: float | None = None, renew_after: float | None = None, asleep=lambda: 0.0) -> Uptime:
    """Of a connection that began at 0, with 60 s of `data_idle` and 10 s of `pong_timeout`."""
    return Uptime(0.0, SimpleNamespace(data_idle=60.0, pong_timeout=10.0), asleep, lifetime, renew_after)


def test_a_connection_that_gives_no_sign_is_asked_once_and_then_over():
    up = uptime()
    assert not up.check_idle(60.0)
    assert up.check_idle(61.0)
    assert not up.check_idle(71.0)
    with pytest.raises(
        ConnectionLost, match=r"data_idle: no sign of life for 72 s, nor when asked for one \(data_idle\)"
    ):
        up.check_idle(71.5)


def test_a_sign_of_life_begins_the_time_anew():
    up = uptime()
    assert up.check_idle(61.0)
    up.last_frame = 70.0
    assert not up.check_idle(130.0)
    assert up.check_idle(131.0)
    assert not up.check_idle(140.0)


def test_a_connection_is_over_when_it_is_as_old_as_it_may_be_and_is_old_before():
    up = uptime(300.0, 280.0)
    up.check_age(299.0)
    assert (up.is_old(279.0), up.is_old(280.0)) == (False, True)
    with pytest.raises(ConnectionLost, match="lifetime: the server ends connections after 300 s"):
        up.check_age(300.0)
    assert not uptime().is_old(1e9)


def test_a_connection_is_over_when_the_machine_slept():
    asleep = [100.0]
    up = uptime(asleep=lambda: asleep[0])
    up.check_awake()
    asleep[0] += 600
    with pytest.raises(ConnectionLost, match="suspended: this machine slept for 600 s"):
        up.check_awake()


def test_bars_and_heartbeats_that_count_show_that_the_stream_is_alive_and_other_frames_do_not():
    up = uptime()
    up.last_frame = 50.0
    assert up.last_sign == 0.0
    up.heard(20.0)
    assert up.last_sign == 20.0
    up.last_bar = 30.0
    assert up.last_sign == 30.0
