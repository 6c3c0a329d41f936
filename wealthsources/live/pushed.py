"""PushedSource: a source that bars are pushed to, whatever brings them. It answers from what came and never waits."""

from __future__ import annotations

import functools
import re
import time
from os import getpid
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from wealthsources import forking
from wealthsources.live.filling import HoleFiller, time_of
from wealthsources.live.renewing import are_silent, bars_vouched_for
from wealthsources.live.shard import sum_of, worst_of
from wealthsources.live.store import BarStore
from wealthsources.live.stream import ENOUGH_TO_JUDGE, Stream
from wealthsources.model.errors import NotHere, RequestError
from wealthsources.model.events import Event
from wealthsources.model.status import SourceStatus
from wealthsources.model.symbols import match_symbol, states_base
from wealthsources.model.text import short_repr
from wealthsources.model.timeframe import Timeframe
from wealthsources.model.validity import is_usual, time_fault, value_fault
from wealthsources.source import Capabilities, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from wealthsources.live.frames import FrameFacts, FrameTap
    from wealthsources.live.messages import BarMessage, LostMessage
    from wealthsources.live.series import ClosesBy, Corrections, SeriesBuffer, Stored
    from wealthsources.live.shard import SeriesKey, Shard, ShardState
    from wealthsources.model.bars import Bars
    from wealthsources.source import HistoryRequest, Host

_LONG_OVER: Final = 30.0  # seconds after which a bar that only begins is no quiet market's
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_MOST_TROUBLES: Final = 3  # of that many series the status says what is wrong


