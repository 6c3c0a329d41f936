"""The legacy SDK in a forked child: the parent's feed is not the child's."""

from __future__ import annotations

import os

import pytest

import wealthsources
from engine.python_sdk.exceptions import WebSocketSubscriptionError
from engine.python_sdk.websocket_cache import WebSocketCache, get_websocket_cache
from engine.python_sdk.websocket_client import ConnectionState, get_websocket_client, initialize_websocket_client
from engine.python_sdk.websocket_manager import get_websocket_manager
from wealthsources_simulator import Market

from ..support.forking import held_elsewhere, in_child
from ..support.waiting import wait_until

TOKEN = "a-secret-compat-token"
ONE = ("BTCUSDT", "1h")
S = ConnectionState


@pytest.fixture
def running(serve):
    """(server, client): the client of the process, with some bars of which the last one is forming."""
    server = serve(market=Market.made())
    client = initialize_websocket_client(server.url, TOKEN, None, ["BTCUSDT"], ["1h"])
    wait_until(lambda: client.get_state() is S.CONNECTED)
    server.market.play(5.5)
    wait_until(lambda: len(shown()) == 6)
    return server, client


def shown() -> list[bool]:
    """Whether each bar of the legacy cache is closed."""
    return [bar.get("closed", True) for bar in get_websocket_cache().get_bars(*ONE)]


def test_the_client_is_disconnected_in_a_child_and_connected_in_the_parent(running):
    _, client = running
    assert in_child(lambda: (client.get_state(), get_websocket_manager().is_connected())) == (S.DISCONNECTED, False)
    assert client.get_state() is S.CONNECTED


def test_the_bar_that_was_forming_is_not_shown_in_a_child(running):
    assert shown() == [True] * 5 + [False]
    with held_elsewhere(get_websocket_cache()._lock):
        assert in_child(shown) == [True] * 5


def test_bars_added_by_hand_are_there_in_a_child(bar):
    cache = WebSocketCache()
    cache.add_bar(*ONE, bar(1000))
    assert in_child(lambda: cache.get_cache_size(*ONE)) == 1


@pytest.mark.parametrize("again", ["connect", "initialize", "other symbols", "manager"])
def test_a_child_connects_on_its_own(running, again):
    server, client = running

    def connect() -> tuple[bool, str]:
        if again == "connect":
            client.connect()
        elif again == "manager":
            manager = get_websocket_manager()
            manager.configure(server.url, TOKEN, symbols=["BTCUSDT"], resolutions=["1h"])
            manager.start()
        else:
            initialize_websocket_client(symbols=["BTCUSDT"] if again == "initialize" else ["ETHUSDT"])
        made = get_websocket_client()
        wait_until(lambda: made.get_state() is S.CONNECTED, 10)
        current = wealthsources.current_session()
        return current is not None and not current.foreign, made.get_subscription()[0][0]

    with held_elsewhere(client._lock):
        assert in_child(connect) == (True, "ETHUSDT" if again == "other symbols" else "BTCUSDT")
    assert client.get_state() is S.CONNECTED
    assert server.acknowledged == 2


def test_what_the_parent_subscribes_to_is_not_for_a_child_to_change(running):
    with pytest.raises(WebSocketSubscriptionError, match=f"belongs to process {os.getpid()}"):
        in_child(lambda: running[1].update_subscription(["ETHUSDT"], ["1h"]))


def test_a_child_that_disconnects_leaves_the_parent_alone(running):
    server, client = running
    assert in_child(lambda: client.disconnect() or client.get_state()) is S.DISCONNECTED
    server.market.play(1)
    wait_until(lambda: len(shown()) == 7)
    assert client.get_state() is S.CONNECTED


def test_in_a_child_a_client_opens_the_deployment_anew_that_somebody_else_had_opened(serve, client):
    server = serve(market=Market.made())
    options = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    with wealthsources.open({"sources": [{"name": "market", "plugin": "websocket", "options": options}]}) as session:
        made = client(symbols=[], resolutions=[])
        made.connect()
        wait_until(lambda: made.get_state() is S.CONNECTED)

        def connect() -> list[str]:
            made.connect()
            wait_until(lambda: made.get_state() is S.CONNECTED, 10)
            return list(wealthsources.current_session().sources)

        assert in_child(connect) == ["market"]
        assert wealthsources.current_session() is session
        made.disconnect()
