"""One connection, from its subscription on, against servers that do whatever a server may do."""

from __future__ import annotations

import struct
import threading
import time

import pytest

from ....support.waiting import wait_until
from ....support.wire import BINARY, CLOSE, PING
from ..conftest import TOKEN
from .scripts import stay

# Subscribing.


def test_the_first_message_is_the_whole_subscription(serve, start_client):
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


def test_connected_means_acknowledged(serve, start_client):
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


def test_an_acknowledgement_of_another_request_is_not_ours(serve, start_client):
    def script(peer):
        peer.subscribed()
        peer.send({"type": "CONNECTED", "request_id": "77"})
        peer.stay()

    client, _ = start_client(serve(script).url, connect_timeout=0.3)
    wait_until(lambda: client.counters["lost.ack_timeout"])
    assert client.epoch == 0


def test_bars_that_come_before_the_acknowledgement_are_kept(serve, start_client, bar):
    def script(peer):
        peer.subscribed()
        peer.send(bar(1), [bar(2), bar(3)], {"type": "CONNECTED", "request_id": "1"}, bar(4))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: len(seen.bars) == 4)
    assert seen.open_times == [bar(place)["open_time"] for place in (1, 2, 3, 4)]
    assert seen.epochs == [1, 1, 1, 1]
    assert client.state == "connected"


def test_early_bars_of_a_connection_that_is_not_acknowledged_are_dropped(serve, start_client, bar):
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


def test_a_changed_subscription_is_sent_whole_on_the_same_connection_and_on_the_next(serve, start_client):
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
    client.update_series([("ETHUSDT", "5m")])
    wait_until(lambda: client.counters["repeated_acks"] == 1)
    assert (server.accepted, client.epoch) == (1, 1)
    go_on.set()
    wait_until(lambda: client.epoch == 2)
    first, again, after = server.received
    assert again["request_id"] != first["request_id"]
    for message in (again, after):
        assert (message["symbols"], message["resolutions"], message["csrf_token"]) == (["ETHUSDT"], ["5m"], TOKEN)


def test_a_server_that_never_acknowledges(serve, start_client):
    def script(peer):
        peer.subscribed()
        peer.stay()

    began = time.monotonic()
    client, seen = start_client(serve(script).url, connect_timeout=0.3)
    wait_until(lambda: client.counters["lost.ack_timeout"])
    assert 0.3 <= time.monotonic() - began < 3
    wait_until(lambda: seen.states[:2] == ["connecting", "error"])
    assert "ack_timeout: no CONNECTED came within connect_timeout" in seen.reasons[1]
    assert client.epoch == 0


def test_a_server_that_talks_instead_of_acknowledging(serve, start_client, bar):
    def script(peer):
        peer.subscribed()
        while True:
            peer.send(bar(1), {"type": "NEWS"})
            peer.frame(PING, b"x")
            peer.read()

    client, seen = start_client(serve(script).url, connect_timeout=0.3)
    wait_until(lambda: client.counters["lost.ack_timeout"])
    assert seen.bars == []


# Messages.


def test_several_bars_in_one_message(serve, start_client, bar):
    inner = [{name: value for name, value in bar(place).items() if name != "type"} for place in (3, 4)]

    def script(peer):
        peer.accept()
        peer.send([bar(1), bar(2)], {"type": "KLINE", "data": inner}, {"type": "SNAPSHOT", "bars": [inner[0]]})
        peer.stay()

    _, seen = start_client(serve(script).url)
    wait_until(lambda: len(seen.bars) == 5)
    assert seen.open_times == [bar(place)["open_time"] for place in (1, 2, 3, 4, 3)]


