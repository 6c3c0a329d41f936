"""One bar as one row of 64 bytes: its layout, every bit of it, and nothing that a bar means.

    int64 open_time, close_time · float64 open, high, low, close, volume ·
    uint8 status · uint8 source · uint16 revision · uint32 decimals

`status` holds the stated closedness (bits 0 and 1) and the finality (bits 2 and 3), `source` indexes names that are
kept beside the rows, `decimals` holds for each value how many decimals its text had (5 x 6 bits), which is all that is
needed to give the source's own text back. Rows come as a float64 matrix of shape (n, 8); the functions below are its
columns, as views of the same memory: what is written into them is written into the rows.
"""

from __future__ import annotations

import struct
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.float64]
    Integers = NDArray[np.int64]

_Codes = TypeVar("_Codes", int, "NDArray[np.uint32]")

_ROW: Final = struct.Struct("<qqdddddBBHI")
ROW_BYTES: Final = _ROW.size
COLUMNS: Final = ROW_BYTES // 8

#: The five values in the order of the row.
FIELDS: Final = ("open", "high", "low", "close", "volume")
OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)

_STATUS, _SOURCE, _DECIMALS = 56, 57, 15  # of a row seen as uint8, uint8 and uint32
_SOURCE_AND_DECIMALS = np.uint64(0xFFFF_FFFF_0000_FF00)  # of its last eight bytes, seen as uint64
MOST_SOURCES: Final = 256
MOST_REVISIONS: Final = 65_535

#: Whether a bar is closed, as its source said it.
UNSET, FORMING, CLOSED = 0, 1, 2
_STATE_MASK: Final = 0b0011


class Finality(StrEnum):
    """The evidence that a bar is closed: the server's flag, a later bar on the same connection, or a history."""

    FLAG = "flag"
    SUCCESSOR = "successor"
    HISTORY = "history"


_FINALITIES: Final = (None, Finality.FLAG, Finality.SUCCESSOR, Finality.HISTORY)
#: The status of a closed bar, by its finality.
BY_FLAG: Final = CLOSED | 1 << 2
BY_SUCCESSOR: Final = CLOSED | 2 << 2
BY_HISTORY: Final = CLOSED | 3 << 2

#: Codes beside a number of decimals: the value came as a number, or its text is kept aside.
AS_NUMBER, KEPT_ASIDE = 62, 63
#: The decimals of a row whose values all came as numbers.
ALL_NUMBERS: Final = sum(AS_NUMBER << 6 * place for place in range(len(FIELDS)))

pack_row = _ROW.pack
#: pack_row_into(buffer, at, open_time, close_time, open, high, low, close, volume, status, source, revision, decimals)
pack_row_into = _ROW.pack_into
#: unpack_row(buffer, at): the same eleven as a tuple
unpack_row = _ROW.unpack_from


#: The open time, and the status, of the row that begins at byte `at` of a buffer, as a tuple of one: they cost a tenth
#: of asking a whole column. unpack_open_time(buffer, at)
unpack_open_time = struct.Struct("<q").unpack_from
unpack_status = struct.Struct(f"<{_STATUS}xB").unpack_from
#: Where columns are in a matrix of rows: `rows[VALUES]`, shape (n, 5), and `rows.view(np.int64)[OPEN_TIMES]`.
VALUES: Final = (slice(None), slice(2, 7))
OPEN_TIMES: Final = (slice(None), 0)


#: The same layout for numpy, which names each field; see `row_fields`.
_FIELD_TYPES: Final = np.dtype(
    [
        ("open_time", "<i8"),
        ("close_time", "<i8"),
        *((name, "<f8") for name in FIELDS),
        ("status", "u1"),
        ("source", "u1"),
        ("revision", "<u2"),
        ("decimals", "<u4"),
    ]
)


class Row(NamedTuple):
    """One row, unpacked."""

    open_time: int
    close_time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    status: int
    source: int
    revision: int
    decimals: int

    @property
    def values(self) -> tuple[float, float, float, float, float]:
        """The five of FIELDS."""
        return self.open, self.high, self.low, self.close, self.volume


def read_row(buffer: bytes | memoryview, at: int = 0) -> Row:
    """The row that begins at byte `at`."""
    return Row._make(unpack_row(buffer, at))


