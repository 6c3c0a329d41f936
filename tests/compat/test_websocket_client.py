"""The legacy client, on a real socket: its states, what it never does, and whose session it uses."""

from __future__ import annotations

import inspect
import threading
import time

import pytest

import wealthsources
from engine.python_sdk.exceptions import WebSocketConnectionError, WebSocketSubscriptionError
from engine.python_sdk.websocket_cache import get_websocket_cache
from engine.python_sdk.websocket_client import (
    ConnectionState,
    WebSocketClient,
    get_websocket_client,
    initialize_websocket_client,
    shutdown_websocket_client,
)
from wealthsources_simulator import Market, WealthAI
from wealthsources_websocket import WebSocketManager
from wealthsources_websocket.options import WebSocketOptions

from ..support.waiting import wait_until

TOKEN = "a-secret-compat-token"
ONE = ("BTCUSDT", "1h")
S = ConnectionState


def is_connected(client):
    return lambda: client.get_state() is S.CONNECTED


def closed_prices():
    return [bar["close"] for bar in get_websocket_cache().get_bars(*ONE) if bar.get("closed", True)]


class Seen(list):
    """A callback that keeps the states it is told, and the threads that told it."""

    def __init__(self):
        super().__init__()
        self.threads = set()

    def __call__(self, state):
        self.append(state)
        self.threads.add(threading.current_thread().name)


# making one ----------------------------------------------------------------------------------------------------------


def test_the_states_have_the_legacy_names_and_values():
    assert [(state.name, state.value) for state in S] == [
        (name, name.lower()) for name in ("DISCONNECTED", "CONNECTING", "CONNECTED", "RECONNECTING", "ERROR")
    ]


def test_the_parameters_are_the_legacy_ones():
    parameters = inspect.signature(WebSocketClient).parameters
    assert {name: parameter.default for name, parameter in parameters.items()} == {
        "endpoint": "wss://ws.wealthai.cc:18000/market_data",
        "csrf_token": "",
        "market_type": "binance-testnet",
        "symbols": None,
        "resolutions": None,
        "max_reconnect_attempts": 3,
        "reconnect_delay_base": 1.0,
    }


def test_a_new_client_is_disconnected_without_error():
    client = WebSocketClient(symbols=["BTCUSDT"], resolutions=("1h", "1m"))
    assert (client.get_state(), client.get_last_error()) == (S.DISCONNECTED, None)
    assert (client.symbols, client.resolutions) == (["BTCUSDT"], ["1h", "1m"])


def test_origin_18_there_is_no_default_token_but_the_environment_s(monkeypatch):
    assert WebSocketClient().csrf_token == ""
    monkeypatch.setenv("WEBSOCKET_CSRF_TOKEN", "of the environment")
    assert WebSocketClient().csrf_token == "of the environment"
    assert WebSocketClient(csrf_token="given").csrf_token == "given"


def test_origin_18_the_default_endpoint_has_the_documented_ports_to_fall_back_on():
    options = WebSocketOptions(endpoint=WebSocketClient().endpoint, symbols=["BTCUSDT"], resolutions=["1h"])
    assert options.endpoints == tuple(f"wss://ws.wealthai.cc:{port}/market_data" for port in (18000, 18001, 18002))


def test_the_token_is_in_no_repr(client, serve):
    assert TOKEN not in repr(client(serve()))


# connecting ----------------------------------------------------------------------------------------------------------


def test_it_subscribes_with_its_settings(client, serve):
    server = serve()
    made = client(server, market_type="binance", symbols=["BTCUSDT", "ETHUSDT"], resolutions=["1h", "1m"])
    made.connect()
    wait_until(is_connected(made))
    (connect,) = server.received
    assert (connect["csrf_token"], connect["market_type"]) == (TOKEN, "binance")
    assert (connect["symbols"], connect["resolutions"]) == (["BTCUSDT", "ETHUSDT"], ["1h", "1m"])


def test_the_callback_is_told_every_state_and_not_on_the_reader_thread(client, serve):
    made, seen = client(serve()), Seen()
    made.set_on_state_change(seen)
    made.connect()
    wait_until(lambda: S.CONNECTED in seen)
    made.disconnect()
    assert seen == [S.CONNECTING, S.CONNECTED, S.DISCONNECTED]
    assert seen.threads == {threading.current_thread().name, "wealthsources-dispatcher"}


