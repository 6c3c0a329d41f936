"""One store, opened: work is done in transactions, and what goes wrong is told in our words."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
import weakref
from typing import TYPE_CHECKING, Final, TypeVar

import sqlalchemy as sa

from wealthsources import ForkLock, call_in_child
from wealthsources_store import schema
from wealthsources_store.engines import for_readers, for_writers, make_engine
from wealthsources_store.errors import NoStore, StoreError, in_our_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wealthsources_store.options import StoreOptions

_T = TypeVar("_T")

#: Whose connections a forked child may have to close.
_opened: Final[weakref.WeakSet[Database]] = weakref.WeakSet()


class Database:
    """For any number of threads. Nothing is opened before it is used; a process and its forked children each have
    connections of their own.

    place  where the store is, for people
    path   the file; None if a server has it
    """

    def __init__(self, options: StoreOptions) -> None:
        self.place = options.place
        self.path = options.path
        self._redact = options.redactor()
        self._engine = make_engine(options)
        self._reader, self._writer = for_readers(self._engine), for_writers(self._engine)
        self._lock = ForkLock()
        self._in_use = 0
        self._torn = False
        self._current = False
        self._file: tuple[int, int] | None = None
        _opened.add(self)
        call_in_child(self, Database._begin_anew)

    def read(self, work: Callable[[sa.Connection], _T]) -> _T:
        """What `work` returns, called in a transaction that only reads.

        It may be called twice: once more if the connection turned out to be dropped. Raises NoStore if nobody has
        written yet, StoreError for whatever went wrong.
        """
        with self._using():
            self._notice_another_file()
            return self._twice(lambda: self._run(work, immediate=False))

    def write(self, work: Callable[[sa.Connection], _T]) -> _T:
        """What `work` returns, called in a transaction that may write; the store is made if there is none.

        When this returns, it is committed. It may be called twice, as by `read`, so what it does must do no harm if it
        was done already: where a connection breaks while it commits, nobody knows. Raises StoreError.
        """
        with self._using():
            self._make_file()
            self._notice_another_file()
            return self._twice(lambda: self._run(work, immediate=True))

    def close(self) -> None:
        """Close what is open and not at work. It may be used again."""
        self._engine.dispose()

    # what happens around work ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _using(self) -> Iterator[None]:
        if self._torn:
            raise StoreError(
                f"{self.place}: this process was forked while another thread was at work on the store, and cannot use "
                "it safely; open the session in this process"
            )
        with self._lock:
            self._in_use += 1
        try:
            yield
        except _foreign_errors() as error:
            raise in_our_words(error, self.place, self._redact) from None  # the original may have a password in it
        finally:
            with self._lock:
                self._in_use -= 1

    def _twice(self, run: Callable[[], _T]) -> _T:
        """A pool may hold connections of a server that has been started again since."""
        try:
            return run()
        except sa.exc.DBAPIError as error:
            if not error.connection_invalidated:
                raise
        return run()

    def _run(self, work: Callable[[sa.Connection], _T], *, immediate: bool) -> _T:
        if not self._current:
            self._open(make=immediate)
        with (self._writer if immediate else self._reader).begin() as connection:
            return work(connection)

    def _open(self, *, make: bool) -> None:
        """Look at the version once."""
        with self._reader.begin() as connection:
            try:
                self._current = schema.is_current(connection, self.place)
            except NoStore:
                if not make:
                    raise
        if not self._current:
            with self._writer.begin() as connection:
                schema.bring_up_to_date(connection, self.place)
            self._current = True

    # the file --------------------------------------------------------------------------------------------------

    def _make_file(self) -> None:
        if self.path is None or self.path.exists():
            return
        if self._file is not None:
            self._let_go()
            raise StoreError(f"{self.place}: the file was removed while it was in use; the next call makes a new one")
        self.path.parent.mkdir(exist_ok=True)  # one folder: more would hide that a disk is not mounted
        self.path.touch()

    def _notice_another_file(self) -> None:
        """What is written to a file that was removed would be lost with it, and nobody would know.

        SQLite takes the log beside another file for that file's own, and mixes the two: we do not open it.
        """
        if self.path is None:
            return
        try:
            found = self.path.stat()
        except FileNotFoundError:
            self._let_go()
            raise NoStore(self.place) from None
        file = (found.st_dev, found.st_ino)
        if self._file not in (None, file):
            raise StoreError(
                f"{self.place}: another file was put in its place while it was in use: stop all that use it, remove "
                "the files -wal and -shm beside it, which belong to the one before, and start again"
            )
        self._file = file

    def _let_go(self) -> None:
        self._engine.dispose()
        self._current, self._file = False, None

    # a fork ----------------------------------------------------------------------------------------------------

    def _begin_anew(self) -> None:
        """In a forked child: connections that were idle are let go of, so that the child opens its own.

        SQLite must close them: its locks belong to the process, but its notes of them were copied, and with those a
        child would believe to hold what the parent holds. One that another thread was using cannot be closed.
        """
        if self.path is None:
            self._engine.dispose(close=False)  # it is the parent's conversation with the server: not a word more
        elif any(other._in_use for other in _opened if other.path == self.path):
            self._torn = True
        else:
            self._engine.dispose()


def _foreign_errors() -> tuple[type[Exception], ...]:
    """Those of SQLAlchemy, of the file system, and of the drivers, of which we ask something directly."""
    driver = sys.modules.get("psycopg")
    return (sa.exc.SQLAlchemyError, sqlite3.Error, OSError, *((driver.Error,) if driver else ()))
