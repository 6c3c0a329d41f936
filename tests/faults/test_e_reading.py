"""Section E of the table of faults: what is no message, and what is none of a bar."""

from __future__ import annotations

import json
import re

import pytest

from wealthsources_simulator import Peer

from ..support.bars import HOUR
from .case import SERIES, TOKEN, VALUES, Message, facts
from .messages import FLOOD, is_ignored, logged, parts_of_the_token, says, says_again
from .sending import delivered, once, spoiled, stayed, told_by

# E1 ------------------------------------------------------------------------------------------------------------------

UNUSABLE = {
    "half an object": '{"type": "BAR", "symbol": ',
    "plain text": "hello",
    "a space": " ",
    "a zero byte": "\x00",
    "two objects": "{}{}",
    "text": '"hello"',
    "a number": "17",
    "null": "null",
    "true": "true",
    "a list of numbers": "[1, 2]",
    "a list of a list": "[[]]",
    "10,000 lists": "[" * 10_000 + "]" * 10_000,
    "10,000 objects": '{"a": ' * 10_000 + "1" + "}" * 10_000,
}


@pytest.mark.parametrize("text", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_e1_what_is_no_message(case, caplog, text):
    """Sends what is not JSON, JSON that is no object, 10,000 levels of it → counted, a sample logged, the connection
    stays."""
    is_ignored(case, once(lambda peer: peer.send(text)), "bad_message")
    logged(caplog, "bad_message: ")


@pytest.mark.parametrize(
    "entry", ["not-json", "no-object", "deep-nesting", "duplicate-keys", "nan:NaN", "nan:Infinity", "nan:-Infinity"]
)
def test_e1_a_bar_that_is_not_proper_json(case, caplog, entry):
    """Sends a bar with NaN, Infinity, a key that comes twice, 10,000 lists inside → counted, no part of any bar, the
    connection stays."""
    is_ignored(case, entry, "bad_message")
    logged(caplog, "bad_message: ")


IMPROPER = {
    "cut off": lambda message: json.dumps(message)[:-20],
    "NaN": lambda message: says(message, "close", "NaN"),
    "Infinity": lambda message: says(message, "high", "Infinity"),
    "-Infinity": lambda message: says(message, "low", "-Infinity"),
    "10,000 lists in a known key": lambda message: says(message, "data", "[" * 10_000 + "]" * 10_000),
    "10,000 lists in an unknown key": lambda message: says(message, "note", "[" * 10_000 + "]" * 10_000),
    "close twice": lambda message: says_again(message, "close", json.dumps(message["low"])),
    "close twice, once as a number": lambda message: says_again(message, "close", message["low"]),
    "high twice, the same": lambda message: says_again(message, "high", json.dumps(message["high"])),
    "open_time twice": lambda message: says_again(message, "open_time", str(message["open_time"] - HOUR)),
    "symbol twice": lambda message: says_again(message, "symbol", '"ETHUSDT"'),
    "in a list with a number": lambda message: f"[{json.dumps(message)}, 1]",
}


@pytest.mark.parametrize("text", IMPROPER.values(), ids=IMPROPER.keys())
def test_e1_the_last_message_of_a_bar_is_not_proper_json(case, text):
    """Sends the last state of a bar in such a way → the older state is never closed; the bar comes from the next
    source."""
    told_by(case, spoiled(lambda peer, message: peer.send(text(message))), "bad_message", "archive")


@pytest.mark.parametrize("text", ["ping", '"ping"', "", "0"])
def test_e1_a_heartbeat_that_is_no_message(case, text):
    """Sends a word or a number between bars → that says nothing against the bar before: its successor closes it."""
    told_by(case, spoiled(lambda peer, message: peer.send(message, text)), "bad_message", "live")


def test_e1_the_sample_is_short_and_without_the_token(case, caplog):
    """Echoes the token in long unusable messages → the log holds the beginning of ten of them, and no part of the
    token."""
    places = range(0, 130, 7)

    def send(peer: Peer) -> None:
        for place in places:
            peer.send('{"echo": "' + "x" * place + TOKEN + "z" * 100_000)

    case.play(3)
    case.serve(once(send))
    case.open()
    case.counted("bad_message", len(places))
    samples = logged(caplog, "bad_message: ", 10)
    assert max(map(len, samples)) < 400
    assert "***" in samples[0]
    shown = caplog.text + repr(case.session.status())
    assert [part for part in parts_of_the_token() if part in shown] == []
    stayed(case)


FLOODS = {
    "not JSON": lambda peer: "hello",
    "bars without a close": lambda peer: json.dumps({**peer.bar(), "close": None}),
}


@pytest.mark.parametrize("text", FLOODS.values(), ids=FLOODS.keys())
def test_e1_a_flood_of_unusable_messages(case, caplog, text):
    """Sends 1,000 unusable messages in a row → that ends the connection; the log holds a sample; the next one has the
    bars."""
    case.play(3)
    case.serve(once(lambda peer: peer.send(*[text(peer)] * FLOOD)))
    case.open()
    case.counted("lost.bad_flood")
    case.connected(2)
    assert case.counter("lost.bad_flood") == 1
    assert case.counter("bad_message") + case.counter("bad_bar") == FLOOD
    logged(caplog, "bad_", 1)
    assert case.status.reconnects_by_reason == {"bad_flood": 1}


def test_e1_unusable_messages_with_a_bar_in_between(case):
    """Sends 999 unusable messages, a bar, and 999 more → no flood: the connection stays."""

    def send(peer: Peer) -> None:
        peer.send(*["hello"] * (FLOOD - 1), peer.bar(), *["hello"] * (FLOOD - 1))

    case.play(3)
    case.serve(once(send))
    case.open()
    case.counted("bad_message", 2 * FLOOD - 2)
    assert case.counter("lost.bad_flood") == 0
    stayed(case)


# E2 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", VALUES)
def test_e2_a_price_as_a_number(case, field):
    """Sends a price as a number where text is usual → accepted, every digit kept."""
    delivered(case, f"number:{field}")


def test_e2_all_prices_as_numbers(case):
    """Sends all prices as numbers, always → the same bars, every digit kept."""
    value = re.compile(f'"({"|".join(VALUES)})":"([^"]*)"')

    def script(peer: Peer) -> None:
        peer.behave(lambda played: peer.send(value.sub(r'"\1":\2', played.text)))

    case.serve(script)
    case.open()
    case.connected()
    case.play(20.5)
    case.counted("bars.new", 21)
    case.until(lambda: len(case.closed()) == 20)
    assert facts(case.closed()) == facts(case.market.closed(SERIES))
    stayed(case)


NUMBERS = ("101.10", "1e2", "2.50E-3", "100", "0.1234567890123456789", "12345678901234567890.5")


@pytest.mark.parametrize("number", NUMBERS)
def test_e2_a_number_however_it_is_written(case, number):
    """Sends a number with zeros at its end, with an exponent, with 20 digits → accepted, its text kept as it was."""

    def send(peer: Peer) -> None:
        message = peer.bar()
        for field in ("open", "high", "low", "close"):
            message[field] = f"<{number}>"
        peer.send(json.dumps(message).replace('"<', "").replace('>"', ""))

    case.play(3)
    case.serve(once(send))
    case.open()
    case.counted("bars.new", 3)
    case.until(lambda: len(case.held()) == 3)
    bar = case.held()[-1]
    assert [bar.exact(field) for field in ("open", "high", "low", "close")] == [number] * 4
    assert bar.close == float(number)
    stayed(case)


FIELDS = ("symbol", "timeframe", "open_time", *VALUES)
WRONG = {"missing": None, "null": "null", "an object": '{"value": 1}', "a list": "[1]", "true": "true", "empty": '""'}


@pytest.mark.parametrize("literal", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("field", FIELDS)
def test_e2_a_field_that_is_not_what_it_should_be(case, caplog, field, literal):
    """Leaves a field out of the last state of a bar, or sends null or a wrong type → `bad_bar`, which names the field;
    the older state is never closed, the bar comes from the next source."""

    def spoil(peer: Peer, message: Message) -> None:
        rest = {name: value for name, value in message.items() if name != field}
        peer.send(rest if literal is None else says(message, field, literal))

    told_by(case, spoiled(spoil), "bad_bar", "archive")
    assert case.counter("bad_bar") == 1
    assert logged(caplog, "bad_bar: ")[0].partition(":")[0] == field


@pytest.mark.parametrize("entry", ["number:symbol", "number:timeframe"])
def test_e2_a_name_as_a_number(case, caplog, entry):
    """Sends a number as symbol or timeframe → `bad_bar`, which names the field; the connection stays."""
    is_ignored(case, entry, "bad_bar")
    assert entry.removeprefix("number:") in logged(caplog, "bad_bar: ")[0]


@pytest.mark.parametrize("literal", ['"{}"', "{}.0", "{}.5", "-{}"])
def test_e2_a_time_as_text_or_fraction(case, caplog, literal):
    """Sends an open time as text, as a fraction, or negative → `bad_bar`, which names it; the connection stays."""

    def send(peer: Peer) -> None:
        peer.send(says(peer.bar(), "open_time", literal.format(peer.bar()["open_time"])))

    is_ignored(case, once(send), "bad_bar")
    assert "open_time" in logged(caplog, "bad_bar: ")[0]


@pytest.mark.parametrize("literal", ["null", None])
def test_e2_a_bar_without_a_type(case, literal):
    """Leaves the type out of a bar, or sends null → what has an open time is a bar: accepted, every digit kept."""

    def send(peer: Peer) -> None:
        message = peer.bar()
        del message["type"]
        peer.send(message if literal is None else message | {"type": None})

    delivered(case, once(send))


@pytest.mark.parametrize("literal", ['{"value": 1}', "[1]", "1", "true"])
def test_e2_the_type_of_the_last_message_is_no_text(case, literal):
    """Sends the last state of a bar with an object or a number as its type → the older state is never closed; the bar
    comes from the next source."""
    entry = spoiled(lambda peer, message: peer.send(says(message, "type", literal)))
    told_by(case, entry, "bad_message", "archive")
