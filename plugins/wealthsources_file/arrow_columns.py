"""Columns of Arrow as numbers of ours: times in ms, and values with their exact texts, as of the text of a file.

A float64 counts as a number; so does a float32, as the shortest decimal that is that float32: 100.1, as pandas and
numpy print it, and not 100.0999984741211. Decimals, whole numbers and texts keep every digit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthsources import EARLIEST_TIME, LATEST_TIME, check_time
from wealthsources_file import times as written
from wealthsources_file.arrow import load
from wealthsources_file.cells import cells_of
from wealthsources_file.columns import Column, fill, read_column
from wealthsources_file.exact import AS_NUMBER
from wealthsources_file.layout import UNITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources_file.layout import Layout

_MOST_DIGITS: Final = 15
_MISSING: Final = "is missing"


class ColumnTypeError(ValueError):
    """A column that is of no type that can be read, or says too little; the text can follow its name."""


def read_values(array: Any) -> Column:
    """A column of prices or volumes. Raises ColumnTypeError; a value that is none is a fault of its row."""
    pa = load()
    kind = array.type
    if pa.types.is_dictionary(kind):
        return read_values(array.dictionary_decode())
    if pa.types.is_float64(kind):
        return _numbers(array, array)
    if pa.types.is_floating(kind):
        return _numbers(array, array.cast(pa.float32()).cast(pa.string()).cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return _decimals(array)
    if pa.types.is_integer(kind) or is_text(kind):
        return _texts(array.cast(pa.string()))
    raise ColumnTypeError(f"is of the type {kind}; values are float64, float32, whole numbers, decimals or text")


def read_times(array: Any, layout: Layout) -> tuple[NDArray[np.int64], dict[int, str]]:
    """A column of times, ms, and by row why one is none; there the time is 0. Raises ColumnTypeError."""
    pa = load()
    kind = array.type
    if pa.types.is_dictionary(kind):
        return read_times(array.dictionary_decode(), layout)
    faults = _missing(array)
    if is_text(kind):
        return _written_times(array, layout, faults)
    if pa.types.is_integer(kind) and len(layout.time) > 1:
        return _written_times(array.cast(pa.string()), layout, faults)  # told apart by their size
    raw, unit = _counted(array, layout)
    times, whole = in_ms(raw, unit)
    if is_local(kind):
        times = _from_zone(times, layout, faults)
    for row in np.flatnonzero(~whole).tolist():
        faults.setdefault(row, f"{raw[row]} {unit} is no whole ms")
    wrong = (times < EARLIEST_TIME) | (times > LATEST_TIME)
    for row in np.flatnonzero(wrong).tolist():
        faults.setdefault(row, _why_no_time(int(times[row])))
    times[list(faults)] = 0
    return times, faults


def in_ms(raw: NDArray[np.int64], unit: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Counts of a unit as ms, rounded down, and which of them are whole; one that is too large is no time at all."""
    many, few = UNITS[unit]
    if few > 1:
        return np.clip(raw, -LATEST_TIME, LATEST_TIME + few) * few, np.ones(len(raw), bool)
    return raw // many, raw % many == 0


def is_local(kind: Any) -> bool:
    """Whether times of that type are those of a clock somewhere: they need a zone."""
    types = load().types
    return bool(types.is_date(kind) or (types.is_timestamp(kind) and kind.tz is None))


def unit_of(kind: Any, layout: Layout) -> str:
    """In which unit a column counts time. Raises ColumnTypeError if that is not said."""
    pa = load()
    if pa.types.is_timestamp(kind):
        return str(kind.unit)
    if pa.types.is_integer(kind):
        if layout.is_written:
            raise ColumnTypeError("has whole numbers; say which they are since 1970: time: ms, s, us or ns")
        return layout.time[0]
    raise ColumnTypeError(
        f"is of the type {kind}; times are timestamps, whole numbers that count ms (or time: s, us, ns), or text"
    )


def _counted(array: Any, layout: Layout) -> tuple[NDArray[np.int64], str]:
    pa = load()
    if pa.types.is_date(array.type):
        array = array.cast(pa.timestamp("s"))
    unit = unit_of(array.type, layout)
    whole = array.cast(pa.int64(), safe=not pa.types.is_uint64(array.type))
    return np.asarray(whole.fill_null(0).to_numpy(zero_copy_only=False), np.int64).copy(), unit


def _from_zone(times: NDArray[np.int64], layout: Layout, faults: dict[int, str]) -> NDArray[np.int64]:
    """Times on a clock of that zone as UTC; one that this clock shows twice, or never, is none."""
    if layout.zone is None:
        raise ColumnTypeError("has times without a zone; say which it is: zone: UTC, or as in zone: Europe/Berlin")
    if layout.zone == "UTC":
        return times
    found, lost = written.in_zone(np.clip(times, EARLIEST_TIME, LATEST_TIME), layout.zone)
    for row, why in lost.items():
        faults.setdefault(row, why)
    return found


def _written_times(array: Any, layout: Layout, faults: dict[int, str]) -> tuple[NDArray[np.int64], dict[int, str]]:
    found = written.read_times(cells_of(array.fill_null("").to_pylist()), 0, layout)
    return found.times, {**found.faults, **faults}


def is_text(kind: Any) -> bool:
    """Whether a column of that type holds text."""
    types = load().types
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _numbers(array: Any, numbers: Any) -> Column:
    found = np.array(numbers.fill_null(np.nan).to_numpy(zero_copy_only=False), np.float64)
    return Column(found, np.full(len(found), AS_NUMBER, np.uint32), {}, _missing(array))


def _missing(array: Any) -> dict[int, str]:
    if not array.null_count:
        return {}
    return dict.fromkeys(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False)).tolist(), _MISSING)


def _texts(array: Any) -> Column:
    column = read_column(cells_of(array.fill_null("").to_pylist()), 0)
    column.faults.update(_missing(array))
    return column


def _decimals(array: Any) -> Column:
    """Of up to 15 digits the whole number is exact as a float64, so its quotient is the float64 nearest to the text."""
    scale, count = array.type.scale, len(array)
    wide = array.cast(load().decimal128(38, scale))
    low, high = np.frombuffer(wide.buffers()[1], np.int64).reshape(-1, 2)[wide.offset : wide.offset + count].T
    plain = (high == low >> 63) & (np.abs(low) < 10**_MOST_DIGITS) & (0 <= scale <= _MOST_DIGITS)
    numbers, codes = low / 10.0 ** max(scale, 0), np.full(count, max(scale, 0), np.uint32)
    column = Column(numbers, codes, {}, _missing(array))
    others = (row for row in np.flatnonzero(~plain).tolist() if row not in column.faults)
    fill(column, others, lambda row: array[row].as_py())
    return column


def _why_no_time(time: int) -> str:
    try:
        check_time(time)
    except ValueError as error:
        return str(error)
    return f"{time} is no time"
