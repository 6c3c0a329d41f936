"""What a source is: the class that a plugin's author writes, and what it is given.

Only `get_history` must be written. A source that lists files needs nothing else; one that holds a connection adds
`start`, `stop` and `status`; one whose bars belong to a strategy's context adds `for_context`.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Protocol

from wealthsources.model.errors import SourceError
from wealthsources.model.status import SourceStatus
from wealthsources.model.text import short_repr

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterable

    from wealthsources.model.bars import Bars
    from wealthsources.model.diagnosis import Diagnosis
    from wealthsources.model.events import Event
    from wealthsources.model.markets import Market
    from wealthsources.model.timeframe import Timeframe


@dataclasses.dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source can do. The chain decides by it who takes part in a request, before anybody is asked.

    live           receives bars as they happen; takes no part in a backtest
    states_closed  says of every bar whether it is closed: may be asked for one that has just ended (None: as `live`)
    authoritative  is the exchange's own history: what it leaves out between two bars it returned never existed
    blocking       may wait for a disk or a network, so it is called on a worker and with a deadline
    timeframes     names of the timeframes it serves; None: any
    symbols        the symbols it knows, in its own spelling; None: it cannot tell
    point_in_time  can answer with what was known at a time (`known_at`); where only that counts no other is asked
    keeps          remembers bars of others that it is given, see `Source.keep`
    continuous     false: the market of these symbols has no bar of a window without a trade, so that says nothing is
                   missing · true: it has · None: nothing is said. What a deployment says goes before it
    """

    live: bool = False
    states_closed: bool | None = None
    authoritative: bool = False
    blocking: bool = True
    timeframes: Collection[str] | None = None
    symbols: Collection[str] | None = None
    point_in_time: bool = False
    keeps: bool = False
    continuous: bool | None = None

    def __post_init__(self) -> None:
        if self.states_closed is None:
            object.__setattr__(self, "states_closed", self.live)


@dataclasses.dataclass(frozen=True, slots=True)
class HistoryRequest:
    """A question to one source: bars with open_time >= `start` that end <= `end`; of these the newest `count`.

    A bar that the source itself states as not closed does not count in `count`.

    start            ms, inclusive; None: as far back as `count` needs
    end              ms; no bar that ends later may be in the answer
    count            None: all of the span
    include_forming  live sources: add the bar that is forming, as the last one and stated as not closed
    live             False in a backtest, where nothing may be judged by the session's clock
    deadline         `time.monotonic()` value after which nobody waits for the answer any more; None: none
    now              the asker's time in ms; None: it is not told
    held             whether a bar of the oldest, of the newest window is in hand already, and is only to be compared
    known_at         ms; only what was known by then, of sources that are `point_in_time`; None: what is known now
    known_late       ms; what first was known of a bar so soon after its end counts as known at its end
    """

    symbol: str
    timeframe: Timeframe
    end: int
    start: int | None = None
    count: int | None = None
    include_forming: bool = False
    live: bool = True
    deadline: float | None = None
    now: int | None = None
    held: tuple[bool, bool] = (False, False)
    known_at: int | None = None
    known_late: int = 0


class Clock(ABC):
    """Tells the time up to which bars may be seen, in ms since 1970, UTC.

    `name` is "system", "feed" or "engine". Live sources tell it what their bars prove; only some clocks listen.
    """

    name: ClassVar[str]

    @abstractmethod
    def now(self) -> int:
        """The time, ms. Raises ClockError if there is no way to know it."""

    def saw_closed(self, end: int) -> None:  # noqa: B027 - not every clock listens
        """A live source holds a closed bar that ended at `end`: it cannot be earlier than that."""

    def saw_open(self, open_time: int) -> None:  # noqa: B027
        """A live source holds a bar that opened at `open_time`."""


class Host(Protocol):
    """What a source is given at `start`. Methods may be called from any thread; all but `history` return at once."""

    @property
    def name(self) -> str:
        """The source's name in this deployment."""

    @property
    def clock(self) -> Clock:
        """The session's clock. A live source tells it what its bars prove."""

    @property
    def logger(self) -> logging.Logger:
        """A logger named after the source. What comes again and again it says once, and then once a minute."""

    @property
    def listening(self) -> bool:
        """Whether anybody would receive an event; if not, none need be made."""

    @property
    def wants_forming(self) -> bool:
        """Whether anybody would receive an update of a forming bar; those are nearly all of the events of a feed."""

    def backfill(self, request: HistoryRequest, done: Callable[[Bars | None, str], None]) -> None:
        """Ask the sources after this one, on a worker; then `done(bars, reason)`, bars being None if none had any."""

    def history(self, source: str, request: HistoryRequest) -> Bars:
        """What the source of that name has, as a chain would answer at `request.end`. Raises NotHere, SourceError."""

    def emit(self, event: Event) -> None:
        """Hand an event to whoever subscribed, on another thread."""

    def market(self, symbol: str) -> Market:
        """What is usual where the symbol is traded, as this deployment says it."""


class Source(ABC):
    """One place that bars come from. Write `get_history`; override the rest where it says something about you."""

    capabilities: Capabilities = Capabilities()

    def __repr__(self) -> str:
        return short_repr(self, lambda: "live" if self.capabilities.live else "")

    @abstractmethod
    def get_history(self, request: HistoryRequest) -> Bars:
        """Return what there is of the request, oldest first.

        Raise `NotHere(reason)` if that is nothing, `SourceError` if something went wrong. A bar may be stated as
        closed or not, or left unset: it then counts as closed once its time is over. Where the answer lacks bars that
        there were, its `holes` may say so; on a market that is not continuous nothing else tells them from quiet.
        """

    def get_at_once(self, request: HistoryRequest) -> Bars | None:  # noqa: B027 - optional
        """What `get_history` would return if that is in memory: it may wait for nothing. None: a worker has to ask."""

    def start(self, host: Host) -> None:  # noqa: B027 - optional
        """Called once before the first request. Live sources open their connection here, without waiting for it."""

    def stop(self) -> None:  # noqa: B027 - optional
        """Let go of everything, within 3 s. May be called from any thread, more than once, and before `start`."""

    def for_context(self, context: object) -> Source | None:  # noqa: ARG002 - for those who override it
        """The source to ask on behalf of a strategy's `context` (None: no context); None if it has nothing for it."""
        return self

    def keep(self, bars: Bars, now: int) -> None:  # noqa: ARG002 - for those who override it
        """Remember closed bars of one series, which name their sources; `now` is the session's time, ms.

        Called on a worker, and only if `capabilities.keeps`; it may wait. Raises SourceError if it cannot.
        """
        raise SourceError("keeps no bars")

    def get_all_symbols(self) -> Collection[str]:
        """The symbols that this source has bars of, as far as it can tell."""
        return self.capabilities.symbols or ()

    def stale_for(self, symbol: str | None = None, timeframe: Timeframe | None = None) -> float | None:  # noqa: ARG002
        """Live sources: seconds that the stream of this series, else the freshest, has been stale; None: no stream."""
        return None

    def status(self) -> SourceStatus:
        """A snapshot of where things stand. Never waits for a network."""
        return SourceStatus()

    def diagnose(self, online: bool) -> Iterable[Diagnosis]:  # noqa: ARG002 - for those who override it
        """What `wealthsources doctor` tells of it, which has not started it; may wait. Connects only if `online`."""
        return ()
