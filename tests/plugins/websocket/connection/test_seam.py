"""The seam between client and protocol, shown with a protocol that has little in common with WealthAI's."""

from __future__ import annotations

import itertools
import json
import logging
import struct
import threading
import time

import pytest

from wealthsources import ConfigError
from wealthsources_websocket import protocols
from wealthsources_websocket.options import WebSocketOptions
from wealthsources_websocket.protocols.base import Limits

from ....support.waiting import wait_until
from ....support.wire import CLOSE
from ..protocols.invented import Invented

T0 = 1_600_000_020_000  # the beginning of a minute
SERIES = [("BTCUSDT", "1m"), ("ETHUSDT", "1m"), ("FOOUSDT", "1m")]
OPTIONS = {"symbols": ["BTCUSDT", "ETHUSDT", "FOOUSDT"], "resolutions": ["1m"], "csrf_token": "the-secret-key"}


def topics(message) -> list[str]:
    assert message["op"] == "subscribe"
    return message["topics"]


def introduce(peer) -> None:
    """Upgrade, greet, and take the key."""
    peer.upgrade()
    peer.send({"event": "hello"})
    assert peer.message() == {"op": "login", "key": "the-secret-key"}
    peer.send({"event": "welcome"})


def acknowledge(peer, *messages) -> None:
    for topic in itertools.chain(*map(topics, messages)):
        peer.send({"event": "subscribed", "topic": topic})


def begin(peer) -> list[str]:
    """Greet, authenticate and acknowledge all; what is subscribed."""
    introduce(peer)
    texts = [peer.message(), peer.message()]
    acknowledge(peer, *texts)
    return [*topics(texts[0]), *topics(texts[1])]


def beating(peer) -> None:
    """Stay, and answer heartbeats."""
    while True:
        message = peer.message()
        peer.send({"event": "beat", "n": message["n"]})


def bar(topic: str, place: int, close: str = "10.50", closed: bool = False):
    values = ["10.25", "12", "9", close, "0.100"]
    return {"event": "bar", "topic": topic, "open": T0 + 60_000 * place, "ohlcv": values, "closed": closed}


@pytest.fixture
def start_invented(start_client):
    def start(url, kind=Invented, **options):
        return start_client(url, protocol=kind(), **OPTIONS | options)

    return start


def test_greeting_key_two_texts_and_an_answer_for_each_series(serve, start_invented, caplog):
    greet, told = threading.Event(), []

    def script(peer):
        peer.upgrade()
        greet.wait(10)
        told.append("hello")
        peer.send({"event": "hello"})
        told.append(peer.message())
        peer.send({"event": "welcome"})
        texts = [peer.message(), peer.message()]
        told.extend(texts)
        acknowledge(peer, texts[0])
        peer.send({"event": "refused", "topic": "FOOUSDT@60", "why": "no such market"})
        peer.send(bar("XBT-USDT@60", 0), bar("ETHUSDT@60", 0, "11"), bar("XBT-USDT@60", 0, "10.75", closed=True))
        beating(peer)

    server = serve(script)
    client, seen = start_invented(server.url, ping_interval=0.05)
    wait_until(lambda: server.accepted)
    assert (client.state, server.received) == ("connecting", [])  # nothing is said before the greeting
    greet.set()
    wait_until(lambda: len(seen.bars) == 3)
    assert told == [
        "hello",
        {"op": "login", "key": "the-secret-key"},
        {"op": "subscribe", "id": 1, "topics": ["XBT-USDT@60", "ETHUSDT@60"]},
        {"op": "subscribe", "id": 2, "topics": ["FOOUSDT@60"]},
    ]
    assert seen.states == ["connecting", "connected"]
    assert client.refused == {("FOOUSDT", "1m"): "no such market"}
    assert caplog.text.count("FOOUSDT 1m is refused: no such market") == 1
    assert [(each.symbol, each.timeframe, each.closed) for each in seen.bars] == [
        ("XBT-USDT", "1m", False),
        ("ETHUSDT", "1m", False),
        ("XBT-USDT", "1m", True),
    ]
    assert client.match("XBT-USDT", "1m") == ("BTCUSDT", "1m")
    wait_until(lambda: client.counters["heartbeats"] >= 3)
    assert server.received[3:6] == [{"op": "beat", "n": number} for number in (1, 2, 3)]
    assert (client.epoch, client.counters["repeated_acks"], client.counters["refused_series"]) == (1, 0, 1)


def test_an_acknowledgement_may_name_the_text(serve, start_invented):
    def script(peer):
        introduce(peer)
        second = [peer.message(), peer.message()][1]
        peer.send({"event": "subscribed", "id": 9})  # nobody asked for that
        if peer.number == 1:
            peer.deaf()
        peer.send({"event": "subscribed", "id": second["id"]})
        beating(peer)

    client, _ = start_invented(serve(script).url, connect_timeout=0.3)
    wait_until(lambda: client.state == "connected")
    assert client.counters["lost.ack_timeout"] == 1


