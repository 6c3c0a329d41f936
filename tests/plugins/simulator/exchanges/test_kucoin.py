"""How KuCoin speaks."""

from __future__ import annotations

import json
import ssl

import pytest

from wealthsources_simulator.exchanges.kucoin import KuCoin

from ....support.waiting import wait_until
from ..clients import Client
from .talking import EIGHT, FIRST, MINUTE, QUIET, THIRD, Talk, minutes

BTC, ETH = "BTC-USDT", "ETH-USDT"


def ask(server, method: bytes = b"POST") -> tuple[int, dict]:
    """Status and body of the request for a token."""
    one = Client(server)
    one.sock.sendall(method + b" /api/v1/bullet-public HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    head, _, body = one.file.read().partition(b"\r\n\r\n")
    one.close()
    return int(head.split()[1]), json.loads(body)


@pytest.fixture
def welcomed(serve, client):
    """A client that has a token and was welcomed."""

    def start(*symbols, script=(), pace=1.0, **options):
        market = minutes(KuCoin(pace=pace), symbols or (BTC,), "1m", None, **{"updates": 1} | options)
        server = serve(*script, market=market)
        token = ask(server)[1]["data"]["token"]
        one = Talk(market, server, client(server))
        assert one.client.upgrade(f"/?token={token}&connectId=w1")[0].startswith("HTTP/1.1 101")
        assert one.hear() == {"id": "w1", "type": "welcome"}
        return one

    return start


def subscribe(*names: str):
    return {"id": "1", "type": "subscribe", "topic": "/market/candles:" + ",".join(names), "response": True}


def test_a_token_is_asked_for_first_and_that_counts_as_no_connection(welcomed):
    one = welcomed()
    status, body = ask(one.server)
    server = body["data"]["instanceServers"][0]
    assert (status, body["code"], body["data"]["token"]) == (200, "200000", "token-2")
    assert server["endpoint"] == f"ws://127.0.0.1:{one.server.port}/"
    assert (server["pingInterval"], server["pingTimeout"], one.server.accepted) == (18_000, 10_000, 1)
    assert ask(one.server, b"GET")[0] == 405
    assert one.server.url == f"http://127.0.0.1:{one.server.port}/api/v1/bullet-public"  # a client begins there


def test_topics_come_several_in_a_text_and_are_refused_one_by_one(welcomed):
    one = welcomed(BTC, ETH)
    one.say(subscribe(f"{BTC}_1min", f"{ETH}_1min", "FOO-BAR_1min"))
    assert one.hears(2) == [
        {"id": "1", "type": "ack"},
        {"id": "1", "type": "error", "code": 404, "data": "topic /market/candles:FOO-BAR_1min is not found"},
    ]
    one.market.play(1)
    assert [event["data"]["symbol"] for event in one.hears(4)] == [BTC, ETH, BTC, ETH]


def test_a_row_has_the_close_second_and_a_new_bar_is_added(welcomed):
    one = welcomed()
    one.asks(subscribe(f"{BTC}_1min"))
    one.market.play(1)
    first, last = one.hears(2)
    assert (first["subject"], last["subject"]) == ("trade.candles.add", "trade.candles.update")
    row = [str(EIGHT // 1000), "91000.10", "91006.20", "91010.00", "90990.50", "12.90000", "1173979.9800000"]
    assert last["data"] == {"symbol": BTC, "candles": row, "time": (EIGHT + MINUTE + 1000) * 10**6}
    assert (last["topic"], last["type"]) == (f"/market/candles:{BTC}_1min", "message")


def test_a_quiet_minute_comes_with_the_next_trade(welcomed):
    one = welcomed()
    one.asks(subscribe(f"{BTC}_1min"))
    one.market.play(2)
    one.hears(2)
    assert one.market.all((BTC, "1m")) == [FIRST]
    one.market.play(0.5)
    quiet, trade = one.hears(2)
    assert [quiet["subject"], trade["subject"]] == ["trade.candles.add"] * 2
    assert [quiet["data"]["candles"][0], trade["data"]["candles"][0]] == [
        *(str(bar.open_time // 1000) for bar in (QUIET, THIRD))
    ]
    assert one.market.closed((BTC, "1m")) == [FIRST, QUIET]


@pytest.mark.parametrize(("token", "words"), [("token-1", "token is expired"), ("x", "token is invalid")])
def test_a_token_that_is_none_is_told_and_the_connection_closed(serve, client, token, words):
    exchange = KuCoin()
    server = serve(market=minutes(exchange, (BTC,), "1m", None))
    ask(server)
    exchange.expire_tokens()
    one = client(server)
    one.upgrade(f"/?token={token}&connectId=w1")
    assert one.message() == {"id": "w1", "type": "error", "code": 401, "data": words}
    assert one.frame()[0] == 0x8


def test_a_ping_is_answered_and_who_sends_none_is_cut(welcomed):
    one = welcomed()
    assert one.asks({"id": "p", "type": "ping"}) == {"id": "p", "type": "pong"}
    assert one.asks({"id": "p", "type": "hello"})["type"] == "error"
    assert one.asks(subscribe("x") | {"topic": "/market/ticker:all"})["code"] == 404
    assert welcomed(pace=0.01).is_cut()


def test_a_text_may_ask_for_no_acknowledgement(welcomed):
    one = welcomed()
    one.say(subscribe(f"{BTC}_1min") | {"response": False})
    one.asks({"id": "p", "type": "ping"})
    one.market.play(0.5)
    assert one.hear()["type"] == "message"


def test_the_script_is_for_connections_and_not_for_requests(serve, client):
    server = serve("unauthorized", market=minutes(KuCoin(), (BTC,), "1m", None))
    token = ask(server)[1]["data"]["token"]
    assert client(server).upgrade(f"/?token={token}")[0] == "HTTP/1.1 401 Unauthorized"


def test_a_fault_of_tls_is_met_by_the_request(serve, client, tls):
    market = minutes(KuCoin(), (BTC,), "1m", None)
    server = serve("cut-handshake", market=market, tls=tls[0], host="localhost")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        client(server, tls=tls[1])
    wait_until(lambda: server.script_done)
    one = client(server, tls=tls[1])
    one.sock.sendall(b"POST /api/v1/bullet-public HTTP/1.1\r\n\r\n")
    assert one.file.readline() == b"HTTP/1.1 200 OK\r\n"
    assert server.accepted == 1


def test_out_of_service_it_gives_no_tokens(serve):
    server = serve(market=minutes(KuCoin(), (BTC,), "1m", None))
    server.refuse()
    one = Client(server)
    one.sock.sendall(b"POST /api/v1/bullet-public HTTP/1.1\r\n\r\n")
    assert one.file.readline() == b"HTTP/1.1 503 Service Unavailable\r\n"
    one.close()
    assert server.refused == 1
