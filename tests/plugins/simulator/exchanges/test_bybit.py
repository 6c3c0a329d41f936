"""How Bybit speaks."""

from __future__ import annotations

import pytest

from wealthsources_simulator.exchanges.bybit import Bybit

from .talking import EIGHT, MINUTE

BTC, ETH = "BTCUSDT", "ETHUSDT"


def subscribe(*names: str):
    return {"req_id": "1", "op": "subscribe", "args": list(names)}


ACK = {"success": True, "ret_msg": "", "conn_id": "c1", "req_id": "1", "op": "subscribe"}


def test_a_text_is_acknowledged_as_a_whole_and_others_add_to_it(talk):
    one = talk(Bybit(), (BTC, ETH))
    assert one.asks(subscribe("kline.1.BTCUSDT")) == ACK
    assert one.asks(subscribe("kline.1.ETHUSDT")) == ACK
    one.market.play(1)
    assert [(event["topic"], event["data"][0]["confirm"]) for event in one.hears(4)] == [
        *(("kline.1.BTCUSDT", False), ("kline.1.ETHUSDT", False)),
        *(("kline.1.BTCUSDT", True), ("kline.1.ETHUSDT", True)),
    ]


def test_one_topic_it_does_not_have_refuses_the_whole_text(talk):
    one = talk(Bybit(), (BTC,))
    assert one.asks(subscribe("kline.1.BTCUSDT", "kline.1.FOOUSDT")) == ACK | {
        "success": False,
        "ret_msg": "error:handler not found,topic:kline.1.FOOUSDT",
    }
    one.market.play(1)
    assert one.hears_nothing()


def test_a_bar_has_the_fields_of_the_wire(talk):
    one = talk(Bybit("linear"), (BTC,), updates=0)
    one.asks(subscribe("kline.1.BTCUSDT"))
    one.market.play(1)
    assert one.hear() == {
        "topic": "kline.1.BTCUSDT",
        "type": "snapshot",
        "ts": EIGHT + MINUTE + 1000,
        "data": [
            {
                "start": EIGHT,
                "end": EIGHT + MINUTE - 1,
                "interval": "1",
                "open": "91000.10",
                "close": "91006.20",
                "high": "91010.00",
                "low": "90990.50",
                "volume": "12.90000",
                "turnover": "1173979.9800000",
                "confirm": True,
                "timestamp": EIGHT + MINUTE + 980,
            }
        ],
    }


def test_the_volume_of_an_inverse_contract_is_the_quotes(talk):
    one = talk(Bybit("inverse"), (BTC,), updates=0)
    one.asks(subscribe("kline.1.BTCUSDT"))
    one.market.play(1)
    row = one.hear()["data"][0]
    assert (row["volume"], row["turnover"]) == ("1173979.9800000", "12.90000")


@pytest.mark.parametrize("early", [False, True])
def test_the_bar_in_progress_comes_with_the_acknowledgement_or_before(talk, early):
    one = talk(Bybit(early=early), (BTC,))
    one.market.play(0.5)
    one.say(subscribe("kline.1.BTCUSDT"))
    kinds = ["op" if "op" in message else "topic" for message in one.hears(2)]
    assert kinds == (["topic", "op"] if early else ["op", "topic"])


def test_pings_are_answered_in_two_ways(talk):
    ping = {"op": "ping", "req_id": "7"}
    pong = {"success": True, "ret_msg": "pong", "conn_id": "c1", "req_id": "7", "op": "ping"}
    assert talk(Bybit(), (BTC,)).asks(ping) == pong
    assert talk(Bybit("inverse"), (BTC,)).asks(ping)["op"] == "pong"


def test_a_text_on_spot_has_ten_args_at_most(talk):
    names = [f"kline.{window}.BTCUSDT" for window in (1, 3, 5, 15, 30, 60, 120, 240, 360, 720, "D")]
    assert talk(Bybit(), (BTC,)).asks(subscribe(*names))["ret_msg"] == "args size >10"


def test_who_is_silent_is_cut_and_what_is_no_request_refused(talk):
    assert talk(Bybit(pace=0.0001), (BTC,)).is_cut()
    assert talk(Bybit(), (BTC,)).asks([1])["success"] is False
