"""Massive's minute aggregates: what each frame says, and that no frame can do harm."""

from __future__ import annotations

import json

import pytest

from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Authenticated,
    Greeting,
    Ignored,
    Malformed,
    ProtocolEvent,
    ServerError,
)
from wealthsources_websocket.protocols.massive import Massive

from .frames import OPEN, check_deep, check_spoiled, kept, read, read_one, said

READER = Massive()

CONNECTED = '[{"ev":"status","status":"connected","message":"Connected Successfully"}]'
BAR = """[{"ev":"AM","sym":"QQQQ","v":310,"av":88110,"op":7.01,"vw":7.0512,"o":7.05,"c":7.06,"h":7.07,"l":7.04,
"a":7.03,"z":62,"s":1800000000000,"e":1800000060000}]"""
AGAIN = """[{"ev":"AM","sym":"QQQQ","v":350,"av":88150,"op":7.01,"vw":7.0533,"o":7.05,"c":7.06,"h":7.09,"l":7.04,
"a":7.03,"z":58,"s":1800000000000,"e":1800000060000}]"""
FAILED = '[{"ev":"status","status":"auth_failed","message":"authentication failed"}]'
ACK = '[{"ev":"status","status":"success","message":"subscribed to: AM.QQQQ"}]'


def status(name: str, words: str = "") -> ProtocolEvent:
    return read_one(READER, [{"ev": "status", "status": name, "message": words}])


# bars ----------------------------------------------------------------------------------------------------------


def test_a_minute_is_closed_and_holds_no_value_of_the_day():
    assert said(read_one(READER, BAR)) == ("QQQQ", "1m", OPEN, "7.05 7.07 7.04 7.06 310", True)


def test_the_same_minute_again_is_a_correction():
    (bar,) = kept([read_one(READER, BAR), read_one(READER, AGAIN)])
    assert (bar.exact("high"), bar.exact("volume"), bar.revision, bar.closed) == ("7.09", "350", 1, True)


@pytest.mark.parametrize(("good", "bad"), [("1800000060000", "1800000001000"), ('"e":1800000060000', '"f":1')])
def test_a_window_that_is_no_minute_is_no_bar(good, bad):
    event = read_one(READER, BAR.replace(good, bad))
    assert isinstance(event, Malformed)
    assert (event.what, event.symbol, event.timeframe) == ("bad_bar", "QQQQ", "1m")


def test_a_bad_bar_does_not_lose_the_good_one_beside_it():
    bad = BAR[1:-1].replace('"o":7.05', '"o":null')
    spoiled, fine = read(READER, f"[{bad},{AGAIN[1:-1]}]")
    assert isinstance(spoiled, Malformed)
    assert said(fine)[3] == "7.05 7.09 7.04 7.06 350"


# what is no bar ------------------------------------------------------------------------------------------------


def test_the_greeting_and_the_authentication():
    assert read_one(READER, CONNECTED) == Greeting()
    assert status("auth_success", "authenticated") == Authenticated()
    assert READER.greets
    assert json.loads(READER.authentication("KEY", "") or "") == {"action": "auth", "params": "KEY"}
    assert (READER.credential_name, READER.secret_name) == ("api_key", "")


@pytest.mark.parametrize(
    ("name", "words", "kind", "rest"),
    [
        ("auth_failed", "authentication failed", "auth", 0.0),
        ("error", "authentication failed", "auth", 0.0),
        ("error", "not authorized", "auth", 0.0),
        ("error", "unknown action", "", 0.0),
        ("auth_timeout", "No authentication request received.", "", 0.0),
        ("max_connections", "Maximum number of connections exceeded.", "rate", 300.0),
    ],
)
def test_what_a_status_is_about(name, words, kind, rest):
    assert status(name, words) == ServerError(f"{words} ({name})", kind, rest)


def test_a_wrong_key():
    assert read_one(READER, FAILED) == ServerError("authentication failed (auth_failed)", "auth")


def test_an_acknowledgement_names_its_series():
    assert read_one(READER, ACK) == Acknowledged(None, (("QQQQ", "1m"),))
    several = "subscribed to: AM.QQQQ,AM.BRK.B,A.QQQQ"
    assert status("success", several) == Acknowledged(None, (("QQQQ", "1m"), ("BRK.B", "1m")))


@pytest.mark.parametrize(
    "words", ["", "subscribed to:", "subscribed to: T.QQQQ", "unsubscribed to: AM.QQQQ", "AM.QQQQ"]
)
def test_an_acknowledgement_of_nothing_acknowledges_nothing(words):
    assert status("success", words) == Ignored("status success", words)


def test_what_was_not_asked_for_is_ignored():
    assert read_one(READER, '[{"ev":"A","sym":"QQQQ"}]') == Ignored("A")
    assert status("info", "maintenance") == Ignored("status info", "maintenance")
    assert read(READER, "[]") == []


# what is asked for ---------------------------------------------------------------------------------------------


def test_one_text_asks_for_all():
    text = READER.subscription([("AAPL", "1m"), ("MSFT", "1m")], "1", "secret")
    assert json.loads(text) == {"action": "subscribe", "params": "AM.AAPL,AM.MSFT"}


@pytest.mark.parametrize(("symbol", "theirs"), [("aapl", "AAPL"), ("BRK.B", "BRK.B"), ("BACpL", "BACpL")])
def test_symbols_are_in_capitals_but_where_small_letters_mean_something(symbol, theirs):
    assert READER.spell(symbol) == theirs


@pytest.mark.parametrize("symbol", ["*", "AAPL,T.MSFT", "", "A B"])
def test_what_would_subscribe_to_something_else_is_no_symbol(symbol):
    with pytest.raises(ValueError, match="can be no symbol of a stock"):
        READER.spell(symbol)


def test_each_market_has_its_endpoint():
    assert READER.endpoints() == ("wss://socket.massive.com/stocks",)
    assert Massive(market="delayed-stocks").endpoints() == ("wss://delayed.massive.com/stocks",)
    with pytest.raises(ValueError, match="massive has no test environment"):
        Massive(environment="test").endpoints()
    with pytest.raises(ValueError, match="massive has no market 'crypto'"):
        Massive(market="crypto")


def test_what_the_client_must_know():
    assert (READER.closes_by, READER.pushes_quiet_minutes, READER.heartbeat) == ("flag", False, "ping")
    assert list(READER.timeframes) == ["1m"]


def test_no_spoiled_frame_raises_or_gives_another_bar():
    check_spoiled(READER, CONNECTED, BAR, AGAIN, FAILED, ACK)


def test_an_entry_that_is_too_deep_to_be_shown_does_not_lose_the_others():
    check_deep(READER, "ev", BAR[1:-1], 1)
