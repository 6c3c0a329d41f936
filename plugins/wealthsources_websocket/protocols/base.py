"""The seam between a client and the format of a server: what a protocol states, and what a message can mean.

A protocol is one class in one file. It does no input or output, reads no clock and keeps nothing from one message to
the next: what was asked for, what was acknowledged and when something is due, the client knows. To add one, write the
class, name it in the registry of this package, and read `Protocol` from top to bottom: everything has a default but
what no two servers have in common.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Final, Literal, NamedTuple

import msgspec

from wealthsources_websocket.errors import FailureKind

#: (symbol, timeframe), both as the deployment writes them unless it says otherwise.
Series = tuple[str, str]

Environment = Literal["live", "test"]


# what a message means ------------------------------------------------------------------------------------------


class BarMessage(msgspec.Struct, array_like=True, gc=False):
    """One bar as a message states it: the whole bar so far. `closed` is the server's flag, None if it sends none.

    `symbol` may be in the server's spelling; `timeframe` is one of ours, or a name that can mean no other; `open_time`
    is in ms. The rules about bars, such as that high is not below low, are no matter of a protocol: they are the same
    for every source.
    """

    symbol: str
    timeframe: str
    open_time: int
    close_time: int
    values: tuple[float, float, float, float, float]
    decimals: int
    closed: bool | None = None
    texts: tuple[str | None, ...] | None = None


class Greeting(NamedTuple):
    """The server is ready to be talked to."""


class Authenticated(NamedTuple):
    """The server took the credential: subscriptions may go out."""


class Acknowledged(NamedTuple):
    """The server acknowledged these series, or those of a request; if it names neither, all that was asked for.

    The symbols of `series` may be in the server's spelling.
    """

    request_id: str | None
    series: tuple[Series, ...] = ()


class Refused(NamedTuple):
    """The server refused these series, or those of a request; the others live on. `reason` is in the server's words."""

    reason: str
    request_id: str | None = None
    series: tuple[Series, ...] = ()


class ServerError(NamedTuple):
    """The server says that something is wrong, not with one series. `kind` is what it is about."""

    message: str
    kind: FailureKind = ""


class Reply(NamedTuple):
    """The server wants this text back: a heartbeat of its own."""

    text: str


class Alive(NamedTuple):
    """A heartbeat: an answer to ours if `answer`, else one of the server's that wants no answer."""

    answer: bool = False


class ReconnectSoon(NamedTuple):
    """The server is about to end this connection, and wants us on another."""

    reason: str


class Ignored(NamedTuple):
    """A message of a type that is not known. `words` is what it says to people, as far as that can be seen."""

    kind: str
    words: str = ""


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


ProtocolEvent = (
    BarMessage
    | Greeting
    | Authenticated
    | Acknowledged
    | Refused
    | ServerError
    | Reply
    | Alive
    | ReconnectSoon
    | Ignored
    | Malformed
)


# what a protocol states ----------------------------------------------------------------------------------------


class Limits(NamedTuple):
    """What a server allows; None: no limit is known.

    series_per_text        in one subscribe text
    series_per_connection  more of them take another connection
    texts_per_second       towards the server; subscribe texts are spread over time
    lifetime               seconds after which the server ends a connection, whatever happens
    """

    series_per_text: int | None = None
    series_per_connection: int | None = None
    texts_per_second: float | None = None
    lifetime: float | None = None


class Protocol(ABC):
    """One server's format. Its conversation: greeting (if `greets`), authentication (if any), subscription, reading.

    name                  as configurations say it
    default_market        the market of those who name none, in the server's word
    timeframes            ours → the server's, for those that it streams on our grid, and no others
    closes_by             flag: the server says which bar is closed · successor: it does not, or not always
    pushes_quiet_minutes  whether a bar without a trade is pushed; if not, heartbeats too prove that a stream is alive
    limits                what the server allows
    greets                the server speaks first, and nothing may be sent before
    heartbeat             ours: ping: WebSocket pings · text: `heartbeat_text` · none: only the server sends any
    credential_name       what the server calls the credential; empty if it wants none
    acknowledgement       what the server's acknowledgement is called, for messages about one that does not come
    close_kinds           what its close codes mean, as far as they mean anything
    """

    name: ClassVar[str]
    default_market: ClassVar[str] = ""
    timeframes: ClassVar[Mapping[str, str]]
    closes_by: ClassVar[Literal["flag", "successor"]]
    pushes_quiet_minutes: ClassVar[bool] = True
    limits: ClassVar[Limits] = Limits()
    greets: ClassVar[bool] = False
    heartbeat: ClassVar[Literal["ping", "text", "none"]] = "ping"
    credential_name: ClassVar[str] = ""
    acknowledgement: ClassVar[str] = "acknowledgement"
    close_kinds: ClassVar[Mapping[int, FailureKind]] = MappingProxyType({1008: "auth"})

    def __init__(self, *, market: str | None = None, push_closed: bool = False) -> None:
        """`push_closed`: finished bars only are pushed, so a bar without a flag is closed."""
        self.market: Final = self.default_market if market is None else market
        self.push_closed: Final = push_closed

    @classmethod
    @abstractmethod
    def endpoints(cls, market: str, environment: Environment = "live") -> tuple[str, ...]:
        """The addresses of a market in the order they are to be tried; one at least."""

    def spell(self, symbol: str) -> str:
        """A symbol as the server writes it."""
        return symbol

    def authentication(self, credential: str) -> str | None:  # noqa: ARG002 - most servers want none
        """The text that authenticates, to be answered with Authenticated; None: none is sent. Do not log it."""
        return None

    def batches(self, series: Sequence[Series]) -> Sequence[Sequence[Series]]:
        """The series of each subscribe text."""
        size = self.limits.series_per_text or max(1, len(series))
        return [series[start : start + size] for start in range(0, len(series), size)]

    @abstractmethod
    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        """The text that subscribes to one batch of series. It may hold the credential: do not log it."""

    def heartbeat_text(self, number: int) -> str:
        """Our heartbeat where it is a text, to be answered with Alive(answer=True). `number` counts on a connection."""
        raise NotImplementedError(f"{self.name} sends no text as its heartbeat")

    @abstractmethod
    def read(self, data: bytes) -> Sequence[ProtocolEvent]:
        """What one text frame means, given as its bytes. Never raises: what is wrong becomes a Malformed."""
