"""The manager: the few calls of a program that only wants a WebSocket started and stopped."""

from __future__ import annotations

import dataclasses
import json
import threading
import time

import pytest

import wealthdata
import wealthsources
from wealthsources import ConfigError, RequestError, WealthSourcesError
from wealthsources_simulator import MarketServer
from wealthsources_websocket import WebSocketManager, get_websocket_manager

from ...support.forking import held_elsewhere, in_child
from ...support.markets import SAMPLE
from ...support.unbinding import unbind_all
from ...support.waiting import wait_until
from .conftest import TOKEN

KEYS = {"symbols", "resolutions"} | {field.name for field in dataclasses.fields(wealthsources.SourceStatus)}


@pytest.fixture
def server():
    with MarketServer.from_csv(SAMPLE, symbol="BTCUSDT", timeframe="1h", token=TOKEN, manual=True) as running:
        yield running


@pytest.fixture
def manager(server):
    """One that nobody else has, stopped afterwards."""
    made = WebSocketManager()
    yield made
    if made.is_connected():
        server.stop()  # so that nobody waits for a goodbye
    made.stop()


@pytest.fixture
def configured(manager, server):
    unbind_all()
    manager.configure(server.url, TOKEN, "binance-testnet", ["BTCUSDT"], ["1h"])
    return manager


def options_of_live() -> object:
    session = wealthsources.current_session()
    assert session is not None
    return session.source("live").options


def test_there_is_one_manager_in_a_process(monkeypatch):
    monkeypatch.setattr("wealthsources_websocket.manager._manager", None)
    found: list[WebSocketManager] = []
    barrier = threading.Barrier(8)

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


def test_it_starts_is_connected_and_stops(configured, server):
    assert not configured.is_connected()
    configured.start()
    wait_until(configured.is_connected)
    server.play_bars(2)
    wait_until(lambda: configured.get_status()["counters"].get("bars.new") == 2)
    status = configured.get_status()
    assert set(status) == KEYS
    (stream,) = status["streams"]
    assert (stream["symbol"], stream["timeframe"], stream["state"]) == ("BTCUSDT", "1h", "live")
    assert json.loads(json.dumps(status)) is not None
    shown = ("state", "last_error", "symbols", "resolutions", "endpoint", "epoch", "reconnects")
    assert {name: status[name] for name in shown} == {
        "state": "connected",
        "last_error": "",
        "symbols": ["BTCUSDT"],
        "resolutions": ["1h"],
        "endpoint": server.url,
        "epoch": 1,
        "reconnects": 0,
    }
    began = time.monotonic()
    configured.stop()
    assert time.monotonic() - began < 3
    assert not configured.is_connected()
    assert configured.get_status()["state"] == "disconnected"


def test_the_status_has_the_same_keys_before_the_start_and_after_the_stop(configured, server):
    before = configured.get_status()
    assert set(before) == KEYS
    assert (before["state"], before["symbols"], before["endpoint"]) == ("disconnected", ["BTCUSDT"], server.url)
    configured.start()
    wait_until(configured.is_connected)
    configured.stop()
    assert set(configured.get_status()) == KEYS


def test_without_any_setting_the_status_says_so(manager):
    status = manager.get_status()
    assert (status["state"], status["symbols"], status["resolutions"]) == ("disconnected", [], [])


def test_strategies_read_the_session_that_it_opens(configured, server):
    configured.start()
    wait_until(configured.is_connected)
    assert wealthsources.current_session().sources.keys() == {"live", "context"}
    server.play_bars(4)
    wait_until(lambda: configured.get_status()["counters"].get("bars.new") == 4)
    end = server.bars[2].end
    frame = wealthdata.get_price("BTCUSDT", start_date="2019-08-01", end_date="2019-08-01 03:00", frequency="1h")
    assert [int(label.timestamp() * 1000) for label in frame.index] == [bar.end for bar in server.bars[:3]]
    assert frame.index[-1].timestamp() * 1000 == end
    assert frame["close"].tolist() == [float(bar.close) for bar in server.bars[:3]]


def test_a_stop_ends_the_process_wide_session(configured):
    configured.start()
    session = wealthsources.current_session()
    assert session is not None
    wait_until(configured.is_connected)
    configured.stop()
    assert wealthsources.current_session() is None
    assert session.status().sources["live"].state == "disconnected"
    with pytest.raises(WealthSourcesError, match="has been stopped"):
        session.adapter()
    assert "wealthsources-websocket" not in [thread.name for thread in threading.enumerate()]


