"""WebSocketSource: the live source of the chain. It answers from its cache and never waits."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final, Literal

from wealthsources import (
    Bars,
    Capabilities,
    Event,
    HistoryRequest,
    Hole,
    NotHere,
    RequestError,
    Source,
    SourceStatus,
    StreamStatus,
    Timeframe,
    match_symbol,
)
from wealthsources_websocket.cache import WebSocketCache
from wealthsources_websocket.connection.policies import DEFAULT_POLICIES, Policies
from wealthsources_websocket.connection.redact import redact_url
from wealthsources_websocket.connection.shards import Shards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources import Host, SeriesBuffer
    from wealthsources_websocket.connection.shard import Shard, State
    from wealthsources_websocket.options import WebSocketOptions
    from wealthsources_websocket.protocols.base import BarMessage, Malformed

_AHEAD: Final = 5_000
_MOST_LEFT: Final = 1_000
_FIRST_RETRY, _LAST_RETRY = 5.0, 600.0
_CLOSED: Final = 2  # as `Bars.states` says it
_BELIEVED: Final = 3600.0  # seconds for which an authoritative "there never was a bar" is believed
_ENOUGH_TO_JUDGE: Final = 3
_SNAPSHOT: Final = 1.0  # seconds after the acknowledgement in which bars may be a snapshot
HINT: Final = "this server seems to push closed bars only; set bar_push: closed"


class Stream:
    """One subscribed series: its bars and how its stream is doing."""

    def __init__(self, symbol: str, timeframe: Timeframe) -> None:
        self.symbol = symbol
        self.timeframe = timeframe
        self.series: SeriesBuffer | None = None
        self.due = timeframe.milliseconds / 1000 + 30.0  # seconds of silence after which it is late, and then stale
        self.limit = 2 * timeframe.milliseconds / 1000 + 30.0
        self.told_stale = False
        self.last_open = 0  # of the last message
        self.bars_seen = 0
        self.pushes_forming = False
        self.filling = False
        self.retry_at = 0.0
        self.retry_after = _FIRST_RETRY
        self.empty: tuple[Hole, ...] = ()  # an authoritative history said that there never was a bar
        self.empty_until = 0.0
        self.skip_first: tuple[int, int] | None = None  # (epoch, open_time) of a first bar that is only partial
        self.shard: Shard | None = None  # on which its bars come, once one has

    @property
    def key(self) -> tuple[str, str]:
        """(symbol, name of the timeframe)."""
        return self.symbol, self.timeframe.name


class WebSocketSource(Source):
    """Bars pushed by a market server. What a stale stream did not bring is missing, and looked for elsewhere."""

    def __init__(self, options: WebSocketOptions, policies: Policies = DEFAULT_POLICIES) -> None:
        self.options = options
        self._policies = policies
        self._monotonic = policies.monotonic
        self.cache = self._new_cache("")
        self._partial_first = options.partial_first
        self._breaks: dict[int, int] = {}  # by shard: messages that could not be read at all
        self._left: dict[tuple[str, str], None] = {}  # series that were subscribed, the longest ago first
        self._streams: dict[tuple[str, str], Stream] = {}
        self._spellings: dict[tuple[str, str], Stream] = {}
        self._subscribe_to(options.symbols, options.resolutions)
        self._shards: Shards | None = None
        self._host: Host | None = None
        self._next_look: dict[int, float] = {}  # by shard
        self._ahead: float | None = None  # seconds by which the server's clock is ahead at least
        self._wall_ahead: float | None = None  # seconds; None: bars carry old times, so none is from the future

    def _new_cache(self, name: str) -> WebSocketCache:
        # What is subscribed bounds the number of series.
        options = self.options
        return WebSocketCache(name, capacity=options.capacity, corrections=options.corrections, max_series=1 << 31)

    def _subscribe_to(self, symbols: Sequence[str], resolutions: Sequence[str]) -> None:
        wanted = {(symbol, name) for symbol in symbols for name in resolutions}
        kept = {key: stream for key, stream in self._streams.items() if key in wanted}
        fresh = {key: Stream(key[0], Timeframe(key[1])) for key in wanted - set(kept)}
        self._drop_oldest(wanted)
        for stream in fresh.values():
            stream.series = self.cache.get(stream.symbol, stream.timeframe)
            if stream.series is not None:
                stream.series.interrupt()  # what came while it was not subscribed is missing
        self._streams = {**kept, **fresh}
        self._spellings = {}
        self.capabilities = Capabilities(
            live=True,
            blocking=False,
            timeframes=tuple(dict.fromkeys(resolutions)),
            symbols=tuple(dict.fromkeys(symbols)),
        )

    def _drop_oldest(self, wanted: set[tuple[str, str]]) -> None:
        """Bars of series that are subscribed no more are kept, but not those of ever more of them."""
        self._left = {key: None for key in (*self._left, *self._streams) if key not in wanted}
        while len(self._left) > _MOST_LEFT:
            symbol, name = next(iter(self._left))
            del self._left[symbol, name]
            self.cache.drop(symbol, Timeframe(name))

    # life ------------------------------------------------------------------------------------------------------

    def start(self, host: Host) -> None:
        """Begin to connect. Raises ConfigError if the certificates or the token cannot be read."""
        self._host = host
        self.cache = self._new_cache(host.name)
        options = self.options
        series = _product(options.symbols, options.resolutions)
        shards = Shards(options, options.make_protocol(), series, self, host.logger, self._policies)
        self._shards = shards  # before bars come: they are counted there
        try:
            shards.start()
        except BaseException:
            self._shards = None
            raise

    def stop(self) -> None:
        """Close the connection; what is in the cache stays."""
        shards = self._shards
        if shards is not None:
            shards.stop()

    def update_subscription(self, symbols: Sequence[str], resolutions: Sequence[str]) -> None:
        """Subscribe to these symbols in these resolutions from now on; bars of others are kept but not updated."""
        if not symbols or not resolutions:
            raise RequestError("a subscription needs at least one symbol and one resolution")
        symbols, resolutions = tuple(symbols), tuple(Timeframe(name).name for name in resolutions)
        self._subscribe_to(symbols, resolutions)
        if self._shards is not None:
            self._shards.update_series(_product(symbols, resolutions))

    # answering -------------------------------------------------------------------------------------------------

    def get_history(self, request: HistoryRequest) -> Bars:
        """What the cache holds of the request: closed bars, whatever the state of the stream.

        With `include_forming` the bar that is forming on the present connection follows, unless the stream is stale.
        """
        stream = self._streams.get((request.symbol, request.timeframe.name))
        shard = self._shard_of(stream)
        if stream is None or shard is None:
            raise NotHere("is not subscribed" if self._shards is not None else "has not been started")
        series = stream.series
        if series is None:
            raise NotHere(self._why_nothing(shard))
        stale = self._stale_seconds(stream, shard, self._monotonic())
        epoch = self._voucher(shard) if request.include_forming and not stale else None
        bars = series.snapshot(request.end, request.start, request.count, forming_epoch=epoch)
        if not stale and (stream.pushes_forming or stream.bars_seen < _ENOUGH_TO_JUDGE):
            if not len(bars):
                raise NotHere(f"holds no closed bar of that time ({len(series)} bars in all)")
            return bars
        note = self._stale_note(shard, stale) if stale else self._hint(stream)
        if not len(bars):
            raise NotHere("; ".join(filter(None, (f"holds no closed bar of that time ({len(series)} in all)", note))))
        return bars.noted(note) if note else bars

    def _shard_of(self, stream: Stream | None) -> Shard | None:
        shards = self._shards
        return None if shards is None or stream is None else shards.shard_of(stream.key)

    def _why_nothing(self, shard: Shard) -> str:
        if shard.state == "connected":
            return "is connected, but no bar of this series has come"
        return f"has received nothing: {shard.state}" + (f" ({shard.last_error})" if shard.last_error else "")

    def _stale_note(self, shard: Shard, stale: float) -> str:
        if shard.state == "connected":
            return f"nothing came for {stale:.0f} s more than a stream may be silent: cannot vouch for the newest bars"
        return f"{shard.state} for {stale:.0f} s: cannot vouch for the newest bars"

    def _hint(self, stream: Stream) -> str:
        if self.options.bar_push == "closed" or stream.pushes_forming or stream.bars_seen < _ENOUGH_TO_JUDGE:
            return ""
        return HINT

    def _stale_seconds(self, stream: Stream, shard: Shard, now: float) -> float:
        if shard.state != "connected":
            return max(now - shard.since, 1e-9)
        arrived = stream.series.arrived if stream.series is not None else None
        since = max(arrived or 0.0, shard.acknowledged_at)
        return max(0.0, now - since - stream.limit)

    def stale_for(self, symbol: str | None = None, timeframe: Timeframe | None = None) -> float | None:
        """Seconds for which the stream of this series, or the freshest of all, has been stale."""
        now = self._monotonic()
        if symbol is None or timeframe is None:
            owned = ((stream, self._shard_of(stream)) for stream in self._streams.values())
            return min((self._stale_seconds(stream, shard, now) for stream, shard in owned if shard), default=None)
        spelling = match_symbol(symbol, self.capabilities.symbols or ())
        stream = self._streams.get((spelling or symbol, timeframe.name))
        shard = self._shard_of(stream)
        return None if stream is None or shard is None else self._stale_seconds(stream, shard, now)

    def status(self) -> SourceStatus:
        """State of the connection and of every stream."""
        shards = self._shards
        if shards is None:
            return SourceStatus("not started", endpoint=redact_url(self.options.endpoint))
        now, worst = self._monotonic(), shards.worst
        streams = tuple(self._stream_status(stream, now) for stream in self._streams.values())
        hints = {self._hint(stream) for stream in self._streams.values()} - {""}
        return SourceStatus(
            worst.state,
            next(iter(hints), ""),
            worst.last_error,
            worst.endpoint,
            shards.epoch,
            shards.reconnects,
            shards.reconnects_by_reason,
            None if shards.last_data is None else now - shards.last_data,
            self._ahead,
            shards.counters,
            streams,
        )

    def _stream_status(self, stream: Stream, now: float) -> StreamStatus:
        series, shard = stream.series, self._shard_of(stream)
        if series is None or shard is None:
            return StreamStatus(stream.symbol, stream.timeframe.name, "never_received")
        empty = stream.empty if now < stream.empty_until else ()
        holes = sum(hole not in empty for hole in series.holes())
        idle = None if series.arrived is None else now - series.arrived
        state: Literal["stale", "late", "hole", "live"] = "hole" if holes else "live"
        if self._stale_seconds(stream, shard, now):
            state = "stale"
        elif now - max(series.arrived or 0.0, shard.acknowledged_at) > stream.due:
            state = "late"
        return StreamStatus(stream.symbol, stream.timeframe.name, state, len(series), idle, holes, len(empty))

    # receiving, on the reader thread ---------------------------------------------------------------------------

    def on_state(self, shard: Shard, state: State, reason: str) -> None:  # noqa: ARG002 - whichever it is
        """The connection is in another state."""
        host = self._host
        if state == "connected" and host is not None and host.clock.name != "feed":
            # The wall clock is read once a connection; a step of it later on makes no bar come from the future.
            self._wall_ahead = self._policies.wall() - self._monotonic()
            self._ahead = None
        if host is not None and host.listening:
            host.emit(Event("state", host.name, state=state, reason=reason))

    def on_bar(self, shard: Shard, bar: BarMessage, now: float) -> bool:
        """Store a bar. Returns whether it belongs to the subscription."""
        key = (bar.symbol, bar.timeframe)
        stream = self._spellings.get(key)
        if stream is None or stream.shard is not shard:
            stream = self._find(shard, key)
            if stream is None:
                shard.counters["unsolicited"] += 1
                return False
        host = self._host
        if host is None:
            return False
        open_time = bar.open_time
        if self._wall_ahead is not None:
            proof = stream.timeframe.end(open_time) if bar.closed else open_time
            if proof > (now + self._wall_ahead) * 1000 + _AHEAD:
                shard.counters["from_the_future"] += 1
                self._see_clock(proof, now)
                _interrupt(stream.series, open_time)
                return False
        series = stream.series
        if series is None:
            series = stream.series = self.cache.series(stream.symbol, stream.timeframe)
        if self._partial_first and self._is_partial(stream, bar, shard.epoch):
            return True
        if open_time != stream.last_open:
            _begin_another(stream, series, open_time, now)
        voucher = (shard.epoch << 32) + self._breaks.get(shard.number, 0)
        stored = series.put(open_time, bar.close_time, bar.values, bar.decimals, bar.closed, voucher, bar.texts, now)
        kind, ended, hole = stored
        if kind == "update" and not ended:
            stream.pushes_forming = True
        elif kind == "old_epoch":
            shard.counters["bars.old_epoch"] += 1
            return False
        else:
            self._note(shard, stream, series, kind, ended, hole, bar, now)
        if host.listening:
            self._tell(host, series, kind, ended, open_time)
        return True

    def _voucher(self, shard: Shard) -> int:
        """Who vouches for a forming bar: the connection, as long as every message of it could be read."""
        return (shard.epoch << 32) + self._breaks.get(shard.number, 0)

    def _break(self, shard: Shard) -> None:
        self._breaks[shard.number] = self._breaks.get(shard.number, 0) + 1

    def on_malformed(self, shard: Shard, malformed: Malformed) -> None:
        """A message was lost on us. If it was the last one of a bar, what we hold of that bar is not what it became."""
        if not malformed.may_be_bar:
            return
        if not malformed.symbol:
            self._break(shard)
            return
        stream = self._find(shard, (malformed.symbol, malformed.timeframe))
        if stream is not None:
            _interrupt(stream.series, malformed.open_time)

    def on_resubscribed(self, shard: Shard) -> None:
        """As after a lost connection: only what is sent from now on stands for a bar that forms."""
        self._break(shard)
        for stream in self._streams.values():
            if stream.shard is shard:
                stream.skip_first = None

    def _find(self, shard: Shard, key: tuple[str, str]) -> Stream | None:
        """The stream of this shard that the server's spelling means, remembered as long as that stays bounded."""
        series = shard.match(*key)
        stream = None if series is None else self._streams.get(series)
        if stream is not None:
            stream.shard = shard
            if len(self._spellings) < 4 * len(self._streams) + 16:
                self._spellings[key] = stream
        return stream

    def _is_partial(self, stream: Stream, bar: BarMessage, epoch: int) -> bool:
        """Whether this is the first bar of the connection, on a server that counts from the subscription."""
        if stream.skip_first is None or stream.skip_first[0] != epoch:
            stream.skip_first = (epoch, bar.open_time)
        return bar.open_time <= stream.skip_first[1]  # also if it is flagged: its values are partial all the same

    def _note(
        self,
        shard: Shard,
        stream: Stream,
        series: SeriesBuffer,
        kind: str,
        closed: tuple[int, ...],
        hole: Hole | None,
        bar: BarMessage,
        now: float,
    ) -> None:
        """What a message that was more than an update means for the clock, the counters and the holes."""
        host = self._host
        if host is None:
            return
        shard.counters[f"bars.{kind}"] += 1
        clock, frame, open_time = host.clock, stream.timeframe, bar.open_time
        end = frame.end(open_time)
        clock.saw_open(open_time)
        for time_closed in closed:
            clock.saw_closed(frame.end(time_closed))
        if kind == "new":
            self._judge_push(shard, stream, host, end)
            self._see_clock(end if bar.closed else open_time, now)
            if bar.close_time not in (end, end - 1):
                shard.counters["odd_close_time"] += 1
        if hole is not None:
            shard.counters["holes"] += 1
            host.logger.warning("%s %s: %s UTC", stream.symbol, frame, hole)
            if host.listening:
                host.emit(Event("hole", host.name, stream.symbol, frame, hole=hole))
            if hole.count >= series.capacity:
                shard.counters["stream_resets"] += 1  # the series let go of what is older than the hole
            stream.retry_at, stream.retry_after = 0.0, _FIRST_RETRY
            self._fill(stream, series, hole)

    def _see_clock(self, proof: int, now: float) -> None:
        """The server says that it is `proof` (ms) already."""
        if self._wall_ahead is not None:
            ahead = proof / 1000 - (now + self._wall_ahead)
            self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)

    def on_turn(self, shard: Shard, now: float) -> None:
        """Once a second: which of its streams have gone silent, and which holes are to be asked for again."""
        if now < self._next_look.get(shard.number, 0.0):
            return
        self._next_look[shard.number] = now + 1.0
        for stream in tuple(self._streams.values()):
            if self._shard_of(stream) is not shard:
                continue
            stale = self._stale_seconds(stream, shard, now) > 0
            if stale and not stream.told_stale:
                self._tell_stale(shard, stream)
            stream.told_stale = stale
            if stream.retry_at and now >= stream.retry_at and not stream.filling and stream.series is not None:
                self._retry(stream, stream.series)

    def _tell_stale(self, shard: Shard, stream: Stream) -> None:
        never = stream.series is None
        if self._host is not None:
            what = "no bar ever came; is that symbol and resolution right?" if never else "the stream went silent"
            self._host.logger.warning("%s %s: %s", stream.symbol, stream.timeframe, what)
        shard.counters["never_received" if never else "stale_streams"] += 1

    def _retry(self, stream: Stream, series: SeriesBuffer) -> None:
        holes = _all_holes(series)
        if holes:
            self._fill(stream, series, Hole(holes[0].start, holes[-1].end, sum(hole.count for hole in holes)))
        else:
            stream.retry_at = 0.0

    def _judge_push(self, shard: Shard, stream: Stream, host: Host, end: int) -> None:
        if stream.pushes_forming or self._monotonic() < shard.acknowledged_at + _SNAPSHOT:
            return
        stream.bars_seen += 1
        if self._wall_ahead is not None and end > (self._monotonic() + self._wall_ahead) * 1000:
            stream.pushes_forming = True
        elif stream.bars_seen == _ENOUGH_TO_JUDGE and self.options.bar_push == "forming":
            host.logger.warning("%s %s: %s", stream.symbol, stream.timeframe, HINT)

    def _tell(self, host: Host, series: SeriesBuffer, kind: str, closed: tuple[int, ...], open_time: int) -> None:
        for time_closed in closed:
            self._emit_bar(host, series, time_closed)
        if open_time not in closed and kind in ("new", "update", "correction"):
            self._emit_bar(host, series, open_time)

    def _emit_bar(self, host: Host, series: SeriesBuffer, open_time: int) -> None:
        bar = series.at(open_time)
        if bar is not None:
            host.emit(Event("bar", host.name, series.symbol, series.timeframe, bar))

    def _count(self, stream: Stream, what: str, number: int) -> None:
        shard = self._shard_of(stream)
        if number and shard is not None:
            shard.counters[what] += number

    # filling holes ---------------------------------------------------------------------------------------------

    def _fill(self, stream: Stream, series: SeriesBuffer, hole: Hole) -> None:
        """Ask the rest of the chain for what is missing, one request at a time for each stream."""
        host = self._host
        if host is None or stream.filling:
            stream.retry_at = stream.retry_at or self._monotonic() + stream.retry_after
            return
        stream.filling = True
        stream.retry_at = self._monotonic() + stream.retry_after
        stream.retry_after = min(_LAST_RETRY, stream.retry_after * 2)

        def done(bars: Bars | None, reason: str) -> None:
            stream.filling = False
            if bars is not None:
                self._filled(host, stream, series, bars, hole, reason)
            else:
                host.logger.info("%s %s: %s is not filled: %s", stream.symbol, stream.timeframe, hole, reason)

        # One bar more at each end: a history that has both neighbours can say that nothing was between them.
        frame = stream.timeframe
        start = frame.open_time(frame.slot(hole.start) - 1)
        host.backfill(HistoryRequest(stream.symbol, frame, frame.end(hole.end), start), done)

    def _filled(self, host: Host, stream: Stream, series: SeriesBuffer, bars: Bars, hole: Hole, reason: str) -> None:
        filled = self.cache.fill(bars)
        self._count(stream, "backfilled", filled.added)
        self._count(stream, "disagreements", filled.disagreements)
        left = _holes_within(series, hole)
        if left and not _never_existed(left, bars):
            return
        now = self._monotonic()
        known = stream.empty if now < stream.empty_until else ()
        holes = _all_holes(series)
        stream.empty = tuple(part for part in holes if part in known or part in left)
        stream.empty_until = now + _BELIEVED
        stream.retry_after = _FIRST_RETRY
        if left:
            self._count(stream, "verified_empty", sum(part.count for part in left if part not in known))
            others = len(holes) > len(stream.empty)  # opened while this was asked
            stream.retry_at = now + _FIRST_RETRY if others else stream.empty_until
        host.logger.info("%s %s: filled %s (%s)", stream.symbol, stream.timeframe, hole, reason)
        if host.listening:
            host.emit(Event("filled", host.name, stream.symbol, stream.timeframe, hole=hole, reason=reason))


