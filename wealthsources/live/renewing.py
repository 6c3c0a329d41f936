"""What a shard's connection knows, when another one is to take its place. Times named `now` are seconds, monotonic."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wealthsources.live.shard import SeriesKey, Shard
    from wealthsources.live.stream import Stream


def bars_vouched_for(streams: Iterable[Stream], now: float) -> dict[SeriesKey, tuple[tuple[int, float], ...]]:
    """The newest bars of each series, as (open time in ms, volume), for which its connection vouches.

    They are what is lost with the connection, unless the next one states them too, at least as far. A stream that has
    been silent for too long vouches for nothing; on a quiet market none has.
    """
    bars = {}
    for stream in streams:
        shard, series = stream.shard, stream.series
        if shard is None or series is None or _is_silent(stream, shard, now):
            continue
        vouched = series.vouched_by(shard.voucher)
        if vouched:
            bars[stream.key] = vouched
    return bars


def are_silent(streams: Iterable[Stream], now: float) -> bool:
    """Whether all of these streams are stale, but for those that the server refuses. False if there are none."""
    silent = None
    for stream in streams:
        shard = stream.shard
        if shard is None or stream.key in shard.refused:
            continue
        silent = _is_silent(stream, shard, now)
        if not silent:
            return False
    return bool(silent)


def _is_silent(stream: Stream, shard: Shard, now: float) -> bool:
    """Whether nothing came for longer than the stream may be silent, whatever the state of the connection."""
    if not stream.market.continuous:
        return False
    arrived = stream.series.arrived if stream.series is not None else None
    return stream.silence(max(arrived or 0.0, shard.acknowledged_at), now) > stream.limit
