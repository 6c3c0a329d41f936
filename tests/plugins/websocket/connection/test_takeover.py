"""A client that goes from one connection to the next without letting go of the first: what its server and handler see.

The server speaks `Invented`, since that can ask for another connection.
"""

from __future__ import annotations

import logging
import threading
import time

import pytest

from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.protocols.base import Protocol
from wealthsources_websocket.transport.connect import connect

from ....support.forking import in_child
from ....support.waiting import wait_until
from ..protocols.invented import Invented

T0 = 1_600_000_020_000  # the beginning of a minute
BTC = ("BTCUSDT", "1m")
OPTIONS = {"symbols": ["BTCUSDT"], "resolutions": ["1m"], "csrf_token": "the-secret-key"}
RESTART = {"event": "restart"}


def bar(place: int, volume: int = 1):
    values = ["10.25", "12", "9", "10.50", str(volume)]
    return {"event": "bar", "topic": "XBT-USDT@60", "open": T0 + 60_000 * place, "ohlcv": values, "closed": False}


def acknowledge(peer) -> None:
    """Be greeted, introduced, asked, and answer."""
    peer.upgrade()
    peer.send({"event": "hello"})
    peer.message()
    peer.send({"event": "welcome"})
    asked = peer.message()
    peer.send(*({"event": "subscribed", "topic": topic} for topic in asked["topics"]))


def beating(peer) -> None:
    while True:
        message = peer.message()
        if message["op"] == "beat":
            peer.send({"event": "beat", "n": message["n"]})
        else:
            peer.send(*({"event": "subscribed", "topic": topic} for topic in message["topics"]))


def good(peer) -> None:
    acknowledge(peer)
    beating(peer)


class Pushing(Invented):
    pushes_quiet_minutes = True


