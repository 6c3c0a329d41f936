"""Bybit: every documented frame means what it should, and no broken one makes a bar."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from wealthsources_websocket.protocols.base import Acknowledged, Alive, Ignored, Malformed, Refused, ServerError
from wealthsources_websocket.protocols.bybit import Bybit

from .frames import JSON, MINUTE, OPEN, bars, changed, check_both_ways, check_spoiled, read, read_one, said

DAY = 24 * 60 * MINUTE
SPOT, LINEAR = Bybit(), Bybit(market="linear")
FORMING = (
    '{"topic":"kline.1.BTCUSDT","type":"snapshot","ts":1800000030500,"data":[{"start":1800000000000,'
    '"end":1800000059999,"interval":"1","open":"91000.1","close":"91004","high":"91010","low":"90990.5",'
    '"volume":"12.5","turnover":"1137551.25","confirm":false,"timestamp":1800000030480}]}'
)
CLOSED = (
    '{"topic":"kline.1.BTCUSDT","type":"snapshot","ts":1800000060120,"data":[{"start":1800000000000,'
    '"end":1800000059999,"interval":"1","open":"91000.1","close":"91006.2","high":"91010","low":"90990.5",'
    '"volume":"12.9","turnover":"1173953","confirm":true,"timestamp":1800000059900}]}'
)
A_DAY = (
    '{"topic":"kline.D.BTCUSDT","type":"snapshot","ts":1800000061000,"data":[{"start":1799971200000,'
    '"end":1800057599999,"interval":"D","open":"90000","close":"91000","high":"92000","low":"89000",'
    '"volume":"800","turnover":"72000000","confirm":false,"timestamp":1800000060900}]}'
)
REFUSED = (
    '{"success":false,"ret_msg":"error:handler not found,topic:kline.1.FOOUSDT","conn_id":"c1","req_id":"1",'
    '"op":"subscribe"}'
)


# bars ----------------------------------------------------------------------------------------------------------


def test_a_forming_bar():
    assert bars(SPOT, FORMING) == [("BTCUSDT", "1m", OPEN, "91000.1 91010 90990.5 91004 12.5", False)]


def test_a_closed_bar_says_the_same_when_it_comes_twice():
    for _ in range(2):
        assert bars(LINEAR, CLOSED) == [("BTCUSDT", "1m", OPEN, "91000.1 91010 90990.5 91006.2 12.9", True)]


def test_a_day_opens_at_midnight_utc():
    start = 1_799_971_200_000
    assert start % DAY == 0
    assert bars(LINEAR, A_DAY) == [("BTCUSDT", "1d", start, "90000 92000 89000 91000 800", False)]


def test_a_bad_item_does_not_lose_the_good_one():
    message = json.loads(FORMING)
    message["data"].append(dict(message["data"][0], start=OPEN + MINUTE, low=None))
    bar, malformed = read(SPOT, message)
    assert [said(bar)] == bars(SPOT, FORMING)
    assert malformed == Malformed("bad_bar", "low: is missing", "BTCUSDT", "1m", OPEN + MINUTE)


@pytest.mark.parametrize("confirm", ["true", 1, None, [], "1"])
def test_a_flag_that_is_neither_is_not_guessed(confirm):
    event = read_one(SPOT, changed(json.loads(FORMING), ("data", 0, "confirm"), confirm))
    assert isinstance(event, Malformed)
    assert (event.symbol, event.timeframe, event.open_time) == ("BTCUSDT", "1m", OPEN)


@pytest.mark.parametrize("path", [("topic",), ("data", 0, "interval")])
def test_an_interval_that_contradicts_the_topic_makes_no_bar(path):
    event = read_one(SPOT, changed(json.loads(FORMING), path, "kline.5.BTCUSDT" if path == ("topic",) else "5"))
    assert isinstance(event, Malformed)
    assert event.what == "bad_bar"


@pytest.mark.parametrize("theirs", ["7", "10080", "1m"])
def test_an_interval_that_is_not_known_makes_no_bar(theirs):
    message = changed(json.loads(FORMING), ("topic",), f"kline.{theirs}.BTCUSDT")
    event = read_one(SPOT, changed(message, ("data", 0, "interval"), theirs))
    why = f"{theirs} is no timeframe that bybit streams on our grid"
    assert event == Malformed("bad_bar", why, "BTCUSDT", theirs, OPEN)


def test_another_topic_is_not_ours():
    assert read_one(SPOT, {"topic": "tickers.BTCUSDT", "data": {}}) == Ignored("tickers.BTCUSDT")


@pytest.mark.parametrize("frame", [FORMING, CLOSED, A_DAY])
def test_no_fault_makes_a_wrong_bar(frame):
    check_spoiled(SPOT, frame)


@given(JSON)
def test_no_message_raises(message):
    read(SPOT, message)
    read(SPOT, {"op": "subscribe", "success": message, "ret_msg": message, "req_id": message})
    read(SPOT, {"topic": "kline.1.BTCUSDT", "data": message})
    read(SPOT, {"topic": "kline.1.BTCUSDT", "data": [message]})


# what else the server says -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("request_id", "said"), [("1", "1"), ("", None), (None, None)])
def test_an_acknowledgement_is_for_a_whole_text(request_id, said):
    message = {"success": True, "ret_msg": "", "conn_id": "c1", "req_id": request_id, "op": "subscribe"}
    assert read_one(SPOT, message) == Acknowledged(said)


def test_a_refusal_is_for_a_whole_text_though_one_topic_is_the_cause():
    assert read_one(SPOT, REFUSED) == Refused("error:handler not found,topic:kline.1.FOOUSDT", "1")


def test_what_is_subscribed_already_is_no_refusal():
    words = "error:already subscribed,topic:kline.60.BTCUSDT"
    message = {"success": False, "ret_msg": words, "conn_id": "c1", "req_id": "3", "op": "subscribe"}
    assert read(SPOT, message) == [Acknowledged(None, (("BTCUSDT", "1h"),)), Refused(words, "3")]


@pytest.mark.parametrize(
    "words", ["args size >10", "error:already subscribed,topic:tickers.A", "error:already subscribed,topic:kline.7.A"]
)
def test_any_other_refusal_names_no_series(words):
    message = {"success": False, "ret_msg": words, "conn_id": "c1", "req_id": "3", "op": "subscribe"}
    assert read(SPOT, message) == [Refused(words, "3")]


def test_what_is_no_answer_to_a_subscription_is_the_servers_error():
    assert read_one(SPOT, {"success": False, "ret_msg": "error:invalid op", "op": ""}) == ServerError(
        "error:invalid op"
    )
    assert read_one(SPOT, {"success": False, "ret_msg": "no", "op": "ping"}) == ServerError("no")


@pytest.mark.parametrize(
    "answer",
    [
        '{"success":true,"ret_msg":"pong","conn_id":"c1","req_id":"7","op":"ping"}',
        '{"op":"pong","args":["1800000061000"],"req_id":"7","conn_id":"c1"}',
    ],
)
def test_both_answers_to_ping_are_heartbeats(answer):
    assert SPOT.heartbeat == "text"
    assert json.loads(SPOT.heartbeat_text(7)) == {"req_id": "7", "op": "ping"}
    assert read_one(SPOT, answer) == Alive(answer=True)


def test_access_too_frequent_asks_for_ten_minutes_of_rest():
    assert SPOT.status_kinds[403] == ("rate", 600.0)


# what we say ---------------------------------------------------------------------------------------------------


def test_a_subscription_names_its_topics():
    text = SPOT.subscription([("BTCUSDT", "1m"), ("ETHUSDT", "1d")], "4", "")
    assert json.loads(text) == {"req_id": "4", "op": "subscribe", "args": ["kline.1.BTCUSDT", "kline.D.ETHUSDT"]}


def test_ten_topics_are_in_a_text():
    assert [len(batch) for batch in SPOT.batches([("BTCUSDT", "1m")] * 23)] == [10, 10, 3]


def test_the_topics_of_a_connection_stay_below_what_one_may_have():
    topics = [f"kline.720.{'1000000BABYDOGEUSDT'}"] * SPOT.limits.series_per_connection
    assert len(",".join(topics)) < 21_000


def test_timeframes():
    check_both_ways(SPOT)
    assert dict(SPOT.timeframes) == {
        "1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "1h": "60", "2h": "120", "4h": "240", "6h": "360",
        "12h": "720", "1d": "D", "1w": "W", "1M": "M",
    }  # fmt: skip


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT"])
@pytest.mark.parametrize("protocol", [SPOT, LINEAR])
def test_symbols_are_spelled(protocol, symbol):
    assert protocol.spell(symbol) == "BTCUSDT"


def test_what_cannot_be_spelled_says_what_to_do():
    with pytest.raises(ValueError, match=r"symbols: \{FOO: …\}"):
        SPOT.spell("FOO")


@pytest.mark.parametrize("market", ["spot", "linear"])
def test_each_market_has_its_path(market):
    assert Bybit(market=market).endpoints() == (f"wss://stream.bybit.com/v5/public/{market}",)
    test = Bybit(market=market, environment="test")
    assert test.endpoints() == (f"wss://stream-testnet.bybit.com/v5/public/{market}",)


def test_what_is_stated_of_the_server():
    assert (SPOT.closes_by, SPOT.pushes_quiet_minutes, SPOT.needs_contract_size) == ("flag", True, False)
    with pytest.raises(ValueError, match="bybit has no market 'inverse', only spot and linear"):
        Bybit(market="inverse")
