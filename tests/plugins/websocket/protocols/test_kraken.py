"""Kraken's candles: what each frame says, and that no frame can do harm."""

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
from wealthsources_websocket.protocols.kraken import Kraken

from .frames import JSON, MINUTE, OPEN, bars, check_spoiled, read, read_one, states

READER = Kraken()

SNAPSHOT = """{"channel":"ohlc","type":"snapshot","timestamp":"2027-01-15T08:02:03.000000000Z","data":[
{"symbol":"BTC/USD","open":91000.1,"high":91010.0,"low":90990.5,"close":91006.2,"trades":23,"volume":12.90000000,
"vwap":91003.1,"interval_begin":"2027-01-15T08:00:00.000000000Z","interval":1,
"timestamp":"2027-01-15T08:01:00.000000Z"},
{"symbol":"BTC/USD","open":91006.2,"high":91007.0,"low":91006.2,"close":91007.0,"trades":2,"volume":0.10000000,
"vwap":91006.5,"interval_begin":"2027-01-15T08:02:00.000000000Z","interval":1,
"timestamp":"2027-01-15T08:03:00.000000Z"}]}"""
TWO_SERIES = """{"channel":"ohlc","type":"update","timestamp":"2027-01-15T08:02:04.1Z","data":[
{"symbol":"ETH/USD","open":3000.0,"high":3001.0,"low":3000.0,"close":3001.0,"trades":2,"volume":1.5,"vwap":3000.5,
"interval_begin":"2027-01-15T08:00:00.000000000Z","interval":5,"timestamp":"2027-01-15T08:05:00.000000Z"},
{"symbol":"BTC/USD","open":91006.2,"high":91008.0,"low":91006.2,"close":91008.0,"trades":3,"volume":0.2,
"vwap":91006.9,"interval_begin":"2027-01-15T08:02:00.000000000Z","interval":1,
"timestamp":"2027-01-15T08:03:00.000000Z"}]}"""
ACK = """{"method":"subscribe","result":{"channel":"ohlc","interval":1,"snapshot":true,"symbol":"BTC/USD"},
"success":true,"time_in":"2027-01-15T08:00:00.1Z","time_out":"2027-01-15T08:00:00.2Z","req_id":7}"""
REFUSAL = """{"method":"subscribe","error":"Currency pair not supported FOO/USD","success":false,"symbol":"FOO/USD",
"req_id":1,"time_in":"2027-01-15T08:00:00.1Z","time_out":"2027-01-15T08:00:00.2Z"}"""
STATUS = """{"channel":"status","type":"update","data":[{"version":"2.0.99","system":"maintenance","api_version":"v2",
"connection_id":1}]}"""


# bars ----------------------------------------------------------------------------------------------------------


def test_a_snapshot_is_read_as_it_was_sent():
    assert bars(READER, SNAPSHOT) == [
        ("BTC/USD", "1m", OPEN, "91000.1 91010.0 90990.5 91006.2 12.90000000", None),
        ("BTC/USD", "1m", OPEN + 2 * MINUTE, "91006.2 91007.0 91006.2 91007.0 0.10000000", None),
    ]


def test_a_bar_is_closed_by_the_next_one_that_has_a_trade():
    assert states(READER, SNAPSHOT) == [(0, True, "91006.2"), (2, False, "91007.0")]


def test_a_frame_with_two_series_gives_each_its_own():
    assert bars(READER, TWO_SERIES) == [
        ("ETH/USD", "5m", OPEN, "3000.0 3001.0 3000.0 3001.0 1.5", None),
        ("BTC/USD", "1m", OPEN + 2 * MINUTE, "91006.2 91008.0 91006.2 91008.0 0.2", None),
    ]


def test_whole_numbers_are_values_too():
    frame = TWO_SERIES.replace("3001.0", "3001").replace('"volume":1.5', '"volume":0')
    assert bars(READER, frame)[0] == ("ETH/USD", "5m", OPEN, "3000.0 3001 3000.0 3001 0", None)


