"""Binance: every documented frame means what it should, and no broken one makes a bar."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    BarMessage,
    Ignored,
    ProtocolEvent,
    ReconnectSoon,
    Refused,
    ServerError,
)
from wealthsources_websocket.protocols.binance import Binance

from .frames import JSON, MINUTE, OPEN, Said, check_both_ways, check_spoiled, read, read_one, said

READER = Binance()
WRAPPED = (
    '{"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1800000058011,"s":"BTCUSDT","k":{"t":1800000000000,'
    '"T":1800000059999,"s":"BTCUSDT","i":"1m","f":71,"L":90,"o":"91000.10","c":"91004.00","h":"91010.00",'
    '"l":"90990.50","v":"12.50000","n":20,"x":false,"q":"1137551.00","V":"6.1","Q":"555000.0","B":"0"}}}'
)
BARE = (
    '{"e":"kline","E":1800000062004,"s":"BTCUSDT","k":{"t":1800000000000,"T":1800000059999,"s":"BTCUSDT","i":"1m",'
    '"f":71,"L":93,"o":"91000.10","c":"91006.20","h":"91010.00","l":"90990.50","v":"12.90000","n":23,"x":true,'
    '"q":"1173953.00","V":"6.3","Q":"573000.0","B":"0"}}'
)
QUIET = (
    '{"e":"kline","E":1800000120010,"s":"QQQBTC","k":{"t":1800000060000,"T":1800000119999,"s":"QQQBTC","i":"1m",'
    '"f":-1,"L":-1,"o":"0.00000410","c":"0.00000410","h":"0.00000410","l":"0.00000410","v":"0.00000000","n":0,'
    '"x":true,"q":"0.00000000","V":"0","Q":"0","B":"0"}}'
)


def whole(event: ProtocolEvent) -> Said:
    """What a bar says; the time of its end is that of the last ms that is part of it."""
    assert isinstance(event, BarMessage)
    event.close_time += 1
    return said(event)


# bars ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "wanted"),
    [
        (WRAPPED, ("BTCUSDT", "1m", OPEN, "91000.10 91010.00 90990.50 91004.00 12.50000", False)),
        (BARE, ("BTCUSDT", "1m", OPEN, "91000.10 91010.00 90990.50 91006.20 12.90000", True)),
        (QUIET, ("QQQBTC", "1m", OPEN + MINUTE, "0.00000410 0.00000410 0.00000410 0.00000410 0.00000000", True)),
    ],
)
def test_a_frame_is_the_bar_so_far_wrapped_or_bare(frame, wanted):
    assert whole(read_one(READER, frame)) == wanted


def test_a_text_that_its_number_does_not_give_back_is_kept():
    event = read_one(READER, BARE.replace('"12.90000"', '"12.90000000000000000001"'))
    assert whole(event)[3].endswith(" 12.90000000000000000001")


@pytest.mark.parametrize("frame", [WRAPPED, BARE, QUIET])
def test_no_fault_makes_a_wrong_bar(frame):
    check_spoiled(READER, frame)


@given(JSON)
def test_whatever_comes_nothing_is_raised(message):
    read(READER, message)


# what is no bar ------------------------------------------------------------------------------------------------


def test_an_acknowledgement_is_that_of_its_text():
    assert read_one(READER, '{"result":null,"id":1}') == Acknowledged("1")


def test_a_request_may_be_refused():
    frame = '{"error":{"code":2,"msg":"Invalid request: unknown variant"},"id":1}'
    assert read_one(READER, frame) == Refused("Invalid request: unknown variant (code 2)", "1")
    assert read_one(READER, '{"code":2,"msg":"Invalid","id":1}') == Refused("Invalid (code 2)", "1")


def test_an_error_of_no_request_is_the_servers():
    assert read_one(READER, '{"code":-1,"msg":"Oh"}') == ServerError("Oh (code -1)")


def test_too_many_requests_are_no_fault_of_one_series():
    frame = '{"error":{"code":-1003,"msg":"Too many requests"},"id":1}'
    assert read_one(READER, frame) == ServerError("Too many requests (code -1003)", "rate")


@pytest.mark.parametrize(
    "frame", ['{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1}}', '{"e":"serverShutdown","E":1}']
)
def test_before_it_shuts_down_it_wants_us_elsewhere(frame):
    assert read_one(READER, frame) == ReconnectSoon("serverShutdown")


def test_another_kind_of_event_is_told_by_its_name():
    assert read_one(READER, '{"e":"aggTrade","s":"BTCUSDT"}') == Ignored("aggTrade")


# what it states ------------------------------------------------------------------------------------------------


def test_its_timeframes_are_ours():
    check_both_ways(READER)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT"])
def test_a_symbol_is_spelled_in_one_word(symbol):
    assert READER.spell(symbol) == "BTCUSDT"


def test_a_delivery_contract_keeps_its_line():
    assert READER.spell("btcusdt_260327") == "BTCUSDT_260327"


def test_the_text_that_subscribes_names_streams_in_lower_case():
    text = READER.subscription([("BTCUSDT", "1m"), ("ETHUSDT", "1M")], "7", "")
    assert json.loads(text) == {"method": "SUBSCRIBE", "params": ["btcusdt@kline_1m", "ethusdt@kline_1M"], "id": 7}


@pytest.mark.parametrize("market", ["spot", "usdm"])
@pytest.mark.parametrize("environment", ["live", "test"])
def test_each_market_has_addresses_in_both_environments(market, environment):
    urls = Binance(market=market, environment=environment).endpoints()
    assert all(url.startswith("wss://") for url in urls)
    assert all(url.endswith("/market/ws" if market == "usdm" else "/ws") for url in urls)


def test_a_market_that_it_does_not_have_is_refused_with_those_that_it_has():
    with pytest.raises(ValueError, match="binance has no market 'coinm', only spot and usdm"):
        Binance(market="coinm")


def test_its_limits_differ_between_its_markets():
    spot, usdm = Binance().limits, Binance(market="usdm").limits
    assert (spot.series_per_connection, spot.texts_per_second, spot.counts_control) == (1024, 4, True)
    assert (usdm.series_per_connection, usdm.texts_per_second, usdm.counts_control) == (200, 8, False)
