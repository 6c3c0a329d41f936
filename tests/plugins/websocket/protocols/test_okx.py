"""OKX: every documented frame means what it should, and no broken one makes a bar."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    Ignored,
    Malformed,
    ReconnectSoon,
    Refused,
    ServerError,
)
from wealthsources_websocket.protocols.okx import OKX

from .frames import JSON, MINUTE, OPEN, bars, changed, check_both_ways, check_spoiled, read, read_one, said

SPOT, SWAP = OKX(), OKX(market="swap")
SWAP_FRAME = (
    '{"arg":{"channel":"candle1m","instId":"BTC-USDT-SWAP"},'
    '"data":[["1800000000000","91000.1","91010","90990.5","91004","1250","12.5","1137551.25","0"]]}'
)
SPOT_FRAME = (
    '{"arg":{"channel":"candle1m","instId":"BTC-USDT"},'
    '"data":[["1800000000000","91000.1","91010","90990.5","91006.2","12.9","1173953","1173953","1"],'
    '["1800000060000","91006.2","91006.2","91006.2","91006.2","0","0","0","0"]]}'
)
DAY_OF_UTC8 = (
    '{"arg":{"channel":"candle1D","instId":"BTC-USDT"},'
    '"data":[["1799942400000","90000","92000","89000","91000","800","72000000","72000000","0"]]}'
)


# bars ----------------------------------------------------------------------------------------------------------


def test_the_volume_of_a_swap_is_in_the_base_and_never_in_contracts():
    assert bars(SWAP, SWAP_FRAME) == [("BTC-USDT-SWAP", "1m", OPEN, "91000.1 91010 90990.5 91004 12.5", False)]


def test_one_frame_may_hold_a_closed_bar_and_a_forming_one():
    assert bars(SPOT, SPOT_FRAME) == [
        ("BTC-USDT", "1m", OPEN, "91000.1 91010 90990.5 91006.2 12.9", True),
        ("BTC-USDT", "1m", OPEN + MINUTE, "91006.2 91006.2 91006.2 91006.2 0", False),
    ]


def test_a_day_of_utc8_is_refused_and_not_rounded():
    event = read_one(SPOT, DAY_OF_UTC8)
    assert event == Malformed(
        "bad_bar", "1D is no timeframe that okx streams on our grid", "BTC-USDT", "1D", 1_799_942_400_000
    )


@pytest.mark.parametrize(("protocol", "frame", "market"), [(SPOT, SWAP_FRAME, "spot"), (SWAP, SPOT_FRAME, "swap")])
def test_a_candle_of_the_other_market_is_not_ours(protocol, frame, market):
    event = read_one(protocol, frame)
    assert isinstance(event, Ignored)
    assert event.kind.endswith(f"which is not of market {market}")


def test_a_bad_row_does_not_lose_the_good_one():
    for row in (0, 1):
        events = read(SPOT, changed(json.loads(SPOT_FRAME), ("data", row, 2), "much"))
        assert isinstance(events[row], Malformed)
        assert (events[row].what, events[row].symbol, events[row].timeframe) == ("bad_bar", "BTC-USDT", "1m")
        assert said(events[1 - row]) == bars(SPOT, SPOT_FRAME)[1 - row]


@pytest.mark.parametrize("confirm", ["2", "", None, True, "true", [], {}])
def test_a_flag_that_is_neither_is_not_guessed(confirm):
    event = read_one(SWAP, changed(json.loads(SWAP_FRAME), ("data", 0, 8), confirm))
    assert isinstance(event, Malformed)
    assert (event.symbol, event.timeframe, event.open_time) == ("BTC-USDT-SWAP", "1m", OPEN)
    assert event.why.startswith("confirm: ")


@pytest.mark.parametrize(("protocol", "frame"), [(SPOT, SPOT_FRAME), (SWAP, SWAP_FRAME)])
def test_no_fault_makes_a_wrong_bar(protocol, frame):
    check_spoiled(protocol, frame)


@given(JSON)
def test_no_message_raises(message):
    read(SPOT, message)
    read(SPOT, {"event": "error", "code": message, "msg": message, "arg": message})
    read(SPOT, {"event": "subscribe", "arg": message})
    read(SPOT, {"arg": {"channel": "candle1m", "instId": "BTC-USDT"}, "data": message})


# what else the server says -------------------------------------------------------------------------------------


def test_an_acknowledgement_names_its_series():
    message = {"event": "subscribe", "arg": {"channel": "candle1Dutc", "instId": "BTC-USDT"}, "connId": "ab12"}
    assert read_one(SPOT, message) == Acknowledged(None, (("BTC-USDT", "1d"),))


@pytest.mark.parametrize(
    "arg",
    [{"channel": "tickers", "instId": "BTC-USDT"}, {"channel": "1m", "instId": "BTC-USDT"}, {"channel": "candle1m"}],
)
def test_an_acknowledgement_of_something_else_is_none_of_ours(arg):
    assert read_one(SPOT, {"event": "subscribe", "arg": arg}) == Ignored("subscribe")


@pytest.mark.parametrize(
    "words",
    [
        "Wrong URL or channel:candle1m,instId:FOO-USDT doesn't exist.",
        "Subscribe failed, wrong URL or channel:candle1m,instId:FOO-USDT doesn't exist. Please use the correct URL",
        "channel:candle1m,instId:FOO-USDT doesn't exist",
    ],
)
@pytest.mark.parametrize("code", ["60012", "60018", "64001", 60018])
def test_a_refusal_names_its_series_in_its_words(words, code):
    message = {"event": "error", "code": code, "msg": words, "connId": "ab12"}
    event = read_one(SPOT, message)
    assert isinstance(event, Refused)
    assert (event.request_id, event.series) == (None, (("FOO-USDT", "1m"),))
    assert words[:30] in event.reason


def test_a_refusal_that_has_an_argument_is_about_that():
    arg = {"channel": "candle4H", "instId": "FOO-USDT-SWAP"}
    event = read_one(SWAP, {"event": "error", "code": "60018", "msg": "no", "arg": arg})
    assert event == Refused("no (code 60018)", None, (("FOO-USDT-SWAP", "4h"),))


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        ("64001", "This channel has been migrated to the '/business' URL.", "subscription"),
        ("60012", 'Illegal request: {"op":"subscribe","args":[{"channel":"candle1m","instId":"A-B"}]}', "subscription"),
        ("60018", "channel:mark-price-candle1m,instId:A-B doesn't exist", "subscription"),
        ("60018", "channel:candle7m,instId:A-B doesn't exist", "subscription"),
        ("60014", "Requests too frequent", "rate"),
        ("50011", "Rate limit reached", "rate"),
        ("60014", "channel:candle1m,instId:A-B doesn't exist", "rate"),
        ("60009", "Login failure", "auth"),
        ("60011", "Please log in", "auth"),
        ("63999", "something else", ""),
    ],
)
def test_an_error_that_names_no_series_is_the_servers(code, words, kind):
    event = read_one(SPOT, {"event": "error", "code": code, "msg": words, "connId": "ab12"})
    assert isinstance(event, ServerError)
    assert event.kind == kind


def test_a_notice_of_the_end_is_no_error():
    message = (
        '{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service upgrade. '
        'Please reconnect.","connId":"ab12"}'
    )
    event = read_one(SPOT, message)
    assert isinstance(event, ReconnectSoon)
    assert event.reason.startswith("The connection will soon be closed for a service upgrade.")


def test_another_notice_is_shown():
    assert read_one(SPOT, {"event": "notice", "code": "1", "msg": "hello"}) == Ignored("notice", "hello")


def test_pong_answers_ping():
    assert SPOT.heartbeat == "text"
    assert SPOT.heartbeat_text(7) == "ping"
    assert read_one(SPOT, "pong") == Alive(answer=True)


# what we say ---------------------------------------------------------------------------------------------------


def test_a_subscription_names_channel_and_instrument_of_each_series():
    text = SPOT.subscription([("BTC-USDT", "1m"), ("ETH-USDT", "1d")], "1", "")
    assert json.loads(text) == {
        "op": "subscribe",
        "args": [{"channel": "candle1m", "instId": "BTC-USDT"}, {"channel": "candle1Dutc", "instId": "ETH-USDT"}],
    }


def test_a_full_text_stays_below_what_a_text_may_have():
    series = [("1000000SOMETHING-USDT-SWAP", "12h")] * 1_000
    assert all(len(SWAP.subscription(batch, "1", "")) < 64_000 for batch in SWAP.batches(series))


def test_what_opens_elsewhere_in_utc_is_not_offered():
    check_both_ways(SPOT)
    assert dict(SPOT.timeframes) == {
        "1m": "1m", "3m": "3m", "5m": "5m", "15m": "15m", "30m": "30m", "1h": "1H", "2h": "2H", "4h": "4H",
        "6h": "6Hutc", "12h": "12Hutc", "1d": "1Dutc", "1w": "1Wutc", "1M": "1Mutc",
    }  # fmt: skip


@pytest.mark.parametrize("symbol", ["BTCUSDT", "btcusdt", "BTC-USDT", "BTC_USDT", "BTC/USDT"])
def test_symbols_are_spelled_for_each_market(symbol):
    assert (SPOT.spell(symbol), SWAP.spell(symbol)) == ("BTC-USDT", "BTC-USDT-SWAP")


def test_what_is_a_swap_already_stays():
    assert SWAP.spell("btc-usdt-swap") == "BTC-USDT-SWAP"
    with pytest.raises(ValueError, match="write it like BTC-USDT"):
        SPOT.spell("BTC-USDT-SWAP")


def test_what_cannot_be_spelled_says_what_to_do():
    with pytest.raises(ValueError, match=r"symbols: \{FOO: …\}"):
        SWAP.spell("FOO")


@pytest.mark.parametrize("market", ["spot", "swap"])
def test_candles_are_on_the_business_endpoint(market):
    assert OKX(market=market).endpoints() == ("wss://ws.okx.com:8443/ws/v5/business",)
    test = OKX(market=market, environment="test")
    assert test.endpoints() == ("wss://wspap.okx.com:8443/ws/v5/business?brokerId=9999",)


def test_what_is_stated_of_the_server():
    assert (SPOT.closes_by, SPOT.pushes_quiet_minutes, SPOT.needs_contract_size) == ("flag", True, False)
    assert set(SPOT.markets) == {"spot", "swap"}
    with pytest.raises(ValueError, match="okx has no market 'option', only spot and swap"):
        OKX(market="option")


@pytest.mark.parametrize("changes", [('"1800000000000"', '"1.8e12"'), ('{"arg"', '{"event":"error","arg"')])
def test_read_quickly_or_not_a_frame_means_the_same(changes):
    quick = OKX()
    read(quick, SPOT_FRAME)  # from now on it knows the series
    assert read(quick, SPOT_FRAME.replace(*changes)) == read(OKX(), SPOT_FRAME.replace(*changes))
    single = SPOT_FRAME.replace(',["1800000060000","91006.2","91006.2","91006.2","91006.2","0","0","0","0"]', "")
    assert read(quick, single.replace(*changes)) == read(OKX(), single.replace(*changes))
    assert len(bars(quick, single)) == 1
