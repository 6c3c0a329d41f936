"""Session: from config.yaml to started sources, and from these to adapters.

A session owns everything that runs: the sources, the workers that ask those which may block, and the thread that
hands events to subscribers. Live sources start with the first live adapter, or with `subscribe`.
"""

from __future__ import annotations

import atexit
import dataclasses
import logging
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from wealthsources.model.errors import AllSourcesFailed, ClockError, ConfigError, RequestError, WealthSourcesError
from wealthsources.model.timeframe import Timeframe
from wealthsources.resolve.answer_builder import Query
from wealthsources.resolve.chain import Named, Resolution, SourceChain, describe
from wealthsources.resolve.circuit_breaker import Breaker
from wealthsources.resolve.known_empty import Empties
from wealthsources.runtime.adapter import ContextDataAdapter, Policy
from wealthsources.runtime.clocks import context_time, current_timeframe, make_clock
from wealthsources.runtime.workers import Caller, Workers

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from types import TracebackType

    from wealthsources.config.settings import Config, SourceSettings
    from wealthsources.loading.loader import Loader
    from wealthsources.model.bars import Bars, Hole
    from wealthsources.runtime.adapter import Mode
    from wealthsources.runtime.clocks import Clock
    from wealthsources.source import Event, HistoryRequest, Source, SourceStatus

from wealthsources.runtime.dispatcher import Dispatcher

_log = logging.getLogger("wealthsources.session")

