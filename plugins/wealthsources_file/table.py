"""From a CSV file to Bars: every row is checked, and a bad one is named by its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from wealthsources import EARLIEST_TIME, FIELDS, LATEST_TIME, Bars, pack_decimals
from wealthsources_file.cells import Cells, LineError, line_of, read_cells
from wealthsources_file.columns import Column, ColumnError, read_column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from wealthsources import Timeframe

_REQUIRED: Final = ("open_time", *FIELDS)

#: So many rows are read at a time, which bounds the memory that this takes.
_CHUNK: Final = 20_000


class _Block(NamedTuple):
    """Some rows: times in ms, and the five values."""

    times: NDArray[np.int64]
    close_times: NDArray[np.int64]
    values: tuple[Column, ...]


def read_table(data: bytes, symbol: str, timeframe: Timeframe, until: int) -> Bars:
    """All bars of a CSV file with a header, oldest first. Raises LineError.

    All are stated as closed, but for the last one if it ends after `until`, the time in ms at which this was written,
    or if its line has no end: it may be half written, and half a number is a number.
    """
    blocks = list(_read_blocks(data, timeframe))
    if not blocks:
        return Bars.empty(symbol, timeframe)
    times = np.concatenate([block.times for block in blocks])
    numbers = [np.concatenate([block.values[place].numbers for block in blocks]) for place in range(len(FIELDS))]
    half_written = not data.endswith(b"\n")
    newest_forms = half_written or timeframe.end(int(times[-1])) > until
    bars = Bars.from_columns(
        symbol,
        timeframe,
        times,
        *numbers,
        closed=np.arange(len(times)) < len(times) - newest_forms,
        close_time=np.concatenate([block.close_times for block in blocks]),
        decimals=np.concatenate([_codes(block) for block in blocks]),
        texts={time: kept for block in blocks for time, kept in _texts(block)},
    )
    return bars.noted("the last line has no end, so its bar is not taken as closed") if half_written else bars


def _read_blocks(data: bytes, timeframe: Timeframe) -> Iterator[_Block]:
    cells = read_cells(data)
    places = _places([cells.text(0, column) for column in range(cells.ends.shape[1])])
    before = EARLIEST_TIME - 1
    for first in range(1, len(cells.ends), _CHUNK):
        try:
            block = _read_block(cells.rows(slice(first, first + _CHUNK)), places, timeframe)
            _check(block, before, timeframe)
        except ColumnError as error:
            raise LineError(line_of(data, first + error.index), str(error)) from None
        before = int(block.times[-1])
        yield block


def _places(header: list[str]) -> dict[str, int]:
    """Where each column stands in a row."""
    needed = ", ".join(_REQUIRED)
    if header == [""]:
        raise LineError(1, f"is empty; the first line must name the columns {needed}")
    places: dict[str, int] = {name: header.index(name) for name in (*_REQUIRED, "close_time") if name in header}
    missing = [name for name in _REQUIRED if name not in places]
    if missing:
        raise LineError(1, f"the header has no column {', '.join(missing)}; needed: {needed}")
    for name in places:
        if header.count(name) > 1:
            raise LineError(1, f"the header names the column {name} more than once")
    return places


def _read_block(cells: Cells, places: dict[str, int], timeframe: Timeframe) -> _Block:
    times = _times("open_time", cells, places["open_time"])
    ends = _times("close_time", cells, places["close_time"]) if "close_time" in places else timeframe.ends(times)
    return _Block(times, ends, tuple(_column(name, cells, places[name]) for name in FIELDS))


def _column(name: str, cells: Cells, place: int) -> Column:
    try:
        return read_column(cells, place)
    except ColumnError as error:
        why = f": {error}" if cells.text(error.index, place) else " is missing"
        raise ColumnError(error.index, name + why) from None


def _times(name: str, cells: Cells, place: int) -> NDArray[np.int64]:
    column = _column(name, cells, place)
    wrong = (column.codes != 0) | (column.numbers < EARLIEST_TIME) | (column.numbers > LATEST_TIME)
    if wrong.any():
        index = int(wrong.argmax())
        raise ColumnError(index, f"{name} {cells.text(index, place)} is not a time in ms of 1980 to 2200")
    return column.numbers.astype(np.int64)


def _check(block: _Block, before: int, timeframe: Timeframe) -> None:
    """Raises ColumnError for the first row that is no bar, or not after the one before it."""
    times = block.times
    opened, high, low, close, volume = (column.numbers for column in block.values)
    checks = (
        (times <= np.append(before, times[:-1]), "open_time is not after that of the row before"),
        (timeframe.open_times(timeframe.slots(times)) != times, f"open_time is not on the {timeframe} grid"),
        (high < low, "high is below low"),
        (np.maximum(opened, close) > high, "open or close is above high"),
        (np.minimum(opened, close) < low, "open or close is below low"),
        (volume < 0, "volume is negative"),
    )
    faults = [(int(wrong.argmax()), why) for wrong, why in checks if wrong.any()]
    if faults:
        raise ColumnError(*min(faults, key=lambda each: each[0]))


def _codes(block: _Block) -> NDArray[np.uint32]:
    """The counts of decimals of each bar's five values in one number."""
    return pack_decimals(*(column.codes.astype(np.uint32) for column in block.values))


def _texts(block: _Block) -> Iterator[tuple[int, tuple[str | None, ...]]]:
    """The texts kept aside, by open time: for each such bar those of its five values, None for a plain one."""
    for index in sorted({index for column in block.values for index in column.texts}):
        yield int(block.times[index]), tuple(column.texts.get(index) for column in block.values)
