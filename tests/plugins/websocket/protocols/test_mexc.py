"""MEXC's klines: what each frame says, and that no frame can do harm."""

from __future__ import annotations

import json
import sys
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    BarMessage,
    Ignored,
    Malformed,
    ProtocolEvent,
    Refused,
    Reply,
    ServerError,
)
from wealthsources_websocket.protocols.mexc import MEXC

from .frames import OPEN, check_spoiled, only, read, read_one, said

PERPS = MEXC(market="perps", contract_sizes={"BTC_USDT": Decimal("0.0001")})
MOST = 100_000
KLINE = """{"channel":"push.kline","data":{"symbol":"BTC_USDT","interval":"Min1","t":1800000000,"o":91000.1,"c":91004,
"h":91010,"l":90990.5,"a":1137551.25,"q":125000,"ro":91000.1,"rc":91004,"rh":91010,"rl":90990.5},"symbol":"BTC_USDT",
"ts":1800000031000}"""
TOPIC = "spot@public.kline.v3.api.pb@BTCUSDT@Min1"
OTHER = "spot@public.kline.v3.api.pb@FOOUSDT@Hour4"
ACK = f'{{"id":0,"code":0,"msg":"{TOPIC}"}}'
PONG = '{"id":0,"code":0,"msg":"PONG"}'


# perps ---------------------------------------------------------------------------------------------------------


def test_a_bar_of_perps_has_its_volume_in_the_base():
    assert said(read_one(PERPS, KLINE)) == ("BTC_USDT", "1m", OPEN, "91000.1 91010 90990.5 91004 12.5000", None)


@pytest.mark.parametrize(
    ("contracts", "size", "volume"),
    [
        ("0", "0.0001", "0.0000"),
        ("3", "10", "30"),
        ("1.5", "0.01", "0.015"),
        ("7", "1E+3", "7000"),
        ("2e2", "0.1", "20"),
        ("12345678901234567890", "0.123456789", "1524157875171467887.501905210"),
    ],
)
def test_contracts_are_multiplied_exactly(contracts, size, volume):
    reader = MEXC(market="perps", contract_sizes={"BTC_USDT": Decimal(size)})
    values = said(read_one(reader, KLINE.replace("125000", contracts)))[3]
    assert values.split()[4] == volume


def test_a_contract_of_unknown_size_is_no_bar():
    event = read_one(MEXC(market="perps"), KLINE)
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe, event.open_time) == ("bad_bar", "BTC_USDT", "1m", OPEN)
    assert "contract_sizes" in event.why


@pytest.mark.parametrize("contracts", ["1e300", "1e-300", "1e999", '"x"', "null", "[]", "true", "9" * 41, "1" * 5000])
def test_contracts_that_are_no_number_are_no_bar(contracts):
    assert isinstance(read_one(PERPS, KLINE.replace("125000", contracts)), Malformed)


@pytest.mark.parametrize(("contracts", "size"), [("9" * 39, "1000"), ("1", "1E-60")])
def test_a_product_that_is_too_long_is_no_bar(contracts, size):
    reader = MEXC(market="perps", contract_sizes={"BTC_USDT": Decimal(size)})
    assert isinstance(read_one(reader, KLINE.replace("125000", contracts)), Malformed)


def test_an_acknowledgement_of_perps_names_nothing():
    assert read_one(PERPS, '{"channel":"rs.sub.kline","data":"success","ts":1}') == Acknowledged(None)


@pytest.mark.parametrize("channel", ["rs.error", "rs.sub.kline"])
def test_a_refusal_of_perps_names_the_contract(channel):
    words = "Contract [FOO_USDT] not exists"
    event = read_one(PERPS, {"channel": channel, "data": words, "ts": 1})
    assert event == Refused(words, None, tuple(("FOO_USDT", timeframe) for timeframe in PERPS.timeframes))


@pytest.mark.parametrize(
    ("data", "words"), [('"invalid message"', "invalid message"), ("null", "null"), ('{"a":1}', '{"a": 1}')]
)
def test_an_error_of_perps_that_names_no_contract_refuses_what_is_not_answered_yet(data, words):
    assert read_one(PERPS, f'{{"channel":"rs.error","data":{data}}}') == Refused(words)


def test_the_heartbeat_of_perps():
    assert PERPS.heartbeat_text(1) == '{"method": "ping"}'
    assert read_one(PERPS, '{"channel":"pong","data":1587453241453}') == Alive(answer=True)


def test_perps_speak_in_texts():
    assert PERPS.read_binary(b"\x0a\x00", MOST) is None
    assert read_one(PERPS, '{"channel":"push.ticker","data":{}}') == Ignored("push.ticker")


