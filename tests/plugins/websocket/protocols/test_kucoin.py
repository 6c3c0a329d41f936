"""KuCoin's candles: where to connect, what each frame says, and that no frame can do harm."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, strategies as st

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    BarMessage,
    Greeting,
    Ignored,
    Malformed,
    Refused,
    ServerError,
)
from wealthsources_websocket.protocols.kucoin import KuCoin

from .frames import JSON, MINUTE, OPEN, bars, check_spoiled, cut, read, read_one, spoiled, states

READER = KuCoin()
FUTURES = KuCoin(market="futures", contract_sizes={"XBTUSDTM": Decimal("0.001")})

QUIET = """{"topic":"/market/candles:QQQ-BTC_1min","type":"message","subject":"trade.candles.add","data":{
"symbol":"QQQ-BTC","candles":["1800000000","0.0000002210","0.0000002210","0.0000002210","0.0000002210","0","0"],
"time":1800000068000000034}}"""
NEXT = """{"topic":"/market/candles:QQQ-BTC_1min","type":"message","subject":"trade.candles.update","data":{
"symbol":"QQQ-BTC","candles":["1800000060","0.0000002211","0.0000002224","0.0000002230","0.0000002205","812.25",
"0.00018064440000"],"time":1800000068000720268}}"""
WEEK = """{"topic":"/market/candles:BTC-USDT_1week","type":"message","subject":"trade.candles.update","data":{
"symbol":"BTC-USDT","candles":["1799884800","90000","91000","92000","89000","800","72000000"],
"time":1800000068000720268}}"""
REFUSAL = '{"id":"1","type":"error","code":404,"data":"topic /market/candles:FOO-BAR_1min is not found"}'
OF_FUTURES = """{"topic":"/contractMarket/limitCandle:XBTUSDTM_1min","type":"message","subject":"candle.stick","data":{
"symbol":"XBTUSDTM","candles":["1800000000","91000.1","91004","91010","90990.5","77.0","12500"],"time":1800000031000}}"""
ANSWER = """{"code":"200000","data":{"token":"2neA+iu/Y==","instanceServers":[{"endpoint":
"wss://ws-api-spot.kucoin.com/","encrypt":true,"protocol":"websocket","pingInterval":18000,"pingTimeout":10000}]}}"""
REST = "https://api.kucoin.com/api/v1/bullet-public"


# where to connect ----------------------------------------------------------------------------------------------


def address(answer: str, endpoint: str = REST) -> str:
    return READER.address(endpoint, [], answer.encode())


def test_the_address_is_of_the_server_with_the_token():
    url = urlsplit(address(ANSWER))
    assert (url.scheme, url.netloc, url.path) == ("wss", "ws-api-spot.kucoin.com", "/")
    query = parse_qs(url.query, strict_parsing=True)
    assert query["token"] == ["2neA+iu/Y=="]
    assert set(query) == {"token", "connectId"}


def test_the_address_is_of_the_answer_and_nothing_else():
    other = ANSWER.replace("2neA", "3neA")
    ids = [parse_qs(urlsplit(address(answer)).query)["connectId"][0] for answer in (ANSWER, ANSWER, other)]
    assert ids[0] == ids[1] != ids[2]
    assert all(len(one) == 16 for one in ids)


def test_a_server_with_a_query_of_its_own_keeps_it():
    url = urlsplit(address(ANSWER.replace(".com/", ".com/?accept=1")))
    assert list(parse_qs(url.query)) == ["accept", "token", "connectId"]


def test_a_server_in_clear_text_only_for_a_question_in_clear_text():
    answer = ANSWER.replace("wss://ws-api-spot.kucoin.com", "ws://127.0.0.1:8000")
    assert address(answer, "http://127.0.0.1:8001/bullet").startswith("ws://127.0.0.1:8000/?token=")
    with pytest.raises(ValueError, match="names no wss:// server"):
        address(answer)


def test_any_other_answer_says_what_it_is_and_holds_no_token():
    with pytest.raises(ValueError, match=r"Too many requests \(code 429000\)"):
        address('{"code":"429000","msg":"Too many requests","data":{"token":"secret"}}')
    for answer in (ANSWER.replace("wss:", "http:"), ANSWER.replace('"200000"', '"1"'), ANSWER.replace("wss:", "wss: ")):
        with pytest.raises(ValueError) as raised:
            address(answer)
        assert "2neA" not in str(raised.value)


def test_whatever_is_wrong_with_an_answer_is_a_value_error_or_another_answer():
    for text in (*spoiled(ANSWER), *cut(ANSWER), "<html>", ANSWER.replace('"2neA+iu/Y=="', '""')):
        try:
            found = address(text)
        except ValueError:
            continue
        assert found.startswith("wss://ws-api-spot.kucoin.com/?token="), text


@given(st.binary(max_size=20))
def test_no_bytes_of_an_answer_raise_anything_else(data):
    with pytest.raises(ValueError):
        READER.address(REST, [], data)


def test_its_addresses():
    assert READER.endpoints() == (REST,)
    assert FUTURES.endpoints() == ("https://api-futures.kucoin.com/api/v1/bullet-public",)
    with pytest.raises(ValueError, match="no test environment"):
        KuCoin(environment="test").endpoints()


# bars ----------------------------------------------------------------------------------------------------------


def test_a_quiet_minute_comes_as_a_flat_bar():
    flat = "0.0000002210 0.0000002210 0.0000002210 0.0000002210 0"
    assert bars(READER, QUIET) == [("QQQ-BTC", "1m", OPEN, flat, None)]


def test_the_order_is_open_close_high_low():
    values = "0.0000002211 0.0000002230 0.0000002205 0.0000002224 812.25"
    assert bars(READER, NEXT) == [("QQQ-BTC", "1m", OPEN + MINUTE, values, None)]


def test_the_next_bar_closes_the_one_before():
    assert states(READER, QUIET, NEXT) == [(0, True, "0.0000002210"), (1, False, "0.0000002224")]


def test_a_week_that_opens_on_thursday_is_refused():
    event = read_one(READER, WEEK)
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe) == ("bad_bar", "BTC-USDT", "1week")
    assert "on our grid" in event.why


def test_the_volume_of_futures_is_of_the_base():
    assert bars(FUTURES, OF_FUTURES) == [("XBTUSDTM", "1m", OPEN, "91000.1 91010 90990.5 91004 12.500", None)]


@pytest.mark.parametrize(
    ("contracts", "size", "volume"),
    [
        ('"3"', "0.001", "0.003"),
        ("3", "0.001", "0.003"),
        ("3.5", "0.1", "0.35"),
        ('"1e3"', "0.001", "1"),
        ("1e3", "0.001", "1"),
        ('"12"', "1E+2", "1200"),
        ('"1"', "1E-7", "0.0000001"),
        ('"0"', "0.001", "0.000"),
        ('"123456789012345678"', "0.000123", "15185185048518.518394"),
    ],
)
def test_the_volume_of_futures_is_exact(contracts, size, volume):
    reader = KuCoin(market="futures", contract_sizes={"XBTUSDTM": Decimal(size)})
    ((*_, values, _),) = bars(reader, OF_FUTURES.replace('"12500"', contracts))
    assert values.split()[-1] == volume


@pytest.mark.parametrize("contracts", ['"-1"', '""', "null", "true", '"٣"', '"NaN"', '"1e999999999"'])
def test_what_is_no_number_of_contracts_is_no_volume(contracts):
    event = read_one(FUTURES, OF_FUTURES.replace('"12500"', contracts))
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe, event.open_time) == ("bad_bar", "XBTUSDTM", "1m", OPEN)
    assert event.why.startswith("volume: ")


def test_without_the_size_of_a_contract_there_is_no_bar():
    event = read_one(KuCoin(market="futures"), OF_FUTURES)
    assert isinstance(event, Malformed)
    assert "how much of the base is in one of XBTUSDTM" in event.why


def test_the_candles_of_another_market_are_none_of_ours():
    assert read_one(READER, OF_FUTURES) == Ignored("/contractMarket/limitCandle:XBTUSDTM_1min")
    assert isinstance(read_one(FUTURES, QUIET), Ignored)


# answers and heartbeats ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ('{"id":"w1","type":"welcome"}', Greeting()),
        ('{"id":"1","type":"ack"}', Acknowledged("1")),
        ('{"id":"ping3","type":"pong"}', Alive(answer=True)),
        (REFUSAL, Refused("topic /market/candles:FOO-BAR_1min is not found (code 404)", "1", (("FOO-BAR", "1m"),))),
        (
            '{"id":"64d8732c","type":"error","code":401,"data":"token is expired"}',
            ServerError("token is expired (code 401)"),
        ),
        ('{"type":"error","code":401,"data":"token is expired"}', ServerError("token is expired (code 401)")),
        (
            '{"id":"2","type":"error","code":509,"data":"exceed max permits per second"}',
            ServerError("exceed max permits per second (code 509)", "rate"),
        ),
        ('{"type":"error","code":400}', ServerError(" (code 400)".strip())),
        ('{"type":"notice"}', Ignored("notice")),
    ],
)
def test_other_messages(message, event):
    assert read_one(READER, message) == event


# what is sent --------------------------------------------------------------------------------------------------


def test_one_topic_a_text():
    assert json.loads(READER.subscription([("BTC-USDT", "1m")], "1", "")) == {
        "id": "1",
        "type": "subscribe",
        "topic": "/market/candles:BTC-USDT_1min",
        "response": True,
    }


def test_several_topics_a_text():
    text = READER.subscription([("BTC-USDT", "1m"), ("ETH-USDT", "4h")], "2", "")
    assert json.loads(text)["topic"] == "/market/candles:BTC-USDT_1min,ETH-USDT_4hour"
    assert [len(batch) for batch in READER.batches([("BTC-USDT", "1m")] * 250)] == [100, 100, 50]


def test_a_text_of_futures():
    text = FUTURES.subscription([("XBTUSDTM", "1d")], "1", "")
    assert json.loads(text)["topic"] == "/contractMarket/limitCandle:XBTUSDTM_1day"


def test_its_heartbeat():
    assert json.loads(READER.heartbeat_text(5)) == {"id": "ping5", "type": "ping"}


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT"])
def test_symbols_are_spelled_as_it_does(symbol):
    assert READER.spell(symbol) == "BTC-USDT"
    assert FUTURES.spell(symbol) == "XBTUSDTM"


@pytest.mark.parametrize(
    ("symbol", "its"),
    [
        ("XBTUSDTM", "XBTUSDTM"),
        ("xbtusdtm", "XBTUSDTM"),
        ("ETHUSDT", "ETHUSDTM"),
        ("BTC/USDC", "XBTUSDCM"),
        ("1000BONKUSDT", "1000BONKUSDTM"),
        ("ATOMUSDTM", "ATOMUSDTM"),
    ],
)
def test_symbols_of_futures(symbol, its):
    assert FUTURES.spell(symbol) == its


@pytest.mark.parametrize("symbol", ["XBTUSDM", "BTCUSD", "XBTMH27", "BTC", "USDT", ""])
def test_inverse_contracts_are_refused_with_a_remedy(symbol):
    with pytest.raises(ValueError, match="write it like XBTUSDTM"):
        FUTURES.spell(symbol)


@pytest.mark.parametrize("reader", [READER, FUTURES], ids=["spot", "futures"])
def test_timeframes_both_ways(reader):
    frame = json.loads(OF_FUTURES if reader is FUTURES else QUIET)
    for ours, its in reader.timeframes.items():
        topic = json.loads(reader.subscription([(frame["data"]["symbol"], ours)], "1", ""))["topic"]
        assert topic.endswith(f"_{its}")
        event = read_one(reader, frame | {"topic": topic})
        assert isinstance(event, BarMessage)
        assert event.timeframe == ours


def test_what_it_states():
    assert "1w" not in READER.timeframes
    assert READER.timeframes["1M"] == "1month"
    assert list(FUTURES.timeframes) == ["1m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d"]
    assert (READER.closes_by, READER.pushes_quiet_minutes, READER.heartbeat) == ("successor", False, "text")
    assert (READER.asks_first, READER.greets) == ("POST", True)
    assert (READER.needs_contract_size, FUTURES.needs_contract_size) == (False, True)


# what is wrong -------------------------------------------------------------------------------------------------


def test_nothing_wrong_with_a_frame_makes_a_wrong_bar():
    check_spoiled(READER, QUIET, NEXT, WEEK, REFUSAL)
    check_spoiled(FUTURES, OF_FUTURES)


def test_a_frame_about_two_symbols_is_about_none():
    event = read_one(READER, NEXT.replace('"symbol":"QQQ-BTC"', '"symbol":"QQQ-ETH"'))
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe) == ("bad_bar", "QQQ-BTC", "1m")


@given(JSON)
def test_no_json_raises(message):
    read(READER, message)
    for reader in (READER, FUTURES):
        frame = json.loads(QUIET if reader is READER else OF_FUTURES)
        read(reader, frame | {"data": message})
        read(reader, frame | {"data": {"candles": message}})
        read(reader, frame | {"topic": message})
