"""A record as a line of JSON, and back."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any

from wealthsources_replay.frames import ClockRecord, FrameRecord, MissingRecord, StateRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources_replay.frames import Line


def encode(record: Line, redact: Callable[[str], str]) -> str:
    """The line of a record, with its end. Texts are as `redact` shows them; binary frames stay as they are."""
    if isinstance(record, FrameRecord):
        wall, monotonic, shard, epoch, direction, data = record
        if isinstance(data, str):
            kind, text = "text", quoted(redact(data))
        else:
            kind, text = "binary", f'"{b64encode(data).decode()}"'
        # By hand: it is the one line that comes thousands of times a second, while a feed waits for the interpreter.
        return (
            f'{{"kind":"{kind}","wall_ms":{wall},"monotonic_ns":{monotonic},"shard":{shard},"epoch":{epoch},'
            f'"direction":"{direction}","frame":{text}}}\n'
        )
    kind = _KINDS[type(record)]
    facts = {"kind": kind, **record._asdict()}
    if isinstance(record, StateRecord):
        facts["reason"] = redact(record.reason)
    return json.dumps(facts, separators=(",", ":")) + "\n"


def decode(lines: bytes) -> list[Line]:
    """The records of whole lines. Raises ValueError if they are none."""
    joined = lines.decode().rstrip().replace("\n", ",")  # line by line it takes twice as long
    rows = json.loads(f"[{joined}]")
    try:
        return [_READERS[row["kind"]](row) for row in rows]
    except (KeyError, TypeError) as error:
        raise ValueError(f"a line is no record: {error!r}") from None


def _read_text(row: dict[str, Any]) -> Line:
    return FrameRecord(row["wall_ms"], row["monotonic_ns"], row["shard"], row["epoch"], row["direction"], row["frame"])


def _read_binary(row: dict[str, Any]) -> Line:
    try:
        return _read_text({**row, "frame": b64decode(row["frame"], validate=True)})
    except binascii.Error as error:
        raise ValueError(f"a binary frame is not base64: {error}") from None


def _reader_of(kind: type[StateRecord | MissingRecord | ClockRecord]) -> Callable[[dict[str, Any]], Line]:
    return lambda row: kind(*(row[name] for name in kind._fields))


_KINDS = {StateRecord: "state", MissingRecord: "missing", ClockRecord: "clock"}
_READERS = {"text": _read_text, "binary": _read_binary, **{name: _reader_of(kind) for kind, name in _KINDS.items()}}
