"""The times and values of a pandas frame, as arrays; what can be no bars is named by its row, with the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from wealthsources.model.rows import FIELDS
from wealthsources.model.times import check_time, time_text

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_TIME: Final = "open_time"
_WIDE: Final = 8  # bytes of a float that has every ms
_EXACT_BELOW: Final = 2.0**53
_SORT: Final = "order the rows by time, oldest first: frame.sort_index(), or frame.sort_values('open_time')"
_NO_ZONE: Final = "say which zone they are of, and nobody guesses: frame.tz_localize('UTC'), or .dt.tz_localize('UTC')"


def read_frame(frame: Any) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    """Open times in ms, and the five columns of FIELDS. Raises ValueError, as `Bars.from_frame` says."""
    import pandas as pd  # noqa: PLC0415 - heavy

    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"a {type(frame).__name__} is no pandas.DataFrame; bars in lists are for Bars.from_records")
    places = _places(frame)
    times = _times(_time_column(frame, places))
    return times, [_numbers(frame.iloc[:, places[name]], times) for name in FIELDS]


def _places(frame: pd.DataFrame) -> dict[str, int]:
    """Where the columns are that we read, by our names for them."""
    if frame.columns.nlevels > 1:
        raise ValueError("the columns have several levels; take those of one symbol: frame.xs(symbol, axis=1, level=1)")
    places: dict[str, int] = {}
    for place, label in enumerate(frame.columns):
        name = str(label).strip().lower()
        if name in (*FIELDS, _TIME) and places.setdefault(name, place) != place:
            raise ValueError(f"two columns are called {name}: {frame.columns[places[name]]!r} and {label!r}; drop one")
    lacking = [name for name in FIELDS if name not in places]
    if lacking:
        there = ", ".join(map(str, frame.columns)) or "none"
        raise ValueError(
            f"the frame has no column {', '.join(lacking)}, but {there}; name them so: frame.rename(columns=…)"
        )
    return places


def _time_column(frame: pd.DataFrame, places: dict[str, int]) -> pd.Series[Any]:
    import pandas as pd  # noqa: PLC0415 - heavy

    if _TIME in places:
        return frame.iloc[:, places[_TIME]]
    index = frame.index
    if isinstance(index, pd.DatetimeIndex) or str(index.name).strip().lower() == _TIME or not len(frame):
        return index.to_series()
    raise ValueError(
        f"the frame has no column open_time, and its index is a {type(index).__name__} of {index.dtype}; times are an "
        "open_time in ms or datetimes, or a DatetimeIndex: frame.set_index(pandas.to_datetime(frame['…'], utc=True))"
    )


def _times(column: pd.Series[Any]) -> NDArray[np.int64]:
    """In ms, each after the one before."""
    from pandas.api import types  # noqa: PLC0415 - heavy

    if not len(column):
        return np.zeros(0, dtype=np.int64)
    missing = column.isna().to_numpy()
    if missing.any():
        raise ValueError(f"frame.iloc[{_first(missing)}]: has no time; take such rows out, or repair what made them")
    if types.is_datetime64_any_dtype(column.dtype):
        times = _moments(column)
    elif types.is_integer_dtype(column.dtype) or types.is_float_dtype(column.dtype):
        times = _whole(column)
    else:
        raise ValueError(
            f"times are of type {column.dtype}, as {column.iloc[0]!r}; make datetimes of them: "
            "pandas.to_datetime(…, utc=True)"
        )
    _check_order(times)
    return times


def _moments(column: pd.Series[Any]) -> NDArray[np.int64]:
    if column.dt.tz is None:
        raise ValueError(f"the times, as {column.iloc[0]}, have no zone; {_NO_ZONE}")
    moments = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    times: NDArray[np.int64] = moments.astype("datetime64[ms]").astype(np.int64)
    finer = times.astype("datetime64[ms]") != moments
    if finer.any():
        row = _first(finer)
        raise ValueError(f"frame.iloc[{row}]: {column.iloc[row]} is no whole ms; round it: .dt.floor('ms')")
    return times


def _whole(column: pd.Series[Any]) -> NDArray[np.int64]:
    numbers = column.to_numpy()
    if numbers.dtype.kind == "f" and numbers.dtype.itemsize < _WIDE:
        raise ValueError(
            f"times are of type {column.dtype}, which rounds them to minutes; read them again as int64 or as datetimes"
        )
    with np.errstate(invalid="ignore"):  # what is too large for an int is another number then, and is told below
        times: NDArray[np.int64] = np.trunc(numbers).astype(np.int64)
    if (broken := times != numbers).any():
        row = _first(broken)
        raise ValueError(f"frame.iloc[{row}]: the time {numbers[row]} is no whole number of ms")
    return times


def _check_order(times: NDArray[np.int64]) -> None:
    for row in {0, len(times) - 1}:  # what is in order and has these two right is right
        try:
            check_time(int(times[row]))
        except ValueError as error:
            raise ValueError(f"frame.iloc[{row}]: {error}; make ms of it, or datetimes with a zone") from None
    steps = np.diff(times)
    if (steps <= 0).any():
        row = _first(steps <= 0) + 1
        where = _where(row, times)
        if steps[row - 1] == 0:
            raise ValueError(f"{where}: its time is that of the row before; keep one: frame[~times.duplicated('last')]")
        raise ValueError(f"{where}: its time is before that of the row before; {_SORT}")


def _numbers(column: pd.Series[Any], times: NDArray[np.int64]) -> NDArray[np.float64]:
    from pandas.api import types  # noqa: PLC0415 - heavy

    if not (types.is_float_dtype(column.dtype) or types.is_integer_dtype(column.dtype)) and len(column):
        raise ValueError(
            f"{_where(0, times)}: {column.name} is of type {column.dtype}, as {column.iloc[0]!r}; make numbers of it: "
            f"frame.astype({{{column.name!r}: float}})"
        )
    numbers: NDArray[np.float64] = column.to_numpy(dtype=np.float64, na_value=np.nan)
    if (lacking := ~np.isfinite(numbers)).any():
        row = _first(lacking)
        raise ValueError(
            f"{_where(row, times)}: {column.name} is {numbers[row]}; take such rows out, frame.dropna(), or repair "
            "what made them"
        )
    if types.is_integer_dtype(column.dtype):
        _check_exact(column, numbers, times)
    return numbers


def _check_exact(column: pd.Series[Any], numbers: NDArray[np.float64], times: NDArray[np.int64]) -> None:
    """That no whole number became its neighbour: a float64 has not all of them beyond 2**53."""
    for row in np.flatnonzero(np.abs(numbers) >= _EXACT_BELOW).tolist():
        whole = int(column.iloc[row])
        if whole != int(numbers[row]):
            raise ValueError(
                f"{_where(row, times)}: {column.name} is {whole}, which no float64 is; give it in a larger unit"
            )


def _first(wrong: NDArray[np.bool_]) -> int:
    return int(wrong.argmax())


def _where(row: int, times: NDArray[np.int64]) -> str:
    return f"frame.iloc[{row}] ({time_text(int(times[row]))} UTC)"