class PushedSource(Source):
    """Bars that are pushed, by a market server or a bus. What a stale stream did not bring is looked for elsewhere.

    A subclass makes the connections and hands on what they bring. It calls `subscribe_to` to say which series it
    wants, `begin` when it is started and `assign` when it knows which shard brings which series; and then, on the
    thread of each shard's connection, `on_state`, `on_bar`, `on_malformed`, `on_resubscribed` and, several times a
    second, `on_turn`. Times named `now` are seconds, monotonic.

    frame_tap  set before `start`: who is told of the frames of its connections, if `frame_facts` says there are any
    """

    #: The options that `reload` can change while it runs, by the names of the model's fields.
    reloadable: ClassVar[frozenset[str]] = frozenset()
    #: What keeps the bars.
    store_class: ClassVar[type[BarStore]] = BarStore

    def __init__(
        self,
        *,
        capacity: int = 1000,
        corrections: Corrections = "accept",
        closes_by: ClosesBy = "successor",
        continuous: bool | None = None,
        partial_first: bool = False,
        closed_only_hint: str = "",
        snapshot: float = 1.0,
        snapshots: bool = False,
        first_retry: float = 5.0,
        keep_left: int = 1_000,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Set the rules of all series.

        capacity          bars that are kept of each series
        corrections       what a different message for a closed bar does
        closes_by         successor: a later bar closes the one before · flag: that takes a flag, or two later bars
        continuous        whether the market of these symbols has a bar of every window; None: it is not said
        partial_first     the first bar of a connection holds only what happened since, so no successor closes it
        closed_only_hint  what to say if every bar comes once and after its window; empty: nothing
        snapshot          seconds after the acknowledgement in which bars may be of a snapshot
        snapshots         such come for certain, series by series: the seconds count from the first bar of each
        first_retry       seconds after which a hole that was not filled is asked for again, at first
        keep_left         how many series that are subscribed no more keep their bars
        wall              seconds since 1970
        """
        self._capacity = capacity
        self._corrections: Corrections = corrections
        self._closes_by: ClosesBy = closes_by
        self._continuous = continuous
        self._partial_first = partial_first
        self._hint = closed_only_hint
        self._snapshot = snapshot
        self._snapshots = snapshots
        self._first_retry = first_retry
        self._keep_left = keep_left
        self.frame_tap: FrameTap | None = None
        self._monotonic = monotonic
        self._wall = wall
        self.store = self._new_store("")
        self._left: dict[SeriesKey, None] = {}  # series that were subscribed, the longest ago first
        self._streams: dict[SeriesKey, Stream] = {}
        self._spellings: dict[SeriesKey, Stream] = {}
        self._host: Host | None = None
        self._owner = 0  # the process that started it
        self._next_look: dict[int, float] = {}  # by shard
        forking.call_in_child(self, PushedSource._leave_to_parent)

    def __repr__(self) -> str:
        return short_repr(
            self,
            lambda: self._host.name if self._host is not None else "",
            lambda: "of another process" if self.foreign else "",
            lambda: worst_of(shards).state if (shards := self._shards()) else "not started",
            lambda: worst_of(self._shards()).endpoint,
            lambda: f"{len(self._streams)} series",
        )

    def reload(self, options: Any) -> None:  # noqa: ARG002 - for those who override it
        """Take these options in place of those it was made with: they differ in some of `reloadable`, and in no other.

        Any source may have these two. Called before `start` or between it and `stop`, from any thread; what stays the
        same is not to be disturbed. Raises RequestError that begins with the name of the option; then nothing changed.
        """
        raise RequestError("it cannot take other options while it runs")

    # what is subscribed ----------------------------------------------------------------------------------------

    def subscribe_to(self, symbols: Sequence[str], timeframes: Sequence[str]) -> None:
        """Every symbol in every timeframe from now on. Bars of other series are kept but not updated."""
        wanted = {(symbol, name) for symbol in symbols for name in timeframes}
        kept = {key: stream for key, stream in self._streams.items() if key in wanted}
        fresh = {key: Stream(key[0], Timeframe(key[1])) for key in wanted - set(kept)}
        self._drop_oldest(wanted)
        for stream in fresh.values():
            if self._host is not None:
                self._set_market(stream, self._host)
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
            continuous=self._continuous,
        )

    def _set_market(self, stream: Stream, host: Host) -> None:
        stream.set_market(host.market(stream.symbol), functools.partial(time_of, host))

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
            self._set_market(stream, host)

    def frame_facts(self) -> FrameFacts | None:
        """What is needed to read the frames of its connections again; None if it tells no `frame_tap` of any."""
        return None

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
        return self.store_class(
            name,
            capacity=self._capacity,
            corrections=self._corrections,
            closes_by=self._closes_by,
            max_series=1 << 31,
        )

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
        # On a quiet market the bar that forms may be long over: who is not shown it would take its window for quiet.
        asked = request.include_forming or not series.continuous
        voucher = stream.shard.voucher if asked and not stale else None
        bars = series.snapshot(request.end, request.start, request.count, forming_epoch=voucher)
        held, plain = len(bars.rows), stream.pushes_forming or stream.new_bars < ENOUGH_TO_JUDGE
        usual = plain and series.continuous
        if held >= (request.count or 1) and usual and not (stale or stream.refused or stream.shard.watch.note):
            return bars
        return self._with_note(bars, stream, series, stale, request.count)

    def _with_note(
        self, bars: Bars, stream: Stream, series: SeriesBuffer, stale: float | None, count: int | None
    ) -> Bars:
        """The answer with what there is to say of it. Raises NotHere if it has no bars."""
        full = len(series) >= series.capacity
        note = stream.note(stale, self._hint) or stream.quiet_note(bars)
        if not len(bars):
            most = ", as many as its capacity" if full else ""
            held = f"holds no closed bar of that time ({len(series)} bars in all{most})"
            raise NotHere(f"{held}; {note}" if note else held)
        if full and count is not None and len(bars) < count:
            note = "; ".join(filter(None, (note, f"it keeps no more than {series.capacity} bars (capacity)")))
        return bars.replace(note=note) if note else bars

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
        now, worst, several = self._monotonic(), worst_of(shards), len(shards) > 1
        heard = [shard.last_data for shard in shards if shard.last_data is not None]
        return SourceStatus(
            worst.state,
            worst.foreign or self._reason(shards, streams),
            worst.last_error,
            worst.endpoint,
            sum(shard.epoch for shard in shards),
            sum(shard.reconnects for shard in shards),
            sum_of(shard.reconnects_by_reason for shard in shards),
            now - max(heard) if heard else None,
            max((ahead for shard in shards if (ahead := shard.watch.ahead) is not None), default=None),
            sum_of(shard.counters for shard in shards),
            tuple(stream.status(now, bool(stale_seconds(stream, now))) for stream in streams),
            tuple(shard.status(now) for shard in sorted(shards, key=lambda shard: shard.number)) if several else (),
        )

    def _reason(self, shards: Sequence[Shard], streams: Sequence[Stream]) -> str:
        """What there is to say that the states do not."""
        troubled = [stream for stream in streams if stream.is_troubled]
        troubles = [f"{stream.symbol} {stream.timeframe} {stream.trouble()}" for stream in troubled[:_MOST_TROUBLES]]
        if len(troubled) > _MOST_TROUBLES:
            troubles.append(f"so it is with {len(troubled) - _MOST_TROUBLES} more series")
        hint = self._hint if any(stream.seems_closed_only for stream in streams) else ""
        clocks = [shard.watch.note for shard in shards if not any(shard.watch.note in text for text in troubles)]
        return "; ".join(dict.fromkeys(filter(None, [hint, *clocks, *troubles])))

    def _shards(self) -> tuple[Shard, ...]:
        streams = tuple(self._streams.values())
        return tuple(dict.fromkeys(stream.shard for stream in streams if stream.shard is not None))

    def _streams_of(self, shard: Shard) -> Iterator[Stream]:
        return (stream for stream in tuple(self._streams.values()) if stream.shard is shard)

    # receiving, on the thread of a shard's connection ----------------------------------------------------------

    def on_state(self, shard: Shard, state: ShardState, reason: str) -> None:
        """The connection is in another state."""
        host = self._host
        if state == "connected" and host is not None:
            # The wall clock is read once a connection; a step of it later on makes no bar come from the future.
            wall_ahead = None if host.clock.name == "feed" else self._wall() - self._monotonic()
            shard.watch.begin(wall_ahead, shard.endpoint)
        if host is not None and host.listening:
            host.emit(Event("state", host.name, state=state, reason=reason, known_at=time_of(host)))

    def on_bar(self, shard: Shard, bar: BarMessage, now: float) -> bool | None:  # noqa: PLR0912 - calls are dear here
        """Store a bar. Returns whether it belongs to the subscription; None if it does, and cannot be a bar."""
        key = (bar.symbol, bar.timeframe)
        stream = self._spellings.get(key)
        if stream is None or stream.shard is not shard:
            stream = self._find(shard, key)
            if stream is None:
                return self._is_strange(shard, key, now)
        host = self._host
        if host is None:
            return False
        open_time, closed, limit = bar.open_time, bar.closed, shard.watch.limit
        if open_time != stream.last_open and (fault := time_fault(open_time, stream.timeframe)):
            self._refuse(shard, stream, None, fault, now)  # whichever bar it is of
            return None
        if not is_usual(bar.values) and (fault := value_fault(bar.values, stream.market.prices)):
            self._refuse(shard, stream, open_time, fault, now)
            return None
        if limit is not None and (stream.timeframe.end(open_time) if closed else open_time) > now * 1000 + limit:
            comes = self._comes_early(shard, stream, open_time, closed, now)
            if comes == "refused":
                return False
            closed = closed if comes == "in time" else None
        series = stream.series
        if series is None:
            continuous = stream.market.continuous
            series = stream.series = self.store.series(stream.symbol, stream.timeframe, continuous=continuous)
        if self._partial_first and stream.is_partial(shard.epoch, open_time):
            return True
        if open_time != stream.last_open:
            stream.begin_bar(series, open_time, now)
        voucher = (shard.epoch << 32) + shard.breaks  # `shard.voucher`, without the call
        stored = series.put(open_time, bar.close_time, bar.values, bar.decimals, closed, voucher, bar.texts, now)
        if stored.kind == "update" and not stored.closed:
            stream.pushes_forming = True
        elif stored.kind == "old_epoch":
            shard.counters["bars.old_epoch"] += 1
            return False
        else:
            self._note(shard, stream, series, stored, bar, now)
        if host.listening:
            self._tell(host, series, stored, open_time, shard.epoch)
        return True

    def _refuse(self, shard: Shard, stream: Stream, open_time: int | None, fault: str, now: float) -> None:
        """A message that breaks a rule: what we hold of its bar is not what it became."""
        if self._host is not None:
            about = {"about": (stream.symbol, stream.timeframe), "cause": _NUMBER.sub("", fault)}
            self._host.logger.warning("bad_bar: %s (%s %s)", fault, stream.symbol, stream.timeframe, extra=about)
        stream.refuse(fault, now)
        stream.lost(open_time)
        shard.counters["bad_bar"] += 1  # last: what is counted has been told

    def _is_strange(self, shard: Shard, key: SeriesKey, now: float) -> Literal[False]:
        """A bar of what nobody asked for, or of what may be two symbols, is noted and does not belong to any series."""
        stream = self._streams.get(shard.match(*key) or key)
        if stream is not None and stream.ambiguity:
            stream.refuse(shard.shown(stream.ambiguity), now)
        else:
            shard.unused.add_stranger(shard.shown(key[0]), shard.shown(key[1]), now)
        shard.counters["unsolicited"] += 1
        return False

    def _comes_early(
        self, shard: Shard, stream: Stream, open_time: int, closed: bool | None, now: float
    ) -> Literal["in time", "flagged early", "refused"]:
        """What becomes of a bar that proves a later time than it is here.

        One that opens too early is refused, and breaks nothing: it is of a later bar than the one that is held. One
        whose end is too early has a flag that is not believed, but it states the bar so far, as any message does.
        """
        proof = stream.timeframe.end(open_time) if closed else open_time
        opens_early = open_time > now * 1000 + (shard.watch.limit or 0.0)
        counts = self._counts(shard, stream, now)
        if shard.watch.early(proof, now, flagged=bool(closed), opens_early=opens_early, counts=counts):
            return "in time"
        if not opens_early:
            shard.counters["flags_too_early"] += 1
            return "flagged early"
        ahead = shard.watch.how_early(open_time, now)
        stream.refuse(f"it opens {ahead:.1f} s ahead of this machine's clock", now, for_its_time=True)
        stream.lost(open_time)
        shard.counters["from_the_future"] += 1
        return "refused"

    def on_malformed(self, shard: Shard, message: LostMessage) -> None:
        """A message was lost on us. If it was the last one of a bar, what we hold of that bar is not what it became."""
        now = self._monotonic()
        stream = self._find(shard, (message.symbol, message.timeframe)) if message.symbol else None
        if stream is not None:
            stream.refuse(shard.shown(message.why), now)
            if message.may_be_bar:
                stream.lost(message.open_time)
        elif message.symbol:
            shard.unused.add_stranger(shard.shown(message.symbol), shard.shown(message.timeframe), now)
        elif message.may_be_bar:
            shard.unused.add_lost(shard.shown(message.why), now)
            shard.breaks += 1

    def on_resubscribed(self, shard: Shard) -> None:
        """As after a lost connection: only what is sent from now on stands for a bar that forms."""
        shard.breaks += 1
        for stream in self._streams_of(shard):
            stream.begin_again()

    def forming_bars(self, shard: Shard, now: float) -> dict[SeriesKey, tuple[tuple[int, float], ...]]:
        """The newest bars that the connection vouches for, as `bars_vouched_for` says. Another one that has stated all
        of them as far as that can take its place.
        """
        return bars_vouched_for(self._streams_of(shard), now)

    def is_silent(self, shard: Shard, now: float) -> bool:
        """Whether the connection is up, and all of its streams are stale."""
        return shard.state == "connected" and are_silent(self._streams_of(shard), now)

    def on_turn(self, shard: Shard, now: float) -> None:
        """Once a second: which of its streams have gone silent, and which holes are to be asked for again."""
        if now < self._next_look.get(shard.number, 0.0):
            return
        self._next_look[shard.number] = now + 1.0
        self._look_at_clock(shard, now)
        for stream in self._streams_of(shard):
            stale = bool(stale_seconds(stream, now)) or (stream.series is None and stream.is_silent(now))
            if stale and not stream.said_stale and not stream.refusal:
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
        exact, warn = shard.is_exact(*key), functools.partial(self._warn, stream)
        if not (stream.accept(key[0], exact=exact, warn=warn) and stream.accept_timeframe(key[1], warn)):
            return None
        stream.shard = shard
        # Of what is remembered there is not too much, and nothing that has to be judged each time.
        if exact or (
            key[1] == stream.timeframe.name
            and not states_base(key[0])
            and len(self._spellings) < 4 * len(self._streams) + 16
        ):
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
            self._judge_push(shard, stream, host, end, now, flagged=bool(bar.closed))
            if open_time in stored.closed or not bar.closed:  # a flag that was not believed has been heard of
                self._see_clock(shard, stream, bar, now, newest=open_time == series.newest)
            if bar.close_time not in (end, end - 1):
                shard.counters["odd_close_time"] += 1
        if stored.hole is not None:
            self._note_hole(shard, stream, series, stored, host)

    def _note_hole(self, shard: Shard, stream: Stream, series: SeriesBuffer, stored: Stored, host: Host) -> None:
        hole = stored.hole
        if hole is None:
            return
        anew = f"; that is as wide as its capacity of {series.capacity}, so the series begins anew"
        told = anew if hole.count >= series.capacity else ""
        host.logger.warning("%s %s: %s UTC%s", stream.symbol, stream.timeframe, hole, told)
        shard.counters["holes"] += 1
        if host.listening:
            now = time_of(host)
            host.emit(Event("hole", host.name, stream.symbol, stream.timeframe, hole=hole, known_at=now))
        if hole.count >= series.capacity:
            shard.counters["stream_resets"] += 1  # the series let go of what is older than the hole
        if stream.filler is None:
            stream.filler = self._new_filler(series, host, shard)
        stream.filler.fill_new(hole)

    def _new_filler(self, series: SeriesBuffer, host: Host, shard: Shard) -> HoleFiller:
        return HoleFiller(series, self.store, host, shard.counters, self._monotonic, self._first_retry)

    def _see_clock(self, shard: Shard, stream: Stream, bar: BarMessage, now: float, *, newest: bool) -> None:
        """What a bar that began, not too early, tells of the server's clock."""
        watch, end, flagged = shard.watch, stream.timeframe.end(bar.open_time), bool(bar.closed)
        counts = newest and self._counts(shard, stream, now)
        enough = stream.enough_late(flagged=flagged, over=watch.how_early(end, now) < -_LONG_OVER)
        watch.saw(end if flagged else bar.open_time, now, flagged=flagged, counts=counts, enough=enough)

    def _counts(self, shard: Shard, stream: Stream, now: float) -> bool:
        """Whether it tells something when a bar comes: one of a snapshot may come at any time."""
        since = stream.first_came(shard.epoch, now) if self._snapshots else shard.acknowledged_at
        return now >= since + self._snapshot

    def _judge_push(self, shard: Shard, stream: Stream, host: Host, end: int, now: float, *, flagged: bool) -> None:
        """Whether the server pushes bars while they form can be told by when they come."""
        if stream.pushes_forming or not self._counts(shard, stream, now):
            return
        stream.new_bars += 1
        if shard.watch.limit is not None and shard.watch.how_early(end, now) > 0 and not flagged:
            stream.pushes_forming = True
        elif stream.new_bars == ENOUGH_TO_JUDGE and self._hint:
            host.logger.warning("%s %s: %s", stream.symbol, stream.timeframe, self._hint)

    def _look_at_clock(self, shard: Shard, now: float) -> None:
        """Whether this machine's clock was set, and what there is to say of it."""
        watch = shard.watch
        if watch.limit is not None:
            watch.look(self._wall() - now)
            if self._host is not None and (news := watch.news()):
                self._host.logger.warning("%s", news)

    def _say_stale(self, shard: Shard, stream: Stream) -> None:
        never = stream.series is None
        if self._host is not None:
            what = "no bar ever came; is that symbol and resolution right?" if never else "the stream went silent"
            if stream.is_troubled:
                what = stream.trouble() if never else f"{what}; {stream.trouble()}"
            self._host.logger.warning("%s %s: %s", stream.symbol, stream.timeframe, what)
        shard.counters["never_received" if never else "stale_streams"] += 1

    def _tell(self, host: Host, series: SeriesBuffer, stored: Stored, open_time: int, epoch: int) -> None:
        for time_closed in stored.closed:
            self._tell_bar(host, series, time_closed, epoch)
        is_told = stored.kind in ("new", "correction") or (stored.kind == "update" and host.wants_forming)
        if is_told and open_time not in stored.closed:
            self._tell_bar(host, series, open_time, epoch)

    def _tell_bar(self, host: Host, series: SeriesBuffer, open_time: int, epoch: int) -> None:
        bar = series.at(open_time)
        if bar is not None:
            symbol, timeframe, now = series.symbol, series.timeframe, time_of(host)
            host.emit(Event("bar", host.name, symbol, timeframe, bar, known_at=now, epoch=epoch))


def stale_seconds(stream: Stream, now: float) -> float | None:
    """For how many seconds a stream has been stale at `now`; None if it is on no shard."""
    shard = stream.shard
    if shard is None:
        return None
    if shard.state != "connected":
        return max(now - shard.since, 1e-9)
    if shard.refused and stream.key in shard.refused:
        return max(now - shard.acknowledged_at, 1e-9)
    arrived = stream.series.arrived if stream.series is not None else None
    if not stream.market.continuous:  # that no bar comes says nothing, as long as anything does
        arrived = shard.last_data if shard.last_sign is None else shard.last_sign
    return max(0.0, stream.silence(max(arrived or 0.0, shard.acknowledged_at), now) - stream.limit)