def test_it_is_connecting_as_soon_as_connect_returns(client, serve):
    hold = threading.Event()
    made, seen = client(serve(lambda peer: (peer.subscribed(), hold.wait(15)))), Seen()
    made.set_on_state_change(seen)
    made.connect()
    assert (made.get_state(), seen) == (S.CONNECTING, [S.CONNECTING])
    assert seen.threads == {threading.current_thread().name}
    hold.set()


def test_origin_17_it_is_connected_only_when_the_server_has_acknowledged(client, serve):
    asked, go = threading.Event(), threading.Event()

    def script(peer):
        peer.subscribed()
        asked.set()
        assert go.wait(15)
        peer.behave()

    made, seen = client(serve(script)), Seen()
    made.set_on_state_change(seen)
    made.connect()
    assert asked.wait(15)
    assert made.get_state() is S.CONNECTING
    go.set()
    wait_until(is_connected(made))
    wait_until(lambda: seen == [S.CONNECTING, S.CONNECTED])


def test_origin_17_an_error_message_leaves_the_connection_up_and_the_subscription_can_change(client, serve):
    def script(peer):
        peer.accept()
        peer.send({"type": "ERROR", "message": "no such symbol"})
        peer.follow()

    server = serve(script)
    made = client(server)
    made.connect()
    wait_until(lambda: made.get_last_error() == "no such symbol")
    assert made.get_state() is S.CONNECTED
    made.update_subscription(["ETHUSDT"], ["1h"])
    wait_until(lambda: len(server.received) == 2)
    assert server.received[1]["symbols"] == ["ETHUSDT"]
    assert server.accepted == 1


def test_origin_16_it_never_gives_up(client, serve):
    def refuse(peer):
        peer.request()
        peer.http(503)

    server = serve(refuse, refuse)
    made = client(server, max_reconnect_attempts=1, reconnect_delay_base=0.001)
    made.connect()
    wait_until(is_connected(made))
    assert server.accepted == 3
    assert "503" in made.get_last_error()


def test_origin_16_a_lost_connection_is_made_again_and_bars_go_on(client, serve):
    server = serve(lambda peer: peer.join())
    made, seen = client(server, max_reconnect_attempts=0), Seen()
    made.set_on_state_change(seen)
    made.connect()
    wait_until(lambda: server.acknowledged == 2)
    wait_until(is_connected(made))
    server.market.play(3)
    wait_until(lambda: get_websocket_cache().get_cache_size(*ONE) == 3)
    assert S.RECONNECTING in seen
    assert made.get_last_error() is not None


def test_a_refused_token_is_an_error_that_does_not_tell_it(client, serve):
    made, seen = client(serve(token="another"), csrf_token="s3cr3t-0123456789"), Seen()
    made.set_on_state_change(seen)
    made.connect()
    wait_until(lambda: S.ERROR in seen)
    assert made.get_state() is S.ERROR
    assert "csrf_token" in made.get_last_error()
    assert "s3cr3t" not in made.get_last_error()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"symbols": None}, "symbols"),
        ({"resolutions": ["5x"]}, "5x"),
        ({"endpoint": "https://somewhere"}, "must be an address like wss://"),
        ({"endpoint": "ws://market.example/", "csrf_token": "s3cr3t-0123456789"}, "in the clear"),
    ],
)
def test_settings_that_cannot_work_are_a_connection_error_and_leave_nothing(client, settings, told):
    made, seen = client(**settings), Seen()
    made.set_on_state_change(seen)
    with pytest.raises(WebSocketConnectionError, match=told) as caught:
        made.connect()
    assert (made.get_state(), told in made.get_last_error()) == (S.ERROR, True)
    assert seen == [S.ERROR]
    assert "s3cr3t" not in str(caught.value) + made.get_last_error()
    assert wealthsources.current_session() is None


def test_a_second_connect_does_nothing(client, serve):
    server = serve()
    made = client(server)
    for _ in range(3):
        made.connect()
    wait_until(is_connected(made))
    made.connect()
    assert server.accepted == 1


def test_connects_from_many_threads_make_one_connection(client, serve):
    server = serve()
    made, barrier = client(server), threading.Barrier(6)

    def work():
        barrier.wait(10)
        made.connect()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    wait_until(is_connected(made))
    assert server.accepted == 1


def test_a_callback_that_fails_holds_nothing_up(client, serve, caplog):
    def fail(state):
        raise LookupError("a stranger's code")

    server = serve()
    made = client(server)
    made.set_on_state_change(fail)
    made.connect()
    wait_until(is_connected(made))
    server.market.play(2)
    wait_until(lambda: get_websocket_cache().get_cache_size(*ONE) == 2)
    made.disconnect()
    assert [record.message for record in caplog.records if "callback failed" in record.message] == [
        f"the state change callback failed on {state}" for state in ("connecting", "connected", "disconnected")
    ]


