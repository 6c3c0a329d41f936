from __future__ import annotations

import pytest

from wealthsources_store.naming import series_ids, source_ids, source_names

from .stock import put


@pytest.fixture
def names(database):
    """A store in which there are the tables."""
    put(database, {0: "1"})
    return database


def test_each_series_has_an_id_of_its_own_and_keeps_it(names):
    wanted = {("BTCUSDT", "1h"), ("BTCUSDT", "1m"), ("ETHUSDT", "1h"), ("btcusdt", "1h")}
    first = names.write(lambda connection: series_ids(connection, wanted))
    assert first.keys() == wanted
    assert len({*first.values()}) == 4
    more = {*wanted, ("X", "1h")}
    assert {**names.write(lambda connection: series_ids(connection, more)), **first}.keys() == more
    assert names.write(lambda connection: series_ids(connection, wanted)) == first


def test_more_symbols_than_a_question_may_name(names):
    wanted = {(f"S{number}", "1h") for number in range(700)}
    assert names.write(lambda connection: series_ids(connection, wanted)).keys() == wanted


def test_sources_by_name_and_back(names):
    ids = names.write(lambda connection: source_ids(connection, {"live", "história", ""}))
    assert ids.keys() == {"live", "história", ""}
    assert names.read(source_names) == {each: name for name, each in ids.items()}


def test_what_was_taken_back_left_no_id(names):
    def fail(connection):
        series_ids(connection, {("GONE", "1h")})
        raise KeyError

    with pytest.raises(KeyError):
        names.write(fail)
    kept = names.write(lambda connection: series_ids(connection, {("KEPT", "1h")}))
    assert names.write(lambda connection: series_ids(connection, {("KEPT", "1h")})) == kept