def test_what_cannot_be_read_is_counted_and_costs_nothing_else(serve, start_client, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send("{", "7", "[" * 5_000, "null", bar(1, close="NaN"), bar(2, close=""), {"type": "NEWS"}, [7])
        peer.frame(BINARY, b"\x00\x01")
        peer.send(bar(3))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert seen.open_times == [bar(3)["open_time"]]
    counted = ("bad_message", "bad_bar", "ignored_messages", "binary_frames")
    assert [client.counters[name] for name in counted] == [5, 2, 1, 1]
    assert client.epoch == 1


def test_an_error_while_streaming_is_told_and_the_connection_stays(serve, start_client, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send({"type": "ERROR", "message": "unknown symbol XYZ"}, bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert client.last_error == "unknown symbol XYZ"
    assert (client.counters["server_errors.subscription"], client.epoch) == (1, 1)
    assert "unknown symbol XYZ" in caplog.text


def test_the_first_of_each_kind_that_is_not_known_is_told_and_all_are_counted_by_name(serve, start_client, bar, caplog):
    def script(peer):
        peer.accept()
        for _ in range(5):
            peer.send(bar(1, type="bar"), {"type": "info", "message": "no such symbol"})
        peer.frame(BINARY, b"\x00")
        peer.frame(BINARY, b"\x00")
        peer.send(bar(3))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    counted = {name: times for name, times in client.counters.items() if name.startswith(("ignored", "binary"))}
    assert counted == {"ignored_messages": 10, "ignored.bar": 5, "ignored.info": 5, "binary_frames": 2}
    assert [message for message in caplog.messages if "it is ignored" in message] == [
        "'bar' came, which wealthai does not know; it is ignored",
        "'info' came, which wealthai does not know; it is ignored: no such symbol",
        "'binary frame' came, which wealthai does not know; it is ignored",
    ]
    assert client.unused.tell("X") == [
        "messages of kinds that are not read came: 'bar' (5), 'info' (5), 'binary frame' (2)",
        "the server said: no such symbol",
    ]


def test_a_server_that_invents_kinds_fills_neither_log_nor_memory(serve, start_client, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send(*({"type": f"kind {number}"} for number in range(3_000)), bar(1))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    assert client.counters["ignored_messages"] == 3_000
    assert len([name for name in client.counters if name.startswith("ignored.")]) == 17
    assert len([message for message in caplog.messages if "it is ignored" in message]) == 17


@pytest.mark.parametrize("text", ["ping", "PING", '{"type": "ping"}', '{"ping": 17}', '{"op": "ping", "args": [17]}'])
def test_a_heartbeat_that_is_not_answered_is_told_once(serve, start_client, bar, caplog, text):
    def script(peer):
        peer.accept()
        for _ in range(30):
            peer.send(text)
        peer.send(bar(1))
        peer.stay()

    _, seen = start_client(serve(script).url)
    wait_until(lambda: seen.bars)
    (told,) = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert "ping" in told.lower()
    assert told.endswith("; it is ignored, so if it is a heartbeat that wants an answer, none is given")


def test_a_ping_has_its_id_given_back(serve, start_client):
    answers = []

    def script(peer):
        peer.accept()
        peer.send({"type": "PING", "request_id": "77", "ts": 1_700_000_000_123})
        answers.append(peer.message())
        peer.stay()

    start_client(serve(script).url)
    wait_until(lambda: answers)
    assert answers == [{"type": "PONG", "request_id": "77", "ts": 1_700_000_000_123}]


def test_what_a_server_says_shows_no_token(serve, start_client, bar, caplog):
    def script(peer):
        peer.accept()
        peer.send({"type": TOKEN}, {"type": "info", "message": f"you are {TOKEN}"}, {"type": "ERROR", "message": TOKEN})
        peer.send(bar(1, symbol=TOKEN, timeframe="1h"), bar(1, open=TOKEN), {"op": TOKEN}, bar(2))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: len(seen.bars) == 2)
    told = " ".join([*client.counters, *client.unused.tell(TOKEN), client.last_error, *caplog.messages])
    assert TOKEN not in told
    assert "***" in told


def test_what_is_lost_before_the_acknowledgement_is_told_once(serve, start_client, bar):
    def script(peer):
        connect = peer.subscribed()
        peer.send(bar(1), bar(2, close="x"), {"type": "CONNECTED", "request_id": connect["request_id"]}, bar(3))
        peer.stay()

    client, seen = start_client(serve(script).url)
    wait_until(lambda: len(seen.bars) == 2)
    assert [bad.open_time for bad in seen.bad] == [bar(2)["open_time"]]
    assert client.counters["bad_bar"] == 1


# What review found.


def test_what_was_lost_before_connected_is_not_forgotten_when_more_is_lost(serve, start_client, bar):
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


def test_the_words_of_a_close_frame_are_one_line(serve, start_client):
    def script(peer):
        peer.accept()
        peer.frame(CLOSE, struct.pack("!H", 4000) + b"bye\n\x1b[2Jnow")
        peer.deaf()

    client, _ = start_client(serve(script).url, backoff_base=30, backoff_cap=30)
    wait_until(lambda: client.counters["lost.closed_4000"])
    assert client.last_error.isprintable()
