"""What the tests of exchanges' protocols have in common: reading frames, what a bar says, and spoiling a frame."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from wealthsources import FIELDS, Bar, SeriesBuffer
from wealthsources_websocket.protocols.base import BarMessage, Malformed, Protocol, ProtocolEvent

OPEN = 1_800_000_000_000  # Friday 2027-01-15 08:00:00 UTC
MINUTE = 60_000

#: Symbol, timeframe, open time, values as they were sent, flag.
Said = tuple[str, str, int, str, bool | None]

#: None of these is a value of a bar, a time or a timeframe; some are texts that may be a symbol.
_WRONG: tuple[Any, ...] = (
    *(None, True, False, [], {}, [1], ["1"], ["wrong"], {"a": 1}),
    *("", "x", "wrong", "-1x", "1_0", "NaN", "1e999", "1" * 50, "9" * 60, 10**60),
)
#: A text that begins like this is a number, which is written to the letter.
_NUMBER = "§"
_HUGE = tuple(_NUMBER + text for text in ("1e400", "1e999", "-1e999", "1" + "0" * 400, "1" + "0" * 5_000, "9" * 5_000))
#: Each of these may be a value, so that a frame with one may be another bar.
_ODD = (_NUMBER + "1.5", -1, 1 << 63, 10**30, -(10**30), "9" * 19)
_NO_MESSAGES = (
    *("", " ", "{", "[" * 5_000, "null", "true", "1", '""', '"x"', "pong", "\ud7ff"),
    *("{}", "[]", "[{}]", "[1]", '["a"]', "[[]]"),
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))


# reading -------------------------------------------------------------------------------------------------------


def read(protocol: Protocol, message: object) -> list[ProtocolEvent]:
    """The events of a message, given as bytes, as text or as what JSON says."""
    if not isinstance(message, str | bytes):
        message = json.dumps(message)
    return list(protocol.read(message.encode() if isinstance(message, str) else message))


def read_one(protocol: Protocol, message: object) -> ProtocolEvent:
    return only(read(protocol, message))


def only(events: Sequence[ProtocolEvent]) -> ProtocolEvent:
    (event,) = events
    return event


def said(event: ProtocolEvent) -> Said:
    """All that a bar says, its values as a series gives their text back; it must end where its window does."""
    (bar,) = kept([event])
    assert isinstance(event, BarMessage)
    assert event.close_time == bar.end
    return event.symbol, event.timeframe, event.open_time, " ".join(map(bar.exact, FIELDS)), event.closed


def bars(protocol: Protocol, message: object) -> list[Said]:
    """What the bars say of a message that holds nothing else."""
    return [said(event) for event in read(protocol, message)]


def kept(messages: Iterable[ProtocolEvent]) -> list[Bar]:
    """What a series holds after these, which must be bars."""
    buffer: SeriesBuffer | None = None
    for message in messages:
        assert isinstance(message, BarMessage), message
        buffer = buffer or SeriesBuffer(message.symbol, message.timeframe)
        buffer.put(
            message.open_time,
            message.close_time,
            message.values,
            decimals=message.decimals,
            closed=message.closed,
            texts=message.texts,
        )
    return list(buffer.all()) if buffer else []


def states(protocol: Protocol, *frames: object) -> list[tuple[int, bool, str]]:
    """What a series holds after frames of it: minutes since 8:00, whether it is closed, its close."""
    held = kept(event for frame in frames for event in read(protocol, frame))
    return [((bar.open_time - OPEN) // MINUTE, bool(bar.closed), bar.exact("close")) for bar in held]


# spoiling ------------------------------------------------------------------------------------------------------


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


def spoiled(frame: str) -> Iterator[str]:
    """The frame with one thing wrong: a field gone, of another type or too large, an object as a list, one too few."""
    for path, held in places(_parsed(frame)):
        shapes: list[Any] = [[held], {"0": held}]
        if isinstance(held, dict):
            shapes.append(list(held.values()))
        if isinstance(held, list):
            shapes += [dict(enumerate(held)), held[:-1]]
        for value in (..., *_WRONG, *shapes, *_HUGE):
            if type(value) is type(held) is bool:
                continue  # a flag may say either
            yield _written(changed(_parsed(frame), path, value))


def check_spoiled(protocol: Protocol, *frames: str) -> None:
    """That whatever is wrong with a frame, reading never raises and makes no other bar of one of the frame's series.

    What is cut short, or wrapped, or no message at all makes no bar of any.
    """
    for frame in frames:
        events = read(protocol, frame)
        right = [event for event in events if isinstance(event, BarMessage)]
        assert right in (events, []), "a frame to be spoiled holds bars, or none"
        series = {(bar.symbol, bar.timeframe) for bar in right}
        for text in spoiled(frame):
            for event in read(protocol, text):
                other = isinstance(event, BarMessage) and event not in right
                assert not other or (event.symbol, event.timeframe) not in series, (text, event)
        for path, _ in places(_parsed(frame)):
            for odd in _ODD:
                read(protocol, _written(changed(_parsed(frame), path, odd)))
        for text in (*cut(frame), f"[{frame}]", f"[[{frame}]]", *_NO_MESSAGES):
            assert not any(isinstance(event, BarMessage) for event in read(protocol, text)), text


def cut(frame: str) -> Iterator[str]:
    for end in range(len(frame)):
        yield frame[:end]


def check_both_ways(protocol: Protocol) -> None:
    """No two of our timeframes have one name."""
    assert {theirs: ours for ours, theirs in protocol.timeframes.items()} == getattr(protocol, "names")  # noqa: B009
    assert len(set(protocol.timeframes.values())) == len(protocol.timeframes)


def _parsed(frame: str) -> Any:
    """What JSON says, so that `_written` gives the text of each number back."""
    return json.loads(frame, parse_float=lambda text: _NUMBER + text)


def _written(message: Any) -> str:
    return re.sub(f'"{_NUMBER}([^"]*)"', r"\1", json.dumps(message, ensure_ascii=False))


def check_deep(protocol: Protocol, key: str, good: str, bars: int) -> None:
    """An entry too deep to be shown costs none of these good ones beside it, as long as the message can be parsed."""
    for depth in (*range(1, 900), 1_499):
        events = read(protocol, f'[{{"{key}":{"[" * depth}{"]" * depth}}},{good}]')
        if depth > 1_000:  # so deep that it is no message
            assert [type(event) for event in events] == [Malformed]
        else:
            assert [type(event) for event in events[1:]] == [BarMessage] * bars
