"""The ids that stand for series and sources in the tables.

Nothing is remembered between transactions: a number that means another series by now would put bars under a wrong name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wealthsources_store.schema import series as _series, sources as _sources

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The symbol, as it is written, and the name of the timeframe.
SeriesName = tuple[str, str]

_ALL_SERIES: Final = sa.select(_series.c.id, _series.c.symbol, _series.c.timeframe)
_ALL_SOURCES: Final = sa.select(_sources.c.id, _sources.c.name)


def series_ids(connection: sa.Connection, wanted: set[SeriesName]) -> dict[SeriesName, int]:
    """The id of each series, new ones included. No other process writes to these series before the end of this one."""
    symbols = {symbol for symbol, _ in wanted}
    find = _ALL_SERIES.where(_series.c.symbol.in_(symbols)) if len(symbols) < 500 else _ALL_SERIES
    found = _read_series(connection, find)
    if missing := sorted(wanted - found.keys()):
        rows = [{"symbol": symbol, "timeframe": timeframe} for symbol, timeframe in missing]
        _insert(connection, _series, rows)
        found = _read_series(connection, find)
    ids = {name: found[name] for name in wanted}
    if connection.dialect.name == "postgresql":  # in SQLite there is one writer at a time
        # All in the same order, so that no two wait for each other.
        locked = sa.select(_series.c.id).where(_series.c.id.in_(ids.values())).order_by(_series.c.id)
        connection.execute(locked.with_for_update(key_share=True)).all()
    return ids


def source_ids(connection: sa.Connection, wanted: set[str]) -> dict[str, int]:
    """The id of each source, new ones included."""
    found = {name: each for each, name in source_names(connection).items()}
    if missing := sorted(wanted - found.keys()):
        _insert(connection, _sources, [{"name": name} for name in missing])
        found = {name: each for each, name in source_names(connection).items()}
    return found


def source_names(connection: sa.Connection) -> dict[int, str]:
    """The name of each source, by id."""
    return dict(connection.execute(_ALL_SOURCES).all())


def _read_series(connection: sa.Connection, find: sa.Select[Any]) -> dict[SeriesName, int]:
    return {(symbol, timeframe): each for each, symbol, timeframe in connection.execute(find)}


def insert_into(table: sa.Table, connection: sa.Connection) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say what to do about a conflict."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, str]]) -> None:
    """Another process may be adding the same ones. One by one and in order: no two wait for each other."""
    statement = insert_into(table, connection).on_conflict_do_nothing()
    for row in rows:
        connection.execute(statement, row)