# ending --------------------------------------------------------------------------------------------------------------


def ended_in_time(client):
    began = time.monotonic()
    client.disconnect()
    return time.monotonic() - began < 3.0 and client.get_state() is S.DISCONNECTED


def our_threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("wealthsources")]


def test_a_disconnect_ends_in_time_and_leaves_no_thread(client, serve):
    made = client(serve())
    made.connect()
    wait_until(is_connected(made))
    assert ended_in_time(made)
    wait_until(lambda: our_threads() == [])
    assert wealthsources.current_session() is None
    assert ended_in_time(made)


def test_a_disconnect_from_a_server_that_answers_nothing_ends_in_time(client, serve):
    made = client(serve(lambda peer: (peer.join(), peer.deaf())))
    made.connect()
    wait_until(is_connected(made))
    assert ended_in_time(made)


def test_a_disconnect_while_the_server_keeps_it_waiting_ends_in_time(client, serve):
    server = serve(lambda peer: peer.server.stopped.wait(15))
    made = client(server)
    made.connect()
    wait_until(lambda: server.accepted)
    assert ended_in_time(made)


def test_a_disconnect_before_connect_does_nothing(client):
    assert ended_in_time(client())


@pytest.mark.parametrize("when", [S.CONNECTING, S.CONNECTED])
def test_a_disconnect_within_the_callback_ends_in_time(client, serve, when):
    took, made = [], client(serve())
    made.set_on_state_change(lambda state: took.append(ended_in_time(made)) if state is when else None)
    made.connect()
    wait_until(lambda: took)
    assert took == [True]
    wait_until(lambda: our_threads() == [])


def test_a_disconnect_waits_no_longer_for_a_callback_that_hangs(client, serve):
    inside, release = threading.Event(), threading.Event()

    def hang(state):
        if state is S.CONNECTED:
            inside.set()
            release.wait(20)

    made = client(serve())
    made.set_on_state_change(hang)
    made.connect()
    assert inside.wait(15)
    began = time.monotonic()
    made.disconnect()
    assert time.monotonic() - began < 3.5
    release.set()


def test_the_cache_stays_after_a_disconnect_and_it_can_connect_again(client, serve):
    server = serve(market=Market.made(exchange=WealthAI("is_closed")))
    made = client(server)
    for number in (1, 2):
        made.connect()
        wait_until(lambda number=number: server.acknowledged == number and is_connected(made)())
        server.market.play(2)
        closes = [bar.close for bar in server.market.all(ONE)]
        wait_until(lambda closes=closes: closed_prices() == closes)
        made.disconnect()
        assert closed_prices() == closes


def test_the_last_error_stays_after_a_disconnect(client, serve):
    made = client(serve(token="another"))
    made.connect()
    wait_until(made.get_last_error)
    told = made.get_last_error()
    made.disconnect()
    assert made.get_last_error() == told


# the subscription ----------------------------------------------------------------------------------------------------


def test_a_subscription_that_makes_no_sense_is_refused_and_changes_nothing(client, serve):
    server = serve()
    made = client(server)
    made.connect()
    wait_until(is_connected(made))
    for symbols, resolutions in (([], ["1h"]), (["BTCUSDT"], ["5x"])):
        with pytest.raises(WebSocketSubscriptionError):
            made.update_subscription(symbols, resolutions)
    assert (made.symbols, made.resolutions) == (["BTCUSDT"], ["1h"])
    assert made.get_subscription() == (["BTCUSDT"], ["1h"])


def test_a_subscription_may_change_before_connect_and_between_connections(client, serve):
    server = serve(lambda peer: peer.join())
    made = client(server)
    made.update_subscription("ETHUSDT, BTCUSDT", ("1m",))
    made.connect()
    wait_until(lambda: server.acknowledged == 2)
    assert server.received[0]["symbols"] == ["ETHUSDT", "BTCUSDT"]
    assert server.received[0]["resolutions"] == ["1m"]
    made.update_subscription(["BTCUSDT"], ["1h"])
    wait_until(lambda: server.received[-1]["symbols"] == ["BTCUSDT"])


# set_state -----------------------------------------------------------------------------------------------------------


