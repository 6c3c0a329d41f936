"""Fingerprints of values: equal for equal ones, different for others."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, strategies as st

from wealthsources import Bars
from wealthsources_verify.fingerprint import fingerprint

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@dataclasses.dataclass
class Plain:
    value: object


def bars(close):
    return Bars.from_columns("X", "1h", [0], [1.0], [9.0], [1.0], [close], [1.0])


@given(plain, plain)
def test_two_values_have_one_digest_only_if_they_look_the_same(one, other):
    same = repr(one) == repr(other)
    if one != other and not same:
        assert fingerprint(one) != fingerprint(other)
    if same:
        assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x,
        np.float64,
        lambda x: [1, (x, {"a": x})],
        lambda x: {x, 7.5},
        lambda x: np.array([1.0, x]),
        lambda x: np.array([1.0, x], dtype=object),
        lambda x: pd.Series([1.0, x]),
        lambda x: pd.Series([1.0], index=[x]),
        lambda x: pd.DataFrame({"a": [1.0, x], "b": ["c", "d"]}),
        lambda x: pd.DataFrame({"a": [1.0]}, index=pd.Index([x])),
        lambda x: pd.DataFrame([[1.0]], columns=[x]),
        lambda x: pd.Timestamp(x, unit="s"),
        lambda x: dt.timedelta(seconds=x),
        lambda x: SimpleNamespace(a=x),
        lambda x: Plain([x]),
        bars,
    ],
)
def test_a_value_of_any_sort_is_told_from_one_that_differs(make):
    assert fingerprint(make(2.5)) == fingerprint(make(2.5)) is not None
    assert fingerprint(make(2.5)) != fingerprint(make(3.5))


def test_the_last_bit_of_a_number_counts():
    assert fingerprint(0.3) != fingerprint(0.1 + 0.2)
    assert fingerprint(np.array([0.3])) != fingerprint(np.array([0.1 + 0.2]))


@pytest.mark.parametrize("value", [len, math, int, lambda: 0, object(), (each for each in ())])
def test_what_is_no_value_has_none(value):
    assert fingerprint(value) is None


def test_what_is_no_value_does_not_hide_what_is_beside_it():
    assert fingerprint([len, 1]) != fingerprint([len, 2])


def test_a_mapping_is_the_same_in_another_order():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


def test_a_number_of_numpy_is_the_number():
    assert fingerprint(np.int64(3)) == fingerprint(3)


def test_a_list_that_holds_itself_comes_to_an_end():
    endless: list[object] = [1]
    endless.append(endless)
    assert fingerprint(endless) is not None


def test_what_is_added_to_a_long_list_is_seen():
    assert fingerprint([0] * 5000 + [1]) != fingerprint([0] * 5000 + [2])
    assert fingerprint([0] * 5000) != fingerprint([0] * 5001)
