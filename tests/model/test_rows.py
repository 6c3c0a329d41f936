"""The row of 64 bytes: where everything stands in it, and that each accessor means its own part."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, strategies as st

from wealthsources import CLOSED, FIELDS, FORMING, UNSET, Finality, pack_decimals
from wealthsources.model import rows as layout
from wealthsources.model.rows import (
    ALL_NUMBERS,
    AS_NUMBER,
    BY_FLAG,
    BY_HISTORY,
    BY_SUCCESSOR,
    COLUMNS,
    KEPT_ASIDE,
    MOST_REVISIONS,
    MOST_SOURCES,
    ROW_BYTES,
    add_decimal_codes,
    close_times,
    closed_by,
    decimal_codes,
    decimals_of,
    finality_of,
    new_rows,
    open_time_at,
    open_times,
    pack_row,
    pack_row_into,
    packed_decimals,
    read_row,
    row_fields,
    rows_from,
    set_status,
    source_codes,
    state_of,
    states,
    statuses,
    values,
)

from ..support.bars import recorded

CODES = st.integers(0, 63)
#: Every part is another number, so that none can be taken for its neighbour.
PARTS = (-1_001, 2_002, 3.5, 4.5, 5.5, 6.5, 7.5, BY_SUCCESSOR, 201, 60_001, pack_decimals(1, 2, 3, 4, 5))


def three() -> np.ndarray:
    """Three rows; the middle one is that of PARTS."""
    zeros = pack_row(*[0] * 11)
    return rows_from(bytearray(zeros + pack_row(*PARTS) + zeros))


def writable(rows: np.ndarray) -> np.ndarray:
    return np.array(rows)


# one row -------------------------------------------------------------------------------------------------------


def test_one_bar_is_64_bytes():
    assert recorded(10).rows.nbytes == 640


def test_a_row_is_laid_out_as_the_page_says():
    packed = pack_row(*PARTS)
    assert len(packed) == ROW_BYTES == 8 * COLUMNS
    assert struct.unpack("<qq5d", packed[:56]) == PARTS[:7]
    assert (packed[56], packed[57]) == PARTS[7:9]
    assert int.from_bytes(packed[58:60], "little") == PARTS[9]
    assert int.from_bytes(packed[60:64], "little") == PARTS[10]


def test_a_row_is_read_with_its_names():
    row = read_row(pack_row(*PARTS))
    assert tuple(row) == PARTS
    assert (row.open_time, row.close_time, row.status, row.source, row.revision) == (-1_001, 2_002, *PARTS[7:10])
    assert row.values == (row.open, row.high, row.low, row.close, row.volume) == PARTS[2:7]


def test_a_row_is_read_from_where_it_begins():
    data = b"\0" * 8 + pack_row(*PARTS)
    assert tuple(read_row(data, 8)) == PARTS
    assert tuple(read_row(memoryview(data), 8)) == PARTS


def test_a_row_that_is_packed_into_others_leaves_them_as_they_were():
    data = bytearray(b"\xff" * 3 * ROW_BYTES)
    pack_row_into(data, ROW_BYTES, *PARTS)
    assert tuple(read_row(bytes(data), ROW_BYTES)) == PARTS
    assert set(data[:ROW_BYTES]) == set(data[2 * ROW_BYTES :]) == {0xFF}


def test_the_status_of_one_row_can_be_changed_alone():
    data = bytearray(three().tobytes())
    set_status(memoryview(data), 1, BY_FLAG)
    assert tuple(read_row(bytes(data), ROW_BYTES)) == (*PARTS[:7], BY_FLAG, *PARTS[8:])
    assert data[:ROW_BYTES] + data[2 * ROW_BYTES :] == bytes(2 * ROW_BYTES)


@pytest.mark.parametrize("time", [0, 1_600_000_000_000, -1, -(1 << 62)])
def test_the_open_time_of_one_row_is_read_alone(time):
    data = memoryview(pack_row(*[0] * 11) + pack_row(time, *PARTS[1:]))
    assert (open_time_at(data, 0), open_time_at(data, 1)) == (0, time)


def test_a_row_has_room_for_the_most_sources_and_revisions_and_for_no_more():
    pack_row(*PARTS[:8], MOST_SOURCES - 1, MOST_REVISIONS, 0)
    with pytest.raises(struct.error):
        pack_row(*PARTS[:8], MOST_SOURCES, 0, 0)
    with pytest.raises(struct.error):
        pack_row(*PARTS[:8], 0, MOST_REVISIONS + 1, 0)


# status --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("finality", "status"),
    [(Finality.FLAG, BY_FLAG), (Finality.SUCCESSOR, BY_SUCCESSOR), (Finality.HISTORY, BY_HISTORY)],
)
def test_the_status_of_a_closed_bar_tells_its_finality(finality, status):
    assert closed_by(finality) == status
    assert (state_of(status), finality_of(status)) == (CLOSED, finality)


def test_the_state_is_in_the_two_lowest_bits_and_rows_of_zeros_say_nothing():
    assert (UNSET, FORMING, CLOSED) == (0, 1, 2)
    assert states(new_rows(1)).tolist() == [UNSET]


@pytest.mark.parametrize("state", [UNSET, FORMING])
def test_a_bar_that_is_not_closed_has_no_finality(state):
    assert (state_of(state), finality_of(state)) == (state, None)


# decimals ------------------------------------------------------------------------------------------------------


@given(st.tuples(CODES, CODES, CODES, CODES, CODES))
def test_the_decimals_of_five_values_are_kept_apart_in_32_bits(codes):
    packed = pack_decimals(*codes)
    assert tuple(decimals_of(packed, place) for place in range(5)) == codes
    assert packed < 1 << 32


def test_decimals_that_are_all_numbers_say_so_of_each():
    assert pack_decimals(*[AS_NUMBER] * 5) == ALL_NUMBERS
    assert AS_NUMBER != KEPT_ASIDE


def test_the_codes_of_one_value_are_a_column():
    rows = three()
    assert [decimal_codes(rows, place).tolist() for place in range(5)] == [[0, place + 1, 0] for place in range(5)]
    assert decimal_codes(rows, 0).dtype == np.int64


def test_codes_are_added_to_one_value_and_the_others_stay():
    rows = new_rows(3)
    add_decimal_codes(rows, 1, np.array([1, 2, KEPT_ASIDE]))
    add_decimal_codes(rows, 4, np.array([KEPT_ASIDE, 0, AS_NUMBER]))
    assert packed_decimals(rows).tolist() == [
        pack_decimals(0, 1, 0, 0, KEPT_ASIDE),
        pack_decimals(0, 2, 0, 0, 0),
        pack_decimals(0, KEPT_ASIDE, 0, 0, AS_NUMBER),
    ]
    assert not rows[:, :7].any()


# columns -------------------------------------------------------------------------------------------------------


def test_new_rows_are_zeros_that_can_be_written():
    rows = new_rows(4)
    assert rows.shape == (4, COLUMNS)
    assert not rows.any()
    values(rows)[2, 3] = 1.5
    assert rows.sum() == 1.5


def test_packed_rows_become_a_matrix_that_is_a_copy_of_them():
    data = bytearray(pack_row(*PARTS) * 2)
    rows = rows_from(data)
    data[:] = bytes(len(data))
    assert rows.shape == (2, COLUMNS)
    assert rows.tobytes() == pack_row(*PARTS) * 2


def test_no_packed_row_becomes_a_matrix_without_rows():
    assert rows_from(b"").shape == (0, COLUMNS)


@pytest.mark.parametrize(
    ("column", "place"), [(open_times, 0), (close_times, 1), (statuses, 7), (source_codes, 8), (packed_decimals, 10)]
)
def test_a_column_is_the_part_of_its_name_in_the_memory_of_the_rows(column, place):
    rows = writable(three())
    assert column(rows).tolist() == [0, PARTS[place], 0]
    column(rows)[2] = 17
    assert read_row(rows.tobytes(), 2 * ROW_BYTES)[place] == 17
    column(rows)[2] = 0
    assert rows.tobytes() == three().tobytes()


def test_the_values_are_five_columns_in_the_memory_of_the_rows():
    rows = writable(three())
    assert values(rows).shape == (3, len(FIELDS))
    assert values(rows)[1].tolist() == list(PARTS[2:7])
    for place, name in ((layout.OPEN, "open"), (layout.HIGH, "high"), (layout.LOW, "low"), (layout.CLOSE, "close")):
        values(rows)[0, place] = 40.0 + place
        assert getattr(read_row(rows.tobytes()), name) == 40.0 + place
    assert values(rows)[1, layout.VOLUME] == read_row(rows.tobytes(), ROW_BYTES).volume


def test_states_are_without_their_finality_and_a_copy():
    rows = writable(three())
    statuses(rows)[:] = (UNSET, BY_SUCCESSOR, FORMING)
    found = states(rows)
    assert found.tolist() == [UNSET, CLOSED, FORMING]
    found[:] = CLOSED
    assert statuses(rows).tolist() == [UNSET, BY_SUCCESSOR, FORMING]


def test_numpy_names_every_part_of_a_row_where_it_stands():
    rows = writable(three())
    fields = row_fields(rows)
    assert fields.dtype.names == ("open_time", "close_time", *FIELDS, "status", "source", "revision", "decimals")
    assert fields[1].item() == PARTS
    fields["revision"] = 7
    assert [read_row(row.tobytes()).revision for row in rows] == [7, 7, 7]
    assert row_fields(new_rows(0)).shape == (0,)