def test_without_a_connection_set_state_sets_and_tells(client):
    made, seen = client(), Seen()
    made.set_on_state_change(seen)
    made.set_state(S.CONNECTING)
    made.set_state(S.CONNECTING)
    made.set_state(S.ERROR)
    assert (made.get_state(), seen) == (S.ERROR, [S.CONNECTING, S.ERROR])


def test_origin_17_a_connection_has_a_state_of_its_own_whatever_is_set(client, serve):
    hold = threading.Event()
    made, seen = client(serve(lambda peer: (peer.subscribed(), hold.wait(15)))), Seen()
    made.connect()
    made.set_on_state_change(seen)
    made.set_state(S.CONNECTED)
    assert (made.get_state(), seen) == (S.CONNECTING, [])
    hold.set()


# whose session -------------------------------------------------------------------------------------------------------


@pytest.fixture
def deployment(serve, tmp_path):
    """deployment(server, *more sources): the process-wide session, opened by somebody else."""
    sessions = []

    def make(server, *more, live=True):
        options = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
        sources = [{"name": "feed", "plugin": "websocket", "options": options}] if live else []
        session = wealthsources.open({"clock": "feed", "sources": [*sources, {"plugin": "context"}, *more]})
        session.start()
        session.make_current()
        sessions.append(session)
        return session

    yield make
    shutdown_websocket_client()
    for session in sessions:
        session.stop()


def test_its_session_is_the_one_that_strategies_read(client, serve):
    made = client(serve())
    made.connect()
    assert list(wealthsources.current_session().sources) == ["live", "context"]


def test_it_drives_a_session_that_is_open_already_and_does_not_stop_it(client, serve, deployment):
    server = serve()
    session = deployment(server)
    made, seen = client(endpoint="ws://127.0.0.1:1/", symbols=["ETHUSDT"]), Seen()
    made.set_on_state_change(seen)
    made.connect()
    wait_until(lambda: S.CONNECTED in seen)
    assert made.get_subscription() == (["BTCUSDT"], ["1h"])
    made.update_subscription(["BTCUSDT"], ["1h", "1m"])
    wait_until(lambda: len(server.received) == 2)
    made.disconnect()
    assert (made.get_state(), seen[-1]) == (S.DISCONNECTED, S.DISCONNECTED)
    assert wealthsources.current_session() is session
    assert session.status().sources["feed"].state == "connected"
    assert not session.dispatcher.listening
    server.market.play(2)
    wait_until(lambda: session.status().sources["feed"].counters.get("bars.new") == 2)
    assert get_websocket_cache().get_cache_size() == 0


def test_it_is_told_of_a_connection_that_is_there_as_soon_as_it_is_asked_for(client, serve, deployment, monkeypatch):
    session = deployment(serve())
    start_live = session.start_live

    def until_connected():
        start_live()
        wait_until(lambda: session.status().sources["feed"].state == "connected")

    monkeypatch.setattr(session, "start_live", until_connected)
    made, seen = client(endpoint="ws://127.0.0.1:1/"), Seen()
    made.set_on_state_change(seen)
    made.connect()
    wait_until(lambda: S.CONNECTED in seen, timeout=5)


def test_it_is_told_that_a_session_that_is_open_already_is_connected(client, serve, deployment):
    session = deployment(serve())
    session.start_live()
    wait_until(lambda: session.status().sources["feed"].state == "connected")
    made, seen = client(), Seen()
    made.set_on_state_change(seen)
    made.connect()
    assert seen == [S.CONNECTED]