STOP_LIMIT: Final = 3.0
#: The states of a source that can answer: one without a connection, and one whose connection is up.
UP: Final = ("ready", "connected")
_MOST_HOLES_TOLD: Final = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class SessionStatus:
    """A snapshot of a session. `now` is ms, None if its clock has no time yet.

    slow_consumer  how often callbacks fell more than a second behind
    disagreements  bars that two sources have with different values, as "live against archive"; the earlier one wins
    """

    clock: str
    now: int | None
    mode: str
    sources: Mapping[str, SourceStatus]
    events_lost: int = 0
    events_conflated: int = 0
    handler_errors: int = 0
    slow_consumer: int = 0
    disagreements: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """As plain lists, dicts, text and numbers."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**fields, "sources": {name: status.as_dict() for name, status in self.sources.items()}}


class _Entry:
    """One source of the deployment: it, or why it could not be loaded."""

    def __init__(self, settings: SourceSettings, source: Source | None, broken: str = "") -> None:
        self.name = settings.name
        self.plugin = settings.plugin
        self.source = source
        self.broken = broken
        self.started = False


class _Host:
    """What a source is given: its name, the clock, a logger, and ways to ask the others and to tell the world."""

    def __init__(self, session: Session, name: str) -> None:
        self.name = name
        self.clock = session.clock
        self.logger = logging.getLogger(f"wealthsources.source.{name}")
        self._session = session
        self._dispatcher = session.dispatcher

    @property
    def listening(self) -> bool:
        return self._dispatcher.listening

    def backfill(self, request: HistoryRequest, done: Callable[[Bars | None, str], None]) -> None:
        self._session.backfill(self.name, request, done)

    def emit(self, event: Event) -> None:
        self._dispatcher.emit(event)


class Session:
    """A deployment at work. Use it as a context manager, or call `start` and `stop`.

    On entry it becomes the process-wide session if there is none; see `current_session`.
    """

    def __init__(self, config: Config) -> None:
        settings = config.settings
        self.config = config
        self.clock: Clock = make_clock(settings.clock)
        self.policy = Policy(
            settings.on_hole, settings.on_stale, settings.max_behind, round(settings.late_after * 1000)
        )
        self.dispatcher = Dispatcher()
        self._workers = Workers()
        self._fillers = Workers(2, "wealthsources-backfill")
        self._call = Caller(self._workers, settings.source_deadline)
        self._breakers = {
            source.name: Breaker(source.name, settings.breaker_failures, settings.breaker_probe_after)
            for source in settings.sources
        }
        self._empties = Empties()
        self._disagreements: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._live_lock = threading.Lock()  # one thread at a time starts live sources; stop() never waits for it
        self._entries: list[_Entry] = []
        self._state: Literal["new", "started", "stopped"] = "new"
        self._live_started = False
        self._settled: Literal["live", "backtest"] | None = None
        self._judged: weakref.WeakValueDictionary[int, object] = weakref.WeakValueDictionary()
        self._judged_last: deque[object] = deque(maxlen=16)
        self._told: set[tuple[str, Timeframe, int, int]] = set()

    # life ------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Session:
        self.start()
        _become_current(self, replace=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Load and start the sources, but for live ones. Raises ConfigError if one cannot be, unless it is optional."""
        with self._lock:
            if self._state == "stopped":
                raise WealthSourcesError("this session has been stopped; open a new one")
            if self._state == "started":
                return
            self._entries = self._load()
            self._state = "started"
            try:
                for entry in self._entries:
                    if entry.source is not None and not entry.source.capabilities.live:
                        self._start_source(entry)
                    self._require_started()
            except BaseException:
                self.stop()
                raise

    def _load(self) -> list[_Entry]:
        from wealthsources.loading.loader import Loader  # noqa: PLC0415 - pluggy and pydantic only when needed

        settings = self.config.settings
        loader = Loader(settings.plugins.allow)
        entries, mistakes = [], []
        for index, wanted in enumerate(settings.sources):
            try:
                entries.append(_Entry(wanted, make_source(self.config, loader, index)))
            except ConfigError as error:
                entries.append(_Entry(wanted, None, str(error)))
                if wanted.optional:
                    _log.warning("source %s is left out: %s", wanted.name, error)
                else:
                    mistakes.append(str(error))
        if mistakes:
            raise ConfigError("\n".join(mistakes))
        return entries

    def _start_source(self, entry: _Entry) -> None:
        if entry.source is None or entry.started:
            return
        entry.started = True
        try:
            entry.source.start(_Host(self, entry.name))
        except Exception as error:
            entry.started = False
            index = self._entries.index(entry)
            failure = self.config.about(index, f"source {entry.name!r} did not start: {describe(error)}")
            if not self.config.settings.sources[index].optional:
                raise failure from error
            _log.warning("%s", failure)
            entry.source, entry.broken = None, str(failure)

    def start_live(self) -> None:
        """Start the live sources, if they are not started. Returns without waiting for any connection."""
        self._require_started()
        if self._live_started:
            return
        with self._live_lock:
            for entry in self._entries:
                self._start_source(entry)
                if self._state == "stopped" and entry.source is not None:
                    _stop_source(entry.source)
            self._live_started = True

    def stop(self) -> None:
        """Stop everything, within 3 s, from any thread, any number of times."""
        deadline = time.monotonic() + STOP_LIMIT
        # Without the lock, which `start` holds while a stranger's code runs; it looks at the state after each source.
        first, self._state = self._state != "stopped", "stopped"
        sources = [entry.source for entry in self._entries if entry.source is not None and entry.started]
        if first:
            _forget_current(self)
        threads = [threading.Thread(target=_stop_source, args=(source,), daemon=True) for source in sources]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._workers.stop()
        self._fillers.stop()
        self.dispatcher.stop(max(0.0, deadline - time.monotonic()))

    def _require_started(self) -> None:
        if self._state != "started":
            what = "has been stopped" if self._state == "stopped" else "is not open: use it in a with statement"
            raise WealthSourcesError(f"the session {what}")

    # use -------------------------------------------------------------------------------------------------------

    def adapter(self, context: object = None, mode: Mode = "auto", zone: dt.tzinfo | None = None) -> ContextDataAdapter:
        """A view of the chain for one strategy: live without a context; with one as `mode` says.

        "auto" is settled when a context is first bound, and stays: a backtest if its clock is more than two bars of
        its current_bar behind the session's, or if it has no clock; else live. Raises RequestError for a context that
        looks like the other kind, ClockError before a feed's first bar. `zone` is that of a `context.current_dt`
        that has none; without it such a time is not used.
        """
        self._require_started()
        return ContextDataAdapter(context, session=self, mode=mode, zone=zone)

    def source(self, name: str) -> Source:
        """The source of that name. Raises RequestError if there is none, ConfigError if it could not be loaded."""
        for entry in self._entries:
            if entry.name == name:
                if entry.source is None:
                    raise ConfigError(f"source {name!r} is left out: {entry.broken}")
                return entry.source
        known = ", ".join(entry.name for entry in self._entries)
        raise RequestError(f"there is no source {name!r}; the chain is: {known}")

    @property
    def sources(self) -> dict[str, Source | None]:
        """The sources in the order of the chain; None for one that is left out."""
        return {entry.name: entry.source for entry in self._entries}

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call `callback(event)` for bars and state changes, on a thread of its own. Returns what ends that."""
        end = self.dispatcher.subscribe(callback)
        self.start_live()
        return end

    def status(self) -> SessionStatus:
        """How the sources are. Never waits for a network."""
        try:
            now: int | None = self.clock.now()
        except ClockError:
            now = None
        return SessionStatus(
            self.clock.name,
            now,
            self._settled or "",
            {entry.name: _status(entry, self._breakers[entry.name].why) for entry in self._entries},
            self.dispatcher.lost,
            self.dispatcher.conflated,
            self.dispatcher.handler_errors,
            self.dispatcher.slow_consumer,
            dict(self._disagreements),
        )

    def make_current(self) -> None:
        """Become the process-wide session, in place of any other."""
        _become_current(self, replace=True)

    # for adapters ----------------------------------------------------------------------------------------------

    def settle(self, context: object, mode: Mode, zone: dt.tzinfo | None = None) -> Literal["live", "backtest"]:
        """What kind of binding this is; "auto" is decided once per session."""
        if mode not in ("auto", "live", "backtest"):
            raise RequestError(f"mode must be 'auto', 'live' or 'backtest', was {mode!r}")
        if context is None:
            if mode == "backtest":
                raise RequestError("a backtest needs a context: its clock says what may be seen")
            return "live"
        if mode != "auto":
            return mode
        with self._lock:
            if self._settled is not None and self._was_judged(context):
                return self._settled
            judged, why = self._judge(context, zone)
            if self._settled is None:
                self._settled = judged
                _log.info("bound as %s: %s", judged, why)
            elif judged != self._settled:
                # A backtest that was taken for live would see live bars, and a live strategy would miss them.
                raise RequestError(
                    f"this context looks like a {judged} one ({why}), and the first that was bound was "
                    f"{self._settled}: state mode='live' or mode='backtest'"
                )
            try:
                self._judged[id(context)] = context
            except TypeError:  # it takes no weak reference, as a SimpleNamespace or a dict
                self._judged_last.append(context)
            return self._settled

    def _was_judged(self, context: object) -> bool:
        return self._judged.get(id(context)) is context or any(context is each for each in self._judged_last)

    def _judge(self, context: object, zone: dt.tzinfo | None) -> tuple[Literal["live", "backtest"], str]:
        then = context_time(context, zone)
        if then is None:
            return "backtest", "the context has no clock"
        timeframe = current_timeframe(context) or Timeframe("1m")
        try:
            now = self.clock.now()
        except ClockError:
            raise ClockError(
                "whether this is a backtest cannot be told before the first live bar, since the clock is the feed's: "
                "state mode='live' or mode='backtest'"
            ) from None
        behind = (now - then) / timeframe.milliseconds
        if behind > 2:
            return "backtest", f"the context's clock is {behind:.1f} bars of {timeframe} behind"
        return "live", "the context's clock keeps up with the session's"

    def chain_for(self, context: object, *, live: bool) -> SourceChain:
        """The chain as one binding sees it. Starts the live sources if it is a live one."""
        if live:
            self.start_live()
        return SourceChain(
            [_bound(entry, context) for entry in self._entries],
            self._call,
            self._breakers,
            self._empties if live else None,  # a backtest knows nothing that was learned later
        )

    def stale_for(self, symbol: str, timeframe: Timeframe) -> float | None:
        """Seconds for which all live streams of the series, else of the session, have been stale."""
        sources = [entry.source for entry in self._entries if entry.source is not None and entry.started]
        try:
            ages = [age for source in sources if (age := source.stale_for(symbol, timeframe)) is not None]
            if not ages:
                ages = [age for source in sources if (age := source.stale_for()) is not None]
        except Exception:  # noqa: BLE001 - a stranger's code
            _log.exception("a live source cannot tell whether it is stale; it is taken as such")
            return float("inf")
        return min(ages, default=None)

    def note_disagreements(self, resolution: Resolution) -> None:
        """Count the bars on which a source disagreed with those before it, under the names of both."""
        earlier: dict[Timeframe | None, list[str]] = {}
        for attempt in resolution.attempts:
            before = earlier.setdefault(attempt.finer, [])
            if attempt.differs:
                with self._lock:
                    self._disagreements[f"{'+'.join(before)} against {attempt.source}"] += attempt.differs
            if attempt.bars:
                before.append(attempt.source)

    def warn_of_hole(self, symbol: str, timeframe: Timeframe, hole: Hole) -> None:
        """One warning in the log per hole."""
        key = (symbol, timeframe, hole.start, hole.end)
        with self._lock:
            if key in self._told:
                return
            if len(self._told) >= _MOST_HOLES_TOLD:
                self._told.clear()
            self._told.add(key)
        _log.warning("%s %s has a hole that no source fills: %s UTC", symbol, timeframe, hole)

    # for sources -----------------------------------------------------------------------------------------------

    def backfill(self, name: str, request: HistoryRequest, done: Callable[[Bars | None, str], None]) -> None:
        """Ask the sources after `name` for the request, on a worker; `done(bars, reason)` is called there."""
        names = [entry.name for entry in self._entries]
        rest = self._entries[names.index(name) + 1 :]

        def work() -> None:
            try:
                bars, reason = self._ask_rest(rest, request)
            except Exception as error:  # noqa: BLE001 - the source that asked must hear of it
                bars, reason = None, describe(error)
            done(bars, reason)

        try:
            self._fillers.submit(work)
        except WealthSourcesError as error:
            done(None, str(error))

    def _ask_rest(self, rest: list[_Entry], request: HistoryRequest) -> tuple[Bars | None, str]:
        late_after = self.policy.late_after if self.clock.name == "system" else 0
        query = Query(
            request.symbol,
            request.timeframe,
            self.clock.now(),
            request.count,
            request.start,
            request.end,
            late_after=late_after,
        )
        chain = SourceChain([_bound(entry, None) for entry in rest], self._call, self._breakers, self._empties)
        try:
            resolution = chain.resolve(query)
        except AllSourcesFailed as failure:
            return None, "; ".join(attempt.line() for attempt in failure.attempts) or "no source follows"
        return resolution.bars, "; ".join(attempt.line() for attempt in resolution.attempts if attempt.bars)


def make_source(config: Config, loader: Loader, index: int) -> Source:
    """Source number `index` of the deployment, not started. Raises ConfigError, each line of which has its place."""
    wanted = config.settings.sources[index]
    try:
        plugin = loader.load(wanted.plugin)
    except ConfigError as error:
        raise config.about(index, str(error)) from error
    options = config.options(index, plugin.options_model)
    make: Callable[..., Source] = plugin.source_class
    try:
        return make(options) if type(options).model_fields else make()
    except Exception as error:
        raise config.about(index, f"source {wanted.name!r} cannot be made: {describe(error)}") from error


def _bound(entry: _Entry, context: object) -> Named:
    if entry.source is None:
        return Named(entry.name, None, f"left out: {entry.broken}")
    try:
        view = entry.source.for_context(context)
    except Exception as error:  # noqa: BLE001 - a stranger's code
        return Named(entry.name, None, describe(error))
    if view is None:
        return Named(entry.name, None, "no context is bound" if context is None else "the context has no bars")
    return Named(entry.name, view)


def _status(entry: _Entry, failing: str) -> SourceStatus:
    from wealthsources.source import SourceStatus  # noqa: PLC0415

    if entry.source is None:
        return SourceStatus("broken", entry.broken)
    if not entry.started:
        return SourceStatus("not started")
    try:
        status: object = entry.source.status()
    except Exception as error:  # noqa: BLE001 - a stranger's code
        return SourceStatus("unknown", describe(error))
    if not isinstance(status, SourceStatus):
        return SourceStatus("unknown", f"status() returned {type(status).__name__}, not SourceStatus")
    return dataclasses.replace(status, state="failing", reason=failing) if failing else status


def _stop_source(source: Source) -> None:
    try:
        source.stop()
    except Exception:  # noqa: BLE001 - a stranger's code
        _log.exception("a source failed to stop")


# the process-wide session --------------------------------------------------------------------------------------

_current: Session | None = None
_current_lock = threading.Lock()


def open(config: str | Path | Mapping[str, Any] = "config.yaml") -> Session:  # noqa: A001 - `wealthsources.open`
    """Read a configuration and return its Session, to be used in a with statement.

    `config` is the path of a YAML file, or the same as a mapping. Raises ConfigError that names the mistakes.
    """
    from wealthsources.config.settings import Config, read_config  # noqa: PLC0415 - pydantic only when one is read

    return Session(Config.from_mapping(config) if isinstance(config, Mapping) else read_config(config))


def current_session() -> Session | None:
    """The process-wide session, None if none is open."""
    return _current


def context_session() -> Session:
    """A session whose chain is the context alone; it owns nothing that would have to be stopped."""
    session = open({"sources": [{"plugin": "context"}]})
    session.start()
    return session


def _become_current(session: Session, *, replace: bool) -> None:
    global _current  # noqa: PLW0603 - one per process is what it is
    with _current_lock:
        if _current is None or replace:
            _current = session
            atexit.register(session.stop)


def _forget_current(session: Session) -> None:
    global _current  # noqa: PLW0603
    atexit.unregister(session.stop)
    with _current_lock:
        if _current is session:
            _current = None
