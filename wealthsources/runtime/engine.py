"""Engine: a deployment at work, as adapters and sources see it: its clock, its chain, its workers, its policies."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import time
import weakref
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

from wealthsources import forking
from wealthsources.loading.calendars import read_hours
from wealthsources.model.answer_errors import AllSourcesFailed, HoleError
from wealthsources.model.attempt import stamps_ends
from wealthsources.model.errors import ClockError, NotHere, SourceError, WealthSourcesError
from wealthsources.model.text import describe
from wealthsources.model.times import time_text
from wealthsources.resolve.chain import SourceChain
from wealthsources.resolve.circuit_breaker import CircuitBreaker
from wealthsources.resolve.known_empty import KnownEmpty
from wealthsources.resolve.query import Policy, Query, query_of
from wealthsources.runtime.binding_mode import BindingMode
from wealthsources.runtime.clocks import make_clock
from wealthsources.runtime.deployment import Deployment
from wealthsources.runtime.dispatcher import Dispatcher
from wealthsources.runtime.keeping import Keeping
from wealthsources.runtime.paced_log import PacedLogger
from wealthsources.runtime.recorders import Recorders
from wealthsources.runtime.reloading import apply, find_changes
from wealthsources.runtime.session_status import SessionStatus
from wealthsources.runtime.symbol_lists import SymbolLists
from wealthsources.runtime.told_once import ToldOnce
from wealthsources.runtime.workers import Caller, Workers

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from wealthsources.config.settings import Config
    from wealthsources.model.attempt import Attempt
    from wealthsources.model.bars import Bars
    from wealthsources.model.events import Event
    from wealthsources.model.holes import Hole
    from wealthsources.model.markets import Market
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.chain import ChainLink, Resolution
    from wealthsources.resolve.query import BarRequest, OnHole
    from wealthsources.runtime.binding_mode import Binding, Mode
    from wealthsources.source import Clock, HistoryRequest, Source

_log = logging.getLogger("wealthsources.session")

STOP_LIMIT: Final = 3.0
_DRAIN: Final = 1.0  # seconds for the events that wait when a session that is recorded stops


@dataclasses.dataclass(frozen=True, slots=True)
class Observation:
    """What an adapter answered: bars or an error to a request; `symbols` where it was asked to list them."""

    request: BarRequest | None
    bars: Bars | None = None
    attempts: tuple[Attempt, ...] = ()
    error: WealthSourcesError | None = None
    symbols: tuple[str, ...] = ()


class _Host:
    """What a source is given: its name, the clock, a logger, and ways to ask the others and to tell the world."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self.clock = engine.clock
        self.logger = PacedLogger(f"wealthsources.source.{name}")
        self._engine = engine
        self._dispatcher = engine.dispatcher

    @property
    def listening(self) -> bool:
        return self._dispatcher.listening

    @property
    def wants_forming(self) -> bool:
        return self._dispatcher.wants_forming

    def backfill(self, request: HistoryRequest, done: Callable[[Bars | None, str], None]) -> None:
        self._engine.backfill(self.name, request, done)

    def history(self, source: str, request: HistoryRequest) -> Bars:
        return self._engine.history_of(source, request)

    def emit(self, event: Event) -> None:
        self._dispatcher.emit(event)

    def market(self, symbol: str) -> Market:
        return self._engine.policy.markets.of(symbol)


