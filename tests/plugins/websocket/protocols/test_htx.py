"""HTX's klines: what each frame says, and that no frame can do harm."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Ignored,
    Malformed,
    ProtocolEvent,
    Refused,
    Reply,
    ServerError,
)
from wealthsources_websocket.protocols.htx import HTX

from .frames import MINUTE, OPEN, check_spoiled, kept, only, said

READER = HTX()
MOST = 100_000

PING = '{"ping":1800000031001}'
FORMING = """{"ch":"market.btcusdt.kline.1min","ts":1800000031794,"tick":{"id":1800000000,"open":91000.1,"close":91004,
"low":90990.5,"high":91010,"amount":12.50012345678901234567,"vol":1137551.25,"count":20}}"""
QUIET = """{"ch":"market.btcusdt.kline.1min","ts":1800000061794,"tick":{"id":1800000060,"open":91006.2,"close":91006.2,
"low":91006.2,"high":91006.2,"amount":0,"vol":0,"count":0}}"""
REFUSAL = """{"id":"1","status":"error","err-code":"bad-request","err-msg":"invalid topic market.btcusdt.kline.3min",
"ts":1800000000000}"""
ACK = '{"id":"1","status":"ok","subbed":"market.btcusdt.kline.1min","ts":1800000000000}'


def read(text: str, reader: HTX = READER) -> Sequence[ProtocolEvent]:
    events = reader.read_binary(gzip.compress(text.encode()), MOST)
    assert events is not None
    assert events == reader.read(text.encode())  # as a text it would say the same
    return events


# bars ----------------------------------------------------------------------------------------------------------


def test_a_bar_keeps_all_its_digits_and_has_no_flag():
    values = "91000.1 91010 90990.5 91004 12.50012345678901234567"
    assert said(only(read(FORMING))) == ("btcusdt", "1m", OPEN, values, None)


def test_a_quiet_minute_closes_the_one_before():
    bars = kept([only(read(FORMING)), only(read(QUIET))])
    assert said(only(read(QUIET)))[2:4] == (OPEN + MINUTE, "91006.2 91006.2 91006.2 91006.2 0")
    assert [bool(bar.closed) for bar in bars] == [True, False]


def test_the_volume_of_swaps_is_in_the_base_too():
    text = """{"ch":"market.BTC-USDT.kline.60min","ts":1,"tick":{"id":1800000000,"mrid":1,"open":1,"close":1,"low":1,
    "high":1,"amount":291.068,"vol":291068,"trade_turnover":22336228,"count":7665}}"""
    assert said(only(read(text, HTX(market="linear-swap")))) == ("BTC-USDT", "1h", OPEN, "1 1 1 1 291.068", None)


@pytest.mark.parametrize("timeframe", READER.timeframes)
def test_timeframes_are_read_as_they_are_asked_for(timeframe):
    asked = json.loads(READER.subscription([("btcusdt", timeframe)], "1", ""))["sub"]
    assert said(only(read(FORMING.replace("market.btcusdt.kline.1min", asked))))[1] == timeframe


@pytest.mark.parametrize("theirs", ["1day", "1week", "1mon", "1year", "2min", "1MIN"])
def test_a_window_that_is_not_ours_is_no_bar(theirs):
    event = only(read(FORMING.replace("1min", theirs)))
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe, event.open_time) == ("bad_bar", "btcusdt", theirs, OPEN)


def test_closed_bars_only_are_closed():
    assert said(only(read(FORMING, HTX(push_closed=True))))[4] is True


# what is no bar ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ping", "pong"),
    [
        (PING, '{"pong": 1800000031001}'),
        ('{"action":"ping","data":{"ts":7}}', '{"action": "pong", "data": {"ts": 7}}'),
        ('{"op":"ping","ts":"1800000031001"}', '{"op": "pong", "ts": "1800000031001"}'),
    ],
)
def test_a_ping_is_answered_with_what_it_holds(ping, pong):
    assert read(ping) == (Reply(pong),)


@pytest.mark.parametrize("ping", ['{"ping":null}', '{"ping":"x"}', '{"ping":{}}', '{"ping":1.5}', '{"action":"ping"}'])
def test_a_ping_without_a_number_has_no_answer(ping):
    assert isinstance(only(read(ping)), Malformed)


def test_an_acknowledgement_names_its_request_and_its_series():
    assert read(ACK) == (Acknowledged("1", (("btcusdt", "1m"),)),)
    assert read(ACK.replace('"id":"1",', "")) == (Acknowledged(None, (("btcusdt", "1m"),)),)
    assert read(ACK.replace("kline.1min", "depth.step0")) == (Acknowledged("1"),)


def test_an_acknowledgement_that_names_nothing_is_for_nothing():
    text = ACK.replace('"id":"1",', "").replace("kline.1min", "depth.step0")
    assert read(text) == (Ignored("subbed market.btcusdt.depth.step0"),)


def test_a_refusal_names_its_request():
    words = "invalid topic market.btcusdt.kline.3min (bad-request)"
    assert read(REFUSAL) == (Refused(words, "1"),)
    assert read(REFUSAL.replace('"id":"1",', "")) == (ServerError(words),)


def test_a_refusal_without_a_request_names_its_series():
    text = REFUSAL.replace('"id":"1",', "").replace("3min", "1min").replace("topic", "symbol")
    words = "invalid symbol market.btcusdt.kline.1min (bad-request)"
    assert read(text) == (Refused(words, None, (("btcusdt", "1m"),)),)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"ch":"market.btcusdt.detail","ts":1,"tick":{"id":1}}', "market.btcusdt.detail"),
        ('{"id":"1","status":"ok","unsubbed":"market.btcusdt.kline.1min"}', "id, status, unsubbed"),
        ('{"rep":"market.btcusdt.kline.1min","status":"ok","data":[]}', "rep, status, data"),
        ('{"action":"push","ch":"x"}', "push"),
    ],
)
def test_what_was_not_asked_for_is_ignored(text, kind):
    assert read(text) == (Ignored(kind),)


# what is asked for ---------------------------------------------------------------------------------------------


def test_each_series_has_a_text_of_its_own():
    series = [("btcusdt", "1m"), ("ethusdt", "4h")]
    texts = [READER.subscription(batch, str(n), "") for n, batch in enumerate(READER.batches(series), 1)]
    assert texts == [
        '{"sub": "market.btcusdt.kline.1min", "id": "1"}',
        '{"sub": "market.ethusdt.kline.4hour", "id": "2"}',
    ]


@pytest.mark.parametrize(
    ("market", "symbol", "theirs"),
    [
        ("spot", "BTCUSDT", "btcusdt"),
        ("spot", "BTC-USDT", "btcusdt"),
        ("spot", "eth/btc", "ethbtc"),
        ("linear-swap", "BTCUSDT", "BTC-USDT"),
        ("linear-swap", "btc_usdt", "BTC-USDT"),
        ("linear-swap", "BTC-USDT-270326", "BTC-USDT-270326"),
    ],
)
def test_symbols_are_spelled_as_the_market_does(market, symbol, theirs):
    assert HTX(market=market).spell(symbol) == theirs


def test_a_swap_whose_base_cannot_be_told_is_refused():
    with pytest.raises(ValueError, match="where its base ends"):
        HTX(market="linear-swap").spell("FOO")


def test_each_market_has_its_endpoints():
    assert READER.endpoints() == ("wss://api.huobi.pro/ws", "wss://api-aws.huobi.pro/ws")
    assert HTX(market="linear-swap").endpoints()[0] == "wss://api.hbdm.vn/linear-swap-ws"
    with pytest.raises(ValueError, match="htx has no test environment"):
        HTX(environment="test").endpoints()
    with pytest.raises(ValueError, match="htx has no market 'swap', only spot and linear-swap"):
        HTX(market="swap")


def test_what_the_client_must_know():
    assert (READER.closes_by, READER.pushes_quiet_minutes, READER.heartbeat) == ("successor", True, "none")


# what is wrong -------------------------------------------------------------------------------------------------


def test_no_spoiled_frame_raises_or_gives_another_bar():
    check_spoiled(READER, FORMING, QUIET, PING, ACK, REFUSAL)


def test_gzip_that_is_cut_short_says_so_wherever_it_is_cut():
    packed = gzip.compress(FORMING.encode())
    for end in range(len(packed)):
        event = only(READER.read_binary(packed[:end], MOST) or ())
        assert isinstance(event, Malformed)
        assert event.what == "bad_message"


@pytest.mark.parametrize("size", [MOST + 1, 10_000_000])
def test_a_bomb_is_not_inflated(size):
    event = only(READER.read_binary(gzip.compress(b" " * size), MOST) or ())
    assert isinstance(event, Malformed)
    assert "gzip" in event.why or "max_message" in event.why


def test_what_is_not_gzip_says_so():
    event = only(READER.read_binary(FORMING.encode(), MOST) or ())
    assert isinstance(event, Malformed)
    assert event.why.startswith("not gzip")


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_no_bytes_raise(head, tail):
    READER.read_binary(head, MOST)
    READER.read_binary(gzip.compress(head)[:10] + tail, MOST)
    READER.read_binary(gzip.compress(head + tail), MOST)
