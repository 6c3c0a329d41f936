"""What a database raises, in our words: which store, what is wrong, and what to do about it. No secret is in it."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from wealthsources import SourceError, WealthSourcesError

if TYPE_CHECKING:
    from collections.abc import Callable

_FULL: Final = "cannot grow: the disk is full; make room, then go on. Nothing that was stored is lost"
#: Who opens a store that nobody has open makes a file beside it, even to read; 32 KB are enough.
_NO_ROOM_TO_OPEN: Final = (
    "cannot be opened: there is no room on the disk for the file -shm beside it, without which it cannot be read; "
    "make room, then go on. Nothing that was stored is lost"
)
#: SQLite's codes, without what is in their higher bits.
_OF_SQLITE: Final = {
    sqlite3.SQLITE_BUSY: "is locked: another process has been writing for as long as we wait; try again, and cut what "
    "is written at once into smaller parts",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: is there such a folder, and may this user write into it?",
    sqlite3.SQLITE_PERM: "may not be opened by this user; give it the right to read and write the file and its folder",
    sqlite3.SQLITE_READONLY: "may not be written by this user; give it the right to write the file and its folder "
    "(those who only read need that too, for the files -wal and -shm beside it)",
    sqlite3.SQLITE_CORRUPT: "is damaged: put a copy of it back, or save what can be read with `sqlite3 FILE .recover`; "
    "is it on a disk of this machine, and was nothing copied over it while it was in use?",
    sqlite3.SQLITE_NOTADB: "is no SQLite database: give the path of another file, or move this one away",
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk failed, or is none of this machine's",
}

#: PostgreSQL's codes (SQLSTATE); where it gives none, as when it lets nobody in, what its text has in it.
_OF_POSTGRESQL: Final = {
    "28P01": "turned the password down; set user and password of url",
    "28000": "turned the user down; set user and password of url, or let it in (pg_hba.conf)",
    "3D000": "has no such database: create it (createdb), or name another one in url",
    "3F000": "has no schema that this user may create tables in; create one, or grant it",
    "42501": "does not let this user do that: grant it the rights to create and use tables in this database",
    "25006": "only reads, being a copy of another server; name that one in url",
    "53100": "has no room left on its disk; make room, then go on. Nothing that was stored is lost",
    "53300": "has no connection left; close some, or raise its max_connections",
    "55P03": "is locked: another process has been writing for as long as we wait; try again",
    "40P01": "stopped one of two who waited for each other; try again",
    "57P01": "was shut down in the middle; the next call connects again",
    "57P03": "is starting or stopping; try again",
    "XX001": "has found its data damaged; see its log",
}
_TOLD_IN_TEXT: Final = {
    "password authentication failed": "28P01",
    "no password supplied": "28P01",
    "pg_hba.conf": "28000",
    'role "': "28000",
    'database "': "3D000",
    "too many clients": "53300",
    "starting up": "57P03",
    "shutting down": "57P03",
}
_AWAY: Final = "cannot be reached, or broke off in the middle; is it up, and at that address? The next call tries again"


class StoreError(SourceError):
    """The store could not be read or written; the message names the place and the remedy."""


class NoStore(StoreError):  # noqa: N818 - nothing failed: nobody has written yet
    """There is no store at that place: it is made by whoever writes first."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"{place}: there is no store yet; it is made when something is written to it. Is the url right?"
        )


class BadFile(WealthSourcesError):  # noqa: N818 - it is the file that is bad
    """A file cannot be imported; the message names it, the column and the row where one is to blame, and the remedy."""


def in_our_words(error: Exception, place: str, redact: Callable[[str], str]) -> StoreError:
    """The error to raise for what the driver of a database, or SQLAlchemy, raised; `place` is where the store is."""
    origin = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    return StoreError(f"{place}: {_told(origin)} ({redact(' '.join(str(origin).split()))})")


def _told(error: BaseException) -> str:
    if isinstance(error, sqlite3.Error):
        return _told_by_sqlite(getattr(error, "sqlite_errorcode", 0))
    if isinstance(error, sa.exc.TimeoutError):
        return "is asked by too many threads at once; fewer of them, or try again"
    if isinstance(error, OSError):
        if error.errno == errno.ENOSPC:
            return _FULL
        return "cannot be opened: is there such a folder, and may this user write into it?"
    text = str(error)
    code = getattr(error, "sqlstate", None) or next((code for part, code in _TOLD_IN_TEXT.items() if part in text), "")
    known = _OF_POSTGRESQL.get(code)
    return known or ("could not answer" if code and not code.startswith(("08", "57")) else _AWAY)


def _told_by_sqlite(code: int) -> str:
    if code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return _NO_ROOM_TO_OPEN
    return _OF_SQLITE.get(code & 0xFF, "could not be read or written")
