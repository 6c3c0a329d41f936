"""How Bitget speaks."""

from __future__ import annotations

from wealthsources_simulator.exchanges.bitget import Bitget

from .talking import EIGHT, MINUTE

BTC, ETH = "BTCUSDT", "ETHUSDT"


def arg(symbol: str, kind: str = "SPOT") -> dict[str, str]:
    return {"instType": kind, "channel": "candle1m", "instId": symbol}


def subscribe(*args):
    return {"op": "subscribe", "args": list(args)}


def test_each_arg_is_acknowledged_or_refused_by_itself(talk):
    one = talk(Bitget(), (BTC, ETH))
    one.say(subscribe(arg(BTC), arg("FOOUSDT"), arg(ETH)))
    assert one.hears(3) == [
        {"event": "subscribe", "arg": arg(BTC)},
        {"event": "subscribe", "arg": arg(ETH)},
        {
            "event": "error",
            "arg": arg("FOOUSDT"),
            "code": 30001,
            "msg": "instType:SPOT,channel:candle1m,instId:FOOUSDT doesn't exist",
        },
    ]


def test_many_bars_come_first_and_then_one_by_one(talk):
    one = talk(Bitget(), (BTC,), snapshot=1000)
    one.market.play(1.5)
    one.asks(subscribe(arg(BTC)))
    snapshot = one.hear()
    quote = "1173979.9800000"
    assert snapshot["action"] == "snapshot"
    assert snapshot["data"] == [
        [str(EIGHT), "91000.10", "91010.00", "90990.50", "91006.20", "12.90000", quote, quote],
        [str(EIGHT + MINUTE), *["91006.20"] * 4, "0.00000", "0.0000000", "0.0000000"],
    ]
    one.market.play_steps(1)
    update = one.hear()
    assert (update["action"], update["arg"], len(update["data"])) == ("update", arg(BTC), 1)


def test_the_kind_of_market_is_a_part_of_the_series(talk):
    one = talk(Bitget("usdt-futures"), (BTC,))
    assert one.asks(subscribe(arg(BTC)))["event"] == "error"
    assert one.asks(subscribe(arg(BTC, "USDT-FUTURES")))["event"] == "subscribe"


def test_ping_is_answered_in_plain_text_and_who_sends_none_is_cut(talk):
    one = talk(Bitget(), (BTC,))
    one.say("ping")
    assert one.text() == "pong"
    assert one.asks("hello")["event"] == "error"
    assert one.asks(subscribe("x", arg(BTC) | {"channel": "ticker"}))["code"] == 30001
    assert talk(Bitget(pace=0.001), (BTC,)).is_cut()
