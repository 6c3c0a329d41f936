"""Hyperliquid's candles: what each frame says, and that no frame can do harm."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    BarMessage,
    Ignored,
    Malformed,
    Refused,
    ServerError,
)
from wealthsources_websocket.protocols.hyperliquid import Hyperliquid

from .frames import JSON, MINUTE, OPEN, bars, check_spoiled, read, read_one, states

READER = Hyperliquid()
SPOT = Hyperliquid(market="spot")

ACK = """{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"candle","coin":"BTC",
"interval":"1m"}}}"""
SINGLE = """{"channel":"candle","data":{"t":1800000000000,"T":1800000059999,"s":"BTC","i":"1m","o":"91000.0",
"c":"91004.0","h":"91010.0","l":"90990.0","v":"12.5","n":20}}"""
LIST = """{"channel":"candle","data":[{"t":1800000120000,"T":1800000179999,"s":"BTC","i":"1m","o":"91004.0",
"c":"91004.0","h":"91004.0","l":"91004.0","v":"0.1","n":1}]}"""
REFUSAL = r"""{"channel":"error","data":"Invalid subscription {\"type\":\"candle\",\"coin\":\"FOO\",
\"interval\":\"1m\"}"}""".replace("\n", "")


# bars ----------------------------------------------------------------------------------------------------------


def test_a_single_bar_is_read_as_it_was_sent():
    assert bars(READER, SINGLE) == [("BTC", "1m", OPEN, "91000.0 91010.0 90990.0 91004.0 12.5", None)]


def test_a_list_of_bars_is_read_as_it_was_sent():
    assert bars(READER, LIST) == [("BTC", "1m", OPEN + 2 * MINUTE, "91004.0 91004.0 91004.0 91004.0 0.1", None)]


def test_a_bar_is_closed_by_the_next_one_that_has_a_trade():
    assert states(READER, SINGLE, LIST) == [(0, True, "91004.0"), (2, False, "91004.0")]


@pytest.mark.parametrize("wrong", [None, 1, [], {}, {"s": "BTC"}, {"s": 3, "t": "x"}], ids=str)
def test_a_bad_bar_does_not_lose_the_good_ones_beside_it(wrong):
    frame = json.loads(LIST)
    frame["data"] = [frame["data"][0], wrong, frame["data"][0]]
    first, bad, last = read(READER, frame)
    assert isinstance(first, BarMessage)
    assert first == last
    assert isinstance(bad, Malformed)
    assert bad.what == "bad_bar"
    assert bad.symbol == ("BTC" if wrong == {"s": "BTC"} else "")


@pytest.mark.parametrize("theirs", ["1w", "3d", "7m"])
def test_a_window_that_is_not_on_our_grid_is_refused(theirs):
    event = read_one(READER, SINGLE.replace('"1m"', f'"{theirs}"'))
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe) == ("bad_bar", "BTC", theirs)


# answers and heartbeats ----------------------------------------------------------------------------------------


def test_an_acknowledgement_names_its_series():
    assert read_one(READER, ACK) == Acknowledged(None, (("BTC", "1m"),))


def test_a_refusal_names_its_series():
    event = read_one(READER, REFUSAL)
    words = 'Invalid subscription {"type":"candle","coin":"FOO","interval":"1m"}'
    assert event == Refused(words, None, (("FOO", "1m"),))


def error(words: str) -> dict[str, str]:
    return {"channel": "error", "data": words}


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"channel": "pong"}, Alive(answer=True)),
        (
            error('Already subscribed: {"type":"candle","interval":"30m","coin":"UNI"}'),
            Acknowledged(None, (("UNI", "30m"),)),
        ),
        (
            error("Cannot send more than 2000 messages per minute."),
            ServerError("Cannot send more than 2000 messages per minute.", "rate"),
        ),
        (
            error("Cannot subscribe to more than 1000 channels."),
            ServerError("Cannot subscribe to more than 1000 channels.", "subscription"),
        ),
        (error("Invalid subscription {"), ServerError("Invalid subscription {", "subscription")),
        (error("Invalid subscription {}"), ServerError("Invalid subscription {}", "subscription")),
        (error("Error parsing JSON"), ServerError("Error parsing JSON")),
        ({"channel": "error", "data": [1]}, ServerError("[1]")),
        ({"channel": "trades", "data": []}, Ignored("trades")),
        (json.loads(ACK.replace('"subscribe"', '"unsubscribe"')), Ignored("subscriptionResponse unsubscribe")),
    ],
    ids=str,
)
def test_other_messages(message, event):
    assert read_one(READER, message) == event


@pytest.mark.parametrize(
    "its", ['"type":"trades"', '"type":"candle","x":1,"coin":["BTC"]', '"type":"candle","coin":3', '"interval":"9m"']
)
def test_an_acknowledgement_of_something_else_acknowledges_nothing(its):
    assert isinstance(read_one(READER, ACK.replace('"type":"candle"', its).replace(',"coin":"BTC"', "")), Malformed)


# what is sent --------------------------------------------------------------------------------------------------


def test_one_series_a_text():
    assert json.loads(READER.subscription([("BTC", "1m")], "1", "")) == {
        "method": "subscribe",
        "subscription": {"type": "candle", "coin": "BTC", "interval": "1m"},
    }
    assert READER.batches([("BTC", "1m"), ("ETH", "1m")]) == [[("BTC", "1m")], [("ETH", "1m")]]


def test_its_heartbeat():
    assert json.loads(READER.heartbeat_text(5)) == {"method": "ping"}


@pytest.mark.parametrize(
    ("symbol", "its"),
    [
        *((text, "BTC") for text in ("BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT", "BTC", "btc", "BTCUSD")),
        ("BTC-USDC", "BTC"),
        ("kPEPE", "kPEPE"),
        ("kPEPEUSDT", "kPEPE"),
        ("kshibusdt", "KSHIB"),
        ("WBTC", "WBTC"),
        ("xyz:NBIS", "xyz:NBIS"),
    ],
)
def test_perpetuals_are_named_by_their_coin(symbol, its):
    assert READER.spell(symbol) == its


def test_a_symbol_that_is_none_is_refused_with_a_remedy():
    with pytest.raises(ValueError, match="write its coin"):
        READER.spell("BTC-PERP")
    with pytest.raises(ValueError, match="write its coin"):
        READER.spell("@107")


@pytest.mark.parametrize("symbol", ["@107", "PURR/USDC"])
def test_spot_pairs_are_given_as_they_are(symbol):
    assert SPOT.spell(symbol) == symbol


@pytest.mark.parametrize("symbol", ["HYPE/USDC", "BTCUSDC", "BTC", "@", "@x", ""])
def test_other_spot_pairs_are_refused_with_a_remedy(symbol):
    with pytest.raises(ValueError, match=r"map it: symbols: \{"):
        SPOT.spell(symbol)


@pytest.mark.parametrize("market", ["perps", "spot"])
def test_its_addresses(market):
    assert Hyperliquid(market=market).endpoints() == ("wss://api.hyperliquid.xyz/ws",)
    test = Hyperliquid(market=market, environment="test")
    assert test.endpoints() == ("wss://api.hyperliquid-testnet.xyz/ws",)


@pytest.mark.parametrize(("ours", "its"), READER.timeframes.items())
def test_timeframes_both_ways(ours, its):
    assert json.loads(READER.subscription([("BTC", ours)], "1", ""))["subscription"]["interval"] == its
    assert read_one(READER, ACK.replace('"1m"', f'"{its}"')) == Acknowledged(None, (("BTC", ours),))
    event = read_one(READER, SINGLE.replace('"1m"', f'"{its}"'))
    assert isinstance(event, BarMessage)
    assert event.timeframe == ours


def test_what_it_states():
    assert list(READER.timeframes) == ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "1M"]
    assert (READER.closes_by, READER.pushes_quiet_minutes, READER.heartbeat) == ("successor", False, "text")
    assert (READER.market, READER.limits.series_per_text) == ("perps", 1)


# what is wrong -------------------------------------------------------------------------------------------------


def test_nothing_wrong_with_a_frame_makes_a_wrong_bar():
    check_spoiled(READER, SINGLE, LIST, ACK, REFUSAL)


@given(JSON)
def test_no_json_raises(message):
    read(READER, message)
    for channel in ("candle", "error", "subscriptionResponse"):
        read(READER, {"channel": channel, "data": message})
    read(READER, {"channel": "candle", "data": [message]})
    read(READER, {"channel": "subscriptionResponse", "data": {"method": "subscribe", "subscription": message}})
    read(READER, error(f"Invalid subscription {json.dumps(message)}"))
