"""Section E of the table of faults: values that are no numbers, and bars that cannot be."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from wealthsources_simulator import Market, Peer

from ..support.bars import HOUR
from .case import SERIES, VALUES, Message
from .messages import flat, is_ignored, logged
from .sending import delivered, once, spoiled, stayed, told_by

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
    "close-outside": "close .* above high",
    "open-outside": "open .* above high",
    "zero-price": "not positive",
    "negative-price": "not positive",
    "negative-volume": "volume: -.* is negative",
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


def test_e4_off_the_grid_is_one_line_for_each_series(case, caplog):
    """Sends forty bars of two series a quarter of an hour off the grid, each of another hour → one line a series."""

    def send(peer: Peer) -> None:
        bar = peer.bar()
        for hour in range(20):
            off = {"open_time": bar["open_time"] + hour * HOUR + HOUR // 4}
            peer.send(bar | off, bar | off | {"symbol": "ETHUSDT"})

    case.serve(once(send))
    case.play(3)
    case.open(symbols=["BTCUSDT", "ETHUSDT"])
    case.counted("bad_bar", 40)
    lines = logged(caplog, "bad_bar: ", 2)
    assert [line.rpartition("(")[2] for line in lines] == ["BTCUSDT 1h)", "ETHUSDT 1h)"]
    assert all("is not on the 1h grid" in line for line in lines)
    stayed(case)


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
