"""The ids that stand for series, and for what many bars have in common, in the tables.

Nothing is remembered between transactions: a number that means another series by now would put bars under a wrong name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wealthsources_store.packing import Form
from wealthsources_store.schema import forms as _forms, series as _series

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The symbol, as it is written, and the name of the timeframe.
SeriesName = tuple[str, str]

_ALL_SERIES: Final = sa.select(_series.c.id, _series.c.symbol, _series.c.timeframe)
_ALL_FORMS: Final = sa.select(_forms.c.id, _forms.c.source, _forms.c.finality, _forms.c.decimals)
#: More than this, and a table is read whole: a question has a limit to what it may name.
_MOST_NAMED: Final = 500


def series_ids(connection: sa.Connection, wanted: set[SeriesName]) -> dict[SeriesName, int]:
    """The id of each series, new ones included. No other process writes to these series before the end of this one."""
    symbols = {symbol for symbol, _ in wanted}
    find = _ALL_SERIES.where(_series.c.symbol.in_(symbols)) if len(symbols) < _MOST_NAMED else _ALL_SERIES
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


def form_ids(connection: sa.Connection, wanted: set[Form]) -> dict[Form, int]:
    """The id of each form, new ones included."""
    decimals = {form.decimals for form in wanted}
    find = _ALL_FORMS.where(_forms.c.decimals.in_(decimals)) if len(decimals) < _MOST_NAMED else _ALL_FORMS
    found = _read_forms(connection, find)
    if missing := sorted(wanted - found.keys()):
        _insert(connection, _forms, [form._asdict() for form in missing])
        found = _read_forms(connection, find)
    return found


def forms_of(connection: sa.Connection, ids: set[int]) -> dict[int, Form]:
    """The form of each id."""
    some = f" WHERE id IN ({', '.join(map(str, ids))})" if len(ids) < _MOST_NAMED else ""
    # SQLAlchemy would take as long to put such a list together as a short answer takes. They are numbers of the table.
    driver: Any = connection.connection.dbapi_connection
    found = driver.execute(f"SELECT id, source, finality, decimals FROM forms{some}").fetchall()  # noqa: S608
    return {each: Form(*rest) for each, *rest in found}


def _read_forms(connection: sa.Connection, find: sa.Select[Any]) -> dict[Form, int]:
    return {Form(*rest): each for each, *rest in connection.execute(find)}


def _read_series(connection: sa.Connection, find: sa.Select[Any]) -> dict[SeriesName, int]:
    return {(symbol, timeframe): each for each, symbol, timeframe in connection.execute(find)}


def insert_into(table: sa.Table, connection: sa.Connection) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that may say what to do about a conflict."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterable[dict[str, Any]]) -> None:
    """Another process may be adding the same ones. One by one and in order: no two wait for each other."""
    statement = insert_into(table, connection).on_conflict_do_nothing()
    for row in rows:
        connection.execute(statement, row)
