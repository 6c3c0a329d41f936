"""How Hyperliquid speaks."""

from __future__ import annotations

from wealthsources_simulator.exchanges.hyperliquid import Hyperliquid

from .talking import EIGHT, MINUTE


def subscription(coin):
    return {"type": "candle", "coin": coin, "interval": "1m"}


def subscribe(coin):
    return {"method": "subscribe", "subscription": subscription(coin)}


def test_each_series_is_subscribed_to_and_acknowledged_by_itself(talk):
    one = talk(Hyperliquid(), ("BTC", "ETH"))
    for coin in ("BTC", "ETH"):
        ack = {"method": "subscribe", "subscription": subscription(coin)}
        assert one.asks(subscribe(coin)) == {"channel": "subscriptionResponse", "data": ack}
    one.market.play(1)
    assert [event["data"]["s"] for event in one.hears(4)] == ["BTC", "ETH", "BTC", "ETH"]


def test_a_bar_has_the_fields_of_the_wire_and_a_quiet_minute_does_not_come(talk):
    one = talk(Hyperliquid(), ("BTC",), updates=0)
    one.asks(subscribe("BTC"))
    one.market.play(3)
    first, third = one.hears(2)
    assert first == {
        "channel": "candle",
        "data": {
            "t": EIGHT,
            "T": EIGHT + MINUTE - 1,
            "s": "BTC",
            "i": "1m",
            "o": "91000.10",
            "c": "91006.20",
            "h": "91010.00",
            "l": "90990.50",
            "v": "12.90000",
            "n": 13,
        },
    }
    assert third["data"]["t"] == EIGHT + 2 * MINUTE


def test_an_unknown_coin_is_refused_by_its_subscription(talk):
    assert talk(Hyperliquid(), ("BTC",)).asks(subscribe("FOO")) == {
        "channel": "error",
        "data": 'Invalid subscription {"type":"candle","coin":"FOO","interval":"1m"}',
    }


def test_several_coins_in_one_text_are_ignored_without_a_word(talk):
    one = talk(Hyperliquid(), ("BTC", "ETH"))
    one.say(subscribe(["BTC", "ETH"]))
    assert one.asks({"method": "ping"}) == {"channel": "pong"}
    assert one.server.acknowledged == 0


def test_the_data_can_be_a_list_as_is_documented(talk):
    one = talk(Hyperliquid(lists=True), ("BTC",))
    one.asks(subscribe("BTC"))
    one.market.play(1)
    assert len(one.hear()["data"]) == 1


def test_silence_is_cut_and_what_is_no_request_refused(talk):
    assert talk(Hyperliquid(pace=0.001), ("BTC",)).is_cut()
    one = talk(Hyperliquid(), ("BTC",))
    assert one.asks({"method": "post"})["channel"] == "error"
    assert one.asks({"method": "subscribe"})["channel"] == "error"
