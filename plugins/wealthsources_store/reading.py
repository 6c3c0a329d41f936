"""Reading: the newest state of each bar, or the one that was known at a time; what changed; what there is."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import sqlalchemy as sa

from wealthsources import Bar, Bars, Timeframe
from wealthsources_store.naming import forms_of
from wealthsources_store.packing import BAR_COLUMNS, Form, Stored, to_bars
from wealthsources_store.schema import bars as _bars, recorded as _recorded, series as _series

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from wealthsources_store.database import Database

#: Rows that are asked for at once: what a page takes of memory, and not more than that.
_PAGE: Final = 20_000
_LEAST_TIME, _MOST_TIME = -(2**63), 2**63 - 1
_MOST_REVISIONS: Final = 2**31 - 1

_FORM: Final = Stored._fields.index("form")
_COLUMNS: Final = [_bars.c[name] for name in Stored._fields]
_OF_SERIES: Final = _bars.c.series == (
    sa.select(_series.c.id)
    .where(_series.c.symbol == sa.bindparam("symbol"), _series.c.timeframe == sa.bindparam("timeframe"))
    .scalar_subquery()
)
_KEY: Final = sa.tuple_(_bars.c.open_time, _bars.c.revision)
_GIVEN: Final = sa.tuple_(sa.bindparam("time", type_=sa.BigInteger), sa.bindparam("revision", type_=sa.Integer))
#: Before a key, the newest first: as the index has them from its end. Each column costs a twentieth of the time.
_NEWEST: Final = (
    sa.select(*_COLUMNS[:BAR_COLUMNS])
    .where(_OF_SERIES, _bars.c.open_time >= sa.bindparam("first", type_=sa.BigInteger))
    .where(_KEY < _GIVEN)
    .order_by(_bars.c.open_time.desc(), _bars.c.revision.desc())
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_NEWEST_KNOWN: Final = _NEWEST.add_columns(_bars.c.known_after)
_SPAN: Final = _bars.c.open_time.between(sa.bindparam("first"), sa.bindparam("last"))
_REVISED: Final = (
    sa.select(*_COLUMNS)
    .where(_OF_SERIES)
    .where(_bars.c.open_time.in_(sa.select(_bars.c.open_time).where(_OF_SERIES, _SPAN, _bars.c.revision == 1)))
    .order_by(_bars.c.open_time, _bars.c.revision)
)
#: After a key, the oldest first.
_OLDEST: Final = (
    sa.select(*_COLUMNS)
    .where(_OF_SERIES, _bars.c.open_time <= sa.bindparam("last", type_=sa.BigInteger))
    .where(_KEY > _GIVEN)
    .order_by(_bars.c.open_time, _bars.c.revision)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_later: Final = _bars.alias("later")
_IS_NEWEST: Final = ~(
    sa.select(sa.literal(1))
    .where(_later.c.series == _bars.c.series, _later.c.open_time == _bars.c.open_time)
    .where(_later.c.revision > _bars.c.revision)
    .exists()
)
_OPEN_TIMES: Final = (
    sa.select(_bars.c.open_time).where(_OF_SERIES, _SPAN, _bars.c.revision == 0).order_by(_bars.c.open_time)
)
_STATISTICS: Final = (
    sa.select(
        _series.c.symbol,
        _series.c.timeframe,
        sa.func.count(_bars.c.open_time),
        sa.func.min(_bars.c.open_time),
        sa.func.max(_bars.c.open_time),
    )
    .join(_bars, (_bars.c.series == _series.c.id) & (_bars.c.revision == 0))
    .group_by(_series.c.symbol, _series.c.timeframe)
    .order_by(_series.c.symbol, _series.c.timeframe)
)
_SPANS: Final = (
    sa.select(_recorded.c.began, _recorded.c.until)
    .join(_series, _series.c.id == _recorded.c.series)
    .where(_series.c.symbol == sa.bindparam("symbol"), _series.c.timeframe == sa.bindparam("timeframe"))
    .order_by(_recorded.c.began)
)


class StoredSeries(NamedTuple):
    """How many bars there are of a series, and when the first and the last of them open, ms."""

    symbol: str
    timeframe: Timeframe
    bars: int
    first: int
    last: int


class BarState(NamedTuple):
    """One state of a bar, since when it was known (ms), and the connection that brought it, 0 if none did."""

    bar: Bar
    known_at: int
    epoch: int


class Page(NamedTuple):
    """Some rows of the table, and their forms, by id."""

    states: list[Stored]
    forms: dict[int, Form]


class Span(NamedTuple):
    """Times in ms."""

    began: int
    until: int


def read(
    database: Database,
    symbol: str,
    timeframe: Timeframe,
    *,
    end: int,
    start: int | None = None,
    count: int | None = None,
    known_at: int | None = None,
    late_after: int = 0,
) -> Bars:
    """Closed bars that open at or after `start` and end at or before `end`, ms; of these the newest `count`.

    Of each bar the newest state. With `known_at`, ms, the newest that was known then, and no bar of which none was; a
    first state that came within `late_after` ms of the bar's end counts as known at its end. The symbol is the stored
    one, to the letter. `revision` is the store's own. Raises NoStore, StoreError.
    """
    first, last = _bound(_LEAST_TIME if start is None else start), _last_open(timeframe, end)

    find = _NEWEST if known_at is None else _NEWEST_KNOWN

    def work(connection: sa.Connection) -> Bars:
        kept: list[tuple[Any, ...]] = []
        for page in _newest_first(connection, find, symbol, timeframe, first, last, count or _PAGE):
            known = page
            if known_at is not None:
                known = [row for row in page if _was_known(row, timeframe, known_at, late_after)]
            kept += _first_of_each(known, kept[-1][0] if kept else None)
            if count is not None and len(kept) >= count:
                break
        kept = kept[:count]
        kept.reverse()
        return to_bars(symbol, timeframe, kept, _forms_of(connection, kept))

    return database.read(work)


def _forms_of(connection: sa.Connection, states: Sequence[Sequence[Any]]) -> dict[int, Form]:
    return forms_of(connection, set(map(itemgetter(_FORM), states))) if states else {}


def _first_of_each(states: list[tuple[Any, ...]], before: int | None) -> list[tuple[Any, ...]]:
    """Of each bar the first of these, and none of the bar that opens at `before`."""
    if not any(map(itemgetter(1), states)) and (not states or states[0][0] != before):
        return states  # as nearly always: none is a revision
    times = [state[0] for state in states]
    return [state for state, time, last in zip(states, times, [before, *times], strict=False) if time != last]


def _last_open(timeframe: Timeframe, end: int) -> int:
    """When the last bar that is over at `end` may open at the latest."""
    return _bound(end - timeframe.fixed if timeframe.fixed else timeframe.floor(end) - 1)


def _bound(time: int) -> int:
    """As a number that any database can compare: SQLite takes one of numpy's for bytes, and finds nothing like it."""
    return max(_LEAST_TIME, min(_MOST_TIME, int(time)))


