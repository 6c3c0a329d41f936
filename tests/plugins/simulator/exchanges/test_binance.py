"""How Binance speaks."""

from __future__ import annotations

import contextlib
import json

import pytest

from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.exchanges.binance import Binance

from ....support.waiting import wait_until
from ..clients import PING, PONG
from .talking import EIGHT, FIRST, MINUTE, THIRD

BTC, ETH = "BTCUSDT", "ETHUSDT"
SUBSCRIBE = {"method": "SUBSCRIBE", "params": ["btcusdt@kline_1m"], "id": 1}


def test_a_subscription_is_acknowledged_by_its_id_and_others_add_to_it(talk):
    one = talk(Binance(), (BTC, ETH))
    assert one.asks(SUBSCRIBE) == {"result": None, "id": 1}
    assert one.asks(SUBSCRIBE | {"params": ["ethusdt@kline_1m"], "id": "b"}) == {"result": None, "id": "b"}
    one.market.play(1)
    assert [(event["s"], event["k"]["x"]) for event in one.hears(4)] == [
        *((BTC, False), (ETH, False)),
        *((BTC, True), (ETH, True)),
    ]


def test_a_bare_event_has_the_fields_of_the_wire(talk):
    one = talk(Binance(), (BTC,), updates=0)
    one.asks(SUBSCRIBE)
    one.market.play(2)
    closed, quiet = one.hears(2)
    assert closed == {
        "e": "kline",
        "E": EIGHT + MINUTE + 1000,
        "s": BTC,
        "k": {
            "t": EIGHT,
            "T": EIGHT + MINUTE - 1,
            "s": BTC,
            "i": "1m",
            "f": 71,
            "L": 83,
            "n": 13,
            "x": True,
            "o": "91000.10",
            "c": "91006.20",
            "h": "91010.00",
            "l": "90990.50",
            "v": "12.90000",
            "q": "1173979.9800000",
            "V": "0",
            "Q": "0",
            "B": "0",
        },
    }
    assert {key: quiet["k"][key] for key in "fLnvx"} == {"f": -1, "L": -1, "n": 0, "v": "0.00000", "x": True}


def test_an_unknown_symbol_is_acknowledged_and_silent(talk):
    one = talk(Binance(), (BTC,))
    unknown = ["foousdt@kline_1m", "BTCUSDT@kline_1m", "btcusdt@trade", 7]
    assert one.asks(SUBSCRIBE | {"params": unknown}) == {"result": None, "id": 1}
    one.market.play(1)
    assert one.hears_nothing()


def test_streams_can_be_in_the_url_and_are_not_acknowledged(talk):
    one = talk(Binance(), (BTC, ETH), "/stream?streams=btcusdt@kline_1m/ethusdt@kline_1m")
    one.asks({"method": "UNSUBSCRIBE", "params": ["btcusdt@kline_1m"], "id": 2})
    one.market.play(0.5)
    wrapped = one.hear()
    assert wrapped["stream"] == "ethusdt@kline_1m"
    assert (wrapped["data"]["e"], wrapped["data"]["k"]["v"]) == ("kline", "6.45000")


def test_one_raw_stream_can_be_in_the_path(talk):
    one = talk(Binance(), (BTC,), "/ws/btcusdt@kline_1m")
    one.client.send(PING, b"?")
    one.client.frame()
    assert one.server.acknowledged == 1
    one.market.play(0.5)
    assert one.hear()["s"] == BTC


def test_the_flag_can_come_after_the_next_bar_began(talk):
    one = talk(Binance(), (BTC,), flag_late=1)
    one.asks(SUBSCRIBE)
    one.market.play(3)
    events = [(event["k"]["t"] - EIGHT, event["k"]["x"]) for event in one.hears(6)]
    assert events == [(0, False), (MINUTE, False), (0, True), (2 * MINUTE, False), (MINUTE, True), (2 * MINUTE, True)]
    assert one.market.closed((BTC, "1m"))[::2] == [FIRST, THIRD]


@pytest.mark.parametrize(("path", "bars"), [("/market/ws", 1), ("/market/stream", 1), ("/ws", 0), ("/stream", 0)])
def test_futures_push_klines_below_market_alone(talk, path, bars):
    one = talk(Binance("usdm"), (BTC,), path)
    assert one.asks(SUBSCRIBE) == {"result": None, "id": 1}
    one.market.play(0.5)
    assert one.hear() if bars else one.hears_nothing()


def test_futures_in_the_url_of_old_are_silent(talk):
    one = talk(Binance("usdm"), (BTC,), "/ws/btcusdt@kline_1m")
    wait_until(lambda: one.server.acknowledged)  # silently: no message tells it
    one.market.play(1)
    assert one.hears_nothing()


def test_what_is_no_request_is_refused(talk):
    one = talk(Binance(), (BTC,))
    assert one.asks("hello")["error"]["code"] == 2
    assert one.asks({"method": "PING"})["error"]["code"] == 2


def test_who_answers_the_servers_pings_stays(talk):
    one = talk(Binance(pace=0.02), (BTC,))
    for _ in range(5):  # the last comes after the time in which the first has to be answered
        opcode, payload = one.client.frame()
        assert opcode == PING
        one.client.send(PONG, payload)
    one.say(SUBSCRIBE)
    while (frame := one.client.frame())[0] == PING:
        one.client.send(PONG, frame[1])
    assert json.loads(frame[1]) == {"result": None, "id": 1}


@pytest.mark.parametrize("answer", [b"not asked for", None])
def test_who_does_not_is_cut(talk, answer):
    one = talk(Binance(pace=0.002), (BTC,))
    pings = 0
    with contextlib.suppress(EOFError, OSError):
        while one.client.frame()[0] == PING:
            pings += 1
            if answer is not None:
                one.client.send(PONG, answer)
    assert 0 < pings <= 4


def test_it_says_that_it_will_shut_down(talk):
    def script(peer):
        peer.join()
        peer.ask_to_reconnect()
        peer.behave()

    one = talk(Binance(), (BTC,), "/stream", script=[script])
    one.asks(SUBSCRIBE)
    last = one.hear()
    assert (last["stream"], last["data"]["e"]) == ("!serverShutdown", "serverShutdown")
    one.market.play(0.5)
    assert one.hear()["data"]["s"] == BTC


def test_other_paths_and_markets_are_none():
    assert not Binance().serves("/market/ws")
    assert not Binance().serves("/market_data")
    with pytest.raises(SimulatorError, match="binance has spot, usdm; not 'coinm'"):
        Binance("coinm")
