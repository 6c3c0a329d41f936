"""Bar and Bars: immutable, columnar, and exact.

One bar is one row of 64 bytes (see `rows`), so that a thousand of them are one block of memory to copy. A row gives
its source's own text of a value back; text for which it cannot is kept aside.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from wealthsources.model import rows as columns
from wealthsources.model.decimals import exact_text
from wealthsources.model.errors import RequestError
from wealthsources.model.frame_columns import read_frame
from wealthsources.model.notebook import ends_of, html_lines, html_table
from wealthsources.model.records import pack_record
from wealthsources.model.rows import (
    ALL_NUMBERS,
    BY_HISTORY,
    CLOSED,
    FIELDS,
    FORMING,
    OPEN_TIMES,
    ROW_BYTES,
    UNSET,
    VALUES,
    Finality,
    closed_by,
    decimals_of,
    finality_of,
    new_rows,
    pack_row,
    rows_from,
    state_of,
    unpack_open_time,
    unpack_row,
    unpack_status,
)
from wealthsources.model.text import one_line
from wealthsources.model.timeframe import Timeframe
from wealthsources.model.times import time_text

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from wealthsources.model.attempt import Attempt
    from wealthsources.model.holes import Hole
    from wealthsources.model.rows import Rows

#: open_time -> the texts kept aside for that bar, None where the row says it all.
Texts = Mapping[int, tuple[str | None, ...]]


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
            getattr(self, field), decimals_of(self.decimals, place), self.texts[place] if self.texts else None
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
        if not rows.flags.c_contiguous:  # as rows that were turned round are; what is read of one looks at its bytes
            rows = rows.copy()
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
        return _rebuild, ({name: getattr(self, name) for name in Bars.__slots__} | {"rows": np.array(self.rows)},)

    @classmethod
    def empty(cls, symbol: str, timeframe: Timeframe | str) -> Bars:
        """No bar at all."""
        return cls(symbol, Timeframe(timeframe), new_rows(0), trusted=True, unbroken=True)

    @classmethod
    def from_records(
        cls,
        symbol: str,
        timeframe: Timeframe | str,
        records: Iterable[object],
    ) -> Bars:
        """Make Bars of mappings or objects that have open_time, open, high, low, close, volume.

        close_time, closed (True, False or None) and finality may be there too. Values are decimal text or numbers,
        times are ms; days of a market with trading hours may be named by their date, see `Timeframe.opens_by_date`.
        Records must be in order already. Raises ValueError that names record and field.
        """
        timeframe = Timeframe(timeframe)
        packed = bytearray()
        texts: dict[int, tuple[str | None, ...]] = {}
        for index, record in enumerate(records):
            try:
                row, open_time, kept = pack_record(record, timeframe)
            except ValueError as error:
                raise ValueError(f"bars[{index}]: {error}") from None
            packed += row
            if kept:
                texts[open_time] = kept
        return cls(symbol, timeframe, rows_from(packed), texts=texts)

    @classmethod
    def of(cls, bars: Iterable[Bar]) -> Bars:
        """Single bars of one series, at least one, oldest first: with all that each of them says of itself."""
        held = list(bars)
        names = list(dict.fromkeys(bar.source for bar in held))
        packed = b"".join(_pack(bar, names.index(bar.source)) for bar in held)
        texts = {bar.open_time: bar.texts for bar in held if bar.texts}
        return cls(held[0].symbol, held[0].timeframe, rows_from(packed), tuple(names), texts)

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

        Days of a market with trading hours may be named by their date, see `Timeframe.opens_by_date`.
        `closed` is said of all bars, or of each; None leaves it unset. `close_time` is as it was sent. `decimals` and
        `texts` give the values' own text back, see `read_value`; without them the values count as numbers.
        """
        timeframe = Timeframe(timeframe)
        times = timeframe.opens_by_date(np.asarray(open_time, dtype=np.int64))
        rows = new_rows(len(times))
        columns.open_times(rows)[:] = times
        columns.close_times(rows)[:] = timeframe.ends(times) if close_time is None else close_time
        for place, column in enumerate((open, high, low, close, volume)):
            columns.values(rows)[:, place] = column
        columns.statuses(rows)[:] = UNSET if closed is None else np.where(closed, BY_HISTORY, FORMING)
        columns.packed_decimals(rows)[:] = decimals
        return cls(symbol, timeframe, rows, texts=texts)

    @classmethod
    def from_frame(cls, symbol: str, timeframe: Timeframe | str, frame: pd.DataFrame) -> Bars:
        """Make Bars of a pandas frame with a row for each bar, oldest first, as `to_frame` makes one.

        Its columns open, high, low, close and volume are numbers, whatever their case; others are not read. The open
        times are a column open_time, in ms or datetimes, else the index: a DatetimeIndex, or one that is called
        open_time. Datetimes have a zone. Raises ValueError that names the row and the remedy for what is missing or
        no number, comes twice, is out of order or without a zone.
        """
        times, values = read_frame(frame)
        return cls.from_columns(symbol, timeframe, times, *values)

    # columns ---------------------------------------------------------------------------------------------------

    @property
    def open_times(self) -> NDArray[np.int64]:
        """Open times in ms, shape (n,), read-only."""
        return self.rows.view(np.int64)[OPEN_TIMES]

    @property
    def oldest(self) -> int:
        """The open time of the first bar, ms; there must be one."""
        return unpack_open_time(self.rows)[0]  # type: ignore[no-any-return, arg-type]  # an array is a buffer

    @property
    def newest(self) -> int:
        """The open time of the last bar, ms; there must be one."""
        return unpack_open_time(self.rows, (len(self.rows) - 1) * ROW_BYTES)[0]  # type: ignore[no-any-return, arg-type]

    @property
    def close_times(self) -> NDArray[np.int64]:
        """Close times in ms as they were sent, shape (n,), read-only."""
        return columns.close_times(self.rows)

    @property
    def ends(self) -> NDArray[np.int64]:
        """The end of each bar's window in ms, shape (n,)."""
        return self.timeframe.ends(self.open_times)

    @property
    def values(self) -> NDArray[np.float64]:
        """Open, high, low, close, volume: shape (n, 5), read-only."""
        return self.rows[VALUES]

    @property
    def states(self) -> NDArray[np.uint8]:
        """UNSET, FORMING or CLOSED: shape (n,)."""
        return columns.states(self.rows)

    @property
    def source_codes(self) -> NDArray[np.uint8]:
        """For each bar its index in `sources`: shape (n,)."""
        return columns.source_codes(self.rows)

    def to_frame(self) -> pd.DataFrame:
        """A fresh frame, indexed by open_time (datetime64[ns, UTC]), of the five values as float64.

        `attrs` has the `notes`.
        """
        import pandas as pd  # noqa: PLC0415 - heavy

        index = pd.DatetimeIndex(
            (self.open_times * 1_000_000).view("datetime64[ns]"), tz="UTC", name="open_time", copy=False
        )
        frame = pd.DataFrame(self.values.copy(), index=index, columns=list(FIELDS), copy=False)
        frame.attrs.update(self.notes())
        return frame

    def notes(self) -> dict[str, object]:
        """What a reader should know about this answer, each key only if there is something to say.

        holes   list of dicts, oldest first: `start`, `end` (ms), `count`, and `text` to read
        behind  int, as above · failed: list of text, one for each source

        Values are plain, since a frame whose `attrs` hold others can be written by neither Parquet nor JSON.
        """
        notes: dict[str, object] = {}
        if self.holes:
            notes["holes"] = [hole.as_dict() for hole in self.holes]
        if self.behind:
            notes["behind"] = int(self.behind)
        if self.failed:
            notes["failed"] = [str(attempt) for attempt in self.failed]
        return notes

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

    def _bar(self, packed: bytes) -> Bar:
        return unpack_bar(packed, self.symbol, self.timeframe, self.sources, self.texts)

    def take(self, rows: Rows, note: str | None = None) -> Bars:
        """Some of these rows, with their names and texts. What is said of the whole answer stays with the whole."""
        return Bars(
            self.symbol,
            self.timeframe,
            rows,
            self.sources,
            self.texts,
            note=self.note if note is None else note,
            trusted=self.trusted,
            unbroken=self.unbroken,
        )

    def named(self, symbol: str, source: str) -> Bars:
        """The same bars under that spelling, and with that name for the source of those that say none."""
        if "" not in self.sources and symbol == self.symbol:
            return self
        return Bars(
            symbol,
            self.timeframe,
            self.rows,
            tuple(name or source for name in self.sources),
            self.texts,
            note=self.note,
            trusted=self.trusted,
            unbroken=self.unbroken,
        )

    def split_forming(self) -> tuple[Bars, Bars | None]:
        """The bars without a last one that is forming, and that one."""
        rows = self.rows
        last = (len(rows) - 1) * ROW_BYTES
        if last < 0 or unpack_status(rows, last)[0] != FORMING:  # type: ignore[arg-type]
            return self, None
        return self.take(rows[:-1]), self.take(rows[-1:])

    def newest_run(self) -> Bars:
        """The bars after the newest hole."""
        if not self.holes:
            return self
        first = int((self.open_times < self.holes[-1].end).sum())
        return self.replace(rows=self.rows[first:], holes=(), note="", trusted=True, unbroken=True)

    def noted(self, note: str) -> Bars:
        """The same bars with a remark of their source."""
        return self.take(self.rows, note)

    def replace(self, **changes: Any) -> Bars:
        """The same bars but for these attributes, as `Bars(...)` names them."""
        kept = {name: getattr(self, name) for name in Bars.__slots__ if name not in changes}
        return Bars(**kept, **changes)

    def __repr__(self) -> str:
        return f"<Bars {self._head()}>"

    def _repr_html_(self) -> str:
        """As a table, for a notebook: of many bars the first and the last ones, with their values as they were sent."""
        columns = ("open time, UTC", *FIELDS, "state", "source")
        return html_lines(self._head()) + html_table(columns, ends_of(self, _table_row), right=FIELDS)

    def _head(self) -> str:
        series = one_line(f"{self.symbol} {self.timeframe}")
        if not len(self):
            return f"{series}: none"
        first, last = time_text(self[0].open_time), time_text(self[-1].open_time)
        extra = "".join(f" · {text}" for text in self._remarks())
        return f"{series}: {len(self)} from {first} to {last}{extra}"

    def _remarks(self) -> list[str]:
        remarks = []
        if self.holes:
            remarks.append(f"{len(self.holes)} holes, {sum(hole.count for hole in self.holes)} bars")
        if self.behind:
            remarks.append(f"{self.behind} behind")
        if self.failed:
            remarks.append(f"failed: {', '.join(attempt.source for attempt in self.failed)}")
        return remarks


