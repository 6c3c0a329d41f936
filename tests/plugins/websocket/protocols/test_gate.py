"""Gate: every documented frame means what it should, and no broken one makes a bar."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given

from wealthsources_websocket.protocols.base import Acknowledged, Alive, Ignored, Malformed, Refused, ServerError
from wealthsources_websocket.protocols.gate import Gate

from .frames import JSON, OPEN, bars, changed, check_both_ways, check_spoiled, read, read_one, said

SPOT = Gate()
PERPS = Gate(market="perps", contract_sizes={"BTC_USDT": Decimal("0.0001"), "QQQ_USDT": Decimal(10)})
FORMING = (
    '{"time":1800000031,"time_ms":1800000031020,"channel":"spot.candlesticks","event":"update","result":'
    '{"t":"1800000000","v":"1137551.25","c":"91004","h":"91010","l":"90990.5","o":"91000.1","n":"1m_BTC_USDT",'
    '"a":"12.5","w":false}}'
)
CLOSED = (
    '{"time":1800000061,"channel":"spot.candlesticks","event":"update","result":{"t":"1800000000","v":"1173953",'
    '"c":"91006.2","h":"91010","l":"90990.5","o":"91000.1","n":"1m_BTC_USDT","a":"12.9","w":true}}'
)
QUIET_PERPS = (
    '{"time":1800000031,"time_ms":1800000031020,"channel":"futures.candlesticks","event":"update","result":'
    '[{"t":1800000000,"v":0,"c":"0.3302","h":"0.3302","l":"0.3302","o":"0.3302","n":"1m_QQQ_USDT","a":"0"}]}'
)
BUSY_PERPS = (
    '{"time":1800000031,"channel":"futures.candlesticks","event":"update","result":[{"t":1800000000,"v":291170,'
    '"c":"91004","h":"91010","l":"90990.5","o":"91000.1","n":"1m_BTC_USDT","a":"2649644.25"}]}'
)
REFUSED = (
    '{"time":1800000000,"channel":"spot.candlesticks","event":"subscribe","payload":["1m","FOO_USDT"],'
    '"error":{"code":2,"message":"unknown currency pair: FOO_USDT"},"result":{"status":"fail"}}'
)


def answer(**fields):
    return {"time": 1800000000, "channel": "spot.candlesticks", "event": "subscribe"} | fields


# bars ----------------------------------------------------------------------------------------------------------


def test_the_volume_of_spot_is_in_the_base():
    assert bars(SPOT, FORMING) == [("BTC_USDT", "1m", OPEN, "91000.1 91010 90990.5 91004 12.5", False)]


def test_a_closed_bar():
    assert bars(SPOT, CLOSED) == [("BTC_USDT", "1m", OPEN, "91000.1 91010 90990.5 91006.2 12.9", True)]


@pytest.mark.parametrize("protocol", [PERPS, Gate(market="perps")])
def test_a_quiet_minute_of_a_perpetual_is_a_bar(protocol):
    assert bars(protocol, QUIET_PERPS) == [("QQQ_USDT", "1m", OPEN, "0.3302 0.3302 0.3302 0.3302 0", None)]


@pytest.mark.parametrize(("contracts", "volume"), [(291170, "29.1170"), ("3", "0.0003"), ("2.5", "0.00025")])
def test_the_volume_of_a_perpetual_is_its_contracts_in_the_base(contracts, volume):
    ((*_, values, _),) = bars(PERPS, changed(json.loads(BUSY_PERPS), ("result", 0, "v"), contracts))
    assert values == f"91000.1 91010 90990.5 91004 {volume}"


def test_the_volume_of_a_perpetual_is_not_guessed():
    event = read_one(Gate(market="perps"), BUSY_PERPS)
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe) == ("bad_bar", "BTC_USDT", "1m")
    assert "how much of the base is in one of BTC_USDT" in event.why


@pytest.mark.parametrize(
    "contracts", ["NaN", "1e999", "Infinity", "1_0", "\uff19", -(10**40), None, True, [], "1" * 41]
)
def test_contracts_that_are_no_number_make_no_bar(contracts):
    event = read_one(PERPS, changed(json.loads(BUSY_PERPS), ("result", 0, "v"), contracts))
    assert isinstance(event, Malformed)


@pytest.mark.parametrize("closed", [True, False])
def test_a_perpetual_may_say_that_it_is_closed(closed):
    ((*_, flag),) = bars(PERPS, changed(json.loads(BUSY_PERPS), ("result", 0, "w"), closed))
    assert flag is closed


@pytest.mark.parametrize("protocol", [SPOT, PERPS])
@pytest.mark.parametrize("flag", ["true", 1, [], "x"])
def test_a_flag_that_is_neither_is_not_guessed(protocol, flag):
    if protocol is SPOT:
        message = changed(json.loads(FORMING), ("result", "w"), flag)
    else:
        message = changed(json.loads(BUSY_PERPS), ("result", 0, "w"), flag)
    event = read_one(protocol, message)
    assert isinstance(event, Malformed)
    assert (event.symbol, event.timeframe, event.open_time) == ("BTC_USDT", "1m", OPEN)


@pytest.mark.parametrize("flag", [..., None])
def test_spot_does_not_lack_its_flag(flag):
    assert isinstance(read_one(SPOT, changed(json.loads(FORMING), ("result", "w"), flag)), Malformed)


def test_the_name_of_a_series_splits_at_its_first_underscore_only():
    ((symbol, timeframe, *_),) = bars(SPOT, changed(json.loads(FORMING), ("result", "n"), "1d_A_B_USDT"))
    assert (symbol, timeframe) == ("A_B_USDT", "1d")


@pytest.mark.parametrize("theirs", ["7d", "30d", "10s", "1w"])
def test_what_is_not_on_our_grid_is_refused(theirs):
    event = read_one(SPOT, changed(json.loads(FORMING), ("result", "n"), f"{theirs}_BTC_USDT"))
    assert isinstance(event, Malformed)
    assert (event.timeframe, event.open_time) == (theirs, OPEN)


def test_a_bad_candle_does_not_lose_the_good_one():
    message = json.loads(BUSY_PERPS)
    message["result"] = [dict(message["result"][0], h="much"), 7, *message["result"]]
    first, second, bar = read(PERPS, message)
    assert isinstance(first, Malformed)
    assert isinstance(second, Malformed)
    assert [said(bar)] == bars(PERPS, BUSY_PERPS)


@pytest.mark.parametrize(("protocol", "frame"), [(SPOT, QUIET_PERPS), (PERPS, FORMING)])
def test_the_other_market_is_not_ours(protocol, frame):
    assert isinstance(read_one(protocol, frame), Ignored)


@pytest.mark.parametrize(("protocol", "frame"), [(SPOT, FORMING), (SPOT, CLOSED), (PERPS, BUSY_PERPS)])
def test_no_fault_makes_a_wrong_bar(protocol, frame):
    check_spoiled(protocol, frame)


@given(JSON)
def test_no_message_raises(message):
    read(SPOT, message)
    read(SPOT, answer(payload=message, id=message, error=message, result=message))
    read(SPOT, answer(event="update", result=message))
    read(PERPS, {"channel": "futures.candlesticks", "event": "update", "result": [message]})
    read(SPOT, {"channel": "spot.candlesticks", "error": {"code": message, "message": message}})


# what else the server says -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({}, Acknowledged(None)),
        ({"id": 3}, Acknowledged("3")),
        ({"payload": ["1h", "BTC_USDT"]}, Acknowledged(None, (("BTC_USDT", "1h"),))),
        ({"payload": ["1h", "BTC_USDT"], "id": 3, "error": None}, Acknowledged("3", (("BTC_USDT", "1h"),))),
        ({"payload": ["7d", "BTC_USDT"], "id": "3"}, Acknowledged(None)),
        ({"payload": "1h"}, Acknowledged(None)),
    ],
)
def test_an_acknowledgement_may_name_its_series_its_request_or_neither(named, said):
    assert read_one(SPOT, answer(result={"status": "success"}, **named)) == said


def test_a_refusal_names_its_series():
    reason = "unknown currency pair: FOO_USDT (code 2)"
    assert read_one(SPOT, REFUSED) == Refused(reason, None, (("FOO_USDT", "1m"),))


def test_the_status_alone_may_say_that_it_is_a_refusal():
    message = answer(payload=["1m", "FOO_USDT"], id=3, result={"status": "fail"})
    assert read_one(SPOT, message) == Refused("refused without a reason", "3", (("FOO_USDT", "1m"),))


@pytest.mark.parametrize(("code", "kind"), [(3, ""), (4, "auth")])
def test_what_is_not_about_the_series_does_not_refuse_it(code, kind):
    error = {"code": code, "message": "no"}
    message = answer(payload=["1m", "BTC_USDT"], error=error, result={"status": "fail"})
    assert read_one(SPOT, message) == ServerError(f"no (code {code})", kind)


def test_an_error_of_another_channel_is_the_servers():
    message = {"channel": "spot.obu", "event": "subscribe", "error": {"code": 2, "message": "Unknown channel"}}
    assert read_one(SPOT, message) == ServerError("Unknown channel (code 2)")
    assert read_one(SPOT, {"channel": "", "error": "odd"}) == ServerError("odd")


@pytest.mark.parametrize(("protocol", "prefix"), [(SPOT, "spot"), (PERPS, "futures")])
def test_pong_answers_ping(protocol, prefix):
    assert protocol.heartbeat == "text"
    assert json.loads(protocol.heartbeat_text(7)) == {"time": 7, "channel": f"{prefix}.ping"}
    message = {"time": 1800000000, "channel": f"{prefix}.pong", "event": "", "result": None}
    assert read_one(protocol, message) == Alive(answer=True)


# what we say ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("protocol", "channel"), [(SPOT, "spot.candlesticks"), (PERPS, "futures.candlesticks")])
def test_a_subscription_asks_for_one_series(protocol, channel):
    text = protocol.subscription([("BTC_USDT", "1m")], "2", "")
    assert json.loads(text) == {
        "time": 1,
        "id": 2,
        "channel": channel,
        "event": "subscribe",
        "payload": ["1m", "BTC_USDT"],
    }
    assert [len(batch) for batch in protocol.batches([("BTC_USDT", "1m"), ("ETH_USDT", "1m")])] == [1, 1]


def test_timeframes():
    check_both_ways(SPOT)
    assert list(SPOT.timeframes) == ["1m", "5m", "15m", "30m", "1h", "4h", "8h", "1d"]


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT"])
@pytest.mark.parametrize("protocol", [SPOT, PERPS])
def test_symbols_are_spelled(protocol, symbol):
    assert protocol.spell(symbol) == "BTC_USDT"


def test_what_cannot_be_spelled_says_what_to_do():
    with pytest.raises(ValueError, match=r"symbols: \{FOO: …\}"):
        SPOT.spell("FOO")


@pytest.mark.parametrize(
    ("market", "environment", "endpoint"),
    [
        ("spot", "live", "wss://api.gateio.ws/ws/v4/"),
        ("spot", "test", "wss://ws-testnet.gate.com/v4/ws/spot"),
        ("perps", "live", "wss://fx-ws.gateio.ws/v4/ws/usdt"),
        ("perps", "test", "wss://ws-testnet.gate.com/v4/ws/futures/usdt"),
    ],
)
def test_endpoints(market, environment, endpoint):
    assert Gate(market=market, environment=environment).endpoints() == (endpoint,)


def test_what_is_stated_of_the_server():
    assert (SPOT.closes_by, SPOT.pushes_quiet_minutes, SPOT.needs_contract_size) == ("flag", True, False)
    assert (PERPS.closes_by, PERPS.pushes_quiet_minutes, PERPS.needs_contract_size) == ("successor", True, True)
    with pytest.raises(ValueError, match="gate has no market 'swap', only spot and perps"):
        Gate(market="swap")
