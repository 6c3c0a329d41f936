"""What the live source tells, as the legacy cache shows it: on a real socket."""

from __future__ import annotations

import json
import threading

import pytest

import wealthsources
from engine.python_sdk.context_data_adapter import ContextDataAdapter
from engine.python_sdk.websocket_cache import WebSocketCache, get_websocket_cache, set_websocket_cache
from engine.python_sdk.websocket_client import ConnectionState
from wealthsources_simulator import Market, WealthAI

from ..support.waiting import wait_until

TOKEN = "a-secret-compat-token"
ONE = ("BTCUSDT", "1h")
HOUR = 3_600_000
VALUES = ("open", "high", "low", "close", "volume")


def shown(*series):
    return get_websocket_cache().get_bars(*(series or ONE))


def told(played):
    """A bar of the market as the legacy cache has it when it is closed."""
    return {
        "open_time": played.open_time,
        "close_time": played.end,
        **{name: getattr(played, name) for name in VALUES},
    }


@pytest.fixture
def connected(client, serve):
    def connect(*script, **market):
        server = serve(*script, market=Market.made(**market))
        made = client(server)
        made.connect()
        wait_until(lambda: made.get_state() is ConnectionState.CONNECTED)
        return server, made

    return connect


def test_closed_bars_are_the_server_s_text_and_the_last_one_says_that_it_is_forming(connected):
    server, _ = connected()
    server.market.play(5.5)
    closed = [told(bar) for bar in server.market.closed(ONE)]
    wait_until(lambda: shown()[:-1] == closed)
    forming = shown()[-1]
    assert (forming.pop("closed"), set(forming)) == (False, set(closed[0]))
    assert forming["open_time"] == closed[-1]["open_time"] + HOUR
    assert {type(forming[name]) for name in VALUES} == {str}
    assert get_websocket_cache().get_last_update_time(*ONE) == forming["close_time"]


def test_origin_01_every_update_of_the_forming_bar_replaces_it(connected):
    server, _ = connected(updates=4)
    seen = set()
    for _ in range(4):
        server.market.play_steps(1)
        sent = json.loads(server.market.messages_since(server.market.length - 1)[0].text)
        wait_until(lambda sent=sent: shown() and all(sent[name] == shown()[0][name] for name in VALUES))
        seen.add(shown()[0]["volume"])
    assert len(shown()) == 1
    assert len(seen) == 4


def test_a_flag_closes_the_bar_at_once(connected):
    server, _ = connected(exchange=WealthAI("is_closed"))
    server.market.play(1)
    wait_until(lambda: shown() == [told(server.market.all(ONE)[0])])


def test_the_snapshot_is_taken_too(client, serve):
    market = Market.made(snapshot=3, exchange=WealthAI("is_closed"))
    market.play(10)
    client(serve(market=market)).connect()
    wait_until(lambda: shown() == [told(bar) for bar in market.all(ONE)[-3:]])


def test_every_series_of_the_subscription_is_fed_and_no_other(client, serve):
    server = serve(market=Market.made(["BTCUSDT", "ETHUSDT", "SOLUSDT"]))
    made = client(server, symbols=["BTCUSDT", "ETHUSDT"])
    made.connect()
    wait_until(lambda: made.get_state() is ConnectionState.CONNECTED)
    server.market.play(2)
    wait_until(lambda: get_websocket_cache().get_cache_size() == 4)
    assert get_websocket_cache().get_cached_symbols() == [ONE, ("ETHUSDT", "1h")]


@pytest.fixture
def cut_after(serve):
    """cut_after(messages, **market): a server that cuts then, and lets nobody in again before `let_in()`."""
    gates = []

    def start(messages, **market):
        gate = threading.Event()
        gates.append(gate)
        server = serve(
            lambda peer: (peer.join(), peer.pass_on(messages)),
            lambda peer: gate.wait(15) and peer.behave(),
            market=Market.made(**market),
        )
        return server, gate.set

    yield start
    for gate in gates:
        gate.set()


def test_a_bar_that_a_lost_connection_left_unfinished_goes_when_the_next_begins(client, cut_after):
    server, let_in = cut_after(12)  # two bars of five messages each, and two states of the third
    client(server).connect()
    wait_until(lambda: server.acknowledged == 1)
    server.market.play_steps(12)
    wait_until(lambda: server.accepted == 2 and len(shown()) == 3)
    first, second, third = shown()
    assert (first.get("closed"), second.get("closed"), third.get("closed")) == (None, None, False)
    server.market.play_steps(3)  # the third bar ends while nobody listens
    let_in()
    wait_until(lambda: server.acknowledged == 2)
    server.market.play(2)
    after = third["open_time"] + HOUR
    wait_until(lambda: [bar["open_time"] for bar in shown()][2:] == [after, after + HOUR])
    assert shown()[:2] == [first, second]


