"""Stream: one subscribed series, and how far it can be vouched for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from wealthsources.model.markets import Market
from wealthsources.model.status import StreamStatus
from wealthsources.model.symbols import match_symbol, states_base

if TYPE_CHECKING:
    from collections.abc import Callable

    from wealthsources.live.filling import HoleFiller
    from wealthsources.live.series import SeriesBuffer
    from wealthsources.live.shard import SeriesKey, Shard
    from wealthsources.model.timeframe import Timeframe

#: After so many bars that came once and after their window, a server seems to push closed bars only.
ENOUGH_TO_JUDGE: Final = 3


class Stream:
    """One subscribed series: its bars, the shard that brings them, and what is remembered of its messages.

    series          None until the first bar comes
    shard           None until it is known
    market          what is usual where the symbol is traded
    spelling        the first of the server's that tells where the base ends, None before
    due, limit      seconds of silence after which it is late, and stale
    last_open       the open time of the last message, ms; None before the first
    new_bars        how many bars were begun, as far as that tells how the server pushes
    pushes_forming  a forming bar was seen
    """

    def __init__(self, symbol: str, timeframe: Timeframe) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.series: SeriesBuffer | None = None
        self.shard: Shard | None = None
        self.filler: HoleFiller | None = None
        self.market = Market()
        self.spelling: str | None = None
        self.due = timeframe.milliseconds / 1000 + 30.0
        self.limit = 2 * timeframe.milliseconds / 1000 + 30.0
        self.last_open: int | None = None
        self.new_bars = 0
        self.pushes_forming = False
        self.said_stale = False
        self._ambiguous = False
        self._partial: tuple[int, int] | None = None  # (epoch, open time) of a bar that is only partial

    @property
    def key(self) -> SeriesKey:
        """(symbol, name of the timeframe)."""
        return self.symbol, self.timeframe.name

    @property
    def seems_closed_only(self) -> bool:
        """Whether every bar so far came once and after its window."""
        return not self.pushes_forming and self.new_bars >= ENOUGH_TO_JUDGE

    # how far it can be vouched for -----------------------------------------------------------------------------

    def stale_note(self, stale: float) -> str:
        """What to say of an answer, the stream having been stale for so many seconds."""
        state = "disconnected" if self.shard is None else self.shard.state
        if self.shard is not None and self.shard.foreign:
            return f"cannot vouch for the newest bars: {self.shard.foreign}"
        if state == "connected":
            return f"nothing came for {stale:.0f} s more than a stream may be silent: cannot vouch for the newest bars"
        return f"{state} for {stale:.0f} s: cannot vouch for the newest bars"

    def why_nothing(self) -> str:
        """Why no bar ever came."""
        shard = self.shard
        if shard is None:
            return "is not subscribed"
        if shard.state == "connected":
            return "is connected, but no bar of this series has come"
        if shard.foreign:
            return f"has received nothing: {shard.foreign}"
        return f"has received nothing: {shard.state}" + (f" ({shard.last_error})" if shard.last_error else "")

    def status(self, now: float, stale: bool) -> StreamStatus:
        """A snapshot at `now`, monotonic."""
        series, shard, name = self.series, self.shard, self.timeframe.name
        if series is None or shard is None:
            return StreamStatus(self.symbol, name, "never_received")
        empty = () if self.filler is None else self.filler.known_empty(now)
        holes = sum(hole not in empty for hole in series.holes())
        idle = None if series.arrived is None else now - series.arrived
        state: Literal["stale", "late", "hole", "live"] = "hole" if holes else "live"
        if stale:
            state = "stale"
        elif now - max(series.arrived or 0.0, shard.acknowledged_at) > self.due:
            state = "late"
        return StreamStatus(self.symbol, name, state, len(series), idle, holes, len(empty))

    # messages --------------------------------------------------------------------------------------------------

    def accept(self, spelling: str, *, exact: bool, warn: Callable[[str], None]) -> bool:
        """Whether a message that spells the symbol like this is one of this stream.

        A symbol that does not tell where its base ends may be like two that do. When both come, neither is believed,
        and what came so far is let go of; the `exact` spelling is believed always.
        """
        if exact or not states_base(spelling):
            return True
        self.spelling = self.spelling or spelling
        if self._ambiguous or match_symbol(spelling, [self.spelling]) is not None:
            return not self._ambiguous
        self._ambiguous = True
        warn(f"comes as {self.spelling!r} and as {spelling!r}, which are two symbols; none is taken any more")
        if self.series is not None:
            self.series.clear()
        return False

    def begin_bar(self, series: SeriesBuffer, open_time: int, now: float) -> None:
        """A message of another bar than the last one. After a silence it closes nothing: the rest may be missing."""
        self.last_open = open_time
        if now - (series.arrived or now) > self.limit:
            series.interrupt()

    def is_partial(self, epoch: int, open_time: int) -> bool:
        """Whether this is the first bar of the connection, on a server that counts from the subscription."""
        if self._partial is None or self._partial[0] != epoch:
            self._partial = (epoch, open_time)
        return open_time <= self._partial[1]  # also if it is flagged: its values are partial all the same

    def begin_again(self) -> None:
        """The server was asked again on the same connection, and may begin the stream anew."""
        self._partial = None

    def lost(self, open_time: int | None) -> None:
        """A message for that bar (None: for some bar) was lost. One of a later bar says nothing against the newest."""
        series = self.series
        newest = None if series is None else series.newest
        if series is not None and newest is not None and (open_time is None or open_time <= newest):
            series.interrupt()
