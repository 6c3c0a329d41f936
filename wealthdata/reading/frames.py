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

    from wealthdata.arguments.fields import Fields
    from wealthdata.reading.columns import Columns

    BySymbol = Mapping[str, Columns]


def one_frame(columns: Columns, fields: Fields, *, positional: bool) -> pd.DataFrame:
    """One security: indexed by label, a column per field. `attrs` has the notes, if there are any."""
    index = pd.DatetimeIndex(columns.labels, copy=False)
    frame = _kind(positional)(columns.numbers.T, index=index, columns=fields.index.view(), copy=False)
    _put_date(frame, fields, columns.labels)
    if columns.notes:
        frame.attrs.update(columns.notes)
    return frame


def long_frame(by_symbol: BySymbol, fields: Fields, *, positional: bool) -> pd.DataFrame:
    """Several securities, one under the other: `time`, `code`, then the fields. `attrs` maps each note by code."""
    frame = _stacked(by_symbol, fields, positional=positional)
    frame.insert(0, "time", _all_labels(by_symbol))
    frame.insert(1, "code", _codes(by_symbol))
    return frame


def wide_frame(by_symbol: BySymbol, count: int, *, positional: bool) -> pd.DataFrame:
    """One field of by_symbol securities: a column per code, the newest `count` labels of all, NaN where one has none.

    Each has one row of numbers, and none of its labels twice. `attrs` maps each note by code.
    """
    labels = np.unique(_all_labels(by_symbol))[-count:]
    numbers = np.full((len(by_symbol), len(labels)), np.nan)
    for row, columns in zip(numbers, by_symbol.values(), strict=True):
        kept = np.isin(columns.labels, labels)
        row[np.searchsorted(labels, columns.labels[kept])] = columns.numbers[0, kept]
    codes = pd.Index(list(by_symbol), dtype=str)
    frame = _kind(positional)(numbers.T, index=pd.DatetimeIndex(labels, copy=False), columns=codes, copy=False)
    frame.attrs.update(_notes(by_symbol))
    return frame


def dated_frame(columns: Columns, fields: Fields, *, positional: bool) -> pd.DataFrame:
    """One security as jqdatasdk's get_bars has it: numbered rows, the label in the column `date`."""
    frame = _kind(positional)(columns.numbers.T, columns=fields.index.view(), copy=False)
    _put_date(frame, fields, columns.labels)
    if columns.notes:
        frame.attrs.update(columns.notes)
    return frame


def numbered_frame(by_symbol: BySymbol, fields: Fields, *, positional: bool) -> pd.DataFrame:
    """Several securities as jqdatasdk's get_bars has them: indexed by code and number of the row."""
    frame = _stacked(by_symbol, fields, positional=positional)
    numbers = [np.arange(len(columns.labels)) for columns in by_symbol.values()]
    frame.index = pd.MultiIndex.from_arrays([_codes(by_symbol), np.concatenate(numbers)])
    return frame


def array(columns: Columns, fields: Fields) -> NDArray[np.void]:
    """One security as the platform's get_bars has it: a structured array, `a['close'][-1]`; `a[-1]` is a row."""
    kinds = [(name, "datetime64[ns]" if name == "date" else "float64") for name in fields.names]
    rows = np.empty(len(columns.labels), dtype=kinds)
    for name, numbers in zip(fields.numbers, columns.numbers, strict=True):
        rows[name] = numbers
    if "date" in fields.names:
        rows["date"] = columns.labels
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


def _put_date(frame: pd.DataFrame, fields: Fields, labels: NDArray[np.datetime64]) -> None:
    if "date" in fields.names:
        frame.insert(fields.names.index("date"), "date", labels.copy())


def _stacked(by_symbol: BySymbol, fields: Fields, *, positional: bool) -> pd.DataFrame:
    numbers = np.concatenate([columns.numbers for columns in by_symbol.values()], axis=1)
    frame = _kind(positional)(numbers.T, columns=fields.index.view(), copy=False)
    _put_date(frame, fields, _all_labels(by_symbol))
    frame.attrs.update(_notes(by_symbol))
    return frame


def _notes(by_symbol: BySymbol) -> dict[str, Any]:
    notes: dict[str, Any] = {}
    for code, columns in by_symbol.items():
        for name, note in columns.notes.items():
            notes.setdefault(name, {})[str.__str__(code)] = note  # a caller's own kind of text cannot be written
    return notes


def _all_labels(by_symbol: BySymbol) -> NDArray[np.datetime64]:
    return np.concatenate([columns.labels for columns in by_symbol.values()])


def _codes(by_symbol: BySymbol) -> pd.Index:
    """The code of each row. The type is stated: pandas 3 would not find it out from no rows."""
    lengths = [len(columns.labels) for columns in by_symbol.values()]
    codes: pd.Index = pd.Index(np.repeat(np.array(list(by_symbol), dtype=object), lengths), dtype=str)
    return codes
