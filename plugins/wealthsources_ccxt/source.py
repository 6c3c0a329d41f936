"""CcxtSource: the history of one exchange's market, asked for page by page, verified, and never guessed."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources import (
    EARLIEST_TIME,
    LOADING,
    Bars,
    Capabilities,
    NotHere,
    Source,
    SourceError,
    SourceStatus,
    short_repr,
)
from wealthsources_ccxt.connection import LEAST_TIME, Connection
from wealthsources_ccxt.errors import NotBegun, OutOfTime
from wealthsources_ccxt.facts import page_limit, served_timeframes
from wealthsources_ccxt.loading import Loading
from wealthsources_ccxt.paging import Paging
from wealthsources_ccxt.polling import PollingSource
from wealthsources_ccxt.shelf import Shelf
from wealthsources_ccxt.stretch import SeamError, Stretch
from wealthsources_ccxt.trial import try_exchange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from wealthsources import Diagnosis, HistoryRequest, Host, Timeframe
    from wealthsources_ccxt.connection import Answer
    from wealthsources_ccxt.names import Listed, Names
    from wealthsources_ccxt.options import CcxtOptions

#: ms; bars that ended so long ago are kept to go on from. Until then an exchange may still correct one.
_SETTLED: Final = 600_000
#: How often a count that was not reached is looked for further back, where quiet windows have no bar.
_ROUNDS: Final = 3
_STOP: Final = 2.0


class CcxtSource(Source):
    """Bars of one kind of market of one exchange, by ccxt over REST. It knows the symbols once they are loaded.

    With `live: poll` among its options it is a PollingSource instead.
    """

    def __new__(cls, options: CcxtOptions) -> Source:  # type: ignore[misc]  # a plugin has one class
        """The source that the options ask for."""
        return super().__new__(cls) if options.live is None else PollingSource(options)

    def __init__(self, options: CcxtOptions) -> None:
        self.options = options
        self._facts = options.facts
        self._connection = Connection(options)
        self._served = served_timeframes(self._connection.exchange, self._facts, options.word.kind)
        self._limit = page_limit(self._connection.exchange, self._facts)
        self._shelf = Shelf()
        self._loading = Loading(self._connection.load_names)
        self._last_error = ""
        self._started = False
        self.capabilities = Capabilities(authoritative=self._facts.authoritative, timeframes=self._served)

    def start(self, host: Host) -> None:
        """Have the markets loaded, without waiting for them."""
        self._started = True
        self._loading.begin(host.logger)

    def stop(self) -> None:
        """End what is under way."""
        self._connection.close()
        self._loading.stop(_STOP)

    def wait_loaded(self, seconds: float) -> bool:
        """Until the first attempt to load the markets has ended; whether they are there."""
        return self._loading.wait(seconds)

    def __repr__(self) -> str:
        return short_repr(self, lambda: f"{self.options.exchange} {self.options.market}", lambda: self.status().state)

    def status(self) -> SourceStatus:
        """Whether the markets are there, what failed last, and how much was asked and is kept."""
        names = self._loading.names
        counters = {"requests": self._connection.requests, "cached_bars": self._shelf.bars}
        if names is None:
            return SourceStatus(LOADING, self._loading.why, endpoint=self._endpoint(), counters=counters)
        counters["symbols"] = len(names.markets)
        return SourceStatus(last_error=self._last_error, endpoint=self._endpoint(), counters=counters)

    def diagnose(self, online: bool) -> Iterator[Diagnosis]:
        """Whether the exchange answers, and how its clock and ours agree; it is asked once, if `online`."""
        return try_exchange(self._connection, self.options, online)

    def get_all_symbols(self) -> Collection[str]:
        """The symbols that the options name, then all others as ccxt spells them; none until they are loaded."""
        return self._loading.names.symbols() if self._loading.names else ()

    def get_history(self, request: HistoryRequest) -> Bars:
        """The newest `count` bars of the span; with neither count nor start, one page of the newest.

        Raises NotHere if there is none, SourceError if the exchange failed or its answer could not be verified.
        """
        listed, timeframe = self._find(request), request.timeframe
        try:
            stretch, note = self._gather(listed, timeframe, request)
        except NotBegun as error:
            raise NotHere(str(error)) from None  # no failure of the exchange, so its breaker need not know
        except SourceError as error:
            self._last_error = str(error)
            raise
        bars = _of_span(stretch.bars(request.symbol, request.start), request, self._facts.settles, self._connection.now)
        if not len(bars):
            raise NotHere(note or self._nothing_of(listed, timeframe))
        return bars.noted(note) if note else bars

    def _endpoint(self) -> str:
        return self.options.endpoint or f"{self.options.exchange} {self.options.market}"

    def _nothing_of(self, listed: Listed, timeframe: Timeframe) -> str:
        said = f"{self.options.exchange} gave no bar of {listed.symbol} {timeframe} of that time"
        return said if self.options.word.listed else f"{said}; whether it has such a symbol it does not say"

    def _find(self, request: HistoryRequest) -> Listed:
        """Raises NotHere."""
        if request.timeframe.name not in self._served:
            raise NotHere(
                f"{self.options.exchange} has no {request.timeframe} on our grid; it has {', '.join(self._served)}, "
                "and longer ones are made of these"
            )
        names = self._names(request.deadline)
        if names is None:
            raise NotHere(f"{self.options.exchange}: {self._loading.why}")
        return names.find(request.symbol)

    def _names(self, deadline: float | None) -> Names | None:
        """Where the first attempt to load them is under way it is waited for: a backtest does not ask twice."""
        if self._loading.names is None and self._started:
            self._loading.begin()  # in a forked child nobody has
            left = self.options.timeout if deadline is None else deadline - time.monotonic() - LEAST_TIME
            self._loading.wait(max(0.0, min(left, self.options.timeout)))
        return self._loading.names

    def _gather(self, listed: Listed, timeframe: Timeframe, request: HistoryRequest) -> tuple[Stretch, str]:
        """What there is of the request, with a note if that is not all that was asked for."""
        first, last = _slots(request, self._limit)
        for further in range(_ROUNDS):
            stretch, note = self._stretch(
                listed, timeframe, timeframe.open_time(first), timeframe.open_time(last), request
            )
            lacking = (request.count or 0) - len(stretch)
            if note or not lacking > 0 or request.start is not None or not self._goes_on(stretch, first, last):
                break
            first = max(timeframe.slot(EARLIEST_TIME), first - lacking * 4 ** (further + 1))
        return stretch, note

    def _goes_on(self, stretch: Stretch, first: int, last: int) -> bool:
        """Whether there may be more bars further back: it has some all along the span, but not in every window."""
        oldest = stretch.timeframe.slot(stretch.pages[0].oldest) if stretch.pages else last
        return self._facts.omits and not stretch.broken and oldest - first < (last - first) / 2

    def _stretch(
        self, listed: Listed, timeframe: Timeframe, start: int, end: int, request: HistoryRequest
    ) -> tuple[Stretch, str]:
        key = (listed.symbol, timeframe.name)
        stretch = self._shelf.take(key, start)
        if stretch is not None:
            with contextlib.suppress(SeamError):  # a bar was corrected since, so all is read again
                return self._paged(listed, stretch, end, request.deadline)
        return self._paged(listed, Stretch(timeframe, start), end, request.deadline)

    def _paged(self, listed: Listed, stretch: Stretch, end: int, deadline: float | None) -> tuple[Stretch, str]:
        timeframe = stretch.timeframe.name

        def fetch(since: int, limit: int) -> Answer:
            return self._connection.fetch(listed, timeframe, since, limit, deadline)

        paging = Paging(fetch, self._limit, self._facts.windowed)
        note = ""
        try:
            paging.extend(stretch, end)
        except OutOfTime as error:
            if not len(stretch):
                raise
            note = f"{error}; the next request goes on behind {len(stretch)} bars that were verified"
        except SeamError:
            stretch.pages.clear()  # nobody knows which of the two is right
            raise
        finally:
            self._limit = min(self._limit, paging.limit)
            self._keep(listed, stretch)
        if stretch.broken and not note:
            note = f"{self.options.exchange}: bars before a quiet span of more than {paging.limit} windows are left out"
        return stretch, note

    def _keep(self, listed: Listed, stretch: Stretch) -> None:
        now = self._connection.now
        kept = stretch.until(now - _SETTLED) if now is not None else None
        if kept is not None:
            self._shelf.put((listed.symbol, stretch.timeframe.name), kept)


def _slots(request: HistoryRequest, page: int) -> tuple[int, int]:
    """The number of the first window that is asked for, and of the one behind the last."""
    timeframe = request.timeframe
    last = timeframe.slot(request.end)
    if request.start is None:
        return max(timeframe.slot(EARLIEST_TIME), last - (request.count or page - 1)), last
    first = timeframe.slot(request.start)
    return first + (timeframe.open_time(first) < request.start), last


def _of_span(bars: Bars, request: HistoryRequest, settles: int, now: int | None) -> Bars:
    good = bars.ends <= request.end
    if request.start is not None:
        good &= bars.open_times >= request.start
    span = bars.take(bars.rows[good])
    if settles and now is not None:
        span = span[: _settled(span, now - settles)]
    return span if request.count is None else span[max(0, len(span) - request.count) :]


def _settled(bars: Bars, until: int) -> int:
    """How many of them come before the first window without a bar that may still get one: it ended after `until`."""
    if len(bars) < 2:
        return len(bars)
    skipped = np.diff(bars.timeframe.slots(bars.open_times)) > 1
    skipped &= bars.open_times[1:] > until
    return int(np.argmax(skipped)) + 1 if skipped.any() else len(bars)