def _was_known(row: tuple[Any, ...], timeframe: Timeframe, known_at: int, late_after: int) -> bool:
    open_time, revision, after = row[0], row[1], row[BAR_COLUMNS] or 0
    if revision == 0 and after <= late_after:
        after = 0
    return timeframe.end(open_time) + max(after, 0) <= known_at


def _newest_first(
    connection: sa.Connection,
    find: sa.Select[Any],
    symbol: str,
    timeframe: Timeframe,
    first: int,
    last: int,
    about: int,
) -> Iterator[list[tuple[Any, ...]]]:
    """The states of bars that open in that span, page by page; `about` so many will be asked for.

    As the driver gives them: the rows of SQLAlchemy around them would cost a sixth of it all.
    """
    limit, time, revision = min(about, _PAGE), last, _MOST_REVISIONS
    asked = {"symbol": symbol, "timeframe": timeframe.name, "first": first, "limit": limit}
    while page := _driver_rows(connection.execute(find, {**asked, "time": time, "revision": revision})):
        yield page
        if len(page) < limit:
            return
        time, revision = page[-1][0], page[-1][1]


def _driver_rows(result: sa.CursorResult[Any]) -> list[tuple[Any, ...]]:
    with result:
        return result.cursor.fetchall()  # type: ignore[return-value]  # a question has a cursor


