from __future__ import annotations

import pytest

from wealthsources_store.changes import REPEATED, State, changes, first_known, is_same
from wealthsources_store.packing import to_columns

from ...support.bars import at
from .stock import NOW, closes


def state(close: object, revision: int = 0, known_at: int = 0) -> State:
    columns = to_columns(closes({0: close}))
    values = tuple(column[0] for column in columns.values)
    return State(revision, known_at, values, columns.decimals[0], columns.texts[0])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1.5", "1.5", True),
        ("1.5", "1.50", True),
        ("1.5", 1.5, True),
        ("0.0000001", "1e-7", True),
        (".5", "0.5", True),
        (1e-7, "1e-7", True),
        ("1.5", "1.6", False),
        ("0.12345678901234567890", "0.12345678901234567891", False),
        ("0.12345678901234567890", "0.123456789012345678900", True),
        ("0.1", "0.10000000000000000001", False),
    ],
)
def test_two_states_are_the_same_if_their_numbers_are(one, other, same):
    a, b = state(one), state(other)
    assert is_same(a, b.values, b.decimals, b.texts) is same
    assert is_same(b, a.values, a.decimals, a.texts) is same


def test_what_arrived_is_known_from_then_on():
    assert first_known(closes({0: "1", 1: "2"}), at(5), [(0, NOW)], NOW) == [at(5), at(5)]


def test_what_was_fetched_is_known_at_its_end_unless_a_recorder_was_at_work():
    bars = closes(dict.fromkeys(range(5), "1"))
    spans = [(at(2), at(4)), (at(9), at(10))]
    assert first_known(bars, None, (), NOW) == [at(place + 1) for place in range(5)]
    assert first_known(bars, None, spans, NOW) == [at(1), NOW, NOW, at(4), at(5)]


def test_a_clock_that_is_slow_makes_nothing_known_before_its_end():
    assert first_known(closes({3: "1"}), None, [(0, NOW)], at(1)) == [at(4)]


def test_new_revised_and_repeated():
    columns = to_columns(closes({0: "1", 1: "2", 2: "3"}))
    stored = {at(1): state("2", 4, at(7)), at(2): state("9", 2, at(8))}
    assert changes(columns, stored, [at(1)] * 3, at(20)) == ([0, REPEATED, 3], [at(1), at(7), at(20)])


def test_a_revision_is_never_known_before_the_one_it_follows():
    columns = to_columns(closes({0: "2"}))
    assert changes(columns, {at(0): state("1", 0, at(9))}, [at(1)], at(5)).known_at == [at(9)]


def test_with_nothing_stored_all_is_new():
    columns = to_columns(closes({0: "1", 1: "2"}))
    assert changes(columns, {}, [5, 6], 7) == ([0, 0], [5, 6])
