"""PushedSource: a source that bars are pushed to, whatever brings them. It answers from what came and never waits."""

from __future__ import annotations

import functools
import time
from os import getpid
from typing import TYPE_CHECKING, ClassVar, Final

from wealthsources import forking
from wealthsources.live.filling import HoleFiller
from wealthsources.live.shard import sum_of, worst_of
from wealthsources.live.store import BarStore
from wealthsources.live.stream import ENOUGH_TO_JUDGE, Stream
from wealthsources.model.errors import NotHere
from wealthsources.model.events import Event
from wealthsources.model.status import SourceStatus
from wealthsources.model.symbols import match_symbol, states_base
from wealthsources.model.timeframe import Timeframe
from wealthsources.model.validity import is_usual, time_fault, value_fault
from wealthsources.source import Capabilities, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wealthsources.live.messages import BarMessage, LostMessage
    from wealthsources.live.series import Corrections, SeriesBuffer, Stored
    from wealthsources.live.shard import SeriesKey, Shard, ShardState
    from wealthsources.model.bars import Bars
    from wealthsources.source import HistoryRequest, Host

_AHEAD: Final = 5_000  # ms by which a bar may be ahead of our clock
_MOST_LOGGED: Final = 10


class PushedSource(Source):
    """Bars that are pushed, by a market server or a bus. What a stale stream did not bring is looked for elsewhere.

    A subclass makes the connections and hands on what they bring. It calls `subscribe_to` to say which series it
    wants, `begin` when it is started and `assign` when it knows which shard brings which series; and then, on the
    thread of each shard's connection, `on_state`, `on_bar`, `on_malformed`, `on_resubscribed` and, several times a
    second, `on_turn`. Times named `now` are seconds, monotonic.
    """

    #: What keeps the bars.
    store_class: ClassVar[type[BarStore]] = BarStore

    def __init__(
        self,
        *,
        capacity: int = 1000,
        corrections: Corrections = "accept",
        partial_first: bool = False,
        closed_only_hint: str = "",
        snapshot: float = 1.0,
        first_retry: float = 5.0,
        keep_left: int = 1_000,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Set the rules of all series.

        capacity          bars that are kept of each series
        corrections       what a different message for a closed bar does
        partial_first     the first bar of a connection holds only what happened since, so no successor closes it
        closed_only_hint  what to say if every bar comes once and after its window; empty: nothing
        snapshot          seconds after the acknowledgement in which bars may be of a snapshot
        first_retry       seconds after which a hole that was not filled is asked for again, at first
        keep_left         how many series that are subscribed no more keep their bars
        wall              seconds since 1970
        """
        self._capacity = capacity
        self._corrections: Corrections = corrections
        self._partial_first = partial_first
        self._hint = closed_only_hint
        self._snapshot = snapshot
        self._first_retry = first_retry
        self._keep_left = keep_left
        self._monotonic = monotonic
        self._wall = wall
        self.store = self._new_store("")
        self._left: dict[SeriesKey, None] = {}  # series that were subscribed, the longest ago first
        self._streams: dict[SeriesKey, Stream] = {}
        self._spellings: dict[SeriesKey, Stream] = {}
        self._host: Host | None = None
        self._owner = 0  # the process that started it
        self._next_look: dict[int, float] = {}  # by shard
        self._ahead: float | None = None  # seconds by which the server's clock is ahead at least
        self._wall_ahead: float | None = None  # seconds; None: bars carry old times, so none is from the future
        forking.call_in_child(self, PushedSource._leave_to_parent)

    # what is subscribed ----------------------------------------------------------------------------------------

    def subscribe_to(self, symbols: Sequence[str], timeframes: Sequence[str]) -> None:
        """Every symbol in every timeframe from now on. Bars of other series are kept but not updated."""
        wanted = {(symbol, name) for symbol in symbols for name in timeframes}
        kept = {key: stream for key, stream in self._streams.items() if key in wanted}
        fresh = {key: Stream(key[0], Timeframe(key[1])) for key in wanted - set(kept)}
        self._drop_oldest(wanted)
        for stream in fresh.values():
            if self._host is not None:
                stream.market = self._host.market(stream.symbol)
            stream.series = self.store.get(stream.symbol, stream.timeframe)
            if stream.series is not None:
                stream.series.interrupt()  # what came while it was not subscribed is missing
        self._streams = {**kept, **fresh}
        self._spellings = {}
        self.capabilities = Capabilities(
            live=True,
            blocking=False,
            timeframes=tuple(dict.fromkeys(timeframes)),
            symbols=tuple(dict.fromkeys(symbols)),
        )

    def _drop_oldest(self, wanted: set[SeriesKey]) -> None:
        """Bars of series that are subscribed no more are kept, but not those of ever more of them."""
        self._left = {key: None for key in (*self._left, *self._streams) if key not in wanted}
        while len(self._left) > self._keep_left:
            symbol, name = next(iter(self._left))
            del self._left[symbol, name]
            self.store.drop(symbol, Timeframe(name))

    def begin(self, host: Host) -> None:
        """Start with an empty store, on behalf of this host."""
        self._host = host
        self._owner = getpid()
        self.store = self._new_store(host.name)
        for stream in self._streams.values():
            stream.market = host.market(stream.symbol)

    def assign(self, shard_of: Callable[[SeriesKey], Shard | None]) -> None:
        """These shards bring the series that are subscribed."""
        for stream in tuple(self._streams.values()):
            stream.shard = shard_of(stream.key)

    @property
    def foreign(self) -> str:
        """Why no bar comes any more: another process started it, from which this one was forked; or empty."""
        forking.notice_fork()
        return next((shard.foreign for shard in self._shards()), "")

    def _leave_to_parent(self) -> None:
        """In a forked child: bars come to the process that started this, and nothing is vouched for here."""
        for shard in self._shards():
            shard.leave_to(forking.whose(self._owner), self._monotonic())

    def _new_store(self, name: str) -> BarStore:
        # What is subscribed bounds the number of series.
        return self.store_class(name, capacity=self._capacity, corrections=self._corrections, max_series=1 << 31)

    # answering -------------------------------------------------------------------------------------------------

    def get_history(self, request: HistoryRequest) -> Bars:
        """What is held of the request: closed bars, whatever the state of the stream.

        With `include_forming` the bar that is forming on the present connection follows, unless the stream is stale.
        """
        if getpid() != forking.process:
            forking.notice_fork()
        stream = self._streams.get((request.symbol, request.timeframe.name))
        if stream is None or stream.shard is None:
            raise NotHere("is not subscribed" if self._shards() else "has not been started")
        series = stream.series
        if series is None:
            raise NotHere(stream.why_nothing())
        stale = stale_seconds(stream, self._monotonic())
        voucher = stream.shard.voucher if request.include_forming and not stale else None
        bars = series.snapshot(request.end, request.start, request.count, forming_epoch=voucher)
        if not stale and (stream.pushes_forming or stream.new_bars < ENOUGH_TO_JUDGE):
            if not len(bars):
                raise NotHere(f"holds no closed bar of that time ({len(series)} bars in all)")
            return bars
        note = stream.stale_note(stale) if stale else self._hint
        if not len(bars):
            raise NotHere("; ".join(filter(None, (f"holds no closed bar of that time ({len(series)} in all)", note))))
        return bars.noted(note) if note else bars

    def stale_for(self, symbol: str | None = None, timeframe: Timeframe | None = None) -> float | None:
        """Seconds for which the stream of this series, or the freshest of all, has been stale."""
        forking.notice_fork()
        now = self._monotonic()
        if symbol is None or timeframe is None:
            ages = [stale_seconds(stream, now) for stream in tuple(self._streams.values())]
            return min((age for age in ages if age is not None), default=None)
        stream = self._streams.get((symbol, timeframe.name))
        if stream is None:
            spelling = match_symbol(symbol, self.capabilities.symbols or ())
            stream = self._streams.get((spelling or symbol, timeframe.name))
        return None if stream is None else stale_seconds(stream, now)

    def status(self) -> SourceStatus:
        """State of the connections, the worst of them first, and of every stream."""
        forking.notice_fork()
        shards, streams = self._shards(), tuple(self._streams.values())
        if not shards:
            return SourceStatus("not started")
        now, worst = self._monotonic(), worst_of(shards)
        heard = [shard.last_data for shard in shards if shard.last_data is not None]
        return SourceStatus(
            worst.state,
            worst.foreign or (self._hint if any(stream.seems_closed_only for stream in streams) else ""),
            worst.last_error,
            worst.endpoint,
            sum(shard.epoch for shard in shards),
            sum(shard.reconnects for shard in shards),
            sum_of(shard.reconnects_by_reason for shard in shards),
            now - max(heard) if heard else None,
            self._ahead,
            sum_of(shard.counters for shard in shards),
            tuple(stream.status(now, bool(stale_seconds(stream, now))) for stream in streams),
        )

    def _shards(self) -> tuple[Shard, ...]:
        streams = tuple(self._streams.values())
        return tuple(dict.fromkeys(stream.shard for stream in streams if stream.shard is not None))

    # receiving, on the thread of a shard's connection ----------------------------------------------------------

    def on_state(self, shard: Shard, state: ShardState, reason: str) -> None:  # noqa: ARG002 - whichever it is
        """The connection is in another state."""
        host = self._host
        if state == "connected" and host is not None and host.clock.name != "feed":
            # The wall clock is read once a connection; a step of it later on makes no bar come from the future.
            self._wall_ahead = self._wall() - self._monotonic()
            self._ahead = None
        if host is not None and host.listening:
            host.emit(Event("state", host.name, state=state, reason=reason))

    def on_bar(self, shard: Shard, bar: BarMessage, now: float) -> bool | None:  # noqa: PLR0912 - calls are dear here
        """Store a bar. Returns whether it belongs to the subscription; None if it does, and cannot be a bar."""
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
        if open_time != stream.last_open and (fault := time_fault(open_time, stream.timeframe)):
            self._refuse(shard, stream, None, fault)  # whichever bar it is of
            return None
        if not is_usual(bar.values) and (fault := value_fault(bar.values, stream.market.prices)):
            self._refuse(shard, stream, open_time, fault)
            return None
        if self._wall_ahead is not None:
            proof = stream.timeframe.end(open_time) if bar.closed else open_time
            if proof > (now + self._wall_ahead) * 1000 + _AHEAD:
                shard.counters["from_the_future"] += 1
                self._see_clock(proof, now)
                stream.lost(open_time)
                return False
        series = stream.series
        if series is None:
            series = stream.series = self.store.series(stream.symbol, stream.timeframe)
        if self._partial_first and stream.is_partial(shard.epoch, open_time):
            return True
        if open_time != stream.last_open:
            stream.begin_bar(series, open_time, now)
        voucher = (shard.epoch << 32) + shard.breaks  # `shard.voucher`, without the call
        stored = series.put(open_time, bar.close_time, bar.values, bar.decimals, bar.closed, voucher, bar.texts, now)
        if stored.kind == "update" and not stored.closed:
            stream.pushes_forming = True
        elif stored.kind == "old_epoch":
            shard.counters["bars.old_epoch"] += 1
            return False
        else:
            self._note(shard, stream, series, stored, bar, now)
        if host.listening:
            self._tell(host, series, stored, open_time)
        return True

    def _refuse(self, shard: Shard, stream: Stream, open_time: int | None, fault: str) -> None:
        """A message that breaks a rule: what we hold of its bar is not what it became."""
        if self._host is not None and shard.counters["bad_bar"] < _MOST_LOGGED:
            self._host.logger.warning("bad_bar: %s (%s %s)", fault, stream.symbol, stream.timeframe)
        shard.counters["bad_bar"] += 1
        stream.lost(open_time)

    def on_malformed(self, shard: Shard, message: LostMessage) -> None:
        """A message was lost on us. If it was the last one of a bar, what we hold of that bar is not what it became."""
        if not message.may_be_bar:
            return
        if not message.symbol:
            shard.breaks += 1
            return
        stream = self._find(shard, (message.symbol, message.timeframe))
        if stream is not None:
            stream.lost(message.open_time)

    def on_resubscribed(self, shard: Shard) -> None:
        """As after a lost connection: only what is sent from now on stands for a bar that forms."""
        shard.breaks += 1
        for stream in tuple(self._streams.values()):
            if stream.shard is shard:
                stream.begin_again()

    def on_turn(self, shard: Shard, now: float) -> None:
        """Once a second: which of its streams have gone silent, and which holes are to be asked for again."""
        if now < self._next_look.get(shard.number, 0.0):
            return
        self._next_look[shard.number] = now + 1.0
        for stream in tuple(self._streams.values()):
            if stream.shard is not shard:
                continue
            stale = bool(stale_seconds(stream, now))
            if stale and not stream.said_stale:
                self._say_stale(shard, stream)
            stream.said_stale = stale
            if stream.filler is not None:
                stream.filler.look(now)

    def _find(self, shard: Shard, key: SeriesKey) -> Stream | None:
        """The stream of this shard that the server's spelling means, remembered as long as that stays bounded."""
        series = shard.match(*key)
        stream = None if series is None else self._streams.get(series)
        if stream is None:
            return None
        if not stream.accept(key[0], exact=shard.is_exact(*key), warn=functools.partial(self._warn, stream)):
            return None
        stream.shard = shard
        if shard.is_exact(*key) or not states_base(key[0]):  # any other has to be judged each time
            self._spellings[key] = stream
        return stream

    def _warn(self, stream: Stream, text: str) -> None:
        if self._host is not None:
            self._host.logger.warning("%s %s: %s", stream.symbol, stream.timeframe, text)

    # what a message means ---------------------------------------------------------------------------------------

    def _note(
        self, shard: Shard, stream: Stream, series: SeriesBuffer, stored: Stored, bar: BarMessage, now: float
    ) -> None:
        """What a message that was more than an update means for the clock, the counters and the holes."""
        host = self._host
        if host is None:
            return
        shard.counters[f"bars.{stored.kind}"] += 1
        clock, timeframe, open_time = host.clock, stream.timeframe, bar.open_time
        end = timeframe.end(open_time)
        clock.saw_open(open_time)
        for time_closed in stored.closed:
            clock.saw_closed(timeframe.end(time_closed))
        if stored.kind == "new":
            self._judge_push(shard, stream, host, end)
            self._see_clock(end if bar.closed else open_time, now)
            if bar.close_time not in (end, end - 1):
                shard.counters["odd_close_time"] += 1
        if stored.hole is not None:
            self._note_hole(shard, stream, series, stored, host)

    def _note_hole(self, shard: Shard, stream: Stream, series: SeriesBuffer, stored: Stored, host: Host) -> None:
        hole = stored.hole
        if hole is None:
            return
        host.logger.warning("%s %s: %s UTC", stream.symbol, stream.timeframe, hole)
        shard.counters["holes"] += 1
        if host.listening:
            host.emit(Event("hole", host.name, stream.symbol, stream.timeframe, hole=hole))
        if hole.count >= series.capacity:
            shard.counters["stream_resets"] += 1  # the series let go of what is older than the hole
        if stream.filler is None:
            stream.filler = self._new_filler(series, host, shard)
        stream.filler.fill_new(hole)

    def _new_filler(self, series: SeriesBuffer, host: Host, shard: Shard) -> HoleFiller:
        return HoleFiller(series, self.store, host, shard.counters, self._monotonic, self._first_retry)

    def _see_clock(self, proof: int, now: float) -> None:
        """The server says that it is `proof` (ms) already."""
        if self._wall_ahead is not None:
            ahead = proof / 1000 - (now + self._wall_ahead)
            self._ahead = ahead if self._ahead is None else max(self._ahead, ahead)

    def _judge_push(self, shard: Shard, stream: Stream, host: Host, end: int) -> None:
        """Whether the server pushes bars while they form can be told by when they come."""
        if stream.pushes_forming or self._monotonic() < shard.acknowledged_at + self._snapshot:
            return
        stream.new_bars += 1
        if self._wall_ahead is not None and end > (self._monotonic() + self._wall_ahead) * 1000:
            stream.pushes_forming = True
        elif stream.new_bars == ENOUGH_TO_JUDGE and self._hint:
            host.logger.warning("%s %s: %s", stream.symbol, stream.timeframe, self._hint)

    def _say_stale(self, shard: Shard, stream: Stream) -> None:
        never = stream.series is None
        if self._host is not None:
            what = "no bar ever came; is that symbol and resolution right?" if never else "the stream went silent"
            self._host.logger.warning("%s %s: %s", stream.symbol, stream.timeframe, what)
        shard.counters["never_received" if never else "stale_streams"] += 1

    def _tell(self, host: Host, series: SeriesBuffer, stored: Stored, open_time: int) -> None:
        for time_closed in stored.closed:
            self._tell_bar(host, series, time_closed)
        if open_time not in stored.closed and stored.kind in ("new", "update", "correction"):
            self._tell_bar(host, series, open_time)

    def _tell_bar(self, host: Host, series: SeriesBuffer, open_time: int) -> None:
        bar = series.at(open_time)
        if bar is not None:
            host.emit(Event("bar", host.name, series.symbol, series.timeframe, bar))


def stale_seconds(stream: Stream, now: float) -> float | None:
    """For how many seconds a stream has been stale at `now`; None if it is on no shard."""
    shard = stream.shard
    if shard is None:
        return None
    if shard.state != "connected":
        return max(now - shard.since, 1e-9)
    arrived = stream.series.arrived if stream.series is not None else None
    return max(0.0, now - max(arrived or 0.0, shard.acknowledged_at) - stream.limit)