def test_a_volume_with_an_exponent_keeps_its_text():
    assert bars(READER, SNAPSHOT.replace("0.10000000", "1e-7"))[1][3].endswith(" 1e-7")


@pytest.mark.parametrize(
    ("its", "wrong"),
    [('"interval":5', '"interval":7'), ("08:00:00.0", "08:00:00.0x"), ("3001.0", '"x"'), ("1.5", "null")],
)
def test_a_bad_bar_does_not_lose_the_good_one_beside_it(its, wrong):
    bad, good = read(READER, TWO_SERIES.replace(its, wrong))
    assert isinstance(bad, Malformed)
    assert (bad.what, bad.symbol) == ("bad_bar", "ETH/USD")
    assert isinstance(good, BarMessage)
    assert good.symbol == "BTC/USD"


@pytest.mark.parametrize("interval", [10080, 21600])
def test_a_window_that_is_not_on_our_grid_is_refused(interval):
    (event, _) = read(READER, TWO_SERIES.replace('"interval":5', f'"interval":{interval}'))
    assert isinstance(event, Malformed)
    assert "no timeframe that kraken streams" in event.why


# answers and heartbeats ----------------------------------------------------------------------------------------


def test_an_acknowledgement_names_its_series():
    assert read_one(READER, ACK) == Acknowledged("7", (("BTC/USD", "1m"),))


def test_an_acknowledgement_without_an_id_names_its_series_too():
    assert read_one(READER, ACK.replace(',"req_id":7', "").replace('"req_id":7', '"x":7')) == Acknowledged(
        None, (("BTC/USD", "1m"),)
    )


def test_a_refusal_names_its_symbol_and_its_request():
    assert read_one(READER, REFUSAL) == Refused("Currency pair not supported FOO/USD", "1", (("FOO/USD", ""),))


def test_a_refusal_that_names_no_symbol_means_the_request():
    message = {"method": "subscribe", "error": "Event(s) not found", "success": False, "req_id": 3}
    assert read_one(READER, message) == Refused("Event(s) not found", "3")


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"method": "subscribe", "error": "Malformed", "success": False}, ServerError("Malformed")),
        ({"error": "Malformed request", "success": False}, ServerError("Malformed request")),
        (
            {"method": "subscribe", "error": "Exceeded msg rate", "success": False, "req_id": 1},
            ServerError("Exceeded msg rate", "rate"),
        ),
        ({"method": "pong", "req_id": 4, "time_in": "2027-01-15T08:00:00.1Z"}, Alive(answer=True)),
        ({"channel": "heartbeat"}, Alive()),
        ({"channel": "status", "data": [{"system": "online"}]}, Alive()),
        ({"channel": "ticker", "data": []}, Ignored("ticker")),
        ({"some": 1, "thing": 2}, Ignored("some, thing")),
        ({"method": "subscribe", "success": True, "result": {"channel": "trade"}}, Ignored("subscribe trade")),
    ],
    ids=str,
)
def test_other_messages(message, event):
    assert read_one(READER, message) == event


def test_that_it_is_under_maintenance_is_a_note():
    assert read_one(READER, STATUS) == Ignored("status: maintenance")


# what is sent --------------------------------------------------------------------------------------------------


def test_one_interval_a_text():
    text = READER.subscription([("BTC/USD", "4h"), ("ETH/USD", "4h")], "3", "")
    assert json.loads(text) == {
        "method": "subscribe",
        "params": {"channel": "ohlc", "symbol": ["BTC/USD", "ETH/USD"], "interval": 240, "snapshot": True},
        "req_id": 3,
    }


