"""Defects of the origin, and why each is impossible here: those of its SDK, under the legacy import paths."""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace

import pytest

import wealthsources
from engine.python_sdk.context_data_adapter import ContextDataAdapter
from engine.python_sdk.websocket_cache import WebSocketCache, get_websocket_cache, set_websocket_cache
from engine.python_sdk.websocket_client import ConnectionState, initialize_websocket_client, shutdown_websocket_client
from engine.python_sdk.websocket_manager import WebSocketManager
from wealthsources_simulator import Market, MarketServer
from wealthsources_simulator.framing import PING, PONG
from wealthsources_websocket.options import WebSocketOptions

from ..support.live_source import use_policies
from ..support.markets import ROOT
from ..support.waiting import wait_until
from .origin_feed import TOKEN

ONE = ("BTCUSDT", "1h")
SYMBOLS, RESOLUTIONS = ["BTCUSDT"], ["1h"]


@pytest.fixture(autouse=True)
def _as_new(monkeypatch):
    use_policies(monkeypatch)
    set_websocket_cache(None)
    yield
    shutdown_websocket_client()
    set_websocket_cache(None)


@pytest.fixture
def serve():
    """serve(*script, market=..., token=...): a server; the client of the process is stopped before it."""
    servers = []

    def start(*script, market=None, token=TOKEN):
        servers.append(MarketServer(market or Market.made(["BTCUSDT", "ETHUSDT"]), script, token=token))
        servers[-1].start()
        return servers[-1]

    yield start
    shutdown_websocket_client()
    for server in servers:
        server.stop()
    assert [failure for server in servers for failure in server.failures] == []


@pytest.fixture
def manager():
    """manager(server): configured as a program did it, and started."""

    def make(server):
        made = WebSocketManager()
        made.configure(server.url, TOKEN, symbols=SYMBOLS, resolutions=RESOLUTIONS)
        made.start()
        return made

    return make


def closes(bars):
    return [bar.close for bar in bars]


def read(symbol="BTCUSDT"):
    """What a strategy reads of bars that may be years old: the newest there are."""
    session = wealthsources.current_session()
    return session.adapter().get_history(symbol, 50, "1h", on_stale="mark")


def test_origin_01_a_repeated_open_time_replaces_the_bar_in_the_cache_too(serve, manager):
    """The cache was append-only: every update of a forming bar was another bar."""
    server = serve(market=Market.made(updates=24))
    manager(server)
    wait_until(lambda: server.acknowledged)
    server.market.play_steps(24)
    last = Market.made(updates=24)
    last.play_steps(24)
    wait_until(lambda: get_websocket_cache().get_cache_size() == 1)
    volume = last.now(ONE, last.length)["volume"]
    wait_until(lambda: get_websocket_cache().get_latest_bar(*ONE)["volume"] == volume)
    assert len(get_websocket_cache().get_bars(*ONE)) == 1


def test_origin_17_connected_means_acknowledged(serve, manager):
    """is_connected() was true as soon as TCP was open, before the server had acknowledged anything."""
    asked, go = threading.Event(), threading.Event()

    def script(peer):
        peer.subscribed()
        peer.frame(PING)
        while peer.read()[0] != PONG:  # which it sends when it has done all that it does without an answer
            pass
        asked.set()
        assert go.wait(15)
        peer.behave()

    made = manager(serve(script))
    try:
        assert asked.wait(15)
        assert (made.is_connected(), made.get_status()["state"]) == (False, "connecting")
    finally:
        go.set()
    wait_until(made.is_connected)
    assert made.get_status()["state"] == "connected"


def test_origin_17_after_an_error_message_bars_and_subscriptions_go_on(serve, manager):
    """An ERROR of the server set the state ERROR on a connection that was alive, and later subscriptions were lost."""

    def script(peer):
        peer.join()
        peer.send({"type": "ERROR", "message": "no such symbol"})
        peer.follow()

    server = serve(script)
    made = manager(server)
    wait_until(lambda: made.get_status()["last_error"] == "no such symbol")
    assert made.is_connected()
    made.update_subscription(["BTCUSDT", "ETHUSDT"], ["1h"])
    wait_until(lambda: len(server.received) == 2)
    server.market.play(3.5)
    for symbol in ("BTCUSDT", "ETHUSDT"):
        wait_until(lambda symbol=symbol: len(get_websocket_cache().get_bars(symbol, "1h")) == 4)
        assert closes(read(symbol)) == [float(bar.close) for bar in server.market.closed((symbol, "1h"))]
    assert server.accepted == 1


