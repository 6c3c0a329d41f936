"""The legacy manager, on a real socket."""

from __future__ import annotations

import json
import threading
import time

import pytest

import wealthdata
import wealthsources
from engine.python_sdk.exceptions import WebSocketConnectionError, WebSocketSubscriptionError
from engine.python_sdk.websocket_client import get_websocket_client
from engine.python_sdk.websocket_manager import WebSocketManager, get_websocket_manager

from ..support.waiting import wait_until

TOKEN = "a-secret-compat-token"
NOTHING = {"state": "disconnected", "last_error": None, "symbols": [], "resolutions": []}


@pytest.fixture
def manager():
    return WebSocketManager()


@pytest.fixture
def configured(manager, serve):
    manager.server = serve()
    manager.configure(manager.server.url, TOKEN, "binance-testnet", ["BTCUSDT"], ["1h"])
    return manager


@pytest.fixture
def running(configured):
    configured.start()
    wait_until(configured.is_connected)
    return configured


# the environment -----------------------------------------------------------------------------------------------------


def test_origin_18_without_an_environment_there_are_the_defaults_and_no_token(manager):
    assert manager.load_config_from_env() == {
        "endpoint": "wss://ws.wealthai.cc:18000/market_data",
        "csrf_token": "",
        "market_type": "binance-testnet",
        "symbols": [],
        "resolutions": [],
    }


def test_the_environment_is_read_when_it_is_asked_for(manager, monkeypatch):
    values = {
        "ENDPOINT": "wss://market.example:8080/market_data",
        "CSRF_TOKEN": "of the environment",
        "MARKET_TYPE": "binance",
        "SYMBOLS": " BTCUSDT, ETHUSDT,,",
        "RESOLUTIONS": "1m,5m , 1h",
    }
    for name, value in values.items():
        monkeypatch.setenv(f"WEBSOCKET_{name}", value)
    assert manager.load_config_from_env() == {
        "endpoint": "wss://market.example:8080/market_data",
        "csrf_token": "of the environment",
        "market_type": "binance",
        "symbols": ["BTCUSDT", "ETHUSDT"],
        "resolutions": ["1m", "5m", "1h"],
    }
    for name in values:
        monkeypatch.setenv(f"WEBSOCKET_{name}", "")
    assert manager.load_config_from_env() == WebSocketManager().load_config_from_env()
    assert manager.load_config_from_env()["market_type"] == "binance-testnet"


def test_it_starts_with_the_environment(manager, serve, monkeypatch):
    server = serve()
    values = {"ENDPOINT": server.url, "CSRF_TOKEN": TOKEN, "SYMBOLS": "BTCUSDT,ETHUSDT", "RESOLUTIONS": "1h"}
    for name, value in values.items():
        monkeypatch.setenv(f"WEBSOCKET_{name}", value)
    manager.start()
    wait_until(manager.is_connected)
    assert server.received[0]["symbols"] == ["BTCUSDT", "ETHUSDT"]


def test_what_is_configured_beats_the_environment(configured, monkeypatch):
    for name, value in {"ENDPOINT": "ws://127.0.0.1:1/", "CSRF_TOKEN": "wrong", "SYMBOLS": "ETHUSDT"}.items():
        monkeypatch.setenv(f"WEBSOCKET_{name}", value)
    configured.start()
    wait_until(configured.is_connected)
    assert configured.get_status()["symbols"] == ["BTCUSDT"]


def test_configure_changes_what_is_given_and_nothing_else(configured):
    configured.configure(symbols=["ETHUSDT"])
    configured.configure(endpoint="", csrf_token="", market_type=None, resolutions="1h, 1m")
    configured.start()
    wait_until(configured.is_connected)
    (connect,) = configured.server.received
    assert (connect["symbols"], connect["resolutions"]) == (["ETHUSDT"], ["1h", "1m"])
    assert connect["csrf_token"] == TOKEN


# starting and stopping -----------------------------------------------------------------------------------------------


def test_before_the_start_the_status_is_disconnected_and_empty(configured):
    assert configured.get_status() == NOTHING
    assert not configured.is_connected()


def test_it_is_connected_and_the_status_says_so(running):
    assert running.get_status() == {
        "state": "connected",
        "last_error": None,
        "symbols": ["BTCUSDT"],
        "resolutions": ["1h"],
    }
    assert json.dumps(running.get_status())


def test_origin_17_it_is_connected_only_when_the_server_has_acknowledged(manager, serve):
    asked, go = threading.Event(), threading.Event()

    def script(peer):
        peer.subscribed()
        asked.set()
        assert go.wait(15)
        peer.behave()

    manager.configure(serve(script).url, TOKEN, None, ["BTCUSDT"], ["1h"])
    manager.start()
    assert asked.wait(15)
    assert (manager.is_connected(), manager.get_status()["state"]) == (False, "connecting")
    go.set()
    wait_until(manager.is_connected)


def test_a_stop_ends_it_in_time_and_strategies_have_no_session_any_more(running):
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 3.0
    assert running.get_status() == NOTHING
    assert wealthsources.current_session() is None
    assert get_websocket_client() is None
    running.stop()


def test_it_starts_again_with_the_same_settings(running):
    running.stop()
    running.start()
    wait_until(running.is_connected)
    assert running.server.accepted == 2


