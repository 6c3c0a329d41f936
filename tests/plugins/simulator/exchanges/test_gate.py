"""How Gate speaks."""

from __future__ import annotations

from wealthsources_simulator.exchanges.gate import Gate

from .talking import EIGHT, MINUTE

BTC, ETH = "BTC_USDT", "ETH_USDT"


def subscribe(symbol: str, market: str = "spot", **more):
    asked = {"time": 1, "channel": f"{market}.candlesticks", "event": "subscribe", "payload": ["1m", symbol]}
    return asked | more


def test_an_acknowledgement_does_not_name_its_series(talk):
    one = talk(Gate(), (BTC, ETH))
    ack = one.asks(subscribe(BTC, id=5))
    assert ack.pop("time") > 0
    assert ack == {"id": 5, "channel": "spot.candlesticks", "event": "subscribe", "result": {"status": "success"}}
    one.asks(subscribe(ETH))
    one.market.play(1)
    assert [(event["result"]["n"], event["result"]["w"]) for event in one.hears(4)] == [
        *((f"1m_{BTC}", False), (f"1m_{ETH}", False), (f"1m_{BTC}", True), (f"1m_{ETH}", True))
    ]


def test_a_refusal_repeats_what_was_asked_for(talk):
    refusal = talk(Gate(), (BTC,)).asks(subscribe("FOO_USDT"))
    assert refusal["payload"] == ["1m", "FOO_USDT"]
    assert refusal["error"] == {"code": 2, "message": "unknown currency pair: FOO_USDT"}
    assert refusal["result"] == {"status": "fail"}


def test_on_spot_the_volume_is_a_and_v_is_the_quotes(talk):
    one = talk(Gate(), (BTC,), updates=0)
    one.asks(subscribe(BTC))
    one.market.play(1)
    assert one.hear() == {
        "time": (EIGHT + MINUTE) // 1000 + 1,
        "time_ms": EIGHT + MINUTE + 1000,
        "channel": "spot.candlesticks",
        "event": "update",
        "result": {
            "t": str(EIGHT // 1000),
            "v": "1173979.9800000",
            "c": "91006.20",
            "h": "91010.00",
            "l": "90990.50",
            "o": "91000.10",
            "n": "1m_BTC_USDT",
            "a": "12.90000",
            "w": True,
        },
    }


def test_futures_come_in_lists_and_have_no_flag(talk):
    one = talk(Gate("perps"), (BTC,), updates=0)
    one.asks(subscribe(BTC, "futures"))
    one.market.play(1)
    (row,) = one.hear()["result"]
    assert row == {
        "t": EIGHT // 1000,
        "v": 1290,
        "c": "91006.20",
        "h": "91010.00",
        "l": "90990.50",
        "o": "91000.10",
        "n": "1m_BTC_USDT",
        "a": "12.90000",
    }
    assert one.market.closed((BTC, "1m")) == []


def test_the_current_bar_comes_first_and_weeks_are_not_served(talk):
    one = talk(Gate(), (BTC,))
    one.market.play(1.5)
    one.asks(subscribe(BTC))
    assert (one.hear()["result"]["v"], one.market.exchange.our_timeframe("7d")) == ("0.0000000", None)


def test_a_ping_is_answered_and_what_is_no_request_refused(talk):
    one = talk(Gate(), (BTC,))
    assert one.asks({"time": 1, "channel": "spot.ping"})["channel"] == "spot.pong"
    assert one.asks({"time": 1, "channel": "spot.tickers", "event": "subscribe"})["result"] == {"status": "fail"}
    assert one.asks("hello")["error"]["code"] == 1
