"""What tests of an exchange's protocol have in common: what a frame says, and frames with something wrong."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from wealthsources import FIELDS, Bar, SeriesBuffer
from wealthsources_websocket.protocols.base import BarMessage, ProtocolEvent

#: 2027-01-15 08:00 UTC, a Friday.
EIGHT = 1_800_000_000_000
MINUTE = 60_000

Read = Callable[[bytes], Sequence[ProtocolEvent]]

#: None of these is a value of a bar, a time or a timeframe; some are texts that may be a symbol.
_WRONG: tuple[Any, ...] = (None, True, False, [], {}, "", "wrong", "-1x", "9" * 60, 10**60, [1], ["wrong"], {"a": 1})
_HUGE = ("1" + "0" * 400, "1e999", "-1e999", "1" + "0" * 5000)
_NO_MESSAGES = (
    "",
    " ",
    "{",
    "[" * 5000,
    "null",
    "true",
    "1",
    '""',
    "{}",
    "[{}]",
    "[1]",
    '["a"]',
    "[[]]",
    "\ud7ff",
    "pong",
)


def only(events: Sequence[ProtocolEvent]) -> ProtocolEvent:
    (event,) = events
    return event


def said(event: ProtocolEvent) -> tuple[str, str, int, str, bool | None]:
    """Which bar that is, its values as they were sent, and its flag; it must end where its window does."""
    assert isinstance(event, BarMessage), event
    (bar,) = kept([event])
    assert event.close_time == bar.end
    exact = " ".join(bar.exact(field) for field in FIELDS)
    return event.symbol, event.timeframe, event.open_time, exact, event.closed


def kept(messages: Iterable[ProtocolEvent]) -> list[Bar]:
    """What a series holds after these."""
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


def spoiled(frame: str) -> Iterator[str]:
    """The frame with one thing wrong: a field that is gone, of another type or too large, a frame that is cut."""
    whole = json.loads(frame, parse_float=lambda text: f"§{text}")
    for path in _paths(whole):
        yield _changed(whole, path, gone=True)
        held = _at(whole, path)
        for value in (*_WRONG, [held], list(held.values()) if isinstance(held, dict) else {"0": held}):
            yield _changed(whole, path, value)
        for number in _HUGE:
            yield _changed(whole, path, f"§{number}")
    for end in range(len(frame)):
        yield frame[:end]
    yield from _NO_MESSAGES


def check_spoiled(read: Read, *frames: str, pack: Callable[[bytes], bytes] = bytes) -> None:
    """That nothing which is wrong with a frame makes its reading raise, or makes another bar of one of its bars."""
    for frame in frames:
        right = [event for event in read(pack(frame.encode())) if isinstance(event, BarMessage)]
        series = {(bar.symbol, bar.timeframe) for bar in right}
        for text in spoiled(frame):
            for event in read(pack(text.encode())):
                if isinstance(event, BarMessage) and (event.symbol, event.timeframe) in series:
                    assert event in right, text


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    places: Any = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for place in places:
        yield (place,)
        yield from ((place, *rest) for rest in _paths(value[place]))


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for place in path:
        value = value[place]
    return value


def _changed(whole: Any, path: tuple[Any, ...], value: Any = None, *, gone: bool = False) -> str:
    changed = copy.deepcopy(whole)
    holder = _at(changed, path[:-1])
    if gone:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return re.sub('"§([^"]*)"', r"\1", json.dumps(changed, ensure_ascii=False))
