"""A column of decimal text as numbers, exactly and fast.

Nearly all prices are plain: digits, perhaps a dot among them, 15 digits at most. Then the digits are a whole number
below 2**53 and the decimals a power of ten below 1e16, both exact as float64, so their quotient is the float64 nearest
to the text. That needs no Python loop over the values; whatever is not plain goes through the core's `read_value`.

Eight digits are read at once, as the bytes of one 64-bit number: neighbours are added up, tens and ones first, then
pairs, then fours.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

import numpy as np

from wealthsources import read_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from wealthsources_file.cells import Cells

    Words = NDArray[np.uint64]

_MOST_DIGITS: Final = 15
_MOST_WHOLE: Final = 19  # of an int64
_ZERO: Final = ord("0")
_POWERS: Final = np.array([float(10**decimals) for decimals in range(_MOST_DIGITS + 1)])
_WHOLE_POWERS: Final = 10 ** np.arange(_MOST_DIGITS + 1)

_WORD: Final = 8  # bytes


def _each(byte: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([byte]) * _WORD, "little"))


_ZEROS, _TO_128, _EIGHTH_BIT = _each(_ZERO), _each(0x80 - 10), _each(0x80)
#: By how many letters of a word count, which of its bits do: its last bytes in memory, so the highest in value.
_USED: Final = np.array([(1 << 64) - (1 << 8 * (_WORD - count)) for count in range(_WORD + 1)], np.uint64)
_TEN, _HALF, _PAIRS = np.uint64(10), np.uint64(32), np.uint64(0x000000FF000000FF)
_EVEN, _ODD = np.uint64(100 + (1_000_000 << 32)), np.uint64(1 + (10_000 << 32))
_ONE_BYTE, _TWO_BYTES = np.uint64(8), np.uint64(16)


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
    """Read a column as `read_value` would read each of its texts."""
    numbers, codes, plain = _read_plain(cells, column)
    found = Column(numbers, codes, {}, {})
    fill(found, np.flatnonzero(~plain).tolist(), lambda row: cells.text(row, column))
    return found


def fill(column: Column, rows: Iterable[int], value: Callable[[int], object]) -> None:
    """Read those values of a column one by one, by `read_value`."""
    for row in rows:
        try:
            column.numbers[row], column.codes[row], text = read_value(value(row))
        except ValueError as error:
            column.numbers[row], column.codes[row] = 0, 0
            column.faults[row] = str(error)
        else:
            if text is not None:
                column.texts[row] = text


def read_whole(cells: Cells, column: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A column of whole numbers, and which of its texts are such: digits without a leading zero, 19 at most."""
    starts, ends = _edges(cells, column)
    numbers, good = _digits(cells, starts, ends)
    return numbers, good & (ends - starts <= _MOST_WHOLE) & ~_leads_with_zero(cells, starts, ends)


def _edges(cells: Cells, column: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.ascontiguousarray(cells.starts[:, column]), np.ascontiguousarray(cells.ends[:, column])


def _read_plain(cells: Cells, column: int) -> tuple[NDArray[np.float64], NDArray[np.uint32], NDArray[np.bool_]]:
    """Numbers, counts of decimals, and which of the texts are plain; the others' numbers mean nothing."""
    starts, ends = _edges(cells, column)
    dots = np.ascontiguousarray(cells.dots[:, column])
    begins = np.minimum(dots + 1, ends)
    lengths, count = dots - starts, _single(ends - begins)
    if (lengths + count).max(initial=0) <= _WORD:
        word = _without_dot(cells, starts, dots, ends, count)
        plain = _are_digits(word)
        whole = _number(word)
    else:
        whole, plain = _digits(cells, starts, dots)
        count = np.minimum(count, _MOST_DIGITS)
        if count.any():
            decimals, good = _digits(cells, begins, ends)
            plain &= good | (count == 0)
            whole = whole * _WHOLE_POWERS[count] + decimals
            plain &= ends - starts <= _MOST_DIGITS + (dots < ends)
    plain &= lengths > 0
    plain &= (count > 0) | (dots == ends)
    plain &= ~_leads_with_zero(cells, starts, dots)
    return whole / _POWERS[count], np.full(len(starts), count, np.uint32), plain


def _single(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """What all of them are, as an array of no dimension, if they are alike: most columns have so many decimals."""
    alike = len(counts) and counts.min() == counts.max()
    return counts[0, ...] if alike else counts


def _without_dot(
    cells: Cells, starts: NDArray[np.intp], dots: NDArray[np.intp], ends: NDArray[np.intp], count: NDArray[np.intp]
) -> Words:
    """The letters before and behind a dot, eight at most; `count` are behind it. Digits are what they say."""
    word = cells.words[ends]
    word ^= _ZEROS
    behind = _USED[count]
    if (ends - starts).max(initial=0) <= _WORD:  # the dot is among them: close the space
        before = word << ((dots < ends) * _ONE_BYTE)
        before &= ~behind
    else:
        before = cells.words[dots]
        before ^= _ZEROS
        before >>= (count * 8).view(np.uint64)
    word &= behind
    word |= before
    word &= _USED[_single(dots - starts) + count]
    return word


def _leads_with_zero(cells: Cells, starts: NDArray[np.intp], ends: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether a number begins with a zero that would be lost."""
    found: NDArray[np.bool_] = cells.block[starts] == _ZERO
    if found.any():
        found &= ends - starts > 1
    return found


def _digits(
    cells: Cells, starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The whole numbers that stand there, and where there are digits alone, one at least; of 24 the last are read."""
    lengths = ends - starts
    word = _letters(cells.words, ends, np.minimum(lengths, _WORD))
    good = _are_digits(word)
    good &= lengths > 0
    numbers = _number(word)
    longest = int(lengths.max(initial=0))
    for more in range(_WORD, min(longest, 3 * _WORD), _WORD):
        word = _letters(cells.words, np.maximum(ends - more, starts), np.clip(lengths - more, 0, _WORD))
        good &= _are_digits(word)
        numbers += _number(word) * 10**more
    return numbers, good


def _letters(words: Words, ends: NDArray[np.intp], counts: NDArray[np.intp]) -> Words:
    """The last letters, so many of them and 8 at most, before each of these places; digits are what they say."""
    word = words[ends]
    word ^= _ZEROS
    word &= _USED[counts]
    return word


def _are_digits(word: Words) -> NDArray[np.bool_]:
    """Whether all letters are digits, which are the only ones below ten."""
    above = word + _TO_128
    above |= word
    above &= _EIGHTH_BIT
    found: NDArray[np.bool_] = above == 0
    return found


def _number(word: Words) -> NDArray[np.int64]:
    """What eight digits say; they are used up."""
    tens = word * _TEN
    word >>= _ONE_BYTE
    word += tens
    odd = word >> _TWO_BYTES
    odd &= _PAIRS
    odd *= _ODD
    word &= _PAIRS
    word *= _EVEN
    word += odd
    word >>= _HALF
    return word.view(np.int64)
