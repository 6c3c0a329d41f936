from __future__ import annotations

import pytest

from wealthsources_store.naming import form_ids, forms_of, series_ids
from wealthsources_store.packing import Form

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


def test_forms_by_what_they_are_and_back(names):
    wanted = {
        Form("live", 1, 7),
        Form("live", 2, 7),
        Form("live", 1, 2**30 - 1),
        Form("história", 1, 7),
        Form("", 0, 0),
    }
    ids = names.write(lambda connection: form_ids(connection, wanted))
    assert ids.keys() >= wanted
    assert len({*ids.values()}) == len(ids)
    assert names.read(lambda connection: forms_of(connection, {ids[form] for form in wanted})).keys() == {
        ids[form] for form in wanted
    }
    for form in wanted:
        assert names.read(lambda connection, each=ids[form]: forms_of(connection, {each})) == {ids[form]: form}
    again = names.write(lambda connection: form_ids(connection, {*wanted, Form("more", 0, 0)}))
    assert {form: again[form] for form in wanted} == {form: ids[form] for form in wanted}


def test_more_forms_than_a_question_may_name(names):
    wanted = {Form("live", 1, decimals) for decimals in range(700)}
    ids = names.write(lambda connection: form_ids(connection, wanted))
    assert ids.keys() >= wanted
    found = names.read(lambda connection: forms_of(connection, {ids[form] for form in wanted}))
    assert {found[ids[form]] for form in wanted} == wanted


def test_what_was_taken_back_left_no_id(names):
    def fail(connection):
        series_ids(connection, {("GONE", "1h")})
        raise KeyError

    with pytest.raises(KeyError):
        names.write(fail)
    kept = names.write(lambda connection: series_ids(connection, {("KEPT", "1h")}))
    assert names.write(lambda connection: series_ids(connection, {("KEPT", "1h")})) == kept