def test_origin_18_no_token_is_in_the_code_and_the_ports_are_all_there():
    """Token and endpoint stood in the source twice and were defaults; the documented backup ports were nowhere."""
    folders = ("wealthsources", "wealthdata", "plugins", "compat", "examples")
    paths = [path for name in folders for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".md", ".toml")]
    texts = [path.read_text() for path in (*paths, ROOT / "config.yaml", ROOT / "README.md")]
    assert len(texts) > 80
    assert [found for text in texts for found in re.findall(r"\b[0-9a-fA-F]{32,}\b", text)] == []
    assert sum("ws.wealthai.cc:18000" in path.read_text() for path in paths if path.suffix == ".py") == 1
    assert WebSocketManager().load_config_from_env()["csrf_token"] == ""
    options = WebSocketOptions(symbols=SYMBOLS, resolutions=RESOLUTIONS)
    assert (options.sends_token, options.read_token()) == (False, "")
    assert options.endpoints == tuple(f"wss://ws.wealthai.cc:{port}/market_data" for port in (18000, 18001, 18002))


def test_origin_19_a_call_without_arguments_keeps_the_defaults_and_a_second_one_is_heeded(serve):
    """initialize_websocket_client() put None over the default endpoint, and a second call ignored its settings."""
    first, second = serve(), serve(token="another")
    made = initialize_websocket_client()
    assert (made.endpoint, made.market_type) == ("wss://ws.wealthai.cc:18000/market_data", "binance-testnet")
    assert made.get_state() is ConnectionState.DISCONNECTED  # nothing to subscribe to
    assert initialize_websocket_client(first.url, TOKEN, None, SYMBOLS, RESOLUTIONS) is made
    wait_until(lambda: made.get_state() is ConnectionState.CONNECTED)
    assert first.received[0]["symbols"] == SYMBOLS
    assert initialize_websocket_client(second.url, "another", symbols=["ETHUSDT"]) is made
    wait_until(lambda: second.acknowledged and made.get_state() is ConnectionState.CONNECTED)
    assert (second.received[0]["symbols"], second.received[0]["resolutions"]) == (["ETHUSDT"], RESOLUTIONS)
    initialize_websocket_client()
    assert (made.endpoint, second.accepted, first.accepted) == (second.url, 1, 1)


def test_origin_21_a_strategy_cannot_change_the_cache_and_a_count_of_nothing_is_nothing(serve, manager):
    """The cache handed out its own dicts, and get_bars(count=0) returned everything."""
    server = serve()
    manager(server)
    wait_until(lambda: server.acknowledged)
    server.market.play(5.5)
    cache = get_websocket_cache()
    wait_until(lambda: cache.get_cache_size(*ONE) == 6)
    for bar in (*cache.get_bars(*ONE), cache.get_latest_bar(*ONE)):
        bar["close"] = "0"
        bar.clear()
    cache.get_bars(*ONE).clear()
    cache.get_cached_symbols().clear()
    truth = [bar.close for bar in server.market.closed(ONE)]
    assert [bar["close"] for bar in cache.get_bars(*ONE)][:-1] == truth
    assert cache.get_bars(*ONE, count=0) == cache.get_bars(*ONE, 0) == []
    assert closes(read()) == list(map(float, truth))


def test_origin_21_what_was_added_is_not_the_callers_own_any_more():
    """The cache kept the caller's dict, so whoever went on with it changed a stored bar."""
    cache = WebSocketCache()
    bar = {"open_time": 1, "close_time": 2, **dict.fromkeys(["open", "high", "low", "close", "volume"], "1")}
    cache.add_bar(*ONE, bar)
    bar["close"] = "0"
    assert cache.get_latest_bar(*ONE)["close"] == "1"


def test_origin_23_every_bar_of_the_adapter_is_of_one_kind(records):
    """A bar of the context was a dict or a Bar, depending on what current_bar was."""
    rows = records("1h", 6)
    objects = [SimpleNamespace(**row) for row in rows]
    get_websocket_cache().add_bar(*ONE, rows[5])
    found = []
    for bars in (rows[:5], objects[:5]):
        for current in (None, rows[4], objects[4]):
            entry = {"symbol": "BTCUSDT", "timeframe": "1h", "bars": bars}
            context = SimpleNamespace(market_data_context=[entry], current_bar=current)
            found.append(ContextDataAdapter(context).get_history("BTCUSDT", 10, "1h"))
    assert all(bars == found[0] for bars in found)
    assert [(type(bar), bar["close"]) for bar in found[0]] == [(type(found[0][0]), bar.close) for bar in found[0]]
    assert [bar.open_time for bar in found[0]] == [row["open_time"] for row in rows]


def test_origin_25_what_a_program_subscribes_to_can_be_set_before_and_after_the_start(serve, manager):
    """Specifications promised a call that configures subscriptions, and there was none."""
    server = serve()
    made = manager(server)
    wait_until(made.is_connected)
    made.update_subscription("ETHUSDT, BTCUSDT", "1h")
    wait_until(lambda: len(server.received) == 2)
    assert (made.get_status()["symbols"], made.get_status()["resolutions"]) == (["ETHUSDT", "BTCUSDT"], ["1h"])
    server.market.play(2.5)
    wait_until(lambda: get_websocket_cache().get_cache_size("ETHUSDT", "1h") == 3)
    assert server.accepted == 1
