from __future__ import annotations

import gc
import os
import sqlite3
import threading
import time

import pytest
import sqlalchemy as sa

from wealthsources_store import engines
from wealthsources_store.errors import NoStore, StoreError
from wealthsources_store.schema import bars
from wealthsources_store.writing import Written

from ...support.forking import in_child
from .server import running
from .stock import got, put

ONLY_SQLITE = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
ONLY_POSTGRESQL = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(engines, "PATIENCE", 1)


def count(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(bars)).scalar_one()


# what is committed, and what is not ----------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_nothing(database):
    put(database, {0: "1"})

    def fail(connection: sa.Connection) -> None:
        connection.execute(sa.delete(bars))
        raise KeyError

    with pytest.raises(KeyError):
        database.write(fail)
    assert got(database) == {0: "1"}


def test_many_threads_read_and_write(database):
    put(database, {0: "1"})
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for place in range(10):
                put(database, {100 * number + place: "1"})
                got(database)
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert failed == []
    assert len(got(database)) == 61


def test_it_may_be_used_after_it_was_closed(database):
    put(database, {0: "1"})
    database.close()
    database.close()
    assert got(database) == {0: "1"}


def test_who_waits_too_long_for_another_that_writes_is_told(url, opened, impatient):
    one, other = opened(url), opened(url)
    put(one, {0: "1"})

    def work(connection: sa.Connection) -> None:
        connection.exec_driver_sql("UPDATE series SET symbol = symbol")
        began = time.monotonic()
        assert got(other) == {0: "1"}  # who reads does not wait
        with pytest.raises(StoreError, match="is locked: another process has been writing") as raised:
            put(other, {1: "2"})
        assert time.monotonic() - began < 10
        assert str(raised.value).startswith(other.place)

    one.write(work)
    put(other, {1: "2"})
    assert got(one) == {0: "1", 1: "2"}


# the file ------------------------------------------------------------------------------------------------------------


def test_a_folder_is_made_but_not_two(tmp_path, opened):
    put(opened(f"sqlite:///{tmp_path}/data/bars.db"), {0: "1"})
    with pytest.raises(StoreError, match=f"{tmp_path}/no/such/bars.db: cannot be opened: is there such a folder"):
        put(opened(f"sqlite:///{tmp_path}/no/such/bars.db"), {0: "1"})


def test_where_nobody_has_written_there_is_no_store_and_none_is_made(tmp_path, opened):
    for name in ("bars.db", "no/such/bars.db"):
        with pytest.raises(NoStore, match="there is no store yet; it is made when something is written"):
            got(opened(f"sqlite:///{tmp_path}/{name}"))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty.db").touch()
    with pytest.raises(NoStore):
        got(opened(f"sqlite:///{tmp_path}/empty.db"))


@ONLY_SQLITE
def test_a_file_that_was_removed_is_told_once_and_made_again(database, url):
    put(database, {0: "1"})
    database.path.unlink()
    with pytest.raises(NoStore):
        got(database)
    put(database, {1: "2"})
    assert got(database) == {1: "2"}
    database.path.unlink()
    with pytest.raises(StoreError, match="the file was removed while it was in use; the next call makes a new one"):
        put(database, {3: "3"})
    put(database, {3: "3"})
    assert got(database) == {3: "3"}


@ONLY_SQLITE
def test_a_file_that_was_replaced_is_not_mixed_with_what_is_left_of_the_one_before(url, new_url, opened):
    database, other = opened(url), opened(new_url())
    put(database, {0: "1"})
    put(other, {7: "7"})
    other.close()
    content = other.path.read_bytes()
    other.path.replace(database.path)
    for work in (got, lambda database: put(database, {1: "2"}), got):
        with pytest.raises(StoreError, match=r"another file was put in its place .* remove the files -wal and -shm"):
            work(database)
    assert database.path.read_bytes() == content


@pytest.mark.parametrize(
    "content", [b"open_time,open,high,low,close\n" * 200, b"\0" * 5000, b"SQLite format 3\0" * 400]
)
def test_another_kind_of_file_is_left_alone(tmp_path, opened, content):
    path = tmp_path / "bars.db"
    path.write_bytes(content)
    for work in (got, lambda database: put(database, {0: "1"})):
        with pytest.raises(StoreError, match=r"is no SQLite database|is damaged"):
            work(opened(f"sqlite:///{path}"))
    assert path.read_bytes() == content


