"""Exchange: what the rest asks of one market's way to speak. Pure: messages in, messages out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NamedTuple

from wealthsources_simulator.errors import SimulatorError
from wealthsources_simulator.exchanges.json_text import to_json
from wealthsources_simulator.exchanges.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from wealthsources_simulator.bars import PlayedBar, Series

#: The JSON object of one text.
Message = dict[str, Any]

#: A state of a bar, and whether it is closed.
State = tuple["PlayedBar", bool]

#: What is pushed of a bar in which nobody traded: as much as of any other; nothing; or its end, with the next trade.
Quiet = Literal["flat", "nothing", "with the next"]

_ONE: Final = ("",)


class Refused(Exception):  # noqa: N818 - an outcome for the client, which is told the message
    """The client is sent this message and its connection is closed. Never holds what the client sent."""


@dataclass(slots=True)
class Conversation:
    """What an exchange knows of one client, and notes of it.

    path, query    of the upgrade
    token          the one that is asked for, None for any
    number         of the connection
    now            the time of day, ms; whoever asks the exchange something sets it before
    series         what the client is sent, sorted
    authenticated  whether it has shown its credentials, where there are such
    beat_every     seconds between two of the exchange's own heartbeats; None for none
    unanswered     heartbeats that wait for their answer
    sent           messages that went out
    notes          whatever else one exchange has to remember
    """

    path: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    number: int = 1
    now: int = 0
    series: tuple[Series, ...] = ()
    authenticated: bool = False
    beat_every: float | None = None
    unanswered: int = 0
    sent: int = 0
    notes: dict[Any, Any] = field(default_factory=dict)


class Reply(NamedTuple):
    """What becomes of a message: answers, in their order; what the client is sent from now on; and the end, or not.

    series  all that it is subscribed to now; None as before, with nothing acknowledged
    added   those of them that begin now
    ends    whether the connection is closed after the answers
    """

    messages: Sequence[Message | str] = ()
    series: tuple[Series, ...] | None = None
    added: tuple[Series, ...] = ()
    ends: bool = False


class Request(NamedTuple):
    """An HTTP request that is no upgrade, and where the client reached this server: `ws://127.0.0.1:1234`."""

    method: str
    path: str
    origin: str


class Answer(NamedTuple):
    """Its answer."""

    status: int
    body: Message


class Exchange(ABC):
    """One market's way to speak. The client's messages come as parsed JSON, else as their text, or bytes if binary.

    name         what it is called in `simulate --protocol`
    markets      the markets that it has, the first unless another is asked for; "" if it has only one
    path         what the upgrade has to ask for
    asks_first   what a client asks for by HTTP before it connects, answered by `http`; empty where it connects at once
    closed_flag  the field of a bar that says whether it is closed; None where only its successor does
    rules        what it does by the clock; `pace` is how many of a client's seconds its seconds take
    adds         whether another subscription adds to those before, and does not take their place
    forming      whether it pushes bars that are not closed yet
    quiet        what it pushes of a bar without a trade
    past, present  whether those who subscribe are sent closed bars, and the newest state of the one in progress
    early        whether that may come before the acknowledgement
    """

    name: ClassVar[str] = ""
    markets: ClassVar[tuple[str, ...]] = _ONE
    path: str
    asks_first: ClassVar[str] = ""
    closed_flag: str | None
    rules: Rules = Rules()
    adds: ClassVar[bool] = False
    forming: ClassVar[bool] = True
    quiet: ClassVar[Quiet] = "flat"
    past: ClassVar[bool] = True
    present: ClassVar[bool] = False
    pace: float = 1.0
    early: bool = False
    market: str = ""

    def choose(self, market: str | None) -> str:
        """One of its markets by name, None for the first. Raises SimulatorError."""
        if market is not None and market not in self.markets:
            names = ", ".join(filter(None, self.markets)) or "no other market than the one it has"
            raise SimulatorError(f"{self.name or 'this exchange'} has {names}; not {market!r}")
        return self.markets[0] if market is None else market

    def has_timeframe(self, name: str) -> bool:
        """Whether it has a word for a timeframe of ours."""
        del name
        return True

    # Before the first message.

    def serves(self, path: str) -> bool:
        """Whether an upgrade may ask for this path."""
        return path == self.path

    def http(self, request: Request) -> Answer | None:
        """The answer to a request that is no upgrade; None if there is none."""
        del request
        return None

    def greet(self, conversation: Conversation) -> Reply:
        """What a client is told as soon as it is connected; its URL may have subscribed to something."""
        del conversation
        return Reply()

    # Messages of the client's.

    def reply(self, message: object, conversation: Conversation) -> Reply | None:
        """What becomes of a message that does not subscribe; None for one that does, or that nothing becomes of."""
        del message, conversation
        return None

    @abstractmethod
    def subscribes(self, message: object) -> bool:
        """Whether a message wants to subscribe, rightly or wrongly."""

    @abstractmethod
    def check(self, message: object, token: str | None) -> None:
        """Raise Refused for anything but a subscription that is to be let in; with `token` None any token will do."""

    @abstractmethod
    def series(self, message: object) -> tuple[Series, ...]:
        """What a message subscribes to, sorted, whether it is let in or not; nothing if it is no subscription."""

    @abstractmethod
    def acknowledgement(self, message: object) -> Message:
        """The answer to a subscription that was let in."""

    def subscribe(self, message: object, conversation: Conversation, known: Collection[Series]) -> Reply:
        """What becomes of a subscription that was let in; `known` are the series of the market."""
        del conversation, known
        series = self.series(message)
        return Reply((self.acknowledgement(message),), series, series)

    # Messages of its own.

    @abstractmethod
    def error(self, text: str) -> Message:
        """What a client is told that was not let in."""

    @abstractmethod
    def bar(self, series: Series, bar: PlayedBar, closed: bool) -> Message:
        """One state of a bar."""

    def snapshot(self, series: Series, states: Sequence[State]) -> list[Message]:
        """What those who subscribe are sent first: closed bars, oldest first, and maybe the one in progress."""
        return [self.bar(series, bar, closed) for bar, closed in states]

    def beat(self, conversation: Conversation) -> Reply:
        """Its own heartbeat, which is due."""
        del conversation
        return Reply()

    def wants_reconnect(self, conversation: Conversation) -> Sequence[Message]:
        """How it asks a client to come back on another connection; nothing where it has no word for that."""
        del conversation
        return ()

    # The frames.

    def text(self, message: Message, *, spaced: bool = False) -> str:
        """A message as it goes out; JSON may have spaces."""
        return to_json(message, spaced=spaced)

    def encode(self, text: str, conversation: Conversation) -> str | bytes:
        """What this client's frame holds of a text: bytes if it is a binary one."""
        del conversation
        return text