class Engine:
    """Everything that runs: the sources, the workers that ask those which may block, the thread that hands out events.

    clock        what now is · policy: how adapters answer when bars are missing
    is_observed  whether anybody wants to know what adapters answer
    stale_after  ms for which live streams may be stale before that counts
    log          for what may be told at every request
    """

    def __init__(self, config: Config) -> None:
        settings = config.settings
        self.config = config
        self.clock: Clock = make_clock(settings.clock, self.live_states)
        self.policy = Policy(
            on_hole=settings.on_hole,
            on_stale=settings.on_stale,
            max_behind=settings.max_behind,
            late_after=round(settings.late_after * 1000),
            max_price_age=None if settings.max_price_age is None else round(settings.max_price_age * 1000),
            knowledge=settings.knowledge,
            markets=config.read_markets(read_hours),
        )
        self.stale_after = self.policy.late_after
        self.log = PacedLogger("wealthsources.session")
        self._chain_log = PacedLogger("wealthsources.chain")
        self.dispatcher = Dispatcher()
        self.is_observed = False
        self._keeping = Keeping(self.clock, self.policy, PacedLogger("wealthsources.keeping"))
        self._deployment = Deployment(config, lambda name: _Host(self, name), self._keeping)
        self._recorders = Recorders(config, self.clock, self._deployment, self.dispatcher)
        self._workers = Workers()
        self._fillers = Workers(2, "wealthsources-backfill")
        self._call = Caller(self._workers, settings.source_deadline)
        failures, probe_after = settings.breaker_failures, settings.breaker_probe_after
        log = PacedLogger("wealthsources.breaker")
        self._breakers = {
            source.name: CircuitBreaker(source.name, failures, probe_after, log=log) for source in settings.sources
        }
        self._known_empty = KnownEmpty()
        self._disagreements: Counter[str] = Counter()
        self._label_shifts: dict[str, str] = {}
        self._lock = forking.ForkLock()
        self._live_lock = forking.ForkLock()  # one thread at a time starts live sources; stop() never waits for it
        self._state: Literal["new", "started", "stopped"] = "new"
        self._starting = False
        self._live_started = False
        self._owner = 0  # the process that opened it
        self._inherited = False  # that was another one, from which this one was forked
        self._foreign = ""
        self._chains: weakref.WeakSet[SourceChain] = weakref.WeakSet()  # those of adapters
        self._mode = BindingMode(self._now)
        self._told = ToldOnce()
        self._observers: tuple[Callable[[Observation], None], ...] = ()
        forking.call_in_child(self, Engine._be_inherited)

    # life ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Load and start the sources, but for live ones. Raises ConfigError if one cannot be, unless it is optional."""
        forking.notice_fork()
        with self._lock:
            if self._state == "stopped":
                raise WealthSourcesError("this session has been stopped; open a new one")
            if self._state == "started":
                return
            self._starting = True
            try:
                self._deployment.load()
                self._recorders.load()
                self.policy.markets.know(self._deployment.listed())
                self._state, self._owner = "started", os.getpid()
                self._start_asked()
            finally:
                self._starting = False

    def _start_asked(self) -> None:
        """Start the sources that are not live."""
        try:
            for entry in self._deployment:
                if entry.source is not None and not entry.source.capabilities.live:
                    self._deployment.start(entry)
                self._require_started()
        except BaseException:
            self.stop()
            raise

    def start_live(self) -> None:
        """Start the live sources, if they are not started. Returns without waiting for any connection.

        Raises WealthSourcesError in a forked child if the parent has started them.
        """
        self._require_own()
        if self._live_started:
            return
        with self._live_lock:
            self._recorders.start()
            for entry in self._deployment:
                if entry.source is not None and not entry.started:
                    self._owner, self._inherited = os.getpid(), False
                self._deployment.start(entry)
                if self._state == "stopped":
                    entry.stop()
            self._live_started = True

    def take_over(self, read: Callable[[], Config]) -> None:
        """Go on with the configuration that `read` gives. Raises ConfigError if it cannot; then nothing changes."""
        with self._live_lock:
            config = read()
            changes = find_changes(self.config, config, self.sources)
            apply(changes, config)
            self.config = config
            self._deployment.use(config)
            for change in changes:
                name = config.settings.sources[change.number].name
                _log.info("the configuration was read again; source %s was told what changed", name)
                if self._state == "stopped":
                    change.source.stop()
            if not changes:
                _log.info("the configuration was read again; nothing that the sources are told has changed")

    def stop(self) -> None:
        """Stop everything, within 3 s, from any thread, any number of times."""
        forking.notice_fork()
        deadline = time.monotonic() + STOP_LIMIT
        # Without the lock, which `start` holds while a stranger's code runs; it looks at the state after each source.
        self._state = "stopped"
        self._deployment.stop(deadline)
        if self._recorders:
            self.dispatcher.drain(min(_DRAIN, max(0.0, deadline - time.monotonic())))
            self._recorders.stop(deadline)
        self._workers.stop()
        self._fillers.stop()
        self._keeping.stop()
        self.dispatcher.stop(max(0.0, deadline - time.monotonic()))

    def _require_started(self) -> None:
        forking.notice_fork()
        if self._state != "started":
            what = "has been stopped" if self._state == "stopped" else "is not open: use it in a with statement"
            raise WealthSourcesError(f"the session {what}")

    def _require_own(self) -> None:
        self._require_started()
        if self._foreign:
            raise WealthSourcesError(self._foreign)

    def _now(self) -> int:
        return self.clock.now()

    # other processes -------------------------------------------------------------------------------------------

    @property
    def foreign(self) -> str:
        """Why the live sources bring nothing: they are of another process, from which this one was forked; or empty."""
        forking.notice_fork()
        return self._foreign

    def _be_inherited(self) -> None:
        """In a forked child: sources that are asked go on here; live ones that the parent started are the parent's."""
        if self._starting:  # on a thread that is gone
            self._state, self._starting = "new", False
        if self._foreign or self._state == "new":
            return
        self._inherited = self._state == "started"
        self._recorders.forget()
        why = forking.whose(self._owner)
        stand_ins = self._deployment.be_inherited(why)
        if not stand_ins:
            return
        self._foreign, self.stale_after = why, 0
        for chain in self._chains:
            chain.sources = tuple(link._replace(source=stand_ins.get(link.name, link.source)) for link in chain.sources)

    def __reduce__(self) -> str:
        raise TypeError(
            "a session cannot be sent to another process, nor copied: open one in the process that needs it, "
            "wealthsources.open(config)"
        )

    # telling ---------------------------------------------------------------------------------------------------

    def source(self, name: str) -> Source:
        """The source of that name. Raises RequestError if there is none, ConfigError if it could not be loaded."""
        return self._deployment.source(name)

    @property
    def sources(self) -> dict[str, Source | None]:
        """The sources in the order of the chain; None for one that is left out."""
        return {entry.name: entry.source for entry in self._deployment}

    def status(self) -> SessionStatus:
        """How the sources are. Never waits for a network."""
        forking.notice_fork()
        now: int | None = None
        with contextlib.suppress(ClockError):
            now = self.clock.now()
        return SessionStatus(
            self.clock.name,
            now,
            self._mode.decided or "",
            {entry.name: entry.status(self._breakers[entry.name].why) for entry in self._deployment},
            self.dispatcher.lost,
            self.dispatcher.conflated,
            self.dispatcher.handler_errors,
            self.dispatcher.slow_consumer,
            dict(self._disagreements),
            dict(self._label_shifts),
            self._recorders.statuses(),
        )

    def live_states(self) -> str:
        """How each live source is, in one line: what an error says that they are the cause of."""
        return self._deployment.live_states()

    def observe(self, callback: Callable[[Observation], None]) -> Callable[[], None]:
        """Call `callback` with whatever adapters answer, on the thread that asked. Returns what ends that.

        It sees an answer before the caller does, so it should return at once; what it raises reaches the caller.
        """
        with self._lock:
            self._observers = (*self._observers, callback)
            self.is_observed = True

        def end() -> None:
            with self._lock:
                self._observers = tuple(each for each in self._observers if each is not callback)
                self.is_observed = bool(self._observers)

        return end

    def tell_observers(self, observation: Observation) -> None:
        """An adapter answered."""
        for callback in self._observers:
            callback(observation)

    # for adapters ----------------------------------------------------------------------------------------------

    def decide_mode(self, context: object, mode: Mode, zone: dt.tzinfo | None = None) -> Binding:
        """What kind of binding this is; "auto" is decided once per session."""
        return self._mode.decide(context, mode, zone)

    def chain_for(self, context: object, *, live: bool) -> SourceChain:
        """The chain as one binding sees it. Starts the live sources if it is a live one, unless they are not ours."""
        if live and not self._foreign:
            self.start_live()
        # A backtest knows nothing that was learned later.
        chain = self._chain(self._deployment.links(context), self._known_empty if live else None)
        self._chains.add(chain)
        return chain

    def _chain(self, links: list[ChainLink], known_empty: KnownEmpty | None) -> SourceChain:
        return SourceChain(links, self._call, self._breakers, known_empty, log=self._chain_log)

    def ask(self, name: str, source: Source, request: HistoryRequest) -> Bars:
        """What one source answers, asked as the chain asks it: on a worker and with a deadline, if it may block.

        Raises whatever it raises, SourceError if it takes too long.
        """
        return self._call(name, source, request) if source.capabilities.blocking else source.get_history(request)

    def symbol_lists(self, chain: SourceChain, *, live: bool) -> SymbolLists:
        """What the sources of a chain say of which symbols there are."""
        return SymbolLists(chain.sources, self.sources, self._call, self.log, live=live)

    def stale_for(self, symbol: str, timeframe: Timeframe) -> float | None:
        """Seconds for which all live streams of the series, else of the session, have been stale."""
        started = [entry.link(None) for entry in self._deployment if entry.started]
        return self._chain(started, None).stale_for(symbol, timeframe)

    def note_disagreements(self, resolution: Resolution) -> None:
        """Count the bars on which a source disagreed with those before it, under the names of both.

        Where it shows that one of them stamps bars with their end, the log is told, once for a series.
        """
        earlier: dict[Timeframe | None, list[str]] = {}
        for attempt in resolution.attempts:
            before = earlier.setdefault(attempt.finer, [])
            pair = f"{'+'.join(before)} against {attempt.source}"
            if attempt.differs:
                with self._lock:
                    self._disagreements[pair] += attempt.differs
            if attempt.stamped:
                self._note_label_shift(pair, attempt, resolution.bars)
            if attempt.bars:
                before.append(attempt.source)

    def _note_label_shift(self, pair: str, attempt: Attempt, bars: Bars) -> None:
        series = f"{bars.symbol} {attempt.finer or bars.timeframe}"
        with self._lock:
            self._label_shifts.setdefault(pair, f"{stamps_ends(attempt.stamped)}: {series}")
        if self._told.is_new("labels", pair, series):
            self.log.warning("%s: %s (%s)", series, stamps_ends(attempt.stamped), pair)

    def judge_holes(self, bars: Bars, on_hole: OnHole | None) -> Bars:
        """An answer that has holes, as the policy wants it; None: the deployment's. Raises HoleError."""
        policy = on_hole or self.policy.on_hole
        if policy == "trim":
            return bars.newest_run()
        if policy == "raise":
            text = "; ".join(str(hole) for hole in bars.holes)
            raise HoleError(f"{bars.symbol} {bars.timeframe} has holes: {text} (UTC)", bars, bars.holes)
        for hole in bars.holes:
            self._warn_of_hole(bars.symbol, bars.timeframe, hole)
        return bars

    def _warn_of_hole(self, symbol: str, timeframe: Timeframe, hole: Hole) -> None:
        if self._told.is_new("hole", symbol, timeframe, hole.start, hole.end):
            self.log.warning("%s %s has a hole that no source fills: %s UTC", symbol, timeframe, hole)

    def note_behind(self, bars: Bars, query: Query) -> None:
        """An answer lacks its newest bars: the source that has the newest one of it is told of, once for a series."""
        closed, _ = bars.split_forming()
        if bars.behind <= self.policy.max_behind or query.limit < query.now or not len(closed):
            return
        bar = closed[-1]
        if self._told.is_new("old", bar.source, bars.symbol, bars.timeframe):
            self.log.warning(
                "source %s was asked for the newest bars of %s %s, and its newest one ended %s UTC; now is %s UTC",
                *(bar.source, bars.symbol, bars.timeframe, time_text(bar.end), time_text(query.now)),
            )

    # for sources -----------------------------------------------------------------------------------------------

    def backfill(self, name: str, request: HistoryRequest, done: Callable[[Bars | None, str], None]) -> None:
        """Ask the sources after `name` for the request, on a worker; `done(bars, reason)` is called there."""

        def work() -> None:
            try:
                bars, reason = self._ask_rest(name, request)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the source that asked must hear of it
                bars, reason = None, describe(error)
            done(bars, reason)

        try:
            self._fillers.submit(work)
        except WealthSourcesError as error:
            done(None, str(error))

    def _ask_rest(self, name: str, request: HistoryRequest) -> tuple[Bars | None, str]:
        chain = self._chain(self._deployment.links(None, after=name), self._known_empty)
        late_after, market = self.policy.lateness(self.clock), self.policy.markets.of(request.symbol)
        try:
            resolution = chain.resolve(query_of(request, self.clock.now(), late_after, market))
        except AllSourcesFailed as failure:
            return None, "; ".join(attempt.line() for attempt in failure.attempts) or "no source follows"
        self.note_disagreements(resolution)
        return resolution.bars, "; ".join(attempt.line() for attempt in resolution.attempts if attempt.bars)

    def history_of(self, name: str, request: HistoryRequest) -> Bars:
        """What one source has of the request, checked as every answer is, in a backtest whose now is `request.end`.

        Raises NotHere if that is nothing; SourceError if it failed, be it in a part only, or takes no part;
        RequestError if there is no such source, ConfigError if it could not be loaded.
        """
        self.source(name)
        links = [link for link in self._deployment.links(None) if link.name == name]
        market = self.policy.markets.of(request.symbol)
        timeframe = market.timeframe(request.timeframe)
        query = Query(request.symbol, timeframe, request.end, request.count, request.start, live=False, market=market)
        try:
            bars = self._chain(links, None).resolve(query).bars
        except AllSourcesFailed as failure:
            outcomes = {attempt.outcome for attempt in failure.attempts}
            has_answered = "failed" not in outcomes and outcomes != {"skipped"}
            told = "; ".join(attempt.line() for attempt in failure.attempts)
            raise (NotHere if has_answered else SourceError)(told) from None
        if bars.failed:
            raise SourceError("; ".join(attempt.line() for attempt in bars.failed))
        return bars
