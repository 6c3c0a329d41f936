"""Keeping: what a source brings is handed to the one that keeps bars, after the answer and on another thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from wealthsources.model.errors import WealthSourcesError
from wealthsources.model.text import describe, short_repr
from wealthsources.resolve.visibility import check_answer, split_visible
from wealthsources.runtime.workers import Workers
from wealthsources.source import Source

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection

    from wealthsources.model.bars import Bars
    from wealthsources.model.timeframe import Timeframe
    from wealthsources.resolve.query import Policy
    from wealthsources.source import Capabilities, Clock, HistoryRequest

_WORDS: Final = "bars of %s are not kept: %s"


class Keeping:
    """Gives the closed bars of answers to `keeper`, one answer at a time, in the order in which they came.

    What cannot be kept is logged and costs nothing else.
    """

    def __init__(self, clock: Clock, policy: Policy, log: logging.Logger) -> None:
        self._clock = clock
        self._policy = policy
        self._log = log
        self._worker = Workers(1, "wealthsources-keep")

    def take(self, keeper: Source, name: str, bars: Bars, request: HistoryRequest) -> None:
        """An answer of source `name`, as it came. Returns at once."""
        try:
            self._worker.submit(lambda: self._keep(keeper, name, bars, request))
        except WealthSourcesError as error:
            self._log.warning(_WORDS, name, error)

    def stop(self) -> None:
        """Nothing more is kept."""
        self._worker.stop()

    def _keep(self, keeper: Source, name: str, bars: Bars, request: HistoryRequest) -> None:
        try:
            check_answer(bars, request, self._policy.markets.of(request.symbol).prices)
            now = self._clock.now() if request.now is None else request.now  # when it was asked for
            closed, _ = split_visible(bars, request, now - self._policy.lateness(self._clock))
            if len(closed):
                keeper.keep(closed.named(closed.symbol, name), now)
        except Exception as error:  # noqa: BLE001 - a stranger's code, and an answer that the chain refuses too
            self._log.warning(_WORDS, name, describe(error))


class KeptSource(Source):
    """A source whose answers are kept: it is asked as it always was, and `take` hears of what it brought live."""

    def __init__(self, source: Source, take: Callable[[Bars, HistoryRequest], None]) -> None:
        self._source = source
        self._take = take

    def __repr__(self) -> str:
        return short_repr(self, lambda: self._source)

    @property
    def capabilities(self) -> Capabilities:  # type: ignore[override]  # of the other one, as they are now
        """Those of the source."""
        return self._source.capabilities

    def get_history(self, request: HistoryRequest) -> Bars:
        """As the source says."""
        bars = self._source.get_history(request)
        if request.live:
            self._take(bars, request)
        return bars

    def get_all_symbols(self) -> Collection[str]:
        """As the source says."""
        return self._source.get_all_symbols()

    def stale_for(self, symbol: str | None = None, timeframe: Timeframe | None = None) -> float | None:
        """As the source says."""
        return self._source.stale_for(symbol, timeframe)
