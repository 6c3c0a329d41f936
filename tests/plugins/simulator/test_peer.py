"""A good server, seen by a client that shows every bit: whom it lets in, and what it passes on."""

from __future__ import annotations

import json
import socket
import struct
import threading
from decimal import Decimal

import pytest
import websocket

from wealthsources_simulator import Gone, Market, Peer, SimulatorError

from ...support.waiting import wait_until
from .clients import BTC, CLOSE, CONNECT, PING, PONG, TEXT, seen, truth


def test_a_good_server_acknowledges_and_passes_on_what_is_played(market, joined):
    client = joined()
    market.play(2)
    assert [client.message() for _ in range(6)] == [
        json.loads(one.text) for one in market.messages_since(0) if one.series == BTC
    ]


def test_the_acknowledgement_carries_the_request_id(serve, client):
    one = client(serve())
    one.upgrade()
    one.subscribe(request_id=12)
    assert one.message() == {"type": "CONNECTED", "request_id": 12}


def test_a_snapshot_comes_before_the_stream(serve, client):
    market = Market.made(snapshot=3, updates=0)
    market.play(5)
    one = client(serve(market=market))
    one.join()
    market.play(1)
    assert seen(one.messages(4)) == truth(market.all(BTC))[2:6]


def test_nothing_is_lost_or_doubled_while_the_market_plays_on(serve, client):
    market = Market.made(bars=500, updates=1)
    one = client(serve(market=market))
    one.join()
    player = threading.Thread(target=lambda: [market.play_steps(1) for _ in range(1000)])
    player.start()
    assert one.messages(1000) == [json.loads(played.text) for played in market.messages_since(0)]
    player.join()


def test_a_good_server_answers_a_ping_with_its_payload(joined):
    client = joined()
    client.send(PING, b"are you there?")
    assert client.frame() == (PONG, b"are you there?")


def test_a_good_server_answers_a_close_and_leaves(joined):
    client = joined()
    client.send(CLOSE, struct.pack("!H", 1001) + b"bye")
    assert client.frame() == (CLOSE, struct.pack("!H", 1001) + b"bye")
    assert client.file.read() == b""


@pytest.mark.parametrize("changes", [{"csrf_token": "wrong"}, {"csrf_token": None}, {"type": "HELLO"}])
def test_who_has_the_wrong_token_is_told_and_closed_with_1008(serve, client, changes):
    server = serve(token="secret")
    one = client(server)
    one.upgrade()
    one.subscribe(**changes)
    assert one.message()["type"] == "ERROR"
    opcode, payload = one.frame()
    assert (opcode, payload[:2]) == (CLOSE, struct.pack("!H", 1008))
    one.send(CLOSE, payload[:2])
    assert one.file.read() == b""
    assert server.acknowledged == 0


def test_the_right_token_is_let_in(market, serve, client):
    server = serve(token="secret")
    one = client(server)
    one.join(csrf_token="secret")
    assert (server.acknowledged, server.refused) == (1, 0)
    market.play(1)
    assert len(one.messages(3)) == 3


def test_another_connect_changes_the_subscription(market, joined):
    client = joined()
    client.subscribe(symbols=["ETHUSDT"], request_id="8")
    assert client.message() == {"type": "CONNECTED", "request_id": "8"}
    market.play(1)
    assert {message["symbol"] for message in client.messages(3)} == {"ETHUSDT"}


def test_a_client_of_the_library_can_use_it(market, serve):
    ws = websocket.WebSocket()
    ws.connect(serve().url, timeout=10)
    ws.send(json.dumps(CONNECT))
    assert json.loads(ws.recv())["type"] == "CONNECTED"
    market.play(1)
    assert json.loads(ws.recv())["symbol"] == "BTCUSDT"
    ws.close()


def test_it_speaks_tls(market, serve, client, tls):
    server = serve(tls=tls[0], host="localhost")
    assert server.url == f"wss://localhost:{server.port}/market_data"
    one = client(server, tls=tls[1])
    one.join()
    one.send(PING, b"1")
    assert one.frame() == (PONG, b"1")
    market.play(1)
    assert len(one.messages(3)) == 3


def test_it_listens_on_ipv6(serve):
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        server = serve(host="::1")
    except SimulatorError:
        pytest.skip("this machine has no IPv6")
    ws = websocket.WebSocket()
    ws.connect(server.url, timeout=10)
    ws.shutdown()
    assert server.url.startswith("ws://[::1]:")


def test_a_function_of_the_peer_can_do_anything_and_then_behave(market, joined):
    def script(peer: Peer) -> None:
        peer.accept()
        peer.send({"type": "HELLO"}, "no json", [1])
        peer.frame(PING, "who are you?")
        peer.behave()

    client = joined(script)
    assert [client.frame() for _ in range(4)] == [
        (TEXT, b'{"type": "HELLO"}'),
        (TEXT, b"no json"),
        (TEXT, b"[1]"),
        (PING, b"who are you?"),
    ]
    market.play(1)
    assert client.message() == json.loads(market.messages_since(0)[0].text)


def test_nothing_played_since_the_acknowledgement_is_lost_by_misbehaving_first(market, joined):
    go_on = threading.Event()

    def script(peer: Peer) -> None:
        peer.accept()
        go_on.wait(10)
        peer.behave()

    client = joined(script)
    market.play(2)
    go_on.set()
    assert seen(client.messages(6)) == truth(market.all(BTC))


def test_a_script_is_told_by_gone_that_the_client_left(serve, client):
    told = []

    def script(peer: Peer) -> None:
        try:
            peer.deaf()
        except Gone:
            told.append(peer.number)

    client(serve(script)).close()
    wait_until(lambda: told == [1])


def test_what_is_no_upgrade_is_told_so(serve, client):
    one = client(serve())
    one.sock.sendall(b"GET /market_data HTTP/1.1\r\nHost: x\r\n\r\n")
    assert one.file.readline() == b"HTTP/1.1 426 Upgrade Required\r\n"
    assert one.file.read().endswith(b"this is a WebSocket\n")


def test_after_the_acknowledgement_other_messages_are_left_alone(market, joined):
    client = joined()
    client.send(TEXT, b'{"type": "PONG"}')
    client.send(TEXT, b"what?")
    market.play(1)
    assert len(client.messages(3)) == 3


def test_what_was_played_before_another_connect_goes_to_the_subscription_before(serve, client):
    market = Market.made(("BTCUSDT", "ETHUSDT"), bars=400, updates=1)
    one = client(serve(market=market))
    one.join()
    player = threading.Thread(target=lambda: [market.play_steps(1) for _ in range(800)])
    player.start()
    bars = {"BTCUSDT": [], "ETHUSDT": []}
    for number in range(20):
        wanted = ("ETHUSDT", "BTCUSDT")[number % 2]
        one.subscribe(symbols=[wanted], request_id=number)
        while (message := one.message())["type"] == "BAR":
            bars[message["symbol"]].append(message)
        assert message == {"type": "CONNECTED", "request_id": number}
    player.join()
    for messages in bars.values():  # no older state after a newer one, and none twice
        states = [(message["open_time"], Decimal(message["volume"])) for message in messages]
        assert states == sorted(set(states))


def test_a_connect_that_is_wrong_ends_a_connection_that_was_let_in(serve, client):
    one = client(serve(token="secret"))
    one.join()
    one.subscribe(csrf_token="wrong")
    assert one.message() == {"type": "ERROR", "message": "wrong or missing csrf_token"}
    assert one.frame()[1][:2] == struct.pack("!H", 1008)
