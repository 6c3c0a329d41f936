"""BarsPlayer: hands the closed bars of another source, each at its end, to a source that is pushed to."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Final

from wealthsources import ClosedBar, PushedSource, Shard, Timeframe, WealthSourcesError, time_text
from wealthsources_replay.bars_in_order import bars_in_order
from wealthsources_replay.errors import RecordingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wealthsources import Bar, Host
    from wealthsources_replay.options import ReplayOptions

#: ms after its end in which a bar may not be known everywhere, or may still change.
_SETTLED: Final = 5_000
OVER: Final = "all bars were played"


class BarsTime:
    """What time it is while bars are played: that of the bars. There is one clock, which never goes back."""

    def __init__(self) -> None:
        self.wall_ms = 0

    def monotonic(self) -> float:
        """Seconds; and so does `wall`."""
        return self.wall_ms / 1000

    wall = monotonic

    def pass_by(self, seconds: float) -> None:
        """So much time passes, in which no bar ends."""
        self.wall_ms += round(seconds * 1000)


class BarsPlayer:
    """Plays the bars of a span once. Each comes at its end, on the thread that calls; none is known before.

    A window without a bar is a hole, as it would be live. One connection brings all series, from the first bar on.

    source   has the bars; `begin` starts it
    span     from when to when, ms, there may be bars to play; it is known when `begin` returns
    played   how many bars were played
    is_over  whether all of them were
    """

    def __init__(self, options: ReplayOptions) -> None:
        self.time = BarsTime()
        self.played = 0
        self.is_over = False
        self.source = PushedSource(closes_by="flag", monotonic=self.time.monotonic, wall=self.time.wall)
        self.source.subscribe_to(options.symbols, options.timeframes)
        self.span = (0, 0)
        self._options = options
        self._shard = Shard(0, [(symbol, name) for symbol in options.symbols for name in options.timeframes])
        self._bars: Iterator[Bar] = iter(())
        self._next: Bar | None = None
        self._failure: WealthSourcesError | None = None

    def begin(self, host: Host) -> None:
        """Ask for the first bars. Raises RecordingError if there is none; SourceError, RequestError, ConfigError."""
        options = self._options
        start, end = options.start or 0, time.time_ns() // 1_000_000 - _SETTLED
        if options.end is not None:
            end = min(end, options.end)
        series = [(symbol, Timeframe(name)) for symbol, name in self._shard.series]
        self._bars = bars_in_order(functools.partial(host.history, str(options.bars)), series, start, end)
        self._next = next(self._bars, None)
        if self._next is None:
            raise RecordingError(
                f"{options.bars} has no bar of {', '.join(options.symbols)} ({', '.join(options.timeframes)}) from "
                f"{time_text(start)} to {time_text(end)} UTC; are symbols, timeframes, from and to right?"
            )
        self.span = self._next.open_time, end
        self.time.wall_ms = self._next.open_time
        self.source.begin(host)
        self.source.assign(lambda _: self._shard)

    @property
    def next_due(self) -> float:
        """When the next bar ends, by the monotonic clock of `time`, in seconds."""
        return self.time.monotonic() if self._next is None else self._next.end / 1000

    @property
    def next_wall_ms(self) -> int | None:
        """When the next bar ends, ms; None if there is none."""
        if self._failure is not None:
            return self.time.wall_ms  # to be told now
        return None if self._next is None else self._next.end

    def play(self) -> bool:
        """Let the next bar end. Returns whether there was one. Raises what asking for it raised, once."""
        failure, bar = self._failure, self._next
        if failure is not None:
            self._failure = None
            self.finish(f"the replay failed: {failure}")
            raise failure
        if bar is None:
            return False
        if not self.played:
            self._connect()
        self.time.wall_ms = bar.end
        self._turn()  # what was silent until now has been
        if self.source.on_bar(self._shard, ClosedBar.of(bar), self.time.monotonic()):
            self._shard.last_data = self.time.monotonic()
        self.played += 1
        self._fetch()
        return True

    def pass_by(self, seconds: float) -> None:
        """So much time passes before the next bar ends."""
        if seconds > 0:
            self.time.pass_by(seconds)
            self._turn()

    def finish(self, reason: str) -> None:
        """Nothing more is played, and nobody vouches for anything."""
        self._next = None
        shard = self._shard
        if shard.state == "connected":
            shard.since, shard.state, shard.last_error = self.time.monotonic(), "disconnected", reason
            self.source.on_state(shard, "disconnected", reason)
        self.is_over = True  # last: who sees that on another thread sees what became of it

    def _fetch(self) -> None:
        try:
            self._next = next(self._bars, None)
        except WealthSourcesError as error:  # of the bar before somebody is still to be told
            self._next, self._failure = None, error
            return
        if self._next is None:
            self.finish(OVER)

    def _connect(self) -> None:
        shard = self._shard
        shard.epoch, shard.state = 1, "connected"
        shard.acknowledged_at = shard.since = self.time.monotonic()
        self.source.on_state(shard, "connected", "")

    def _turn(self) -> None:
        if self.played and not self.is_over:
            self.source.on_turn(self._shard, self.time.monotonic())