def test_a_server_that_does_not_greet_is_told_by_its_word(serve, start_invented):
    client, seen = start_invented(serve(lambda peer: (peer.upgrade(), peer.deaf())).url, connect_timeout=0.3)
    wait_until(lambda: client.counters["lost.ack_timeout"])
    wait_until(lambda: len(seen.reasons) > 1)
    assert "ack_timeout: no subscribed came" in seen.reasons[1]


def test_a_key_that_is_not_accepted_is_called_by_its_name(serve, start_invented):
    def script(peer):
        peer.upgrade()
        peer.send({"event": "hello"})
        key = peer.message()["key"]
        peer.send({"event": "error", "code": 401, "why": f"unknown key {key}"})
        peer.deaf()

    client, _ = start_invented(serve(script).url, backoff_cap=30)
    wait_until(lambda: client.state == "auth_failed")
    assert "the server does not accept key: unknown key ***" in client.last_error


def test_what_close_codes_mean_is_the_protocols_and_the_options_have_the_last_word(serve, start_invented):
    def script(peer):
        begin(peer)
        peer.frame(CLOSE, struct.pack("!H", 4401))
        peer.deaf()

    client, _ = start_invented(serve(script).url, backoff_cap=30)
    wait_until(lambda: client.state == "auth_failed")
    client, _ = start_invented(serve(script).url, backoff_cap=30, close_codes={4401: "fatal"})
    wait_until(lambda: client.state == "error")


def test_a_series_that_was_refused_is_asked_for_again_on_the_next_connection(serve, start_invented, caplog):
    caplog.set_level(logging.INFO)

    def script(peer):
        introduce(peer)
        texts = [peer.message(), peer.message()]
        acknowledge(peer, texts[0])
        if peer.number == 1:
            peer.send({"event": "refused", "topic": "FOOUSDT@60", "why": "not yet"}, {"event": "restart"})
            peer.deaf()
        acknowledge(peer, texts[1])
        beating(peer)

    client, _ = start_invented(serve(script).url)
    wait_until(lambda: client.epoch == 2 and not client.refused)
    assert client.reconnects_by_reason == {"reconnect_asked": 1}
    assert "the server wants us on another connection: the server restarts" in caplog.text


def test_when_every_series_is_refused_the_connection_is_of_no_use(serve, start_invented):
    def script(peer):
        introduce(peer)
        for topic in itertools.chain(topics(peer.message()), topics(peer.message())):
            peer.send({"event": "refused", "topic": topic, "why": "closed today"})
        peer.deaf()

    client, seen = start_invented(serve(script).url, backoff_base=30, backoff_cap=30)
    wait_until(lambda: client.counters["lost.refused_by_server"])
    wait_until(lambda: seen.states == ["connecting", "error"])
    assert "refused_by_server: closed today" in client.last_error
    assert set(client.refused) == set(SERIES)


def test_a_refusal_that_names_no_series_is_told(serve, start_invented, caplog):
    def script(peer):
        begin(peer)
        peer.send({"event": "refused", "why": "too fast"})
        beating(peer)

    client, _ = start_invented(serve(script).url)
    wait_until(lambda: client.counters["server_errors.subscription"])
    assert client.last_error == "too fast"
    assert (client.epoch, client.refused) == (1, {})


def test_a_server_that_answers_no_heartbeat_is_left(serve, start_invented):
    def script(peer):
        begin(peer)
        if peer.number > 1:
            beating(peer)
        while True:  # heartbeats of its own are no answer
            peer.message()
            peer.send({"event": "beat"})

    client, _ = start_invented(serve(script).url, ping_interval=0.05, pong_timeout=0.3)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.pong_timeout"] == 1


def test_on_a_market_that_pushes_no_quiet_minutes_silence_is_no_reason_for_another_connection(serve, start_invented):
    class Pushing(Invented):
        pushes_quiet_minutes = True

    def script(peer):
        begin(peer)
        beating(peer)

    quiet, of_quiet = start_invented(serve(script).url, ping_interval=0.05)
    renewed, of_renewed = start_invented(serve(script).url, Pushing, ping_interval=0.05)
    of_quiet.silent = of_renewed.silent = True
    wait_until(lambda: renewed.reconnects_by_reason["silent"] == 1)
    wait_until(lambda: quiet.counters["heartbeats"] >= 20)
    assert (quiet.epoch, quiet.counters["attempts"]) == (1, 1)


def test_a_connection_is_over_when_it_is_as_old_as_the_server_lets_it_be(serve, start_invented):
    class Mortal(Invented):
        limits = Limits(series_per_text=2, lifetime=0.3)

    client, _ = start_invented(serve(lambda peer: (begin(peer), beating(peer))).url, Mortal)
    wait_until(lambda: client.epoch == 2)  # there was no time for another beside it
    assert client.counters["lost.lifetime"] == 1


