"""Alpaca's bars: what each frame says, and that no frame can do harm."""

from __future__ import annotations

import json

import pytest

from wealthsources_websocket.protocols.alpaca import Alpaca
from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Authenticated,
    Greeting,
    Ignored,
    Malformed,
    ServerError,
)

from .frames import OPEN, bars, check_deep, check_spoiled, kept, read, read_one, said

READER = Alpaca()
THREE_PM = OPEN + 7 * 3_600_000

CONNECTED = '[{"T":"success","msg":"connected"}]'
BARS = """[{"T":"b","S":"SPY","o":512.305,"h":512.6,"l":512.3,"c":512.41,"v":7301,"n":88,"vw":512.4471,
"t":"2027-01-15T15:00:00Z"},{"T":"b","S":"AAPL","o":200.1,"h":200.2,"l":200.0,"c":200.1,"v":10,"n":2,"vw":200.1,
"t":"2027-01-15T15:00:00Z"}]"""
UPDATED = """[{"T":"u","S":"SPY","o":512.305,"h":512.7,"l":512.3,"c":512.7,"v":7351,"n":89,"vw":512.4488,
"t":"2027-01-15T15:00:00Z"}]"""
DAY = """[{"T":"d","S":"SPY","o":510.0,"h":513.0,"l":509.0,"c":512.7,"v":9000000,"n":90000,"vw":511.9,
"t":"2027-01-15T05:00:00Z"}]"""
LIMIT = '[{"T":"error","code":406,"msg":"connection limit exceeded"}]'
ACK = """[{"T":"subscription","trades":[],"quotes":[],"bars":["SPY","AAPL"],"updatedBars":["SPY","AAPL"],
"dailyBars":[],"statuses":[],"lulds":[],"corrections":[],"cancelErrors":[]}]"""


# bars ----------------------------------------------------------------------------------------------------------


def test_a_frame_of_two_bars_is_two_closed_bars():
    assert bars(READER, BARS) == [
        ("SPY", "1m", THREE_PM, "512.305 512.6 512.3 512.41 7301", True),
        ("AAPL", "1m", THREE_PM, "200.1 200.2 200.0 200.1 10", True),
    ]


def test_an_updated_bar_corrects_the_one_before():
    spy = read(READER, BARS)[0]
    assert said(read_one(READER, UPDATED)) == ("SPY", "1m", THREE_PM, "512.305 512.7 512.3 512.7 7351", True)
    (bar,) = kept([spy, read_one(READER, UPDATED)])
    assert (bar.exact("close"), bar.exact("volume"), bar.revision, bar.closed) == ("512.7", "7351", 1, True)


def test_a_day_is_no_bar_of_ours():
    event = read_one(READER, DAY)
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe, event.open_time) == ("bad_bar", "SPY", "d", 1_799_989_200_000)


def test_a_bar_of_crypto():
    text = '[{"T":"b","S":"BTC/USD","o":91000.1,"h":91010,"l":90990.5,"c":91004,"v":2.5e-4,"t":"2027-01-15T08:00:00Z"}]'
    values = "91000.1 91010 90990.5 91004 2.5e-4"
    assert said(read_one(Alpaca(market="crypto"), text)) == ("BTC/USD", "1m", OPEN, values, True)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ('"o":512.305', '"o":"x"'),
        ('"h":512.6,', ""),
        ('"S":"SPY",', ""),
        ("15:00:00Z", "15:00"),
        ('"c":512.41', '"c":[]'),
    ],
)
def test_a_bad_bar_does_not_lose_the_good_one_beside_it(good, bad):
    spoiled, fine = read(READER, BARS.replace(good, bad, 1))
    assert isinstance(spoiled, Malformed)
    assert (spoiled.what, spoiled.timeframe) == ("bad_bar", "1m")
    assert spoiled.symbol == ("SPY" if "SPY" not in good else "")
    assert said(fine)[0] == "AAPL"


# what is no bar ------------------------------------------------------------------------------------------------


def test_the_greeting_and_the_authentication():
    assert read_one(READER, CONNECTED) == Greeting()
    assert read_one(READER, '[{"T":"success","msg":"authenticated"}]') == Authenticated()
    assert read_one(READER, '{"T":"success","msg":"connected"}') == Greeting()  # a list of one, says the documentation
    assert READER.greets
    assert json.loads(READER.authentication("k", "s") or "") == {"action": "auth", "key": "k", "secret": "s"}
    assert (READER.credential_name, READER.secret_name) == ("api_key", "api_secret")


