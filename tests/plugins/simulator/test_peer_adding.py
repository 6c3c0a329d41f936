"""A good server of an exchange whose clients subscribe as often as they like."""

from __future__ import annotations

import json
import threading
from decimal import Decimal

from wealthsources_simulator import Market, encode, make_exchange

from .clients import PING, PONG, TEXT

SYMBOLS = ("BTC-USDT", "ETH-USDT", "SOL-USDT")


def arg(symbol: str) -> dict[str, str]:
    return {"channel": "candle1m", "instId": symbol}


def ask(client, *symbols: str, op: str = "subscribe") -> None:
    client.send(TEXT, json.dumps({"op": op, "args": [arg(symbol) for symbol in symbols]}).encode())


def begin(serve, client, *script, **options):
    market = Market.made(SYMBOLS, "1m", exchange=make_exchange("okx"), **{"updates": 1, "bars": 400} | options)
    server = serve(*script, market=market)
    one = client(server)
    assert one.upgrade(market.exchange.path)[0].startswith("HTTP/1.1 101")
    return market, server, one


def test_what_is_added_while_the_market_plays_on_loses_and_repeats_nothing(serve, client):
    market, server, one = begin(serve, client)
    ask(one, SYMBOLS[0])
    one.message()
    player = threading.Thread(target=lambda: [market.play_steps(1) for _ in range(800)])
    player.start()
    for symbol in SYMBOLS[1:]:
        ask(one, symbol)
    rows: dict[str, list[tuple[int, Decimal]]] = {symbol: [] for symbol in SYMBOLS}
    while not all(states and states[-1][0] == 399 and states[-1][2] for states in rows.values()):
        message = one.message()
        if "data" in message:
            opened, _, _, _, _, volume, _, _, flag = message["data"][0]
            bars = market.timelines[message["arg"]["instId"], "1m"].bars
            place = (int(opened) - bars[0].open_time) // 60_000
            rows[message["arg"]["instId"]].append((place, Decimal(volume), flag == "1"))
    player.join()
    assert len(rows[SYMBOLS[0]]) == 800
    for states in rows.values():
        assert states == sorted(set(states))
        assert [place for place, _, flag in states if flag] == list(range(states[0][0], 400)) or not states[0][2]
    assert server.acknowledged == 1


def test_several_texts_that_came_together_are_all_answered_though_nothing_is_played_any_more(serve, client):
    _, _, one = begin(serve, client)
    ask(one, SYMBOLS[0])
    one.message()
    texts = [json.dumps({"op": "subscribe", "args": [arg(symbol)]}).encode() for symbol in SYMBOLS[1:]]
    one.sock.sendall(b"".join(encode(TEXT, text, mask=True) for text in texts))
    assert [one.message()["arg"]["instId"] for _ in SYMBOLS[1:]] == list(SYMBOLS[1:])


def test_all_of_a_text_can_be_refused_and_the_next_one_is_the_subscription(serve, client):
    market, server, one = begin(serve, client)
    ask(one, "FOO-USDT")
    assert one.message()["event"] == "error"
    assert server.acknowledged == 0
    ask(one, SYMBOLS[0])
    assert one.message()["event"] == "subscribe"
    ask(one, "FOO-USDT", SYMBOLS[1])
    assert [one.message()["event"] for _ in range(2)] == ["subscribe", "error"]
    market.play(0.5)
    assert {one.message()["arg"]["instId"] for _ in range(2)} == set(SYMBOLS[:2])
    assert server.peers[0].connect["args"] == [arg(SYMBOLS[0])]
    assert server.peers[0].series == tuple((symbol, "1m") for symbol in SYMBOLS[:2])


def test_what_is_left_is_sent_no_more(serve, client):
    market, _, one = begin(serve, client)
    ask(one, *SYMBOLS[:2])
    one.messages(2)
    ask(one, SYMBOLS[0], op="unsubscribe")
    assert one.message()["event"] == "unsubscribe"
    market.play(1)
    assert {one.message()["arg"]["instId"] for _ in range(2)} == {SYMBOLS[1]}


def test_a_server_that_sends_no_bars_still_answers_and_acknowledges(serve, client):
    market, _, one = begin(serve, client, "pings-only")
    for symbol in SYMBOLS[:2]:
        ask(one, symbol)
        assert one.message()["event"] == "subscribe"
    market.play(2)
    one.send(TEXT, b"ping")
    assert one.frame() == (TEXT, b"pong")
    one.send(PING, b"1")
    assert one.frame() == (PONG, b"1")


def test_one_that_does_not_acknowledge_still_answers(serve, client):
    _, server, one = begin(serve, client, "no-ack")
    ask(one, SYMBOLS[0])
    one.send(TEXT, b"ping")
    assert one.frame() == (TEXT, b"pong")
    ask(one, SYMBOLS[1])
    one.send(TEXT, b"ping")
    assert one.frame() == (TEXT, b"pong")
    assert server.acknowledged == 0
