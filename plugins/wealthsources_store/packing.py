"""Bars as columns of the table, and rows of the table as bars again, to the last digit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from wealthsources import FIELDS, FORMING, Bars, Finality, closed_by, new_rows, read_value, row_fields, time_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from wealthsources import Timeframe

    Texts = tuple[str | None, ...]

#: The code of each finality in the table. Not that of a row in memory, which may change; SQLite takes no room for 0, 1.
FINALITIES: Final = (Finality.HISTORY, Finality.FLAG, Finality.SUCCESSOR)
_STATUSES: Final = np.array([closed_by(finality) for finality in FINALITIES], dtype=np.uint8)
#: The code of every status there is. A bar of which nothing was said came from a history.
_CODES: Final = np.zeros(256, dtype=np.int64)
_CODES[_STATUSES] = range(len(FINALITIES))
_KEPT_ASIDE: Final = read_value(".5").code
#: Of a row in memory: 16 bits of revision, 8 of source.
_MOST_REVISIONS: Final = 65_535
_MOST_SOURCES: Final = 256


class Columns(NamedTuple):
    """Bars as the table has them, column by column; `values` are five columns, `sources` indices of `Bars.sources`."""

    open_time: list[int]
    close_time: list[int | None]
    values: list[list[float]]
    decimals: list[int]
    finality: list[int]
    sources: list[int]
    texts: list[str | None]


class Stored(NamedTuple):
    """One row of the table, its columns in this order."""

    open_time: int
    revision: int
    known_at: int | None
    close_time: int | None
    open: float
    high: float
    low: float
    close: float
    volume: float
    decimals: int
    finality: int
    source: int
    epoch: int
    texts: str | None


def to_columns(bars: Bars) -> Columns:
    """Raises ValueError for what cannot be kept: a forming bar, bars out of order, a value that is no number."""
    _check(bars)
    fields = row_fields(bars.rows)
    values, decimals = bars.values, fields["decimals"].astype(np.int64)
    texts = {time: kept for time, kept in bars.texts.items() if kept}
    if (zeros := np.signbit(values) & (values == 0)).any():
        _keep_signs(bars, zeros, decimals, texts)
    return Columns(
        bars.open_times.tolist(),
        but_the_ends(bars.close_times, bars),
        values.T.tolist(),
        decimals.tolist(),
        _CODES[fields["status"]].tolist(),
        bars.source_codes.tolist(),
        [_as_json(texts.get(time)) for time in bars.open_times.tolist()] if texts else [None] * len(bars),
    )


def but_the_ends(times: NDArray[np.int64] | list[int], bars: Bars) -> list[int | None]:
    """A time for each bar, None where it is the end of the bar."""
    others = np.asarray(times) != bars.ends
    return np.where(others, times, None).tolist() if others.any() else [None] * len(bars)  # type: ignore[call-overload]


def _check(bars: Bars) -> None:
    name = f"{bars.symbol} {bars.timeframe}"
    if (forming := bars.states == FORMING).any():
        raise ValueError(f"{name}: the bar of {time_text(int(bars.open_times[forming][0]))} is still forming")
    if (np.diff(bars.open_times) <= 0).any():
        raise ValueError(f"{name}: its bars are not in order of time, or one is there twice")
    if not (finite := np.isfinite(bars.values).all(axis=1)).all():
        time = time_text(int(bars.open_times[~finite][0]))
        raise ValueError(f"{name}: the bar of {time} has a value that is no finite number")


def _keep_signs(bars: Bars, zeros: NDArray[np.bool_], decimals: NDArray[np.int64], texts: dict[int, Texts]) -> None:
    """SQLite keeps -0.0 as 0: the text of those is kept aside."""
    for index in np.flatnonzero(zeros.any(axis=1)).tolist():
        bar = bars[index]
        kept = list(bar.texts or (None,) * len(FIELDS))
        for place in np.flatnonzero(zeros[index]).tolist():
            kept[place] = bar.exact(FIELDS[place])
            decimals[index] |= _KEPT_ASIDE << 6 * place
        texts[bar.open_time] = tuple(kept)


def _as_json(texts: Texts | None) -> str | None:
    return json.dumps(texts, separators=(",", ":")) if texts else None


def read_texts(column: str | None) -> Texts | None:
    """What the column `texts` has: the texts kept aside, None in place of the others."""
    return None if column is None else tuple(json.loads(column))


def to_bars(symbol: str, timeframe: Timeframe, stored: Sequence[Sequence[Any]], names: Mapping[int, str]) -> Bars:
    """Rows of the table as Bars, in the order in which they are given; `names` are those of the sources, by id."""
    if not stored:
        return Bars.empty(symbol, timeframe)
    columns = Stored(*zip(*stored, strict=True))  # type: ignore[arg-type]  # whole columns instead of values
    rows = new_rows(len(stored))
    fields = row_fields(rows)
    for name in ("open_time", *FIELDS, "decimals"):
        fields[name] = getattr(columns, name)
    fields["close_time"] = _close_times(columns.close_time, timeframe.ends(fields["open_time"]))  # type: ignore[arg-type]
    fields["status"] = _STATUSES[list(columns.finality)]  # type: ignore[call-overload]
    fields["revision"] = np.minimum(columns.revision, _MOST_REVISIONS)
    ids, fields["source"] = _coded(columns.source)  # type: ignore[arg-type]
    texts = {row[0]: read for row in stored if (read := read_texts(row[-1]))} if any(columns.texts or ()) else {}
    return Bars(symbol, timeframe, rows, tuple(names[each] for each in ids), texts)


def _close_times(column: Sequence[int | None], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    if not any(column):
        return ends
    return np.array([end if time is None else time for time, end in zip(column, ends.tolist(), strict=True)])


def _coded(ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """The ids there are, and for each row the place of its own among them."""
    known = sorted(set(ids))
    if len(known) > _MOST_SOURCES:
        raise ValueError(f"bars of {len(known)} sources in one answer; {_MOST_SOURCES} can be told apart. Ask for less")
    places = {each: place for place, each in enumerate(known)}
    return known, [places[each] for each in ids]