class Play:
    """A server of which a test says what each connection meets, and a client of it."""

    def __init__(self, serve, make_client, protocol: Protocol | None = None, **others) -> None:
        self.others = {int(number.removeprefix("on")): script for number, script in others.items()}
        self.server = serve(lambda peer: self.others.get(peer.number, good)(peer))
        self.client, self.seen = make_client(self.server.url, protocol=protocol or Invented(), **OPTIONS)
        self.seen.forming = {BTC: ((T0, 5.0),)}  # vouched for: nothing takes over before it has stated that

    def start(self) -> None:
        self.client.start()
        wait_until(lambda: self.client.state == "connected")

    def push(self, *messages, on: int = 1) -> None:
        self.server.peers[on - 1].send(*messages)

    def ask(self) -> None:
        """The server wants the client on another connection."""
        self.push(RESTART, on=self.client.epoch)

    def next_is_there(self) -> None:
        wait_until(lambda: (renewal := self.client._succession.renewal) is not None and renewal.is_there)

    def some_turns(self) -> None:
        turns = self.seen.turns
        wait_until(lambda: self.seen.turns >= turns + 3)

    def epoch(self, number: int) -> None:
        wait_until(lambda: self.client.epoch == number and self.client.state == "connected")

    @property
    def heard(self) -> list[tuple[int, int]]:
        """(epoch, minute) of all bars."""
        minutes = ((time - T0) // 60_000 for time in self.seen.open_times)
        return list(zip(self.seen.epochs, minutes, strict=True))


@pytest.fixture
def play(serve, make_client):
    def made(**others) -> Play:
        play = Play(serve, make_client, **others)
        play.start()
        return play

    yield made
    wait_until(lambda: not [each for each in threading.enumerate() if each.name.endswith("websocket-next")])


# what is seen of it --------------------------------------------------------------------------------------------


def test_the_old_connection_is_used_until_the_new_one_has_stated_what_it_knows(play, caplog):
    caplog.set_level(logging.INFO)
    play = play()
    play.push(bar(0, 5))
    play.ask()
    play.next_is_there()
    play.push(bar(0, 6))
    wait_until(lambda: len(play.heard) == 2)
    play.push(bar(0, 4), on=2)
    play.some_turns()
    assert (play.client.epoch, play.server.accepted) == (1, 2)
    play.push(bar(0, 6), on=2)
    play.epoch(2)
    play.push(bar(1), on=2)
    wait_until(lambda: len(play.heard) == 4)
    assert play.heard == [(1, 0), (1, 0), (2, 0), (2, 1)]
    assert play.seen.states == ["connecting", "connected", "connected"]
    assert play.seen.reasons[-1] == "reconnect_asked"
    assert play.client.reconnects_by_reason == {"reconnect_asked": 1}
    assert (play.client.counters["takeovers"], play.client.counters["attempts"]) == (1, 2)
    assert not [name for name in play.client.counters if name.startswith("lost.")]
    assert "reconnect_asked: the next connection is made beside this one" in caplog.text
    assert "reconnect_asked: the connection that was made beside the old one takes over" in caplog.text


def test_what_was_held_back_comes_in_its_order_with_the_times_when_it_came(play):
    play = play()
    arrived = []
    on_bar = play.seen.on_bar
    play.seen.on_bar = lambda shard, message, now: arrived.append(now) or on_bar(shard, message, now)
    play.seen.forming = {BTC: ((T0 + 3 * 60_000, 5.0),)}
    play.ask()
    play.next_is_there()
    for message in (bar(1), bar(2), {"event": "bar"}, bar(2, 2), bar(3, 5)):
        play.push(message, on=2)
    play.epoch(2)
    wait_until(lambda: len(play.heard) == 3)
    assert play.heard == [(2, 1), (2, 2), (2, 3)]
    assert len(play.seen.bad) == 1
    assert arrived == sorted(arrived)
    assert arrived[0] <= play.client.since


def test_the_old_connection_is_closed_by_us(play):
    goodbyes = []

    def script(peer):
        acknowledge(peer)
        try:
            beating(peer)
        finally:
            goodbyes.append(peer.number)

    play = play(on1=script)
    play.seen.forming = {}
    play.ask()
    play.epoch(2)
    wait_until(lambda: goodbyes == [1])


def test_the_new_connection_is_read_on_and_can_be_followed_itself(play):
    play = play()
    play.seen.forming = {}
    for number in range(1, 5):
        play.ask()
        play.epoch(number + 1)
        play.push(bar(number), on=number + 1)
        wait_until(lambda wanted=number: len(play.heard) == wanted)
    assert play.heard == [(number + 1, number) for number in range(1, 5)]
    assert play.client.reconnects_by_reason == {"reconnect_asked": 4}


def test_a_silence_that_goes_on_is_answered_by_one_connection_for_now(serve, make_client, policies):
    policies["silence"] = (60.0, 3600.0)
    play = Play(serve, make_client, Pushing())
    play.seen.forming = {}
    play.start()
    play.seen.silent = True
    play.epoch(2)
    play.some_turns()
    assert play.server.accepted == 2
    assert play.client.reconnects_by_reason == {"silent": 1}


# what goes wrong -----------------------------------------------------------------------------------------------


def refuse(peer) -> None:
    peer.request()
    peer.http("503 Service Unavailable")


def test_one_that_is_refused_leaves_the_old_one_as_it_is(play):
    play = play(on2=refuse, on3=refuse)
    play.ask()
    wait_until(lambda: play.client.counters["renewals_failed"] == 2)
    play.push(bar(0, 5))
    wait_until(lambda: play.heard == [(1, 0)])
    assert (play.client.state, play.client.epoch) == ("connected", 1)
    assert "503" in play.client.last_error
    play.next_is_there()
    play.push(bar(0, 5), on=4)
    play.epoch(2)
    assert play.seen.states == ["connecting", "connected", "connected"]


def test_a_token_that_cannot_be_read_leaves_the_old_one_as_it_is(serve, make_client):
    tokens = ["the-secret-key", "the-secret-key"]

    def token() -> str:
        return tokens.pop()

    server = serve(good)
    client, _ = make_client(server.url, protocol=Invented(), **OPTIONS | {"csrf_token": token})
    client.start()
    wait_until(lambda: client.state == "connected")
    server.peers[0].send(RESTART)
    wait_until(lambda: client.counters["renewals_failed"] >= 2)
    assert (client.state, client.epoch, server.accepted) == ("connected", 1, 1)
    tokens.append("the-secret-key")
    wait_until(lambda: client.epoch == 2)


def test_an_old_one_that_is_lost_while_the_next_is_there_is_followed_at_once(play):
    def script(peer):
        acknowledge(peer)
        peer.send(RESTART)
        cut.wait(10)

    cut = threading.Event()
    play = play(on1=script)
    play.next_is_there()
    play.push(bar(0, 4), bar(1), on=2)
    cut.set()
    play.epoch(2)
    wait_until(lambda: play.heard)
    play.some_turns()
    assert play.heard == [(2, 1)]  # the older state of minute 0 is left out
    assert play.seen.states == ["connecting", "connected", "connected"]
    assert play.client.counters["lost.cut"] == 1
    assert play.client.reconnects_by_reason == {"cut": 1}
    assert (play.client.counters["attempts"], play.server.accepted) == (2, 2)


@pytest.fixture
def slow():
    """A script that acknowledges when it is let, and what lets it."""
    asked, go = threading.Event(), threading.Event()

    def script(peer):
        asked.set()
        go.wait(20)
        good(peer)

    script.asked, script.go = asked, go
    yield script
    go.set()


def cut_when(event: threading.Event):
    def script(peer):
        acknowledge(peer)
        peer.send(RESTART)
        event.wait(20)

    return script


def test_an_old_one_that_is_lost_while_the_next_is_made_waits_for_that(play, slow):
    play = play(on1=cut_when(slow.asked), on2=slow)
    wait_until(lambda: play.client.state == "reconnecting")
    assert play.server.accepted == 2
    slow.go.set()
    play.epoch(2)
    assert (play.client.counters["attempts"], play.server.accepted) == (2, 2)
    assert play.seen.states == ["connecting", "connected", "reconnecting", "connected"]
    assert play.client.reconnects_by_reason == {"cut": 1}
    assert play.client.counters["takeovers"] == 0
    play.push(bar(3), on=2)
    wait_until(lambda: play.heard == [(2, 3)])


def test_if_that_fails_too_it_is_as_with_any_lost_connection(play, slow):
    def fail(peer):
        slow.asked.set()
        slow.go.wait(20)
        refuse(peer)

    play = play(on1=cut_when(slow.asked), on2=fail)
    wait_until(lambda: play.client.state == "reconnecting")
    slow.go.set()
    play.epoch(2)
    assert play.client.counters["lost.bad_status"] == 1
    assert (play.client.counters["attempts"], play.server.accepted) == (3, 3)


def test_a_process_that_stood_still_trusts_neither_of_them(serve, make_client, clock):
    play = Play(serve, make_client)
    play.start()
    play.ask()
    play.next_is_there()
    clock.step(600.0)
    play.epoch(2)
    assert play.server.accepted == 3
    assert play.client.counters["lost.suspended"] == 1
    assert play.client.counters["takeovers"] == 0


def test_something_else_is_subscribed_while_the_next_one_waits(play):
    play = play()
    play.ask()
    play.next_is_there()
    first = play.client._succession.renewal
    play.client.update_series([BTC, ("ETHUSDT", "1m")])
    wait_until(lambda: play.client._succession.renewal not in (None, first))
    play.next_is_there()
    assert len(play.client._succession.renewal.series) == 2
    assert (play.client.epoch, play.client.state) == (1, "connected")
    play.push(bar(0, 5), on=3)
    play.epoch(2)
    topics = [message["topics"] for message in play.server.received if message["op"] == "subscribe"]
    assert topics == [["XBT-USDT@60"], ["XBT-USDT@60"], *[["XBT-USDT@60", "ETHUSDT@60"]] * 2]


# stop and fork -------------------------------------------------------------------------------------------------


@pytest.fixture
def dialling(policies):
    """Set while the second connection is dialled, which goes on when it is let."""
    asked, go = threading.Event(), threading.Event()
    count = iter(range(100))

    def dial(url, timeout, stop, *others):
        if next(count) == 1:
            asked.set()
            while not (go.wait(0.05) or stop.is_set()):
                pass
            if stop.is_set():
                raise ConnectionLost("stopped")
        return connect(url, timeout, stop, *others)

    policies["dial"] = dial
    asked.go = go
    return asked


def stop_in_time(client) -> None:
    began = time.monotonic()
    client.stop()
    assert time.monotonic() - began < 3.0
    assert client.state == "disconnected"
    assert not [each for each in threading.enumerate() if each.name.startswith("wealthsources-websocket")]


def test_stop_while_the_next_one_is_dialled(dialling, play):
    play = play()
    play.ask()
    assert dialling.wait(10)
    stop_in_time(play.client)


def test_stop_while_the_next_one_is_there(play):
    play = play()
    play.ask()
    play.next_is_there()
    stop_in_time(play.client)


def test_stop_while_the_old_one_is_lost_and_the_next_one_awaited(play, slow):
    play = play(on1=cut_when(slow.asked), on2=slow)
    wait_until(lambda: play.client.state == "reconnecting")
    stop_in_time(play.client)


def test_stop_after_a_takeover(play):
    play = play()
    play.seen.forming = {}
    play.ask()
    play.epoch(2)
    stop_in_time(play.client)


def test_a_child_leaves_what_is_dialled_to_the_parent(dialling, play):
    play = play()
    play.seen.forming = {}
    play.ask()
    assert dialling.wait(10)

    def stop() -> float:
        began = time.monotonic()
        play.client.stop()
        return time.monotonic() - began

    assert in_child(stop) < 0.5
    dialling.go.set()
    play.epoch(2)
    play.push(bar(1), on=2)
    wait_until(lambda: play.heard == [(2, 1)])


def test_a_child_of_one_with_two_connections_keeps_neither(play):
    play = play()
    play.ask()
    play.next_is_there()
    assert in_child(lambda: play.client.stop() or play.client._succession.renewal) is None
    play.push(bar(0, 5), on=2)
    play.epoch(2)
    play.push(bar(1), on=2)
    wait_until(lambda: play.heard == [(2, 0), (2, 1)])
