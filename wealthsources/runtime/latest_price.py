"""The latest price of a symbol: the newest close that may be seen, whichever series has it.

Live it is the close so far of the bar that a live stream is forming. In a backtest, and where no stream forms one, it
is the close of the bar that ended last: series are asked from 1m on, until one is up to date. One that is older than
`max_price_age` of the policy is none. By default that is twice its timeframe; on a market that is not continuous a
day, and no limit while a live stream vouches that nothing came since.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final, NamedTuple

from wealthsources.model.answer_errors import AllSourcesFailed, StaleDataError
from wealthsources.model.errors import RequestError
from wealthsources.model.timeframe import Timeframe
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.model.bars import Bar, Bars
    from wealthsources.model.trading_hours import TradingHours
    from wealthsources.runtime.engine import Engine

    #: The newest bar of a series as of the moment in question, with the one that is forming where it is live.
    AskNewest = Callable[[Timeframe], Bars]


_DAY: Final = 86_400_000  # ms


class LatestPrice:
    """Looks for the latest price of one symbol at the time `now`, ms."""

    def __init__(self, engine: Engine, symbol: str, now: int, ask: AskNewest, *, live: bool) -> None:
        self._engine = engine
        self._symbol = symbol
        self._now = now
        self._ask = ask
        self._live = live
        self._best: _Newest | None = None
        self._absences: list[AllSourcesFailed] = []
        #: A source failed that may have had a newer price.
        self._failure: AllSourcesFailed | None = None
        #: A series whose streams all stopped: longer bars do not make up for it.
        self._silence: StaleDataError | None = None

    def find(self, knows_symbol: Callable[[], bool]) -> float:
        """The price. `knows_symbol`: whether any source has the symbol or may have it; else one series is enough.

        Raises AllSourcesFailed if there is no bar, or if a source failed that may have had a newer one; StaleDataError
        if the price is too old, or (live) if the newest bars are missing, or if the live stream is silent and nothing
        that ended since is known.
        """
        known = functools.cache(knows_symbol)
        for timeframe in self._in_order():
            try:
                newest = self._newest(timeframe)
            except AllSourcesFailed as absence:
                if not _failed(absence) and not known():
                    raise
                self._absences.append(absence)
                self._failure = self._failure or (absence if self._has_failed(absence) else None)
                if self._failure is absence and not self._live:
                    break
                continue
            if newest is not None and self._ends_with(newest, timeframe):
                break
        return self._price()

    def _in_order(self) -> list[Timeframe]:
        """All timeframes, the shortest first; live, those that live streams push come before the others."""
        hours = self._engine.policy.markets.of(self._symbol).hours
        known = [Timeframe(name) for name in Timeframe.known() if hours is None or _fits(name, hours)]
        if not self._live:
            return known
        abilities = [source.capabilities for source in self._engine.sources.values() if source is not None]
        pushed = {name for each in abilities if each.live for name in each.timeframes or ()}
        return sorted(known, key=lambda timeframe: timeframe.name not in pushed)

    def _newest(self, timeframe: Timeframe) -> _Newest | None:
        """None if there is nothing that a series of shorter bars has not shown."""
        refusal: StaleDataError | None = None
        try:
            bars = self._ask(timeframe)
        except StaleDataError as error:
            bars, refusal = error.bars, error
        bar = bars[-1]
        if bar.closed is False:
            if _is_made(bar):
                return None
            if bar.end > self._now:
                return _Newest(bar.close, self._now, True, False, None, bars)
        elif self._live and refusal is None:
            refusal = self._silent_since(bars)
        return _Newest(bar.close, bar.end, False, bool(bars.behind), refusal, bars)

    def _ends_with(self, newest: _Newest, timeframe: Timeframe) -> bool:
        """Whether no other series could tell more. Raises StaleDataError."""
        if newest.pushed and self._silence is not None:
            raise self._silence  # minutes that stopped are not made up for by the hour that they would be part of
        if self._best is None or newest.pushed or newest.end > self._best.end:
            self._best = newest
        # What failed may have had a newer price, but for one that is of now.
        if newest.pushed or (self._failure is None and newest.current):
            return True
        if newest.refusal is not None and self._has_stopped(timeframe):
            self._silence = self._silence or newest.refusal
        return False

    def _price(self) -> float:
        if self._failure is not None and (self._best is None or not self._best.pushed):
            raise self._failure
        if self._best is None:
            raise self._absences[0]
        if self._best.refusal is not None:
            raise self._best.refusal
        self._refuse_old(self._best)
        return self._best.price

    def _refuse_old(self, newest: _Newest) -> None:
        timeframe, policy = newest.bars.timeframe, self._engine.policy
        limit, usual, why = (
            policy.max_price_age,
            2 * timeframe.open_milliseconds,
            f"twice {timeframe}; set max_price_age",
        )
        if limit is None and not policy.markets.of(self._symbol).continuous:
            # Without a trade there is no bar, so age alone says little; but an archive may have ended long ago.
            if not newest.behind:
                return
            usual, why = max(usual, _DAY), "a day, as nothing vouches that it was quiet since; set max_price_age"
        hours = policy.markets.of(self._symbol).hours  # while the market is closed no price grows old
        age = self._now - newest.end if hours is None else hours.open_between(newest.end, self._now)
        most = usual if limit is None else limit
        if age > most:
            why = why if limit is None else "max_price_age"
            raise StaleDataError(
                f"the last price of {self._symbol} is {age / 1000:.12g} s old, and {most / 1000:.12g} s is the limit "
                f"({why}): its newest bar, of {timeframe}, ended {time_text(newest.end)} UTC, and now is "
                f"{time_text(self._now)} UTC",
                newest.bars,
                (),
            )

    # what sources say of themselves ----------------------------------------------------------------------------

    def _has_failed(self, absence: AllSourcesFailed) -> bool:
        """Whether a source failed that may have had it. A context may raise for a timeframe that it does not know."""
        sources = self._engine.sources
        return any((source := sources.get(name)) is None or source.capabilities.blocking for name in _failed(absence))

    def _has_stopped(self, timeframe: Timeframe) -> bool:
        """Whether the series has live streams, and all of them are stale."""
        sources = [source for source in self._engine.sources.values() if source is not None]
        ages = [age for source in sources if (age := source.stale_for(self._symbol, timeframe)) is not None]
        return bool(ages) and min(ages) * 1000 > self._engine.stale_after

    def _silent_since(self, bars: Bars) -> StaleDataError | None:
        """Why a closed bar tells no price: it may be up to date and yet hours old, and live streams fell silent since.

        Under a feed's clock, which stands still then, the adapter has refused already.
        """
        idle = self._engine.stale_for(bars.symbol, bars.timeframe)
        if self._engine.policy.on_stale == "mark" or idle is None or idle * 1000 <= self._engine.stale_after:
            return None
        if bars[-1].end >= self._now - idle * 1000:
            return None
        text = f"the last price of {bars.symbol} is not known: no live stream for {idle:.0f} s, and no bar ended since"
        return StaleDataError(f"{text}; {self._engine.foreign or self._engine.live_states()}", bars, ())


class _Newest(NamedTuple):
    """The newest bar of one series.

    end      of the bar, ms; now for one that a live stream is forming
    pushed   whether it is such a one, in the window that holds now
    behind   whether newer bars are missing
    refusal  why its close is not to be shown
    bars     the answer that it is the last one of
    """

    price: float
    end: int
    pushed: bool
    behind: bool
    refusal: StaleDataError | None
    bars: Bars

    @property
    def current(self) -> bool:
        return not self.behind and self.refusal is None


def _fits(name: str, hours: TradingHours) -> bool:
    """Whether a market with these hours has such windows: there is no 3d of trading days."""
    try:
        Timeframe(name).on(hours)
    except RequestError:
        return False
    return True


def _failed(absence: AllSourcesFailed) -> set[str]:
    """The sources that failed, and so could not tell."""
    return {attempt.source for attempt in absence.attempts if attempt.outcome == "failed"}


def _is_made(bar: Bar) -> bool:
    """Whether a forming bar was made of shorter ones, and so tells nothing newer: it says "live 1m" as its source."""
    return bar.source.rpartition(" ")[2] in Timeframe.known()
