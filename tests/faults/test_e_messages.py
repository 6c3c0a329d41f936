"""Section E of the table of faults: messages that say the wrong thing."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from wealthsources import Timeframe
from wealthsources_simulator import Market, Peer, PlayedBar

from ..support.waiting import wait_until
from .conftest import SERIES, TOKEN, Case, facts
from .sending import VALUES, Message, Script, delivered, on_go, once, spoiled, stayed, told_by

HOUR = 3_600_000
#: 2020-09-01, on the grid of every timeframe but the week.
SEPTEMBER = 1_598_918_400_000
FLOOD = 1000  # unusable messages in a row that end a connection


# what a server says --------------------------------------------------------------------------------------------------


def says(message: Message, field: str, literal: str) -> str:
    """A message with this piece of JSON, right or wrong, as the value of a field."""
    return json.dumps(message | {field: "?"}).replace('"?"', literal)


def says_again(message: Message, field: str, literal: str) -> str:
    """A message that says a field twice, the second time so."""
    return f'{json.dumps(message)[:-1]}, "{field}": {literal}}}'


def flat(symbol: str, timeframe: str, texts: Iterable[str], start: int = SEPTEMBER) -> list[PlayedBar]:
    """Bars whose five values all are one text, from `start` on."""
    frame, bars = Timeframe(timeframe), []
    for text in texts:
        bars.append(PlayedBar(start, frame.end(start), *[text] * 5))
        start = frame.end(start)
    return bars


# what must come of it ------------------------------------------------------------------------------------------------


def is_ignored(case: Case, entry: str | Script, counter: str, **options: Any) -> None:
    """Such a message is counted once, is no part of any bar, and the connection stays."""
    case.play(3)
    case.serve(entry)
    case.open(**options)
    case.counted(counter)
    case.until(lambda: len(case.held()) == 2)
    assert facts(case.held()) == facts(case.market.all(SERIES)[-2:])
    assert case.counter(counter) == 1
    assert case.live.cache.get_cached_symbols() == [SERIES]
    stayed(case)


def logged(caplog: pytest.LogCaptureFixture, start: str, count: int = 1) -> list[str]:
    """The `count` lines of the log that begin so, without that. What is counted is logged a moment later."""

    def lines() -> list[str]:
        messages = [record.getMessage() for record in tuple(caplog.records)]
        return [message.removeprefix(start) for message in messages if message.startswith(start)]

    wait_until(lambda: len(lines()) >= count, what=f"line {count} of {start!r}")
    assert len(lines()) == count
    return lines()


def parts_of_the_token() -> list[str]:
    """All that would give a good part of the token away."""
    return [TOKEN[at : at + 8] for at in range(len(TOKEN) - 7)]


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
    logged(caplog, "bad_", 10)
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


# E3 ------------------------------------------------------------------------------------------------------------------

PLAIN = (
    "0.1",
    "100.00",
    "0.30000000000000004",
    "0.00000001",
    "0." + "0" * 37 + "1",
    "1" * 40,
    "1234567890123456789.0123456789012345678",
    "123456789012345.6",
    "99999999999999999999",
    "1.",
    ".5",
    "+7.5",
    "007.50",
    "1e-7",
    "2.50E+3",
)


@pytest.mark.parametrize("text", PLAIN)
def test_e3_a_plain_number_of_up_to_40_characters(case, text):
    """Sends prices of up to 40 characters, many digits, odd spellings → accepted; `exact()` gives the very text."""
    bars = flat(*SERIES, [text, "1.5", text, text, *["2.5"] * 8])
    case.serve(market=Market({SERIES: bars}, updates=0))
    case.open()
    case.connected()
    case.play(4)
    case.counted("bars.new", 4)
    case.until(lambda: len(case.held()) == 4)
    for place in (0, 2, 3):
        assert [case.held()[place].exact(field) for field in VALUES] == [text] * 5
        assert case.held()[place].close == float(text)
    assert [bar.exact("close") for bar in case.answer()] == [text, "1.5", text]


@pytest.mark.parametrize("text", ["0", "0.000"])
def test_e3_no_volume(case, text):
    """Sends a volume of zero → accepted: nothing was traded."""
    case.play(3)
    case.serve(once(lambda peer: peer.send(peer.bar(volume=text))))
    case.open()
    case.counted("bars.new", 3)
    case.until(lambda: len(case.held()) == 3)
    assert case.held()[-1].exact("volume") == text
    stayed(case)


NOT_PLAIN = {
    "nothing": "",
    "a word": "abc",
    "negative": "-1",
    "zero": "0",
    "zero with decimals": "0.00",
    "negative zero": "-0",
    "beyond a float": "1e400",
    "60 digits": "1" * 60,
    "41 characters": "1" * 41,
    "arabic digits": "١٢٣",
    "wide digits": "\uff11\uff12\uff13",
    "a space before": " 100",
    "a space after": "100 ",
    "a line end after": "100\n",
    "a comma": "100,5",
    "two points": "1.2.3",
    "hexadecimal": "0x10",
    "underscores": "1_000",
    "two signs": "--1",
    "half an exponent": "1e",
    "an endless exponent": "1e-99999999",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "null": "null",
}


@pytest.mark.parametrize("text", NOT_PLAIN.values(), ids=NOT_PLAIN.keys())
def test_e3_what_is_no_plain_number(case, caplog, text):
    """Sends a close like "", "abc", "-1", "0", "1e400", 60 digits, "١٢٣" → `bad_bar`, which names the field; the older
    state is never closed, the bar comes from the next source."""
    told_by(case, spoiled(lambda peer, message: peer.send(message | {"close": text})), "bad_bar", "archive")
    assert case.counter("bad_bar") == 1
    assert re.search(r"\bclose\b", logged(caplog, "bad_bar: ")[0])


@pytest.mark.parametrize("field", VALUES)
def test_e3_whichever_field_it_is(case, caplog, field):
    """Sends a word as any of the five values → `bad_bar`, which names that field; the connection stays."""
    is_ignored(case, once(lambda peer: peer.send(peer.bar(**{field: "abc"}))), "bad_bar")
    assert logged(caplog, "bad_bar: ")[0].partition(":")[0] == field


def test_e3_an_odd_price(case):
    """Sends an odd price once → counted, the connection stays, the bars that follow are right."""
    is_ignored(case, "odd-price:1e400", "bad_bar")


# E4 ------------------------------------------------------------------------------------------------------------------

RULES = {
    "high-below-low": "high .* below low",
    "close-outside": "close .* outside",
    "open-outside": "open .* outside",
    "zero-price": "not positive",
    "negative-price": "not positive",
    "negative-volume": "volume: is negative",
    "off-grid": "open_time: .* not on the 1h grid",
    "year-1970": "open_time: .* not a time in ms",
    "year-2262": "open_time: .* not a time in ms",
    "seconds": "open_time: .* not a time in ms",
    "microseconds": "open_time: .* not a time in ms",
}


@pytest.mark.parametrize(("kind", "rule"), RULES.items())
def test_e4_a_bar_that_cannot_be(case, caplog, kind, rule):
    """Sends high below low, a close outside, a time off the grid, in 1970, in 2262, in seconds or microseconds →
    `bad_bar` with the rule; nothing is guessed, the connection stays."""
    is_ignored(case, f"impossible-bar:{kind}", "bad_bar")
    assert re.search(rule, logged(caplog, "bad_bar: ")[0])


def above(text: str) -> str:
    return str(Decimal(text) + 1)


IMPOSSIBLE = {
    "high below low": lambda bar: {"high": bar["low"], "low": above(bar["high"])},
    "close above high": lambda bar: {"close": above(bar["high"])},
    "open below low": lambda bar: {"low": above(bar["open"]), "high": above(bar["high"]), "close": above(bar["high"])},
    "negative volume": lambda bar: {"volume": f"-{bar['volume']}"},
    "off the grid": lambda bar: {"open_time": bar["open_time"] + 1},
    "half an hour off": lambda bar: {"open_time": bar["open_time"] + HOUR // 2},
    "1970": lambda bar: {"open_time": 0},
    "2262": lambda bar: {"open_time": 9_214_646_400_000},
    "seconds": lambda bar: {"open_time": bar["open_time"] // 1000, "close_time": bar["close_time"] // 1000},
    "microseconds": lambda bar: {"open_time": bar["open_time"] * 1000, "close_time": bar["close_time"] * 1000},
    "nanoseconds": lambda bar: {"open_time": bar["open_time"] * 1_000_000},
}


@pytest.mark.parametrize("change", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_e4_the_last_message_of_a_bar_cannot_be(case, change):
    """Sends such a thing as the last state of a bar → its successor does not close the older one; the bar comes from
    the next source."""
    told_by(case, spoiled(lambda peer, message: peer.send(message | change(message))), "bad_bar", "archive")


def test_e4_the_last_message_comes_once_more(case):
    """Sends the last state of a bar wrongly, then rightly → no doubt is left: its successor closes it."""

    def spoil(peer: Peer, message: Message) -> None:
        peer.send(message | {"low": above(message["high"])}, message)

    told_by(case, spoiled(spoil), "bad_bar", "live")


def test_e4_the_first_message_of_the_next_bar_cannot_be(case):
    """Sends the first state of the next bar wrongly → that says nothing against the bar before: its successor closes
    it."""

    def spoil(peer: Peer, message: Message) -> None:
        following = {"open_time": message["open_time"] + HOUR, "close_time": message["close_time"] + HOUR}
        peer.send(message, message | following | {"low": above(message["high"])})

    told_by(case, spoiled(spoil), "bad_bar", "live")


def test_e4_a_forming_bar_in_doubt_is_not_shown(case):
    """Sends a state of the forming bar that cannot be → what was held of it is not shown as forming any more, until the
    next state comes."""
    case.serve(spoiled(lambda peer, message: peer.send(message | {"low": above(message["high"])})))
    case.open()
    case.connected()
    case.market.play_steps(12)  # two bars, and two of the five messages of the third
    case.counted("bars.new", 3)
    start = case.held()[0].open_time

    def shown() -> list[bool]:
        return [bar.closed for bar in case.answer(start=start, include_now=True)]

    case.until(lambda: shown() == [True, True, False])
    case.market.play_steps(3)
    case.counted("bad_bar")
    assert shown() == [True, True]
    case.play(0.5)
    case.until(lambda: shown() == [True, True, True, False])


CLOSE_TIMES = {
    "12 seconds late": lambda end: end + 12_345,
    "a bar late": lambda end: end + HOUR,
    "seconds": lambda end: end // 1000,
    "microseconds": lambda end: end * 1000,
    "zero": lambda end: 0,
    "negative": lambda end: -end,
    "text": str,
    "an object": lambda end: {"value": end},
}


@pytest.mark.parametrize("change", CLOSE_TIMES.values(), ids=CLOSE_TIMES.keys())
def test_e4_an_odd_close_time(case, change):
    """Sends a close time that is not the end of the bar → counted, accepted, and decides nothing."""
    delivered(case, once(lambda peer: peer.send(peer.bar(close_time=change(peer.bar()["close_time"])))))
    case.counted("odd_close_time")
    assert case.counter("odd_close_time") == 1
    assert case.counter("bad_bar") == 0
    assert case.held()[-1].end == case.held()[-1].open_time + HOUR


@pytest.mark.parametrize(
    "entry", ["impossible-bar:close-time-999", "missing-field:close_time", "null-field:close_time"]
)
def test_e4_an_ordinary_close_time(case, entry):
    """Ends its bars at …999, or says no close time at all → nothing odd: accepted and not counted."""
    delivered(case, entry)
    assert case.counter("odd_close_time") == 0


GRIDS = {"1m": 30_000, "5m": 60_000, "4h": HOUR, "1d": HOUR, "1w": 24 * HOUR, "1M": 24 * HOUR}


@pytest.mark.parametrize(("timeframe", "off"), GRIDS.items())
def test_e4_off_the_grid_of_any_timeframe(case, caplog, timeframe, off):
    """Sends a week that opens on a Tuesday, a month on the 2nd, a minute at its middle → `bad_bar` with the rule."""
    series = ("BTCUSDT", timeframe)

    def send(peer: Peer) -> None:
        peer.send(peer.bar(open_time=peer.bar()["open_time"] + off))

    case.serve(once(send), market=Market.made(timeframe=timeframe, snapshot=2))
    case.play(3)
    case.open(resolutions=[timeframe])
    case.counted("bad_bar")
    assert re.search(f"open_time: .* not on the {timeframe} grid", logged(caplog, "bad_bar: ")[0])
    assert len(case.held(series)) == 2
    stayed(case)


# E5 ------------------------------------------------------------------------------------------------------------------


def test_e5_a_message_of_an_unknown_type(case):
    """Sends a message of a type that nobody knows → ignored and counted, the connection stays."""
    is_ignored(case, "unknown-type", "ignored_messages")


@pytest.mark.parametrize("text", ["{}", '{"hello": "world"}', '{"type": null}', '{"type": "bar"}', '{"type": ""}'])
def test_e5_a_message_without_a_type_that_is_known(case, text):
    """Sends an object that says nothing known → ignored and counted, the connection stays."""
    is_ignored(case, once(lambda peer: peer.send(text)), "ignored_messages")


def test_e5_a_bar_with_extra_keys(case):
    """Sends a bar with more fields than there should be → they are ignored, the bar is taken with every digit."""
    delivered(case, "extra-keys")
    assert case.counter("bad_bar") == 0


def test_e5_extra_keys_that_look_like_ours(case):
    """Sends extra fields whose names begin like ours, or differ in case → they change nothing."""
    extra = {"Close": "1", "close_": "2", "open_interest": "3", "symbols": ["ETHUSDT"], "openTime": 0, "volumes": [1]}
    delivered(case, once(lambda peer: peer.send(peer.bar(**extra))))


# E6 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["resolution", "both", "kline", "lower-symbol", "dashed-symbol", "slashed-symbol"])
def test_e6_another_way_to_write_the_names(case, kind):
    """Says `resolution` for `timeframe`, KLINE for BAR, writes the symbol in lower case or with a separator → it is the
    series that was subscribed."""
    delivered(case, f"odd-names:{kind}")
    assert case.live.cache.get_cached_symbols() == [SERIES]
    assert case.counter("unsolicited") == 0


def test_e6_two_timeframes_in_one_message(case, caplog):
    """Says one timeframe under `timeframe` and another under `resolution` → not guessed: `bad_bar`, which says so; the
    connection stays."""
    is_ignored(case, "odd-names:contradiction", "bad_bar")
    assert "timeframe" in logged(caplog, "bad_bar: ")[0]


def test_e6_two_timeframes_in_the_last_message_of_a_bar(case):
    """Says two timeframes in the last message of a bar → the older state is never closed; the bar comes from the next
    source."""
    told_by(case, spoiled(lambda peer, message: peer.send(message | {"resolution": "1m"})), "bad_bar", "archive")


@pytest.mark.parametrize("symbol", ["btcusdt", "BTC_USDT", "BTC:USDT", "BTC.USDT", "btc usdt"])
def test_e6_another_way_to_write_the_symbol(case, symbol):
    """Writes the symbol with other separators, always → all bars are in the one series that was subscribed."""

    def script(peer: Peer) -> None:
        peer.behave(lambda played: peer.send(json.loads(played.text) | {"symbol": symbol}))

    case.serve(script)
    case.open()
    case.connected()
    case.play(5.5)
    case.counted("bars.new", 6)
    case.until(lambda: len(case.closed()) == 5)
    assert facts(case.closed()) == facts(case.market.closed(SERIES))
    assert case.live.cache.get_cached_symbols() == [SERIES]


def test_e6_a_symbol_that_could_mean_two(case):
    """Writes a symbol that could be either of two that are subscribed → neither is guessed: counted, not stored."""
    is_ignored(
        case,
        once(lambda peer: peer.send(peer.bar(symbol="btc/usdt"))),
        "unsolicited",
        symbols=["BTCUSDT", "BTC-USDT"],
    )


def test_e6_the_exact_spelling_is_not_doubted(case):
    """Sends bars of two symbols that differ in a separator only → each is in its own series."""
    other = ("BTC-USDT", "1h")
    case.serve(market=Market.made(["BTCUSDT", "BTC-USDT"]))
    case.open(symbols=["BTCUSDT", "BTC-USDT"])
    case.connected()
    case.play(5.5)
    case.counted("bars.new", 12)
    for series in (SERIES, other):
        case.until(lambda series=series: len(case.closed(series)) == 5)
        assert facts(case.closed(series)) == facts(case.market.closed(series))


@pytest.mark.parametrize("kind", ["long-unit", "upper-unit"])
def test_e6_a_timeframe_that_nobody_knows(case, caplog, kind):
    """Writes "1hour" or "1H" for "1h" → not guessed: `bad_bar`, which names the timeframe; the connection stays."""
    is_ignored(case, f"odd-names:{kind}", "bad_bar")
    assert "timeframe" in logged(caplog, "bad_bar: ")[0]


def test_e6_a_minute_is_not_a_month(case):
    """Sends bars of the minute and of the month with the same open time → each is in its own series, never mixed."""
    minute, month = ("BTCUSDT", "1m"), ("BTCUSDT", "1M")
    market = Market(
        {
            minute: flat(*minute, [f"{number}.5" for number in range(1, 13)]),
            month: flat(*month, [f"{number}000.25" for number in range(1, 13)]),
        }
    )
    case.serve(market=market)
    case.open(resolutions=["1m", "1M"], archive=False)  # the minutes of whole months would be asked for
    case.connected()
    case.play(5.5)
    case.counted("bars.new", 12)
    for series in (minute, month):
        case.until(lambda series=series: len(case.closed(series)) == 5)
        assert facts(case.closed(series)) == facts(case.market.closed(series))
    stayed(case)


MINUTE = ("BTCUSDT", "1m")


@pytest.mark.parametrize(
    ("name", "counter"),
    [("1M", "unsolicited"), ("1min", "bad_bar"), ("1 m", "bad_bar"), ("60s", "bad_bar"), ("m1", "bad_bar")],
)
def test_e6_what_is_not_the_minute_that_was_subscribed(case, name, counter):
    """Sends a bar of "1M" or "1min" to who subscribed to "1m" → counted, stored nowhere."""
    case.serve(
        once(lambda peer: peer.send(peer.bar(timeframe=name))),
        market=Market({MINUTE: flat(*MINUTE, ["1.5"] * 12)}),
    )
    case.open(resolutions=["1m"])
    case.counted(counter)
    assert case.live.cache.get_cached_symbols() == []
    assert case.counter(counter) == 1


# E7 ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entry", ["unsolicited:symbol", "unsolicited:timeframe", "odd-names:month"])
def test_e7_a_bar_that_was_not_asked_for(case, entry):
    """Sends a bar of a symbol or a timeframe that was not asked for → counted, not stored, the connection stays."""
    is_ignored(case, entry, "unsolicited")


def test_e7_ever_new_symbols_that_were_not_asked_for(case):
    """Sends bars of 3,000 symbols that were not asked for → all counted, none stored, the asked-for one undisturbed."""
    case.play(3)
    case.serve("unasked-symbols:3000")
    case.open()
    case.counted("unsolicited", 3000)
    assert case.live.cache.get_cached_symbols() == [SERIES]
    assert case.counter("bars.new") == 2
    stayed(case)


def test_e7_an_unasked_bar_does_not_move_the_time(case):
    """Sends a bar of next year that was not asked for → nothing that is known of time comes from it."""
    year = 365 * 24 * HOUR

    def send(peer: Peer) -> None:
        bar = peer.bar()
        later = {"open_time": bar["open_time"] + year, "close_time": bar["close_time"] + year}
        peer.send(bar | later | {"symbol": "NOBODYASKED", "is_closed": True})

    is_ignored(case, once(send), "unsolicited")
    assert case.session.status().now == case.held()[-1].open_time
    assert case.answer().behind == 0


# E8 ------------------------------------------------------------------------------------------------------------------

ERRORS = {
    "bad csrf_token": "auth",
    "token expired": "auth",
    "Unauthorized": "auth",
    "unknown symbol DOGEUSDT": "subscription",
    "resolution 7m is not served": "subscription",
    "slow down": "other",
    "": "other",
}


@pytest.mark.parametrize(("text", "kind"), ERRORS.items())
def test_e8_an_error_while_streaming(case, caplog, text, kind):
    """Sends ERROR while bars flow → counted as auth, subscription or other, told in log and status; the connection
    stays, the bars go on."""
    is_ignored(case, f"error-while-streaming:{text}", f"server_errors.{kind}")
    counted = {name for name in case.status.counters if name.startswith("server_errors.")}
    assert counted == {f"server_errors.{kind}"}
    assert logged(caplog, "the server says: ") == [text]
    assert case.status.last_error == text


def test_e8_an_error_with_the_token_in_it(case, caplog):
    """Sends ERROR with the token in it, and what steers a terminal → one short line, in log and status, without it."""
    text = f"wrong csrf_token\x1b[31m\n{TOKEN} {json.dumps(TOKEN)} for {'x' * 10_000}"
    is_ignored(case, f"error-while-streaming:{text}", "server_errors.auth")
    (shown,) = logged(caplog, "the server says: ")
    assert case.status.last_error == shown
    assert "***" in shown
    assert shown.isprintable()
    assert len(shown) <= 130
    everything = caplog.text + repr(case.session.status())
    assert [part for part in parts_of_the_token() if part in everything] == []


def test_e8_an_error_about_one_of_two_series(case):
    """Says that it does not know one of two symbols → told in the status, where that stream is `never_received`; the
    other one is live."""
    go = threading.Event()

    def complain(peer: Peer) -> None:
        peer.send({"type": "ERROR", "message": "unknown symbol ETHUSDT"})
        peer.behave()

    case.play(3)
    case.serve(on_go(complain, go))
    case.open(symbols=["BTCUSDT", "ETHUSDT"])
    case.counted("bars.new", 2)
    go.set()
    case.counted("server_errors.subscription")
    assert {stream.symbol: stream.state for stream in case.status.streams} == {
        "BTCUSDT": "live",
        "ETHUSDT": "never_received",
    }
    case.until(lambda: case.status.last_error == "unknown symbol ETHUSDT")
    stayed(case)


def test_e8_many_errors(case):
    """Sends 2,000 ERRORs in a row → each is counted, the connection stays."""
    case.play(3)
    case.serve(once(lambda peer: peer.send(*[{"type": "ERROR", "message": "slow down"}] * 2000)))
    case.open()
    case.counted("server_errors.other", 2000)
    stayed(case)
