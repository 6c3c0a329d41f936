"""From the records of a list to Bars: only the ones that are asked for are read, with their evidence of being closed.

A list is oldest first. A backtest may hold a hundred thousand bars and be asked for twenty of them at each step, so
the place of these is found by halving. What a record was made into is remembered by what it said, see `row_cache`; but
not that of the newest, which is judged by the time.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from wealthsources import (
    EARLIEST_TIME,
    FORMING,
    LATEST_TIME,
    Bars,
    Finality,
    NotHere,
    SourceError,
    Timeframe,
    check_time,
    read_field,
    read_value,
    time_text,
)
from wealthsources_context.raw_values import FIELDS, FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wealthsources import HistoryRequest, TradingHours
    from wealthsources_context.row_cache import RowCache

_FLAG_OF: Final = {"true": True, "1": True, "false": False, "0": False}


_BY_FLAG: Final[dict[str, object]] = {"closed": True, "finality": Finality.FLAG}
_BY_SUCCESSOR: Final[dict[str, object]] = {"closed": True, "finality": Finality.SUCCESSOR}
_FORMING: Final[dict[str, object]] = {"closed": False}


class Evidence(NamedTuple):
    """By what a bar is judged that has neither a flag nor a later bar behind it.

    live   whether it then has to be stated as forming; else it is left unset, and closes at its end
    until  the time in ms up to which the list is known to tell the final state; None: not at all
    now    of a backtest, ms: what ends later in the list has not happened, and is no evidence. None: all of it has
    """

    live: bool
    until: int | None
    now: int | None = None


def read_bars(bars: Sequence[object], request: HistoryRequest, evidence: Evidence, cache: RowCache) -> Bars:
    """The newest `count` of the bars from `start` that end by `end`, and the forming one after them if it is there.

    Raises NotHere if there is none, SourceError that names the record and its field if one cannot be read.
    """
    return _Reader(bars, request, evidence, cache).read()


class _Reader:
    def __init__(self, bars: Sequence[object], request: HistoryRequest, evidence: Evidence, cache: RowCache) -> None:
        self._bars = bars
        self._request = request
        self._evidence = evidence
        self._cache = cache
        self._name = f"{request.symbol} {request.timeframe}"

    def read(self) -> Bars:
        oldest, first, last = self._span()
        request = self._request
        while True:
            bars = self._bars_of(first, last)
            if request.count is None:
                return bars
            # One that is stated as not closed does not count, wherever it is.
            counted = len(bars) - int(np.count_nonzero(bars.states == FORMING))
            if counted < request.count and first > oldest:
                first = max(oldest, first - (request.count - counted))
                continue
            return bars if counted < len(bars) else bars[-request.count :]

    def _bars_of(self, first: int, last: int) -> Bars:
        bars = self._read_before(first, last)
        if bars is None:
            bars = self._read(first, last)
        self._check_order(bars, first)
        return bars

    def _read_before(self, first: int, last: int) -> Bars | None:
        """By way of what is known of records that a later one has closed; None if any cannot be read."""
        request = self._request
        closed = self._first_without_successor(first, last)
        if first == closed:
            return None
        try:
            records = _part(self._bars, first, closed)
            span = self._time(first), self._time(closed - 1)
            bars = self._cache.read(request.symbol, request.timeframe, records, span, _succeeded)
        except Exception:  # noqa: BLE001 - whatever it is, they are read again one by one, and the bad one is named
            return None
        if closed == last:
            return bars
        rest = self._read(closed, last)
        return bars.replace(rows=np.concatenate((bars.rows, rest.rows)), texts={**bars.texts, **rest.texts})

    def _read(self, first: int, last: int) -> Bars:
        request = self._request
        try:
            return Bars.from_records(request.symbol, request.timeframe, self._records(first, last))
        except ValueError as error:
            # It says "bars[3]: close: why", and counts from the first one that was read.
            place, what, why = str(error).split(": ", 2)
            raise self._error(first + int(place[len("bars[") : -1]), what, why) from None

    def _span(self) -> tuple[int, int, int]:
        """Where in the list the bars are: the oldest of the request, the first and the last to read of them.

        One more than `count` if the last one of the list, maybe forming, is in.
        """
        request, length = self._request, len(self._bars)
        oldest, newest = self._checked_time(0), self._checked_time(length - 1)
        if length > 1 and newest <= oldest:
            raise self._error(length - 1, "open_time", f"{newest} is not after bars[0]; the oldest comes first")
        last = bisect_left(range(length), request.timeframe.floor(request.end), key=self._time)
        oldest_at = 0 if request.start is None else bisect_left(range(length), request.start, key=self._time)
        first = oldest_at
        if request.count is not None:
            first = max(first, last - request.count - (last == length))
        if first >= last:
            raise NotHere(f"the context's bars of {self._name} open from {time_text(oldest)} to {time_text(newest)}")
        return oldest_at, first, last

    def _time(self, index: int) -> int:
        """When it opens; of a market's day that is named by its date, not that midnight."""
        time, timeframe = self._read_time(index), self._request.timeframe
        hours = timeframe.hours
        return time if hours is None else _opens_by_date(hours, timeframe.name, time)

    def _read_time(self, index: int) -> int:
        raw = read_field(self._bars[index], "open_time")
        if type(raw) is int:
            return raw
        if raw is None:
            raise self._error(index, "open_time", "is missing")
        try:
            return int(read_value(raw).number)  # that it is a whole one is checked for the records in use
        except ValueError as error:
            raise self._error(index, "open_time", str(error)) from None

    def _checked_time(self, index: int) -> int:
        try:
            return check_time(self._time(index))
        except ValueError as error:
            raise self._error(index, "open_time", str(error)) from None

    def _records(self, first: int, last: int) -> Iterator[dict[str, object]]:
        for index in range(first, last):
            record = self._bars[index]
            yield _as_dict(record) | self._state(index, record)

    def _state(self, index: int, record: object) -> dict[str, object]:
        try:
            flag = _flag(record)
        except _FlagError as error:
            raise self._error(index, error.name, str(error)) from None
        if flag:
            return _BY_FLAG
        if self._has_successor(index):
            return _BY_SUCCESSOR
        if flag is None and not self._evidence.live:
            return {}
        if flag is None and self._evidence.until is not None:
            return {"closed": self._end(index) <= self._evidence.until, "finality": Finality.HISTORY}
        return _FORMING

    def _has_successor(self, index: int) -> bool:
        """Whether a later record closes this one. All that are read open before those that follow them."""
        now = self._evidence.now
        return index + 1 < len(self._bars) and (now is None or self._end(index + 1) <= now)

    def _first_without_successor(self, first: int, last: int) -> int:
        """From which one on no later record closes them: as they are in order, this is true of the ones at the end."""
        while last > first and not self._has_successor(last - 1):
            last -= 1
        return last

    def _end(self, index: int) -> int:
        return self._request.timeframe.end(self._time(index))

    def _check_order(self, bars: Bars, first: int) -> None:
        wrong = np.flatnonzero(np.diff(bars.open_times) <= 0)
        if len(wrong):
            index = first + int(wrong[0]) + 1
            raise self._error(index, "open_time", f"is not after that of bars[{index - 1}]; the oldest comes first")

    def _error(self, index: int, what: str, why: str) -> SourceError:
        return SourceError(f"{self._name} bars[{index}].{what}: {why}")


