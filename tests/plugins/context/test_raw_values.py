"""What records say now, and what of it is not the same as before."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from wealthsources_context.raw_values import fetch, find_changed, find_other, forget, like_no_other, may_change

from ...support.bars import at, record

TIMES = {"open_time": at(0), "close_time": at(1) - 1}


@dataclasses.dataclass
class Plain:
    open_time: int
    close_time: int
    open: str
    high: str
    low: str
    close: str
    volume: str


class View(Mapping[str, Any]):
    def __init__(self, **values: Any) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self):
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


KINDS = [dict, SimpleNamespace, Plain, View, OrderedDict]


def row(values: dict[str, Any]) -> dict[str, Any]:
    """What a record of these values is fetched as."""
    raw = fetch([values])
    return dict(zip(raw.fields, raw.values[0].tolist(), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_the_values_of_all_records_are_fetched_whatever_they_are(kind):
    wanted = [{**record(place), **TIMES} for place in range(3)]
    raw = fetch([kind(**each) for each in wanted])
    fetched = [dict(zip(raw.fields, values, strict=True)) for values in raw.values.tolist()]
    assert [{name: value for name, value in each.items() if value is not None} for each in fetched] == wanted


@pytest.mark.parametrize("kind", KINDS[:2])
def test_only_the_fields_that_any_record_has_are_fetched(kind):
    assert fetch([kind(**record(0))] * 3).fields == ("open_time", "open", "high", "low", "close", "volume")


@pytest.mark.parametrize("kind", [dict, SimpleNamespace])
@pytest.mark.parametrize("name", ["closed", "is_closed", "close_time"])
def test_a_field_that_only_some_records_have_is_fetched(kind, name):
    for place in (0, 1, 2):
        records = [kind(**record(0)), kind(**record(1)), kind(**record(2))]
        records[place] = kind(**record(place), **{name: "there"})
        raw = fetch(records)
        column = raw.values[:, raw.fields.index(name)].tolist()
        assert column == [None] * place + ["there"] + [None] * (2 - place)


@pytest.mark.parametrize("kind", [dict, SimpleNamespace])
def test_a_field_in_place_of_one_that_is_no_matter_is_fetched(kind):
    records = [kind(**record(0), symbol="X"), kind(**record(1), closed=True)]  # as many fields as the first
    raw = fetch(records)
    assert raw.values[:, raw.fields.index("closed")].tolist() == [None, True]


@pytest.mark.parametrize("kind", [dict, SimpleNamespace])
def test_a_field_that_is_missing_is_none(kind):
    lacking = {name: value for name, value in record(1).items() if name != "high"}
    raw = fetch([kind(**record(0)), kind(**lacking)])
    assert raw.values[:, raw.fields.index("high")].tolist() == ["12", None]


def test_records_of_several_kinds_are_fetched_together():
    raw = fetch([record(0), SimpleNamespace(**record(1)), "text", 5])
    assert raw.values[:, 0].tolist() == [at(0), at(1), None, None]


def test_fetching_puts_nothing_into_a_record():
    one = defaultdict(int, record(0))
    fetch([one, one])
    assert set(one) == set(record(0))


def test_records_that_say_nothing_have_no_values():
    assert fetch([{}, {}]).values.tolist() == [[None] * 9] * 2
    assert fetch([{"open_time": 1}]).values[0, 0] == 1


# the same ------------------------------------------------------------------------------------------------------


class Text(str):
    __slots__ = ()


class Equal:
    """Says that it is equal to anything."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def changed(new: list[list[object]], old: list[list[object]]) -> list[int]:
    now, before = (np.array([*rows, [None] * len(new[0])], dtype=object)[:-1] for rows in (new, old))
    return find_changed(now, before, find_other(now, before)).tolist()


ONE = 1_000_000_000_001
SAME = ["10.50", 10.5, ONE, True, None, "", "abc", float("nan"), Decimal("1.0"), np.float64(1), 0.0, Text("1")]


@pytest.mark.parametrize("value", SAME)
def test_the_same_object_is_the_same(value):
    assert changed([[value, 1]], [[value, 1]]) == []


@pytest.mark.parametrize("text", ["'10.50'", "10.5", "1_000_000_000_001", "True", "None", "-3", "1e300"])
def test_another_object_that_says_the_same_is_the_same(text):
    assert changed([[eval(text), 1.0]], [[eval(text), 1.0]]) == []


LIKE_ONE = [
    1,
    1.0,
    True,
    Decimal(1),
    Decimal("1.0"),
    np.int64(1),
    np.float64(1),
    np.bool_(True),
    Equal(),
    Text("1"),
    "1",
]


@pytest.mark.parametrize("value", LIKE_ONE)
@pytest.mark.parametrize("other", LIKE_ONE)
def test_what_is_equal_and_of_another_type_or_text_is_not_the_same(value, other):
    assert changed([["x", value]], [["x", other]]) == ([] if value is other else [0])


@pytest.mark.parametrize(("value", "other"), [(0.0, -0.0), (float("nan"), float("nan")), ("1.0", "1.00"), (None, "")])
def test_what_only_looks_the_same_is_not(value, other):
    assert changed([[value]], [[other]]) == [0]


def test_each_row_is_judged_for_itself():
    assert changed([["a", 1], ["b", 9], ["c", 3], ["d", 4]], [["a", 1], ["b", 2], ["c", 3], ["e", 4]]) == [1, 3]


def test_nothing_is_like_no_other():
    values = fetch([record(0), record(1)]).values
    held = like_no_other(*values.shape)
    assert find_changed(values, held, find_other(values, held)).tolist() == [0, 1]


def test_a_row_that_is_forgotten_is_like_no_other():
    values = fetch([record(0), record(1)]).values
    forget(values, 1)
    now = fetch([record(0), record(1)]).values
    assert find_changed(now, values, find_other(now, values)).tolist() == [1]


@pytest.mark.parametrize("value", ["1", 1, 1.5, None, True, Decimal("1.0"), np.int64(1), np.float32(1), np.bool_(True)])
def test_values_that_cannot_change(value):
    assert not may_change(["x", value])


@pytest.mark.parametrize("value", [Text("1"), Equal(), [1], np.array([1]), np.void(b"x")])
def test_values_that_may_change(value):
    assert may_change(["x", value])
