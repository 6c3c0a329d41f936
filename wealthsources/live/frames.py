"""What a recorder of raw frames is told by a source that holds connections, and what it is told of that source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class FrameLog(Protocol):
    """Takes what is said on one connection. Called on the thread that reads it, which must not be held up."""

    def frame(self, data: str | bytes, *, incoming: bool) -> None:
        """A whole message came, or was sent: a str if it was text, bytes if it was binary."""

    def ended(self, reason: str) -> None:
        """The connection is over; nothing follows."""


class FrameTap(Protocol):
    """Makes a FrameLog for each connection."""

    def __call__(self, shard: int, redact: Callable[[str], str]) -> FrameLog:
        """A connection of that shard is there. `redact` takes the secrets out of texts that others are to read."""


class FrameFacts(NamedTuple):
    """What is needed to read a feed's frames again.

    plugin      what the source is of, as its `plugin:` in the configuration
    protocol    and `market`, `environment`: as its options name them
    symbols     what it was told to bring, as the deployment spells it, in each of the `timeframes`
    options     what else its options say of how frames are read, of types that JSON knows; no secret
    """

    plugin: str
    protocol: str
    market: str
    environment: str
    symbols: tuple[str, ...]
    timeframes: tuple[str, ...]
    options: Mapping[str, Any]
