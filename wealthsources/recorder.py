"""What a recorder is, and any other sink: it stands beside a session and takes its events.

A recorder is offered by an entry point of the group `wealthsources.recorders` that names its class; the entry point's
name is what stands under `recorder:` in config.yaml.

    [project.entry-points."wealthsources.recorders"]
    mine = "mine.recorder:MyRecorder"
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from wealthsources.model.status import SourceStatus

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Mapping

    from pydantic import BaseModel

    from wealthsources.model.diagnosis import Diagnosis
    from wealthsources.model.events import Event
    from wealthsources.source import Clock, Source

#: The version of the contract of recorders. It changes when one that was written for it would no longer do.
CONTRACT: Final = 1


class Sink(Protocol):
    """Who takes the events of a session, as a recorder or a publisher does: `session.subscribe(sink)`.

    Called with one event at a time, on a thread of the session's own, never on one that reads from a network. One that
    is slow loses updates of forming bars first, then the oldest events (counted in `session.status()`); the bars
    themselves stay in the source, which can be asked for what was missed.
    """

    def __call__(self, event: Event, /) -> None:
        """Take one event. What is raised is logged and counted, and ends nothing."""


class RecorderHost(Protocol):
    """What a recorder is given at `start`."""

    @property
    def clock(self) -> Clock:
        """The session's clock."""

    @property
    def logger(self) -> logging.Logger:
        """A logger named after the recorder. What comes again and again it says once, and then once a minute."""

    @property
    def sources(self) -> Mapping[str, Source | None]:
        """The sources in the order of the chain; None for one that is left out."""

    @property
    def events_lost(self) -> int:
        """How many events could not be kept for those who take them too slowly; the sources may still have the bars."""

    def drain(self, timeout: float) -> bool:
        """Wait until every event so far has been handed out, at most `timeout` seconds; whether that is so."""

    def subscribe(self, sink: Sink, *, forming: bool = True) -> Callable[[], None]:
        """Call `sink` with every event from now on, on a thread of the session's. Returns what ends that.

        `forming=False` leaves out the updates of forming bars, which are nearly all of the events of a feed.
        """


class Recorder(ABC):
    """Writes down what a session sees. It is made of its options, which its `options_model` has checked.

    Whatever fails in it is its own: it says so in the log and in its status, and stops nothing else. `contract` is the
    version of this contract that it was written for, CONTRACT, as a plain number; one of another version is refused.
    """

    options_model: ClassVar[type[BaseModel]]
    contract: ClassVar[int] = CONTRACT

    @abstractmethod
    def start(self, host: RecorderHost) -> None:
        """Called once, before the first live source starts. Raises ConfigError for what can never work."""

    @abstractmethod
    def stop(self) -> None:
        """Write what has been taken, within a second, and let go of everything. Called when no more events come."""

    def status(self) -> SourceStatus:
        """A snapshot of where things stand: `state` is "ready" while all is well. Waits for nothing."""
        return SourceStatus()

    def diagnose(self, online: bool) -> Iterable[Diagnosis]:  # noqa: ARG002 - for those who override it
        """What `wealthsources doctor` tells of it, which has not started it; as that of a Source."""
        return ()