@ONLY_SQLITE
def test_a_damaged_file_is_told(url, opened):
    database = opened(url)
    put(database, dict.fromkeys(range(1000), "1"))
    database.close()
    with database.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (database.path.stat().st_size - 8192))
    for work in (got, lambda database: put(database, dict.fromkeys(range(1000), "2"))):
        with pytest.raises(StoreError, match="is damaged: put a copy of it back"):
            work(opened(url))


@ONLY_SQLITE
def test_a_file_cut_short_is_told(url, opened):
    database = opened(url)
    put(database, dict.fromkeys(range(1000), "1"))
    database.close()
    os.truncate(database.path, 20_000)
    with pytest.raises(StoreError, match="is damaged"):
        got(opened(url))


@ONLY_SQLITE
def test_a_full_disk_is_told_and_it_goes_on_when_there_is_room(url, opened):
    database = opened(url)
    put(database, {0: "1"})

    def room(pages: int) -> None:
        database.close()
        sa.event.listen(database._engine, "connect", lambda raw, _: raw.execute(f"PRAGMA max_page_count={pages}"))

    room(10)
    with pytest.raises(StoreError, match="the disk is full; make room, then go on"):
        put(database, dict.fromkeys(range(1, 2000), "1"))
    assert got(database) == {0: "1"}
    room(1_000_000)
    put(database, dict.fromkeys(range(1, 2000), "1"))
    assert len(got(database, end=10**13)) == 2000


@pytest.mark.parametrize("who", ["file", "folder"])
def test_who_has_no_rights_is_told(tmp_path, opened, who):
    """In a child that is nobody, since root may do all."""
    path = tmp_path / "data" / "bars.db"
    put(opened(f"sqlite:///{path}"), {0: "1"}).new  # noqa: B018
    gc.collect()

    def work() -> str:
        if who == "file":
            path.parent.chmod(0o777)
        path.chmod(0o400 if who == "file" else 0o666)
        for parent in path.parent.parents:
            if parent.stat().st_uid == os.geteuid() and len(parent.parts) > 2:
                parent.chmod(0o755)
        if os.geteuid() == 0:
            os.setegid(65534)
            os.seteuid(65534)
        try:
            put(opened(f"sqlite:///{path}"), {1: "1"})
        except StoreError as error:
            return str(error)
        return "written"

    told = in_child(work)
    assert "cannot be opened: is there such a folder, and may this user" in told or "give it the right to write" in told


# a server ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"password": "correct-horse-of-another"}, "turned the password down; set user and password of url"),
        ({"user": "stranger"}, "turned the password down|turned the user down"),
        ({"database": "no_such_database"}, "has no such database: create it"),
    ],
)
def test_a_server_that_lets_nobody_in_is_told_without_the_password(opened, postgresql, changes, told):
    database = opened(postgresql.url(**changes))
    with pytest.raises(StoreError, match=told) as raised:
        got(database)
    text = f"{raised.value} {raised.value.__cause__} {raised.value.__context__ and ''} {database.place}"
    assert "correct-horse" not in text
    assert str(raised.value).startswith(f"postgresql://{changes.get('user', 'keeper')}@127.0.0.1:{postgresql.port}/")


def test_a_port_at_which_nobody_listens(opened, closed_port):
    with pytest.raises(StoreError, match=r"cannot be reached, .* is it up, and at that address\?"):
        got(opened(f"postgresql+psycopg://a:b@127.0.0.1:{closed_port}/x"))


def test_a_server_that_answers_nothing_is_given_up(opened, impatient, full_port, monkeypatch):
    monkeypatch.setitem(engines._ALIVE, "connect_timeout", 2)
    began = time.monotonic()
    with pytest.raises(StoreError, match="cannot be reached"):
        got(opened(f"postgresql+psycopg://a:b@127.0.0.1:{full_port}/x"))
    assert time.monotonic() - began < 30