@pytest.mark.parametrize("missing", ["symbols", "resolutions"])
def test_without_symbols_or_resolutions_it_warns_and_does_not_start(configured, missing, caplog):
    configured.configure(**{missing: []})
    configured.start()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert configured.get_status() == NOTHING
    assert configured.server.accepted == 0


def test_settings_that_cannot_work_are_a_connection_error_that_tells_no_token(manager):
    manager.configure("ws://market.example/", "s3cr3t-0123456789", None, ["BTCUSDT"], ["1h"])
    with pytest.raises(WebSocketConnectionError, match="in the clear") as caught:
        manager.start()
    status = manager.get_status()
    assert status["state"] == "error"
    assert "in the clear" in status["last_error"]
    assert "s3cr3t" not in str(caught.value) + str(status) + repr(manager)


def test_a_server_that_is_not_there_is_no_error_of_start(manager, serve):
    server = serve()
    server.close_port()
    manager.configure(server.url, TOKEN, None, ["BTCUSDT"], ["1h"])
    manager.start()
    wait_until(lambda: manager.get_status()["last_error"])
    assert manager.get_status()["state"] in ("error", "connecting")
    server.open_port()
    wait_until(manager.is_connected)


def test_origin_19_a_second_start_applies_what_was_configured_in_between(running, serve):
    running.configure(symbols=["BTCUSDT", "ETHUSDT"])
    running.start()
    wait_until(lambda: len(running.server.received) == 2)
    assert running.server.received[1]["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert running.server.accepted == 1
    other = serve()
    running.configure(endpoint=other.url)
    running.start()
    wait_until(lambda: other.acknowledged == 1 and running.is_connected())
    assert other.received[0]["symbols"] == ["BTCUSDT", "ETHUSDT"]


def test_a_second_start_with_nothing_new_does_nothing(running):
    running.start()
    assert running.is_connected()
    assert (running.server.accepted, len(running.server.received)) == (1, 1)


def test_a_second_start_with_a_subscription_that_makes_no_sense_keeps_the_first(running):
    running.configure(resolutions=["5x"])
    with pytest.raises(WebSocketSubscriptionError, match="5x"):
        running.start()
    assert running.is_connected()
    assert running.get_status()["resolutions"] == ["1h"]


def test_it_drives_a_session_that_is_open_already_without_settings_of_its_own(manager, serve):
    server = serve()
    options = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    with wealthsources.open({"sources": [{"plugin": "websocket", "options": options}]}) as session:
        manager.start()
        wait_until(manager.is_connected)
        assert manager.get_status()["symbols"] == ["BTCUSDT"]
        manager.stop()
        assert session.status().sources["websocket"].state == "connected"


def test_strategies_read_the_session_that_it_opens(running):
    running.server.market.play(4)
    wait_until(lambda: wealthsources.current_session().status().sources["live"].counters.get("bars.new") == 4)
    frame = wealthdata.get_price("BTCUSDT", start_date="2020-09-13 12:00", end_date="2020-09-13 15:00", frequency="1h")
    assert frame["close"].tolist() == [float(bar.close) for bar in running.server.market.closed(("BTCUSDT", "1h"))]


# the subscription ----------------------------------------------------------------------------------------------------


def test_before_the_start_there_is_no_subscription_to_update(configured):
    with pytest.raises(WebSocketSubscriptionError, match="WebSocket client not started"):
        configured.update_subscription(["ETHUSDT"], ["1h"])


def test_an_update_reaches_the_server_on_the_same_connection_and_stays_after_a_stop(running):
    running.update_subscription(symbols=["ETHUSDT"], resolutions=["1h", "1m"])
    wait_until(lambda: len(running.server.received) == 2)
    assert running.server.received[1]["symbols"] == ["ETHUSDT"]
    assert running.server.accepted == 1
    assert (running.get_status()["symbols"], running.get_status()["resolutions"]) == (["ETHUSDT"], ["1h", "1m"])
    running.stop()
    running.start()
    wait_until(running.is_connected)
    assert running.get_status()["symbols"] == ["ETHUSDT"]


def test_an_update_that_makes_no_sense_is_refused_and_changes_nothing(running):
    with pytest.raises(WebSocketSubscriptionError, match="Failed to update subscription: "):
        running.update_subscription([], ["1h"])
    assert running.get_status()["symbols"] == ["BTCUSDT"]
    running.start()
    assert running.get_status()["symbols"] == ["BTCUSDT"]


# one in a process ----------------------------------------------------------------------------------------------------


def test_there_is_one_manager_in_a_process():
    found, barrier = [], threading.Barrier(8)

    def get():
        barrier.wait(10)
        found.append(get_websocket_manager())

    threads = [threading.Thread(target=get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    assert len(set(map(id, found))) == 1


def test_starts_from_many_threads_make_one_connection(configured):
    barrier = threading.Barrier(6)

    def start():
        barrier.wait(10)
        configured.start()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    wait_until(configured.is_connected)
    assert configured.server.accepted == 1


def test_starts_and_stops_from_many_threads_end_well(configured):
    def work(number):
        for _ in range(3):
            configured.start() if number % 2 else configured.stop()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    configured.start()
    wait_until(configured.is_connected)
    assert list(wealthsources.current_session().sources) == ["live", "context"]