def test_an_acknowledgement_lists_what_is_subscribed():
    assert read_one(READER, ACK) == Acknowledged(None, (("SPY", "1m"), ("AAPL", "1m")))


def test_an_acknowledgement_of_no_bars_acknowledges_none():
    assert read_one(READER, '[{"T":"subscription","trades":[],"bars":[]}]') == Ignored("subscription to no bars")


@pytest.mark.parametrize("listed", ["null", '"SPY"', "[1]", '[""]', "{}"])
def test_an_acknowledgement_that_cannot_be_read_acknowledges_none(listed):
    assert isinstance(read_one(READER, f'[{{"T":"subscription","bars":{listed}}}]'), Malformed)


@pytest.mark.parametrize(
    ("code", "words", "kind", "rest"),
    [
        (400, "invalid syntax", "subscription", 0.0),
        (401, "not authenticated", "auth", 0.0),
        (402, "auth failed", "auth", 0.0),
        (404, "auth timeout", "", 0.0),
        (405, "symbol limit exceeded", "subscription", 0.0),
        (406, "connection limit exceeded", "rate", 300.0),
        (407, "slow client", "", 0.0),
        (409, "insufficient subscription", "auth", 0.0),
        (500, "internal error", "", 0.0),
        (999, "what is this", "", 0.0),
    ],
)
def test_what_an_error_is_about_is_told_by_its_code(code, words, kind, rest):
    text = f'[{{"T":"error","code":{code},"msg":"{words}"}}]'
    assert read_one(READER, text) == ServerError(f"{words} (code {code})", kind, rest)


def test_the_error_for_a_second_connection():
    assert read_one(READER, LIMIT) == ServerError("connection limit exceeded (code 406)", "rate", 300.0)


@pytest.mark.parametrize("code", ["null", '"406"', "[]", "4.5", "true"])
def test_a_code_that_is_none_is_about_nothing(code):
    event = read_one(READER, f'[{{"T":"error","code":{code}}}]')
    assert isinstance(event, ServerError)
    assert event.kind == ""


def test_what_was_not_asked_for_is_ignored():
    message = [{"T": "t", "S": "SPY", "p": 1}, {"T": "success", "msg": "new"}]
    assert read(READER, message) == [Ignored("t"), Ignored("success", "new")]
    assert read(READER, "[]") == []


# what is asked for ---------------------------------------------------------------------------------------------


def test_one_text_asks_for_all():
    series = [("SPY", "1m"), ("AAPL", "1m")]
    assert [tuple(batch) for batch in READER.batches(series)] == [tuple(series)]
    asked = {"action": "subscribe", "bars": ["SPY", "AAPL"], "updatedBars": ["SPY", "AAPL"]}
    assert json.loads(READER.subscription(series, "1", "secret")) == asked


@pytest.mark.parametrize(
    ("market", "symbol", "theirs"),
    [
        ("iex", "spy", "SPY"),
        ("sip", "BRK.B", "BRK.B"),
        ("iex", "BCpC", "BCpC"),
        ("crypto", "BTCUSD", "BTC/USD"),
        ("crypto", "eth-btc", "ETH/BTC"),
    ],
)
def test_symbols_are_spelled_as_the_market_does(market, symbol, theirs):
    assert Alpaca(market=market).spell(symbol) == theirs


@pytest.mark.parametrize(
    ("market", "path"),
    [
        ("iex", "v2/iex"),
        ("sip", "v2/sip"),
        ("delayed_sip", "v2/delayed_sip"),
        ("test", "v2/test"),
        ("crypto", "v1beta3/crypto/us"),
    ],
)
def test_each_market_has_its_endpoint(market, path):
    sandbox = "" if market == "test" else "sandbox."
    assert Alpaca(market=market).endpoints() == (f"wss://stream.data.alpaca.markets/{path}",)
    test = Alpaca(market=market, environment="test")
    assert test.endpoints() == (f"wss://stream.data.{sandbox}alpaca.markets/{path}",)


def test_what_the_client_must_know():
    assert READER.market == "iex"
    assert (READER.closes_by, READER.pushes_quiet_minutes, READER.heartbeat) == ("flag", False, "ping")
    assert list(READER.timeframes) == ["1m"]
    with pytest.raises(ValueError, match="alpaca has no market 'otc'"):
        Alpaca(market="otc")


def test_no_spoiled_frame_raises_or_gives_another_bar():
    check_spoiled(READER, CONNECTED, BARS, UPDATED, DAY, LIMIT, ACK)


def test_an_entry_that_is_too_deep_to_be_shown_does_not_lose_the_others():
    check_deep(READER, "T", BARS[1:-1], 2)
