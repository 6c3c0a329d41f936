"""Fingerprints of a strategy's values, so that those of two runs can be compared."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import hashlib
from collections import deque
from collections.abc import Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from wealthsources import Bars
from wealthsources_verify.strategy_module import MODULE

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCALARS: Final = (type(None), bool, int, float, complex, str, bytes, dt.date, dt.time, dt.timedelta, decimal.Decimal)
_DEEPEST: Final = 6
#: Of a longer list or column the newest are compared: what was put in before was compared when it was new.
_NEWEST: Final = 200

_SEPARATOR: Final = b"\x1f"


def fingerprint(value: object) -> bytes | None:
    """16 bytes that are equal for equal values; None for what is none: functions, modules, open files and the like."""
    parts: list[bytes] = []
    if not _write(value, parts, 0):
        return None
    return hashlib.blake2b(_SEPARATOR.join(parts), digest_size=16).digest()


# what goes into one --------------------------------------------------------------------------------------------


def _write(value: object, parts: list[bytes], depth: int) -> bool:
    """Append what tells the value from another one. False, and nothing appended, if it is no value."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, enum.Enum):
        value = value.name
    if isinstance(value, _SCALARS):
        parts.append(f"{type(value).__name__}:{value!r}".encode(errors="surrogatepass"))
        return True
    if isinstance(value, np.ndarray | pd.Index | pd.Series | pd.DataFrame | Bars):
        _write_columns(value, parts, depth)
        return True
    if depth > _DEEPEST:
        parts.append(type(value).__name__.encode())
        return True
    if isinstance(value, Mapping):
        _write_items(list(value.items())[-_NEWEST:], len(value), parts, depth)
        return True
    if isinstance(value, list | tuple | deque):
        parts.append(f"{type(value).__name__} of {len(value)}".encode())
        _write_all(list(value)[-_NEWEST:], parts, depth)
        return True
    if isinstance(value, set | frozenset):
        parts.append(f"set of {len(value)}".encode())
        parts += sorted(fingerprint(each) or b"" for each in value)
        return True
    fields = _fields(value)
    if fields is None:
        return False
    parts.append(type(value).__name__.encode())
    _write_items(list(fields.items()), len(fields), parts, depth)
    return True


def _write_all(values: Iterable[object], parts: list[bytes], depth: int) -> None:
    for value in values:
        if not _write(value, parts, depth + 1):
            parts.append(type(value).__name__.encode())


def _write_items(items: list[tuple[Any, Any]], length: int, parts: list[bytes], depth: int) -> None:
    """Of a mapping: in the order of the keys' texts, since two that are equal may have been filled in another order."""
    parts.append(f"mapping of {length}".encode())
    for key, value in sorted(items, key=lambda item: (str(item[0]), type(item[0]).__name__)):
        _write_all((key, value), parts, depth)


def _write_columns(value: Any, parts: list[bytes], depth: int) -> None:
    if isinstance(value, Bars):
        columns: list[Any] = [value.open_times, value.values]
    elif isinstance(value, pd.DataFrame):
        columns = [value.index, value.columns, *(value.iloc[:, place] for place in range(value.shape[1]))]
    elif isinstance(value, pd.Series):
        columns = [value.index.to_numpy(), value.to_numpy()]
    else:
        columns = [np.atleast_1d(np.asarray(value))]
    for column in columns:
        if not isinstance(column, np.ndarray):
            _write_columns(column, parts, depth)
            continue
        parts.append(f"{column.dtype} {column.shape}".encode())
        newest = column[-_NEWEST:]
        if column.dtype.hasobject:
            _write_all(newest.ravel().tolist(), parts, depth)
        else:
            parts.append(newest.tobytes())


def _fields(value: object) -> dict[str, object] | None:
    """The attributes of an object that stands for a value: one of the strategy's own classes, or a plain record."""
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    if isinstance(value, SimpleNamespace) or type(value).__module__ == MODULE:
        return dict(getattr(value, "__dict__", {}))
    return None
