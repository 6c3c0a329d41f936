"""SeriesBuffer: the bounded, ordered, hole-aware memory of one series that is pushed.

A series keeps its newest bars as 64-byte rows in one block of memory, so an answer is one copy. It knows at any time
how many bars at its end follow one another without a hole. It also judges which bars are closed, always within the
connection (`epoch`) that brought a bar's last message: by the server's flag, or because a later bar came on the same
connection. Where the server flags every bar, its flag may come after the next bar began: there it takes the flag, or a
second later bar. A clock closes nothing, and what a lost connection left forming stays forming.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from wealthsources.forking import call_in_child
from wealthsources.live.tears import Tears
from wealthsources.model.bars import Bars, unpack_bar
from wealthsources.model.errors import RequestError
from wealthsources.model.holes import Hole, hole_of, holes_between
from wealthsources.model.rows import (
    ALL_NUMBERS,
    BY_FLAG,
    BY_HISTORY,
    BY_SUCCESSOR,
    CLOSED,
    COLUMNS,
    FORMING,
    MOST_REVISIONS,
    ROW_BYTES,
    open_time_at,
    open_times,
    pack_row_into,
    read_row,
    set_status,
    source_codes,
    state_of,
    states,
    statuses,
    unpack_open_time,
    unpack_row,
    values,
)
from wealthsources.model.timeframe import Timeframe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wealthsources.model.bars import Bar
    from wealthsources.model.rows import Integers, Row, Rows

StoredKind = Literal["new", "update", "repeat", "correction", "older", "rejected", "too_old", "old_epoch"]
Corrections = Literal["accept", "reject"]
ClosesBy = Literal["flag", "successor"]


class Stored(NamedTuple):
    """What a message did.

    kind    new: a bar of its own · update: a forming bar changed · repeat: nothing new · correction: a closed bar
            changed · older: an earlier state of a closed bar, dropped · rejected: a correction, by policy ·
            too_old: older than all that fits · old_epoch: from a connection that is over
    closed  open times of the bars that this message closed
    hole    what is missing right before the bar, if it opened a hole
    """

    kind: StoredKind
    closed: tuple[int, ...] = ()
    hole: Hole | None = None


class Filled(NamedTuple):
    """What a backfill did: bars added, and closed bars on which it disagreed (they were left as they are)."""

    added: int
    disagreements: int


class _Message(NamedTuple):
    """The whole bar so far, as a message states it."""

    open_time: int
    close_time: int
    values: tuple[float, float, float, float, float]
    decimals: int
    closed: bool | None
    texts: tuple[str | None, ...] | None


_AsTuple = tuple[
    int, int, tuple[float, float, float, float, float], int, "bool | None", "tuple[str | None, ...] | None"
]
_stored = tuple.__new__  # Stored(...) costs three times as much
_NEVER: Final = -1 << 62
_UPDATE: Final = Stored("update")
_REPEAT: Final = Stored("repeat")


class SeriesBuffer:
    """The newest `capacity` bars of one series. Every method may be called from any thread.

    Bars before a hole as wide as the capacity are let go of: had the missing ones come, they would be gone too.
    `names` are the sources that rows may name; the first is the owner's. `corrections` says whether a different
    message for a closed bar changes it. Where the market is not `continuous`, a window without a bar is missing only
    where the stream was interrupted. `closes_by` says whether one successor closes a bar, or its flag is waited for.
    """

    __slots__ = (
        "__weakref__",
        "_begin",
        "_by_flag",
        "_corrections",
        "_data",
        "_end",
        "_epoch",
        "_epoch_before",
        "_epoch_newest",
        "_forming",
        "_gone",
        "_joined_at",
        "_left",
        "_let_go_until",
        "_lock",
        "_newest",
        "_rows",
        "_run",
        "_tears",
        "_texts",
        "arrived",
        "capacity",
        "continuous",
        "names",
        "symbol",
        "timeframe",
    )

    def __init__(
        self,
        symbol: str,
        timeframe: Timeframe | str,
        capacity: int = 1000,
        *,
        names: tuple[str, ...] = ("",),
        corrections: Corrections = "accept",
        continuous: bool = True,
        closes_by: ClosesBy = "successor",
    ) -> None:
        if capacity < 1:
            raise RequestError(f"a series needs room for at least one bar, not {capacity}")
        self.symbol = symbol
        self.timeframe = Timeframe(timeframe)
        self.capacity = capacity
        self.names = names
        self.continuous = continuous
        self.arrived: float | None = None
        self._corrections = corrections
        self._by_flag = closes_by == "flag"
        self._lock = Lock()
        # 5 % of slack: the rows move to the front once in so many bars, and memory stays near its least.
        self._allocate(capacity + max(1, capacity // 20))
        self._forget()
        call_in_child(self, SeriesBuffer._begin_anew)

    def _begin_anew(self) -> None:
        """In a forked child: a message that a thread was storing may be half written. Then all bars are gone."""
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            self._lock = Lock()
            self._forget()

    def _allocate(self, room: int) -> None:
        self._rows: Rows = np.empty((room, COLUMNS))
        self._data = self._rows.data.cast("B")

    def _forget(self) -> None:
        self._begin = self._end = 0
        self._newest = _NEVER
        self._epoch = 0
        # The newest bar that this connection sent since it last lost a message, and the one before it.
        self._epoch_newest = self._epoch_before = _NEVER
        self._left: tuple[int, ...] = ()  # bars that lacked their flag when their connection was lost, in order
        self._joined_at = _NEVER  # the bar whose flag is all that came on this connection so far
        self._forming: dict[int, int] = {}  # open_time -> the epoch of its last message
        # Closed bars in a row at the end, not counting a forming last one, maybe more than are held; None: to count.
        self._run: int | None = 0
        self._texts: dict[int, tuple[str | None, ...]] = {}
        self._gone: tuple[Rows, dict[int, tuple[str | None, ...]] | None] | None = None
        self._let_go_until = _NEVER  # nothing up to this open time comes back
        self._tears: Tears | None = None if self.continuous else Tears(self.timeframe)

    # writing ---------------------------------------------------------------------------------------------------

    def put(
        self,
        open_time: int,
        close_time: int,
        values: tuple[float, float, float, float, float],
        decimals: int = ALL_NUMBERS,
        closed: bool | None = None,
        epoch: int = 1,
        texts: tuple[str | None, ...] | None = None,
        arrived: float | None = None,
    ) -> Stored:
        """Store one message: the whole bar so far, as (open, high, low, close, volume).

        `closed` is the server's flag, None if it sends none; `arrived` is a monotonic time in s. The values must have
        been checked: what is stored is trusted by everybody who reads.
        """
        self._lock.acquire()  # a with statement takes twice as long, and this is done for every message
        try:
            if (
                open_time == self._newest
                and self._forming.get(open_time) == epoch == self._epoch
                and not (closed or texts or self._texts)
            ):
                # What nearly every message is: another state of the bar that this connection is forming.
                self.arrived = arrived
                at = self._end * ROW_BYTES - ROW_BYTES
                _, _, o, h, l, c, v, _, _, revision, code = unpack_row(self._data, at)  # noqa: E741
                if (o, h, l, c, v) == values and code == decimals:
                    return _REPEAT
                if revision < MOST_REVISIONS:
                    revision += 1
                pack_row_into(self._data, at, open_time, close_time, *values, FORMING, 0, revision, decimals)
                return _UPDATE
            if epoch != self._epoch:
                if epoch < self._epoch:
                    return Stored("old_epoch")
                self._leave()
                self._epoch = epoch
                self._joined_at = open_time if closed and self._by_flag else _NEVER
            newest = self._newest
            if open_time >= newest:
                self.arrived = arrived  # a stream that sends nothing but old bars again is as good as silent
            message = (open_time, close_time, values, decimals, closed, texts)
            if open_time > newest:
                stored = self._append(message)
            else:
                place = self._end - 1 if open_time == newest else self._place_of(open_time)
                store = self._replace if open_time_at(self._data, place) == open_time else self._insert
                stored = store(place, _Message(*message))
            return self._with_left(stored) if self._left else stored
        finally:
            self._lock.release()

    def _append(self, message: _AsTuple) -> Stored:
        open_time, closed = message[0], message[4]
        torn = self._epoch_newest != self._newest
        ended = self._advance(open_time)
        newest, forming = self._newest, self._forming
        is_open = newest in forming
        interrupted = is_open and forming[newest] != self._epoch  # else it waits for its flag
        if interrupted and self._by_flag:  # which may come on this connection, after this bar
            self._left = (*self._left, newest)
            interrupted = False
        follows = not interrupted and self._end > self._begin and self.timeframe.next(newest) == open_time
        hole = None if follows else self._hole_before(open_time, interrupted=interrupted)
        if self._tears is not None:
            hole = self._torn(hole, open_time, torn=torn)
            self._tears.open = False
        if hole is not None and hole.count >= self.capacity:
            self._let_go(closed_just_now=newest in ended)
        if self._end == len(self._rows):
            self._compact()
        self._write(self._end, message, BY_FLAG if closed else FORMING)
        self._end += 1
        self._newest = open_time
        if self._run is not None:
            if closed:
                self._run = 1 if is_open or hole else self._run + 1
            elif is_open:
                self._run = 0
        if not closed:
            forming[open_time] = self._epoch
        if self._end - self._begin > self.capacity:
            self._evict()
        return _stored(Stored, ("new", (*ended, open_time) if closed else ended, hole))

    def _torn(self, hole: Hole | None, open_time: int, *, torn: bool) -> Hole | None:
        """The windows before a bar of a quiet market, if something may be missing in them."""
        tears = self._tears
        if hole is None or tears is None or not (torn or tears.open):
            return None
        tears.add(open_time)
        return hole

    def _leave(self) -> None:
        """The connection vouches no more for what it sent."""
        if self._waiting() != _NEVER:
            # It may be older than those that are there: a connection can send an old bar after newer ones.
            self._left = tuple(sorted({*self._left, self._epoch_before}))
        self._epoch_newest = self._epoch_before = _NEVER

    def _waiting(self) -> int:
        """The open time of the bar that waits for its flag, the next one having begun; long ago if there is none."""
        is_waiting = self._by_flag and self._forming.get(self._epoch_before) == self._epoch
        return self._epoch_before if is_waiting else _NEVER

    def _with_left(self, stored: Stored) -> Stored:
        """What is to be said of bars that lacked their flag when their connection was lost.

        One is missing as soon as the next connection sent two later bars, and not it: its flag may come there too.
        """
        lost = [time for time in self._left if self._forming.get(time, self._epoch) != self._epoch]
        told = [time for time in lost if time < self._epoch_before]
        self._left = tuple(lost[len(told) :])
        if not told:
            return stored
        if self._tears is not None:
            self._tears.add(open_time_at(self._data, self._place_of(told[-1]) + 1))
        end = self.timeframe.end(told[-1]) if stored.hole is None else stored.hole.end
        return stored._replace(hole=Hole(told[0], end, self.timeframe.slot(end) - self.timeframe.slot(told[0])))

    def _replace(self, place: int, message: _Message) -> Stored:
        old = read_row(self._data, place * ROW_BYTES)
        revision = min(old.revision + 1, MOST_REVISIONS)
        was_closed = state_of(old.status) == CLOSED
        ended = self._advance(message.open_time)
        if self._is_repeat(old, message):
            if not was_closed:
                ended += self._vouch(place, message)
            elif message.closed:
                set_status(self._data, place, BY_FLAG)
            return Stored("repeat", ended) if ended else _REPEAT
        if not was_closed:
            self._write(place, message, FORMING, revision)
            ended += self._vouch(place, message)
            return Stored("update", ended) if ended else _UPDATE
        if not message.closed and message.values[4] < old.volume:
            return Stored("older", ended)
        if self._corrections == "reject":
            return Stored("rejected", ended)
        self._write(place, message, BY_FLAG if message.closed else old.status, revision)
        return Stored("correction", ended)

    def _is_repeat(self, old: Row, message: _Message) -> bool:
        texts = message.texts
        return (
            old.values == message.values
            and old.decimals == message.decimals
            and (not texts or texts == self._texts.get(message.open_time))
        )

    def _insert(self, place: int, message: _Message) -> Stored:
        ended = self._advance(message.open_time)
        if message.open_time <= self._let_go_until:
            return Stored("too_old", ended)
        if place == self._begin and self._end - self._begin >= self.capacity:
            return Stored("too_old", ended)
        if self._end == len(self._rows):
            place -= self._begin
            self._compact()
        if self._tears is not None:
            self._tears.split(message.open_time, open_time_at(self._data, place))
        self._rows[place + 1 : self._end + 1] = self._rows[place : self._end]
        self._end += 1
        self._write(place, message, FORMING)
        ended += self._vouch(place, message)
        if self._end - self._begin > self.capacity:
            self._evict()
        self._run = None
        return Stored("new", ended)

    def _write(self, place: int, message: _AsTuple, status: int, revision: int = 0) -> None:
        open_time, close_time, values, decimals, _, texts = message
        pack_row_into(self._data, place * ROW_BYTES, open_time, close_time, *values, status, 0, revision, decimals)
        if texts:
            self._texts[open_time] = texts
        elif self._texts:
            self._texts.pop(open_time, None)

    def _vouch(self, place: int, message: _Message) -> tuple[int, ...]:
        """This connection now stands for the bar; close it if there is evidence. Returns the open times closed."""
        open_time = message.open_time
        if message.closed:
            return self._close(place, open_time, BY_FLAG)
        if open_time < (self._epoch_before if self._by_flag else self._epoch_newest):
            return self._close(place, open_time, BY_SUCCESSOR)
        self._forming[open_time] = self._epoch
        return ()

    def _advance(self, open_time: int) -> tuple[int, ...]:
        """A bar came on this connection: if it is its newest, the one that was newest before is closed.

        Where a flag is to be waited for it is the one before that, which has two successors now.
        """
        over = self._epoch_newest
        if open_time > over:
            self._epoch_newest = open_time
            if self._by_flag:
                over, self._epoch_before = self._epoch_before, over
        elif self._by_flag and self._epoch_before < open_time < over:
            over, self._epoch_before = self._epoch_before, open_time
        else:
            return ()
        if self._forming.get(over) != self._epoch:
            return ()
        if over == self._newest:
            return self._close(self._end - 1, over, BY_SUCCESSOR)
        return self._close(self._place_of(over), over, BY_SUCCESSOR)

    def _close(self, place: int, open_time: int, status: int) -> tuple[int, ...]:
        set_status(self._data, place, status)
        self._forming.pop(open_time, None)
        if place != self._end - 1:
            self._run = None
        elif self._run is not None:
            joined = self._run > 0 and place > self._begin and self._joins(place - 1, open_time)
            self._run = self._run + 1 if joined else 1
        return (open_time,)

    def _joins(self, place: int, open_time: int) -> bool:
        """Whether nothing is missing between that row and the bar after it."""
        if self.timeframe.next(open_time_at(self._data, place)) == open_time:
            return True
        return self._tears is not None and not self._tears.between(open_time - 1, open_time)

    def _let_go(self, *, closed_just_now: bool) -> None:
        """Forget all bars: those that are missing now would have pushed them out, had they come.

        The last one, if it was closed by the message that opens the hole, can still be had from `at`: it is news.
        """
        text = self._texts.get(self._newest)
        rows = self._rows[self._end - 1 : self._end].copy()
        self._gone = (rows, {self._newest: text} if text else None) if closed_just_now else None
        self._let_go_until = self._newest
        self._begin = self._end
        self._run = 0
        self._forming.clear()
        self._texts.clear()
        if self._tears is not None:
            self._tears.forget(self._newest)

    def _compact(self) -> None:
        length = self._end - self._begin
        self._rows[:length] = self._rows[self._begin : self._end]
        self._begin, self._end = 0, length

    def _evict(self) -> None:
        gone = open_time_at(self._data, self._begin)
        self._begin += 1
        if self._forming:
            self._forming.pop(gone, None)
        if self._texts:
            self._texts.pop(gone, None)
        if self._tears is not None:
            self._tears.drop(gone)

    def fill(self, bars: Bars, codes: dict[int, int]) -> Filled:
        """Merge closed bars of another source into the holes. `codes` maps their source codes to places in `names`.

        What is closed already is never replaced, nor the bar that is forming now, and nothing newer than the newest
        bar is taken: only what the server sent says how far time has come.
        """
        rows = np.array(bars.rows[bars.states == CLOSED])
        of_rows = source_codes(rows)
        of_rows[:] = [codes[int(code)] for code in of_rows]
        statuses(rows)[:] = BY_HISTORY
        with self._lock:
            latest = self._newest - (self._forming.get(self._newest) == self._epoch)
            times = open_times(rows)
            rows = rows[(times <= latest) & (times > self._let_go_until) & (times != self._waiting())]
            if not len(rows) or self._end == self._begin:
                return Filled(0, 0)
            mine = self._rows[self._begin : self._end]
            kept = states(mine) == CLOSED
            theirs = open_times(rows)
            new = ~np.isin(theirs, open_times(mine[kept]))
            disagreements = _count_differences(mine[kept], rows[~new])
            merged = np.concatenate([mine[kept | ~np.isin(open_times(mine), theirs)], rows[new]])
            order = np.argsort(open_times(merged), kind="stable")
            merged = merged[order][-self.capacity :]
            self._split_tears(theirs[new])
            self._take_over(merged, {int(time): bars.texts.get(int(time)) for time in theirs[new]})
            return Filled(int((theirs[new] >= open_times(merged)[0]).sum()), disagreements)

    def _split_tears(self, added: Integers) -> None:
        """What comes into a tear may be one of several that are missing there."""
        tears, held = self._tears, self._times()
        if tears is None:
            return
        for time, place in zip(added.tolist(), np.searchsorted(held, added), strict=True):
            if place < len(held):
                tears.split(time, int(held[place]))

    def _take_over(self, merged: Rows, texts: dict[int, tuple[str | None, ...] | None]) -> None:
        self._rows[: len(merged)] = merged
        self._begin, self._end = 0, len(merged)
        self._newest = open_time_at(self._data, self._end - 1)
        self._run = None
        if self._tears is not None:
            self._tears.forget(open_time_at(self._data, 0))
        if self._texts or any(texts.values()):
            both = {**self._texts, **texts}
            self._texts = {time: kept for time in self._times().tolist() if (kept := both.get(time))}
        forming = set(self._times()[states(self._held()) == FORMING].tolist())
        self._forming = {time: epoch for time, epoch in self._forming.items() if time in forming}

    def interrupt(self) -> None:
        """Something of this series may have been missed: nobody vouches any more for what is forming.

        Like a lost connection, it leaves the bar forming until it is sent again.
        """
        with self._lock:
            self._leave()
            self._forming = dict.fromkeys(self._forming, -1)

    def tear(self) -> None:
        """A message of a later bar than the newest was missed: that bar may never be sent again."""
        with self._lock:
            if self._tears is not None:
                self._tears.open = True

    def mend(self, hole: Hole) -> None:
        """Somebody else's history says that there never was a bar of this hole, beyond those that are held."""
        with self._lock:
            if self._tears is not None:
                self._tears.mend(hole)
                self._run = None

    def clear(self) -> None:
        """Forget all bars."""
        with self._lock:
            self._forget()

    # reading ---------------------------------------------------------------------------------------------------

    def snapshot(
        self,
        end: int | None = None,
        start: int | None = None,
        count: int | None = None,
        *,
        forming_epoch: int | None = None,
    ) -> Bars:
        """The newest `count` closed bars with open_time >= `start` that end <= `end`, as a copy.

        With `forming_epoch`, the bar that this connection is forming follows as one more, if there is one; and where
        the market is not continuous, the answer's `holes` say where bars may be missing, also after the last one if
        that connection cannot vouch that none came after it.
        """
        with self._lock:
            first, last, run = self._begin, self._end, self._run
            if run is None:
                run = self._run = self._count_run()
            forming = self._forming.get(self._newest)
            tail = forming is not None
            if tail:
                last -= 1
            if (
                end is not None
                and last > first
                and self.timeframe.end(unpack_open_time(self._data, (last - 1) * ROW_BYTES)[0]) > end
            ):
                cut = first + self._visible(end)
                run, last, tail = max(0, run - (last - cut)), cut, False
            if start is not None:
                first += int(np.searchsorted(open_times(self._rows[first:last]), start))
            if count is not None and run >= count:
                first = max(first, last - count)
            unbroken = last - first <= run
            if unbroken:
                with_forming = tail and forming_epoch is not None and forming == forming_epoch
                rows = self._rows[first : last + with_forming].copy()
            else:
                rows = self._closed_of(first, last, count)
                if tail and forming_epoch is not None and forming == forming_epoch:
                    rows = np.concatenate([rows, self._rows[last : last + 1]])
            texts = dict(self._texts) if self._texts else None
            holes = () if self._tears is None else self._holes_of(rows, end, forming_epoch)
        return Bars(self.symbol, self.timeframe, rows, self.names, texts, holes=holes, trusted=True, unbroken=unbroken)

    def _holes_of(self, rows: Rows, end: int | None, epoch: int | None) -> tuple[Hole, ...]:
        """Where bars may be missing between these rows, and after their last closed one."""
        tears, timeframe = self._tears, self.timeframe
        times = open_times(rows)[states(rows) == CLOSED]
        if tears is None or not len(times):
            return ()
        holes, last = self._torn_of(holes_between(timeframe, times)), int(times[-1])
        if end is None:
            return holes
        after = self._held()[self._times() > last]
        later = open_times(after)[states(after) == CLOSED]
        following = int(later[0]) if len(later) else self._newest if self._is_current(epoch) else None
        has_open = self._has_open_bar(last, following)
        if following is not None and not has_open and not tears.between(last, following):
            return holes
        first, stop = timeframe.slot(last) + 1, timeframe.slot(end if following is None else min(end, following))
        if len(after) and not tears.between(last, int(open_times(after)[0])):
            first = timeframe.slot(int(open_times(after)[0]))  # the next bar is not closed; before it was nothing
        if stop <= first:
            return holes
        return (*holes, hole_of(timeframe, first, stop - 1))

    def _torn_of(self, holes: Sequence[Hole]) -> tuple[Hole, ...]:
        """Those of these stretches without a closed bar in which one may be missing, or is there and not closed."""
        torn = () if self._tears is None else self._tears.of(holes)
        return tuple(hole for hole in holes if hole in torn or self._has_open_bar(hole.start - 1, hole.end))

    def _has_open_bar(self, after: int, before: int | None) -> bool:
        """Whether a bar that is not closed opens in between: after `after`, and before `before`, else the newest."""
        limit = self._newest if before is None else before
        return self._by_flag and any(after < time < limit for time in self._forming)

    def _is_current(self, epoch: int | None) -> bool:
        """Whether the newest bar is of that connection, without a message missed since.

        One of which nothing but the flag came there does not count: the next bar may have begun before that connection.
        """
        torn = self._tears is not None and self._tears.open
        is_newest = self._epoch_newest == self._newest != self._joined_at
        return epoch == self._epoch and is_newest and not torn

    def _visible(self, end: int) -> int:
        """How many rows end by `end`."""
        return int(np.searchsorted(self.timeframe.ends(self._times()), end, side="right"))

    def _closed_of(self, first: int, last: int, count: int | None) -> Rows:
        rows: Rows = self._rows[first:last]
        rows = rows[states(rows) == CLOSED]
        return rows if count is None else rows[max(0, len(rows) - count) :]

    def at(self, open_time: int) -> Bar | None:
        """The bar of that open time, forming or closed."""
        with self._lock:
            place = self._end - 1  # of that one every message tells
            if place < self._begin or open_time_at(self._data, place) != open_time:
                place = self._place_of(open_time)
            if place < self._end and open_time_at(self._data, place) == open_time:
                packed = bytes(self._data[place * ROW_BYTES : (place + 1) * ROW_BYTES])
                return unpack_bar(packed, self.symbol, self.timeframe, self.names, self._texts)
            if self._gone is not None and int(open_times(self._gone[0])[0]) == open_time:
                return Bars(self.symbol, self.timeframe, self._gone[0], self.names, self._gone[1])[0]
            return None

    def all(self) -> Bars:
        """Everything in the buffer, forming bars too, oldest first."""
        with self._lock:
            rows = self._rows[self._begin : self._end].copy()
            return Bars(self.symbol, self.timeframe, rows, self.names, dict(self._texts), trusted=True)

    def holes(self) -> tuple[Hole, ...]:
        """The holes between closed bars, oldest first; a bar that a lost connection left forming is in them.

        One that waits for its flag is in none.
        """
        with self._lock:
            rows = self._held()
            there = states(rows) == CLOSED
            there |= open_times(rows) == self._waiting()
            holes = holes_between(self.timeframe, open_times(rows[there]))
            return holes if self._tears is None else self._torn_of(holes)

    def lacks(self, hole: Hole) -> bool:
        """Whether bars may be missing there: on a quiet market only where the stream was interrupted."""
        with self._lock:
            return self._tears is None or bool(self._torn_of([hole]))

    def vouched_by(self, epoch: int) -> tuple[tuple[int, float], ...]:
        """Open time and volume of the bars that this connection vouches for, in order: the newest, if it forms there.

        Before it the one that waits for its flag, if there is one. On a quiet market also a newest bar that is closed:
        then the connection vouches that nothing came after it.
        """
        with self._lock:
            vouches = self._forming.get(self._newest) == epoch if self._tears is None else self._is_current(epoch)
            if self._end == self._begin or not vouches:
                return ()
            places = [self._end - 1]
            if self._waiting() != _NEVER:
                places.insert(0, self._place_of(self._epoch_before))
            rows = [read_row(self._data, place * ROW_BYTES) for place in places]
            return tuple((open_time_at(self._data, place), row.volume) for place, row in zip(places, rows, strict=True))

    def __len__(self) -> int:
        return self._end - self._begin

    @property
    def newest(self) -> int | None:
        """The open time of the newest bar, forming or closed, ms."""
        with self._lock:
            return self._newest if self._end > self._begin else None

    def _count_run(self) -> int:
        last = self._end - (self._newest in self._forming)
        rows = self._rows[self._begin : last]
        if not len(rows):
            return 0
        breaks = states(rows) != CLOSED
        starts = breaks.copy()
        apart = np.diff(self.timeframe.slots(open_times(rows))) != 1
        starts[1:] |= apart if self._tears is None else apart & self._tears.before(open_times(rows)[1:])
        if breaks[-1]:
            return 0
        where = np.flatnonzero(starts)
        if not len(where):
            return len(rows)
        newest_start = int(where[-1])
        return len(rows) - newest_start - int(breaks[newest_start])

    def _hole_before(self, open_time: int, *, interrupted: bool) -> Hole | None:
        if self._end == self._begin:
            return None
        first, last = self.timeframe.slot(self._newest) + (not interrupted), self.timeframe.slot(open_time) - 1
        return hole_of(self.timeframe, first, last) if first <= last else None

    def _place_of(self, open_time: int) -> int:
        """The row of that open time, or the one that it would stand before."""
        return self._begin + int(np.searchsorted(self._times(), open_time))

    def _held(self) -> Rows:
        return self._rows[self._begin : self._end]

    def _times(self) -> Integers:
        return open_times(self._held())


def _count_differences(mine: Rows, theirs: Rows) -> int:
    if not len(theirs):
        return 0
    places = np.searchsorted(open_times(mine), open_times(theirs))
    return int((values(mine)[places] != values(theirs)).any(axis=1).sum())
