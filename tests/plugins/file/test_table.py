"""Rows of a file, block by block: which of them are its bars."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from wealthsources import find_faults
from wealthsources_file.arrow_columns import read_values
from wealthsources_file.block import Block
from wealthsources_file.file_series import LastRow
from wealthsources_file.pieces import TooLargeError
from wealthsources_file.table import Gatherer, OtherOrderError, Table

from ...support.bars import at, places
from .column_files import VALUES, table_of
from .files import HOURS


def block_of(*rows: Any) -> Block:
    (batch,) = table_of(*rows).combine_chunks().to_batches()
    columns = tuple(read_values(batch.column(name)) for name in VALUES)
    values = np.stack([column.numbers for column in columns], axis=1)
    times = batch.column("open_time").cast("int64").to_numpy()
    bad = find_faults(times, values, HOURS.timeframe)
    return Block(HOURS, times, None, values, columns, bad, {})


def gathered(*rows: Any, first: int = 1, until: int | None = None, last_row: LastRow = "closed") -> Table:
    gatherer = Gatherer(dataclasses.replace(HOURS, last_row=last_row))
    take(gatherer, *rows, first=first)
    return gatherer.table(until, are_lines=False)


def take(gatherer: Gatherer, *rows: Any, first: int) -> None:
    gatherer.take(block_of(*rows), gatherer.lines.add(np.arange(first, first + len(rows))))


def test_rows_are_bars_in_their_order() -> None:
    table = gathered(0, 1, 3)
    assert places(table.bars) == [0, 1, 3]
    assert all(bar.closed for bar in table.bars)
    assert not len(table.bad)


def test_a_bad_row_is_named_by_its_number() -> None:
    table = gathered(0, {"hour": 1, "high": 8}, 2, first=1000)
    assert places(table.bars) == [0, 2]
    assert table.bad.named("x.parquet") == "x.parquet: row 1001: high 8.0 is below low 9.0"  # type: ignore[arg-type]
    assert table.bad.before.tolist() == [1]


def test_rows_that_are_twice_or_out_of_order_are_judged_as_in_text() -> None:
    table = gathered(0, 1, 1, 2, {"hour": 3, "close": 10}, 3, 99, 4, 5)
    assert places(table.bars) == [0, 1, 2, 4, 5]
    assert [table.bad.told(place) for place in range(4)] == [
        (3, "says again what an earlier row says"),
        (5, "has the open_time of another row, and different values"),
        (6, "has the open_time of another row, and different values"),
        (7, "open_time is out of order"),
    ]


def test_of_blocks_that_follow_each_other_it_takes_all() -> None:
    gatherer = Gatherer(HOURS)
    take(gatherer, 0, 1, first=1)
    take(gatherer, {"hour": 2, "high": 1}, 3, first=7)
    table = gatherer.table(None)
    assert places(table.bars) == [0, 1, 3]
    assert table.bad.told() == (7, "high 1.0 is below low 9.0")


@pytest.mark.parametrize(("written", "closed"), [(at(3), True), (at(3) - 1, False)])
def test_the_newest_row_of_a_file_is_closed_if_it_was_over_when_that_was_written(written: int, closed: bool) -> None:
    assert gathered(0, 1, 2, until=written, last_row="by_mtime").bars[-1].closed is closed


def test_what_is_not_the_end_of_a_file_is_closed() -> None:
    assert gathered(0, 1, 2, last_row="by_mtime").bars[-1].closed is True
    assert places(gathered(0, 1, 2, last_row="drop").bars) == [0, 1, 2]


def test_the_newest_row_of_a_file_can_be_left_out() -> None:
    assert places(gathered(0, 1, 2, until=0, last_row="drop").bars) == [0, 1]
    table = gathered(0, 1, {"hour": 2, "high": 1}, until=0, last_row="drop")
    assert places(table.bars) == [0, 1]
    assert not len(table.bad)


def test_rows_in_the_other_order_are_refused() -> None:
    with pytest.raises(OtherOrderError) as caught:
        gathered(3, 2, 1, first=100)
    assert caught.value.line == 101


def test_rows_with_the_newest_first_have_the_same_bars() -> None:
    gatherer = Gatherer(HOURS, newest_first=True)
    take(gatherer, 3, {"hour": 2, "high": 1}, 1, first=2)
    table = gatherer.table(at(4) - 1)
    assert places(table.bars) == [1, 3]
    assert [bar.closed for bar in table.bars] == [True, False]
    assert (table.bad.before.tolist(), table.bad.told()) == ([1], (3, "high 1.0 is below low 9.0"))


@pytest.mark.parametrize(("newest_first", "closed"), [(False, [True, False]), (True, [True])])
def test_a_last_row_that_may_be_half_of_one_is_no_closed_bar(newest_first: bool, closed: list[bool]) -> None:
    gatherer = Gatherer(dataclasses.replace(HOURS, last_row="closed"), newest_first=newest_first)
    take(gatherer, *((1, 0) if newest_first else (0, 1)), first=2)
    assert [bar.closed for bar in gatherer.table(at(9), half_written=True).bars] == closed


def test_there_is_a_limit_to_its_memory() -> None:
    gatherer = Gatherer(HOURS, most_memory=64)
    take(gatherer, 0, first=1)
    with pytest.raises(TooLargeError):
        take(gatherer, 1, first=2)
