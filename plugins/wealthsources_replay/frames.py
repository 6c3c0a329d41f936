"""The kinds of records of a recording, in the order in which they were added.

Each has two times: `wall_ms`, ms since 1970 by the machine's clock, which may run back, and `monotonic_ns`, which never
does on one shard until another process begins. Records of two shards may be out of order by the moment that a thread
takes from reading the clock to adding its record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from wealthsources_replay.header import Header

Direction = Literal["in", "out"]
ConnectionState = Literal["connecting", "connected", "lost"]


class FrameRecord(NamedTuple):
    """A frame of a connection, whole: `data` is a str if it was a text frame, bytes if it was a binary one."""

    wall_ms: int
    monotonic_ns: int
    shard: int
    epoch: int
    direction: Direction
    data: str | bytes


class StateRecord(NamedTuple):
    """What became of a connection; `connected` is an acknowledged one. `reason` is empty where there is none."""

    wall_ms: int
    monotonic_ns: int
    shard: int
    epoch: int
    state: ConnectionState
    reason: str


class MissingRecord(NamedTuple):
    """Here `records` records are missing, which came from `since_ms` to `until_ms`, both inclusive."""

    wall_ms: int
    monotonic_ns: int
    records: int
    since_ms: int
    until_ms: int
    reason: str


class ClockRecord(NamedTuple):
    """Before the next record the machine's clock ran back, by about `back_ms`."""

    wall_ms: int
    monotonic_ns: int
    back_ms: int


class BeganRecord(NamedTuple):
    """A process began to record, or its recording is read from here on: no connection of before is there any more.

    It is no line of a segment: the reader makes it of the header.
    """

    wall_ms: int
    monotonic_ns: int
    header: Header


#: What is written, a line each.
Line = FrameRecord | StateRecord | MissingRecord | ClockRecord
#: What a recording is read as.
Record = Line | BeganRecord