def test_a_connection_is_followed_by_another_before_it_is_that_old(serve, start_invented, clock):
    class Mortal(Invented):
        limits = Limits(series_per_text=2, lifetime=10_000.0)

    server = serve(lambda peer: (begin(peer), beating(peer)))
    client, seen = start_invented(server.url, Mortal, ping_interval=0.05, pong_timeout=10_000.0)
    wait_until(lambda: client.counters["heartbeats"])
    clock.step(8_990.0)
    beats = client.counters["heartbeats"]
    wait_until(lambda: client.counters["heartbeats"] > beats + 10)
    assert (client.epoch, server.accepted) == (1, 1)  # none is renewed before 90 % of its time
    clock.step(510.0)
    wait_until(lambda: client.epoch == 2)
    assert client.reconnects_by_reason == {"lifetime": 1}
    assert seen.states == ["connecting", "connected", "connected"]


def test_texts_go_out_no_faster_than_the_server_allows(serve, start_invented):
    class Slow(Invented):
        limits = Limits(series_per_text=1, texts_per_second=4)

    moments = []

    def script(peer):
        introduce(peer)
        for _ in range(3):
            acknowledge(peer, peer.message())
            moments.append(time.monotonic())
        beating(peer)

    client, _ = start_invented(serve(script).url, Slow)
    wait_until(lambda: len(moments) == 3)
    assert moments[-1] - moments[0] >= 0.25  # two pauses, either of which may begin a moment early
    assert client.epoch == 1


# the whole way, from the options to an answer ------------------------------------------------------------------


@pytest.fixture
def registered(monkeypatch):
    """The protocol, known by its name."""
    monkeypatch.setitem(protocols.BUILT_IN, "invented", f"{Invented.__module__}:Invented")


def test_a_session_that_speaks_it_answers_in_our_spelling(registered, serve, open_session):
    def script(peer):
        begin(peer)
        peer.send(bar("XBT-USDT@60", 0, closed=True), bar("XBT-USDT@60", 1))
        beating(peer)

    session = open_session(serve(script).url, protocol="invented", **OPTIONS)
    session.start_live()
    live = session.source("live")
    wait_until(lambda: live.cache.get_cache_size() == 2)
    wait_until(lambda: session.clock.now() == T0 + 60_000)
    (closed,) = session.adapter().get_history("BTCUSDT", 5, "1m")
    assert (closed.open_time, closed.exact("close"), closed.exact("volume")) == (T0, "10.50", "0.100")
    assert "unsolicited" not in live.status().counters


def test_a_series_is_on_one_shard_and_a_lost_shard_makes_only_its_own_stale(registered, serve, open_session):
    symbols = ["BTCUSDT", *(f"S{number}USDT" for number in range(5))]
    cut = threading.Event()

    def script(peer):
        introduce(peer)
        texts = [peer.message()]
        first = topics(texts[0])[0] == "XBT-USDT@60"
        texts += [peer.message()] if first else []
        acknowledge(peer, *texts)
        mine, other = ("XBT-USDT@60", "S4USDT@60") if first else ("S4USDT@60", "XBT-USDT@60")
        peer.send(bar(mine, 0, closed=True), bar(mine, 1), bar(other, 0, "11", closed=True))
        if not first and peer.number <= 2:  # the one that comes in its place stays
            cut.wait(10)
            return
        beating(peer)

    session = open_session(
        serve(script).url, protocol="invented", **OPTIONS | {"symbols": symbols}, backoff_base=60, backoff_cap=60
    )
    session.start_live()
    live = session.source("live")
    wait_until(lambda: live.status().counters.get("unsolicited") == 2)
    status = live.status()
    assert (status.state, status.epoch, status.reconnects) == ("connected", 2, 0)
    assert sorted(stream.symbol for stream in status.streams if stream.bars) == ["BTCUSDT", "S4USDT"]
    assert {bar.exact("close") for name in ("BTCUSDT", "S4USDT") for bar in live.cache.get_bars(name, "1m")} == {
        "10.50"
    }
    cut.set()
    wait_until(lambda: live.status().state == "reconnecting")
    states = {stream.symbol: stream.state for stream in live.status().streams if stream.bars}
    assert states == {"BTCUSDT": "live", "S4USDT": "stale"}


def test_a_timeframe_that_the_server_does_not_stream_is_a_mistake(registered, open_session):
    wanted = r"resolutions: invented does not stream 1w on our grid, only 1m, 1h; ask for 1h, of which 1w is made"
    with pytest.raises(ConfigError, match=wanted):
        open_session("ws://127.0.0.1:1/", protocol="invented", **OPTIONS | {"resolutions": ["1m", "1w"]})


def test_market_and_endpoints_are_the_protocols_own_unless_others_are_named(registered):
    chosen = WebSocketOptions(protocol="invented", symbols="A", resolutions="1m")
    assert (chosen.market_type, chosen.endpoints) == ("spot", Invented().endpoints())
    chosen = WebSocketOptions(protocol="invented", symbols="A", resolutions="1m", market_type="perps")
    assert chosen.endpoints == ("wss://invented.example/perps", "wss://b.invented.example/perps")
    assert chosen.make_protocol().market == "perps"
    assert json.loads(chosen.make_protocol().heartbeat_text(7)) == {"op": "beat", "n": 7}
