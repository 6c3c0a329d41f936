from __future__ import annotations

import threading

import pytest
import sqlalchemy as sa

from wealthsources import __version__
from wealthsources_store import schema
from wealthsources_store.errors import NoStore, StoreError
from wealthsources_store.schema import bring_up_to_date, is_current
from wealthsources_store.writing import Written

from .stock import got, put

OLDER = schema.VERSION - 1


@pytest.fixture
def older(database):
    """A store whose version is that number."""

    def make(version: int) -> None:
        put(database, {0: "1"})
        database.write(lambda connection: connection.execute(sa.update(schema.about).values(version=version)))

    return make


def test_tables_are_made_by_who_writes_first(database):
    with pytest.raises(NoStore, match="there is no store yet"):
        got(database)
    put(database, {0: "1"})
    assert got(database) == {0: "1"}
    assert database.read(lambda connection: is_current(connection, "x"))
    assert database.read(lambda connection: connection.execute(sa.select(schema.about.c.version)).all()) == [
        (schema.VERSION,)
    ]


def test_an_older_store_is_brought_up_to_date_by_who_opens_it_first(url, opened, older, monkeypatch):
    older(OLDER)
    monkeypatch.setitem(
        schema.MIGRATIONS,
        OLDER,
        lambda connection: connection.exec_driver_sql("ALTER TABLE bars ADD COLUMN added INTEGER DEFAULT 7"),
    )
    reader = opened(url)
    assert got(reader) == {0: "1"}
    assert reader.read(lambda connection: connection.exec_driver_sql("SELECT added FROM bars").scalar_one()) == 7
    assert put(opened(url), {0: "1", 1: "2"}) == Written(1, 0, 1)


def test_a_migration_that_fails_changes_nothing(url, opened, older, monkeypatch):
    older(OLDER)

    def fail(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE bars ADD COLUMN added INTEGER")
        connection.exec_driver_sql("SELECT 1 FROM nowhere")

    monkeypatch.setitem(schema.MIGRATIONS, OLDER, fail)
    with pytest.raises(StoreError, match="nowhere"):
        got(opened(url))
    monkeypatch.setitem(schema.MIGRATIONS, OLDER, lambda _: None)
    reader = opened(url)
    assert got(reader) == {0: "1"}
    names = reader.read(lambda connection: {column["name"] for column in sa.inspect(connection).get_columns("bars")})
    assert "added" not in names


def test_a_store_of_a_version_that_we_cannot_read_is_refused_with_the_remedy(url, opened, older):
    older(OLDER)
    with pytest.raises(
        StoreError,
        match=f"of version {OLDER}, which wealthsources {__version__} cannot bring to version {schema.VERSION}; with "
        "the one that wrote it: `wealthsources export --to FOLDER --revisions`; then .* `wealthsources import FOLDER`",
    ):
        got(opened(url))
    older(9)
    with pytest.raises(
        StoreError, match=f"of version 9, .* those up to {schema.VERSION}; upgrade it: pip install --upgrade"
    ):
        put(opened(url), {0: "1"})


def test_tables_of_something_else_are_left_alone(database):
    def theirs(connection: sa.Connection) -> None:
        sa.Table("bars", sa.MetaData(), sa.Column("drinks", sa.Integer)).create(connection)

    database._make_file()
    with database._engine.begin() as connection:
        theirs(connection)
    for work in (got, lambda database: put(database, {0: "1"})):
        with pytest.raises(StoreError, match=r"is no store, and has tables of its names \(bars\)"):
            work(database)


def test_two_who_make_a_store_at_once_make_one(url, opened):
    at_once, failed = threading.Barrier(4), []

    def work() -> None:
        database = opened(url)
        at_once.wait(10)
        try:
            put(database, {0: "1"})
        except StoreError as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert got(opened(url)) == {0: "1"}


def test_to_bring_it_up_to_date_twice_does_nothing(database):
    put(database, {0: "1"})
    database.write(lambda connection: bring_up_to_date(connection, "x"))
    assert got(database) == {0: "1"}