@functools.lru_cache(maxsize=1 << 16)
def _opens_by_date(hours: TradingHours, name: str, time: int) -> int:
    """`Timeframe.opens_by_date` of one time, kept: a backtest looks for the same days in every step."""
    if not EARLIEST_TIME <= time <= LATEST_TIME:
        return time
    return int(Timeframe(name).on(hours).opens_by_date(np.array([time]))[0])


def _part(bars: Sequence[object], first: int, last: int) -> Sequence[object]:
    """Some of the records, as they are in the list now."""
    return bars[first:last] if isinstance(bars, list | tuple) else [bars[index] for index in range(first, last)]


def _as_dict(record: object) -> dict[str, object]:
    """A copy of what is used of a record, or of all of it if that is quicker."""
    if isinstance(record, dict | Mapping):
        return dict(record)
    return {name: value for name in FIELDS if (value := getattr(record, name, None)) is not None}


def _succeeded(record: dict[str, Any]) -> dict[str, object]:
    """A record that a later one closes, if its flag does not."""
    return record | (_BY_FLAG if _flag(record) else _BY_SUCCESSOR)


class _FlagError(ValueError):
    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name


def _flag(record: object) -> bool | None:
    """What a record says of being closed. Raises _FlagError."""
    for name in FLAGS:
        raw = read_field(record, name)
        if raw is not None:
            flag = _FLAG_OF.get(str(raw).lower())
            if flag is None:
                raise _FlagError(name, f"{raw!r} is neither true nor false")
            return flag
    return None
