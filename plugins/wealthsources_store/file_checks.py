"""Whether rows of a file are bars of its series, in order and over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wealthsources import fault_of, find_faults, time_text
from wealthsources_store.errors import BadFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wealthsources_store.file_rows import Rows, SeriesFile


def check_bars(file: SeriesFile, rows: Rows, now: int) -> None:
    wrong = find_faults(rows.times, rows.values, file.timeframe, file.market.prices)
    if wrong.any():
        index = int(wrong.argmax())
        why = fault_of(int(rows.times[index]), rows.values[index].tolist(), file.timeframe, file.market.prices)
        column, _, rest = why.partition(": ")
        told = f"column {column}, row {rows.first + index}: {rest}" if rest else f"row {rows.first + index}: {why}"
        raise BadFile(f"{file.path}: {told}")
    forming = file.timeframe.ends(rows.times) > now
    if forming.any():
        raise BadFile(
            f"{file.path}: column open_time, row {rows.first + int(forming.argmax())}: the bar is not over yet; "
            "take it out of the file, or wait"
        )


def check_order(file: SeriesFile, rows: Rows, before: tuple[int, int, int] | None) -> tuple[int, int, int]:
    """Compare each row with the one before it; the last one is `before` for the next block."""
    states = rows.states
    none = np.zeros(len(rows.times), dtype=np.int64)
    keys = np.stack([rows.times, *((none, none) if states is None else (states.revision, states.known_at))], axis=1)
    all_keys = keys if before is None else np.vstack([before, keys])
    here, there = all_keys[1:], all_keys[:-1]
    later = here[:, 0] > there[:, 0]
    next_state = (here[:, 0] == there[:, 0]) & (here[:, 1] > there[:, 1])
    if not (good := later | next_state).all():
        raise _out_of_order(file, rows, before, good, "open_time", "is not after the one before")
    if not (good := later | (here[:, 2] >= there[:, 2])).all():
        raise _out_of_order(file, rows, before, good, "known_at", "is before that of the state before")
    return tuple(all_keys[-1].tolist())


def _out_of_order(
    file: SeriesFile, rows: Rows, before: object, good: NDArray[np.bool_], column: str, why: str
) -> BadFile:
    index = int((~good).argmax()) + (before is None)
    time = time_text(int(rows.times[index]))
    return BadFile(f"{file.path}: column {column}, row {rows.first + index} ({time} UTC): {why}")
