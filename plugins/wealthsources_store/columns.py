"""The columns of a Parquet file as numbers and texts of ours; whatever is wrong is named by column and row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from wealthsources import check_time, read_value
from wealthsources_store.parquet import load_pyarrow

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The code of a value that came as a number.
AS_NUMBER: Final = read_value(1.5).code
_NS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


class Wrong(ValueError):  # noqa: N818 - the file is, and BadFile says which
    """What is wrong with a column; `row` is its index within what was read, None if it is all of them."""

    def __init__(self, what: str, row: int | None = None) -> None:
        super().__init__(what)
        self.row = row


class Values(NamedTuple):
    """A column of prices or volumes: floats, the codes of their decimals, and the texts that are kept aside."""

    numbers: NDArray[np.float64]
    codes: NDArray[np.uint32]
    texts: dict[int, str]


def read_times(column: Any) -> NDArray[np.int64]:
    """Times in ms: of timestamps that have a zone, or of whole numbers, which are ms. Raises Wrong."""
    pa = load_pyarrow()
    kind = column.type
    _refuse_nulls(column)
    if pa.types.is_integer(kind):
        times = _whole(column)
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        times = _whole(column.cast(pa.int64()))
        if _NS[kind.unit] < _NS["ms"]:
            per_ms = _NS["ms"] // _NS[kind.unit]
            if (broken := times % per_ms != 0).any():
                raise Wrong("is no whole ms", int(broken.argmax()))
            times = times // per_ms
        else:
            times = times * (_NS[kind.unit] // _NS["ms"])
    elif pa.types.is_timestamp(kind):
        raise Wrong("has times without a zone; write them as timestamp[ms, tz=UTC], or as int64, ms since 1970, UTC")
    else:
        raise Wrong(f"is of the type {kind}; write times as timestamp[ms, tz=UTC], or as int64, ms since 1970, UTC")
    return _checked(times)


def _checked(times: NDArray[np.int64]) -> NDArray[np.int64]:
    for index in {int(times.argmin()), int(times.argmax())} if len(times) else ():
        try:
            check_time(int(times[index]))
        except ValueError as error:
            raise Wrong(str(error), index) from None
    return times


def read_values(column: Any) -> Values:
    """Prices or volumes: numbers of 64 bits, decimals or text. Raises Wrong."""
    pa = load_pyarrow()
    kind = column.type
    _refuse_nulls(column)
    if pa.types.is_float64(kind) or pa.types.is_integer(kind):
        numbers = np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
        return Values(numbers, np.full(len(numbers), AS_NUMBER, dtype=np.uint32), {})
    if pa.types.is_floating(kind):
        raise Wrong(f"is of the type {kind}, in which 0.1 is another number; write float64, decimals or text")
    if pa.types.is_decimal(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _read_texts(column.to_pylist())
    raise Wrong(f"is of the type {kind}; write float64, decimals or text")


def _read_texts(raws: list[Any]) -> Values:
    numbers = np.empty(len(raws))
    codes = np.empty(len(raws), dtype=np.uint32)
    texts = {}
    for index, raw in enumerate(raws):
        try:
            numbers[index], codes[index], text = read_value(raw)
        except ValueError as error:
            raise Wrong(str(error), index) from None
        if text is not None:
            texts[index] = text
    return Values(numbers, codes, texts)


def read_whole_numbers(column: Any, most: int = 2**31 - 1) -> NDArray[np.int64]:
    """Whole numbers from 0 to `most`. Raises Wrong."""
    if not load_pyarrow().types.is_integer(column.type):
        raise Wrong(f"is of the type {column.type}, and should be whole numbers")
    _refuse_nulls(column)
    numbers = _whole(column)
    if (beyond := (numbers < 0) | (numbers > most)).any():
        raise Wrong(f"is not from 0 to {most}", int(beyond.argmax()))
    return numbers


def read_words(column: Any, *, optional: bool = False) -> list[Any]:
    """Texts; None in place of missing ones, if these may be missing. Raises Wrong."""
    pa = load_pyarrow()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if optional and pa.types.is_null(column.type):
        return [None] * len(column)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise Wrong(f"is of the type {column.type}, and should be text")
    if not optional:
        _refuse_nulls(column)
    return column.to_pylist()  # type: ignore[no-any-return]


def _refuse_nulls(column: Any) -> None:
    if column.null_count:
        raise Wrong("is empty", column.is_null().to_pylist().index(True))


def _whole(column: Any) -> NDArray[np.int64]:
    pa = load_pyarrow()
    try:
        return np.asarray(column.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)
    except pa.ArrowInvalid as error:
        raise Wrong(f"has a number that is too large ({error})") from None
