"""The wire protocol: what a frame says, and that no frame can do harm."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from wealthsources import Bar
from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    BarMessage,
    Ignored,
    Malformed,
    ProtocolEvent,
    Reply,
    ServerError,
)
from wealthsources_websocket.protocols.wealthai import WealthAI

from ....support.bars import HOUR
from ....support.laws import tries
from .frames import kept

OPEN = 1_700_002_800_000
BAR = {
    "type": "BAR",
    "symbol": "BTCUSDT",
    "timeframe": "1h",
    "open_time": OPEN,
    "close_time": OPEN + HOUR,
    "open": "10.50",
    "high": "12",
    "low": "9.000",
    "close": "11.1",
    "volume": "0.123456",
}
PRICES = ("open", "high", "low", "close", "volume")
READER = WealthAI()


def read(message: object, reader: WealthAI = READER) -> list[ProtocolEvent]:
    """The events of a message, given as bytes, as JSON text or as what JSON says."""
    if not isinstance(message, str | bytes):
        message = json.dumps(message)
    return list(reader.read(message.encode() if isinstance(message, str) else message))


def read_one(message: object, reader: WealthAI = READER) -> ProtocolEvent:
    (event,) = read(message, reader)
    return event


def bar(**changes: Any) -> dict[str, Any]:
    """The message of a bar; a field that is changed to ... is left out."""
    return {name: value for name, value in (BAR | changes).items() if value is not ...}


def read_bar(**changes: Any) -> BarMessage:
    event = read_one(bar(**changes))
    assert isinstance(event, BarMessage), event
    return event


def stored(message: BarMessage) -> Bar:
    """What a series holds of a message."""
    return kept([message])[0]


# a bar ---------------------------------------------------------------------------------------------------------


def test_a_bar_is_read_as_it_was_sent():
    message = read_bar()
    assert (message.symbol, message.timeframe) == ("BTCUSDT", "1h")
    assert (message.open_time, message.close_time) == (OPEN, OPEN + HOUR)
    assert message.values == (10.5, 12.0, 9.0, 11.1, 0.123456)
    assert message.closed is None


def test_resolution_is_another_word_for_timeframe():
    assert read_bar(timeframe=..., resolution="1h") == read_bar()


@pytest.mark.parametrize("name", ["1m", "3m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1M"])
def test_every_timeframe_of_the_server_is_known(name):
    monday_and_first = 1_696_204_800_000 if name == "1w" else 1_696_118_400_000
    assert read_bar(timeframe=name, open_time=monday_and_first).timeframe == name


@pytest.mark.parametrize("close_time", [OPEN + HOUR, OPEN + HOUR - 1, OPEN + 5, 1_700_006_400, -1])
def test_close_time_is_kept_as_sent(close_time):
    assert read_bar(close_time=close_time).close_time == close_time


@pytest.mark.parametrize("close_time", [..., None])
def test_a_close_time_that_is_missing_is_the_end_of_the_bar(close_time):
    assert read_bar(close_time=close_time).close_time == OPEN + HOUR


@pytest.mark.parametrize("close_time", ["soon", 1 << 63, True, [1]])
def test_a_close_time_that_is_none_is_zero(close_time):
    assert read_bar(close_time=close_time).close_time == 0


@pytest.mark.parametrize("flag", ["is_closed", "closed", "x", "final", "confirm"])
@pytest.mark.parametrize(
    ("value", "closed"),
    [(True, True), (1, True), ("1", True), ("true", True), (False, False), (0, False), ("0", False), ("false", False)],
)
def test_the_closed_flag_is_read_under_each_of_its_names(flag, value, closed):
    assert read_bar(**{flag: value}).closed is closed


@pytest.mark.parametrize("value", ["yes", 2, "", [], {}, 1.0])
def test_a_closed_flag_that_is_neither_true_nor_false_is_not_guessed(value):
    event = read_one(bar(is_closed=value))
    assert isinstance(event, Malformed)
    assert event.what == "bad_bar"
    assert event.why.startswith("closed flag: ")


@pytest.mark.parametrize(("flag", "closed"), [({}, True), ({"is_closed": True}, True), ({"is_closed": False}, False)])
def test_a_server_that_pushes_closed_bars_closes_every_bar_but_one_that_it_says_is_not(flag, closed):
    event = read_one(bar(**flag), WealthAI(push_closed=True))
    assert isinstance(event, BarMessage)
    assert event.closed is closed


def test_text_that_is_nothing_like_a_message_is_told_apart():
    assert [event.may_be_bar for text in (b"ping", b"", b"{", b" [") for event in WealthAI().read(text)] == [
        False,
        False,
        True,
        True,
    ]


# its numbers ---------------------------------------------------------------------------------------------------

DIGITS = "[0-9]{1,20}"
DECIMALS = st.one_of(
    st.from_regex(r"[1-9][0-9]{0,5}\.[0-9]{1,8}", fullmatch=True),  # what servers send
    st.from_regex(rf"\+?{DIGITS}(\.[0-9]{{0,18}})?(e[+-]?[0-9]{{1,2}})?", fullmatch=True),
    st.from_regex(r"\.[0-9]{1,39}", fullmatch=True),
    st.from_regex(r"[0-9]{1,40}", fullmatch=True),
    st.from_regex(r"0\.[0-9]{1,38}", fullmatch=True),
    st.from_regex(r"9[0-9]{14,15}", fullmatch=True),  # around the 15 digits that a float keeps
    st.from_regex(r"[0-9]{1,9}\.[0-9]{5,9}", fullmatch=True),
).filter(lambda text: len(text) <= 40)
PRICE_TEXTS = st.lists(DECIMALS.filter(lambda text: float(text) > 0), min_size=4, max_size=4)


@given(DECIMALS)
def test_any_decimal_text_comes_back_exactly(text):
    held = stored(read_bar(volume=text))
    assert (held.exact("volume"), held.volume) == (text, float(text))


@settings(max_examples=tries(20))
@given(PRICE_TEXTS, DECIMALS)
def test_each_text_comes_back_from_its_own_field(prices, volume):
    low, first, last, high = sorted(prices, key=float)
    texts = {"open": first, "high": high, "low": low, "close": last, "volume": volume}
    held = stored(read_bar(**texts))
    assert {name: held.exact(name) for name in texts} == texts
    assert {name: getattr(held, name) for name in texts} == {name: float(text) for name, text in texts.items()}


@settings(max_examples=tries(20))
@given(st.lists(DECIMALS, min_size=1, max_size=6))
def test_what_was_read_before_changes_nothing(volumes):
    messages = [bar(volume=volume) for volume in volumes]
    wanted = [read_one(message, WealthAI()) for message in messages]
    reader = WealthAI()
    for _ in range(2):
        assert [read_one(message, reader) for message in messages] == wanted


@given(st.integers(1, 10**18))
def test_a_whole_number_comes_back_exactly(number):
    held = stored(read_bar(open=number, high=number, low=number, close=number))
    assert held.exact("close") == str(number)


def test_a_json_number_keeps_its_digits():
    message = json.dumps(bar(volume="VOLUME")).replace('"VOLUME"', "0.12345678901234567890")
    event = read_one(message)
    assert isinstance(event, BarMessage)
    assert stored(event).exact("volume") == "0.12345678901234567890"


def test_numbers_and_texts_of_the_same_digits_are_the_same_bar():
    texts = {"open": "10.25", "high": "12", "low": "9.5", "close": "11", "volume": "3"}
    numbers = {"open": 10.25, "high": 12, "low": 9.5, "close": 11, "volume": 3}
    assert read_bar(**numbers) == read_bar(**texts)


NOT_NUMBERS = ["", " ", ".", "-", "abc", "1.2.3", "1,5", "0x10", "1_000", " 1", "1 ", "NaN", "nan", "inf", "-Infinity"]
NOT_NUMBERS += ["١٢٣", "1²", "1e400", "1e9999", "1" * 41, None, ..., True, False, [], {}, ["1"]]


@pytest.mark.parametrize("field", PRICES)
@pytest.mark.parametrize("value", NOT_NUMBERS, ids=repr)
def test_what_is_no_number_is_refused_by_the_name_of_its_field(field, value):
    event = read_one(bar(**{field: value}))
    assert isinstance(event, Malformed)
    assert event.what == "bad_bar"
    assert event.why.startswith(f"{field}: ")


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_constant_that_is_not_json_makes_a_bad_message(constant):
    event = read_one(json.dumps(bar(close="HERE")).replace('"HERE"', constant))
    assert isinstance(event, Malformed)
    assert event.what == "bad_message"


@pytest.mark.parametrize(
    "changes", [{"low": "0"}, {"low": "-1"}, {"low": -1.5}, {"volume": "-1"}, {"high": "8"}, {"close": "12.5"}], ids=str
)
def test_what_the_rules_about_bars_say_to_it_is_not_judged_here(changes):
    field, value = next(iter(changes.items()))
    assert read_bar(**changes).values[PRICES.index(field)] == float(value)


def test_all_prices_may_be_one():
    assert read_bar(open="5", high="5", low="5", close="5").values[:4] == (5.0, 5.0, 5.0, 5.0)


@pytest.mark.parametrize("text", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"])
@pytest.mark.parametrize("place", [b"BTCUSDT", b"10.50", b"BAR"])
def test_text_that_is_no_utf8_makes_a_bad_message(place, text):
    event = read_one(json.dumps(BAR).encode().replace(place, text))
    assert isinstance(event, Malformed)
    assert event.what == "bad_message"


# its name and time ---------------------------------------------------------------------------------------------

NO_TIMES = [None, ..., "", "soon", str(OPEN), OPEN / 1000, OPEN + 0.5, True, []]


@pytest.mark.parametrize("open_time", NO_TIMES, ids=repr)
@pytest.mark.parametrize("kind", ["BAR", "KLINE"])
def test_what_is_no_time_in_ms_is_refused(kind, open_time):
    event = read_one(bar(type=kind, open_time=open_time))
    assert isinstance(event, Malformed)
    assert event.what == "bad_bar"
    assert event.why.startswith("open_time: ")


@pytest.mark.parametrize(
    ("timeframe", "open_time"),
    [("1h", OPEN + 1), ("1w", OPEN), ("1M", OPEN), ("1h", OPEN // 1000), ("1M", OPEN * 1000), ("1M", 0)],
)
@pytest.mark.parametrize("close_time", [OPEN, ...], ids=["with a close time", "without"])
def test_whether_a_bar_can_open_then_is_not_judged_here(timeframe, open_time, close_time):
    assert read_bar(timeframe=timeframe, open_time=open_time, close_time=close_time).open_time == open_time


@pytest.mark.parametrize("name", ["60m", "1H", "60min", "1hour", "H1"])
def test_another_name_of_a_timeframe_is_read_where_it_can_mean_no_other(name):
    assert read_bar(timeframe=name).timeframe == name
    assert read_bar(timeframe=..., resolution=name).timeframe == name
    assert read_bar(timeframe="1h", resolution=name) == read_bar()


def test_two_names_of_two_timeframes_differ():
    event = read_one(bar(timeframe="1h", resolution="2h"))
    assert isinstance(event, Malformed)
    assert event.why == "timeframe and resolution differ"


@pytest.mark.parametrize("timeframe", ["5x", "60", "3600", "1h ", "", None, ..., 60, ["1h"], {}], ids=repr)
def test_what_is_no_timeframe_is_refused(timeframe):
    event = read_one(bar(timeframe=timeframe))
    assert isinstance(event, Malformed)
    assert event.what == "bad_bar"
    assert event.why.startswith("timeframe: ")


def test_a_minute_is_no_month():
    assert read_bar(timeframe="1m").timeframe == "1m"
    assert read_bar(timeframe="1M").timeframe == "1M"


@pytest.mark.parametrize("symbol", ["", None, ..., 5, ["BTCUSDT"], {}, True], ids=repr)
def test_a_bar_without_a_symbol_is_refused(symbol):
    event = read_one(bar(symbol=symbol))
    assert isinstance(event, Malformed)
    assert event.what == "bad_bar"
    assert event.why.startswith("symbol: ")


@pytest.mark.parametrize("mistake", [{"open_time": 0.5}, {"open_time": "5"}, {"close": "x"}, {"high": ""}, {"x": 2}])
def test_a_refused_bar_says_which_series_it_was_for(mistake):
    event = read_one(bar(**mistake))
    assert isinstance(event, Malformed)
    assert (event.symbol, event.timeframe) == ("BTCUSDT", "1h")


@pytest.mark.parametrize("mistake", [{"symbol": 5}, {"timeframe": 5}])
def test_a_bar_of_no_series_is_for_none(mistake):
    event = read_one(bar(**mistake))
    assert isinstance(event, Malformed)
    assert "" in (event.symbol, event.timeframe)


SCALARS_OF_A_PING = (
    st.text() | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
)

# other messages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "event"),
    [
        ({"type": "CONNECTED"}, Acknowledged(None)),
        ({"type": "CONNECTED", "request_id": "7"}, Acknowledged("7")),
        ({"type": "CONNECTED", "request_id": 7}, Acknowledged("7")),
        ({"type": "CONNECTED", "request_id": "7", "data": []}, Acknowledged("7")),
        ({"type": "ERROR", "message": "bad csrf"}, ServerError("bad csrf", "auth")),
        ({"type": "ERROR", "message": "bad csrf", "data": [1]}, ServerError("bad csrf", "auth")),
        ({"type": "PING"}, Reply('{"type": "PONG"}')),
        ({"type": "PING", "bars": []}, Reply('{"type": "PONG"}')),
        ({"type": "PONG"}, Alive()),
        ({"type": "TRADE", "price": "1"}, Ignored("TRADE")),
        ({"type": "error", "message": "no such\nsymbol"}, Ignored("error", "no such symbol")),
        ({"type": "NOTICE", "text": "maintenance"}, Ignored("NOTICE", "maintenance")),
        ({"type": "NOTICE", "message": {"text": "nested"}}, Ignored("NOTICE")),
        ({"type": "bar"}, Ignored("bar")),
        ({}, Ignored("without type")),
        ({"ping": 1_700_000_000_123}, Ignored("without type (ping)")),
        ({"op": "ping", "args": [1]}, Ignored("without type (op=ping, args)")),
        ({"stream": "x@kline_1m", "data": BAR}, Ignored("without type (stream, data)")),
        ({"e": "kline", "s": "BTCUSDT", "k": {"t": 1}}, Ignored("without type (e=kline, s, k)")),
    ],
    ids=str,
)
def test_a_message_that_is_no_bar_is_what_its_type_says(message, event):
    assert read_one(message) == event


@pytest.mark.parametrize(
    "given",
    [
        {"request_id": "77"},
        {"id": 77},
        {"ts": 1_700_000_000_123, "pingId": "a-b"},
        {"request_id": "q\"u'o\\te", "half": 0.5, "yes": True},
    ],
)
def test_what_a_ping_says_is_given_back_with_the_answer(given):
    for event in (read_one({"type": "PING"} | given), read([{"type": "PING"} | given, {}])[0]):
        assert isinstance(event, Reply)
        assert json.loads(event.text) == {"type": "PONG"} | given


def test_what_a_ping_may_have_given_back_is_small():
    many = {f"field {number}": "x" for number in range(50)}
    event = read_one({"type": "PING", "id": 5, "nested": {"a": 1}, "long": "x" * 10_000} | many)
    assert isinstance(event, Reply)
    answer = json.loads(event.text)
    assert (answer["id"], "nested" in answer, "long" in answer, len(answer) <= 8) == (5, False, False, True)


def test_a_number_that_is_none_here_is_not_given_back():
    event = read_one('{"type": "PING", "id": 5, "large": 1e400}')
    assert event == Reply('{"type": "PONG", "id": 5}')


@given(st.dictionaries(st.text(), SCALARS_OF_A_PING))
def test_no_ping_makes_an_answer_that_is_long_or_no_json(fields):
    event = read_one({**fields, "type": "PING"})
    assert isinstance(event, Reply)
    assert json.loads(event.text)["type"] == "PONG"
    assert len(event.text) < 10_000


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()).filter(lambda fields: "type" not in fields))
def test_a_message_without_type_is_called_by_its_fields_in_one_short_line(fields):
    fields = {name: value for name, value in fields.items() if name not in ("open_time", "data", "bars")}
    event = read_one(fields)
    assert isinstance(event, Ignored)
    assert event.kind.startswith("without type")
    assert len(event.kind) <= 120
    assert event.kind.isprintable()


def test_plain_text_is_called_so():
    (event,) = WealthAI().read(b"ping")
    assert event == Malformed("bad_message", "plain text b'ping'", may_be_bar=False)


def test_an_error_of_the_server_is_one_short_line():
    event = read_one({"type": "ERROR", "message": "a\nb\t" + "c" * 10_000})
    assert isinstance(event, ServerError)
    assert event.message.startswith("a b c")
    assert len(event.message) <= 120


def test_a_bar_without_type_is_a_bar():
    assert read_bar(type=...) == read_bar()


def test_unknown_keys_of_a_bar_are_ignored():
    assert read_bar(trades=[1, {"a": None}], spread="0.1", nested={"type": "ERROR"}) == read_bar()


def test_the_subscription_is_what_the_server_wants():
    series = [(symbol, timeframe) for symbol in ("BTCUSDT", "ETHUSDT") for timeframe in ("1m", "1h")]
    text = WealthAI(market="binance-testnet").subscription(series, "1", "to'k\"en")
    assert json.loads(text) == {
        "type": "CONNECT",
        "request_id": "1",
        "symbols": ["BTCUSDT", "ETHUSDT"],
        "resolutions": ["1m", "1h"],
        "csrf_token": "to'k\"en",
        "market_type": "binance-testnet",
    }


# laws ----------------------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 64) - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))
#: Bars as they come, with up to three fields wrong in some way; never with a batch inside.
BARS = st.builds(
    lambda changes, left_out: {key: value for key, value in (BAR | changes).items() if key not in left_out | {"type"}},
    st.dictionaries(
        st.sampled_from([*BAR, "resolution", "is_closed", "x", "extra"]),
        SCALARS | st.sampled_from(["1h", "1d", OPEN, OPEN + HOUR, "10", 10.5, 11]),
        max_size=3,
    ),
    st.sets(st.sampled_from(list(BAR)), max_size=2),
)
MESSAGES = st.one_of(
    BARS.map(lambda fields: {"type": "BAR"} | fields),
    st.sampled_from([{"type": "CONNECTED"}, {"type": "ERROR", "message": "no"}, {"type": "PING"}, {"type": "X"}, {}]),
    st.dictionaries(
        st.sampled_from([*BAR, "resolution", "data", "bars", "message", "request_id", "closed", "final"]),
        VALUES | st.sampled_from(["BAR", "KLINE", "CONNECTED", "ERROR", "PING", "1h", OPEN]),
    ),
)
EVENTS = (BarMessage, Acknowledged, ServerError, Reply, Ignored, Malformed)


def harmless(data: bytes) -> None:
    """Reading ends in events, and what is told of a bad message is one short line."""
    for event in READER.read(data):
        assert isinstance(event, EVENTS)
        if isinstance(event, Malformed):
            assert event.what in ("bad_message", "bad_bar")
            assert len(event.why) <= 300
            assert "\n" not in event.why


@given(st.binary(max_size=200))
def test_no_bytes_raise(data):
    harmless(data)


NO_JSON = st.sampled_from([float("nan"), float("inf"), 1 << 64, 10**400, 1e308])


@given(MESSAGES | st.lists(MESSAGES, max_size=4) | VALUES | st.dictionaries(st.sampled_from([*BAR]), NO_JSON))
def test_no_json_raises(value):
    harmless(json.dumps(value).encode())


@given(st.binary(max_size=3), st.integers(0, 150), MESSAGES)
def test_no_damage_to_a_message_raises(noise, place, message):
    data = json.dumps(message).encode()
    harmless(data[:place] + noise + data[place + len(noise) :])


@pytest.mark.parametrize("field", ["type", "symbol", "timeframe", "open_time", "open", "closed", "message", "data"])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_no_depth_of_nesting_raises(field, left, right):
    rest = json.dumps({name: value for name, value in (BAR | {"type": "ERROR"}).items() if name != field})[1:]
    # About 1000 is where the recursion limit is; just below it, reading succeeds and showing what was read does not.
    for depth in (1, 100, *range(900, 1000), 10_000, 100_000):
        harmless(f'{{"{field}": {left * depth}1{right * depth}, {rest}'.encode())
        harmless((f'{{"type": "BAR", "{field}": {left * depth}1{right * depth}' + "}").encode())


def test_a_message_that_was_cut_off_anywhere_is_bad():
    whole = json.dumps(BAR)
    for length in range(len(whole)):
        event = read_one(whole[:length])
        assert isinstance(event, Malformed)
        assert event.what == "bad_message"


@given(st.lists(MESSAGES, max_size=6), st.sampled_from(["", " ", "\r\n\t"]))
def test_an_array_is_its_messages_one_by_one(messages, before):
    singly = [event for message in messages for event in read(message)]
    assert read(before + json.dumps(messages)) == singly


@given(st.lists(BARS, max_size=6), st.sampled_from(["data", "bars"]), st.sampled_from(["BAR", "KLINE", "BARS", None]))
def test_a_batch_is_its_bars_one_by_one(bars, key, kind):
    singly = [read_one({"type": "KLINE"} | fields) for fields in bars]
    assert read({"type": kind, key: bars}) == singly


@given(st.lists(BARS, max_size=4), st.sampled_from(["timeframe", "resolution"]))
def test_a_batch_may_say_symbol_and_timeframe_once(bars, name):
    for fields in bars:
        for each in ("symbol", "timeframe", "resolution"):
            fields.pop(each, None)
    singly = [read_one({"type": "BAR", "symbol": "ETHUSDT", "timeframe": "4h"} | fields) for fields in bars]
    assert read({"type": "KLINE", "symbol": "ETHUSDT", name: "4h", "data": bars}) == singly


def test_a_bad_bar_of_a_batch_takes_no_other_with_it():
    events = read({"type": "BAR", "data": [bar(), 5, None, bar(high=""), [bar()], bar()]})
    assert [type(event) for event in events] == [BarMessage, Malformed, Malformed, Malformed, Malformed, BarMessage]


@given(BARS | st.lists(BARS, max_size=3).map(lambda bars: {"bars": bars}))
def test_kline_is_another_word_for_bar(fields):
    assert read({"type": "KLINE"} | fields) == read({"type": "BAR"} | fields)


# What a message says twice.


@pytest.mark.parametrize("name", ["close", "open_time", "symbol", "type", "is_closed"])
def test_a_message_that_says_something_twice_is_not_used(name):
    whole = bar(is_closed=True)
    data = json.dumps(whole).encode()
    twice = data[:-1] + b', "' + name.encode() + b'": ' + json.dumps(whole[name]).encode() + b"}"
    (event,) = WealthAI().read(twice)
    assert isinstance(event, Malformed)
    assert (event.what, name in event.why, event.symbol) == ("bad_message", True, "")


def test_a_bar_in_a_batch_that_says_something_twice_spoils_the_message():
    inner = json.dumps(bar()).encode()[:-1] + b', "close": "1"}'
    (event,) = WealthAI().read(b'{"type": "BARS", "data": [' + inner + b"]}")
    assert isinstance(event, Malformed)


@given(st.lists(st.sampled_from(["note", "request_id", "is_closed", "x"]), unique=True))
def test_a_message_that_says_more_is_a_bar_all_the_same(names):
    (event,) = WealthAI().read(json.dumps(bar(**dict.fromkeys(names, None))).encode())
    assert isinstance(event, BarMessage)


def test_a_message_without_a_type_that_says_something_twice_is_not_used():
    whole = json.dumps(bar(type=...)).encode()
    (event,) = WealthAI().read(whole[:-1] + b', "close": "10"}')
    assert isinstance(event, Malformed)


def test_flags_that_contradict_each_other_are_no_evidence():
    event = read_one(bar(is_closed=True, x=False))
    assert isinstance(event, Malformed)
    assert "closed flag" in event.why


def test_a_timeframe_and_a_resolution_that_differ_are_not_guessed():
    event = read_one(bar(resolution="4h"))
    assert isinstance(event, Malformed)
    assert (event.symbol, event.timeframe) == ("BTCUSDT", "1h")
    assert isinstance(read_one(bar(resolution="1h")), BarMessage)


def test_a_zero_below_nothing_keeps_its_text():
    event = read_one(bar(volume="-0"))
    assert isinstance(event, BarMessage)
    assert stored(event).exact("volume") == "-0"


def test_a_message_with_a_hundred_thousand_names_is_read_in_no_time():
    many = ", ".join(f'"n{number}": 1' for number in range(100_000))
    began = time.process_time()
    (event,) = WealthAI().read(f'{{{many}, "n0": 2}}'.encode())
    assert isinstance(event, Malformed)
    assert time.process_time() - began < 5  # 0.1 s; it was minutes when every name was counted
