"""A frame whose columns take integer positions, as every JoinQuant strategy writes them: `df['close'][-1]`.

pandas 3 takes an integer for a label, and there is none in an index of times: reading fails, and `s[-1] = x` adds a
row. The meaning of any other key is pandas' own.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

#: Kinds of index in which no integer can be a label.
_WITHOUT_NUMBERS: Final = frozenset({"datetime64", "string", "datetime", "date", "empty", "mixed"})

#: How many references there are to a series in its `__setitem__` if it is the temporary of `df['close'][-1] = x`.
#: From Python 3.14 on a local variable may have no more.
_AS_TEMPORARY: Final = 3 if sys.version_info < (3, 14) and sys.implementation.name == "cpython" else 0
#: None where a frame's column is the frame's own memory, so that such an assignment does what it says.
_CHAINED: Final = pd.errors.ChainedAssignmentError if int(pd.__version__.partition(".")[0]) >= 3 else None  # type: ignore[attr-defined]


class PositionalSeries(pd.Series):
    """A Series in which `s[-1]` and `s[0]` are the last and the first value, to read and to assign.

    They are so where the index has no numbers; in a RangeIndex, a negative number that is no label is one too.
    """

    @property
    def _constructor(self) -> Callable[..., PositionalSeries]:
        return PositionalSeries

    @property
    def _constructor_expanddim(self) -> Callable[..., PositionalFrame]:
        return PositionalFrame

    def __getitem__(self, key: Any) -> Any:
        return self.iloc[key] if _is_position(key, self.index) else super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        # pandas warns itself, but not for a subclass, whose own call holds one reference more.
        if _CHAINED and sys.getrefcount(self) <= _AS_TEMPORARY:
            text = "this changes a copy and not the frame; write df.loc[df.index[-1], 'close'] = ..."
            warnings.warn(text, _CHAINED, stacklevel=2)
        if _is_position(key, self.index):
            self.iloc[key] = value
        else:
            super().__setitem__(key, value)

    # pandas makes a subclass's results by way of a plain one, which costs three times as much as this.
    def _constructor_from_mgr(self, mgr: Any, axes: Any) -> PositionalSeries:
        return _series_of(mgr, axes)

    def _constructor_expanddim_from_mgr(self, mgr: Any, axes: Any) -> PositionalFrame:
        return _frame_of(mgr, axes)


class PositionalFrame(pd.DataFrame):
    """A DataFrame whose columns and rows are of `PositionalSeries`."""

    @property
    def _constructor(self) -> Callable[..., PositionalFrame]:
        return PositionalFrame

    @property
    def _constructor_sliced(self) -> Callable[..., PositionalSeries]:
        return PositionalSeries

    def _constructor_from_mgr(self, mgr: Any, axes: Any) -> PositionalFrame:
        return _frame_of(mgr, axes)

    def _constructor_sliced_from_mgr(self, mgr: Any, axes: Any) -> PositionalSeries:
        return _series_of(mgr, axes)


def _series_of(mgr: Any, axes: Any) -> PositionalSeries:
    series: PositionalSeries = PositionalSeries._from_mgr(mgr, axes)  # type: ignore[attr-defined]
    object.__setattr__(series, "_name", None)  # the caller sets the real one
    return series


def _frame_of(mgr: Any, axes: Any) -> PositionalFrame:
    frame: PositionalFrame = PositionalFrame._from_mgr(mgr, axes)  # type: ignore[attr-defined]
    return frame


def _is_position(key: object, index: pd.Index) -> bool:
    if not isinstance(key, int | np.integer) or isinstance(key, bool):
        return False
    if isinstance(index, pd.DatetimeIndex):
        return True
    if isinstance(index, pd.RangeIndex):
        return bool(key < 0) and key not in index
    first = index.levels[0] if isinstance(index, pd.MultiIndex) else index
    return first.inferred_type in _WITHOUT_NUMBERS