def test_origin_20_a_bar_without_prices_reaches_no_cache(connected):
    def script(peer):
        peer.join()
        peer.send({"type": "BAR", "symbol": "BTCUSDT", "timeframe": "1h"}, {"type": "KLINE", "symbol": "BTCUSDT"})
        peer.follow()

    server, _ = connected(script)
    server.market.play(2)
    wait_until(lambda: len(shown()) == 2)
    assert all(bar["open_time"] > 0 and float(bar["open"]) > 0 for bar in shown())


def test_another_market_begins_its_series_anew(client, serve):
    for number in (1, 2):
        server = serve(market=Market.made(seed=number, exchange=WealthAI("is_closed")))
        made = client(server)
        made.connect()
        wait_until(lambda made=made: made.get_state() is ConnectionState.CONNECTED)
        server.market.play(3)
        wait_until(lambda server=server: shown() == [told(bar) for bar in server.market.all(ONE)])
        made.disconnect()


def test_a_cache_that_is_set_later_is_fed_from_then_on(connected):
    server, _ = connected(exchange=WealthAI("is_closed"))
    server.market.play(3)
    wait_until(lambda: len(shown()) == 3)
    first = get_websocket_cache()
    set_websocket_cache(WebSocketCache(max_bars_per_symbol=2))
    server.market.play(3)
    wait_until(lambda: shown() == [told(bar) for bar in server.market.all(ONE)[-2:]])
    assert first.get_cache_size() == 3


def test_the_adapter_puts_live_bars_after_those_of_the_context(connected, bar):
    server, _ = connected(exchange=WealthAI("is_closed"))
    server.market.play(3)
    live = [told(each) for each in server.market.all(ONE)]
    wait_until(lambda: shown() == live)
    past = [bar(live[0]["open_time"] - place * HOUR) for place in (2, 1, 0)]
    context = {"market_data_context": [{"symbol": "BTCUSDT", "timeframe": "1h", "bars": past}]}
    assert ContextDataAdapter(context).get_history("BTCUSDT", 20, "1h") == [*past[:2], *live]
    assert ContextDataAdapter(context).get_history("BTCUSDT", 4, "1h") == [past[1], *live]


# a session of somebody else's ----------------------------------------------------------------------------------------


@pytest.fixture
def deployment(serve, tmp_path):
    """deployment(server): a process-wide session with the truth of the server's market in an archive behind it."""
    sessions = []

    def make(server, rows=()):
        (tmp_path / "BTCUSDT").mkdir()
        lines = ["open_time,open,high,low,close,volume"]
        lines += [",".join(str(row[name]) for name in lines[0].split(",")) for row in rows]
        (tmp_path / "BTCUSDT" / "1h.csv").write_text("\n".join([*lines, ""]))
        options = {"endpoint": server.url, "csrf_token": TOKEN, "symbols": ["BTCUSDT"], "resolutions": ["1h"]}
        archive = {"plugin": "file", "options": {"path": str(tmp_path / "{symbol}" / "{timeframe}.csv")}}
        session = wealthsources.open(
            {"clock": "feed", "sources": [{"plugin": "websocket", "options": options}, archive]}
        )
        session.start()
        session.make_current()
        sessions.append(session)
        return session

    yield make
    for session in sessions:
        session.stop()


def test_what_the_session_holds_already_is_copied(client, serve, deployment):
    server = serve()
    session = deployment(server)
    session.start_live()
    wait_until(lambda: session.status().sources["websocket"].state == "connected")
    server.market.play(4.5)
    wait_until(lambda: session.status().sources["websocket"].counters.get("bars.new") == 5)
    client().connect()
    assert shown()[:-1] == [told(bar) for bar in server.market.closed(ONE)]
    assert shown()[-1]["closed"] is False
    server.market.play(1)
    wait_until(lambda: shown()[:-1] == [told(bar) for bar in server.market.closed(ONE)])


def test_a_hole_that_an_archive_fills_is_filled_here(client, cut_after, deployment):
    truth = Market.made(exchange=WealthAI("is_closed"))
    truth.play(9)
    rows = [told(bar) for bar in truth.all(ONE)]
    server, let_in = cut_after(10, exchange=WealthAI("is_closed"))
    deployment(server, rows)
    client().connect()
    wait_until(lambda: server.acknowledged == 1)
    server.market.play(2)
    wait_until(lambda: server.accepted == 2 and shown() == rows[:2])
    server.market.play(3)
    let_in()
    wait_until(lambda: server.acknowledged == 2)
    server.market.play(4)
    wait_until(lambda: shown() == rows)