def test_a_second_start_and_a_second_stop_do_no_harm(configured, server):
    configured.start()
    session = wealthsources.current_session()
    configured.start()
    assert wealthsources.current_session() is session
    wait_until(configured.is_connected)
    configured.start()
    assert server.acknowledged == 1
    configured.stop()
    configured.stop()
    assert wealthsources.current_session() is None


def test_a_stop_without_a_start_does_nothing(manager):
    manager.stop()
    assert wealthsources.current_session() is None


def test_it_starts_again_after_a_stop(configured, server):
    for number in (1, 2):
        configured.start()
        wait_until(configured.is_connected)
        assert server.acknowledged == number
        configured.stop()


def test_starts_from_many_threads_make_one_session(configured, server):
    barrier = threading.Barrier(8)
    seen: list[object] = []

    def start():
        barrier.wait(10)
        configured.start()
        seen.append(wealthsources.current_session())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    wait_until(configured.is_connected)
    assert len(seen) == 8
    assert len(set(map(id, seen))) == 1
    assert server.acknowledged == 1


def test_settings_come_from_the_environment(manager, server, monkeypatch):
    monkeypatch.setenv("WEBSOCKET_ENDPOINT", server.url)
    monkeypatch.setenv("WEBSOCKET_CSRF_TOKEN", TOKEN)
    monkeypatch.setenv("WEBSOCKET_MARKET_TYPE", "binance")
    monkeypatch.setenv("WEBSOCKET_SYMBOLS", "BTCUSDT, ETHUSDT,")
    monkeypatch.setenv("WEBSOCKET_RESOLUTIONS", "1h,5m")
    assert manager.get_status()["symbols"] == ["BTCUSDT", "ETHUSDT"]
    manager.start()
    wait_until(manager.is_connected)
    options = options_of_live()
    assert options.market_type == "binance"
    assert options.csrf_token.get_secret_value() == TOKEN
    status = manager.get_status()
    assert (status["symbols"], status["resolutions"]) == (["BTCUSDT", "ETHUSDT"], ["1h", "5m"])


def test_what_is_configured_beats_the_environment(configured, monkeypatch):
    monkeypatch.setenv("WEBSOCKET_ENDPOINT", "ws://127.0.0.1:1/")
    monkeypatch.setenv("WEBSOCKET_CSRF_TOKEN", "wrong")
    monkeypatch.setenv("WEBSOCKET_SYMBOLS", "ETHUSDT")
    monkeypatch.setenv("WEBSOCKET_RESOLUTIONS", "")
    configured.start()
    wait_until(configured.is_connected)
    assert configured.get_status()["symbols"] == ["BTCUSDT"]


def test_an_empty_variable_is_as_good_as_none(configured, monkeypatch):
    for name in ("ENDPOINT", "CSRF_TOKEN", "MARKET_TYPE", "SYMBOLS", "RESOLUTIONS"):
        monkeypatch.setenv(f"WEBSOCKET_{name}", "")
    configured.start()
    assert options_of_live().market_type == "binance-testnet"


def test_configure_changes_what_is_given_and_nothing_else(configured):
    configured.configure(symbols=("ETHUSDT", "BTCUSDT"))
    configured.configure(resolutions="1h,5m", csrf_token="other")
    status = configured.get_status()
    assert (status["symbols"], status["resolutions"]) == (["ETHUSDT", "BTCUSDT"], ["1h", "5m"])
    configured.start()
    assert options_of_live().symbols == ("ETHUSDT", "BTCUSDT")
    assert options_of_live().csrf_token.get_secret_value() == "other"


def test_an_endpoint_that_is_set_has_no_fallbacks_of_the_default_one(configured, server):
    configured.start()
    assert options_of_live().endpoints == (server.url,)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"symbols": []}, "symbols"),
        ({"resolutions": ["5x"]}, "5x"),
        ({"endpoint": "https://somewhere"}, "must be an address like wss://"),
        ({"endpoint": "ws://market.example/", "csrf_token": "s3cr3t-0123456789"}, "in the clear"),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start_and_leaves_no_session(configured, settings, told):
    configured.configure(**settings)
    with pytest.raises(ConfigError, match=told) as caught:
        configured.start()
    assert "s3cr3t" not in str(caught.value)
    assert wealthsources.current_session() is None
    assert configured.get_status()["state"] == "disconnected"


def test_settings_that_are_missing_are_named(manager):
    manager.configure("ws://127.0.0.1:1/", TOKEN)
    with pytest.raises(ConfigError, match="symbols"):
        manager.start()


