"""The raw values of records, and which of them are not the same as others that were held before.

A value is the same if it is the same object, of a kind that cannot change; or another object of the same type that says
the same. Equal is not enough: two values may be equal and have another text, as 1 and True, 0.0 and -0.0,
Decimal("1.0") and Decimal("1.00").
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from wealthsources import read_field

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

#: What is read of a record. All else in it is no matter.
FLAGS: Final = ("closed", "is_closed")
FIELDS: Final = ("open_time", "close_time", "open", "high", "low", "close", "volume")
_ALL: Final = (*FIELDS, *FLAGS)

_SAME_IF_EQUAL: Final = frozenset({str, int, float, bool, NoneType})
_CONSTANT: Final = _SAME_IF_EQUAL | {Decimal}
_CONSTANT_OF_NUMPY: Final = (np.integer, np.floating, np.bool_)
_UNLIKE_ALL: Final = object()

#: Objects, shape (records, fields).
Values = np.ndarray[tuple[int, int], np.dtype[np.object_]]


class Raw(NamedTuple):
    """The values of some records under these names, and None where a record has none."""

    fields: tuple[str, ...]
    values: Values


def fetch(records: Sequence[object]) -> Raw:
    """What the records say now; there must be one."""
    raw = None
    kinds = set(map(type, records))
    if kinds == {dict}:
        raw = _fetch_alike(records, operator.contains, operator.itemgetter)
    elif len(kinds) == 1 and not isinstance(records[0], Mapping):
        raw = _fetch_alike(records, hasattr, operator.attrgetter)
    return raw or Raw(_ALL, _matrix(len(records), [[read_field(each, name) for name in _ALL] for each in records]))


def _fetch_alike(
    records: Sequence[Any], has: Callable[[Any, str], bool], getter: Callable[..., Callable[[Any], tuple[object, ...]]]
) -> Raw | None:
    """Those of records that all have the same fields; None if they do not. Without a step of Python for each."""
    fields = tuple(name for name in _ALL if has(records[0], name))
    if len(fields) < 2 or _has_others(records, fields, has):
        return None
    try:
        return Raw(fields, _matrix(len(records), map(getter(*fields), records)))
    except (KeyError, AttributeError):
        return None


def _has_others(records: Sequence[Any], fields: tuple[str, ...], has: Callable[[Any, str], bool]) -> bool:
    """Whether any has a field that the first one has not. Of dicts of so many keys there is nothing to look for."""
    if has is operator.contains and set(map(len, records)) == {len(fields)}:
        return False
    return any(any(map(has, records, itertools.repeat(name))) for name in _ALL if name not in fields)


def _matrix(count: int, rows: Any) -> Values:
    values = np.fromiter(itertools.chain.from_iterable(rows), dtype=np.object_)
    return values.reshape(count, -1)


def like_no_other(count: int, fields: int) -> Values:
    """Values that nothing is the same as."""
    return np.full((count, fields), _UNLIKE_ALL, dtype=np.object_)


def find_other(values: Values, held: Values) -> NDArray[np.intp]:
    """The rows that do not consist of the very objects of `held`, which has as many."""
    now, then = values.tobytes(), held.tobytes()  # where the objects are; as all of them are alive, which
    if now == then:
        return np.empty(0, np.intp)
    other = np.frombuffer(now, np.intp) != np.frombuffer(then, np.intp)
    return np.flatnonzero(other.reshape(values.shape).any(axis=1))


def find_changed(values: Values, held: Values, other: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of the rows that consist of other objects, those that do not say the same."""
    pairs = zip(values[other].tolist(), held[other].tolist(), strict=True)
    return other[[not _say_the_same(new, old) for new, old in pairs]]


def _say_the_same(new: list[object], old: list[object]) -> bool:
    types = list(map(type, new))
    if types != list(map(type, old)) or not _SAME_IF_EQUAL.issuperset(types) or new != old:
        return False
    return all(value or type(value) is not float for value in new)  # of 0.0 the sign is not told


def may_change(row: list[object]) -> bool:
    """Whether any value is of a kind that may come to say something else while it stays the same object."""
    return not all(type(value) in _CONSTANT or isinstance(value, _CONSTANT_OF_NUMPY) for value in row)


def forget(values: Values, row: int) -> None:
    """Make it a row that nothing is the same as."""
    values[row] = _UNLIKE_ALL
