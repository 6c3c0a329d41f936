"""Deribit's candles: what each frame says, and that no frame can do harm."""

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
    Reply,
    ServerError,
)
from wealthsources_websocket.protocols.deribit import Deribit

from .frames import JSON, MINUTE, OPEN, bars, check_spoiled, read, read_one, states

READER = Deribit()
SPOT = Deribit(market="spot")

TRADED = """{"jsonrpc":"2.0","method":"subscription","params":{"channel":"chart.trades.BTC-PERPETUAL.1","data":{
"tick":1800000000000,"open":91000.5,"high":91010.0,"low":90990.5,"close":91004.0,"volume":2.5e-4,"cost":10.0,
"status":"ok"}}}"""
QUIET = """{"jsonrpc":"2.0","method":"subscription","params":{"channel":"chart.trades.BTC-PERPETUAL.1","data":{
"tick":1800000060000,"open":91004.0,"high":91004.0,"low":91004.0,"close":91004.0,"volume":0,"cost":0,
"status":"imputed"}}}"""
ACK = """{"jsonrpc":"2.0","id":1,"result":["chart.trades.BTC-PERPETUAL.1"],"usIn":1,"usOut":2,"usDiff":1,
"testnet":false}"""
TOO_MANY = '{"jsonrpc":"2.0","id":1,"error":{"code":10028,"message":"too_many_requests"}}'
MISSING = Refused("not in the server's answer", "1")


# bars ----------------------------------------------------------------------------------------------------------


def test_a_bar_is_read_as_it_was_sent_and_its_status_is_no_flag():
    assert bars(READER, TRADED) == [("BTC-PERPETUAL", "1m", OPEN, "91000.5 91010.0 90990.5 91004.0 2.5e-4", None)]


def test_a_quiet_minute_is_a_flat_bar():
    assert bars(READER, QUIET) == [("BTC-PERPETUAL", "1m", OPEN + MINUTE, "91004.0 91004.0 91004.0 91004.0 0", None)]


def test_a_bar_is_closed_by_the_next_one():
    assert states(READER, TRADED) == [(0, False, "91004.0")]
    assert states(READER, TRADED, QUIET) == [(0, True, "91004.0"), (1, False, "91004.0")]


@pytest.mark.parametrize("theirs", ["10", "180", "240", "1W", ""])
def test_a_resolution_that_is_not_ours_is_refused(theirs):
    event = read_one(READER, TRADED.replace('PERPETUAL.1"', f'PERPETUAL.{theirs}"'))
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe) == ("bad_bar", "BTC-PERPETUAL", theirs)


# answers and heartbeats ----------------------------------------------------------------------------------------


def test_that_it_is_asked_for_a_sign_of_life_is_answered():
    event = read_one(READER, '{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}')
    assert isinstance(event, Reply)
    assert json.loads(event.text) == {"jsonrpc": "2.0", "id": 900002, "method": "public/test", "params": {}}


def test_an_acknowledgement_names_its_series_and_refuses_the_rest_of_its_request():
    assert read(READER, ACK) == [Acknowledged("1", (("BTC-PERPETUAL", "1m"),)), MISSING]


def test_several_series_are_acknowledged_at_once():
    answer = {"id": 1, "result": ["chart.trades.BTC-PERPETUAL.1D", "other.BTC.1", "chart.trades.BTC_USDC.60"]}
    assert read(READER, answer) == [Acknowledged("1", (("BTC-PERPETUAL", "1d"), ("BTC_USDC", "1h"))), MISSING]


def test_where_nothing_is_accepted_nothing_is_acknowledged():
    assert read(READER, {"jsonrpc": "2.0", "id": 1, "result": []}) == [MISSING]


