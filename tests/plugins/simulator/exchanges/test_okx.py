"""How OKX speaks."""

from __future__ import annotations

from wealthsources_simulator.exchanges.okx import OKX

from .talking import EIGHT, MINUTE

BTC, ETH, SWAP = "BTC-USDT", "ETH-USDT", "BTC-USDT-SWAP"


def arg(symbol: str, window: str = "1m") -> dict[str, str]:
    return {"channel": f"candle{window}", "instId": symbol}


def subscribe(*args):
    return {"op": "subscribe", "args": list(args)}


def test_each_arg_is_acknowledged_or_refused_by_itself(talk):
    one = talk(OKX(), (BTC, ETH))
    one.say(subscribe(arg(BTC), arg("FOO-USDT"), arg(ETH)))
    assert one.hears(3) == [
        {"event": "subscribe", "arg": arg(BTC), "connId": "ab1"},
        {"event": "subscribe", "arg": arg(ETH), "connId": "ab1"},
        {
            "event": "error",
            "code": "60018",
            "connId": "ab1",
            "msg": "Wrong URL or channel:candle1m,instId:FOO-USDT doesn't exist.",
        },
    ]
    one.market.play(1)
    assert [(event["arg"], event["data"][0][-1]) for event in one.hears(4)] == [
        *((arg(BTC), "0"), (arg(ETH), "0"), (arg(BTC), "1"), (arg(ETH), "1"))
    ]


def test_a_row_is_text_and_a_quiet_minute_is_flat(talk):
    one = talk(OKX(), (BTC,), updates=0)
    one.asks(subscribe(arg(BTC)))
    one.market.play(2)
    row = [str(EIGHT), "91000.10", "91010.00", "90990.50", "91006.20", "12.90000", "1173979.9800000"]
    assert one.hear()["data"] == [[*row, "1173979.9800000", "1"]]
    quiet = ["91006.20"] * 4
    assert one.hear()["data"][0][:6] == [str(EIGHT + MINUTE), *quiet, "0.00000"]


def test_the_first_volume_of_a_swap_counts_contracts(talk):
    one = talk(OKX(), (SWAP,), updates=0)
    one.asks(subscribe(arg(SWAP)))
    one.market.play(1)
    assert one.hear()["data"][0][5:7] == ["1290.00000", "12.90000"]


def test_the_newest_state_comes_with_the_acknowledgement(talk):
    one = talk(OKX(), (BTC,))
    one.market.play(1.5)
    one.asks(subscribe(arg(BTC)))
    assert one.hear()["data"][0][::8] == [str(EIGHT + MINUTE), "0"]


def test_days_of_another_zone_are_not_served(talk):
    one = talk(OKX(), (BTC,), timeframe="1d", bars=[])
    assert one.asks(subscribe(arg(BTC, "1D")))["code"] == "60018"
    assert one.asks(subscribe(arg(BTC, "1Dutc")))["event"] == "subscribe"


def test_ping_is_answered_in_plain_text_before_and_after_subscribing(talk):
    one = talk(OKX(), (BTC,))
    one.say("ping")
    assert one.text() == "pong"
    one.asks(subscribe(arg(BTC)))
    one.say("ping")
    assert one.text() == "pong"


def test_who_is_silent_is_cut(talk):
    assert talk(OKX(pace=0.001), (BTC,)).is_cut()


def test_what_is_no_request_is_refused_and_unsubscribing_is_obeyed(talk):
    one = talk(OKX(), (BTC,))
    assert one.asks({"op": "hello"})["code"] == "60012"
    assert one.asks(subscribe("candle1m"))["code"] == "60018"
    one.asks(subscribe(arg(BTC)))
    assert one.asks({"op": "unsubscribe", "args": [arg(BTC)]})["event"] == "unsubscribe"
    one.market.play(1)
    assert one.hears_nothing()


def test_it_says_that_the_connection_will_be_closed(talk):
    one = talk(OKX(), (BTC,), script=[lambda peer: (peer.join(), peer.ask_to_reconnect(), peer.behave())])
    one.asks(subscribe(arg(BTC)))
    assert {"event": "notice", "code": "64008"}.items() <= one.hear().items()
