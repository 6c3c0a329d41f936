"""get_last_price: the newest close that may be seen, whichever series has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from wealthdata.arguments.symbols import read_symbols
from wealthdata.binding.stack import current_reader
from wealthdata.errors import DataUnavailable, StaleDataError
from wealthsources import Timeframe

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from wealthdata.binding.adapter_access import BarReader
    from wealthsources import Bar, Bars, Source


def get_last_price(security: str | Sequence[str]) -> Any:
    """The last price as a float; of a list a dict of symbol to float, all as of one moment.

    Live it is the close so far of the bar that a live stream is forming. In a backtest, and where no stream forms one,
    it is the close of the bar that ended last, as far as series tell: they are asked from 1m on, until one is up to
    date. In a backtest the newest there is may be old, as for get_price.

    Raises WealthDataError: SecurityNotFound; DataUnavailable if there is no bar, or if a source failed that may have
    had a newer one; StaleDataError (live) if the newest bars are missing, or if the symbol's live stream is silent and
    nothing that ended since is known.
    """
    chosen = read_symbols(security)
    moment = current_reader().as_of_now()
    if isinstance(chosen, str):
        return last_price(moment, chosen)
    return {code: last_price(moment, code) for code in chosen}


def last_price(moment: BarReader, security: str) -> float:
    """The last price for a frozen adapter; see `get_last_price`."""
    best: _Seen | None = None
    absences: list[DataUnavailable] = []
    failure: DataUnavailable | None = None
    silent: StaleDataError | None = None
    for timeframe in _in_order(moment):
        try:
            seen = _see(moment, security, timeframe)
        except DataUnavailable as absence:
            absences.append(absence)
            if _has_failed(moment, absence):
                failure = failure or absence
                if moment.mode == "backtest":
                    break
            continue
        if seen is None:
            continue
        if seen.pushed and silent is not None:
            raise silent  # minutes that stopped are not made up for by the hour that they would be part of
        if best is None or seen.pushed or seen.end > best.end:
            best = seen
        # What failed may have had a newer price, but for one that is of now.
        if seen.pushed or (failure is None and seen.current):
            break
        if seen.refusal is not None and _has_stopped(moment, security, timeframe):
            silent = silent or seen.refusal
    if failure is not None and (best is None or not best.pushed):
        raise failure
    if best is None:
        raise absences[0]
    if best.refusal is not None:
        raise best.refusal
    return best.price


def _has_failed(moment: BarReader, absence: DataUnavailable) -> bool:
    """Whether a source failed that may have had it. A context may raise for a timeframe that it does not know."""
    failed = {attempt.source for attempt in absence.attempts if attempt.outcome == "failed"}
    sources = moment.adapter.session.sources
    return any((source := sources.get(name)) is None or source.capabilities.blocking for name in failed)


def _has_stopped(moment: BarReader, security: str, timeframe: Timeframe) -> bool:
    """Whether the series has live streams, and all of them are stale."""
    sources = [source for source in moment.adapter.session.sources.values() if source is not None]
    ages = [age for source in sources if (age := source.stale_for(security, timeframe)) is not None]
    return bool(ages) and min(ages) * 1000 > moment.adapter.session.policy.late_after


def _in_order(moment: BarReader) -> list[Timeframe]:
    """All timeframes, the shortest first; live, those that live streams push come before the others."""
    known = [Timeframe(name) for name in Timeframe.known()]
    if moment.mode != "live":
        return known
    pushed = {
        name for source in moment.adapter.session.sources.values() if source is not None for name in _pushes(source)
    }
    return sorted(known, key=lambda timeframe: timeframe.name not in pushed)


def _pushes(source: Source) -> Collection[str]:
    can = source.capabilities
    return (can.timeframes or ()) if can.live else ()


class _Seen(NamedTuple):
    """The newest bar of one series.

    end      of the bar, ms; now for one that a live stream is forming
    pushed   whether it is such a one, in the window that holds now
    behind   whether newer bars are missing
    refusal  why its close is not to be shown
    """

    price: float
    end: int
    pushed: bool
    behind: bool
    refusal: StaleDataError | None

    @property
    def current(self) -> bool:
        return not self.behind and self.refusal is None


def _see(moment: BarReader, security: str, timeframe: Timeframe) -> _Seen | None:
    """None if there is nothing that a series of shorter bars has not shown."""
    live = moment.mode == "live"
    refusal: StaleDataError | None = None
    try:
        bars = moment.get_history(security, timeframe, 1, include_now=live)
    except StaleDataError as error:
        bars, refusal = error.bars, error
    bar, now = bars[-1], moment.now()
    if bar.closed is False:
        if _is_made(bar):
            return None
        if bar.end > now:
            return _Seen(bar.close, now, True, False, None)
    elif live and refusal is None:
        refusal = _silence(moment, bars, now)
    return _Seen(bar.close, bar.end, False, bool(bars.behind), refusal)


def _is_made(bar: Bar) -> bool:
    """Whether a forming bar was made of shorter ones, and so tells nothing newer: it says "live 1m" as its source."""
    return bar.source.rpartition(" ")[2] in Timeframe.known()


def _silence(moment: BarReader, bars: Bars, now: int) -> StaleDataError | None:
    """Why a closed bar tells no price: it may be up to date and yet hours old, and live streams fell silent after it.

    Under a feed's clock, which stands still then, the adapter has refused already.
    """
    policy, idle = moment.adapter.session.policy, moment.adapter.session.stale_for(bars.symbol, bars.timeframe)
    if policy.on_stale == "mark" or idle is None or idle * 1000 <= policy.late_after:
        return None
    if bars[-1].end >= now - idle * 1000:
        return None
    text = f"the last price of {bars.symbol} is not known: no live stream for {idle:.0f} s, and no bar ended since"
    return StaleDataError(text, bars, ())
