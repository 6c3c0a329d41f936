from __future__ import annotations

import pytest

from wealthsources_store.engines import PATIENCE, make_engine
from wealthsources_store.options import StoreOptions

from .stock import put


@pytest.fixture
def asked(database):
    """What the connection of a store answers."""
    put(database, {0: "1"})
    return lambda text: database.write(lambda connection: connection.exec_driver_sql(text).scalar())


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_file_is_read_while_it_is_written_and_its_log_stays_small(asked):
    assert asked("PRAGMA journal_mode") == "wal"
    assert asked("PRAGMA synchronous") == 1
    assert asked("PRAGMA busy_timeout") == PATIENCE * 1000
    assert asked("PRAGMA journal_size_limit") == 64 << 20


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_who_writes_to_a_server_does_not_wait_for_ever(asked, database):
    assert asked("SHOW lock_timeout") == f"{PATIENCE}s"
    assert asked("SHOW application_name") == "wealthsources"
    assert database.read(lambda connection: connection.exec_driver_sql("SHOW lock_timeout").scalar()) == "0"


def test_an_option_of_the_address_goes_before_ours(postgresql):
    engine = make_engine(StoreOptions(url=f"{postgresql.url()}?application_name=mine"))
    with engine.begin() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar() == "mine"
    engine.dispose()


def test_who_only_reads_makes_no_file(tmp_path):
    engine = make_engine(StoreOptions(url=f"sqlite:///{tmp_path}/none.db"))
    with pytest.raises(Exception, match="unable to open"):
        engine.connect()
    assert list(tmp_path.iterdir()) == []


def test_a_name_may_have_any_character(tmp_path, opened):
    database = opened(f"sqlite:///{tmp_path}/bars of 100%25 #1 & more.db")
    put(database, {0: "1"})
    assert (tmp_path / "bars of 100%25 #1 & more.db").exists()
