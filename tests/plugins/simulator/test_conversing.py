"""One client in the words of the exchange: what comes before its subscription, beside it, and by the clock."""

from __future__ import annotations

import gzip
import json

import pytest

from wealthsources_simulator import Market, make_exchange

from ...support.waiting import wait_until
from .clients import CLOSE, TEXT
from .subscribing import WAYS, make_market, path, subscribe

BINARY = 0x2


@pytest.mark.parametrize("name", WAYS)
def test_every_exchange_lets_in_who_asks_for_its_path_and_nobody_else(serve, client, name):
    market = make_market(name)
    server = serve(market=market)
    status, _ = client(server).upgrade("/another")
    assert status == "HTTP/1.1 404 Not Found"
    one = client(server)
    assert one.upgrade(path(market.exchange))[0].startswith("HTTP/1.1 101")
    subscribe(one, name)
    wait_until(lambda: server.acknowledged == 1)
    assert server.peers[-1].series == ((WAYS[name].symbol, WAYS[name].timeframe),)


def test_messages_of_a_script_are_packed_as_the_exchange_packs_them(serve, client):
    def script(peer):
        peer.upgrade()
        peer.send({"a": 1}, "no json")
        assert peer.pack("x")[0] == BINARY
        assert peer.conversation.sent == 3
        peer.stay()

    one = client(serve(script, market=make_market("htx")))
    one.upgrade("/ws")
    frames = [one.frame() for _ in range(2)]
    assert [(opcode, gzip.decompress(data)) for opcode, data in frames] == [(BINARY, b'{"a": 1}'), (BINARY, b"no json")]


def test_what_the_upgrade_asks_for_is_known_to_the_exchange(serve, client):
    server = serve(market=make_market("binance"))
    client(server).upgrade("/stream?streams=btcusdt@kline_1m&x=")
    wait_until(lambda: server.acknowledged == 1)
    said = server.peers[0].conversation
    assert (said.path, dict(said.query), said.number) == ("/stream", {"streams": "btcusdt@kline_1m", "x": ""}, 1)


def test_where_there_are_no_requests_before_the_connection_none_is_answered(joined):
    assert not make_exchange("okx").asks_first
    client = joined()
    client.send(TEXT, b"ping")
    client.subscribe(request_id="8")
    assert client.message() == {"type": "CONNECTED", "request_id": "8"}


def test_heartbeats_of_the_server_come_before_and_after_the_subscription_and_end_with_it(serve, client):
    market = Market.made(("BTC/USD",), "1m", exchange=make_exchange("kraken", pace=0.01))
    server = serve(market=market)
    one = client(server)
    one.upgrade("/v2")
    beats = [one.message() for _ in range(3)][1:]
    params = {"channel": "ohlc", "symbol": ["BTC/USD"], "interval": 1}
    one.send(TEXT, json.dumps({"method": "subscribe", "params": params}).encode())
    while "result" not in one.message():
        pass
    beats.append(one.message())
    assert beats == [{"channel": "heartbeat"}] * 3
    one.send(CLOSE, b"\x03\xe8")
    while one.frame()[0] != CLOSE:
        pass
    wait_until(lambda: not server.peers[0].seconds_stuck())
    assert one.file.read() == b""
