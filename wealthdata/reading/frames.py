"""The shapes in which JoinQuant hands out bars: frames, long and wide frames, structured arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from wealthdata.reading.positional_frame import PositionalFrame

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from wealthdata.arguments.fields import Plan
    from wealthdata.reading.columns import Table

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


def wide_frame(tables: Tables, count: int, *, positional: bool) -> pd.DataFrame:
    """One field of several securities: a column per code, the newest `count` labels of all, NaN where one has none.

    A table has one row of numbers, and none of its labels twice. `attrs` maps each note by code.
    """
    labels = np.unique(_all_labels(tables))[-count:]
    numbers = np.full((len(tables), len(labels)), np.nan)
    for row, table in zip(numbers, tables.values(), strict=True):
        kept = np.isin(table.labels, labels)
        row[np.searchsorted(labels, table.labels[kept])] = table.numbers[0, kept]
    codes = pd.Index(list(tables), dtype=str)
    frame = _kind(positional)(numbers.T, index=pd.DatetimeIndex(labels, copy=False), columns=codes, copy=False)
    frame.attrs.update(_notes(tables))
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


def securities_frame(
    codes: Sequence[str], start: dt.date, end: dt.date, kind: str, *, positional: bool
) -> pd.DataFrame:
    """Securities, indexed by code: `display_name`, `name`, `start_date`, `end_date` as datetime64[ns], `type`."""
    index = pd.Index(codes, dtype=str)
    dates = {name: np.full(len(codes), day, "datetime64[ns]") for name, day in (("start", start), ("end", end))}
    columns = {
        "display_name": index,
        "name": index,
        "start_date": dates["start"],
        "end_date": dates["end"],
        "type": pd.Index([kind] * len(codes), dtype=str),
    }
    return _kind(positional)(columns, index=index)


def _kind(positional: bool) -> type[pd.DataFrame]:
    return PositionalFrame if positional else pd.DataFrame


def _put_date(frame: pd.DataFrame, plan: Plan, labels: NDArray[np.datetime64]) -> None:
    if "date" in plan.names:
        frame.insert(plan.names.index("date"), "date", labels.copy())


def _stacked(tables: Tables, plan: Plan, *, positional: bool) -> pd.DataFrame:
    numbers = np.concatenate([table.numbers for table in tables.values()], axis=1)
    frame = _kind(positional)(numbers.T, columns=plan.columns(), copy=False)
    _put_date(frame, plan, _all_labels(tables))
    frame.attrs.update(_notes(tables))
    return frame


def _notes(tables: Tables) -> dict[str, Any]:
    notes: dict[str, Any] = {}
    for code, table in tables.items():
        for name, note in table.notes.items():
            notes.setdefault(name, {})[code] = note
    return notes


def _all_labels(tables: Tables) -> NDArray[np.datetime64]:
    return np.concatenate([table.labels for table in tables.values()])


def _codes(tables: Tables) -> pd.Index:
    """The code of each row. The type is stated: pandas 3 would not find it out from no rows."""
    lengths = [len(table.labels) for table in tables.values()]
    codes: pd.Index = pd.Index(np.repeat(np.array(list(tables), dtype=object), lengths), dtype=str)
    return codes
