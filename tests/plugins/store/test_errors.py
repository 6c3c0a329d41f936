from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
import sqlalchemy as sa

from wealthsources import Redactor, SourceError
from wealthsources_store.errors import NoStore, StoreError, in_our_words

REDACT = Redactor("correct-horse")


def of_sqlite(code: int, text: str = "it said so") -> sa.exc.DBAPIError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return sa.exc.OperationalError("SELECT secret", {"secret": 1}, error)


def of_postgresql(text: str, code: str | None = None) -> sa.exc.DBAPIError:
    error = psycopg.errors.lookup(code)(text) if code else psycopg.OperationalError(text)
    return sa.exc.OperationalError("SELECT secret", {"secret": 1}, error)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (sqlite3.SQLITE_BUSY, "is locked: another process"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "is locked: another process"),
        (sqlite3.SQLITE_CANTOPEN, "is there such a folder"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, "give it the right to write the file and its folder"),
        (sqlite3.SQLITE_CORRUPT_INDEX, "is damaged: put a copy of it back"),
        (sqlite3.SQLITE_NOTADB, "is no SQLite database"),
        (sqlite3.SQLITE_FULL, "the disk is full; make room"),
        (sqlite3.SQLITE_IOERR_READ, "the disk failed"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, "no room on the disk for the file -shm beside it"),
        (sqlite3.SQLITE_ERROR, "could not be read or written"),
    ],
)
def test_what_sqlite_says(code, told):
    error = in_our_words(of_sqlite(code), "/data/bars.db", REDACT)
    assert isinstance(error, StoreError)
    assert str(error).startswith("/data/bars.db: ")
    assert told in str(error)
    assert str(error).endswith("(it said so)")


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (
            'connection failed: FATAL:  password authentication failed for user "a"',
            None,
            "set user and password of url",
        ),
        ("fe_sendauth: no password supplied", None, "turned the password down"),
        ('FATAL:  no pg_hba.conf entry for host "::1"', None, "let it in"),
        ('FATAL:  role "b" does not exist', None, "turned the user down"),
        ('FATAL:  database "b" does not exist', None, "create it (createdb)"),
        ("FATAL:  sorry, too many clients already", None, "has no connection left"),
        ("FATAL:  the database system is starting up", None, "is starting or stopping"),
        ("connection refused", None, "cannot be reached"),
        ("server closed the connection unexpectedly", None, "cannot be reached, or broke off in the middle"),
        ("permission denied for table bars", "42501", "grant it the rights"),
        ("could not extend file: No space left on device", "53100", "no room left on its disk"),
        ("canceling statement due to lock timeout", "55P03", "is locked: another process"),
        ("deadlock detected", "40P01", "try again"),
        ("terminating connection due to administrator command", "57P01", "was shut down in the middle"),
        ("crash of another", "57P02", "broke off in the middle"),
        ("cannot execute INSERT in a read-only transaction", "25006", "only reads"),
        ("column is not there", "42703", "could not answer"),
    ],
)
def test_what_postgresql_says(text, code, told):
    error = in_our_words(of_postgresql(text, code), "postgresql://db/bars", REDACT)
    assert str(error).startswith("postgresql://db/bars: ")
    assert told in str(error)
    assert "SELECT" not in str(error)


def test_what_comes_straight_from_a_driver_is_told_too():
    assert "broke off" in str(in_our_words(psycopg.OperationalError("the connection is lost"), "x", REDACT))
    assert "could not be read" in str(in_our_words(sqlite3.Error("?"), "x", REDACT))
    assert "too many threads" in str(in_our_words(sa.exc.TimeoutError("pool"), "x", REDACT))
    assert "is there such a folder" in str(in_our_words(PermissionError("denied"), "x", REDACT))
    assert "the disk is full" in str(in_our_words(OSError(errno.ENOSPC, "No space left on device"), "x", REDACT))


def test_a_password_in_what_it_says_is_hidden_and_lines_are_joined():
    error = in_our_words(psycopg.OperationalError("with correct-horse\n\tat 5432 failed"), "x", REDACT)
    assert str(error).endswith("(with *** at 5432 failed)")


def test_they_are_errors_of_a_source():
    assert issubclass(NoStore, StoreError)
    assert issubclass(StoreError, SourceError)
    assert str(NoStore("/data/bars.db")).startswith("/data/bars.db: there is no store yet; ")
