"""The seam between a client and the format of a server: what a protocol states, and what a message can mean.

A protocol is one class in one file. It does no input or output, reads no clock and keeps nothing from one message to
the next: what was asked for, what was acknowledged and when something is due, the client knows. To add one, write the
class, name it in the entry-point group `wealthsources.protocols`, and read `Protocol` from top to bottom: everything
has a default but what no two servers have in common. Where messages are JSON, `json_text.JsonProtocol` reads them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import ClassVar, Final, Literal, NamedTuple

import msgspec

from wealthsources_websocket.errors import FailureKind

#: (symbol, timeframe), both as the deployment writes them unless it says otherwise.
Series = tuple[str, str]

Environment = Literal["live", "test"]

#: The version of this contract. It changes when a protocol that was written for it would no longer do.
CONTRACT: Final = 1


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
    """The server acknowledged these series, or those of a request; if it names neither, of the oldest unanswered one.

    The symbols of `series` are in the server's spelling.
    """

    request_id: str | None
    series: tuple[Series, ...] = ()


class Refused(NamedTuple):
    """The server refused these series; the others live on. `reason` is in the server's words.

    Without `series` it refused those of a request that it has not acknowledged; if it names neither, of the oldest
    unanswered one. If there are several, one of them alone may be the cause: each is then asked for by itself.
    """

    reason: str
    request_id: str | None = None
    series: tuple[Series, ...] = ()


class ServerError(NamedTuple):
    """The server says that something is wrong, not with one series. `kind` is what it is about.

    `rest` is for how many seconds it wants to be left alone, if it ends the connection for that; 0.0: it does not say.
    """

    message: str
    kind: FailureKind = ""
    rest: float = 0.0


class Reply(NamedTuple):
    """A heartbeat of the server's, which wants this text back."""

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
    counts_control         pings and pongs count as texts too
    connects_per_minute    to one host
    lifetime               seconds after which the server ends a connection, whatever happens
    alone                  a second connection at the same time is refused, or costs the first one
    """

    series_per_text: int | None = None
    series_per_connection: int | None = None
    texts_per_second: float | None = None
    counts_control: bool = False
    connects_per_minute: int | None = None
    lifetime: float | None = None
    alone: bool = False


class Protocol(ABC):
    """One server's format. Its conversation: connecting, greeting, authentication (if any), subscription, reading.

    What follows is stated by the class, or in `__init__` where it differs between the markets of a server.

    name                  as configurations say it
    contract              the version of this contract that it was written for, CONTRACT, as a plain number
    markets               the server's word for each of its markets, with what it is; empty: any text may be one
    default_market        the market of those who name none
    timeframes            ours → the server's, for those that it streams on our grid, and no others
    closes_by             flag: the server says which bar is closed, if only after the next one began · successor: it
                          does not, or not always, so a bar is closed when a later one begins
    pushes_forming        whether a bar is pushed while it forms; None: a deployment has to say it (`bar_push`)
    sends_snapshot        a subscription is answered with bars that may be old
    pushes_quiet_minutes  whether a bar without a trade is pushed; if not, heartbeats too prove that a stream is alive,
                          and a deployment that says nothing of its market takes it for one that is not continuous
    history_bars          so many of the newest bars of a timeframe can be had as history behind it; None: all of them,
                          as far as is known; 0: none, by the plugin `ccxt`
    limits                what the server allows
    asks_first            the HTTP method of a request that goes to the endpoint before each connection, for an answer
                          that says where to connect; empty: there is none
    greets                the server speaks first, and nothing may be sent before
    heartbeat             ours: ping: WebSocket pings · text: `heartbeat_text` · none: only the server sends any
    credential_name       what the server calls the credential; empty if it wants none. `secret_name`: a second one
    needs_credential      nothing comes without it
    needs_contract_size   volume comes in contracts, and only the deployment knows how much of the base is in one
    acknowledgement       what the server's acknowledgement is called, for messages about one that does not come
    close_kinds           what its close codes mean, as far as they mean anything
    status_kinds          what an HTTP status means that comes instead of a connection, and for how many seconds the
                          server is left alone then, as far as this differs from what is usual
    """

    name: ClassVar[str]
    contract: ClassVar[int] = CONTRACT
    markets: ClassVar[Mapping[str, str]] = MappingProxyType({})
    default_market: ClassVar[str] = ""
    credential_name: ClassVar[str] = ""
    secret_name: ClassVar[str] = ""
    needs_credential: ClassVar[bool] = False
    asks_first: ClassVar[Literal["", "GET", "POST"]] = ""
    acknowledgement: ClassVar[str] = "acknowledgement"
    timeframes: Mapping[str, str]
    closes_by: Literal["flag", "successor"]
    pushes_forming: ClassVar[bool | None] = True
    sends_snapshot: ClassVar[bool] = False
    pushes_quiet_minutes: bool = True
    history_bars: int | None = None
    limits: Limits = Limits()
    greets: bool = False
    heartbeat: Literal["ping", "text", "none"] = "ping"
    needs_contract_size: bool = False
    close_kinds: Mapping[int, FailureKind] = MappingProxyType({1008: "auth"})
    status_kinds: Mapping[int, tuple[FailureKind, float]] = MappingProxyType({})

    def __init__(
        self,
        *,
        market: str | None = None,
        environment: Environment = "live",
        push_closed: bool = False,
        contract_sizes: Mapping[str, Decimal] = MappingProxyType({}),
    ) -> None:
        """One market of the server, in one environment. Raises ValueError for a market that it does not have.

        push_closed     finished bars only are pushed, so a bar without a flag is closed; for a server that does not
                        always do the one or the other
        contract_sizes  how much of the base is in one contract, by the server's symbol
        """
        self.market: Final = self.default_market if market is None else market
        self.environment: Final = environment
        self.push_closed: Final = push_closed
        self.contract_sizes: Final = contract_sizes
        if self.markets and self.market not in self.markets:
            raise ValueError(f"{self.name} has no market {self.market!r}, only {' and '.join(self.markets)}")

    @abstractmethod
    def endpoints(self) -> tuple[str, ...]:
        """The addresses in the order they are to be tried; one at least. Raises ValueError if there are none."""

    def address(self, endpoint: str, series: Sequence[Series], answer: bytes) -> str:
        """Where to connect for these series, for a server that reads topics in the address or was asked first.

        `answer` is what it said then. Raises ValueError if that does not tell. What follows a `?` is kept secret.
        """
        return endpoint

    def spell(self, symbol: str) -> str:
        """A symbol as the server writes it. Raises ValueError if that cannot be told."""
        return symbol

    def lane(self, series: Series) -> str:
        """Where a connection takes one kind of series only: the kind of this one, which is in the server's spelling.

        Series of different lanes are on different connections.
        """
        return ""

    # The series of the methods below are in the server's spelling, and in our names of timeframes.

    def authentication(self, credential: str, secret: str) -> str | None:
        """The text that authenticates, to be answered with Authenticated; None: none is sent. Do not log it."""
        return None

    def opening(self) -> Sequence[str]:
        """The texts that go out before the first subscription."""
        return ()

    def batches(self, series: Sequence[Series]) -> Sequence[Sequence[Series]]:
        """The series of each subscribe text."""
        size = self.limits.series_per_text or max(1, len(series))
        return [series[start : start + size] for start in range(0, len(series), size)]

    @abstractmethod
    def subscription(self, series: Sequence[Series], request_id: str, credential: str) -> str:
        """The text that subscribes to one batch of series. It may hold the credential: do not log it.

        `request_id` is a whole number that counts on a connection. Empty: no text, the address said it all.
        """

    def heartbeat_text(self, number: int) -> str:
        """Our heartbeat where it is a text, to be answered with Alive(answer=True). `number` counts on a connection."""
        raise NotImplementedError(f"{self.name} sends no text as its heartbeat")

    @abstractmethod
    def read(self, data: bytes) -> Sequence[ProtocolEvent]:
        """What one text frame means, given as its bytes. Never raises: what is wrong becomes a Malformed."""

    def read_binary(self, data: bytes, most: int) -> Sequence[ProtocolEvent] | None:
        """What one binary frame means, inflated to no more than `most` bytes; None: the server speaks in texts.

        Never raises.
        """
        return None
