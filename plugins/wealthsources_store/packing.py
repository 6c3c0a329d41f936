"""Bars as columns of the table, and rows of the table as bars again, to the last digit."""

from __future__ import annotations

import json
import struct
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from wealthsources import FIELDS, FORMING, Bars, Finality, closed_by, new_rows, read_value, row_fields, time_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from wealthsources import Timeframe

    Texts = tuple[str | None, ...]

#: The code of each finality in the table. Not that of a row in memory, which may change.
FINALITIES: Final = (Finality.HISTORY, Finality.FLAG, Finality.SUCCESSOR)
_STATUSES: Final = np.array([closed_by(finality) for finality in FINALITIES], dtype=np.uint8)
#: The code of every status there is. A bar of which nothing was said came from a history.
_CODES: Final = np.zeros(256, dtype=np.int64)
_CODES[_STATUSES] = range(len(FINALITIES))
_KEPT_ASIDE: Final = read_value(".5").code
#: Of a row in memory: 16 bits of revision, 8 of source.
_MOST_REVISIONS: Final = 65_535
_MOST_SOURCES: Final = 256


class Form(NamedTuple):
    """What many bars have in common; `finality` is an index of FINALITIES, `decimals` as a row in memory has them."""

    source: str
    finality: int
    decimals: int


class Columns(NamedTuple):
    """Bars as the table has them, column by column; `values` are five columns, `form` indices of `forms`."""

    open_time: list[int]
    close_after: list[int | None]
    values: list[list[float]]
    decimals: list[int]
    forms: list[Form]
    form: list[int]
    texts: list[str | None]


class Stored(NamedTuple):
    """One row of the table, its columns in this order; the first BAR_COLUMNS of them make a bar."""

    open_time: int
    revision: int
    close_after: int | None
    open: float
    high: float
    low: float
    close: float
    volume: float
    form: int
    texts: str | None
    known_after: int | None
    epoch: int


BAR_COLUMNS: Final = Stored._fields.index("known_after")


def to_columns(bars: Bars) -> Columns:
    """Raises ValueError for what cannot be kept: a forming bar, bars out of order, a value that is no number."""
    _check(bars)
    fields = row_fields(bars.rows)
    values, decimals = bars.values, fields["decimals"].astype(np.int64)
    texts = {time: kept for time, kept in bars.texts.items() if kept}
    if (zeros := np.signbit(values) & (values == 0)).any():
        _keep_signs(bars, zeros, decimals, texts)
    forms, form = _forms(bars, _CODES[fields["status"]], decimals)
    return Columns(
        bars.open_times.tolist(),
        after_the_ends(bars.close_times, bars),
        values.T.tolist(),
        decimals.tolist(),
        forms,
        form,
        [write_texts(texts.get(time)) for time in bars.open_times.tolist()] if texts else [None] * len(bars),
    )


def after_the_ends(times: NDArray[np.int64] | list[int], bars: Bars) -> list[int | None]:
    """How many ms after the end of each bar its time is, None where it is the end."""
    after = np.asarray(times) - bars.ends
    return np.where(after != 0, after, None).tolist() if after.any() else [None] * len(bars)  # type: ignore[call-overload]


def _forms(bars: Bars, finality: NDArray[np.int64], decimals: NDArray[np.int64]) -> tuple[list[Form], list[int]]:
    """The forms there are, and for each bar the place of its own among them."""
    keys = list(zip(bars.source_codes.tolist(), finality.tolist(), decimals.tolist(), strict=True))
    places = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return [Form(bars.sources[source], *rest) for source, *rest in places], [places[key] for key in keys]


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


def write_texts(texts: Texts | None) -> str | None:
    """What the column `texts` is to have of the texts kept aside."""
    return json.dumps(texts, separators=(",", ":")) if texts else None


def read_texts(column: str | None) -> Texts | None:
    """What the column `texts` has: the texts kept aside, None in place of the others."""
    return None if column is None else tuple(json.loads(column))


def to_bars(symbol: str, timeframe: Timeframe, stored: Sequence[Sequence[Any]], forms: Mapping[int, Form]) -> Bars:
    """Rows of the table as Bars, in the order in which they are given; `forms` are those of the rows, by id.

    Of each row the first BAR_COLUMNS are looked at.
    """
    if not stored:
        return Bars.empty(symbol, timeframe)
    open_time, revision, close_after, *values, form, texts = islice(zip(*stored, strict=True), BAR_COLUMNS)
    rows = new_rows(len(stored))
    fields = row_fields(rows)
    fields["open_time"] = open_time
    for name, column in zip(FIELDS, values, strict=True):
        fields[name] = np.frombuffer(struct.pack(f"{len(column)}d", *column))  # numpy alone takes four times as long
    fields["close_time"] = timeframe.ends(fields["open_time"])
    if any(close_after):
        fields["close_time"] += [after or 0 for after in close_after]
    if any(revision):
        fields["revision"] = np.minimum(revision, _MOST_REVISIONS)
    sources = _set_forms(fields, form, forms)
    aside = zip(open_time, texts, strict=True) if any(texts) else ()
    kept = {time: read for time, text in aside if (read := read_texts(text))}
    return Bars(symbol, timeframe, rows, sources, kept)


def _set_forms(fields: NDArray[np.void], ids: Sequence[int], forms: Mapping[int, Form]) -> tuple[str, ...]:
    """Set what each row has of its form; the names of the sources there are."""
    known = {each: forms[each] for each in dict.fromkeys(ids)}
    sources = sorted({form.source for form in known.values()})
    if len(sources) > _MOST_SOURCES:
        raise ValueError(
            f"bars of {len(sources)} sources in one answer; {_MOST_SOURCES} can be told apart. Ask for less"
        )
    places = {each: place for place, each in enumerate(known)}
    place: Any = np.array([places[each] for each in ids]) if len(places) > 1 else 0
    fields["decimals"] = np.array([form.decimals for form in known.values()])[place]
    fields["status"] = _STATUSES[[form.finality for form in known.values()]][place]
    fields["source"] = np.array([sources.index(form.source) for form in known.values()])[place]
    return tuple(sources)
