"""Five values as decimal text, and the rules that make them a bar."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from wealthsources_websocket.protocols.values import (
    KnownDecimals,
    decimals_of,
    read_values,
    refuse_doubles,
)

GOOD = ("10.50", "12", "9.000", "11.1", "0.123456")

# Decimals.


@pytest.mark.parametrize(
    ("text", "decimals"),
    [("0", 0), ("10", 0), ("10.50", 2), ("9.000", 3), ("123456789012345", 0), ("0.12345678901234", 14)],
)
def test_the_decimals_of_a_text_are_counted_with_their_noughts(text, decimals):
    assert decimals_of(text) == decimals


@pytest.mark.parametrize("text", ["1e5", "1E5", "1.5e3", "-1", "+1", ".5", "", "1234567890123456", "0.123456789012345"])
def test_a_text_that_its_number_might_not_give_back_has_none(text):
    with pytest.raises(ValueError, match=text.replace("+", r"\+") or None):
        decimals_of(text)


@given(st.decimals(min_value=0, max_value=10**9, allow_nan=False, places=5).map(str))
def test_number_and_decimals_give_the_text_back(text):
    assert f"{float(text):.{decimals_of(text)}f}" == text


def test_decimals_are_remembered():
    known = KnownDecimals()
    assert (known["1.25"], known["1.25"], known["7"]) == (2, 2, 0)
    assert known == {"1.25": 2, "7": 0}


def test_what_has_no_decimals_is_not_remembered():
    known = KnownDecimals()
    with pytest.raises(ValueError, match="1e5"):
        known["1e5"]
    assert not known


def test_no_more_are_remembered_than_fit():
    known = KnownDecimals()
    for number in range(20_000):
        assert known[f"{number}.5"] == 1
        assert len(known) <= 4_097


# Values.


def test_the_five_values_are_read_with_their_decimals():
    numbers, decimals, texts = read_values(GOOD)
    assert numbers == (10.5, 12.0, 9.0, 11.1, 0.123456)
    assert [decimals >> 6 * place & 63 for place in range(5)] == [2, 0, 3, 1, 6]
    assert texts is None


def test_whole_numbers_are_taken_as_their_text():
    assert read_values((10, 12, 9, 11, 3)) == read_values(("10", "12", "9", "11", "3"))


def test_a_text_that_decimals_cannot_give_back_is_kept_beside():
    numbers, _, texts = read_values(("10", "12", "9", "11", "1e-7"))
    assert numbers[4] == 1e-7
    assert texts == (None, None, None, None, "1e-7")


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize(
    ("value", "why"), [(None, "is missing"), ("x", "'x' is not a number"), (True, "True is not a number")]
)
def test_a_value_that_is_none_is_named_by_its_field(place, value, why):
    raw = (*GOOD[:place], value, *GOOD[place + 1 :])
    field = ("open", "high", "low", "close", "volume")[place]
    with pytest.raises(ValueError, match=f"^{field}: {why}"):
        read_values(raw)


# Objects that say something twice.


def test_an_object_that_says_something_twice_is_refused():
    with pytest.raises(ValueError, match="'a' is said twice"):
        json.loads('{"a": 1, "b": 2, "a": 1}', object_pairs_hook=refuse_doubles)


def test_an_object_that_says_everything_once_is_what_it_says():
    assert refuse_doubles([("a", 1), ("b", 1)]) == {"a": 1, "b": 1}
