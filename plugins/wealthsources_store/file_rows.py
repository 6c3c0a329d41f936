"""The rows of a Parquet file of one series, as numbers and texts of ours. What they say is not judged here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from wealthsources import FIELDS, Finality, Timeframe, pack_decimals, read_value
from wealthsources_store.columns import (
    AS_NUMBER,
    Values,
    Wrong,
    read_times,
    read_values,
    read_whole_numbers,
    read_words,
)
from wealthsources_store.errors import BadFile
from wealthsources_store.parquet import PLAIN, STATE, load_pyarrow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from wealthsources import Market

#: Rows that are read at once.
_BLOCK: Final = 50_000
#: Five codes of 6 bits.
_MOST_DECIMALS: Final = 2**30 - 1


class SeriesFile(NamedTuple):
    """A file, the series it is of, what a price may be there, and whether a store was exported to it.

    recorded  when recorders were at work for the series, ms, from their beginning until before their end
    """

    path: Path
    symbol: str
    timeframe: Timeframe
    market: Market
    exported: bool
    recorded: tuple[tuple[int, int], ...] = ()


class Rows(NamedTuple):
    """Some rows of a file, checked one by one; `first` is the number of the first of them, from 1."""

    first: int
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    decimals: NDArray[np.int64]
    texts: dict[int, tuple[str | None, ...]]  # by index
    states: States | None


class States(NamedTuple):
    """What a store says of each of these rows besides."""

    close_time: list[int]
    known_at: NDArray[np.int64]
    revision: NDArray[np.int64]
    finality: list[Finality]
    source: list[str]
    epoch: list[int]


def open_file(path: Path) -> Any:
    """The file, opened by pyarrow. Raises BadFile, ConfigError without pyarrow."""
    pa, parquet = load_pyarrow(), load_pyarrow("pyarrow.parquet")
    try:
        return parquet.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{path}: is no Parquet file that can be read ({error}); is it whole?") from None


def read_rows(file: SeriesFile) -> Iterator[Rows]:
    """The rows of a file, block by block. Raises BadFile that names column and row."""
    first = 1
    for batch in _batches(file.path, [*PLAIN, *(STATE if file.exported else ())]):
        if batch.num_rows:
            yield _Reader(file, batch, first).read()
            first += batch.num_rows


def _batches(path: Path, names: list[str]) -> Iterator[Any]:
    pa = load_pyarrow()
    try:
        with open_file(path) as opened:
            yield from opened.iter_batches(batch_size=_BLOCK, columns=names)
    except (pa.ArrowException, OSError) as error:
        raise BadFile(f"{path}: is damaged ({error}); take a whole copy of it") from None


class _Reader:
    """Reads one block of rows."""

    def __init__(self, file: SeriesFile, batch: Any, first: int) -> None:
        self._file, self._batch, self._first = file, batch, first

    def read(self) -> Rows:
        times = self._column("open_time", read_times)
        columns: list[Values] = [self._column(name, read_values) for name in FIELDS]
        values = np.stack([column.numbers for column in columns], axis=1)
        if self._file.exported:
            decimals, texts = self._exact(columns)
            return Rows(self._first, times, values, decimals, texts, self._states())
        decimals = pack_decimals(*(column.codes for column in columns)).astype(np.int64)
        kept = sorted({index for column in columns for index in column.texts})
        texts = {index: tuple(column.texts.get(index) for column in columns) for index in kept}
        return Rows(self._first, times, values, decimals, texts, None)

    def _states(self) -> States:
        return States(
            self._column("close_time", read_times).tolist(),
            self._column("known_at", read_times),
            self._column("revision", read_whole_numbers),
            self._column("finality", _finalities),
            self._column("source", read_words),
            self._column("epoch", read_whole_numbers).tolist(),
        )

    def _exact(self, columns: list[Values]) -> tuple[NDArray[np.int64], dict[int, tuple[str | None, ...]]]:
        """What gives the texts of the values back; it must be of these values."""
        for name, column in zip(FIELDS, columns, strict=True):
            if (column.codes != AS_NUMBER).any():
                raise self.bad(name, Wrong("is to be float64, in a file that a store was exported to"))
        decimals = self._column("decimals", lambda column: read_whole_numbers(column, _MOST_DECIMALS))
        raws = self._column("texts", lambda column: read_words(column, optional=True))
        texts = {index: self._kept(raw, index) for index, raw in enumerate(raws) if raw is not None}
        for place, (name, column) in enumerate(zip(FIELDS, columns, strict=True)):
            self._check_exact(name, place, column.numbers, decimals >> 6 * place & 63, texts)
        return decimals, texts

    def _kept(self, raw: str, index: int) -> tuple[str | None, ...]:
        try:
            found = json.loads(raw)
        except ValueError:
            found = None
        if not isinstance(found, list) or len(found) != len(FIELDS):
            raise self.bad("texts", Wrong("is no JSON list of a text or null for each value", index))
        return tuple(found)

    def _check_exact(
        self,
        name: str,
        place: int,
        numbers: NDArray[np.float64],
        codes: NDArray[np.int64],
        texts: dict[int, tuple[str | None, ...]],
    ) -> None:
        """The text of a value says the same number. Of up to 22 decimals that is reckoned exactly."""
        for code in np.unique(codes).tolist():
            where = np.flatnonzero(codes == code)
            if code == AS_NUMBER:
                continue
            some = numbers[where]
            if code > AS_NUMBER:
                same = np.array([_says(texts.get(index), place, numbers[index]) for index in where.tolist()])
            elif code <= 22:
                same = np.rint(some * 10.0**code) / 10.0**code == some
            else:
                same = np.array([float(f"{number:.{code}f}") == number for number in some.tolist()])
            if not same.all():
                raise self.bad(name, Wrong("is not the number of its text", int(where[~same][0])))

    def _column(self, name: str, read: Callable[[Any], Any]) -> Any:
        try:
            return read(self._batch.column(name))
        except Wrong as wrong:
            raise self.bad(name, wrong) from None

    def bad(self, name: str, wrong: Wrong) -> BadFile:
        """The error for what is wrong with a column."""
        row = "" if wrong.row is None else f", row {self._first + wrong.row}"
        return BadFile(f"{self._file.path}: column {name}{row}: {wrong}")


def _says(kept: tuple[str | None, ...] | None, place: int, number: float) -> bool:
    text = kept[place] if kept is not None else None
    if not isinstance(text, str):
        return False
    try:
        return read_value(text).number == number
    except ValueError:
        return False


def _finalities(column: Any) -> list[Finality]:
    words = read_words(column)
    known = {finality.value: finality for finality in Finality}
    wrong = next((index for index, word in enumerate(words) if word not in known), None)
    if wrong is not None:
        raise Wrong(f"{words[wrong]!r} is not one of {', '.join(known)}", wrong)
    return [known[word] for word in words]
