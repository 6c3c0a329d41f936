"""Coinbase's candles: what each frame says, and that no frame can do harm."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from wealthsources_websocket.protocols.base import Acknowledged, Alive, BarMessage, Ignored, Malformed, Refused
from wealthsources_websocket.protocols.coinbase import Coinbase

from .frames import JSON, MINUTE, OPEN, bars, check_spoiled, read, read_one, states

READER = Coinbase()

SNAPSHOT = """{"channel":"candles","client_id":"","timestamp":"2027-01-15T08:01:00Z","sequence_num":0,"events":[
{"type":"snapshot","candles":[
{"start":"1800000000","high":"91010.00","low":"90990.50","open":"91000.10","close":"91006.20","volume":"12.90000000",
"product_id":"BTC-USD"},
{"start":"1799999700","high":"91002.00","low":"90950.00","open":"90960.00","close":"91000.10","volume":"40.5",
"product_id":"BTC-USD"}]}]}"""
UPDATES = """{"channel":"candles","client_id":"","timestamp":"2027-01-15T08:05:01Z","sequence_num":9,"events":[
{"type":"update","candles":[{"start":"1800000300","high":"91007.00","low":"91006.20","open":"91006.20",
"close":"91007.00","volume":"0.1","product_id":"BTC-USD"}]},
{"type":"update","candles":[{"start":"1800000000","high":"91010.00","low":"90990.50","open":"91000.10",
"close":"91007.50","volume":"13.2","product_id":"BTC-USD"}]}]}"""
HEARTBEAT = """{"channel":"heartbeats","client_id":"","timestamp":"2027-01-15T08:05:02Z","sequence_num":10,"events":[
{"current_time":"2027-01-15 08:05:02 +0000 UTC m=+1","heartbeat_counter":"12"}]}"""
ACK = """{"channel":"subscriptions","client_id":"","timestamp":"2027-01-15T08:00:00Z","sequence_num":1,"events":[
{"subscriptions":{"candles":["BTC-USD","ETH-USD"],"heartbeats":["heartbeats"]}}]}"""
FIVE = 5 * MINUTE


# bars ----------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_read_the_oldest_first():
    assert bars(READER, SNAPSHOT) == [
        ("BTC-USD", "5m", OPEN - FIVE, "90960.00 91002.00 90950.00 91000.10 40.5", None),
        ("BTC-USD", "5m", OPEN, "91000.10 91010.00 90990.50 91006.20 12.90000000", None),
    ]


def test_a_bar_of_a_snapshot_is_closed_by_the_next():
    assert states(READER, SNAPSHOT) == [(-5, True, "91000.10"), (0, False, "91006.20")]


def test_events_are_read_in_the_order_in_which_they_came():
    assert bars(READER, UPDATES) == [
        ("BTC-USD", "5m", OPEN + FIVE, "91006.20 91007.00 91006.20 91007.00 0.1", None),
        ("BTC-USD", "5m", OPEN, "91000.10 91010.00 90990.50 91007.50 13.2", None),
    ]


def test_a_bar_that_is_closed_is_corrected_by_a_later_event():
    held = states(READER, SNAPSHOT, UPDATES)
    assert held == [(-5, True, "91000.10"), (0, True, "91007.50"), (5, False, "91007.00")]


@pytest.mark.parametrize(
    ("its", "wrong"),
    [('"1799999700"', '"soon"'), ('"40.5"', '"many"'), ('"start":"1799999700",', ""), ('"90960.00"', "null")],
)
def test_a_bad_bar_does_not_lose_the_good_one_beside_it(its, wrong):
    bad, good = read(READER, SNAPSHOT.replace(its, wrong))
    assert isinstance(bad, Malformed)
    assert (bad.what, bad.symbol, bad.timeframe) == ("bad_bar", "BTC-USD", "5m")
    assert isinstance(good, BarMessage)
    assert good.open_time == OPEN


@pytest.mark.parametrize("wrong", [None, 1, [], {}, {"type": "update"}, {"candles": {}}], ids=str)
def test_a_bad_event_does_not_lose_the_good_one_beside_it(wrong):
    frame = json.loads(UPDATES)
    frame["events"][0] = wrong
    bad, good = read(READER, frame)
    assert isinstance(bad, Malformed)
    assert bad.what == "bad_bar"
    assert isinstance(good, BarMessage)


# answers and heartbeats ----------------------------------------------------------------------------------------


def test_an_acknowledgement_names_all_so_far():
    assert read_one(READER, ACK) == Acknowledged(None, (("BTC-USD", "5m"), ("ETH-USD", "5m")))


@pytest.mark.parametrize("said", ['"candles":["BTC-USD","ETH-USD"],', '"BTC-USD","ETH-USD"'])
def test_the_answer_to_the_heartbeats_acknowledges_no_series(said):
    assert read_one(READER, ACK.replace(said, "")) == Alive()


def test_a_heartbeat():
    assert read_one(READER, HEARTBEAT) == Alive()


def test_an_error_refuses_what_is_not_acknowledged():
    assert read_one(READER, '{"type":"error","message":"authentication failure"}') == Refused("authentication failure")


@pytest.mark.parametrize(
    ("message", "kind"), [({"channel": "status", "events": []}, "status"), ({"type": "x"}, "x"), ({"a": 1}, "a")]
)
def test_other_messages(message, kind):
    assert read_one(READER, message) == Ignored(kind)


# what is sent --------------------------------------------------------------------------------------------------


def test_a_subscription():
    assert json.loads(READER.subscription([("BTC-USD", "5m"), ("ETH-USD", "5m")], "1", "")) == {
        "type": "subscribe",
        "product_ids": ["BTC-USD", "ETH-USD"],
        "channel": "candles",
    }
    assert [len(batch) for batch in READER.batches([("BTC-USD", "5m")] * 45)] == [20, 20, 5]


def test_heartbeats_are_subscribed_to_first():
    assert [json.loads(text) for text in READER.opening()] == [{"type": "subscribe", "channel": "heartbeats"}]


@pytest.mark.parametrize(
    ("symbol", "its"),
    [
        *((text, "BTC-USDT") for text in ("BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT")),
        ("BTCUSD", "BTC-USD"),
        ("USDT-USDC", "USDT-USDC"),
        ("EURC-USDC", "EURC-USDC"),
        ("ETH-BTC", "ETH-BTC"),
    ],
)
def test_symbols_are_spelled_as_it_does(symbol, its):
    assert READER.spell(symbol) == its


@pytest.mark.parametrize("symbol", ["BTCUSDC", "btc-usdc", "BTC/USDC"])
def test_what_it_answers_under_another_name_is_refused_with_a_remedy(symbol):
    with pytest.raises(ValueError, match=rf"streams BTC-USDC as BTC-USD only, .*symbols: {{{symbol}: BTC-USD}}"):
        READER.spell(symbol)


def test_its_addresses():
    assert READER.endpoints() == ("wss://advanced-trade-ws.coinbase.com",)
    with pytest.raises(ValueError, match="no test environment"):
        Coinbase(environment="test").endpoints()


def test_what_it_states():
    assert list(READER.timeframes) == ["5m"]
    assert (READER.closes_by, READER.pushes_quiet_minutes, READER.heartbeat) == ("successor", False, "ping")


# what is wrong -------------------------------------------------------------------------------------------------


def test_nothing_wrong_with_a_frame_makes_a_wrong_bar():
    check_spoiled(READER, SNAPSHOT, UPDATES, HEARTBEAT, ACK)


@given(JSON)
def test_no_json_raises(message):
    read(READER, message)
    for channel in ("candles", "subscriptions", "error"):
        for events in (message, [message], [{"candles": message, "subscriptions": message}]):
            read(READER, {"channel": channel, "events": events, "message": message})
    read(READER, {"channel": "candles", "events": [{"candles": [message]}]})
