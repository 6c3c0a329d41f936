"""What every exchange has to offer: the market, its peers and its faults speak through it alone."""

from __future__ import annotations

import json

import pytest

from wealthsources_simulator import Market, WealthAI, forming_state
from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.exchanges.base import Conversation, Exchange, Refused, Reply, Request

from ..numbered import SERIES, make_bar


class Terse(Exchange):
    """Not the WealthAI server: a subscription is a list of names, a bar is a list in an object."""

    path = "/terse"
    closed_flag = "x"

    def subscribes(self, message):
        return isinstance(message, list)

    def check(self, message, token):
        if not self.subscribes(message):
            raise Refused("no list")

    def series(self, message):
        return tuple((name, "1h") for name in message) if self.subscribes(message) else ()

    def acknowledgement(self, message):
        return {"ok": message}

    def error(self, text):
        return {"error": text}

    def bar(self, series, bar, closed):
        return {"s": series[0], "k": [bar.open_time, bar.close], "x": closed}


def test_a_market_speaks_as_its_exchange_does_and_a_server_is_found_where_it_is(serve, client):
    market = Market({SERIES: [make_bar(number) for number in range(3)]}, exchange=Terse(), updates=1, snapshot=1)
    market.play(1)
    server = serve(market=market, token="is not asked for")
    assert server.url.endswith("/terse")
    one = client(server)
    one.sock.sendall(b"GET /terse HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    while one.file.readline() != b"\r\n":
        pass
    one.send(0x1, b'["BTCUSDT"]')
    assert one.message() == {"ok": ["BTCUSDT"]}
    assert one.message() == {"s": "BTCUSDT", "k": [0, "11.0"], "x": True}
    market.play(1)
    forming = forming_state(make_bar(1), 0, 1)
    assert one.messages(2) == [
        {"s": "BTCUSDT", "k": [3_600_000, forming.close], "x": False},
        {"s": "BTCUSDT", "k": [3_600_000, "11.0"], "x": True},
    ]
    assert market.closed(SERIES) == market.all(SERIES)


def test_who_is_not_let_in_is_told_in_the_words_of_the_exchange(serve, client):
    one = client(serve(market=Market({SERIES: [make_bar()]}, exchange=Terse())))
    one.sock.sendall(b"GET /terse HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    while one.file.readline() != b"\r\n":
        pass
    one.send(0x1, b'{"type": "CONNECT"}')
    assert one.message() == {"error": "no list"}


def test_what_an_exchange_does_not_say_otherwise_is_little():
    said, request = Conversation(), Request("POST", "/token", "ws://127.0.0.1:1")
    assert Terse().greet(said) == Terse().beat(said) == Reply()
    assert (Terse().http(request), Terse().reply("ping", said)) == (None, None)
    assert list(Terse().wants_reconnect(said)) == []
    assert Terse().encode("text", said) == "text"
    assert Terse().has_timeframe("7h")
    assert Terse().serves("/terse")
    assert not Terse().serves("/terse/")
    with pytest.raises(SimulatorError, match="this exchange has no other market than the one it has; not 'spot'"):
        Terse().choose("spot")


@pytest.mark.parametrize("exchange", [WealthAI(), WealthAI("x"), Terse()], ids=["wealthai", "with a flag", "terse"])
def test_texts_are_json_without_spaces(exchange):
    message = exchange.bar(SERIES, make_bar(), True)
    assert json.loads(exchange.text(message)) == message
    assert " " not in exchange.text(message)
