"""From an address to a connection: whom to ask first, where to go then, and what must not be done."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from wealthsources_websocket.connection.door import Door
from wealthsources_websocket.connection.policies import Policies
from wealthsources_websocket.errors import ConnectionLost
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols.base import Protocol

from ..protocols.invented import Invented

SERIES = [("BTCUSDT", "1m")]
TOKEN = "a-token-of-one-connection"


class Asking(Invented):
    asks_first = "POST"
    answer_is = f"wss://stream.example/?token={TOKEN}"

    def address(self, endpoint, series, answer):
        if answer != b"the answer":
            raise ValueError("no address in the answer")
        return self.answer_is


class World:
    """What is asked and dialled, instead of a network."""

    def __init__(self, answer: bytes = b"the answer", lost: ConnectionLost | None = None) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.dialled: list[tuple[Any, ...]] = []
        self.hidden: list[str] = []
        self.now = 0.0
        self._answer = answer
        self._lost = lost

    def ask(self, url, method, timeout, stop, tls, proxy=None):
        self.asked.append((url, method, timeout, proxy))
        self.now += 4.0
        return self._answer

    def dial(self, url, timeout, stop, max_message, tls, proxy=None):
        self.dialled.append((url, timeout, proxy))
        if self._lost is not None:
            raise self._lost
        return "a connection"

    def open(self, protocol: Protocol, endpoint: str, **options: Any) -> Any:
        chosen = WebSocketOptions(symbols="BTCUSDT", resolutions="1m", endpoint="wss://market.example/", **options)
        policies = Policies(ask=self.ask, dial=self.dial, monotonic=lambda: self.now)
        return Door(chosen, protocol, policies, None, self.hidden.append).open(endpoint, SERIES, threading.Event())


def test_by_default_it_goes_to_the_endpoint_itself():
    world = World()
    assert world.open(Invented(), "wss://market.example/") == "a connection"
    assert (world.asked, world.dialled) == ([], [("wss://market.example/", 10.0, None)])


def test_an_address_may_hold_what_is_subscribed_to():
    class Addressed(Invented):
        def address(self, endpoint, series, answer):
            return f"{endpoint}?streams={'/'.join(symbol.lower() for symbol, _ in series)}"

    world = World()
    world.open(Addressed(), "wss://market.example/stream")
    assert world.dialled[0][0] == "wss://market.example/stream?streams=btcusdt"


def test_who_is_asked_first_says_where_to_go_and_both_share_one_deadline():
    world = World()
    world.open(Asking(), "https://market.example/token")
    assert world.asked == [("https://market.example/token", "POST", 10.0, None)]
    assert world.dialled == [(Asking.answer_is, 6.0, None)]


def test_what_is_secret_in_the_address_is_hidden():
    world = World()
    world.open(Asking(), "https://market.example/token")
    assert world.hidden == [TOKEN]


def test_both_go_through_the_proxy():
    world = World()
    world.open(Asking(), "https://market.example/token", proxy="http://127.0.0.1:3128")
    assert world.asked[0][3] == world.dialled[0][2] == "http://127.0.0.1:3128"


def test_an_answer_that_does_not_tell_is_told():
    with pytest.raises(ConnectionLost, match="no_address: no address in the answer"):
        World(b"something else").open(Asking(), "https://market.example/token")


@pytest.mark.parametrize(
    "address",
    [f"ws://stream.example/?token={TOKEN}", "https://stream.example/", "wss:///x", "wss://a:0/", "wss://a:b/", "", "x"],
)
def test_nobody_is_sent_anywhere_in_the_clear_or_to_no_address(address):
    class Bad(Asking):
        answer_is = address

    world = World()
    with pytest.raises(ConnectionLost) as caught:
        world.open(Bad(), "https://market.example/token")
    assert (caught.value.reason, world.dialled) == ("no_address", [])
    assert TOKEN not in str(caught.value)


def test_who_was_asked_in_the_clear_may_send_us_on_in_the_clear():
    class Local(Asking):
        answer_is = "ws://127.0.0.1:9/"

    world = World()
    world.open(Local(), "http://127.0.0.1:8/token")
    assert world.dialled[0][0] == "ws://127.0.0.1:9/"


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [({}, ("auth", 0.0)), ({403: ("rate", 600.0)}, ("rate", 600.0)), ({404: ("rate", 1.0)}, ("auth", 0.0))],
)
def test_a_status_means_what_the_protocol_says_if_it_does(kinds, wanted):
    class Strict(Invented):
        status_kinds = kinds

    with pytest.raises(ConnectionLost) as caught:
        World(lost=ConnectionLost("bad_status", kind="auth", status=403)).open(Strict(), "wss://market.example/")
    assert (caught.value.kind, caught.value.retry_after) == wanted


def test_of_who_shows_no_credential_none_is_wrong():
    class Open(Invented):
        credential_name = ""

    with pytest.raises(ConnectionLost) as caught:
        World(lost=ConnectionLost("bad_status", kind="auth", status=403)).open(Open(), "wss://market.example/")
    assert caught.value.kind == "rate"
