"""A column of decimal text as numbers, exactly and fast.

Nearly all prices are plain: digits, perhaps a dot among them, 15 digits at most. Then the digits are a whole number
below 2**53 and the decimals a power of ten below 1e16, both exact as float64, so their quotient is the float64 nearest
to the text. That needs no Python loop over the values; whatever is not plain goes through the core's `read_value`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources import read_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources_file.cells import Cells

_WIDTH: Final = 16  # 15 digits and a dot
_MOST_DIGITS: Final = 15
_DOT, _ZERO = b".0"
_POWERS: Final = np.array([float(10**decimals) for decimals in range(_WIDTH)])


@dataclasses.dataclass(frozen=True)
class Column:
    """numbers are float64; codes are as in `read_value`; texts are those that must be kept aside, by index.

    faults  by index, why a text is no number; there the number is 0
    """

    numbers: NDArray[np.float64]
    codes: NDArray[np.uint32]
    texts: dict[int, str]
    faults: dict[int, str]


def read_column(cells: Cells, column: int) -> Column:
    """Read a column as `read_value` would read each of its texts.

    Takes some 200 bytes of memory for each row.
    """
    numbers, codes, plain = _read_plain(cells.block, cells.starts[:, column], cells.ends[:, column])
    kept: dict[int, str] = {}
    faults: dict[int, str] = {}
    for index in np.flatnonzero(~plain).tolist():
        try:
            numbers[index], codes[index], text = read_value(cells.text(index, column))
        except ValueError as error:
            numbers[index], codes[index] = 0, 0
            faults[index] = str(error)
        else:
            if text is not None:
                kept[index] = text
    return Column(numbers, codes, kept, faults)


def _read_plain(
    block: NDArray[np.uint8], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.uint32], NDArray[np.bool_]]:
    """Numbers, counts of decimals, and which of the texts are plain; the others' numbers mean nothing."""
    lengths = ends - starts
    width = int(min(lengths.max(initial=1), _WIDTH))
    # Each text ends at the right edge of its row of a matrix; what is left of it belongs to the cell before.
    places = ends[:, None] + np.arange(-width, 0)
    letters = np.where(places < starts[:, None], np.uint8(0), block[np.maximum(places, 0)])
    digits = letters - np.uint8(_ZERO)
    is_digit = digits <= 9
    is_dot = letters == _DOT
    has_dot = is_dot.any(axis=1)
    decimals = np.where(has_dot, width - 1 - is_dot.argmax(axis=1), 0)
    # Digits and at most one dot, with digits on both sides of it, and no zero that would be lost.
    count = is_digit.sum(axis=1)
    first, second = block[starts], block[np.minimum(starts + 1, len(block) - 1)]
    plain: NDArray[np.bool_] = (
        (count + has_dot == lengths)
        & (count <= _MOST_DIGITS)
        & (first - np.uint8(_ZERO) <= 9)
        & ((decimals > 0) | ~has_dot)
        & ((first != _ZERO) | (lengths == 1) | (second == _DOT))
    )
    whole = np.zeros(len(ends), np.int64)
    for place in range(width):
        whole = np.where(is_digit[:, place], whole * 10 + digits[:, place], whole)
    return whole / _POWERS[decimals], decimals.astype(np.uint32), plain