def test_each_text_has_series_of_one_timeframe_and_not_too_many():
    minutes = [(f"C{number}/USD", "1m") for number in range(120)]
    series = [("BTC/USD", "1h"), *minutes, ("ETH/USD", "1h")]
    of_a_connection = [one for one in series if one[1] == "1m"]
    batches = READER.batches(of_a_connection)
    assert [len(batch) for batch in batches] == [50, 50, 20]
    assert [one for batch in batches for one in batch] == of_a_connection
    assert READER.batches([]) == []


def test_two_timeframes_of_a_symbol_take_two_connections():
    series = [("BTC/USD", "1m"), ("BTC/USD", "1h"), ("ETH/USD", "1m")]
    assert [READER.lane(each) for each in series] == ["1m", "1h", "1m"]


def test_its_heartbeat():
    assert json.loads(READER.heartbeat_text(5)) == {"method": "ping", "req_id": 5}


@pytest.mark.parametrize(
    ("symbol", "its"),
    [
        *((text, "BTC/USDT") for text in ("BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT", "XBT/USDT")),
        ("XBTUSD", "BTC/USD"),
        ("XDGUSD", "DOGE/USD"),
        ("ETH/XBT", "ETH/BTC"),
        ("ETHEUR", "ETH/EUR"),
    ],
)
def test_symbols_are_spelled_as_version_2_does(symbol, its):
    assert READER.spell(symbol) == its


def test_a_symbol_that_does_not_tell_is_refused_with_a_remedy():
    with pytest.raises(ValueError, match="write it like"):
        READER.spell("BTCXYZ")


def test_its_addresses():
    assert READER.endpoints() == ("wss://ws.kraken.com/v2",)
    assert Kraken(environment="test").endpoints() == ("wss://beta-ws.kraken.com/v2",)
    with pytest.raises(ValueError, match="no market 'futures', only spot"):
        Kraken(market="futures")


@pytest.mark.parametrize(("ours", "its"), READER.timeframes.items())
def test_timeframes_both_ways(ours, its):
    assert json.loads(READER.subscription([("BTC/USD", ours)], "1", ""))["params"]["interval"] == int(its)
    frame = json.loads(TWO_SERIES)
    frame["data"][0] |= {"interval": int(its), "interval_begin": "2027-01-15T00:00:00.000000000Z"}
    event = read(READER, frame)[0]
    assert isinstance(event, BarMessage)
    assert event.timeframe == ours


def test_what_it_states():
    assert list(READER.timeframes) == ["1m", "5m", "15m", "30m", "1h", "4h", "1d"]
    assert (READER.closes_by, READER.pushes_quiet_minutes, READER.heartbeat) == ("successor", False, "text")


# what is wrong -------------------------------------------------------------------------------------------------


def test_nothing_wrong_with_a_frame_makes_a_wrong_bar():
    check_spoiled(READER, SNAPSHOT, TWO_SERIES, ACK, REFUSAL, STATUS)


@pytest.mark.parametrize("data", ["many letters", {"some": 1, "thing": 2}, 1, None], ids=str)
def test_what_is_no_list_of_bars_is_one_fault(data):
    event = read_one(READER, {"channel": "ohlc", "data": data})
    assert isinstance(event, Malformed)
    assert event.what == "bad_message"


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2027-01-15T08:00:00"])
def test_a_time_at_the_end_of_time_is_no_harm(time):
    read(READER, TWO_SERIES.replace("2027-01-15T08:00:00.000000000Z", time))


@given(JSON)
def test_no_json_raises(message):
    read(READER, message)
    read(READER, {"channel": "ohlc", "data": message})
    read(READER, {"channel": "ohlc", "data": [message]})
    read(READER, {"method": "subscribe", "success": True, "result": message})


def test_a_symbol_that_it_has_already_on_this_connection_is_acknowledged():
    frame = {"method": "subscribe", "success": False, "symbol": "BTC/USD", "req_id": 2}
    frame["error"] = "Already subscribed to one ohlc interval on this symbol"
    assert list(READER.read(json.dumps(frame).encode())) == [Acknowledged("2", (("BTC/USD", ""),))]
