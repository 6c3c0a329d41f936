from __future__ import annotations

import pytest

from wealthsources_store.reading import revisions
from wealthsources_store.restoring import restore

from ...support.bars import at
from .parquet_files import exported, restored
from .stock import FRAME, NOW, SYMBOL, got, put


@pytest.fixture
def other(new_url, opened):
    return opened(new_url())


@pytest.fixture
def file(database, tmp_path):
    """Two bars, of which the second was changed twice."""
    put(database, {0: "1", 1: "2"}, at(3), low="0.1")
    put(database, {1: "2.5"}, at(4), low="0.1")
    put(database, {1: "2"}, at(5), low="0.1")
    return exported(database, tmp_path / "all.parquet")


def known(database):
    found = revisions(database, SYMBOL, FRAME, start=0, end=NOW)
    return [(state.bar.exact("close"), state.bar.revision, state.known_at) for state in found]


def test_twice_is_once(other, file):
    assert restored(other, file) == (4, 0, 0)
    assert restored(other, file) == (0, 4, 0)
    assert known(other) == [("2", 0, at(3)), ("2.5", 1, at(4)), ("2", 2, at(5))]


def test_what_came_later_follows_what_is_there(other, file):
    put(other, {1: "2"}, at(3), low="0.1")
    assert restored(other, file) == (3, 1, 0)
    assert known(other) == [("2", 0, at(3)), ("2.5", 1, at(4)), ("2", 2, at(5))]


def test_what_is_there_may_know_more(other, file):
    restored(other, file)
    put(other, {1: "7"}, at(9), low="0.1")
    assert restored(other, file) == (0, 4, 0)
    assert got(other) == {0: "1", 1: "7"}


@pytest.mark.parametrize(("close", "known_at"), [("9", at(3)), ("2", at(2)), ("2.5", at(4)), ("8", at(9))])
def test_a_bar_of_which_other_things_were_known_stays_as_it_is(other, file, close, known_at):
    put(other, {1: close}, known_at, low="0.1")
    assert restored(other, file) == (1, 0, 1)
    assert got(other) == {0: "1", 1: close}
    assert known(other) == []


def test_the_newest_state_alone_is_the_first_of_its_bar(other, database, file, tmp_path):
    newest = exported(database, tmp_path / "newest.parquet", newest=True)
    assert restored(other, newest) == (2, 0, 0)
    assert got(other, known_at=at(4)) == {0: "1"}
    assert got(other, known_at=at(5)) == {0: "1", 1: "2"}
    assert restored(database, newest) == (0, 2, 0)


def test_nothing(other):
    assert restore(other, [], NOW) == (0, 0, 0)
