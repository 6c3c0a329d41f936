"""A connection of which somebody is told all that is said on it."""

from __future__ import annotations

import json

import pytest

from wealthsources.runtime.clocks import FeedClock
from wealthsources.testing.fakes import LoneHost
from wealthsources_simulator import Market, MarketServer
from wealthsources_websocket.connection.tapped import TappedConnection
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.source import WebSocketSource
from wealthsources_websocket.transport.base import BINARY, PING, TEXT, Frame

from ....support.waiting import wait_until

TOKEN = "tok-0123456789abcdef"


class Log:
    """A tap and its logs in one."""

    def __init__(self) -> None:
        self.connections: list[list] = []
        self.redact = None

    def __call__(self, shard, redact):
        self.redact = redact
        told: list = [("shard", shard)]
        self.connections.append(told)

        class Of:
            def frame(self, data, *, incoming):
                told.append(("in" if incoming else "out", data))

            def ended(self, reason):
                told.append(("ended", reason))

        return Of()


class Scripted:
    """A connection that gives these frames, and then is lost."""

    def __init__(self, *frames: Frame) -> None:
        self.frames, self.done = list(frames), []

    def receive(self):
        if not self.frames:
            raise ConnectionLost("cut", "no Close frame")
        return self.frames.pop(0)

    def __getattr__(self, name):
        return lambda *arguments, **more: self.done.append((name, *arguments))


def tapped(*frames):
    log, connection = Log(), Scripted(*frames)
    return TappedConnection(connection, log(0, str)), connection, log.connections[0]


def test_text_is_told_as_text_and_binary_as_bytes_and_control_frames_are_not():
    made, _, told = tapped(
        Frame(TEXT, b'{"a": 1}'), Frame(PING, b"x"), Frame(BINARY, b"\x1f\x8b"), Frame(TEXT, b"\xff")
    )
    assert [made.receive().opcode for _ in range(4)] == [TEXT, PING, BINARY, TEXT]
    assert told[1:] == [("in", '{"a": 1}'), ("in", b"\x1f\x8b"), ("in", b"\xff")]


def test_what_is_sent_is_told_once_it_was():
    made, connection, told = tapped()
    made.send_text("hello")
    made.ping(b"1")
    made.pong(b"2")
    made.abort()
    assert [each[0] for each in connection.done] == ["send_text", "ping", "pong", "abort"]
    assert told[1:] == [("out", "hello")]


def _lose(made):
    with pytest.raises(ConnectionLost):
        made.receive()


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (_lose, "cut: no Close frame"),
        (lambda made: made.close(1001), "we closed it (1001)"),
        (lambda made: made.drop(), "we let go of it"),
    ],
    ids=["lost", "closed", "dropped"],
)
def test_the_end_is_told_once_with_its_reason(end, reason):
    made, _, told = tapped()
    end(made)
    made.drop()
    assert told[1:] == [("ended", reason)]


@pytest.fixture
def feed():
    """A source that is tapped, and the server it is connected to."""
    market = Market.made(updates=1, bars=20)
    with MarketServer(market, token=TOKEN) as server:
        options = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
        source, log = WebSocketSource(WebSocketOptions(**options)), Log()
        source.frame_tap = log
        source.start(LoneHost(FeedClock()))
        yield source, log, market, server
        source.stop()


def test_of_a_source_each_connection_is_told_from_its_first_text_to_its_end(feed):
    source, log, market, server = feed
    wait_until(lambda: source.status().state == "connected")
    market.play_steps(6)
    wait_until(lambda: sum(kind == "in" for kind, _ in log.connections[0]) >= 7)
    server.cut()
    wait_until(lambda: len(log.connections) == 2)
    first = log.connections[0]
    assert first[0] == ("shard", 0)
    assert (first[1][0], json.loads(first[1][1])["csrf_token"]) == ("out", TOKEN)
    assert all(isinstance(json.loads(data), dict) for kind, data in first[1:-1])
    assert first[-1][0] == "ended"


def test_secrets_can_be_taken_out_of_what_is_told(feed):
    log = feed[1]
    wait_until(lambda: log.connections and len(log.connections[0]) > 1)
    assert TOKEN not in log.redact(log.connections[0][1][1])


def test_what_is_needed_to_read_the_frames_again_has_no_secret_in_it(feed):
    facts = feed[0].frame_facts()
    assert (facts.plugin, facts.protocol, facts.symbols, facts.timeframes) == (
        "websocket",
        "wealthai",
        ("BTCUSDT",),
        ("1h",),
    )
    assert facts.options["bar_push"] == "forming"
    assert TOKEN not in json.dumps(facts)
