"""The client against servers that listen on this machine and do whatever a server may do."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import struct
import threading
import time
import traceback
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import trustme

from wealthsources import ConfigError
from wealthsources_simulator import MarketServer
from wealthsources_websocket.client import STOP_LIMIT
from wealthsources_websocket.reconnect import Backoff

SAMPLE = Path(__file__).parents[3] / "examples" / "data" / "BTCUSDT" / "1h.csv"
TOKEN = "a-secret-token"
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def stay(peer):
    peer.accept()
    peer.stay()


@pytest.fixture
def delays(monkeypatch):
    """Take the longest delay that the backoff allows, and list it."""
    asked: list[float] = []

    def longest(_least: float, most: float) -> float:
        asked.append(most)
        return most

    class Recorded(Backoff):
        def __init__(self, base: float, cap: float) -> None:
            super().__init__(base, cap, longest)

    monkeypatch.setattr("wealthsources_websocket.client.Backoff", Recorded)
    return asked


# Subscribing.


def test_the_first_message_is_the_whole_subscription(serve, start_client, wait_until):
    server = serve(stay)
    client, seen = start_client(
        server.url, symbols=["BTCUSDT", "ETHUSDT"], resolutions=["1m", "1h"], market_type="binance-testnet"
    )
    wait_until(lambda: client.state == "connected")
    assert server.received == [
        {
            "type": "CONNECT",
            "request_id": "1",
            "symbols": ["BTCUSDT", "ETHUSDT"],
            "resolutions": ["1m", "1h"],
            "csrf_token": TOKEN,
            "market_type": "binance-testnet",
        }
    ]
    assert seen.states == ["connecting", "connected"]
    assert (client.epoch, client.reconnects) == (1, 0)


def test_connected_means_acknowledged(serve, start_client, wait_until):
    acknowledge = threading.Event()

    def script(peer):
        peer.subscribed()
        acknowledge.wait(10)
        peer.send({"type": "CONNECTED"})
        peer.stay()

    server = serve(script)
    client, _ = start_client(server.url)
    wait_until(lambda: server.received)
    assert client.state == "connecting"
    acknowledge.set()
    wait_until(lambda: client.state == "connected")


def test_an_acknowledgement_of_another_request_is_not_ours(serve, start_client, wait_until):
    def script(peer):
        peer.subscribed()
        peer.send({"type": "CONNECTED", "request_id": "77"})
        peer.stay()

    client, _ = start_client(serve(script).url, connect_timeout=0.3)
    wait_until(lambda: client.counters["lost.ack_timeout"])
    assert client.epoch == 0


def test_bars_that_come_before_the_acknowledgement_are_kept(serve, start_client, wait_until, bar):
    def script(peer):
        peer.subscribed()
        peer.send(bar(1), [bar(2), bar(3)], {"type": "CONNECTED", "request_id": "1"}, bar(4))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: len(seen.bars) == 4)
    assert seen.open_times == [bar(place)["open_time"] for place in (1, 2, 3, 4)]
    assert seen.epochs == [1, 1, 1, 1]
    assert client.state == "connected"


def test_early_bars_of_a_connection_that_is_not_acknowledged_are_dropped(serve, start_client, wait_until, bar):
    def script(peer):
        peer.subscribed()
        peer.send(bar(peer.number))
        if peer.number == 2:
            peer.send({"type": "CONNECTED"})
            peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: client.state == "connected")
    wait_until(lambda: seen.bars)
    assert seen.open_times == [bar(2)["open_time"]]
    assert seen.epochs == [1]


def test_a_changed_subscription_is_sent_whole_on_the_same_connection_and_on_the_next(serve, start_client, wait_until):
    go_on = threading.Event()

    def script(peer):
        peer.accept()
        if peer.number == 1:
            message = peer.message()
            peer.send({"type": "CONNECTED", "request_id": message["request_id"]})
            go_on.wait(10)
        else:
            peer.stay()

    server = serve(script)
    client, _ = start_client(server.url)
    wait_until(lambda: client.state == "connected")
    client.update_subscription(["ETHUSDT"], ["5m"])
    wait_until(lambda: client.counters["repeated_acks"] == 1)
    assert (server.accepted, client.epoch) == (1, 1)
    go_on.set()
    wait_until(lambda: client.epoch == 2)
    first, again, after = server.received
    assert again["request_id"] != first["request_id"]
    for message in (again, after):
        assert (message["symbols"], message["resolutions"], message["csrf_token"]) == (["ETHUSDT"], ["5m"], TOKEN)


# Coming back.


def test_a_cut_is_followed_by_the_same_subscription_on_a_new_connection(serve, start_client, wait_until, bar):
    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))
        if peer.number > 1:
            peer.stay()

    server = serve(script)
    client, seen = start_client(server.url)
    wait_until(lambda: len(seen.bars) == 2)
    assert seen.epochs == [1, 2]
    assert server.received[0] == server.received[1]
    assert seen.states == ["connecting", "connected", "reconnecting", "connected"]
    assert client.counters["lost.cut"] == 1
    assert client.reconnects == 1
    assert "without a Close frame" in client.last_error


def test_the_simulator_is_left_and_found_again(start_client, wait_until):
    with MarketServer.from_csv(SAMPLE, symbol="BTCUSDT", timeframe="1h", token=TOKEN, manual=True) as server:
        client, seen = start_client(server.url)
        for number in range(1, 6):
            wait_until(lambda wanted=number: client.state == "connected" and client.epoch == wanted)
            server.play_bars(1)
            wait_until(lambda wanted=number: len(seen.bars) == 5 * wanted)
            server.cut()
        wait_until(lambda: server.acknowledged == 6)
        client.stop()


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 4000])
def test_whatever_the_close_code_the_client_comes_back(serve, start_client, wait_until, code):
    answers = []

    def script(peer):
        peer.accept()
        if peer.number == 1:
            peer.frame(CLOSE, struct.pack("!H", code) + b"see you")
            answers.append(peer.read())
        else:
            peer.stay()

    client, _ = start_client(serve(script).url)
    wait_until(lambda: client.epoch == 2)
    assert client.counters[f"lost.closed_{code}"] == 1
    assert "see you" in client.last_error
    assert answers == [(CLOSE, struct.pack("!H", code))]


def test_a_close_without_a_code_is_one_too(serve, start_client, wait_until):
    def script(peer):
        peer.accept()
        if peer.number == 1:
            peer.frame(CLOSE)
            peer.deaf()
        else:
            peer.stay()

    client, _ = start_client(serve(script).url)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.closed_1005"] == 1


def test_a_fallback_is_used_at_once_when_the_endpoint_refuses(serve, start_client, wait_until, closed_port, delays):
    server = serve(stay)
    client, seen = start_client(closed_port, fallbacks=[server.url], backoff_base=60, backoff_cap=60)
    wait_until(lambda: client.state == "connected")
    assert client.endpoint == server.url
    assert client.counters["lost.refused"] == 1
    assert seen.states == ["connecting", "error", "connecting", "connected"]
    assert delays == []


def test_the_endpoints_go_round_and_only_the_first_round_is_without_delay(serve, start_client, wait_until, delays):
    order = []

    def script_of(name):
        def script(peer):
            order.append(name)
            peer.request()
            peer.http("503 Service Unavailable")

        return script

    first, second, third = (serve(script_of(name)) for name in "abc")
    client, _ = start_client(first.url, fallbacks=[second.url, third.url], backoff_base=0.01, backoff_cap=0.01)
    wait_until(lambda: len(order) >= 7)
    client.stop()
    assert order[:7] == ["a", "b", "c", "a", "b", "c", "a"]
    assert len(delays) in (len(order) - 2, len(order) - 3)  # the last one may have been stopped before it was asked for


def test_the_delay_grows_and_a_connection_that_lived_briefly_does_not_reset_it(
    serve, start_client, wait_until, bar, delays
):
    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))

    client, seen = start_client(serve(script).url, backoff_base=0.01, backoff_cap=0.08)
    wait_until(lambda: len(delays) >= 6)
    assert delays[:6] == pytest.approx([0.01, 0.02, 0.04, 0.08, 0.08, 0.08])
    assert len(seen.bars) >= 5
    client.stop()


def test_a_connection_that_lived_and_brought_a_bar_does_reset_it(serve, start_client, wait_until, bar, delays):
    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))
        peer.answer(*peer.read())
        peer.read()  # the second ping, which comes 0.2 s later at the earliest

    start_client(serve(script).url, backoff_base=0.01, reset_after=0.05, ping_interval=0.01)
    wait_until(lambda: len(delays) >= 3)
    assert delays[:3] == [0.01, 0.01, 0.01]


def test_a_connection_that_lived_without_a_bar_does_not_reset_it(serve, start_client, wait_until, delays):
    def script(peer):
        peer.accept()
        peer.send({"type": "NEWS"}, {"type": "PONG"})
        peer.answer(*peer.read())
        peer.read()

    options = {"backoff_base": 0.01, "backoff_cap": 0.04, "reset_after": 0.05, "ping_interval": 0.01}
    start_client(serve(script).url, **options)
    wait_until(lambda: len(delays) >= 3)
    assert delays[:3] == [0.01, 0.02, 0.04]


def test_a_host_is_not_connected_to_more_often_than_allowed(serve, start_client, wait_until):
    server = serve(lambda peer: None)
    client, _ = start_client(server.url, connects_per_minute=3, backoff_base=0.001, backoff_cap=0.001)
    wait_until(lambda: client.counters["budget_waits"])
    assert server.accepted == 3
    client.stop()
    assert server.accepted == 3


def test_a_handler_that_fails_costs_one_connection_and_not_the_thread(serve, make_client, wait_until, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))
        peer.stay()

    def fail_once(message):
        if len(seen.bars) == 1:
            raise RuntimeError("a fault of ours")
        return True

    server = serve(script)
    caplog.set_level(logging.INFO)
    client, seen = make_client(server.url)
    seen.wanted = fail_once
    client.start()
    wait_until(lambda: len(seen.bars) == 2)
    assert client.counters["lost.internal"] == 1
    assert "a fault of ours" in caplog.text


# Being refused.


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
def test_an_upgrade_that_is_not_authorized_is_a_state_of_its_own(serve, start_client, wait_until, status, delays):
    def script(peer):
        peer.request()
        peer.http(status)

    client, seen = start_client(serve(script).url, backoff_base=0.001, backoff_cap=0.3)
    wait_until(lambda: client.state == "auth_failed")
    assert status[:3] in client.last_error
    assert client.counters["lost.bad_status"] == 2
    assert seen.states == ["connecting", "error", "connecting", "auth_failed"]


def test_a_refused_client_tries_again_slowly(serve, start_client, wait_until, delays):
    def script(peer):
        peer.accept() if peer.number > 3 else peer.subscribed()
        if peer.number > 3:
            peer.stay()
        peer.send({"type": "ERROR", "message": "unauthorized"})
        peer.deaf()

    began = time.monotonic()
    client, _ = start_client(serve(script).url, backoff_base=0.001, backoff_cap=0.15)
    wait_until(lambda: client.state == "connected")
    assert time.monotonic() - began >= 0.3
    assert client.counters["lost.refused_by_server"] == 3


@pytest.mark.parametrize("text", ["wrong or missing csrf_token", "Unauthorized", "bad TOKEN", "auth failed"])
def test_an_error_about_the_credential_instead_of_connected(serve, start_client, wait_until, text):
    def script(peer):
        peer.subscribed()
        peer.send({"type": "ERROR", "message": text})
        peer.deaf()

    client, _ = start_client(serve(script).url, backoff_base=0.001, backoff_cap=30)
    wait_until(lambda: client.state == "auth_failed")
    assert text in client.last_error
    assert client.epoch == 0


def test_another_error_instead_of_connected_is_tried_again(serve, start_client, wait_until):
    def script(peer):
        if peer.number > 1:
            stay(peer)
        peer.subscribed()
        peer.send({"type": "ERROR", "message": "try later"})
        peer.deaf()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: client.state == "connected")
    assert seen.states == ["connecting", "error", "connecting", "connected"]
    assert "refused_by_server: try later" in client.last_error


def test_a_policy_violation_means_the_credential(serve, start_client, wait_until):
    def script(peer):
        peer.accept()
        peer.frame(CLOSE, struct.pack("!H", 1008) + b"session expired")
        peer.deaf()

    client, _ = start_client(serve(script).url, backoff_base=0.001, backoff_cap=30)
    wait_until(lambda: client.state == "auth_failed")
    assert "closed_1008: session expired" in client.last_error


def test_a_redirect_is_not_followed(serve, start_client, wait_until):
    elsewhere = serve(stay)

    def script(peer):
        peer.request()
        peer.http("302 Found", f"Location: {elsewhere.url}\r\nContent-Length: 0\r\n")

    client, _ = start_client(serve(script).url, backoff_cap=0.001)
    wait_until(lambda: client.counters["lost.redirect_refused"] + client.counters["lost.bad_status"] >= 3)
    assert elsewhere.accepted == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 99999999999\r\n\r\nabc",
        b"HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: eA==\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"",
    ],
    ids=["a web page", "an endless body", "a wrong key", "no HTTP", "nothing"],
)
def test_an_upgrade_that_goes_wrong_is_tried_again(serve, start_client, wait_until, answer):
    def script(peer):
        if peer.number > 1:
            stay(peer)
        peer.request()
        peer.write(answer)

    client, _ = start_client(serve(script).url)
    wait_until(lambda: client.state == "connected")
    (counted,) = (name for name in client.counters if name.startswith("lost."))
    assert counted in ("lost.bad_status", "lost.handshake_protocol", "lost.handshake_closed")


def test_a_server_that_never_answers_the_upgrade(serve, start_client, wait_until):
    client, _ = start_client(serve(lambda peer: peer.deaf()).url, connect_timeout=0.3)
    wait_until(lambda: client.counters["lost.handshake_timeout"])


def test_a_server_that_never_acknowledges(serve, start_client, wait_until):
    def script(peer):
        peer.subscribed()
        peer.stay()

    began = time.monotonic()
    client, seen = start_client(serve(script).url, connect_timeout=0.3)
    wait_until(lambda: client.counters["lost.ack_timeout"])
    assert 0.3 <= time.monotonic() - began < 3
    wait_until(lambda: seen.states[:2] == ["connecting", "error"])
    assert "ack_timeout: no CONNECTED came" in seen.reasons[1]
    assert client.epoch == 0


def test_a_server_that_talks_instead_of_acknowledging(serve, start_client, wait_until, bar):
    def script(peer):
        peer.subscribed()
        while True:
            peer.send(bar(1), {"type": "NEWS"})
            peer.frame(PING, b"x")
            peer.read()

    client, seen = start_client(serve(script).url, connect_timeout=0.3)
    wait_until(lambda: client.counters["lost.ack_timeout"])
    assert seen.bars == []


# Being alive.


def test_pings_go_out_and_are_answered(serve, start_client, wait_until):
    payloads = []

    def script(peer):
        peer.accept()
        while True:
            opcode, payload = peer.read()
            payloads.append(payload)
            peer.answer(opcode, payload)

    client, _ = start_client(serve(script).url, ping_interval=0.05, pong_timeout=0.3)
    wait_until(lambda: len(payloads) >= 4)
    assert len(set(payloads[:4])) == 4
    assert client.epoch == 1
    assert client.counters["stray_pongs"] == 0


def test_a_server_that_answers_no_ping_is_left(serve, start_client, wait_until):
    def script(peer):
        peer.accept()
        peer.deaf() if peer.number == 1 else peer.stay()

    client, _ = start_client(serve(script).url, ping_interval=0.05, pong_timeout=0.1)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.pong_timeout"] == 1


def test_bars_do_not_count_as_answer_to_a_ping(serve, start_client, wait_until, bar):
    def script(peer):
        peer.accept()
        if peer.number > 1:
            peer.stay()
        gone = threading.Event()
        while not gone.wait(0.01):
            peer.send(bar(1))

    client, _ = start_client(serve(script).url, ping_interval=0.05, pong_timeout=0.1)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.pong_timeout"] == 1


def test_a_pong_for_another_ping_is_no_answer(serve, start_client, wait_until):
    def script(peer):
        peer.accept()
        if peer.number > 1:
            peer.stay()
        while True:
            opcode, payload = peer.read()
            peer.frame(PONG, payload[::-1] + b"!") if opcode == PING else peer.answer(opcode, payload)

    client, _ = start_client(serve(script).url, ping_interval=0.05, pong_timeout=0.1)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.pong_timeout"] == 1
    assert client.counters["stray_pongs"] >= 1


def test_pongs_that_nobody_asked_for_do_no_harm(serve, start_client, wait_until, bar):
    def script(peer):
        peer.accept()
        for _ in range(100):
            peer.frame(PONG, b"hello")
        peer.frame(PONG)
        peer.send(bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url, ping_interval=0.05, pong_timeout=5)
    wait_until(lambda: seen.bars)
    assert client.counters["stray_pongs"] == 101
    assert (client.state, client.epoch) == ("connected", 1)


def test_a_ping_of_the_server_is_answered_with_its_payload(serve, start_client, wait_until):
    answers = []

    def script(peer):
        peer.accept()
        peer.frame(PING, b"are you there?")
        answers.append(peer.read())
        peer.stay()

    start_client(serve(script).url)
    wait_until(lambda: answers)
    assert answers == [(PONG, b"are you there?")]


def test_a_ping_message_is_answered_with_a_pong_message(serve, start_client, wait_until):
    def script(peer):
        peer.subscribed()
        peer.send({"type": "PING"}, {"type": "CONNECTED"}, {"type": "PING"})
        peer.stay()

    server = serve(script)
    start_client(server.url)
    wait_until(lambda: len(server.received) == 3)
    assert server.received[1:] == [{"type": "PONG"}, {"type": "PONG"}]


def test_a_connection_without_bars_is_given_up_whatever_else_comes(serve, start_client, wait_until):
    def script(peer):
        peer.accept()
        while peer.number == 1:
            peer.send({"type": "CONNECTED"}, {"type": "PONG"}, {"type": "NEWS"}, {"type": "ERROR", "message": "busy"})
            peer.frame(PING, b"x")
            peer.answer(*peer.read())
        peer.stay()

    client, _ = start_client(serve(script).url, data_idle=0.3, ping_interval=0.05)
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.data_idle"] == 1


def test_bars_of_others_do_not_count_as_data(serve, start_client, wait_until, bar):
    def script(peer):
        peer.accept()
        while True:
            peer.send(bar(1, symbol="DOGEUSDT"))
            peer.answer(*peer.read())

    client, seen = start_client(serve(script).url, data_idle=0.3, ping_interval=0.01)
    seen.wanted = lambda message: message.symbol == "BTCUSDT"
    wait_until(lambda: client.counters["lost.data_idle"])


def test_bars_keep_a_connection(serve, start_client, wait_until, bar):
    def script(peer):
        peer.accept()
        for place in range(100_000):
            peer.send(bar(place))
            peer.answer(*peer.read())

    client, seen = start_client(serve(script).url, data_idle=0.5, ping_interval=0.01)
    wait_until(lambda: len(seen.bars) >= 5)
    assert seen.epochs[:5] == [1] * 5
    assert client.reconnects == 0


# Messages.


def test_several_bars_in_one_message(serve, start_client, wait_until, bar):
    inner = [{name: value for name, value in bar(place).items() if name != "type"} for place in (3, 4)]

    def script(peer):
        peer.accept()
        peer.send([bar(1), bar(2)], {"type": "KLINE", "data": inner}, {"type": "SNAPSHOT", "bars": [inner[0]]})
        peer.stay()

    _, seen = start_client(serve(script).url)
    wait_until(lambda: len(seen.bars) == 5)
    assert seen.open_times == [bar(place)["open_time"] for place in (1, 2, 3, 4, 3)]


def test_what_cannot_be_read_is_counted_and_costs_nothing_else(serve, start_client, wait_until, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send("{", "7", "[" * 5_000, "null", bar(1, close="NaN"), bar(2, close="99"), {"type": "NEWS"}, [7])
        peer.frame(BINARY, b"\x00\x01")
        peer.send(bar(3))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert seen.open_times == [bar(3)["open_time"]]
    counted = ("bad_message", "bad_bar", "ignored_messages", "binary_frames")
    assert [client.counters[name] for name in counted] == [5, 2, 1, 1]
    assert client.epoch == 1


def test_a_flood_of_nonsense_does_not_flood_the_log(serve, start_client, wait_until, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send(*["{"] * 500, bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert client.counters["bad_message"] == 500
    assert caplog.text.count("bad_message") == 10


def test_an_error_while_streaming_is_told_and_the_connection_stays(serve, start_client, wait_until, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send({"type": "ERROR", "message": "unknown symbol XYZ"}, bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert client.last_error == "unknown symbol XYZ"
    assert (client.counters["server_errors.subscription"], client.epoch) == (1, 1)
    assert "unknown symbol XYZ" in caplog.text


# The token.


def test_a_missing_token_is_sent_empty_and_said_once(serve, start_client, wait_until, caplog):
    def script(peer):
        peer.accept()
        if peer.number > 3:
            peer.stay()

    server = serve(script)
    client, _ = start_client(server.url, csrf_token="")
    wait_until(lambda: client.epoch == 4)
    assert [message["csrf_token"] for message in server.received] == [""] * 4
    assert caplog.text.count("no csrf_token is set") == 1


def test_a_token_that_is_there_needs_no_word(serve, start_client, wait_until, caplog):
    client, _ = start_client(serve(stay).url)
    wait_until(lambda: client.state == "connected")
    assert "csrf_token" not in caplog.text


def echoes(token: str) -> list[str]:
    """Texts with the token in them, whole, twice, and where it is cut off when the text is shortened."""
    half = len(token) // 2
    return [
        token,
        f"{token} is not {token}",
        f"token  {token}  ",
        "x" * 110 + token + "y" * 50,
        *("x" * (length - half) + token for length in (95, 98, 117, 119, 120, 122)),
    ]


WAYS = {
    "ERROR": lambda peer, bar, text: peer.send({"type": "ERROR", "message": text}),
    "Close": lambda peer, bar, text: peer.frame(CLOSE, struct.pack("!H", 4000) + text.encode()[:120]),
    "nonsense": lambda peer, bar, text: peer.send(text, json.dumps(text), json.dumps({"csrf_token": text})[:-1]),
    "bad bar": lambda peer, bar, text: peer.send(bar(1, close=text), bar(1, timeframe=text), bar(1, x=text)),
    "bad type": lambda peer, bar, text: peer.send({"type": text}, bar(1, open_time=text), bar(1, symbol=[text])),
}


@pytest.mark.parametrize("token", ["s3cr3t-0123456789-abc", "q\"u\\o'te/0123456789-abc", "ümläut-0123456789-ß"])
@pytest.mark.parametrize("early", [True, False], ids=["instead of CONNECTED", "later"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_server_that_repeats_the_token_does_not_get_it_into_log_or_status(
    serve, start_client, wait_until, bar, caplog, way, early, token
):
    texts = echoes(token)

    def script(peer):
        peer.subscribed() if early else peer.accept()
        if peer.number > len(texts):
            peer.stay()
        way(peer, bar, texts[peer.number - 1])
        peer.deaf() if way is WAYS["ERROR"] and early else None

    caplog.set_level(logging.DEBUG)
    server = serve(script)
    client, seen = start_client(server.url, csrf_token=token)
    wait_until(lambda: server.accepted > len(texts))
    told = [record.getMessage() for record in caplog.records if record.name.startswith(("wealthsources", "websocket."))]
    told += [*seen.reasons, client.last_error, repr(client), repr(vars(client)["_options"]), *client.counters]
    for form in (token, json.dumps(token)[1:-1], repr(token)[1:-1], repr(token.encode())[2:-1]):
        parts = [form[at : at + 8] for at in range(len(form) - 7)]
        assert [(part, text) for part in parts for text in told if part in text] == []
    assert "***" in caplog.text


# Stopping.


def listening(accept_queue_full: bool = False) -> tuple[str, ExitStack]:
    """The port of a socket that is never accepted from; when its queue is full not even TCP connects."""
    stack = ExitStack()
    listener = stack.enter_context(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(4 if accept_queue_full else 0):
        filler = stack.enter_context(socket.socket())
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
    return str(listener.getsockname()[1]), stack


def stop_in_time(client) -> float:
    began = time.monotonic()
    client.stop()
    took = time.monotonic() - began
    assert took <= STOP_LIMIT
    assert client.state == "disconnected"
    return took


def test_stop_before_start_and_a_start_after_that(serve, make_client):
    server = serve(stay)
    client, seen = make_client(server.url)
    stop_in_time(client)
    client.start()
    stop_in_time(client)
    assert seen.states == []
    assert server.accepted == 0


def test_start_twice_makes_one_connection(serve, start_client, wait_until):
    server = serve(stay)
    client, _ = start_client(server.url)
    client.start()
    wait_until(lambda: client.state == "connected")
    stop_in_time(client)
    client.start()
    assert server.accepted == 1


def test_stop_while_the_name_is_looked_up(start_client, wait_until, monkeypatch):
    asked, give_up = threading.Event(), threading.Event()

    def hang(*args, **options):
        asked.set()
        give_up.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "try again")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    client, _ = start_client("wss://market.example:443/")
    assert asked.wait(10)
    assert stop_in_time(client) < 1.5
    give_up.set()
    wait_until(lambda: "wealthsources-resolver" not in [thread.name for thread in threading.enumerate()])


@pytest.mark.parametrize("scheme", ["ws", "wss"])
@pytest.mark.parametrize("full", [True, False], ids=["TCP", "handshake"])
def test_stop_while_connecting_to_a_silent_port(start_client, wait_until, scheme, full):
    port, stack = listening(accept_queue_full=full)
    with stack:
        client, _ = start_client(f"{scheme}://127.0.0.1:{port}/", connect_timeout=20)
        wait_until(lambda: client.counters["attempts"] == 1)
        threading.Event().wait(0.1)  # nothing tells that the client is waiting now
        assert stop_in_time(client) < 1.5


def test_stop_while_waiting_for_the_upgrade(serve, start_client, wait_until):
    asked = threading.Event()

    def script(peer):
        peer.request()
        asked.set()
        peer.deaf()

    client, _ = start_client(serve(script).url, connect_timeout=20)
    assert asked.wait(10)
    assert stop_in_time(client) < 1.5


def test_stop_while_waiting_for_connected(serve, start_client, wait_until):
    server = serve(lambda peer: (peer.subscribed(), peer.stay()))
    client, _ = start_client(server.url, connect_timeout=20)
    wait_until(lambda: server.received)
    assert stop_in_time(client) < 1.5


def test_stop_says_goodbye(serve, start_client, wait_until):
    goodbye = []

    def script(peer):
        peer.accept()
        goodbye.append(peer.read())
        peer.answer(*goodbye[0])

    client, seen = start_client(serve(script).url)
    wait_until(lambda: client.state == "connected")
    assert stop_in_time(client) < 1.5
    assert goodbye == [(CLOSE, struct.pack("!H", 1000))]
    assert (seen.states[-1], seen.reasons[-1]) == ("disconnected", "stopped")


def test_stop_when_the_server_does_not_say_goodbye(serve, start_client, wait_until):
    client, _ = start_client(serve(lambda peer: (peer.accept(), peer.deaf())).url)
    wait_until(lambda: client.state == "connected")
    stop_in_time(client)


def test_stop_when_the_server_talks_on_and_reads_nothing(serve, start_client, wait_until, bar):
    def script(peer):
        peer.accept()
        while True:
            peer.send(bar(1))

    client, seen = start_client(serve(script).url)
    wait_until(lambda: len(seen.bars) > 100)
    stop_in_time(client)


def test_stop_amid_half_a_frame(serve, start_client, wait_until):
    sent = threading.Event()

    def script(peer):
        peer.accept()
        peer.write(b"\x81\x64half")
        sent.set()
        peer.deaf()

    client, _ = start_client(serve(script).url)
    assert sent.wait(10)
    wait_until(lambda: client.state == "connected")
    stop_in_time(client)


def test_stop_during_the_delay_before_the_next_attempt(start_client, wait_until, closed_port, delays):
    client, _ = start_client(closed_port, backoff_base=60)
    wait_until(lambda: delays)
    assert stop_in_time(client) < 1.5
    assert client.counters["attempts"] == 1


def test_stop_while_the_budget_is_used_up(serve, start_client, wait_until):
    client, _ = start_client(serve(lambda peer: None).url, connects_per_minute=1)
    wait_until(lambda: client.counters["budget_waits"])
    assert stop_in_time(client) < 1.5


def test_stop_twice(serve, start_client, wait_until):
    client, _ = start_client(serve(stay).url)
    wait_until(lambda: client.state == "connected")
    stop_in_time(client)
    assert stop_in_time(client) < 0.5


def test_stop_from_many_threads_at_once(serve, start_client, wait_until):
    server = serve(stay)
    client, seen = start_client(server.url)
    wait_until(lambda: client.state == "connected")
    took: list[float] = []
    barrier = threading.Barrier(8)

    def stop():
        barrier.wait(10)
        took.append(stop_in_time(client))

    threads = [threading.Thread(target=stop) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(took) == 8
    assert seen.states.count("disconnected") == 1


def test_stop_from_the_readers_own_thread(serve, make_client, wait_until, bar):
    def script(peer):
        peer.accept()
        peer.send(bar(1))
        peer.stay()

    server = serve(script)
    took: list[float] = []

    def stop(message):
        began = time.monotonic()
        client.stop()
        took.append(time.monotonic() - began)
        return True

    client, seen = make_client(server.url)
    seen.wanted = stop
    client.start()
    wait_until(lambda: client.state == "disconnected" and took)
    assert took[0] < 0.5
    assert server.accepted == 1


def test_stop_while_the_handler_hangs(serve, make_client, wait_until, bar, monkeypatch):
    monkeypatch.setattr("wealthsources_websocket.client.STOP_LIMIT", 0.6)
    monkeypatch.setattr("wealthsources_websocket.client.CLOSE_TIMEOUT", -0.7)  # 0.3 s until the socket is torn away
    let_go, hangs = threading.Event(), threading.Event()

    def hang(message):
        hangs.set()
        return let_go.wait(20)

    client, seen = make_client(serve(lambda peer: (peer.accept(), peer.send(bar(1)), peer.stay())).url)
    seen.wanted = hang
    client.start()
    assert hangs.wait(10)
    began = time.monotonic()
    client.stop()
    assert 0.5 < time.monotonic() - began < 3
    let_go.set()
    wait_until(lambda: client.state == "disconnected")


def test_nothing_connects_after_a_stop(serve, start_client, wait_until):
    server = serve(lambda peer: peer.accept())
    client, seen = start_client(server.url, backoff_base=0.001, backoff_cap=0.001)
    wait_until(lambda: server.accepted >= 3)
    stop_in_time(client)
    attempts, states = client.counters["attempts"], list(seen.states)
    threading.Event().wait(0.1)
    assert server.accepted <= client.counters["attempts"] == attempts
    assert seen.states == states
    assert states[-1] == "disconnected"


def test_a_start_and_a_stop_that_race_leave_nothing_behind(serve, make_client, wait_until):
    server = serve(stay)
    for _ in range(20):
        client, _ = make_client(server.url)
        thread = threading.Thread(target=client.start)
        thread.start()
        client.stop()
        thread.join(10)
        client.stop()
        assert client.state == "disconnected"


# Leaving nothing behind.


def test_threads_and_descriptors_do_not_grow_with_reconnects(serve, start_client, wait_until, bar):
    enough = threading.Event()

    def script(peer):
        peer.accept()
        peer.send(bar(peer.number))
        if peer.number in (2, 22) and not enough.is_set():
            enough.wait(10)
            enough.clear()

    process = psutil.Process()
    server = serve(script)
    client, _ = start_client(server.url, backoff_base=0.001, backoff_cap=0.001)

    def count():
        wait_until(lambda: sum(thread.name == "scripted peer" for thread in threading.enumerate()) == 1)
        wait_until(lambda: "wealthsources-resolver" not in [thread.name for thread in threading.enumerate()])
        return threading.active_count(), process.num_fds()

    wait_until(lambda: client.epoch == 2)
    before = count()
    enough.set()
    wait_until(lambda: client.epoch == 22)
    assert count() == before
    enough.set()


def test_descriptors_do_not_grow_with_attempts_that_fail(serve, start_client, wait_until, closed_port):
    process = psutil.Process()

    def script(peer):
        peer.request()
        peer.http("503 Service Unavailable")

    server = serve(script)
    before = process.num_fds()
    options = {"fallbacks": [server.url], "backoff_base": 0.001, "backoff_cap": 0.001}
    client, _ = start_client(closed_port, **options)
    wait_until(lambda: client.counters["attempts"] >= 40)
    client.stop()
    wait_until(lambda: process.num_fds() <= before)


# TLS.


def test_tls_with_a_certificate_authority_of_ones_own(start_client, wait_until, tmp_path):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    options = {"symbol": "BTCUSDT", "timeframe": "1h", "token": TOKEN, "manual": True, "tls": context}
    with MarketServer.from_csv(SAMPLE, **options) as server:
        trusting, seen = start_client(server.url, ca_file=str(tmp_path / "ca.pem"))
        wait_until(lambda: trusting.state == "connected")
        server.play_bars(2)
        wait_until(lambda: len(seen.bars) == 10)
        trusting.stop()
        doubting, _ = start_client(server.url, backoff_cap=30, backoff_base=30)
        wait_until(lambda: doubting.counters["lost.tls_error"])
        assert "not trusted" in doubting.last_error
        assert server.acknowledged == 1
        doubting.stop()


# What review found.


def test_what_was_lost_before_connected_is_not_forgotten_when_more_is_lost(serve, start_client, wait_until, bar):
    def script(peer):
        connect = peer.subscribed()
        for place in range(1_001):
            peer.send(bar(place))
        peer.send("ok")  # nothing like a message
        peer.send({"type": "CONNECTED", "request_id": connect["request_id"]})
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: client.state == "connected" and seen.bad)
    assert any(bad.may_be_bar and not bad.symbol for bad in seen.bad)  # a bar of any series may have been lost


def test_a_header_full_of_blanks_is_read_in_no_time(serve, start_client, wait_until):
    def script(peer):
        peer.request()
        peer.http("503 Busy", f"Retry-After:{' ' * 30_000}\x01\r\nContent-Length: 0\r\n")

    began = time.process_time()
    client, _ = start_client(serve(script).url, backoff_base=30, backoff_cap=30)
    wait_until(lambda: client.counters["lost.bad_status"])
    assert time.process_time() - began < 5


def test_a_token_function_that_fails_at_the_start_does_not_show_what_it_said(closed_port, make_client):
    def read() -> str:
        raise RuntimeError("the token s3cr3t has expired")

    client, _ = make_client(closed_port, csrf_token=read)
    with pytest.raises(ConfigError) as caught:
        client.start()
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


def test_a_token_file_that_is_not_there_is_named(closed_port, make_client):
    client, _ = make_client(closed_port, csrf_token="", csrf_token_file="/no/such/token")
    with pytest.raises(ConfigError, match="csrf_token_file /no/such/token: No such file"):
        client.start()


def test_a_machine_that_slept_begins_with_a_new_connection(serve, start_client, wait_until, bar, monkeypatch):
    asleep = [0.0]
    monkeypatch.setattr("wealthsources_websocket.client._slept", lambda: asleep[0])
    client, _ = start_client(serve(stay).url)
    wait_until(lambda: client.state == "connected")
    asleep[0] = 600.0
    wait_until(lambda: client.epoch == 2)
    assert client.counters["lost.suspended"] == 1


def test_heartbeats_in_plain_text_are_no_flood(serve, start_client, wait_until, bar, monkeypatch):
    monkeypatch.setattr("wealthsources_websocket.client._MOST_BAD", 3)
    monkeypatch.setattr("wealthsources_websocket.client._FLOOD", 0.0)  # none of them comes that quickly

    def script(peer):
        peer.accept()
        peer.send(*["beat"] * 20, bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert client.epoch == 1


def test_the_words_of_a_close_frame_are_one_line(serve, start_client, wait_until):
    def script(peer):
        peer.accept()
        peer.frame(CLOSE, struct.pack("!H", 4000) + b"bye\n\x1b[2Jnow")
        peer.deaf()

    client, _ = start_client(serve(script).url, backoff_base=30, backoff_cap=30)
    wait_until(lambda: client.counters["lost.closed_4000"])
    assert client.last_error.isprintable()
