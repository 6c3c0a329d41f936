"""Bar and Bars: immutable, columnar, and exact.

One bar is one row of 64 bytes, so that a thousand of them are one block of memory to copy:

    int64 open_time, close_time · float64 open, high, low, close, volume ·
    uint8 status · uint8 source · uint16 revision · uint32 decimals

`status` holds the stated closedness (2 bits) and the finality (2 bits), `source` indexes the names kept beside the
rows, `decimals` holds for each value how many decimals its text had (5 x 6 bits), which is all that is needed to give
the server's own text back. Text for which that would not do is kept aside.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, overload

import numpy as np

from wealthsources.model.decimals import ALL_NUMBERS, FIELDS, exact_text, read_time, read_value
from wealthsources.model.errors import RequestError
from wealthsources.model.timeframe import Timeframe

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from wealthsources.resolve.chain import Attempt

    Rows = NDArray[np.float64]

ROW: Final = struct.Struct("<qqdddddBBHI")
ROW_BYTES: Final = ROW.size
COLUMNS: Final = ROW_BYTES // 8
STATUS_BYTE: Final = 56
SOURCE_BYTE: Final = 57
DECIMALS_PLACE: Final = 15  # in a row seen as uint32

UNSET, FORMING, CLOSED = 0, 1, 2
STATE_MASK: Final = 0b0011


class Finality(StrEnum):
    """The evidence that a bar is closed: the server's flag, a later bar on the same connection, or a history."""

    FLAG = "flag"
    SUCCESSOR = "successor"
    HISTORY = "history"


_FINALITIES: Final = (None, Finality.FLAG, Finality.SUCCESSOR, Finality.HISTORY)
BY_FLAG: Final = CLOSED | 1 << 2
BY_SUCCESSOR: Final = CLOSED | 2 << 2
BY_HISTORY: Final = CLOSED | 3 << 2

#: open_time -> the texts kept aside for that bar, None where the row says it all.
Texts = Mapping[int, tuple[str | None, ...]]


@dataclasses.dataclass(frozen=True, slots=True)
class Hole:
    """Bars that should exist between two others: `count` of them, from open time `start` to `end` (exclusive), ms."""

    start: int
    end: int
    count: int

    def __str__(self) -> str:
        return f"{self.count} missing from {time_text(self.start)} to {time_text(self.end)}"


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """One OHLCV record. Times are ms since 1970, UTC; values are floats, `exact` has their text.

    `closed` is None when nobody said; `finality` names the evidence of a closed one; `revision` counts how often its
    source changed it; `source` is the name of the source it came from.
    """

    symbol: str
    timeframe: Timeframe
    open_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    close_time: int | None = None
    closed: bool | None = None
    finality: Finality | None = None
    revision: int = 0
    source: str = ""
    decimals: int = dataclasses.field(default=ALL_NUMBERS, repr=False)
    texts: tuple[str | None, ...] | None = dataclasses.field(default=None, repr=False)

    @property
    def end(self) -> int:
        """When the bar's time is over, ms: the open time of the next one. `close_time` is only what was sent."""
        return self.timeframe.end(self.open_time)

    def exact(self, field: str) -> str:
        """The decimal text of "open", "high", "low", "close" or "volume", as its source sent it."""
        if field not in FIELDS:
            raise RequestError(f"{field!r} is not a value of a bar; known: {', '.join(FIELDS)}")
        place = FIELDS.index(field)
        return exact_text(
            getattr(self, field), self.decimals >> 6 * place & 63, self.texts[place] if self.texts else None
        )