def revisions(database: Database, symbol: str, timeframe: Timeframe, *, start: int, end: int) -> list[BarState]:
    """All states of the bars that have more than one, by open time and revision; the span is that of `read`, ms.

    Raises NoStore, StoreError.
    """
    asked = {"symbol": symbol, "timeframe": timeframe.name, "first": _bound(start), "last": _last_open(timeframe, end)}

    def work(connection: sa.Connection) -> list[BarState]:
        found = connection.execute(_REVISED, asked).all()
        forms = _forms_of(connection, found)
        return [
            BarState(bar, bar.end + (row.known_after or 0), row.epoch)
            for row in found
            for bar in to_bars(symbol, timeframe, [row], forms)
        ]

    return database.read(work)


def pages(
    database: Database, symbol: str, timeframe: Timeframe, *, start: int, end: int, newest: bool
) -> Iterator[Page]:
    """All states of the bars of a span, that of `read`, or of each the newest, by open time and revision.

    Each page is read by itself, so what is written meanwhile may be in it. Raises NoStore, StoreError.
    """
    find = _OLDEST.where(_IS_NEWEST) if newest else _OLDEST
    asked = {"symbol": symbol, "timeframe": timeframe.name, "last": _last_open(timeframe, end)}
    time, revision = _bound(start), -1
    while page := _page(database, find, {**asked, "limit": _PAGE, "time": time, "revision": revision}):
        yield page
        time, revision = page.states[-1][:2]


def _page(database: Database, find: sa.Select[Any], asked: dict[str, Any]) -> Page | None:
    def work(connection: sa.Connection) -> Page | None:
        states = [Stored._make(row) for row in _driver_rows(connection.execute(find, asked))]
        return Page(states, _forms_of(connection, states)) if states else None

    return database.read(work)


def open_times(database: Database, symbol: str, timeframe: Timeframe, *, start: int, end: int) -> NDArray[np.int64]:
    """When the bars of that span open, ms; the span is that of `read`. Raises NoStore, StoreError."""
    asked = {"symbol": symbol, "timeframe": timeframe.name, "first": _bound(start), "last": _last_open(timeframe, end)}
    found = database.read(lambda connection: connection.execute(_OPEN_TIMES, asked).scalars().all())
    return np.array(found, dtype=np.int64)


def series_names(database: Database) -> list[tuple[str, Timeframe]]:
    """The symbols and timeframes that there are, without a look at their bars. Raises NoStore, StoreError."""
    find = sa.select(_series.c.symbol, _series.c.timeframe).order_by(_series.c.symbol, _series.c.timeframe)
    found = database.read(lambda connection: connection.execute(find).all())
    return [(symbol, Timeframe(timeframe)) for symbol, timeframe in found]


def series(database: Database) -> list[StoredSeries]:
    """What there is of each series that has a bar. It reads the whole store. Raises NoStore, StoreError."""
    found = database.read(lambda connection: connection.execute(_STATISTICS).all())
    return [StoredSeries(symbol, Timeframe(timeframe), *rest) for symbol, timeframe, *rest in found]


def recorded(database: Database, symbol: str, timeframe: Timeframe) -> list[Span]:
    """When a recorder was at work for a series, by its beginning. Raises NoStore, StoreError."""
    asked = {"symbol": symbol, "timeframe": timeframe.name}
    return [Span(*row) for row in database.read(lambda connection: connection.execute(_SPANS, asked).all())]
