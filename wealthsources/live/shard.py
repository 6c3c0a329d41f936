"""Shard: one of the connections that share a subscription, as whoever drives it writes it and all others read it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

from wealthsources.live.clock_watch import ClockWatch
from wealthsources.live.unused import Unused
from wealthsources.model.status import ShardStatus
from wealthsources.model.symbols import match_symbol
from wealthsources.model.text import one_line
from wealthsources.model.timeframe_names import match_timeframe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: (symbol, name of the timeframe), as the deployment writes them.
SeriesKey = tuple[str, str]

#: What a connection does just now.
ShardState = Literal["disconnected", "connecting", "connected", "reconnecting", "error", "auth_failed"]

_LONGEST_SHOWN: Final = 160

#: The worst first: a subscription does no better than the worst of its shards.
_STATES: Final = ("auth_failed", "error", "disconnected", "connecting", "reconnecting", "connected")


class Shard:
    """What is known of one connection and of those before it. Written on the thread of its connection only.

    number                which of the subscription's connections it is, from 0 on
    series                what is asked for on it; a series is on one shard, and stays there
    state                 connected: subscribed and acknowledged · auth_failed: the credential was turned down twice
    since                 monotonic: when the connection came up or went down; at first: the start
    epoch                 how many connections were acknowledged; acknowledged_at: when the last one was, monotonic
    breaks                how often a message of any of its series was lost, on all its connections together
    last_data             monotonic: when the last bar came that we want; last_sign: when anything came last
    endpoint, last_error  for people: without what is secret
    foreign               why nobody writes it here: it is of another process, from which this one was forked; or empty
    refused               what the server refused on this connection, and why; the other series live on
    counters              what happened, by name; reconnects_by_reason: why connections were lost
    watch                 what its bars tell of the server's clock; unused: what came and became no bar
    """

    def __init__(
        self, number: int, series: Sequence[SeriesKey], spell: Callable[[str], str] = str, endpoint: str = ""
    ) -> None:
        """`spell` gives the server's spelling of one of our symbols."""
        self.number = number
        self.state: ShardState = "disconnected"
        self.since = 0.0
        self.epoch = 0
        self.acknowledged_at = 0.0
        self.breaks = 0
        self.last_data: float | None = None
        self.last_sign: float | None = None
        self.endpoint = endpoint
        self.last_error = ""
        self.foreign = ""
        self.refused: dict[SeriesKey, str] = {}
        self.counters: Counter[str] = Counter()
        self.reconnects_by_reason: Counter[str] = Counter()
        self.watch = ClockWatch()
        self.unused = Unused()
        self.spell = spell
        self.take_series(series)

    def take_series(self, series: Sequence[SeriesKey]) -> None:
        """These are its series from now on."""
        self._spellings = {(self.spell(symbol), timeframe): (symbol, timeframe) for symbol, timeframe in series}
        self._symbols = tuple(dict.fromkeys(symbol for symbol, _ in series))
        self._wanted = frozenset(series)
        self.series = tuple(series)

    def status(self, now: float) -> ShardStatus:
        """A snapshot at `now`, monotonic."""
        idle = None if self.last_data is None else now - self.last_data
        return ShardStatus(self.number, self.state, self.epoch, len(self.series), idle, self.last_error, self.endpoint)

    @property
    def reconnects(self) -> int:
        """How many connections there were after the first."""
        return max(0, self.epoch - 1)

    def leave_to(self, owner: str, now: float) -> None:
        """In a forked child: its connection is that of another process, as `owner` says. `now` is monotonic."""
        if not self.foreign:
            self.foreign, self.state, self.since = owner, "disconnected", now

    @property
    def voucher(self) -> int:
        """Who vouches for a forming bar: the connection, as long as every message of it could be read."""
        return (self.epoch << 32) + self.breaks

    def spelled(self, series: SeriesKey) -> SeriesKey:
        """A series in the server's spelling."""
        return self.spell(series[0]), series[1]

    def is_exact(self, symbol: str, timeframe: str) -> bool:
        """Whether this is the very spelling under which a series of this shard was asked for."""
        return (symbol, timeframe) in self._spellings

    def shown(self, text: str) -> str:
        """A text of the server's, fit to be shown: short, one line. Who holds a secret takes it out before."""
        line = one_line(text[: 4 * _LONGEST_SHOWN])
        return line if len(line) <= _LONGEST_SHOWN else line[: _LONGEST_SHOWN - 1] + "…"

    def match(self, symbol: str, timeframe: str) -> SeriesKey | None:
        """The series of this shard that is meant by the server's spelling of a symbol, or by a similar one.

        So it is with the timeframe: `60m` means our `1h`.
        """
        exact = self._spellings.get((symbol, timeframe))
        if exact is not None:
            return exact
        meant = match_timeframe(timeframe)
        if meant is None:
            return None
        matched = match_symbol(symbol, self._symbols)
        series = self._spellings.get((symbol, meant.name)) or (matched or symbol, meant.name)
        return series if series in self._wanted else None


def worst_of(shards: Iterable[Shard]) -> Shard:
    """The shard that does worst: the subscription does no better. There must be one."""
    return min(shards, key=lambda shard: _STATES.index(shard.state))


def sum_of(counters: Iterable[Counter[str]]) -> dict[str, int]:
    """Counters together."""
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(dict(counter))  # a copy at once: its shard counts on
    return dict(total)
