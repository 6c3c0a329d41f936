"""What a message of a server means, whatever its format. No input, no output, no clock."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class BarMessage(msgspec.Struct, array_like=True, gc=False):
    """One bar as a message states it: the whole bar so far. `closed` is the server's flag, None if it sends none."""

    symbol: str
    timeframe: str
    open_time: int
    close_time: int
    values: tuple[float, float, float, float, float]
    decimals: int
    closed: bool | None = None
    texts: tuple[str | None, ...] | None = None


class Acknowledged(NamedTuple):
    """The server acknowledged a subscription."""

    request_id: str | None


class ServerError(NamedTuple):
    """The server says that something is wrong."""

    message: str


class Reply(NamedTuple):
    """The server wants this text back: a heartbeat of its own."""

    text: str


class Ignored(NamedTuple):
    """A message of a type that is not known."""

    kind: str


class Malformed(NamedTuple):
    """A message that cannot be used: `what` is bad_message or bad_bar, `why` names the field.

    `symbol`, `timeframe` and `open_time` say which bar it was for, as far as that could be read; `may_be_bar` is false
    for what is nothing like a message, such as a heartbeat in plain text.
    """

    what: str
    why: str
    symbol: str = ""
    timeframe: str = ""
    open_time: int | None = None
    may_be_bar: bool = True


ProtocolEvent = BarMessage | Acknowledged | ServerError | Reply | Ignored | Malformed
