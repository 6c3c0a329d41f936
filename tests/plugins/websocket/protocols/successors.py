"""What the tests of protocols without a closed flag have in common: reading, and frames with something wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from wealthsources import FIELDS, Bar, SeriesBuffer
from wealthsources_websocket.protocols.base import BarMessage, Protocol, ProtocolEvent

#: 2027-01-15 08:00 UTC, a Friday.
EIGHT = 1_800_000_000_000
MINUTE = 60_000

#: None of these is a value of a bar, a time or a timeframe; some are texts that may be a symbol.
WRONG = (None, True, False, [], {}, "", "wrong", "-1x", "1e999", "9" * 60, 10**60, [1], ["wrong"], {"a": 1})
_HUGE = ("1" + "0" * 400, "1e999", "-1e999", "1" + "0" * 5000)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def read(protocol: Protocol, message: object) -> list[ProtocolEvent]:
    """The events of a frame, given as its text, or as what its JSON says."""
    text = message if isinstance(message, str) else json.dumps(message)
    return list(protocol.read(text.encode()))


def read_one(protocol: Protocol, message: object) -> ProtocolEvent:
    (event,) = read(protocol, message)
    return event


def bar_of(event: ProtocolEvent) -> tuple[str, str, int, str]:
    """Which bar that is, and its values as they were sent; it must have no flag, and end where its window does."""
    assert isinstance(event, BarMessage), event
    assert event.closed is None
    bar = _kept([event])[0]
    assert event.close_time == bar.end
    return event.symbol, event.timeframe, event.open_time, " ".join(bar.exact(field) for field in FIELDS)


def bars_of(protocol: Protocol, message: object) -> list[tuple[str, str, int, str]]:
    return [bar_of(event) for event in read(protocol, message)]


def states(protocol: Protocol, *frames: object) -> list[tuple[int, bool, str]]:
    """What a series holds after frames of one symbol and timeframe: minutes since 8:00, closed or not, its close."""
    events = [event for frame in frames for event in read(protocol, frame)]
    bars = [event for event in events if isinstance(event, BarMessage)]
    assert len(bars) == len(events)
    return [((bar.open_time - EIGHT) // MINUTE, bool(bar.closed), bar.exact("close")) for bar in _kept(bars)]


def _kept(messages: Sequence[BarMessage]) -> tuple[Bar, ...]:
    buffer = SeriesBuffer(messages[0].symbol, messages[0].timeframe)
    for message in messages:
        buffer.put(
            message.open_time,
            message.close_time,
            message.values,
            decimals=message.decimals,
            closed=message.closed,
            texts=message.texts,
        )
    return tuple(buffer.all())


def spoiled(frame: str) -> Iterator[str]:
    """The frame with one thing wrong: a field gone or of another type, an object as a list, cut short, too large"""
    whole = json.loads(frame, parse_float=_Number)
    for path in _paths(whole):
        yield _changed(whole, path, None, gone=True)
        for value in WRONG:
            yield _changed(whole, path, value)
        for number in _HUGE:
            yield _changed(whole, path, "HUGE").replace('"HUGE"', number)
        held = _at(whole, path)
        yield _changed(whole, path, [held])
        if isinstance(held, dict):
            yield _changed(whole, path, list(held.values()))
        if isinstance(held, list):
            yield _changed(whole, path, dict(enumerate(held)))
            yield _changed(whole, path, held[:-1])
    for end in range(len(frame)):
        yield frame[:end]
    yield from ("[]", "{}", "null", "1", '""', f"[{frame}]", "[" * 5000)


def check_spoiled(protocol: Protocol, *frames: str) -> None:
    """That nothing which is wrong with a frame makes its reading raise, or makes another bar of one of its bars."""
    for frame in frames:
        right = [event for event in read(protocol, frame) if isinstance(event, BarMessage)]
        series = {(bar.symbol, bar.timeframe) for bar in right}
        for text in spoiled(frame):
            for event in protocol.read(text.encode()):
                if isinstance(event, BarMessage) and (event.symbol, event.timeframe) in series:
                    assert event in right, text


class _Number(float):
    """A number that keeps its text when it is written again."""

    def __new__(cls, text: str) -> _Number:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __repr__(self) -> str:
        return self.text

    def __deepcopy__(self, memo: object) -> _Number:
        return self


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    places = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for place in places:
        yield (place,)
        yield from ((place, *rest) for rest in _paths(value[place]))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for place in path:
        value = value[place]
    return value


def _changed(whole: Any, path: tuple[Any, ...], value: Any, *, gone: bool = False) -> str:
    changed = copy.deepcopy(whole)
    holder = _at(changed, path[:-1])
    if gone:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return _written(changed)


def _written(value: Any) -> str:
    """As JSON, each number with its own text: json.dumps asks a float's type for that, not the number."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(name))}:{_written(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return value.text if isinstance(value, _Number) else json.dumps(value)
