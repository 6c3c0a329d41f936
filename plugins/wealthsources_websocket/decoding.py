"""What captured frames mean, as plain values: what `wealthsources decode` prints, one JSON object a line.

A bar is judged by the rules that the core has for all bars, so that what is printed as a bar is one that a live source
would have taken; which bars were asked for, and what time it is, nobody knows here.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from wealthsources import FIELDS, exact_texts, fault_of, match_timeframe
from wealthsources_websocket.protocols.base import (
    Acknowledged,
    Alive,
    Authenticated,
    BarMessage,
    Greeting,
    Ignored,
    Malformed,
    Protocol,
    ProtocolEvent,
    ReconnectSoon,
    Refused,
    Reply,
    Series,
    ServerError,
)

#: The only key of the JSON object that stands for a binary frame.
WRAPPER: Final = "base64"
_LONGEST_START: Final = 32

Meaning = dict[str, Any]


def decode_line(line: bytes, protocol: Protocol, most: int) -> Iterator[Meaning]:
    """What one line means: a text frame as it is, or a binary one as `{"base64": "…"}`. Nothing, if it is empty.

    A frame of more than `most` bytes is none that a connection would have taken.
    """
    line = line.rstrip(b"\r\n")
    if not line:
        return
    try:
        binary = _unwrap(line)
        why = _unfit(line, most) if binary is None else _too_large(binary, most)
    except ValueError as error:
        binary, why = None, f"{WRAPPER}: {error}"
    if why:
        yield _bad(why)
        return
    events = protocol.read(line) if binary is None else protocol.read_binary(binary, most)
    if events is None:
        yield _bad(f"{protocol.name} {protocol.market} sends no binary frames")
        return
    yield from map(meaning, events)


def frame_of(line: bytes) -> str | bytes:
    """The frame that a line holds, as `decode_line` takes it. Raises ValueError for one that is neither kind."""
    binary = _unwrap(line)
    return line.decode() if binary is None else binary


def _unwrap(line: bytes) -> bytes | None:
    """The binary frame that a line holds; None if it holds a text. Raises ValueError if it cannot be read."""
    if WRAPPER.encode() not in line[:_LONGEST_START]:
        return None
    try:
        wrapped = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return None
    if not isinstance(wrapped, dict) or list(wrapped) != [WRAPPER]:
        return None
    try:
        return base64.b64decode(wrapped[WRAPPER], validate=True)
    except TypeError as error:
        raise ValueError(str(error)) from None


def _unfit(text: bytes, most: int) -> str:
    """Why that is no text frame; or nothing."""
    try:
        text.decode()
    except UnicodeDecodeError:
        return f'not UTF-8 text; a binary frame is written as {{"{WRAPPER}": "…"}}'
    return _too_large(text, most)


def _too_large(frame: bytes, most: int) -> str:
    return f"a frame of {len(frame)} bytes; at most {most} are taken (max_message)" if len(frame) > most else ""


def meaning(event: ProtocolEvent) -> Meaning:
    """One event as plain values: always with `event`, else only with what it says."""
    match event:
        case BarMessage():
            return _bar(event)
        case Acknowledged():
            return {"event": "ack"} | _said(request_id=event.request_id, series=_series(event.series))
        case Refused():
            said = _said(request_id=event.request_id, series=_series(event.series))
            return {"event": "refused", "reason": event.reason} | said
        case Alive():
            return {"event": "heartbeat", "answer": event.answer}
        case Reply():
            return {"event": "reply", "text": event.text}
        case ReconnectSoon():
            return {"event": "notice", "kind": "reconnect", "message": event.reason}
        case ServerError():
            said = _said(about=event.kind, rest=event.rest)
            return {"event": "notice", "kind": "error", "message": event.message} | said
        case Greeting() | Authenticated():
            return {"event": "notice", "kind": "greeting" if isinstance(event, Greeting) else "authenticated"}
        case Ignored():
            return {"event": "ignored", "kind": event.kind} | _said(message=event.words)
        case Malformed():
            return _bad(event.why, event.symbol, event.timeframe, event.open_time)


def _bar(bar: BarMessage) -> Meaning:
    timeframe = match_timeframe(bar.timeframe)
    if timeframe is None:
        return _bad(f"{bar.timeframe} is no timeframe of ours", bar.symbol, bar.timeframe, bar.open_time)
    if fault := fault_of(bar.open_time, bar.values, timeframe):
        return _bad(fault, bar.symbol, timeframe.name, bar.open_time)
    values = dict(zip(FIELDS, exact_texts(bar.values, bar.decimals, bar.texts), strict=True))
    which = {"symbol": bar.symbol, "timeframe": timeframe.name, "open_time": bar.open_time}
    return {"event": "bar"} | which | values | {"closed": bar.closed}


def _bad(why: str, symbol: str = "", timeframe: str = "", open_time: int | None = None) -> Meaning:
    said = _said(symbol=symbol, timeframe=timeframe)
    if open_time is not None:
        said["open_time"] = open_time
    return {"event": "bad", "why": why} | said


def _series(series: Sequence[Series]) -> list[Meaning]:
    """An empty timeframe means whichever of the symbol was asked for."""
    return [{"symbol": symbol} | _said(timeframe=timeframe) for symbol, timeframe in series]


def _said(**facts: Any) -> Meaning:
    """Those that say something."""
    return {name: value for name, value in facts.items() if value}
