"""The exact texts of values in a file that a store was exported to: two more columns give them back.

`decimals` has 6 bits for each value, `texts` the JSON of those that no number gives back. What they say is believed
where it is the very number beside it: a file that was changed by hand has its numbers, and says no other text for them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthsources import FIELDS, read_value
from wealthsources_file.columns import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: What says that a store was exported to the file.
MARK: Final = b"wealthsources.symbol"
NAMES: Final = ("decimals", "texts")
AS_NUMBER: Final = read_value(1.5).code
_KEPT_ASIDE: Final = read_value(".5").code
_BITS: Final = 6
_MOST_EXACT: Final = 22  # ten to the power of it is exact as a float64


def has_texts(schema: Any) -> bool:
    """Whether a file is such a one, by its schema."""
    return MARK in (schema.metadata or {}) and set(NAMES) <= set(schema.names)


def with_texts(columns: Sequence[Column], decimals: Any, texts: Any) -> tuple[Column, ...]:
    """The five columns of numbers with the texts that those two columns give them."""
    packed = np.asarray(decimals.fill_null(0).to_numpy(zero_copy_only=False), np.int64)
    kept = {row: text for row, text in enumerate(texts.to_pylist()) if text is not None}
    return tuple(_with_texts(column, packed, kept, place) for place, column in enumerate(columns))


def _with_texts(column: Column, packed: NDArray[np.int64], kept: dict[int, str], place: int) -> Column:
    if len(column.texts) or (column.codes != AS_NUMBER).any():
        return column  # it has texts of its own
    codes = packed >> _BITS * place & (1 << _BITS) - 1
    powers = 10.0 ** np.minimum(codes, _MOST_EXACT)
    with np.errstate(all="ignore"):
        same = (np.rint(column.numbers * powers) / powers == column.numbers) & (codes <= _MOST_EXACT)
    found = np.where(same, codes, AS_NUMBER).astype(np.uint32)
    aside: dict[int, str] = {}
    for row in np.flatnonzero(codes == _KEPT_ASIDE).tolist():
        text = _text(kept.get(row), place)
        if text is not None and _says(text, float(column.numbers[row])):
            found[row], aside[row] = _KEPT_ASIDE, text
    return Column(column.numbers, found, aside, column.faults)


def _text(raw: str | None, place: int) -> str | None:
    try:
        found = json.loads(raw or "")
    except ValueError:
        return None
    text = found[place] if isinstance(found, list) and len(found) == len(FIELDS) else None
    return text if isinstance(text, str) else None


def _says(text: str, number: float) -> bool:
    try:
        return read_value(text).number == number
    except ValueError:
        return False