class Bars(Sequence[Bar]):
    """Bars of one series, oldest first. Immutable; a slice of it is `Bars` again.

    holes   spans between two bars in which bars are missing
    behind  how many bars should exist after the newest closed one
    failed  attempts of sources that failed while this was put together
    note    what the source says about its answer
    """

    __slots__ = (
        "behind",
        "failed",
        "holes",
        "note",
        "rows",
        "sources",
        "symbol",
        "texts",
        "timeframe",
        "trusted",
        "unbroken",
    )

    symbol: str
    timeframe: Timeframe
    rows: Rows
    sources: tuple[str, ...]
    texts: Texts
    holes: tuple[Hole, ...]
    behind: int
    failed: tuple[Attempt, ...]
    note: str
    trusted: bool
    unbroken: bool

    def __init__(
        self,
        symbol: str,
        timeframe: Timeframe,
        rows: Rows,
        sources: tuple[str, ...] = ("",),
        texts: Texts | None = None,
        *,
        holes: tuple[Hole, ...] = (),
        behind: int = 0,
        failed: tuple[Attempt, ...] = (),
        note: str = "",
        trusted: bool = False,
        unbroken: bool = False,
    ) -> None:
        """Wrap a float64 matrix of 64-byte rows; sources use `from_records` or `from_columns` instead.

        The matrix becomes read-only and must not be changed through another name. `trusted` says that our own code
        made the rows and they need no check, `unbroken` that all are closed and none is missing in between.
        """
        rows.setflags(write=False)
        put = object.__setattr__
        put(self, "symbol", symbol)
        put(self, "timeframe", timeframe)
        put(self, "rows", rows)
        put(self, "sources", sources)
        put(self, "texts", texts or {})
        put(self, "holes", holes)
        put(self, "behind", behind)
        put(self, "failed", failed)
        put(self, "note", note)
        put(self, "trusted", trusted)
        put(self, "unbroken", unbroken)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Bars cannot be changed (tried to set {name!r})")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (
            (self.symbol, self.timeframe, np.array(self.rows), self.sources, dict(self.texts)),
            {
                "holes": self.holes,
                "behind": self.behind,
                "failed": self.failed,
                "note": self.note,
                "trusted": self.trusted,
                "unbroken": self.unbroken,
            },
        )

    @classmethod
    def empty(cls, symbol: str, timeframe: Timeframe | str) -> Bars:
        """No bar at all."""
        return cls(symbol, Timeframe(timeframe), np.empty((0, COLUMNS)), trusted=True, unbroken=True)

    @classmethod
    def from_records(
        cls,
        symbol: str,
        timeframe: Timeframe | str,
        records: Iterable[object],
    ) -> Bars:
        """Make Bars of mappings or objects that have open_time, open, high, low, close, volume.

        close_time, closed (True, False or None) and finality may be there too. Values are decimal text or numbers,
        times are ms. Records must be in order already. Raises ValueError that names record and field.
        """
        timeframe = Timeframe(timeframe)
        packed = bytearray()
        texts: dict[int, tuple[str | None, ...]] = {}
        for index, record in enumerate(records):
            try:
                row, open_time, kept = _pack(record, timeframe)
            except ValueError as error:
                raise ValueError(f"bars[{index}]: {error}") from None
            packed += row
            if kept:
                texts[open_time] = kept
        return cls(symbol, timeframe, matrix(packed), texts=texts)

    @classmethod
    def from_columns(
        cls,
        symbol: str,
        timeframe: Timeframe | str,
        open_time: Any,
        open: Any,  # noqa: A002 - the field's standard name
        high: Any,
        low: Any,
        close: Any,
        volume: Any,
        *,
        closed: bool | NDArray[np.bool_] | None = None,
        close_time: Any = None,
        decimals: Any = ALL_NUMBERS,
        texts: Texts | None = None,
    ) -> Bars:
        """Make Bars of six equally long arrays: int64 ms and float64 values.

        `closed` is said of all bars, or of each; None leaves it unset. `close_time` is as it was sent. `decimals` and
        `texts` give the values' own text back, see `read_value`; without them the values count as numbers.
        """
        times = np.asarray(open_time, dtype=np.int64)
        timeframe = Timeframe(timeframe)
        rows = np.zeros((len(times), COLUMNS))
        whole = rows.view(np.int64)
        whole[:, 0] = times
        whole[:, 1] = timeframe.ends(times) if close_time is None else close_time
        for place, column in enumerate((open, high, low, close, volume), start=2):
            rows[:, place] = column
        state = UNSET if closed is None else np.where(closed, BY_HISTORY, FORMING)
        rows.view(np.uint8)[:, STATUS_BYTE] = state
        rows.view(np.uint32)[:, DECIMALS_PLACE] = decimals
        return cls(symbol, timeframe, rows, texts=texts)

    # columns ---------------------------------------------------------------------------------------------------

    @property
    def open_times(self) -> NDArray[np.int64]:
        """Open times in ms, shape (n,), read-only."""
        return self.rows.view(np.int64)[:, 0]

    @property
    def close_times(self) -> NDArray[np.int64]:
        """Close times in ms as they were sent, shape (n,), read-only."""
        return self.rows.view(np.int64)[:, 1]

    @property
    def ends(self) -> NDArray[np.int64]:
        """The end of each bar's window in ms, shape (n,)."""
        return self.timeframe.ends(self.open_times)

    @property
    def values(self) -> NDArray[np.float64]:
        """Open, high, low, close, volume: shape (n, 5), read-only."""
        return self.rows[:, 2:7]

    @property
    def states(self) -> NDArray[np.uint8]:
        """0 unset, 1 forming, 2 closed: shape (n,)."""
        return self.rows.view(np.uint8)[:, STATUS_BYTE] & np.uint8(STATE_MASK)

    @property
    def source_codes(self) -> NDArray[np.uint8]:
        """For each bar its index in `sources`: shape (n,)."""
        return self.rows.view(np.uint8)[:, SOURCE_BYTE]

    def to_frame(self) -> pd.DataFrame:
        """A fresh frame, indexed by open_time (datetime64[ns, UTC]), of the five values as float64."""
        import pandas as pd  # noqa: PLC0415 - heavy

        index = pd.DatetimeIndex(
            (self.open_times * 1_000_000).view("datetime64[ns]"), tz="UTC", name="open_time", copy=False
        )
        frame = pd.DataFrame(self.values.copy(), index=index, columns=list(FIELDS), copy=False)
        frame.attrs.update(self.notes())
        return frame

    def notes(self) -> dict[str, object]:
        """What a reader should know about this answer: `holes`, `behind` and `failed`, each only if there are any."""
        found: dict[str, object] = {}
        if self.holes:
            found["holes"] = self.holes
        if self.behind:
            found["behind"] = self.behind
        if self.failed:
            found["failed"] = tuple(str(attempt) for attempt in self.failed)
        return found

    # sequence --------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Bar: ...
    @overload
    def __getitem__(self, index: slice) -> Bars: ...
    def __getitem__(self, index: int | slice) -> Bar | Bars:
        if isinstance(index, slice):
            if index.step not in (None, 1):
                raise RequestError("Bars are in order of time; a slice of them has no step")
            return self.take(self.rows[index])
        return self._bar(self.rows[index].tobytes())

    def __iter__(self) -> Iterator[Bar]:
        data = self.rows.tobytes()
        for at in range(0, len(data), ROW_BYTES):
            yield self._bar(data[at : at + ROW_BYTES])

    def _bar(self, row: bytes) -> Bar:
        open_time, close_time, o, h, l, c, v, status, source, revision, decimals = ROW.unpack(row)  # noqa: E741
        state = status & STATE_MASK
        return Bar(
            self.symbol,
            self.timeframe,
            open_time,
            o,
            h,
            l,
            c,
            v,
            close_time,
            None if state == UNSET else state == CLOSED,
            _FINALITIES[status >> 2 & 3],
            revision,
            self.sources[source],
            decimals,
            self.texts.get(open_time),
        )

    def take(self, rows: Rows) -> Bars:
        """Some of these rows, with their names and texts. What is said of the whole answer stays with the whole."""
        return Bars(
            self.symbol,
            self.timeframe,
            rows,
            self.sources,
            self.texts,
            note=self.note,
            trusted=self.trusted,
            unbroken=self.unbroken,
        )

    def noted(self, note: str) -> Bars:
        """The same bars with a remark of their source."""
        return Bars(
            self.symbol,
            self.timeframe,
            self.rows,
            self.sources,
            self.texts,
            note=note,
            trusted=self.trusted,
            unbroken=self.unbroken,
        )

    def __repr__(self) -> str:
        if not len(self):
            return f"<Bars {self.symbol} {self.timeframe}: none>"
        first, last = time_text(self[0].open_time), time_text(self[-1].open_time)
        extra = "".join(f" · {text}" for text in self._remarks())
        return f"<Bars {self.symbol} {self.timeframe}: {len(self)} from {first} to {last}{extra}>"

    def _remarks(self) -> list[str]:
        remarks = []
        if self.holes:
            remarks.append(f"{len(self.holes)} holes, {sum(hole.count for hole in self.holes)} bars")
        if self.behind:
            remarks.append(f"{self.behind} behind")
        if self.failed:
            remarks.append(f"failed: {', '.join(attempt.source for attempt in self.failed)}")
        return remarks


