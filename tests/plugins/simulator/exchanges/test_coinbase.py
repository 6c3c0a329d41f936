"""How Coinbase speaks."""

from __future__ import annotations

from wealthsources_simulator import PlayedBar
from wealthsources_simulator.exchanges.coinbase import Coinbase
from wealthsources_simulator.exchanges.rules import Rules

from .talking import EIGHT, MINUTE

BTC, ETH = "BTC-USD", "ETH-USD"
LENGTH = 5 * MINUTE
BARS = [
    PlayedBar(EIGHT + place * LENGTH, EIGHT + (place + 1) * LENGTH, "10.0", "12.0", "9.0", "11.0", volume)
    for place, volume in enumerate(("4.0", "2.0", "0", "8.0"))
]


def subscribe(*symbols: str, channel: str = "candles"):
    return {"type": "subscribe", "product_ids": list(symbols), "channel": channel}


def begin(talk, *symbols: str, pace: float = 1.0, **options):
    return talk(Coinbase(pace=pace), symbols, timeframe="5m", bars=BARS, **options)


def test_an_acknowledgement_lists_everything_so_far(talk):
    one = begin(talk, BTC, ETH)
    first = one.asks(subscribe(BTC, "FOO-USD"))
    assert (first["channel"], first["client_id"], first["sequence_num"]) == ("subscriptions", "", 0)
    assert first["events"] == [{"subscriptions": {"candles": [BTC]}}]
    assert one.asks(subscribe(ETH))["events"] == [{"subscriptions": {"candles": [BTC, ETH]}}]
    left = one.asks(subscribe(BTC) | {"type": "unsubscribe"})
    assert left["events"] == [{"subscriptions": {"candles": [ETH]}}]
    assert left["sequence_num"] == 2


def test_many_bars_come_first_the_newest_first_and_then_one_by_one(talk):
    one = begin(talk, BTC, snapshot=2)
    one.market.play(1.5)
    one.asks(subscribe(BTC))
    (event,) = one.hear()["events"]
    assert event["type"] == "snapshot"
    assert event["candles"][1] == {
        "start": str(EIGHT // 1000),
        "high": "12.0",
        "low": "9.0",
        "open": "10.0",
        "close": "11.0",
        "volume": "4.0",
        "product_id": BTC,
    }
    assert event["candles"][0]["start"] == str((EIGHT + LENGTH) // 1000)
    one.market.play_steps(1)
    update = one.hear()
    assert (update["channel"], update["sequence_num"], update["events"][0]["type"]) == ("candles", 2, "update")


def test_what_is_priced_in_usdc_comes_as_usd(talk):
    one = begin(talk, "BTC-USDC")
    assert one.asks(subscribe("BTC-USDC"))["events"] == [{"subscriptions": {"candles": ["BTC-USDC"]}}]
    one.market.play(0.5)
    assert one.hear()["events"][0]["candles"][0]["product_id"] == BTC


def test_nothing_comes_of_a_quiet_window(talk):
    one = begin(talk, BTC, updates=0)
    one.asks(subscribe(BTC))
    one.market.play(4)
    starts = [event["events"][0]["candles"][0]["start"] for event in one.hears(3)]
    assert starts == [str((EIGHT + place * LENGTH) // 1000) for place in (0, 1, 3)]


def test_heartbeats_come_to_who_asks_for_them(talk):
    one = begin(talk, BTC, pace=0.2)
    one.say(subscribe(BTC))
    one.say(subscribe(channel="heartbeats"))
    assert one.hears(2)[1]["events"] == [{"subscriptions": {"candles": [BTC], "heartbeats": ["heartbeats"]}}]
    beats = one.hears(2)
    assert [beat["events"][0]["heartbeat_counter"] for beat in beats] == ["1", "2"]
    assert beats[0]["events"][0]["current_time"].endswith(" +0000 UTC m=+1")
    assert [beat["sequence_num"] for beat in beats] == [2, 3]


def test_who_does_not_subscribe_in_time_is_cut(talk):
    assert begin(talk, BTC, pace=0.01).is_cut()


def test_a_quiet_connection_is_cut(talk):
    exchange = Coinbase()
    exchange.rules = Rules(move_within=2)  # the subscription is to come before that, on a slow machine too
    one = talk(exchange, (BTC,), timeframe="5m", bars=BARS)
    one.asks(subscribe(BTC))
    assert one.is_cut()


def test_what_is_no_request_is_refused(talk):
    one = begin(talk, BTC)
    assert one.asks({"type": "hello"})["type"] == "error"
    assert one.asks(subscribe(BTC, channel="ticker"))["type"] == "error"
    assert one.asks(subscribe("FOO-USD"))["events"] == [{"subscriptions": {"candles": []}}]
    assert one.server.acknowledged == 0
