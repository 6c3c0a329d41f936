"""get_last_price: the newest close that may be seen, whichever series has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from wealthdata.asking import ask, frozen, now_of
from wealthdata.binding import current_adapter
from wealthdata.errors import DataUnavailable, StaleDataError
from wealthdata.securities import read_securities
from wealthsources import Timeframe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources import Bar, Bars, ContextDataAdapter


def get_last_price(security: str | Sequence[str]) -> Any:
    """The last price as a float; of a list a dict of symbol to float, all as of one moment.

    Live it is the close so far of the bar that a live stream is forming. In a backtest, and where no stream forms one,
    it is the close of the bar that ended last, as far as series tell: they are asked from 1m on, until one is up to
    date. In a backtest the newest there is may be old, as for get_price.

    Raises WealthDataError: SecurityNotFound; DataUnavailable if there is no bar, or if a source failed that may have
    had a newer one; StaleDataError (live) if the newest bars are missing, or if the live streams are silent and
    nothing that ended since is known.
    """
    chosen = read_securities(security)
    moment = frozen(current_adapter())
    if isinstance(chosen, str):
        return last_price(moment, chosen)
    return {code: last_price(moment, code) for code in chosen}


def last_price(moment: ContextDataAdapter, security: str) -> float:
    """The last price for a frozen adapter; see `get_last_price`."""
    best: _Seen | None = None
    absences: list[DataUnavailable] = []
    failure: DataUnavailable | None = None
    for name in Timeframe.known():
        try:
            seen = _see(moment, security, Timeframe(name))
        except DataUnavailable as absence:
            absences.append(absence)
            if any(attempt.outcome == "failed" for attempt in absence.attempts):
                failure = failure or absence
                if moment.mode == "backtest":
                    break
            continue
        if seen is None:
            continue
        if best is None or seen.pushed or seen.end > best.end:
            best = seen
        # What failed may have had a newer price, but for one that is of now.
        if seen.pushed or (failure is None and seen.current):
            break
    if failure is not None and (best is None or not best.pushed):
        raise failure
    if best is None:
        raise absences[0]
    if best.refusal is not None:
        raise best.refusal
    return best.price


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


def _see(moment: ContextDataAdapter, security: str, timeframe: Timeframe) -> _Seen | None:
    """None if there is nothing that a series of shorter bars has not shown."""
    live = moment.mode == "live"
    refusal: StaleDataError | None = None
    try:
        bars = ask(moment, security, timeframe, 1, None, None, live)
    except StaleDataError as error:
        bars, refusal = error.bars, error
    bar, now = bars[-1], now_of(moment)
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


def _silence(moment: ContextDataAdapter, bars: Bars, now: int) -> StaleDataError | None:
    """Why a closed bar tells no price: it may be up to date and yet hours old, and live streams fell silent after it.

    Under a feed's clock, which stands still then, the adapter has refused already.
    """
    policy, idle = moment.session.policy, moment.session.stale_for(bars.symbol, bars.timeframe)
    if policy.on_stale == "mark" or idle is None or idle * 1000 <= policy.late_after:
        return None
    if bars[-1].end >= now - idle * 1000:
        return None
    text = f"the last price of {bars.symbol} is not known: no live stream for {idle:.0f} s, and no bar ended since"
    return StaleDataError(text, bars, ())