def _rebuild(values: tuple[Any, ...], remarks: dict[str, Any]) -> Bars:
    return Bars(*values, **remarks)


def fault(bars: Bars) -> tuple[int, str] | None:
    """The first row that is no bar, as (index, why), or None: order, grid, finite values, low <= open, close <= high.

    Prices may be negative (they have been, in oil); a volume may not.
    """
    if not len(bars):
        return None
    times, values = bars.open_times, bars.values
    earliest, latest = EARLIEST_TIME, LATEST_TIME
    absurd = (times < earliest) | (times > latest)
    if absurd.any():
        return int(absurd.argmax()), f"open_time {int(times[absurd.argmax()])} is not a time in ms of 1980 to 2200"
    wrong = np.zeros(len(times), dtype=bool)
    wrong[1:] = times[1:] <= times[:-1]
    checks = (
        (wrong, "open_time is not after the one before"),
        (
            times != bars.timeframe.open_times(bars.timeframe.slots(times)),
            f"open_time is not on the {bars.timeframe} grid",
        ),
        (~np.isfinite(values).all(axis=1), "a value is not a finite number"),
        (values[:, 1] < values[:, 2], "high is below low"),
        ((values[:, (0, 3)].max(axis=1) > values[:, 1]), "open or close is above high"),
        ((values[:, (0, 3)].min(axis=1) < values[:, 2]), "open or close is below low"),
        (values[:, 4] < 0, "volume is negative"),
    )
    for failing, why in checks:
        if failing.any():
            return int(failing.argmax()), why
    return None


