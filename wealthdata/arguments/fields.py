"""Fields: which there are, which are meant, and where each one's numbers come from."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import TYPE_CHECKING, Final

import pandas as pd

from wealthdata.errors import ParamsError
from wealthsources import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The column of `Bars.values`, whose columns are `wealthsources.FIELDS`.
CLOSE: Final = FIELDS.index("close")

#: Fields that a 24/7 market has not, or that no source gives, and what they are there. NaN as a limit would make
#: `close < high_limit` drop every row.
CONSTANTS: Final = {
    "money": math.nan,
    "avg": math.nan,
    "factor": 1.0,
    "paused": 0.0,
    "high_limit": math.inf,
    "low_limit": 0.0,
    "open_interest": math.nan,
}
_ALL: Final = (*FIELDS, "pre_close", *CONSTANTS)


@dataclasses.dataclass(frozen=True, slots=True)
class Fields:
    """Fields in the order in which they were asked for.

    names     all of them, `date` too
    numbers   without `date`
    places    the columns of `Bars.values` that they are, if they are nothing else
    previous  whether the close before the first bar is needed
    index     `numbers` as pandas wants them; a frame takes a view, since whoever has the frame may rename its columns
    """

    names: tuple[str, ...]
    numbers: tuple[str, ...]
    places: tuple[int, ...] | None
    previous: bool
    index: pd.Index


def read_fields(fields: object, *, dated: bool = False) -> Fields:
    """What the argument `fields` means: one name, or several; a name given twice counts once.

    `dated` says that there is a field `date`. Raises ParamsError that lists the fields there are.
    """
    names = (fields,) if isinstance(fields, str) else fields
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ParamsError(f"fields must be a name or a list of names, was {fields!r}")
    if not names:
        raise ParamsError("fields is empty; leave it out for the default ones")
    return _fields(tuple(names), dated)


@functools.lru_cache(maxsize=256)
def _fields(given: tuple[str, ...], dated: bool) -> Fields:
    valid = ("date", *_ALL) if dated else _ALL
    unknown = [name for name in given if name not in valid]
    if unknown:
        raise ParamsError(f"unknown field {_listed(unknown)}; valid are {', '.join(valid)}")
    names = tuple(dict.fromkeys(given))
    numbers = tuple(name for name in names if name != "date")
    plain = all(name in FIELDS for name in numbers)
    places = tuple(map(FIELDS.index, numbers)) if plain else None
    return Fields(names, numbers, places, "pre_close" in numbers, pd.Index(numbers, dtype=str))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)


#: JoinQuant's order, without `money` as long as no source gives it: a column of NaN would empty every `dropna()`.
PRICE_DEFAULT: Final = read_fields(("open", "close", "high", "low", "volume"))
BARS_DEFAULT: Final = read_fields(("date", "open", "high", "low", "close"), dated=True)
#: As JoinQuant's signature of attribute_history states it; it means PRICE_DEFAULT.
HISTORY_DEFAULT: Final = ("open", "close", "high", "low", "volume", "money")
