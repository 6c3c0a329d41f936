"""How Kraken speaks."""

from __future__ import annotations

from wealthsources_simulator.exchanges.kraken import Kraken

from .talking import FIRST, THIRD

BTC, ETH = "BTC/USD", "ETH/USD"


def subscribe(*symbols: str, interval: int = 1):
    params = {"channel": "ohlc", "symbol": list(symbols), "interval": interval, "snapshot": True}
    return {"method": "subscribe", "params": params, "req_id": 1}


def test_each_symbol_is_acknowledged_or_refused_by_itself_after_the_status(talk):
    one = talk(Kraken(), (BTC, ETH))
    assert one.hear()["data"][0]["system"] == "online"
    one.say(subscribe(BTC, "FOO/USD", ETH))
    btc, eth, foo = one.hears(3)
    assert btc["result"] == {"channel": "ohlc", "interval": 1, "snapshot": True, "symbol": BTC}
    assert [btc["success"], eth["result"]["symbol"], btc["req_id"]] == [True, ETH, 1]
    assert {key: foo[key] for key in ("method", "error", "success", "symbol")} == {
        "method": "subscribe",
        "error": "Currency pair not supported FOO/USD",
        "success": False,
        "symbol": "FOO/USD",
    }
    assert foo["time_in"].endswith("Z")


def test_values_are_numbers_that_keep_their_digits_and_times_have_nine(talk):
    one = talk(Kraken(), (BTC,), updates=0)
    one.hear()
    one.asks(subscribe(BTC))
    one.market.play(1)
    assert one.text() == (
        '{"channel":"ohlc","type":"update","timestamp":"2027-01-15T08:01:01.000000000Z","data":[{"symbol":"BTC/USD",'
        '"open":91000.10,"high":91010.00,"low":90990.50,"close":91006.20,"trades":13,"volume":12.90000,'
        '"vwap":91006.20,"interval_begin":"2027-01-15T08:00:00.000000000Z","interval":1,'
        '"timestamp":"2027-01-15T08:01:00.000000Z"}]}'
    )


def test_nothing_comes_of_a_quiet_minute(talk):
    one = talk(Kraken(), (BTC,), updates=0)
    one.hear()
    one.asks(subscribe(BTC))
    one.market.play(3)
    begun = [event["data"][0]["interval_begin"][11:16] for event in one.hears(2)]
    assert begun == ["08:00", "08:02"]
    assert one.market.all((BTC, "1m")) == [FIRST, THIRD]
    assert one.market.closed((BTC, "1m")) == [FIRST]


def test_a_snapshot_holds_closed_bars_and_the_one_in_progress(talk):
    one = talk(Kraken(), (BTC,), snapshot=5)
    one.market.play(2.5)
    one.hear()
    one.asks(subscribe(BTC))
    snapshot = one.hear()
    assert snapshot["type"] == "snapshot"
    assert [(row["interval_begin"][11:16], row["volume"]) for row in snapshot["data"]] == [
        *(("08:00", 12.9), ("08:02", 1.75))
    ]


def test_a_heartbeat_comes_while_nothing_else_does(talk):
    one = talk(Kraken(pace=0.01), (BTC,))
    assert one.hears(3)[1:] == [{"channel": "heartbeat"}] * 2


def test_the_window_is_a_part_of_what_is_subscribed_to(talk):
    one = talk(Kraken(), (BTC,))
    one.hear()
    assert one.asks(subscribe(BTC, interval=10080))["success"] is False
    assert one.asks(subscribe(BTC, interval=5))["success"] is False
    assert one.asks(subscribe(BTC))["success"] is True


def test_a_ping_is_answered_and_what_is_no_request_refused(talk):
    one = talk(Kraken(pace=1000), (BTC,))  # no heartbeat comes in between
    one.hear()
    assert one.asks({"method": "ping", "req_id": 9}).items() >= {"method": "pong", "req_id": 9}.items()
    assert one.asks({"method": "hello"})["success"] is False
    one.asks(subscribe(BTC))
    assert one.asks(subscribe(BTC) | {"method": "unsubscribe"})["method"] == "unsubscribe"
    one.market.play(1)
    assert one.hears_nothing()
