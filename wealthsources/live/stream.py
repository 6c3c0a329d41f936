"""Stream: one subscribed series, and how far it can be vouched for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from wealthsources.live.clock_watch import ENOUGH_LATE, ENOUGH_OVER
from wealthsources.model.markets import Market
from wealthsources.model.status import StreamStatus
from wealthsources.model.symbols import match_symbol, states_base
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.live.filling import HoleFiller
    from wealthsources.live.series import SeriesBuffer
    from wealthsources.live.shard import SeriesKey, Shard
    from wealthsources.model.bars import Bars
    from wealthsources.model.timeframe import Timeframe

#: After so many bars that came once and after their window, a server seems to push closed bars only.
ENOUGH_TO_JUDGE: Final = 3

_NONE_CAME: Final = "no bar of this series has come"


class Stream:
    """One subscribed series: its bars, the shard that brings them, and what is remembered of its messages.

    series          None until the first bar comes
    shard           None until it is known
    market          what is usual where the symbol is traded
    spelling        the first of the server's that tells where the base ends, None before
    due, limit      seconds of silence, while the market is open, after which it is late, and stale
    last_open       the open time of the last message, ms; None before the first
    new_bars        how many bars were begun, as far as that tells how the server pushes
    pushes_forming  a forming bar was seen
    refused         how many of its messages were not taken; why the last one was not, and when that was (monotonic)
    """

    def __init__(self, symbol: str, timeframe: Timeframe) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.series: SeriesBuffer | None = None
        self.shard: Shard | None = None
        self.filler: HoleFiller | None = None
        self.market = Market()
        self._clock: Callable[[], int | None] | None = None
        self.spelling: str | None = None
        self._set_limits()
        self.last_open: int | None = None
        self.new_bars = 0
        self.pushes_forming = False
        self.said_stale = False
        self.ambiguity = ""
        self._other_name = ""
        self._has_own_name = False
        self.refused = 0
        self.last_refusal = ""
        self._refused_at: float | None = None
        self._refused_for_its_time = False
        self._partial: tuple[int, int] | None = None  # (epoch, open time) of a bar that is only partial
        self._first: tuple[int, float] | None = None  # (epoch, monotonic time) of the first bar of a connection

    @property
    def key(self) -> SeriesKey:
        """(symbol, name of the timeframe)."""
        return self.symbol, self.timeframe.name

    @property
    def seems_closed_only(self) -> bool:
        """Whether every bar so far came once and after its window."""
        return not self.pushes_forming and self.new_bars >= ENOUGH_TO_JUDGE

    def set_market(self, market: Market, clock: Callable[[], int | None]) -> None:
        """It is of that market; `clock` tells the time, ms. Raises RequestError if that has no such timeframe."""
        self.market, self.timeframe, self._clock = market, market.timeframe(self.timeframe), clock
        self._set_limits()

    def _set_limits(self) -> None:
        length = self.timeframe.open_milliseconds / 1000
        self.due, self.limit = length + 30.0, 2 * length + 30.0

    def silence(self, since: float, now: float) -> float:
        """Seconds from `since` to `now`, monotonic, in which the market was open, as far as its hours are known."""
        seconds, hours = now - since, self.market.hours
        if hours is None or seconds <= self.due or self._clock is None or (time := self._clock()) is None:
            return seconds
        if time >= hours.known_until:
            return seconds
        return hours.open_between(time - round(seconds * 1000), time) / 1000

    # how far it can be vouched for -----------------------------------------------------------------------------

    def note(self, stale: float | None, hint: str) -> str:
        """What to say of an answer: of a stream stale for so many seconds, of the clocks, of how the server pushes."""
        shard = self.shard
        clock = "" if shard is None else shard.watch.note
        odd = stale or self.seems_closed_only or clock or self._refused_at is not None
        if not odd:  # as nearly always
            return ""
        told = [self.stale_note(stale) if stale else hint if self.seems_closed_only else ""]
        if self._lacks_last and not (clock and self._refused_for_its_time):
            told.append(self._refusals())
        return "; ".join(filter(None, [*told, clock]))

    def quiet_note(self, bars: Bars) -> str:
        """What to say of an answer of a quiet market, where the newest bar may wait for its successor for long."""
        forming = None if self.market.continuous else bars.split_forming()[1]
        if forming is None:
            return ""
        return f"nothing came after the bar of {time_text(forming.oldest)} UTC, which nothing says is closed"

    @property
    def refusal(self) -> str:
        """Why the server refuses the series, in its words; empty if it does not."""
        shard = self.shard
        return shard.refused.get(self.key, "") if shard is not None and shard.refused else ""

    def is_silent(self, now: float) -> bool:
        """Whether the connection is up, and brought nothing of this series since for longer than it may be silent."""
        shard = self.shard
        if shard is None or shard.state != "connected" or self._arrived >= shard.acknowledged_at:
            return False
        return self.silence(shard.acknowledged_at, now) > self.limit

    def stale_note(self, stale: float) -> str:
        """What to say of an answer, the stream having been stale for so many seconds."""
        shard = self.shard
        if shard is not None and shard.foreign:
            return f"cannot vouch for the newest bars: {shard.foreign}"
        if self.refusal:
            return f"cannot vouch for the newest bars: {self._is_refused()}"
        state = "disconnected" if shard is None else shard.state
        if shard is None or state != "connected":
            why = f" ({shard.last_error})" if shard is not None and shard.last_error else ""
            return f"{state} for {stale:.0f} s{why}: cannot vouch for the newest bars"
        what = "nothing that could be used" if self._lacks_last else "nothing"
        note = f"{what} came for {stale:.0f} s more than a stream may be silent: cannot vouch for the newest bars"
        at = shard.unused.last_at
        if at is None or at < self._arrived:
            return note
        return "; ".join([note, *shard.unused.tell(self.symbol)])

    def why_nothing(self) -> str:
        """Why no bar was ever taken: none came, or none that could be."""
        shard = self.shard
        if shard is None:
            return "is not subscribed"
        if shard.foreign:
            return f"has received nothing: {shard.foreign}"
        if self.refusal:
            what = self._is_refused()
        elif shard.state == "connected":
            what = "is connected, but "
            what += f"no bar of this series was taken: {self._refusals()}" if self.refused else _NONE_CAME
        else:
            what = "has received nothing: " if not self.refused else f"has taken nothing: {self._refusals()}; "
            what += shard.state + (f" ({shard.last_error})" if shard.last_error else "")
        clock = [shard.watch.note] if shard.watch.note not in what else []
        return "; ".join([what, *shard.unused.tell(self.symbol), *clock])

    def _is_refused(self) -> str:
        return f"the server refuses this series: {self.refusal}"

    @property
    def is_troubled(self) -> bool:
        """Whether there is more to say of it than its state: something came that was not taken."""
        shard = self.shard
        if self.series is not None or shard is None:
            return self._lacks_last or bool(self.refusal)
        return bool(self.refused or self.refusal or shard.unused.last_at is not None)

    def trouble(self) -> str:
        """What there is to say of it then."""
        if self.series is None:
            return self.why_nothing()
        return self._is_refused() if self.refusal else self._refusals()

    @property
    def _arrived(self) -> float:
        series = self.series
        return 0.0 if series is None or series.arrived is None else series.arrived

    @property
    def _lacks_last(self) -> bool:
        """Whether its last message was not taken."""
        return self._refused_at is not None and self._refused_at >= self._arrived

    def _refusals(self) -> str:
        """What was refused, and why; by the clocks, if there is something to say of them."""
        clock = self.shard.watch.note if self.shard is not None and self._refused_for_its_time else ""
        came = "message came and was" if self.refused == 1 else "messages came and were"
        return f"{self.refused} {came} refused, the last one: {clock or self.last_refusal}"

    def status(self, now: float, stale: bool) -> StreamStatus:
        """A snapshot at `now`, monotonic."""
        series, shard, name = self.series, self.shard, self.timeframe.name
        if series is None or shard is None:
            never = "refused" if self.refusal else "silent" if self.is_silent(now) else "never_received"
            return StreamStatus(self.symbol, name, never, refused=self.refused, reason=self.refusal)
        empty = () if self.filler is None else self.filler.known_empty(now)
        holes = sum(hole not in empty for hole in series.holes())
        idle = None if series.arrived is None else now - series.arrived
        state: Literal["refused", "silent", "stale", "late", "hole", "live"] = "hole" if holes else "live"
        if self.refusal:
            state = "refused"
        elif self.is_silent(now):
            state = "silent"
        elif stale:
            state = "stale"
        elif self.market.continuous and self.silence(max(series.arrived or 0.0, shard.acknowledged_at), now) > self.due:
            state = "late"
        refusal = self.refusal
        return StreamStatus(self.symbol, name, state, len(series), idle, holes, len(empty), self.refused, refusal)

    # messages --------------------------------------------------------------------------------------------------

    def accept(self, spelling: str, *, exact: bool, warn: Callable[[str], None]) -> bool:
        """Whether a message that spells the symbol like this is one of this stream.

        A symbol that does not tell where its base ends may be like two that do. When both come, neither is believed,
        and what came so far is let go of; the `exact` spelling is believed always.
        """
        if exact or not states_base(spelling):
            return True
        self.spelling = self.spelling or spelling
        if self.ambiguity or match_symbol(spelling, [self.spelling]) is not None:
            return not self.ambiguity
        self.ambiguity = (
            f"comes as {self.spelling!r} and as {spelling!r}, which are two symbols; none is taken any more"
        )
        warn(self.ambiguity)
        if self.series is not None:
            self.series.clear()
        return False

    def accept_timeframe(self, name: str, warn: Callable[[str], None]) -> bool:
        """Whether a message that calls the timeframe so is one of this stream.

        Another name of it is believed until our own comes: then these may be two series, and what came is let go of.
        """
        if name != self.timeframe.name:
            self._other_name = self._other_name or name
            return not self._has_own_name
        if self._other_name and not self._has_own_name:
            warn(f"comes as {name!r} and as {self._other_name!r}; only {name!r} is taken any more")
            if self.series is not None:
                self.series.clear()
        self._has_own_name = True
        return True

    def enough_late(self, *, flagged: bool, over: bool) -> float:
        """How many bars in a row that come late by the same tell of the clocks. `over`: long after they should be over.

        A quiet market begins its bars late, but none after its end. Where finished bars alone are pushed all come late.
        """
        if self.pushes_forming and over:
            return ENOUGH_OVER
        return ENOUGH_LATE if self.pushes_forming or flagged or over else math.inf

    def begin_bar(self, series: SeriesBuffer, open_time: int, now: float) -> None:
        """A message of another bar than the last one. After a silence it closes nothing: the rest may be missing."""
        self.last_open = open_time
        if self.market.continuous and self.silence(series.arrived or now, now) > self.limit:
            series.interrupt()

    def first_came(self, epoch: int, now: float) -> float:
        """When the first bar of this connection was looked at, monotonic: now, if this is it."""
        if self._first is None or self._first[0] != epoch:
            self._first = (epoch, now)
        return self._first[1]

    def is_partial(self, epoch: int, open_time: int) -> bool:
        """Whether this is the first bar of the connection, on a server that counts from the subscription."""
        if self._partial is None or self._partial[0] != epoch:
            self._partial = (epoch, open_time)
        return open_time <= self._partial[1]  # also if it is flagged: its values are partial all the same

    def begin_again(self) -> None:
        """The server was asked again on the same connection, and may begin the stream anew."""
        self._partial = None

    def refuse(self, why: str, now: float, *, for_its_time: bool = False) -> None:
        """A message for it was not taken at `now`, monotonic. `for_its_time`: by our clock it came too early."""
        self.refused += 1
        self.last_refusal = why
        self._refused_at = now
        self._refused_for_its_time = for_its_time

    def lost(self, open_time: int | None) -> None:
        """A message for that bar (None: for some bar) was lost. One of a later bar says nothing against the newest."""
        series = self.series
        newest = None if series is None else series.newest
        if series is None or newest is None:
            return
        if open_time is None or open_time <= newest:
            series.interrupt()
        else:
            series.tear()
