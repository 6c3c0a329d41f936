"""Several processes on one store, and one that is killed."""

from __future__ import annotations

import os
import random

import pytest

from .stock import got, put
from .workers import LATEST, start

#: How much has been told when the writer is killed; `make kill-test` tries more.
LINES = [1, 60, *random.Random(7).choices(range(1, 120), k=int(os.environ.get("KILL_ROUNDS", "0")) // 2)]


def ends_well(process) -> str:
    said, _ = process.communicate(timeout=200)
    assert process.returncode == 0, said
    return said


def test_two_read_while_a_third_writes(url, opened):
    put(opened(url), {0: "0"}, now=LATEST)
    readers = [start("read", url, 60) for _ in range(2)]
    assert [reader.stdout.readline() for reader in readers] == ["reading\n"] * 2
    assert len(ends_well(start("write", url, 60)).split()) == 60
    assert all(int(ends_well(reader)) > 1 for reader in readers)


def test_two_who_write_the_same_at_once_store_it_once(url, opened):
    writers = [start("same", url, 400) for _ in range(2)]
    for writer in writers:
        ends_well(writer)
    database = opened(url)
    assert got(database, end=LATEST) == {place: str(place) for place in range(400)}
    found = database.read(lambda connection: connection.exec_driver_sql("SELECT max(revision) FROM bars").scalar())
    assert found == 0


@pytest.mark.parametrize("lines", LINES)
def test_nothing_that_was_acknowledged_is_lost_when_the_writer_is_killed(url, opened, lines):
    writer = start("write", url, 100_000)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(lines)]
    writer.kill()
    rest = writer.stdout.read()
    writer.wait(60)
    writer.stdout.close()
    acknowledged += [int(line) for line in rest.splitlines(keepends=True) if line.endswith("\n")]
    database = opened(url)
    stored = got(database, end=LATEST)
    assert stored.items() >= {place: str(place) for place in acknowledged}.items()
    assert len(stored) <= len(acknowledged) + 1  # one may have been stored before it could be told
    put(database, {200: "1"})
    assert 200 in got(database)