def test_of_two_live_sources_of_a_session_it_follows_the_first_alone(client, serve, deployment):
    first, other = serve(), serve(market=Market.made(seed=2))
    options = {"endpoint": other.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
    session = deployment(first, {"name": "other", "plugin": "websocket", "options": options})
    made = client()
    made.connect()
    wait_until(lambda: {session.status().sources[name].state for name in ("feed", "other")} == {"connected"})
    other.market.play(5)
    wait_until(lambda: session.status().sources["other"].counters.get("bars.new") == 5)
    first.market.play(3)
    prices = [bar.close for bar in first.market.closed(ONE)]
    wait_until(lambda: closed_prices() == prices)
    assert made.get_subscription() == (["BTCUSDT"], ["1h"])


def test_it_drives_what_our_own_manager_started(client, serve):
    server = serve()
    manager = WebSocketManager()
    manager.configure(server.url, TOKEN, symbols=["BTCUSDT"], resolutions=["1h"])
    manager.start()
    made = client()
    made.connect()
    wait_until(is_connected(made))
    made.disconnect()
    assert manager.is_connected()
    assert server.accepted == 1
    manager.stop()


def test_a_session_without_a_live_source_cannot_be_driven(client, serve, deployment):
    session = deployment(serve(), live=False)
    made = client()
    with pytest.raises(WebSocketConnectionError, match="no websocket source"):
        made.connect()
    assert made.get_state() is S.ERROR
    assert wealthsources.current_session() is session


def test_when_somebody_else_stops_its_session_it_is_disconnected_and_may_connect_again(client, serve):
    server = serve()
    made = client(server)
    made.connect()
    wait_until(is_connected(made))
    wealthsources.current_session().stop()
    assert made.get_state() is S.DISCONNECTED
    made.connect()
    wait_until(is_connected(made))
    assert server.accepted == 2


def test_two_clients_have_a_connection_each_and_strategies_read_the_first(client, serve):
    servers = serve(), serve(market=Market.made(["ETHUSDT"]))
    first, second = client(servers[0]), client(servers[1], symbols=["ETHUSDT"])
    first.connect()
    session = wealthsources.current_session()
    second.connect()
    wait_until(lambda: is_connected(first)() and is_connected(second)())
    assert wealthsources.current_session() is session
    for server in servers:
        server.market.play(2)
    wait_until(lambda: get_websocket_cache().get_cache_size() == 4)
    second.disconnect()
    assert first.get_state() is S.CONNECTED
    assert session.status().sources["live"].endpoint == servers[0].url


# the client of the process -------------------------------------------------------------------------------------------


def test_there_is_none_until_it_is_initialized_and_none_after_a_shutdown(serve):
    assert get_websocket_client() is None
    shutdown_websocket_client()
    server = serve()
    made = initialize_websocket_client(server.url, TOKEN, None, ["BTCUSDT"], ["1h"])
    assert get_websocket_client() is made
    wait_until(is_connected(made))
    began = time.monotonic()
    shutdown_websocket_client()
    assert time.monotonic() - began < 3.0
    assert get_websocket_client() is None
    wait_until(lambda: our_threads() == [])


def test_origin_19_without_arguments_the_defaults_stay():
    made = initialize_websocket_client()
    assert made.endpoint == "wss://ws.wealthai.cc:18000/market_data"
    assert (made.csrf_token, made.market_type) == ("", "binance-testnet")
    assert (made.symbols, made.resolutions, made.get_state()) == ([], [], S.DISCONNECTED)


def test_origin_19_a_second_call_applies_another_subscription_on_the_same_connection(serve):
    server = serve()
    made = initialize_websocket_client(server.url, TOKEN, None, ["BTCUSDT"], ["1h"])
    wait_until(is_connected(made))
    assert initialize_websocket_client(symbols=["BTCUSDT", "ETHUSDT"]) is made
    wait_until(lambda: len(server.received) == 2)
    assert (server.received[1]["symbols"], server.received[1]["resolutions"]) == (["BTCUSDT", "ETHUSDT"], ["1h"])
    assert server.accepted == 1


def test_origin_19_a_second_call_applies_another_endpoint_to_the_same_client(serve):
    servers = serve(), serve(token="another")
    made = initialize_websocket_client(servers[0].url, TOKEN, None, ["BTCUSDT"], ["1h"])
    wait_until(is_connected(made))
    assert initialize_websocket_client(servers[1].url, "another") is made
    wait_until(lambda: servers[1].acknowledged)
    wait_until(is_connected(made))
    assert servers[1].received[0]["symbols"] == ["BTCUSDT"]
    assert wealthsources.current_session().status().sources["live"].endpoint == servers[1].url


def test_origin_19_a_second_call_with_the_same_or_nothing_changes_nothing(serve):
    server = serve()
    made = initialize_websocket_client(server.url, TOKEN, None, ["BTCUSDT"], ["1h"])
    wait_until(is_connected(made))
    initialize_websocket_client(server.url, TOKEN, "binance-testnet", ["BTCUSDT"], ["1h"])
    initialize_websocket_client()
    assert made.get_state() is S.CONNECTED
    assert (server.accepted, len(server.received)) == (1, 1)


def test_origin_19_a_client_made_without_symbols_connects_when_it_is_given_them(serve):
    server = serve()
    made = initialize_websocket_client(server.url, TOKEN)
    assert initialize_websocket_client(symbols=["BTCUSDT"], resolutions=["1h"]) is made
    wait_until(is_connected(made))