#: 1980-01-01 and 2200-01-01: a time outside was given in seconds or microseconds, or is none at all.
EARLIEST_TIME: Final = 315_532_800_000
LATEST_TIME: Final = 7_258_118_400_000


def matrix(packed: bytes | bytearray) -> Rows:
    """Packed rows as a float64 matrix of shape (n, 8)."""
    return np.frombuffer(bytes(packed), dtype=np.float64).reshape(-1, COLUMNS)


def _pack(record: object, timeframe: Timeframe) -> tuple[bytes, int, tuple[str | None, ...] | None]:
    field = "open_time"
    try:
        open_time = read_time(_get(record, field))
        field = "close_time"
        sent = _get(record, field, None)
        close_time = timeframe.end(open_time) if sent is None else read_time(sent)
        values = []
        for field in FIELDS:
            values.append(read_value(_get(record, field)))
    except ValueError as error:
        raise ValueError(f"{field}: {error}") from None
    decimals = sum(value.code << 6 * place for place, value in enumerate(values))
    texts = tuple(value.text for value in values)
    row = ROW.pack(open_time, close_time, *(value.number for value in values), _status(record), 0, 0, decimals)
    return row, open_time, texts if any(text is not None for text in texts) else None


def _status(record: object) -> int:
    closed = _get(record, "closed", None)
    if closed is None:
        return UNSET
    if not isinstance(closed, bool):
        raise ValueError(f"closed: {closed!r} is neither true nor false")
    finality = _get(record, "finality", None) or Finality.HISTORY
    return CLOSED | _FINALITIES.index(Finality(str(finality))) << 2 if closed else FORMING


_REQUIRED: Final = object()


def _get(record: object, field: str, default: object = _REQUIRED) -> object:
    if isinstance(record, dict | Mapping):  # a dict first: to ask an abstract class takes ten times as long
        value = record.get(field, default)
    else:
        value = getattr(record, field, default)
    if value is _REQUIRED:
        raise ValueError("is missing")
    return value


def time_text(time: int) -> str:
    """A time in ms as UTC text, to the minute where that is exact, for messages."""
    stamp = str(np.datetime64(time, "ms"))
    return stamp.removesuffix(":00.000").removesuffix(".000").replace("T", " ")