def set_status(buffer: memoryview, place: int, status: int) -> None:
    """Change the status of row number `place`."""
    buffer[place * ROW_BYTES + _STATUS] = status


def open_time_at(buffer: memoryview, place: int) -> int:
    """The open time of row number `place`."""
    return unpack_open_time(buffer, place * ROW_BYTES)[0]  # type: ignore[no-any-return]


def state_of(status: int) -> int:
    """UNSET, FORMING or CLOSED."""
    return status & _STATE_MASK


def finality_of(status: int) -> Finality | None:
    """The finality of a closed bar."""
    return _FINALITIES[status >> 2 & 3]


def closed_by(finality: Finality) -> int:
    """The status of a bar that is closed on that evidence."""
    return CLOSED | _FINALITIES.index(finality) << 2


def pack_decimals(open: _Codes, high: _Codes, low: _Codes, close: _Codes, volume: _Codes) -> _Codes:  # noqa: A002
    """The codes of the five values' decimals in one number, of one bar or of each of an array (uint32).

    `Value.code` of `read_value` is such a code.
    """
    return open | high << 6 | low << 12 | close << 18 | volume << 24  # type: ignore[return-value]  # stays uint32


def decimals_of(packed: int, place: int) -> int:
    """The code of one value's decimals, by its place in FIELDS."""
    return packed >> 6 * place & 63


# columns -------------------------------------------------------------------------------------------------------


def new_rows(count: int) -> Rows:
    """`count` rows of zeros."""
    return np.zeros((count, COLUMNS))


def rows_from(packed: bytes | bytearray) -> Rows:
    """Packed rows as a matrix of shape (n, 8)."""
    return np.frombuffer(bytes(packed), dtype=np.float64).reshape(-1, COLUMNS)


def row_fields(rows: Rows) -> NDArray[np.void]:
    """All columns of the rows by their names, as in `row_fields(rows)["revision"]`, which may be set too.

    They are those of the layout above. `status` is what `closed_by` says, `source` an index of names kept elsewhere.
    """
    return rows.view(_FIELD_TYPES)[:, 0]


def open_times(rows: Rows) -> Integers:
    """Open times in ms, shape (n,)."""
    return rows.view(np.int64)[OPEN_TIMES]


def close_times(rows: Rows) -> Integers:
    """Close times in ms as they were sent, shape (n,)."""
    return rows.view(np.int64)[:, 1]


def values(rows: Rows) -> NDArray[np.float64]:
    """The values in the order of FIELDS, shape (n, 5)."""
    return rows[VALUES]


def statuses(rows: Rows) -> NDArray[np.uint8]:
    """State and finality of each, shape (n,)."""
    return rows.view(np.uint8)[:, _STATUS]


def states(rows: Rows) -> NDArray[np.uint8]:
    """UNSET, FORMING or CLOSED, shape (n,); a copy."""
    return statuses(rows) & np.uint8(_STATE_MASK)


def source_codes(rows: Rows) -> NDArray[np.uint8]:
    """For each row the index of its source's name, shape (n,)."""
    return rows.view(np.uint8)[:, _SOURCE]


def packed_decimals(rows: Rows) -> NDArray[np.uint32]:
    """The decimals of all five values, packed, shape (n,)."""
    return rows.view(np.uint32)[:, _DECIMALS]


def sources_and_decimals(rows: Rows) -> NDArray[np.uint64]:
    """Source and packed decimals of each in one number, the decimals in its upper half, shape (n,); a copy."""
    return rows.view(np.uint64)[:, COLUMNS - 1] & _SOURCE_AND_DECIMALS


def decimal_codes(rows: Rows, place: int) -> Integers:
    """The code of one value's decimals, by its place in FIELDS, shape (n,); a copy."""
    return (packed_decimals(rows) >> np.uint32(6 * place) & np.uint32(63)).astype(np.int64)


def add_decimal_codes(rows: Rows, place: int, codes: Integers) -> None:
    """Set the codes of one value's decimals where there are none yet."""
    packed = packed_decimals(rows)
    packed |= (codes << 6 * place).astype(np.uint32)