def _product(symbols: Sequence[str], resolutions: Sequence[str]) -> list[tuple[str, str]]:
    return [(symbol, name) for symbol in symbols for name in resolutions]


def _begin_another(stream: Stream, series: SeriesBuffer, open_time: int, now: float) -> None:
    """A message of another bar than the last one. After a silence it does not close that: the rest may be missing."""
    stream.last_open = open_time
    if now - (series.arrived or now) > stream.limit:
        series.interrupt()


def _holes_within(series: SeriesBuffer, hole: Hole) -> tuple[Hole, ...]:
    """What is missing of a hole. Not `series.holes()`: the bar after it may be the one that is forming."""
    frame = series.timeframe
    first, last = frame.slot(hole.start), frame.slot(hole.end)
    held = [frame.slot(int(time)) for time in series.snapshot(hole.end, hole.start).open_times]
    oldest = series.all().open_times[:1]
    evicted = len(series) >= series.capacity and oldest[0] >= hole.start  # what had to give way is not missing
    edges = [*held, last] if evicted else [first - 1, *held, last]
    return tuple(
        Hole(frame.open_time(before + 1), frame.open_time(after), after - before - 1)
        for before, after in itertools.pairwise(edges)
        if after - before > 1
    )


def _all_holes(series: SeriesBuffer) -> tuple[Hole, ...]:
    """All holes up to the newest bar, be that closed or forming."""
    bars, frame = series.all(), series.timeframe
    closed = bars.open_times[bars.states == _CLOSED]
    if not len(closed):
        return ()
    start, newest = frame.end(int(closed[0])), int(bars.open_times[-1])
    return _holes_within(series, Hole(start, newest, 0)) if start < newest else ()


def _never_existed(holes: tuple[Hole, ...], bars: Bars) -> bool:
    """Whether an answer with bars on both sides says of all these holes that there never was a bar."""
    times = bars.open_times
    if not len(times) or times[0] >= holes[0].start or times[-1] < holes[-1].end:
        return False
    return not any(other.start < hole.end and hole.start < other.end for hole in holes for other in bars.holes)


def _interrupt(series: SeriesBuffer | None, open_time: int | None) -> None:
    """A message for that bar (None: for some bar) was lost. One of a later bar says nothing against the newest."""
    newest = None if series is None else series.newest
    if series is not None and newest is not None and (open_time is None or open_time <= newest):
        series.interrupt()
