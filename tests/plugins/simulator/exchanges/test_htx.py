"""How HTX speaks."""

from __future__ import annotations

import gzip
import json

import pytest

from wealthsources_simulator.exchanges.htx import HTX

from .talking import EIGHT, MINUTE

BINARY = 0x2


@pytest.fixture
def zipped(talk):
    """A conversation whose frames are gzip."""

    def start(*arguments, **options):
        one = talk(*arguments, **options)

        def text() -> str:
            opcode, payload = one.client.frame()
            assert opcode == BINARY
            return gzip.decompress(payload).decode()

        one.text = text
        one.hear = lambda: json.loads(text())
        return one

    return start


def topic(symbol: str) -> str:
    return f"market.{symbol}.kline.1min"


def test_each_series_is_acknowledged_or_refused_in_binary_gzip(zipped):
    one = zipped(HTX(), ("btcusdt", "ethusdt"))
    ack = one.asks({"sub": topic("btcusdt"), "id": "1"})
    assert ack.items() >= {"id": "1", "status": "ok", "subbed": topic("btcusdt")}.items()
    refusal = one.asks({"sub": topic("foousdt"), "id": "2"})
    assert (
        refusal.items()
        >= {
            "id": "2",
            "status": "error",
            "err-code": "bad-request",
            "err-msg": f"invalid topic {topic('foousdt')}",
        }.items()
    )
    one.asks({"sub": topic("ethusdt"), "id": "3"})
    one.market.play(0.5)
    assert [event["ch"] for event in one.hears(2)] == [topic("btcusdt"), topic("ethusdt")]


def test_values_are_numbers_that_keep_their_digits(zipped):
    one = zipped(HTX("linear-swap"), ("BTC-USDT",), updates=0)
    one.asks({"sub": topic("BTC-USDT"), "id": "1"})
    one.market.play(1)
    assert one.text() == (
        f'{{"ch":"market.BTC-USDT.kline.1min","ts":{EIGHT + MINUTE + 1000},"tick":{{"id":{EIGHT // 1000},'
        '"open":91000.10,"close":91006.20,"low":90990.50,"high":91010.00,"amount":12.90000,"vol":1173979.9800000,'
        '"count":13}}'
    )


def test_who_answers_the_servers_pings_stays(zipped):
    one = zipped(HTX(pace=0.1), ("btcusdt",))
    one.say({"sub": topic("btcusdt"), "id": "1"})
    answered = 0
    while answered < 3:
        message = one.hear()
        if "ping" in message:
            one.say({"pong": message["ping"]})
            answered += 1
    one.say({"unsub": topic("btcusdt"), "id": "2"})
    while "unsubbed" not in (message := one.hear()):
        assert "ping" in message


@pytest.mark.parametrize("answer", [{"pong": 1}, None])
def test_who_misses_two_is_cut(zipped, answer):
    one = zipped(HTX(pace=0.01), ("btcusdt",))
    for _ in range(2):
        assert "ping" in one.hear()
        if answer:
            one.say(answer)
    opcode, _ = one.client.frame()
    assert opcode == 0x8


def test_what_is_no_request_is_refused(zipped):
    one = zipped(HTX(), ("btcusdt",))
    assert one.asks("hello")["err-code"] == "bad-request"
    assert one.asks({"sub": "market.btcusdt.kline.1day"})["status"] == "error"
