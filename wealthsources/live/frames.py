"""Raw frames: what a recorder of them is told by a source that holds connections, and how they are read again.

Who brings such a source offers a ReplayFrames by an entry point of the group `wealthsources.replays`, whose name is the
`plugin` of its FrameFacts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wealthsources.source import Source


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


class FrameReplay(Protocol):
    """Reads recorded frames as they were read when they came, on the thread that calls.

    No clock ends anything, nothing is dialled and nothing is sent: what became of a connection, its recording says.
    """

    @property
    def source(self) -> Source:
        """Has the bars. To be started before the first connection begins, by its `start`; that dials nothing."""

    def begin(self, shard: int, *, joined: bool = False) -> FrameLog:
        """A connection of that shard is there. `joined`: what was said on it so far is not known.

        One that begins before another of its shard has ended is beside that one, and takes its place at its end.
        """

    def turn(self) -> None:
        """Time has come on: to be called twice a second, of recorded time, and before each frame after a pause."""

    def finish(self, reason: str) -> None:
        """All connections are over, and none follows."""


class ReplayFrames(Protocol):
    """Makes a FrameReplay."""

    def __call__(self, facts: FrameFacts, monotonic: Callable[[], float], wall: Callable[[], float]) -> FrameReplay:
        """Of a source with these facts. The clocks tell the time, in seconds, at which the present frame came.

        Raises ConfigError if frames like these cannot be read here.
        """
