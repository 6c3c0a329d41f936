"""HeldBack: keeps what comes on a connection that is not in use yet, to be handed on when it takes over."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

from wealthsources import ForkLock
from wealthsources_websocket.protocols.base import BarMessage, Malformed

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from wealthsources import Shard, ShardState
    from wealthsources_websocket.connection.handler import Log
    from wealthsources_websocket.protocols.base import Series

    #: What came, of which series (None: it was lost), and when, monotonic.
    _Held = tuple[BarMessage | Malformed, Series | None, float]

_FULL: Final = "the next connection has brought more than %d messages (a fixed limit); the oldest are let go of"


class HeldBack:
    """A handler that keeps the last message of each bar and whatever was lost, in the order in which they came last.

    One thread fills it, another asks it and takes what is held. It is bounded: the oldest go, and that is told once.
    A bar that is gone is a bar that this connection has not stated.
    """

    def __init__(self, log: Log, most: int, *, partial_first: bool = False) -> None:
        """`partial_first`: the first bar of each series states only a part of it, and so does what is older."""
        self._log = log
        self._most = most
        self._partial_first = partial_first
        self._lock = ForkLock()
        self._numbers = itertools.count()
        self._held: dict[Hashable, _Held] = {}
        self._volumes: dict[tuple[Series, int], float] = {}  # of whole bars, by series and open time
        self._first: dict[Series, int] = {}
        self._said_full = False

    # asked by the thread that will use it ----------------------------------------------------------------------

    def lacks(self, forming: Mapping[Series, Sequence[tuple[int, float]]]) -> bool:
        """Whether one of these bars, given by open time and volume, has not been stated as far as that."""
        with self._lock:
            return any(
                self._volumes.get((series, open_time), float("-inf")) < volume
                for series, bars in forming.items()
                for open_time, volume in bars
            )

    def take(self, forming: Mapping[Series, Sequence[tuple[int, float]]]) -> list[tuple[BarMessage | Malformed, float]]:
        """Everything with the monotonic time when it came, in its order; then nothing is held any more.

        But no bar comes after a later one of its series, as one would whose flag was late: it would be told as missing.
        An older state of one of these bars is left out: what we have of it is known to be newer.
        """
        with self._lock:
            held = _in_order(list(self._held.values()))
            self._held.clear()
        return [(message, at) for message, series, at in held if not self._is_older(message, series, forming)]

    def _is_older(
        self,
        message: BarMessage | Malformed,
        series: Series | None,
        forming: Mapping[Series, Sequence[tuple[int, float]]],
    ) -> bool:
        if series is None or series not in forming or not isinstance(message, BarMessage):
            return False
        volume = dict(forming[series]).get(message.open_time)
        stated = self._volumes.get((series, message.open_time))
        return volume is not None and stated is not None and stated < volume

    # a handler, on the thread that reads -----------------------------------------------------------------------

    def on_bar(self, shard: Shard, bar: BarMessage, now: float) -> bool:
        """Keep it, if it is of a series of the shard. Returns whether it is."""
        series = shard.match(bar.symbol, bar.timeframe)
        if series is None:
            shard.unused.add_stranger(shard.shown(bar.symbol), shard.shown(bar.timeframe), now)
            shard.counters["unsolicited"] += 1
            return False
        with self._lock:
            first = self._first.setdefault(series, bar.open_time)
            if self._partial_first and bar.open_time < first:
                return True  # nobody is to take it for the first
            if not self._partial_first or bar.open_time > first:
                self._volumes[series, bar.open_time] = bar.values[4]
            self._keep((bar.symbol, bar.timeframe, bar.open_time), bar, series, now)
        return True

    def on_malformed(self, shard: Shard, malformed: Malformed) -> None:  # noqa: ARG002 - a handler's
        """Keep it at its place: it makes the bars before it uncertain."""
        with self._lock:
            self._keep(next(self._numbers), malformed, None, 0.0)

    def _keep(self, key: Hashable, message: BarMessage | Malformed, series: Series | None, now: float) -> None:
        self._held.pop(key, None)
        self._held[key] = (message, series, now)
        if len(self._held) <= self._most:
            return
        oldest, of, _ = self._held.pop(next(iter(self._held)))
        if of is not None and isinstance(oldest, BarMessage):
            self._volumes.pop((of, oldest.open_time), None)
        if not self._said_full:
            self._said_full = True
            self._log.warning(_FULL, self._most)

    def on_turn(self, shard: Shard, now: float) -> None:
        """Nothing is due."""

    def on_resubscribed(self, shard: Shard) -> None:
        """It never is."""

    def on_state(self, shard: Shard, state: ShardState, reason: str) -> None:
        """Nobody is to know of it yet."""

    def forming_bars(self, shard: Shard, now: float) -> Mapping[Series, Sequence[tuple[int, float]]]:  # noqa: ARG002 - the same
        """Nothing is vouched for."""
        return {}

    def is_silent(self, shard: Shard, now: float) -> bool:  # noqa: ARG002 - the same
        """It is not judged."""
        return False


def _in_order(held: Sequence[_Held]) -> list[_Held]:
    """The same, but each bar before the later ones of its series.

    A bar moves towards the front only, so what was lost after a message of it stays after it and makes it uncertain.
    """
    keys = [(place, 0) for place in range(len(held))]
    bars = [
        (message.open_time, place, series)
        for place, (message, series, _) in enumerate(held)
        if isinstance(message, BarMessage) and series is not None
    ]
    first: dict[Series, int] = {}  # of the bars from this one on
    for open_time, place, series in sorted(bars, reverse=True):
        first[series] = min(place, first.get(series, place))
        keys[place] = (first[series], open_time)
    return [held[place] for place in sorted(range(len(held)), key=keys.__getitem__)]
