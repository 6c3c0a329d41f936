"""The tables of a store, and its version: made on first use, brought up to date where we know how.

A state of a bar is one row of `bars` and never changes: the table is only added to. `revision` counts the states of a
bar in this store; it is not the number that its source gave it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from wealthsources import __version__
from wealthsources_store.errors import NoStore, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION: Final = 2
#: What makes a store of one version one of the next: version -> work. In the transaction of whoever opens it first.
MIGRATIONS: Final[dict[int, Callable[[sa.Connection], None]]] = {}
#: Whoever makes or changes tables on a server holds this lock; any number that no other program is likely to take.
_ALTERING: Final = 0x7765616C7468

metadata: Final = sa.MetaData()

about: Final = sa.Table("wealthsources_store", metadata, sa.Column("version", sa.Integer, nullable=False))

series: Final = sa.Table(
    "series",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("symbol", sa.Text, nullable=False),
    sa.Column("timeframe", sa.Text, nullable=False),
    sa.UniqueConstraint("symbol", "timeframe"),
)

#: What many bars have in common, written once: a number in place of three is a tenth of the file. `source` is a name,
#: `finality` a code of `packing`, `decimals` says with how many each value was written. The search is by decimals.
forms: Final = sa.Table(
    "forms",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("finality", sa.SmallInteger, nullable=False),
    sa.Column("decimals", sa.Integer, nullable=False),
    sa.UniqueConstraint("decimals", "finality", "source"),
)

#: `open_time` is in ms; `known_after` and `close_after` say how many ms after the end of the bar it was known and its
#: source closed it, NULL for none, which saves room. `texts` is JSON.
#: No foreign keys: they would be looked up for every row, and rows of `series` and `forms` are never deleted.
#: In SQLite the key is the table, without a second one beside it.
bars: Final = sa.Table(
    "bars",
    metadata,
    sa.Column("series", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("open_time", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("revision", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("known_after", sa.BigInteger),
    sa.Column("close_after", sa.BigInteger),
    *(sa.Column(name, sa.Double, nullable=False) for name in ("open", "high", "low", "close", "volume")),
    sa.Column("form", sa.Integer, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("texts", sa.Text),
    sqlite_with_rowid=False,
)

#: Spans in which a recorder was at work for a series, ms.
recorded: Final = sa.Table(
    "recorded",
    metadata,
    sa.Column("series", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("began", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)


def is_current(connection: sa.Connection, place: str) -> bool:
    """Whether the store has the version of this program; False if it can be brought there by `bring_up_to_date`.

    Raises NoStore if there is none, StoreError if it is of a version that we cannot read.
    """
    version = _version(connection)
    if version is None:
        _refuse_strangers(connection, place)
        raise NoStore(place)
    _refuse_unknown(version, place)
    return version == VERSION


def bring_up_to_date(connection: sa.Connection, place: str) -> None:
    """Make the tables if there are none, or of an older version. The transaction must be one that may write."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer at a time
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ALTERING)))
    version = _version(connection)
    if version is None:
        _refuse_strangers(connection, place)
        metadata.create_all(connection, checkfirst=False)
        connection.execute(sa.insert(about).values(version=VERSION))
        return
    _refuse_unknown(version, place)
    for step in range(version, VERSION):
        MIGRATIONS[step](connection)
        connection.execute(sa.update(about).values(version=step + 1))


def _version(connection: sa.Connection) -> int | None:
    if not sa.inspect(connection).has_table(about.name):
        return None
    return connection.execute(sa.select(about.c.version)).scalar_one_or_none()


def _refuse_unknown(version: int, place: str) -> None:
    if version > VERSION:
        raise StoreError(
            f"{place}: is a store of version {version}, and wealthsources {__version__} knows those up to {VERSION}; "
            "upgrade it: pip install --upgrade wealthsources"
        )
    if any(step not in MIGRATIONS for step in range(version, VERSION)):
        raise StoreError(
            f"{place}: is a store of version {version}, which wealthsources {__version__} cannot bring to version "
            f"{VERSION}; with the one that wrote it: `wealthsources export --to FOLDER --revisions`; then with this "
            "one and a new store: `wealthsources import FOLDER`"
        )


def _refuse_strangers(connection: sa.Connection, place: str) -> None:
    """Tables of our names that are not ours are not written to."""
    taken = sorted(metadata.tables.keys() & {*sa.inspect(connection).get_table_names()} - {about.name})
    if taken:
        raise StoreError(
            f"{place}: is no store, and has tables of its names ({', '.join(taken)}); give another file, database or "
            "schema (?options=-csearch_path%3DNAME)"
        )
