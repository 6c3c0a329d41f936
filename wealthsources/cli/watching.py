"""What `wealthsources watch` sees: the newest bar of each live series, how its stream is, and what happened."""

from __future__ import annotations

import dataclasses
import queue
import threading
from typing import TYPE_CHECKING, Final, Self

from wealthsources.model.errors import RequestError, WealthSourcesError
from wealthsources.model.status import LOADING
from wealthsources.model.symbols import match_symbol
from wealthsources.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wealthsources.model.bars import Bar
    from wealthsources.model.events import Event
    from wealthsources.model.status import SourceStatus, StreamStatus
    from wealthsources.runtime.session import Session
    from wealthsources.runtime.session_status import SessionStatus

#: A reader that is slower than this many events makes the dispatcher wait, and that one drops updates and says so.
_MOST_WAITING: Final = 1_000
#: Of so many series the newest bar is asked for at once, where a history can tell it before the live source does.
_MOST_ASKED: Final = 50
_LOOK_EVERY: Final = 0.25  # seconds

SeriesName = tuple[str, str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class SeriesView:
    """One series of one live source at this moment. `bar` may be of another source, before the live one has any."""

    source: str
    stream: StreamStatus
    bar: Bar | None

    @property
    def is_settled(self) -> bool:
        """Whether no more is to be waited for: it has a bar, or will have none."""
        return self.bar is not None or self.stream.state == "refused"


class Watch:
    """The series of the live sources of a session that has been started. Use it in a with statement."""

    def __init__(self, session: Session, symbols: Sequence[str], timeframes: Sequence[str], *, keeps: bool) -> None:
        """`symbols` and `timeframes` choose; none of them: all. `keeps`: whether `happened` is read.

        Raises RequestError for a timeframe that is none, and if there is no live source.
        """
        self._session = session
        self._symbols = frozenset(symbols)
        self._wanted: dict[str, bool] = {}  # by symbol, as it is asked for at every look
        self._timeframes = tuple(Timeframe(name).name for name in timeframes)
        self._live = [name for name, source in session.sources.items() if source and source.capabilities.live]
        if not self._live:
            raise RequestError("there is no live source to watch; name an exchange, or list one in the configuration")
        self._newest: dict[SeriesName, Bar] = {}
        self._told: queue.Queue[Event] = queue.Queue(_MOST_WAITING)
        self._over = not keeps
        self._gone = threading.Event()
        self._changed = threading.Event()
        self.closed = 0  # bars that were closed since

    def __enter__(self) -> Self:
        self._end = self._session.subscribe(self._hear)
        try:
            self._refuse_unknown()
        except BaseException:
            self._end()
            raise
        threading.Thread(target=self._ask_others, name="wealthsources-watch", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        self._over = True
        self._gone.set()
        list(self.happened())  # whoever waits to tell one more goes on

    # what there is ---------------------------------------------------------------------------------------------

    def look(self) -> tuple[SessionStatus, list[SeriesView]]:
        """How everything is now. Waits for nothing."""
        status = self._session.status()
        return status, [
            SeriesView(name, stream, self._newest.get((name, stream.symbol, stream.timeframe)))
            for name, source in self.live_sources(status).items()
            for stream in sorted(source.streams, key=self._place(name))
            if self._is_wanted(stream.symbol, stream.timeframe)
        ]

    def _place(self, name: str) -> Callable[[StreamStatus], tuple[int, int]]:
        """Where a series stands among those of its source: as the configuration has them, which no status tells."""
        source = self._session.sources[name]
        known = (source.capabilities.symbols or (), source.capabilities.timeframes or ()) if source else ((), ())
        symbols, timeframes = ({word: place for place, word in enumerate(words)} for words in known)
        return lambda stream: (symbols.get(stream.symbol, 0), timeframes.get(stream.timeframe, 0))

    def live_sources(self, status: SessionStatus) -> dict[str, SourceStatus]:
        """Those of them that are live, by name."""
        return {name: source for name, source in status.sources.items() if name in self._live}

    def wait(self, seconds: float) -> None:
        """Return when anything happened, or after so many seconds."""
        self._changed.wait(seconds)
        self._changed.clear()

    def happened(self) -> Iterator[Event]:
        """What happened since: bars that were closed, states, holes."""
        while not self._told.empty():
            yield self._told.get_nowait()

    def _is_wanted(self, symbol: str, timeframe: str) -> bool:
        if self._timeframes and timeframe not in self._timeframes:
            return False
        wanted = self._wanted.get(symbol)
        if wanted is None:
            chosen = self._symbols
            wanted = not chosen or symbol in chosen or any(match_symbol(each, (symbol,)) for each in chosen)
            self._wanted[symbol] = wanted
        return wanted

    def _refuse_unknown(self) -> None:
        """Raise RequestError for what none of the live sources was told to bring."""
        streams = [stream for source in self._session.status().sources.values() for stream in source.streams]
        symbols = sorted({stream.symbol for stream in streams})
        names = sorted({stream.timeframe for stream in streams})
        if not streams:
            return
        for wanted in self._symbols.difference(symbols):
            if not any(match_symbol(wanted, (symbol,)) for symbol in symbols):
                raise RequestError(f"no live source brings {wanted}; they bring {_some(symbols)}")
        for name in self._timeframes:
            if name not in names:
                raise RequestError(f"no live source brings {name}; they bring {_some(names)}")

    # what happens, on the dispatcher's thread ------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        if event.bar is not None and event.timeframe is not None and self._is_told(event):
            key = (event.source, event.symbol, event.timeframe.name)
            newest = self._newest.get(key)
            if newest is None or newest.open_time <= event.bar.open_time:
                self._newest[key] = event.bar
        if not self._over and (event.bar is None or event.bar.closed) and self._is_told(event):
            self._told.put(event)
        if event.bar is not None and event.bar.closed and self._is_told(event):
            self.closed += 1  # last: what is counted has been told
        self._changed.set()

    def _is_told(self, event: Event) -> bool:
        return event.timeframe is None or self._is_wanted(event.symbol, event.timeframe.name)

    # what other sources have, on a thread of its own ------------------------------------------------------------

    def _ask_others(self) -> None:
        """The newest closed bar of each series, for as long as the live source has brought none."""
        if len(self._session.sources) == len(self._live):
            return
        while self._is_loading() and not self._gone.wait(_LOOK_EVERY):
            pass  # it would know no symbol yet
        try:
            adapter = self._session.adapter()
        except WealthSourcesError:
            return  # stopped meanwhile
        for view in self.look()[1][:_MOST_ASKED]:
            stream = view.stream
            key = (view.source, stream.symbol, stream.timeframe)
            if self._gone.is_set():
                return
            try:
                bars = adapter.get_history(stream.symbol, 1, stream.timeframe, on_stale="mark")
            except WealthSourcesError:
                continue  # why there is none, the state says
            if len(bars):
                self._newest.setdefault(key, bars[-1])
                self._changed.set()

    def _is_loading(self) -> bool:
        return any(source.state == LOADING for source in self._session.status().sources.values())


def _some(names: Sequence[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
