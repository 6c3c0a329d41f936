"""A frame whose columns take integer positions, as every JoinQuant strategy writes them: `df['close'][-1]`.

pandas 3 takes an integer for a label, and there is none in an index of times: reading fails, and `s[-1] = x` adds a
row. The meaning of any other key is pandas' own. What pandas makes of such a column is one again, but for what it
makes with `describe`, `agg` by several names, `groupby(...).rolling` and `ewm(...).corr`: that is plain.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from pandas.api.typing import Expanding, Rolling

if TYPE_CHECKING:
    from collections.abc import Callable

#: Kinds of index in which no integer can be a label.
_WITHOUT_NUMBERS: Final = frozenset(
    {"datetime64", "datetime", "date", "time", "timedelta64", "timedelta", "period", "string", "mixed", "empty"}
)

#: How many references there are to a series in its `__setitem__` if it is the temporary of `df['close'][-1] = x`.
#: From Python 3.14 on a local variable may have no more.
_AS_TEMPORARY: Final = 3 if sys.version_info < (3, 14) and sys.implementation.name == "cpython" else 0
_PANDAS_2: Final = pd.__version__.startswith("2.")


class PositionalSeries(pd.Series):
    """A Series in which `s[-1]` and `s[0]` are the last and the first value, to read and to assign.

    They are so where the index has no numbers, and so is `s[[0, -1]]`; in numbered rows (a RangeIndex without a name),
    a negative number that is no label is one too.
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
        if sys.getrefcount(self) <= _AS_TEMPORARY and _columns_are_copies():
            text = "this changes a copy and not the frame; write df.loc[df.index[-1], 'close'] = ..."
            warnings.warn(text, pd.errors.ChainedAssignmentError, stacklevel=2)  # type: ignore[attr-defined]
        if _is_position(key, self.index):
            self.iloc[key] = value
        else:
            super().__setitem__(key, value)

    def rolling(self, *args: Any, **kwargs: Any) -> Any:
        """As pandas has it; a function given to its `apply` is given such a series too."""
        return _own(super().rolling(*args, **kwargs))

    def expanding(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[misc]
        """As `rolling`."""
        return _own(super().expanding(*args, **kwargs))

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

    def rolling(self, *args: Any, **kwargs: Any) -> Any:
        """As pandas has it; a function given to its `apply` is given a `PositionalSeries`."""
        return _own(super().rolling(*args, **kwargs))

    def expanding(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[misc]
        """As `rolling`."""
        return _own(super().expanding(*args, **kwargs))

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


# keys ----------------------------------------------------------------------------------------------------------


def _is_position(key: object, index: pd.Index) -> bool:
    if _is_whole(key):
        if isinstance(index, pd.RangeIndex):
            # With a name it was a column, whose numbers mean something: a -1 that is not there is not the last row.
            return index.name is None and bool(key < 0) and key not in index  # type: ignore[operator]
    elif not _are_whole(key):
        return False
    return _has_no_numbers(index)


def _is_whole(key: object) -> bool:
    # numpy takes its durations for integers.
    return isinstance(key, int | np.integer) and not isinstance(key, bool | np.timedelta64)


def _are_whole(key: object) -> bool:
    if isinstance(key, list):
        return all(map(_is_whole, key))
    return isinstance(key, np.ndarray | pd.Series | pd.Index) and key.dtype.kind in "iu"


def _has_no_numbers(index: pd.Index) -> bool:
    if isinstance(index, pd.DatetimeIndex):
        return True
    first = index.levels[0] if isinstance(index, pd.MultiIndex) else index
    return first.inferred_type in _WITHOUT_NUMBERS


def _columns_are_copies() -> bool:
    """Whether a frame's column is a copy: since pandas 3 always, before it where copy_on_write is on."""
    return not _PANDAS_2 or pd.get_option("mode.copy_on_write") is True


# windows -------------------------------------------------------------------------------------------------------


class _Windows:
    """What pandas makes plain though it is made of ours: the windows given to a function, and what two columns make."""

    def apply(self, func: Callable[..., Any], raw: bool = False, *args: Any, **kwargs: Any) -> Any:
        def on_positional(window: pd.Series, *more: Any, **named: Any) -> Any:
            return func(_series_of(window._mgr, window.axes), *more, **named)

        return super().apply(func if raw else on_positional, raw, *args, **kwargs)  # type: ignore[misc]

    def corr(self, *args: Any, **kwargs: Any) -> Any:
        return _as_ours(super().corr(*args, **kwargs))  # type: ignore[misc]

    def cov(self, *args: Any, **kwargs: Any) -> Any:
        return _as_ours(super().cov(*args, **kwargs))  # type: ignore[misc]


class _Rolling(_Windows, Rolling): ...  # type: ignore[type-arg]


class _Expanding(_Windows, Expanding): ...  # type: ignore[type-arg]


def _own(windows: Any) -> Any:
    """The same windows of a kind that has the methods above, if they are of one that takes functions."""
    kind: Any = {Rolling: _Rolling, Expanding: _Expanding}.get(type(windows))
    return kind(windows.obj, **{name: getattr(windows, name) for name in windows._attributes}) if kind else windows


def _as_ours(made: pd.Series | pd.DataFrame) -> PositionalSeries | PositionalFrame:
    return PositionalSeries(made) if isinstance(made, pd.Series) else PositionalFrame(made)
