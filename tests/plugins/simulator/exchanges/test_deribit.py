"""How Deribit speaks."""

from __future__ import annotations

import pytest

from wealthsources_simulator import PlayedBar
from wealthsources_simulator.exchanges.deribit import Deribit

from ..clients import CLOSE
from .talking import EIGHT, MINUTE

BTC, ETH = "BTC-PERPETUAL", "ETH-PERPETUAL"
TEST_REQUEST = {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}}


def rpc(method: str, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": f"public/{method}", "params": params}


def channel(symbol: str, window: str = "1") -> str:
    return f"chart.trades.{symbol}.{window}"


def test_what_it_does_not_have_is_left_out_of_the_result(talk):
    one = talk(Deribit(), (BTC, ETH))
    names = [channel(BTC), channel("FOO"), channel(ETH), channel(BTC, "240"), "ticker"]
    assert one.asks(rpc("subscribe", channels=names)) == {
        "jsonrpc": "2.0",
        "id": 1,
        "result": [channel(BTC), channel(ETH)],
        "usIn": 1,
        "usOut": 2,
        "usDiff": 1,
        "testnet": False,
    }
    one.market.play(0.5)
    assert [event["params"]["channel"] for event in one.hears(2)] == [channel(BTC), channel(ETH)]


def test_a_bar_is_ok_and_a_quiet_one_imputed(talk):
    one = talk(Deribit(), (BTC,), updates=0)
    one.asks(rpc("subscribe", channels=[channel(BTC)]))
    one.market.play(2)
    assert one.text() == (
        '{"jsonrpc":"2.0","method":"subscription","params":{"channel":"chart.trades.BTC-PERPETUAL.1","data":'
        f'{{"tick":{EIGHT},"open":91000.10,"high":91010.00,"low":90990.50,"close":91006.20,"volume":12.90000,'
        '"cost":1173979.9800000,"status":"ok"}}}'
    )
    quiet = one.hear()["params"]["data"]
    assert (quiet["tick"], quiet["volume"], quiet["status"]) == (EIGHT + MINUTE, 0, "imputed")


def test_small_numbers_have_an_exponent(talk):
    bar = PlayedBar(EIGHT, EIGHT + MINUTE, "1", "1", "1", "1", "0.000250")
    one = talk(Deribit(), (BTC,), bars=[bar], updates=0)
    one.asks(rpc("subscribe", channels=[channel(BTC)]))
    one.market.play(1)
    assert '"volume":2.5e-4,' in one.text()


def test_heartbeats_come_on_demand_and_who_answers_them_stays(talk):
    one = talk(Deribit(pace=0.1), (BTC,))
    assert one.asks(rpc("set_heartbeat", interval=10))["result"] == "ok"
    assert one.hear() == TEST_REQUEST
    assert one.asks(rpc("test"))["result"]["version"]
    assert one.hear() == TEST_REQUEST


def test_who_does_not_answer_a_heartbeat_is_cut(talk):
    one = talk(Deribit(pace=0.01), (BTC,))
    one.asks(rpc("set_heartbeat", interval=10))
    assert one.hear() == TEST_REQUEST
    assert one.client.frame()[0] == CLOSE


@pytest.mark.parametrize("seconds", [9, None, "10"])
def test_heartbeats_come_every_ten_seconds_at_most(talk, seconds):
    assert talk(Deribit(), (BTC,)).asks(rpc("set_heartbeat", interval=seconds))["error"]["code"] == -32602


def test_a_subscription_to_nothing_has_an_empty_result(talk):
    one = talk(Deribit(), (BTC,))
    assert one.asks(rpc("subscribe", channels=[channel("FOO")]))["result"] == []
    assert one.server.acknowledged == 0
    assert one.asks("hello")["error"]["code"] == one.asks(rpc("hello"))["error"]["code"] == -32601
    assert one.asks(rpc("subscribe", channels=[channel(BTC)]))["result"] == [channel(BTC)]
    assert one.asks(rpc("unsubscribe", channels=[channel(BTC)]))["result"] == [channel(BTC)]
    one.market.play(1)
    assert one.hears_nothing()
