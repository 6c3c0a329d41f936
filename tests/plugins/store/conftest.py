"""Stores for the tests of the store: every one of them on a file of SQLite's and on a PostgreSQL server."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from wealthsources_store.database import Database
from wealthsources_store.options import StoreOptions

from .server import PostgreSQL, running

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One server for all tests; each has a schema of its own."""
    with running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request) -> str:
    return request.param


@pytest.fixture
def new_url(kind, request, tmp_path) -> Callable[[], str]:
    """Makes addresses of stores that are not there yet."""

    def make() -> str:
        name = f"store_{next(_numbers)}"
        if kind == "sqlite":
            return f"sqlite:///{tmp_path}/{name}.db"
        server = request.getfixturevalue("postgresql")
        server.execute(f"CREATE SCHEMA {name}")  # a database of its own takes a quarter of a second
        return f"{server.url()}?options=-csearch_path%3D{name}"

    return make


@pytest.fixture
def url(new_url) -> str:
    return new_url()


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    """Opens stores, and closes them at the end of the test."""
    made: list[Database] = []

    def make(url: str) -> Database:
        made.append(Database(StoreOptions(url=url)))
        return made[-1]

    yield make
    for database in made:
        database.close()


@pytest.fixture
def database(url, opened) -> Database:
    return opened(url)