def test_a_user_without_rights_is_told(opened, postgresql):
    name = "of_another"
    postgresql.execute(f"CREATE DATABASE {name}")
    database = opened(postgresql.url(name))
    put(database, {0: "1"})
    postgresql.execute(f"CREATE ROLE reader_of_{name} LOGIN PASSWORD 'reads-only'")
    reader = opened(postgresql.url(name, f"reader_of_{name}", "reads-only"))
    with pytest.raises(StoreError, match="grant it the rights to create and use tables"):
        got(reader)
    postgresql.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_of_{name}", name)
    assert got(reader) == {0: "1"}
    with pytest.raises(StoreError, match="grant it the rights"):
        put(reader, {1: "2"})
    assert got(database) == {0: "1"}


@ONLY_POSTGRESQL
def test_connections_that_were_dropped_meanwhile_are_made_again_without_a_word(database, postgresql):
    put(database, {0: "1"})
    for work in (got, lambda database: put(database, {1: "2"})):
        postgresql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wealthsources'"
        )
        work(database)
    assert got(database) == {0: "1", 1: "2"}


@ONLY_POSTGRESQL
def test_one_that_is_dropped_while_it_writes_is_made_again_and_nothing_is_twice(database, postgresql, monkeypatch):
    put(database, {0: "1"})
    from wealthsources_store.writing import _Writer

    plain, times = _Writer._insert, []

    def dropped(self: _Writer) -> None:
        if not times:
            times.append(self._connection.exec_driver_sql("SELECT pg_backend_pid()").scalar())
            postgresql.execute(f"SELECT pg_terminate_backend({times[0]})")
        plain(self)

    monkeypatch.setattr(_Writer, "_insert", dropped)
    assert put(database, dict.fromkeys(range(100), "1")) == Written(99, 0, 1)
    assert database.read(count) == 100


def test_a_server_that_goes_away_and_comes_back(opened):
    with running() as server:
        database = opened(server.url())
        put(database, {0: "1"})
        server.stop()
        for work in (got, lambda database: put(database, {1: "2"})):
            with pytest.raises(StoreError, match="cannot be reached"):
                work(database)
        server.start()
        assert got(database) == {0: "1"}
        put(database, {1: "2"})
        assert got(database) == {0: "1", 1: "2"}


# a fork --------------------------------------------------------------------------------------------------------------


def test_a_child_has_connections_of_its_own_and_the_parents_go_on(database, kind):
    put(database, {0: "1"})

    def work() -> dict[int, str]:
        put(database, {1: "2"})
        return got(database)

    assert in_child(work) == {0: "1", 1: "2"}
    put(database, {2: "3"})
    assert got(database) == {0: "1", 1: "2", 2: "3"}


@ONLY_SQLITE
def test_a_child_holds_the_file_by_itself(database, url, opened):
    """It would not if it took the parent's locks for its own: then the log would be removed under it."""
    put(database, {0: "1"})
    reading, writing = os.pipe()

    def work() -> dict[int, str]:
        got(database)
        os.read(reading, 1)  # until the parent has closed its own
        put(database, {1: "2"})
        return got(database)

    def close() -> None:
        time.sleep(1)
        database.close()
        os.write(writing, b".")

    closing = threading.Thread(target=close)
    closing.start()
    assert in_child(work) == {0: "1", 1: "2"}
    closing.join()
    os.close(reading)
    os.close(writing)
    assert got(opened(url)) == {0: "1", 1: "2"}


def test_a_child_forked_in_the_middle_of_work_on_a_file_says_so(database, kind):
    put(database, {0: "1"})
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> None:
        count(connection)
        inside.set()
        go_on.wait(30)

    thread = threading.Thread(target=database.read, args=(slow,))
    thread.start()
    assert inside.wait(30)
    try:
        if kind == "sqlite":
            with pytest.raises(StoreError, match="was forked while another thread was at work on the store"):
                in_child(lambda: got(database))
        else:
            assert in_child(lambda: got(database)) == {0: "1"}
    finally:
        go_on.set()
        thread.join(30)
    assert got(database) == {0: "1"}


def test_whoever_opened_the_file_by_other_means_may_read_it(database, kind):
    if kind == "sqlite":
        put(database, {0: "1", 1: "1"})
        connection = sqlite3.connect(database.path)
        assert connection.execute("SELECT count(*) FROM bars").fetchone() == (2,)
        connection.close()
