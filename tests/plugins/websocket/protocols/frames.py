"""What the tests of all exchanges' protocols have in common: reading frames, and breaking them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from wealthsources import FIELDS, SeriesBuffer
from wealthsources_websocket.protocols.base import BarMessage, Protocol, ProtocolEvent

OPEN = 1_800_000_000_000  # Friday 2027-01-15 08:00:00 UTC
#: Nothing of this is a value of any field of a bar.
WRONG: tuple[Any, ...] = (None, True, [], {}, ["1"], {"a": 1}, "", "x", "1_0", "NaN", "1" * 50)
#: As JSON writes them.
HUGE = (
    "1" + "0" * 30,
    "-1" + "0" * 30,
    "9" * 5_000,
    str(1 << 63),
    "-1",
    '"' + "9" * 19 + '"',
    '"1e999"',
    "1e400",
    "1.5",
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))


def read(protocol: Protocol, message: object) -> list[ProtocolEvent]:
    """The events of a message, given as bytes, as text or as what JSON says."""
    if not isinstance(message, str | bytes):
        message = json.dumps(message)
    return list(protocol.read(message.encode() if isinstance(message, str) else message))


def read_one(protocol: Protocol, message: object) -> ProtocolEvent:
    (event,) = read(protocol, message)
    return event


def bars(protocol: Protocol, message: object) -> list[BarMessage]:
    """The bars of a message that holds nothing else."""
    events = read(protocol, message)
    assert all(isinstance(event, BarMessage) for event in events), events
    return [event for event in events if isinstance(event, BarMessage)]


def seen(bar: BarMessage) -> tuple[str, str, int, int, bool | None, str]:
    """All that a bar says, its values as a series gives their text back."""
    buffer = SeriesBuffer(bar.symbol, bar.timeframe)
    buffer.put(bar.open_time, bar.close_time, bar.values, decimals=bar.decimals, closed=bar.closed, texts=bar.texts)
    held = buffer.all()[0]
    values = " ".join(held.exact(field) for field in FIELDS)
    return bar.symbol, bar.timeframe, bar.open_time, bar.close_time, bar.closed, values


def changed(message: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The message with another value at a place; ... leaves that place out."""
    message = copy.deepcopy(message)
    place = message
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return message


def places(message: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """The path to every value in a message, with the value."""
    inside = message.items() if isinstance(message, dict) else enumerate(message) if isinstance(message, list) else ()
    for step, value in inside:
        yield (*path, step), value
        yield from places(value, (*path, step))


def check_that_no_fault_makes_a_wrong_bar(protocol: Protocol, frame: str) -> None:
    """What is left out, of a wrong type, cut or huge never raises, and makes no bar that the frame does not state."""
    message = json.loads(frame)
    stated = bars(protocol, frame)
    series = {(bar.symbol, bar.timeframe) for bar in stated}
    for path, original in places(message):
        for value in (..., *WRONG):
            if type(value) is type(original) is bool:
                continue  # a flag may say either
            for event in read(protocol, changed(message, path, value)):
                wrong = isinstance(event, BarMessage) and event not in stated
                assert not wrong or (event.symbol, event.timeframe) not in series, (path, value, event)
        marked = json.dumps(changed(message, path, "HERE"))
        for text in HUGE:
            read(protocol, marked.replace('"HERE"', text))
    for length in range(len(frame)):
        assert not any(isinstance(event, BarMessage) for event in read(protocol, frame[:length]))
    for other in ([message], [], {}, None, 1, "x", [[message]]):
        assert not any(isinstance(event, BarMessage) for event in read(protocol, other))


def check_both_ways(protocol: Protocol) -> None:
    """No two of our timeframes have one name."""
    assert {theirs: ours for ours, theirs in protocol.timeframes.items()} == getattr(protocol, "names")  # noqa: B009
    assert len(set(protocol.timeframes.values())) == len(protocol.timeframes)
