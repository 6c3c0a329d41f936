"""Bitget: every documented frame means what it should, and no broken one makes a bar."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from wealthsources_websocket.protocols.base import Acknowledged, Alive, Ignored, Malformed, Refused, ServerError
from wealthsources_websocket.protocols.bitget import Bitget

from .frames import JSON, MINUTE, OPEN, bars, changed, check_both_ways, check_spoiled, read, read_one, said

SPOT, FUTURES = Bitget(), Bitget(market="usdt-futures")
SNAPSHOT = (
    '{"action":"snapshot","arg":{"instType":"SPOT","channel":"candle1m","instId":"BTCUSDT"},"data":'
    '[["1800000000000","91000.1","91010","90990.5","91006.2","12.9","1173953","1173953"],'
    '["1800000060000","91006.2","91006.2","91006.2","91006.2","0","0","0"]],"ts":1800000061200}'
)
UPDATE = (
    '{"action":"update","arg":{"instType":"SPOT","channel":"candle1m","instId":"BTCUSDT"},"data":'
    '[["1800000000000","91000.1","91010","90990.5","91006.4","13.1","1192154","1192154"]],"ts":1800000061500}'
)
A_DAY = (
    '{"action":"update","arg":{"instType":"USDT-FUTURES","channel":"candle1Dutc","instId":"BTCUSDT"},"data":'
    '[["1799971200000","90000","92000","89000","91000","800","72000000","72000000"]],"ts":1800000061600}'
)
REFUSED = (
    '{"event":"error","arg":{"instType":"SPOT","channel":"candle1m","instId":"FOOUSDT"},"code":30001,'
    '"msg":"instType:SPOT,channel:candle1m,instId:FOOUSDT doesn\'t exist"}'
)


# bars ----------------------------------------------------------------------------------------------------------


def test_a_snapshot_holds_bars_none_of_which_says_that_it_is_closed():
    assert bars(SPOT, SNAPSHOT) == [
        ("BTCUSDT", "1m", OPEN, "91000.1 91010 90990.5 91006.2 12.9", None),
        ("BTCUSDT", "1m", OPEN + MINUTE, "91006.2 91006.2 91006.2 91006.2 0", None),
    ]


def test_a_late_correction_is_a_bar_like_any_other():
    assert bars(SPOT, UPDATE) == [("BTCUSDT", "1m", OPEN, "91000.1 91010 90990.5 91006.4 13.1", None)]


def test_a_day_of_the_perpetual():
    assert bars(FUTURES, A_DAY) == [("BTCUSDT", "1d", 1_799_971_200_000, "90000 92000 89000 91000 800", None)]


@pytest.mark.parametrize(
    ("protocol", "frame", "kind"),
    [(SPOT, A_DAY, "candle1Dutc of USDT-FUTURES"), (FUTURES, UPDATE, "candle1m of SPOT")],
)
def test_the_same_symbol_of_the_other_market_is_not_ours(protocol, frame, kind):
    assert read_one(protocol, frame) == Ignored(kind)


@pytest.mark.parametrize("theirs", ["1D", "6H", "1W", "1w", "2H"])
def test_what_is_not_on_our_grid_is_refused(theirs):
    event = read_one(SPOT, changed(json.loads(UPDATE), ("arg", "channel"), f"candle{theirs}"))
    why = f"{theirs} is no timeframe that bitget streams on our grid"
    assert event == Malformed("bad_bar", why, "BTCUSDT", theirs, OPEN)


def test_a_bad_row_does_not_lose_the_good_one():
    for row in (0, 1):
        for value in ("much", None, []):
            events = read(SPOT, changed(json.loads(SNAPSHOT), ("data", row, 2), value))
            assert isinstance(events[row], Malformed)
            assert (events[row].what, events[row].symbol, events[row].timeframe) == ("bad_bar", "BTCUSDT", "1m")
            assert said(events[1 - row]) == bars(SPOT, SNAPSHOT)[1 - row]


@pytest.mark.parametrize("frame", [SNAPSHOT, UPDATE])
def test_no_fault_makes_a_wrong_bar(frame):
    check_spoiled(SPOT, frame)


@given(JSON)
def test_no_message_raises(message):
    read(SPOT, message)
    read(SPOT, {"event": "error", "code": message, "msg": message, "arg": message})
    read(SPOT, {"event": "subscribe", "arg": message})
    read(SPOT, {"arg": {"instType": "SPOT", "channel": "candle1m", "instId": "BTCUSDT"}, "data": message})
    read(SPOT, {"arg": {"instType": "SPOT", "channel": "candle1m", "instId": message}, "data": [message]})


# what else the server says -------------------------------------------------------------------------------------


def test_an_acknowledgement_names_its_series():
    message = {"event": "subscribe", "arg": {"instType": "SPOT", "channel": "candle1Dutc", "instId": "BTCUSDT"}}
    assert read_one(SPOT, message) == Acknowledged(None, (("BTCUSDT", "1d"),))
    assert read_one(FUTURES, message) == Ignored("subscribe")


@pytest.mark.parametrize("code", [30001, "30001", 30016])
def test_a_refusal_names_its_series(code):
    event = read_one(SPOT, changed(json.loads(REFUSED), ("code",), code))
    assert isinstance(event, Refused)
    assert (event.request_id, event.series) == (None, (("FOOUSDT", "1m"),))
    assert event.reason == f"instType:SPOT,channel:candle1m,instId:FOOUSDT doesn't exist (code {code})"


@pytest.mark.parametrize("words", ["", ",precision:null"])
def test_a_refusal_may_name_its_series_in_its_words_only(words):
    said = f"instType:USDT-FUTURES,channel:candle4H,instId:FOOUSDT{words} doesn't exist"
    event = read_one(FUTURES, {"event": "error", "code": 30001, "msg": said})
    assert event == Refused(f"{said} (code 30001)", None, (("FOOUSDT", "4h"),))


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (30006, "request too many", "rate"),
        (30007, "request over limit", "rate"),
        ("30007", "instType:SPOT,channel:candle1m,instId:FOOUSDT doesn't exist", "rate"),
        (30002, "Unrecognized request:hello", ""),
        (30001, "instType:USDT-FUTURES,channel:candle1m,instId:FOOUSDT doesn't exist", ""),
        (30001, "instType:SPOT,channel:candle1D,instId:FOOUSDT doesn't exist", ""),
    ],
)
def test_an_error_that_names_no_series_of_ours_is_the_servers(code, words, kind):
    assert read_one(SPOT, {"event": "error", "code": code, "msg": words}) == ServerError(f"{words} (code {code})", kind)


def test_pong_answers_ping():
    assert SPOT.heartbeat == "text"
    assert SPOT.heartbeat_text(7) == "ping"
    assert read_one(SPOT, "pong") == Alive(answer=True)


# what we say ---------------------------------------------------------------------------------------------------


def test_a_subscription_names_market_channel_and_instrument():
    text = FUTURES.subscription([("BTCUSDT", "1m"), ("ETHUSDT", "1d")], "1", "")
    assert json.loads(text) == {
        "op": "subscribe",
        "args": [
            {"instType": "USDT-FUTURES", "channel": "candle1m", "instId": "BTCUSDT"},
            {"instType": "USDT-FUTURES", "channel": "candle1Dutc", "instId": "ETHUSDT"},
        ],
    }


def test_a_full_text_stays_below_what_a_text_may_have():
    series = [("1000000BABYDOGEUSDT", "12h")] * 100
    assert all(len(FUTURES.subscription(batch, "1", "")) < 4_096 for batch in FUTURES.batches(series))


def test_what_opens_elsewhere_in_utc_is_not_offered():
    check_both_ways(SPOT)
    assert dict(SPOT.timeframes) == {
        "1m": "1m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1H", "4h": "4H",
        "6h": "6Hutc", "12h": "12Hutc", "1d": "1Dutc", "3d": "3Dutc", "1w": "1Wutc", "1M": "1Mutc",
    }  # fmt: skip


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT"])
@pytest.mark.parametrize("protocol", [SPOT, FUTURES])
def test_symbols_are_spelled(protocol, symbol):
    assert protocol.spell(symbol) == "BTCUSDT"


def test_what_cannot_be_spelled_says_what_to_do():
    with pytest.raises(ValueError, match=r"symbols: \{FOO: …\}"):
        SPOT.spell("FOO")


@pytest.mark.parametrize("market", ["spot", "usdt-futures"])
def test_endpoints(market):
    assert Bitget(market=market).endpoints() == ("wss://ws.bitget.com/v2/ws/public",)
    assert Bitget(market=market, environment="test").endpoints() == ("wss://wspap.bitget.com/v2/ws/public",)


def test_what_is_stated_of_the_server():
    assert (SPOT.closes_by, SPOT.pushes_quiet_minutes, SPOT.needs_contract_size) == ("successor", True, False)
    with pytest.raises(ValueError, match="bitget has no market 'swap', only spot and usdt-futures"):
        Bitget(market="swap")