def test_a_changed_subscription_reaches_the_server(serve, manager):
    def script(peer):
        peer.accept()
        while True:
            peer.send({"type": "CONNECTED", "request_id": peer.message()["request_id"]})

    scripted = serve(script)
    manager.configure(scripted.url, TOKEN, symbols=["BTCUSDT"], resolutions=["1h"])
    manager.start()
    wait_until(manager.is_connected)
    manager.configure(symbols=["BTCUSDT", "ETHUSDT"])
    manager.update_subscription()
    wait_until(lambda: len(scripted.received) == 2)
    assert scripted.received[1]["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert scripted.received[1]["resolutions"] == ["1h"]
    assert manager.get_status()["symbols"] == ["BTCUSDT", "ETHUSDT"]
    manager.configure(symbols=[])
    with pytest.raises(RequestError, match="at least one symbol"):
        manager.update_subscription()
    assert scripted.accepted == 1


def test_without_a_running_source_there_is_no_subscription_to_update(configured):
    with pytest.raises(WealthSourcesError, match=r"call start\(\) first"):
        configured.update_subscription()


def test_it_drives_the_session_that_is_open_already_and_does_not_stop_it(manager, server):
    live = {
        "plugin": "websocket",
        "name": "other",
        "options": {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]},
    }
    with wealthsources.open({"clock": "feed", "sources": [live]}) as session:
        manager.start()
        wait_until(manager.is_connected)
        assert manager.get_status()["endpoint"] == server.url
        manager.stop()
        assert session.status().sources["other"].state == "connected"
        assert wealthsources.current_session() is session
        server.stop()


def test_in_a_session_without_such_a_source_it_is_not_connected(manager):
    with wealthsources.open({"sources": [{"plugin": "context"}]}):
        manager.start()
        assert not manager.is_connected()
        assert manager.get_status()["state"] == "disconnected"
        manager.stop()


def test_a_session_that_somebody_else_stopped_is_opened_anew(configured, server):
    configured.start()
    wait_until(configured.is_connected)
    wealthsources.current_session().stop()
    assert not configured.is_connected()
    configured.start()
    wait_until(configured.is_connected)
    assert server.acknowledged == 2


def test_after_its_own_session_was_stopped_it_looks_at_the_one_that_is_open(configured, server):
    configured.start()
    wealthsources.current_session().stop()
    options = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    with wealthsources.open({"clock": "feed", "sources": [{"plugin": "websocket", "options": options}]}) as session:
        session.start_live()
        wait_until(lambda: session.status().sources["websocket"].state == "connected")
        assert configured.is_connected()
        server.stop()


def test_the_token_is_in_no_status_and_no_repr(configured, caplog):
    caplog.set_level(0)
    configured.start()
    wait_until(configured.is_connected)
    session = wealthsources.current_session()
    shown = [str(configured.get_status()), repr(configured), repr(session), repr(session.config), caplog.text]
    assert [text for text in shown if TOKEN in text] == []


# In a forked child.


def test_in_a_child_it_is_not_connected_and_the_status_says_whose_it_is(configured, server):
    configured.start()
    wait_until(configured.is_connected)
    connected, status = in_child(lambda: (configured.is_connected(), configured.get_status()))
    assert not connected
    assert (status["state"], status["reason"][:22]) == ("disconnected", "the session belongs to")
    with pytest.raises(WealthSourcesError, match="belongs to process"):
        in_child(configured.update_subscription)
    assert configured.is_connected()


def test_in_a_child_a_start_opens_a_session_of_its_own(configured, server):
    configured.start()
    wait_until(configured.is_connected)
    of_parent = wealthsources.current_session()

    def start() -> tuple[bool, str]:
        configured.start()
        wait_until(configured.is_connected, 10)
        session = wealthsources.current_session()
        configured.stop()
        return session is not of_parent, session.foreign

    with held_elsewhere(configured._lock):
        assert in_child(start) == (True, "")
    assert server.acknowledged == 2
    assert configured.is_connected()
    assert configured.get_status()["epoch"] == 1


def test_in_a_child_a_start_opens_the_deployment_anew_that_somebody_else_had_opened(manager, server):
    live = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    with wealthsources.open({"sources": [{"name": "market", "plugin": "websocket", "options": live}]}) as session:
        manager.start()
        wait_until(manager.is_connected)

        def start() -> tuple[list[str], list[str]]:
            manager.start()
            wait_until(manager.is_connected, 10)
            return list(wealthsources.current_session().sources), manager.get_status()["symbols"]

        assert in_child(start) == (["market"], ["BTCUSDT"])
        assert wealthsources.current_session() is session
        server.stop()  # so that nobody waits for a goodbye