def test_each_series_of_perps_has_a_text_of_its_own():
    (first, second) = PERPS.batches([("BTC_USDT", "1m"), ("ETH_USDT", "8h")])
    assert json.loads(PERPS.subscription(first, "1", "")) == {
        "method": "sub.kline",
        "param": {"symbol": "BTC_USDT", "interval": "Min1"},
    }
    assert json.loads(PERPS.subscription(second, "2", ""))["param"]["interval"] == "Hour8"


def test_no_spoiled_frame_of_perps_raises_or_gives_another_bar():
    check_spoiled(PERPS, KLINE, '{"channel":"rs.error","data":"Contract [FOO_USDT] not exists"}')


# both ----------------------------------------------------------------------------------------------------------


def test_perps_need_the_size_of_a_contract():
    assert PERPS.needs_contract_size
    assert (PERPS.closes_by, PERPS.heartbeat, PERPS.pushes_quiet_minutes) == ("successor", "text", False)
    assert (PERPS.limits.series_per_text, PERPS.limits.series_per_connection) == (1, 30)
    assert PERPS.limits.lifetime == 86_400
    assert "1w" not in PERPS.timeframes


def test_spot_without_the_package_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "wealthsources_websocket.protocols.mexc_frames", raising=False)
    monkeypatch.setitem(sys.modules, "google.protobuf.descriptor_pb2", None)
    with pytest.raises(ValueError, match=r"pip install 'wealthsources\[mexc\]'"):
        MEXC()
    assert MEXC(market="perps").endpoints() == ("wss://contract.mexc.com/edge",)


def test_a_market_or_an_environment_that_is_not_there():
    with pytest.raises(ValueError, match="mexc has no market 'swap', only spot and perps"):
        MEXC(market="swap")
    with pytest.raises(ValueError, match="mexc has no test environment"):
        MEXC(market="perps", environment="test").endpoints()


@pytest.mark.parametrize(("symbol", "theirs"), [("BTCUSDT", "BTC_USDT"), ("btc-usdt", "BTC_USDT")])
def test_perps_are_spelled_with_a_line(symbol, theirs):
    assert PERPS.spell(symbol) == theirs


# spot ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def spot() -> MEXC:
    pytest.importorskip("google.protobuf")
    return MEXC()


def pushed(reader: MEXC, channel: str = TOPIC, symbol: str = "BTCUSDT", **changes: object) -> bytes:
    """The frame of a kline; a field that is changed to None is left out."""
    from wealthsources_websocket.protocols.mexc_frames import Wrapper

    kline = {
        "interval": "Min1",
        "windowStart": 1_800_000_000,
        "openingPrice": "91000.1",
        "closingPrice": "91004",
        "highestPrice": "91010",
        "lowestPrice": "90990.5",
        "volume": "12.5",
        "amount": "1137551.25",
        "windowEnd": 1_800_000_060,
    } | changes
    fields = {name: value for name, value in kline.items() if value is not None}
    frame = Wrapper(channel=channel, symbol=symbol, createTime=1_800_000_031_000, publicSpotKline=fields)
    data: bytes = frame.SerializeToString()
    return data


def binary(reader: MEXC, data: bytes) -> ProtocolEvent:
    return only(reader.read_binary(data, MOST) or ())


def test_a_bar_of_spot(spot):
    values = "91000.1 91010 90990.5 91004 12.5"
    assert said(binary(spot, pushed(spot))) == ("BTCUSDT", "1m", OPEN, values, None)


@pytest.mark.parametrize("timeframe", PERPS.timeframes)
def test_timeframes_are_read_as_they_are_asked_for(spot, timeframe):
    (channel,) = json.loads(spot.subscription([("BTCUSDT", timeframe)], "1", ""))["params"]
    start = 1_799_971_200  # a day begins
    data = pushed(spot, channel, interval=channel.rpartition("@")[2], windowStart=start)
    assert said(binary(spot, data))[:3] == ("BTCUSDT", timeframe, start * 1000)
    perp = KLINE.replace("Min1", spot.timeframes[timeframe]).replace("1800000000,", f"{start},")
    assert said(read_one(PERPS, perp))[1] == timeframe


@pytest.mark.parametrize(
    "changes",
    [
        {"windowStart": None},
        {"openingPrice": None},
        {"closingPrice": ""},
        {"highestPrice": "1e999"},
        {"lowestPrice": "9" * 60},
        {"volume": "12,5"},
        {"windowStart": 1 << 62},
        {"interval": None},
        {"interval": "Min5"},  # the channel says another
        {"channel": OTHER},
        {"channel": ""},
        {"symbol": ""},
        {"symbol": "ETHUSDT"},
    ],
)
def test_a_kline_that_something_is_wrong_with_is_no_bar(spot, changes):
    assert isinstance(binary(spot, pushed(spot, **changes)), Malformed)