def _table_row(bar: Bar) -> Sequence[object]:
    state = {True: "closed", False: "forming", None: ""}[bar.closed]
    return time_text(bar.open_time), *map(bar.exact, FIELDS), state, bar.source


def unpack_bar(packed: bytes, symbol: str, timeframe: Timeframe, sources: tuple[str, ...], texts: Texts) -> Bar:
    """The bar of one row."""
    open_time, close_time, o, h, l, c, v, status, source, revision, decimals = unpack_row(packed)  # noqa: E741
    state = state_of(status)
    closed = None if state == UNSET else state == CLOSED
    name, text, finality = sources[source], texts.get(open_time), finality_of(status)
    return Bar(
        symbol, timeframe, open_time, o, h, l, c, v, close_time, closed, finality, revision, name, decimals, text
    )


def _pack(bar: Bar, source: int) -> bytes:
    if bar.closed:
        status = closed_by(bar.finality or Finality.HISTORY)
    else:
        status = UNSET if bar.closed is None else FORMING
    values = (bar.open, bar.high, bar.low, bar.close, bar.volume)
    close_time = bar.end if bar.close_time is None else bar.close_time
    return pack_row(bar.open_time, close_time, *values, status, source, bar.revision, bar.decimals)


def _rebuild(attributes: dict[str, Any]) -> Bars:
    return Bars(**attributes)
