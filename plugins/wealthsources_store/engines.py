"""How connections are opened: what SQLite and PostgreSQL are told before anything is asked of them.

A process that is killed loses nothing that was committed. When the power fails, SQLite may lose the newest commits
(`synchronous=NORMAL` hands them to the operating system, and to the disk a little later) but stays whole; PostgreSQL
loses none, unless its own `synchronous_commit` was turned off.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import sqlalchemy as sa

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine.interfaces import DBAPIConnection

    from wealthsources_store.options import StoreOptions

#: Seconds to wait for another process that writes, for a server to let us in, for a thread that has the connection.
PATIENCE: Final = 5
#: MB of the log of changes that SQLite leaves on the disk once they are in the file.
_LONGEST_LOG: Final = 64
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=NORMAL", f"journal_size_limit={_LONGEST_LOG << 20}")
#: Seconds or, where they end in `timeout`, ms: a server that is gone without a word is noticed.
_ALIVE: Final = {
    "connect_timeout": PATIENCE,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "wealthsources",
}


def make_engine(options: StoreOptions) -> sa.Engine:
    """The engine of a store. Nothing is opened yet."""
    if options.path is not None:
        return _engine_of_file(options.path)
    alive: dict[str, Any] = {key: value for key, value in _ALIVE.items() if key not in options.address.query}
    engine = sa.create_engine(
        options.address, connect_args=alive, hide_parameters=True, pool_timeout=PATIENCE, pool_use_lifo=True
    )
    sa.event.listen(engine, "begin", _wait_no_longer)
    return engine


def for_readers(engine: sa.Engine) -> sa.Engine:
    """The same connections, for transactions that see one moment however often they ask."""
    snapshot = engine.dialect.name == "postgresql"  # SQLite has no other kind
    return engine.execution_options(isolation_level="REPEATABLE READ") if snapshot else engine


def for_writers(engine: sa.Engine) -> sa.Engine:
    """The same connections, for transactions that write: they wait for others that do, but not for ever."""
    return engine.execution_options(immediate=True)


def _wait_no_longer(connection: sa.Connection) -> None:
    if connection.get_execution_options().get("immediate"):
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}s'")


def _engine_of_file(path: Path) -> sa.Engine:
    # mode=rw: who only reads makes no file.
    uri = f"file:{quote(str(path))}?mode=rw"
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(uri, uri=True, timeout=PATIENCE, check_same_thread=False),
        poolclass=sa.pool.QueuePool,
        pool_timeout=PATIENCE,
        pool_use_lifo=True,
        hide_parameters=True,
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, _: object) -> None:
    connection.isolation_level = None  # the module would begin transactions by itself, and too late
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: sa.Connection) -> None:
    """A writer waits for its turn now: one that read first, while another wrote, could not write any more."""
    immediate = connection.get_execution_options().get("immediate")
    if immediate:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # which cannot fail, and is a tenth of a short question if it goes through SQLAlchemy
        driver: Any = connection.connection.dbapi_connection
        driver.execute("BEGIN")