def test_a_window_that_is_not_ours_is_no_bar(spot):
    event = binary(spot, pushed(spot, TOPIC.replace("Min1", "Week1"), interval="Week1"))
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe, event.open_time) == ("bad_bar", "BTCUSDT", "Week1", OPEN)


def test_a_frame_about_something_else_is_ignored(spot):
    from wealthsources_websocket.protocols.mexc_frames import Wrapper

    channel = "spot@public.deals.v3.api.pb@BTCUSDT"
    assert binary(spot, Wrapper(channel=channel).SerializeToString()) == Ignored(channel)
    assert isinstance(binary(spot, Wrapper(channel=TOPIC).SerializeToString()), Malformed)


@pytest.mark.parametrize("data", [b"", b"\xff" * 20, b"{}", ACK.encode(), b"\x1f\x8b\x08", bytes(100)])
def test_garbage_is_no_message(spot, data):
    assert isinstance(binary(spot, data), Malformed)


def test_a_frame_that_is_cut_gives_no_other_bar(spot):
    whole = pushed(spot)
    right = binary(spot, whole)
    for end in range(len(whole)):
        event = binary(spot, whole[:end])
        assert not isinstance(event, BarMessage) or event == right
    assert isinstance(only(spot.read_binary(whole, len(whole) - 1) or ()), Malformed)


@given(st.binary(max_size=80), st.integers(0, 150))
def test_no_bytes_raise(data, place):
    pytest.importorskip("google.protobuf")
    reader = MEXC()
    whole = pushed(reader)
    reader.read_binary(data, MOST)
    reader.read_binary(whole[:place] + data + whole[place:], MOST)


def test_an_acknowledgement_of_spot_names_its_channels(spot):
    assert read_one(spot, ACK) == Acknowledged(None, (("BTCUSDT", "1m"),))
    both = ACK.replace(TOPIC, f"{TOPIC},{OTHER}")
    assert read_one(spot, both) == Acknowledged(None, (("BTCUSDT", "1m"), ("FOOUSDT", "4h")))


@pytest.mark.parametrize("colon", [":", "\uff1a"])
def test_a_refusal_of_spot_has_the_code_of_success(spot, colon):
    words = f"Not Subscribed successfully! [{OTHER}].  Reason{colon} Blocked! "
    event = read_one(spot, {"id": 0, "code": 0, "msg": words})
    assert event == Refused(" ".join(words.split()), None, (("FOOUSDT", "4h"),))


def test_an_answer_that_refuses_some_acknowledges_the_others(spot):
    words = f"{TOPIC},Not Subscribed successfully! [{OTHER}]. Reason: Blocked!"
    refused, acknowledged = read(spot, {"id": 0, "code": 0, "msg": words})
    assert isinstance(refused, Refused)
    assert refused.series == (("FOOUSDT", "4h"),)
    assert acknowledged == Acknowledged(None, (("BTCUSDT", "1m"),))


@pytest.mark.parametrize(
    "answer",
    [
        {"code": 0, "msg": ""},
        {"code": 0, "msg": "Not Subscribed successfully! [spot@public.kline.v3.api@X@Min1]. Reason: Blocked!"},
        {"code": 7, "msg": TOPIC},
        {"code": "0", "msg": TOPIC},
        {"code": None},
    ],
)
def test_an_answer_that_names_nothing_acknowledges_nothing(spot, answer):
    event = read_one(spot, answer)
    assert isinstance(event, ServerError)
    assert event.kind == ""


def test_the_heartbeat_of_spot(spot):
    assert spot.heartbeat_text(1) == '{"method": "PING"}'
    assert read_one(spot, PONG) == Alive(answer=True)
    assert read_one(spot, '{"method":"PING"}') == Reply('{"method": "PONG"}')
    assert read_one(spot, '{"new":1}') == Ignored("new")


def test_what_spot_asks_for(spot):
    assert spot.endpoints() == ("wss://wbs-api.mexc.com/ws",)
    assert spot.spell("btc-usdt") == "BTCUSDT"
    assert not spot.needs_contract_size
    series = [(f"C{number}USDT", "1m") for number in range(12)]
    assert [len(batch) for batch in spot.batches(series)] == [10, 2]
    asked = json.loads(spot.subscription([("BTCUSDT", "1m"), ("FOOUSDT", "4h")], "1", ""))
    assert asked == {"method": "SUBSCRIPTION", "params": [TOPIC, OTHER]}


def test_no_spoiled_text_of_spot_raises(spot):
    check_spoiled(spot, ACK, PONG)
