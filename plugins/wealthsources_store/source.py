"""StoreSource: what was recorded, kept or fetched, as any source gives it; and as it was known at a time."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from wealthsources import (
    Capabilities,
    ConfigError,
    Diagnosis,
    ForkLock,
    NotHere,
    Source,
    SourceStatus,
    diagnose_folder,
    match_symbol,
    short_repr,
    time_text,
)
from wealthsources_store.database import Database
from wealthsources_store.errors import NoStore, StoreError
from wealthsources_store.reading import read, series_names
from wealthsources_store.writing import Batch, write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from wealthsources import Bars, HistoryRequest, Timeframe
    from wealthsources_store.options import StoreOptions


class StoreSource(Source):
    """The bars of one store. Others may write to it meanwhile.

    database     the store itself, for recorders and commands
    before_keep  called with the time, ms, before anything is kept: a recorder notes until when it was at work, so that
                 what it did not bring counts as known from now on
    """

    capabilities = Capabilities(states_closed=True, point_in_time=True, keeps=True)

    def __init__(self, options: StoreOptions) -> None:
        self.database = Database(options)
        self.before_keep: Callable[[int], None] = _nothing
        self._names: frozenset[tuple[str, Timeframe]] = frozenset()
        self._counters: Counter[str] = Counter()
        self._last_error = ""
        self._counting = ForkLock()

    def __repr__(self) -> str:
        return short_repr(self, lambda: self.database.place)

    def get_history(self, request: HistoryRequest) -> Bars:
        """The newest state of each bar, or the one that was known at `request.known_at`.

        Raises NotHere if there is no such bar, StoreError if the store cannot be read.
        """
        symbol, timeframe = self.find(request.symbol, request.timeframe), request.timeframe
        bars = read(
            self.database,
            symbol,
            timeframe,
            end=request.end,
            start=request.start,
            count=request.count,
            known_at=request.known_at,
            late_after=request.known_late,
        )
        if not len(bars):
            known = "" if request.known_at is None else f" that was known at {time_text(request.known_at)} UTC"
            raise NotHere(f"the store has no bar of {symbol} {timeframe} of that time{known}")
        return bars.replace(symbol=request.symbol)

    def keep(self, bars: Bars, now: int) -> None:
        """Store what is not stored yet of what another source brought. Raises StoreError."""
        try:
            self.before_keep(now)
            written = write(self.database, [Batch(bars, None)], now)
        except StoreError as error:
            self._last_error = str(error)
            raise
        self._last_error = ""
        with self._counting:
            self._counters.update({f"kept.{what}": count for what, count in written._asdict().items() if count})

    def get_all_symbols(self) -> Collection[str]:
        """The symbols that there are bars of; none before the first bar is written. Raises StoreError."""
        try:
            return sorted({symbol for symbol, _ in self._list()})
        except NoStore:
            return ()

    def find(self, symbol: str, timeframe: Timeframe) -> str:
        """The symbol as it is stored, of the series that is meant. Raises NotHere if there is none, StoreError."""
        if (symbol, timeframe) in self._names:
            return symbol
        try:
            names = self._list()
        except NoStore as error:
            raise NotHere(str(error)) from None
        symbols = sorted(name for name, other in names if other == timeframe)
        found = symbol if symbol in symbols else match_symbol(symbol, symbols)
        if found is None:
            raise NotHere(f"the store has no {symbol} {timeframe}")
        return found

    def status(self) -> SourceStatus:
        """Where the store is, and what was kept in it."""
        return SourceStatus(last_error=self._last_error, endpoint=self.database.place, counters={**self._counters})

    def stop(self) -> None:
        """Let go of the connections."""
        self.database.close()

    def diagnose(self, online: bool) -> Iterator[Diagnosis]:
        """Whether its file, or the server if `online`, can be read, and the folder of the file be written to."""
        path = self.database.path
        if path is not None:
            yield diagnose_folder(path.parent, makes=1)
        elif not online:
            return
        try:
            series = len(self._list())
        except NoStore:
            yield Diagnosis(
                "ok", f"{self.database.place}: there is no store yet; the first bar that is written makes it"
            )
        except StoreError as error:
            yield Diagnosis("error", str(error), "mend what it names: docs/store.md says what each is about")
        else:
            yield Diagnosis("ok", f"{self.database.place}: {series} series")
        finally:
            self.database.close()

    def _list(self) -> frozenset[tuple[str, Timeframe]]:
        """Raises NoStore, StoreError."""
        self._names = frozenset(series_names(self.database))
        return self._names


def find_store(sources: Mapping[str, Source | None], wanted: str | None = None) -> StoreSource:
    """The source of that name, or the first one, that has a store. Raises ConfigError if there is none."""
    stores = {name: source for name, source in sources.items() if isinstance(source, StoreSource)}
    found = next(iter(stores.values()), None) if wanted is None else stores.get(wanted)
    if found is None:
        named = "" if wanted is None else f"named {wanted!r} "
        known = f"there are: {', '.join(stores)}" if stores else "list one, as in `- plugin: store`"
        raise ConfigError(f"no source {named}has a store; {known}")
    return found


def _nothing(_now: int) -> None:
    """Nobody records."""
