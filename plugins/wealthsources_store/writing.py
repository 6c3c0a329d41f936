"""Writing closed bars: each state of a bar is stored once, with the time at which it came to be known."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from itertools import compress, repeat
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa

from wealthsources import FIELDS, Timeframe
from wealthsources_store.changes import DIFFERENT, REPEATED, Changes, State, changes, first_known
from wealthsources_store.naming import form_ids, forms_of, insert_into, series_ids
from wealthsources_store.packing import after_the_ends, to_columns
from wealthsources_store.schema import bars as _bars, recorded as _recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from wealthsources import Bars
    from wealthsources_store.database import Database
    from wealthsources_store.naming import SeriesName
    from wealthsources_store.packing import Columns

#: What is written of each state, in this order.
_NAMES: Final = (
    *("series", "open_time", "revision", "known_after", "close_after", *FIELDS),
    *("form", "epoch", "texts"),
)
_INSERT: Final = f"INSERT INTO bars ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))})"  # noqa: S608
_COPY: Final = f"COPY bars ({', '.join(_NAMES)}) FROM STDIN"

_STORED: Final = (
    sa.select(*(_bars.c[name] for name in ("open_time", "revision", "known_after", "form", "texts", *FIELDS)))
    .where(_bars.c.series == sa.bindparam("series"))
    .where(_bars.c.open_time.between(sa.bindparam("first"), sa.bindparam("last")))
    .order_by(_bars.c.open_time, _bars.c.revision)
)
#: No source has this name.
_NO_SOURCE: Final = "\0"
_SPANS: Final = sa.select(_recorded.c.began, _recorded.c.until).where(_recorded.c.series == sa.bindparam("series"))


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """Closed bars of one series, oldest first.

    A bar of which nothing is said counts as closed by a history. The source of each is what `bars.sources` says.

    known_at  when they arrived, or each of them, ms; None: they were fetched, and nobody can tell when they came to be
              known
    epoch     the connection of a live source that brought them, or of each
    only_new  bars of which a state is stored are left as they are
    """

    bars: Bars
    known_at: int | Sequence[int] | None
    epoch: int | Sequence[int] = 0
    only_new: bool = False

    @property
    def series(self) -> SeriesName:
        """The symbol and the name of the timeframe."""
        return self.bars.symbol, self.bars.timeframe.name


class Written(NamedTuple):
    """How many bars were new, how many changed, and how many were there already as they are.

    different  there already with other numbers, and left so
    """

    new: int
    revised: int
    repeated: int
    different: int = 0


def write(database: Database, batches: Iterable[Batch], now: int) -> Written:
    """Store what is not stored yet, all of it or nothing, in one transaction; `now` is the time in ms.

    A bar whose newest stored state has the same numbers, however they were written, is a repeat. Any other is its next
    revision, never known earlier than the one before. What was fetched (`known_at` None) counts as known at the end of
    the bar, as if somebody had been there, unless a recorder was: who listened then did not have it, so it is known
    `now`, like every revision that was fetched. Keep a call under some 100,000 bars: other writers wait for its end.

    Raises ValueError for bars that are forming, out of order or no numbers, StoreError for all that goes wrong.
    """
    packed = _pack(batches)
    if not packed:
        return Written(0, 0, 0)
    return database.write(lambda connection: _Writer(connection, packed, now).write())


def write_within(connection: sa.Connection, batches: Iterable[Batch], now: int) -> Written:
    """The same within a transaction that may write."""
    packed = _pack(batches)
    return _Writer(connection, packed, now).write() if packed else Written(0, 0, 0)


def _pack(batches: Iterable[Batch]) -> list[tuple[Batch, Columns]]:
    return [(batch, to_columns(batch.bars)) for batch in batches if len(batch.bars)]


def note_recorded(database: Database, series: Iterable[tuple[str, Timeframe | str]], began: int, until: int) -> None:
    """A recorder was at work for these series from `began` until `until`, ms; the same `began` again extends the span.

    Raises StoreError.
    """
    names = {(symbol, Timeframe(timeframe).name) for symbol, timeframe in series}

    def note(connection: sa.Connection) -> None:
        insert = insert_into(_recorded, connection)
        later = _recorded.c.until < insert.excluded.until
        extend = insert.on_conflict_do_update(
            index_elements=["series", "began"], set_={"until": insert.excluded.until}, where=later
        )
        ids = sorted(series_ids(connection, names).values())
        connection.execute(extend, [{"series": each, "began": int(began), "until": int(until)} for each in ids])

    if names:
        database.write(note)


def stored_states(
    connection: sa.Connection, series: int, timeframe: Timeframe, first: int, last: int
) -> Iterator[tuple[int, State]]:
    """The states of the bars of a series that open from `first` to `last`, ms: by open time, oldest state first."""
    found = connection.execute(_STORED, {"series": series, "first": first, "last": last}).all()
    forms = forms_of(connection, {row.form for row in found}) if found else {}
    for row in found:
        form, known_at = forms[row.form], timeframe.end(row.open_time) + (row.known_after or 0)
        values = tuple(row[-len(FIELDS) :])
        yield row.open_time, State(row.revision, known_at, values, form.decimals, row.texts, form.source)


class _Writer:
    """Writes batches within one transaction. What is new is collected, and inserted in as few steps as can be."""

    def __init__(self, connection: sa.Connection, packed: list[tuple[Batch, Columns]], now: int) -> None:
        self._connection, self._packed, self._now = connection, packed, now
        self._series = series_ids(connection, {batch.series for batch, _ in packed})
        self._forms = form_ids(connection, {form for _, columns in packed for form in columns.forms})
        self._rows: list[tuple[Any, ...]] = []
        self._collected: set[int] = set()

    def write(self) -> Written:
        counts: Counter[int] = Counter()
        for batch, columns in self._packed:
            series = self._series[batch.series]
            if series in self._collected:
                self._insert()  # what is compared next must be there
            found = self._compare(series, batch, columns)
            self._collect(series, batch, columns, found)
            counts.update(found.revisions)
        self._insert()
        revised = sum(count for revision, count in counts.items() if revision > 0)
        return Written(counts[0], revised, counts[REPEATED], counts[DIFFERENT])

    def _compare(self, series: int, batch: Batch, columns: Columns) -> Changes:
        spans: Iterable[tuple[int, int]] = ()
        if batch.known_at is None:
            spans = self._connection.execute(_SPANS, {"series": series}).all()
        first = first_known(batch.bars, batch.known_at, spans, self._now)
        revised = self._now if batch.known_at is None else batch.known_at
        return changes(columns, self._stored(series, batch.bars), first, revised, self._may_follow(batch, columns))

    def _may_follow(self, batch: Batch, columns: Columns) -> list[str] | None:
        """For each bar the source whose state it may follow; None: whichever.

        What was fetched never takes the place of what another source brought, which may have been seen.
        """
        if batch.only_new:
            return [_NO_SOURCE] * len(columns.open_time)
        return [columns.forms[place].source for place in columns.form] if batch.known_at is None else None

    def _stored(self, series: int, bars: Bars) -> dict[int, State]:
        """The newest state of each bar that is stored of the span."""
        return dict(stored_states(self._connection, series, bars.timeframe, bars.oldest, bars.newest))

    def _collect(self, series: int, batch: Batch, columns: Columns, found: Changes) -> None:
        ids = [self._forms[form] for form in columns.forms]
        rows: Iterator[tuple[Any, ...]] = zip(
            repeat(series),
            columns.open_time,
            found.revisions,
            after_the_ends(found.known_at, batch.bars),
            columns.close_after,
            *columns.values,
            [ids[place] for place in columns.form],
            # SQLite takes a number of numpy's for bytes.
            map(int, batch.epoch) if isinstance(batch.epoch, Sequence) else repeat(int(batch.epoch)),
            columns.texts,
            strict=False,  # some of them are endless
        )
        self._rows += compress(rows, [revision >= 0 for revision in found.revisions])
        self._collected.add(series)

    def _insert(self) -> None:
        if self._rows and self._connection.dialect.name == "sqlite":
            self._connection.exec_driver_sql(_INSERT, self._rows)
        elif self._rows:
            driver: Any = self._connection.connection.dbapi_connection
            with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
                for row in self._rows:
                    copy.write_row(row)
        self._rows.clear()
        self._collected.clear()