@pytest.mark.parametrize(
    ("message", "event"),
    [
        (json.loads(TOO_MANY), ServerError("too_many_requests (code 10028)", "rate")),
        (
            {"id": 900001, "error": {"code": 10028, "message": "too_many_requests"}},
            ServerError("too_many_requests (code 10028)", "rate"),
        ),
        (
            {"id": 2, "error": {"code": -32602, "message": "Invalid params"}},
            Refused("Invalid params (code -32602)", "2"),
        ),
        (
            {"id": 2, "error": {"code": 11051, "message": "system_maintenance"}},
            ServerError("system_maintenance (code 11051)"),
        ),
        ({"error": {"code": -32700, "message": "Parse error"}}, ServerError("Parse error (code -32700)")),
        (
            {"id": 900001, "error": {"code": -32602, "message": "Invalid params"}},
            Ignored("error of a heartbeat", "Invalid params (code -32602)"),
        ),
        ({"jsonrpc": "2.0", "id": 900001, "result": "ok"}, Alive()),
        ({"jsonrpc": "2.0", "id": 900002, "result": {"version": "1.2.26"}}, Alive()),
        ({"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "heartbeat"}}, Alive()),
        (
            {"method": "subscription", "params": {"channel": "ticker.BTC-PERPETUAL.raw", "data": {}}},
            Ignored("ticker.BTC-PERPETUAL.raw"),
        ),
        ({"result": []}, Ignored("result")),
        ({"method": "else"}, Ignored("else")),
    ],
    ids=str,
)
def test_other_messages(message, event):
    assert read_one(READER, message) == event


# what is sent --------------------------------------------------------------------------------------------------


def test_a_subscription():
    text = READER.subscription([("BTC-PERPETUAL", "1m"), ("BTC_USDC-PERPETUAL", "1d")], "3", "")
    assert json.loads(text) == {
        "jsonrpc": "2.0",
        "id": 3,
        "method": "public/subscribe",
        "params": {"channels": ["chart.trades.BTC-PERPETUAL.1", "chart.trades.BTC_USDC-PERPETUAL.1D"]},
    }


def test_it_is_asked_to_ask():
    (text,) = READER.opening()
    assert json.loads(text) == {
        "jsonrpc": "2.0",
        "id": 900001,
        "method": "public/set_heartbeat",
        "params": {"interval": 30},
    }


@pytest.mark.parametrize(
    ("symbol", "its"),
    [
        ("BTC-PERPETUAL", "BTC-PERPETUAL"),
        ("btc_usdc-perpetual", "BTC_USDC-PERPETUAL"),
        ("BTC-26MAR27", "BTC-26MAR27"),
        ("ETH_USDC-1JAN27", "ETH_USDC-1JAN27"),
    ],
)
def test_futures_are_given_by_their_names(symbol, its):
    assert READER.spell(symbol) == its


@pytest.mark.parametrize("symbol", ["BTCUSDT", "BTC-USDT", "BTC_USDC", "BTC", "BTC-26MAR27-90000-C"])
def test_what_is_no_future_is_refused_with_a_remedy(symbol):
    with pytest.raises(ValueError, match=r"such as BTC-PERPETUAL .* map it: symbols: \{"):
        READER.spell(symbol)


@pytest.mark.parametrize("symbol", ["BTCUSDC", "btcusdc", "BTC-USDC", "BTC_USDC", "BTC/USDC"])
def test_spot_pairs_are_spelled_as_it_does(symbol):
    assert SPOT.spell(symbol) == "BTC_USDC"


def test_its_addresses():
    assert READER.endpoints() == ("wss://www.deribit.com/ws/api/v2",)
    assert Deribit(environment="test").endpoints() == ("wss://test.deribit.com/ws/api/v2",)


@pytest.mark.parametrize(("ours", "its"), READER.timeframes.items())
def test_timeframes_both_ways(ours, its):
    text = json.loads(READER.subscription([("BTC-PERPETUAL", ours)], "1", ""))
    assert text["params"]["channels"] == [f"chart.trades.BTC-PERPETUAL.{its}"]
    event = read_one(READER, TRADED.replace('PERPETUAL.1"', f'PERPETUAL.{its}"'))
    assert isinstance(event, BarMessage)
    assert event.timeframe == ours


def test_what_it_states():
    assert list(READER.timeframes) == ["1m", "3m", "5m", "15m", "30m", "1h", "2h", "6h", "12h", "1d"]
    assert (READER.closes_by, READER.pushes_quiet_minutes, READER.market) == ("successor", True, "future")


# what is wrong -------------------------------------------------------------------------------------------------


def test_nothing_wrong_with_a_frame_makes_a_wrong_bar():
    check_spoiled(READER, TRADED, QUIET, ACK, TOO_MANY)


@given(JSON)
def test_no_json_raises(message):
    read(READER, message)
    read(READER, {"id": 1, "result": message})
    read(READER, {"id": 1, "result": [message]})
    read(READER, {"id": message, "error": message})
    read(READER, {"method": "subscription", "params": message})
    read(READER, {"method": "heartbeat", "params": message})
