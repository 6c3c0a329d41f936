"""Faults that know nothing of the messages do with every exchange what they say, and after them it behaves well."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from wealthsources_simulator import FAULTS, Market, MarketServer, SimulatorError

from ....support.waiting import wait_until
from ..clients import CLOSE, PING, UPGRADE, Client, reading
from ..subscribing import WAYS, make_market, path, subscribe, wire
from .test_library import NEVER_BEHAVES, QUICKER

#: With these every fault is tried, with the others one or more of each kind.
CHIEF = ("binance", "okx", "kraken", "kucoin")
SOME = (
    *("huge-header", "first-bar-with-upgrade", "bar-before-connected", "double-ack", "error-while-streaming"),
    *("late-pong", "half-frame-then-rest", "fragments-with-ping", "split-utf8", "bad-utf8", "one-segment"),
    *("many-segments", "compressed", "not-json", "deep-nesting", "extra-keys", "impossible-bar:microseconds"),
    *("unsolicited", "many-updates", "duplicates", "older-after-newer", "skip-bars", "burst", "future-bar"),
)
#: Of which nothing good comes on the same connection.
LEAVING = ("unauthorized", "no-ack", "freeze:2", "pings-only:2", "close:1012", "fin:1")
GENERAL = [one.name for one in FAULTS.values() if one.protocol is None and one.name not in NEVER_BEHAVES]
CASES = [(name, fault) for name in WAYS for fault in (GENERAL if name in CHIEF else SOME)]


@dataclass
class Meeting:
    """A client that subscribed, and the exchange that misbehaves with it."""

    name: str
    market: Market
    server: MarketServer
    client: Client

    def play(self) -> list[bytes]:
        """Once the client is acknowledged, play three bars; what of each message is to be seen on the wire."""
        peer = self.server.peers[0]
        wait_until(lambda: peer.acknowledged and peer.series == self.market.series)
        self.market.play(3)
        return [wire(self.name, self.market.exchange, played.text) for played in self.market.messages_since(0)]

    def hear_two(self) -> None:
        """Play, and let the client hear two messages, which are all that the exchange passes on."""
        first, second, *_ = self.play()
        frames = [self.client.frame()]
        while second not in frames[-1][1]:
            frames.append(self.client.frame())
        assert first in frames[-2][1]
        wait_until(lambda: not self.server.peers[0].following)


@pytest.fixture
def meet(serve: Callable[..., MarketServer], client: Callable[..., Client]) -> Callable[..., Meeting]:
    """meet(name, fault): an exchange with this fault, and a client that subscribed in its words."""

    def start(name: str, fault: str, *, two: bool = False) -> Meeting:
        market = make_market(name, two=two)
        server = serve(fault, market=market)
        one = client(server)
        assert one.upgrade(path(market.exchange))[0].startswith("HTTP/1.1 101")
        subscribe(one, name, two=two)
        return Meeting(name, market, server, one)

    return start


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_after_a_fault_an_exchange_behaves_well(serve, client, name, fault):
    market = make_market(name)
    market.play(3)
    server = serve(f"{fault}:{QUICKER[fault]}" if fault in QUICKER else fault, market=market)
    one = client(server)
    one.sock.sendall(UPGRADE.replace(b"/market_data", path(market.exchange).encode()))
    subscribe(one, name)
    with reading(one) as data:
        wait_until(lambda: server.script_done)
        assert server.acknowledged == 1
        market.play(100)
        last = wire(name, market.exchange, market.messages_since(0)[-1].text)
        wait_until(lambda: last in data)


@pytest.mark.parametrize("name", WAYS)
def test_one_stream_can_fall_silent_while_another_goes_on(meet, name):
    met = meet(name, "one-silent-stream", two=True)
    texts = met.play()
    silent, lively = met.market.series
    series = [played.series for played in met.market.messages_since(0)]
    assert series[-1] == lively
    assert silent in series
    with reading(met.client) as data:
        wait_until(lambda: texts[-1] in data)
        told = [one for one, text in zip(series, texts, strict=True) if text in data]
    assert told == [one for one in series if one == lively]


@pytest.mark.parametrize("name", WAYS)
def test_an_acknowledgement_can_be_missing(meet, client, name):
    met = meet(name, "no-ack")
    other = client(met.server)  # which meets a server that behaves well
    other.upgrade(path(met.market.exchange))
    subscribe(other, name)
    assert len(met.client.frames_before_pong()) == len(other.frames_before_pong()) - 1


@pytest.mark.parametrize("name", WAYS)
def test_a_connection_can_freeze_after_some_messages(meet, name):
    met = meet(name, "freeze:2")
    met.hear_two()
    met.client.send(PING, b"1")
    assert met.client.nothing_comes()


@pytest.mark.parametrize("name", WAYS)
def test_a_connection_can_answer_nothing_but_pings_after_some_messages(meet, name):
    met = meet(name, "pings-only:2")
    met.hear_two()
    met.market.play(3)
    assert met.client.frames_before_pong() == []


@pytest.mark.parametrize("name", WAYS)
def test_a_close_carries_its_code(meet, name):
    one = meet(name, "close:1012").client
    opcode, payload = one.frame()
    while opcode != CLOSE:
        opcode, payload = one.frame()
    assert payload[:2] == struct.pack("!H", 1012)
    one.send(CLOSE, payload[:2])
    assert one.file.read() == b""


@pytest.mark.parametrize("name", WAYS)
def test_a_connection_can_end_without_a_close_frame_after_a_message(meet, name):
    met = meet(name, "fin:1")
    texts = met.play()
    frames = []
    with contextlib.suppress(EOFError):
        while True:
            frames.append(met.client.frame())
    assert CLOSE not in [opcode for opcode, _ in frames]
    assert [text for text in texts if any(text in payload for _, payload in frames)] == texts[:1]


@pytest.mark.parametrize("name", WAYS)
def test_an_upgrade_can_be_refused(serve, client, name):
    market = make_market(name)
    status, _ = client(serve("unauthorized", market=market)).upgrade(path(market.exchange))
    assert status == "HTTP/1.1 401 Unauthorized"


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("fault", LEAVING)
def test_who_comes_after_a_fault_meets_an_exchange_that_behaves_well(serve, client, name, fault):
    market = make_market(name)
    server = serve(fault, market=market)
    client(server).upgrade(path(market.exchange))
    second = client(server)
    second.upgrade(path(market.exchange))
    subscribe(second, name)
    wait_until(lambda: server.peers[-1].acknowledged)
    assert server.accepted == 2
    market.play(3)
    last = wire(name, market.exchange, market.messages_since(0)[-1].text)
    while last not in second.frame()[1]:
        pass


@pytest.mark.parametrize("fault", ["missing-field", "odd-price:1", "foreign-ack"])
def test_a_fault_made_of_one_servers_messages_is_for_that_server(fault):
    name = fault.partition(":")[0]
    with pytest.raises(SimulatorError, match=f"fault '{name}' is made of wealthai's messages; not for 'okx'"):
        MarketServer(make_market("okx"), [fault])
