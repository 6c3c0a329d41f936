"""The shapes in which JoinQuant hands out bars: frames, long frames, structured arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wealthdata.positional import PositionalFrame

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from wealthdata.fields import Plan
    from wealthdata.table import Table

    Tables = Mapping[str, Table]


def one_frame(table: Table, plan: Plan, *, positional: bool) -> pd.DataFrame:
    """One security: indexed by label, a column per field. `attrs` has the notes, if there are any."""
    index = pd.DatetimeIndex(table.labels, copy=False)
    frame = _kind(positional)(table.numbers.T, index=index, columns=plan.columns(), copy=False)
    _put_date(frame, plan, table.labels)
    if table.notes:
        frame.attrs.update(table.notes)
    return frame


def long_frame(tables: Tables, plan: Plan, *, positional: bool) -> pd.DataFrame:
    """Several securities, one under the other: `time`, `code`, then the fields. `attrs` maps each note by code."""
    frame = _stacked(tables, plan, positional=positional)
    frame.insert(0, "time", _all_labels(tables))
    frame.insert(1, "code", _codes(tables))
    return frame


def dated_frame(table: Table, plan: Plan, *, positional: bool) -> pd.DataFrame:
    """One security as jqdatasdk's get_bars has it: numbered rows, the label in the column `date`."""
    frame = _kind(positional)(table.numbers.T, columns=plan.columns(), copy=False)
    _put_date(frame, plan, table.labels)
    if table.notes:
        frame.attrs.update(table.notes)
    return frame


def numbered_frame(tables: Tables, plan: Plan, *, positional: bool) -> pd.DataFrame:
    """Several securities as jqdatasdk's get_bars has them: indexed by code and number of the row."""
    frame = _stacked(tables, plan, positional=positional)
    numbers = [np.arange(len(table.labels)) for table in tables.values()]
    frame.index = pd.MultiIndex.from_arrays([_codes(tables), np.concatenate(numbers)])
    return frame


def array(table: Table, plan: Plan) -> NDArray[np.void]:
    """One security as the platform's get_bars has it: a structured array, `a['close'][-1]`; `a[-1]` is a row."""
    kinds = [(name, "datetime64[ns]" if name == "date" else "float64") for name in plan.names]
    rows = np.empty(len(table.labels), dtype=kinds)
    for name, numbers in zip(plan.numbers, table.numbers, strict=True):
        rows[name] = numbers
    if "date" in plan.names:
        rows["date"] = table.labels
    return rows


def _kind(positional: bool) -> type[pd.DataFrame]:
    return PositionalFrame if positional else pd.DataFrame


def _put_date(frame: pd.DataFrame, plan: Plan, labels: NDArray[np.datetime64]) -> None:
    if "date" in plan.names:
        frame.insert(plan.names.index("date"), "date", labels.copy())


def _stacked(tables: Tables, plan: Plan, *, positional: bool) -> pd.DataFrame:
    numbers = np.concatenate([table.numbers for table in tables.values()], axis=1)
    frame = _kind(positional)(numbers.T, columns=plan.columns(), copy=False)
    _put_date(frame, plan, _all_labels(tables))
    notes: dict[str, Any] = {}
    for code, table in tables.items():
        for name, note in table.notes.items():
            notes.setdefault(name, {})[code] = note
    if notes:
        frame.attrs.update(notes)
    return frame


def _all_labels(tables: Tables) -> NDArray[np.datetime64]:
    return np.concatenate([table.labels for table in tables.values()])


def _codes(tables: Tables) -> pd.Index:
    """The code of each row. The type is stated: pandas 3 would not find it out from no rows."""
    lengths = [len(table.labels) for table in tables.values()]
    codes: pd.Index = pd.Index(np.repeat(np.array(list(tables), dtype=object), lengths), dtype=str)
    return codes
