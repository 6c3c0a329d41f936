"""StoreRecorder: writes the closed bars of the live sources into a store, each with the time it came to be known."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Final, NamedTuple

import pydantic

from wealthsources import (
    Bars,
    ClockError,
    ForkLock,
    HistoryRequest,
    NotHere,
    Recorder,
    SourceStatus,
    Timeframe,
)
from wealthsources_store.errors import StoreError
from wealthsources_store.source import find_store
from wealthsources_store.writing import Batch, note_recorded, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources import Bar, Event, RecorderHost, Source
    from wealthsources_store.writing import Written

_FLUSH_EVERY: Final = 0.5  # seconds; who is killed loses no more than what came since
#: Seconds between two notes of when this was at work. With `_FLUSH_EVERY` less than the default of `late_after`: what
#: another process fetches is that old, and it must find noted that somebody listened then.
_NOTE_EVERY: Final = 3.0
_RETRY_EVERY: Final = 5.0  # seconds
_PATIENCE: Final = 1.0  # seconds for events that are on their way
_MOST_WAITING: Final = 200_000  # bars, some 100 MB
_MOST_AT_ONCE: Final = 20_000  # bars of one transaction


class RecorderOptions(pydantic.BaseModel, extra="forbid", frozen=True):
    """`source` is the name of the source whose store it is; without it the first one of the chain."""

    source: str | None = None


class _Seen(NamedTuple):
    """A state of a closed bar, and how it came."""

    bar: Bar
    known_at: int
    epoch: int


class _Filled(NamedTuple):
    """A span of a series that was filled: its bars are still to be read."""

    source: str
    symbol: str
    timeframe: Timeframe
    start: int
    end: int
    known_at: int


class StoreRecorder(Recorder):
    """Takes closed bars, their corrections, and what holes are filled with. A thread of its own writes them.

    Of a symbol that several live sources list, the first of the chain is recorded: it is the one that is believed.
    While the store cannot be written, up to 200,000 bars wait.
    """

    options_model = RecorderOptions

    def __init__(self, options: RecorderOptions) -> None:
        self._options = options
        self._waiting: deque[_Seen | _Filled] = deque()
        self._counters: Counter[str] = Counter()
        self._trouble = ""
        self._stopped = threading.Event()
        self._writing = ForkLock()
        self._owners: dict[str, str] = {}
        self._missed: dict[tuple[str, str, Timeframe], int] = {}  # since when, ms, bars of a series were not taken
        self._events_lost = 0
        self._noted = 0.0
        self._began: int | None = None
        self._thread: threading.Thread | None = None
        self._unsubscribe: Callable[[], None] = _nothing

    def start(self, host: RecorderHost) -> None:
        """Begin to take events. Raises ConfigError if there is no store."""
        self._host = host
        store = find_store(host.sources, self._options.source)
        self._database = store.database
        store.before_keep = self._go_before
        self._began = self._now()
        self._events_lost = host.events_lost
        self._thread = threading.Thread(target=self._run, name="wealthsources-recorder", daemon=True)
        self._unsubscribe = host.subscribe(self._take, forming=False)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits. What cannot be written in a second is told of in the log."""
        self._unsubscribe()
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(1.0)
        if self._waiting or self._missed:
            taken, why = len(self._waiting), self._trouble or "the store is slow"
            more = f", nor any that came when {_MOST_WAITING:,} waited" if self._missed else ""
            self._host.logger.warning("the last %d bars were not written%s: %s", taken, more, why)

    def status(self) -> SourceStatus:
        """Ready; or paused, and why."""
        counters = {**self._counters, "waiting": len(self._waiting)}
        return SourceStatus("paused" if self._trouble else "ready", self._trouble, counters=counters)

    # on the dispatcher's thread ----------------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        if event.known_at is None:
            return
        if self._began is None:
            self._began = event.known_at
        if event.timeframe is None or not self._is_ours(event):
            return
        if event.kind == "bar" and event.bar is not None and event.bar.closed:
            self._add(event, _Seen(event.bar, event.known_at, event.epoch), event.bar.open_time)
        elif event.kind == "filled" and event.hole is not None:
            start, end = event.hole.start, event.hole.end
            filled = _Filled(event.source, event.symbol, event.timeframe, start, end, event.known_at)
            self._add(event, filled, start)

    def _add(self, event: Event, each: _Seen | _Filled, since: int) -> None:
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(each)
        elif event.timeframe is not None:  # the source may still have it when there is room again
            self._miss((event.source, event.symbol, event.timeframe), since)
            self._counters["not_taken"] += 1

    def _miss(self, key: tuple[str, str, Timeframe], since: int) -> None:
        self._missed[key] = min(since, self._missed.get(key, since))

    def _is_ours(self, event: Event) -> bool:
        owner = self._owners.get(event.symbol)
        if owner is None:
            owner = self._owners[event.symbol] = self._owner_of(event)
        return owner == event.source

    def _owner_of(self, event: Event) -> str:
        for name, source in self._host.sources.items():
            if name == event.source or (source is not None and _is_live(source, event.symbol)):
                return name
        return event.source

    # on the thread that keeps what other sources bring ---------------------------------------------------------------

    def _go_before(self, until: int) -> None:
        """What came until now is written before anything that was fetched: a state that came first is the first."""
        self._host.drain(_PATIENCE)
        self._write(until)

    # on the thread that writes -----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopped.wait(_RETRY_EVERY if self._trouble else _FLUSH_EVERY):
            if self._began is None:  # under a clock that had no time yet
                self._began = self._now()
            # In trouble always: where nothing waits, nothing else would tell that the store can be written again.
            is_time = bool(self._trouble) or time.monotonic() - self._noted >= _NOTE_EVERY
            self._write(self._now() if is_time else None)
        self._write(self._now())
        self._database.close()  # the source has been stopped by now, and closed what it had open

    def _write(self, until: int | None) -> None:
        """Write what waits; and, if it is told, until when this was at work, ms."""
        try:
            with self._writing:
                while self._waiting:
                    self._write_some()
                self._make_up()
                if until is not None:
                    self._note(until)
        except Exception as error:  # noqa: BLE001 - whatever it is, it stops nothing else
            self._pause(str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}")
        else:
            if self._trouble:
                self._host.logger.warning("recording goes on", extra={"at_once": True})
            self._trouble = ""

    def _write_some(self) -> None:
        """What waits stays there until it is written."""
        some = [self._waiting[place] for place in range(min(len(self._waiting), _MOST_AT_ONCE))]
        batches = [batch for part in _parts(some) for batch in self._batches(part)]
        self._count(write(self._database, batches, self._now() or 0))
        for _ in some:
            self._waiting.popleft()

    def _count(self, written: Written) -> None:
        self._counters.update({what: count for what, count in written._asdict().items() if count})

    def _make_up(self) -> None:
        """Read from the sources what was not taken, or was lost before it came here: as it is now, known by now.

        Corrections too: no event will bring them again.
        """
        lost = self._host.events_lost
        if lost != self._events_lost and self._began is not None:
            self._events_lost = lost
            for key in self._series():
                self._miss(key, key[-1].floor(self._began))  # the bar that was forming then ended while this listened
        now = self._now()
        while self._missed and now is not None:
            key, since = self._missed.popitem()  # what is missed from here on is another matter
            try:
                self._count(write(self._database, self._read(_Filled(*key, since, now, now), only_new=False), now))
            except Exception:
                self._miss(key, since)
                raise

    def _now(self) -> int | None:
        """The session's time, ms; None where its clock has none yet."""
        try:
            return self._host.clock.now()
        except ClockError:
            return None

    def _batches(self, part: list[_Seen] | _Filled) -> Iterator[Batch]:
        if isinstance(part, _Filled):
            yield from self._read(part, only_new=True)  # a correction has an event of its own
        else:
            bars, known = Bars.of(seen.bar for seen in part), [seen.known_at for seen in part]
            yield Batch(bars, known, part[-1].epoch)

    def _read(self, filled: _Filled, *, only_new: bool) -> Iterator[Batch]:
        """The bars that the source has of a span of which no event brought them."""
        source = self._host.sources[filled.source]
        request = HistoryRequest(filled.symbol, filled.timeframe, filled.end, filled.start)
        try:
            bars = source.get_history(request) if source is not None else None
        except NotHere:
            return
        if bars is not None:
            closed, _ = bars.split_forming()
            yield Batch(closed.named(closed.symbol, filled.source), filled.known_at, only_new=only_new)

    def _note(self, until: int) -> None:
        """For which series this was at work, since it began."""
        self._noted = time.monotonic()
        if self._began is not None:
            series = [(symbol, timeframe) for _, symbol, timeframe in self._series()]
            note_recorded(self._database, series, self._began, until)

    def _series(self) -> Iterator[tuple[str, str, Timeframe]]:
        """The source, symbol and timeframe of all that is recorded."""
        for name, source in self._host.sources.items():
            if source is not None and source.capabilities.live:
                for stream in source.status().streams:
                    if self._owners.get(stream.symbol, name) == name:
                        yield name, stream.symbol, Timeframe(stream.timeframe)

    def _pause(self, why: str) -> None:
        if not self._trouble:
            self._host.logger.warning("recording pauses, and is tried again every %g s: %s", _RETRY_EVERY, why)
        self._trouble = why


def _parts(some: list[_Seen | _Filled]) -> Iterator[list[_Seen] | _Filled]:
    """In the order in which they came; bars of one series and one connection together, as long as each opens later."""
    open_: dict[tuple[str, Timeframe], list[_Seen]] = {}
    for each in some:
        if isinstance(each, _Filled):
            yield from open_.values()
            open_.clear()
            yield each
            continue
        key = each.bar.symbol, each.bar.timeframe
        part = open_.get(key)
        if part is not None and (each.epoch != part[-1].epoch or each.bar.open_time <= part[-1].bar.open_time):
            yield open_.pop(key)
            part = None
        if part is None:
            part = open_[key] = []
        part.append(each)
    yield from open_.values()


def _is_live(source: Source, symbol: str) -> bool:
    return source.capabilities.live and symbol in (source.capabilities.symbols or ())


def _nothing() -> None:
    """Nothing was subscribed."""
