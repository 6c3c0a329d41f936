"""A column of text read at once equals its texts read one by one."""

from __future__ import annotations

import pytest
from hypothesis import example, given, strategies as st

from wealthsources import read_value
from wealthsources_file.cells import read_cells
from wealthsources_file.columns import ColumnError, read_column

plain = st.decimals(min_value=0, max_value=10**14, allow_nan=False, allow_infinity=False).map(lambda d: format(d, "f"))
digits = st.from_regex(r"[0-9]{1,18}(\.[0-9]{0,18})?", fullmatch=True)
odd = st.text("0123456789.-+eE ,x\n\"'\u0661", max_size=20)
short = st.text("019.-", max_size=5)


def one_by_one(texts: list[str]) -> tuple[list[float], list[int], dict[int, str]] | tuple[int, str]:
    values = []
    for index, text in enumerate(texts):
        try:
            values.append(read_value(text))
        except ValueError as error:
            return index, str(error)
    kept = {index: value.text for index, value in enumerate(values) if value.text is not None}
    return [value.number for value in values], [value.code for value in values], kept


def at_once(texts: list[str]) -> tuple[list[float], list[int], dict[int, str]] | tuple[int, str]:
    # Quoted, so that a cell may hold anything; the column beside it keeps an empty cell from being a blank line.
    lines = ['"{}",0'.format(text.replace('"', '""')) for text in texts]
    try:
        column = read_column(read_cells("\n".join(lines).encode()), 0)
    except ColumnError as error:
        return error.index, str(error)
    return column.numbers.tolist(), column.codes.tolist(), column.texts


@given(st.lists(plain | digits | odd | short, min_size=1, max_size=30))
@example(["0", "00", "0.0", "0.", ".0", ".", "", "1..2", "1.2.3"])
@example(["123456789012345", "1234567890123456", "12345678901234.5", "123456789012345.6", "0.12345678901234567"])
def test_a_column_is_read_like_each_of_its_texts(texts: list[str]) -> None:
    assert at_once(texts) == one_by_one(texts)


@given(st.lists(digits, min_size=1, max_size=50))
def test_numbers_are_the_nearest_floats(texts: list[str]) -> None:
    column = read_column(read_cells("\n".join(texts).encode()), 0)
    assert column.numbers.tolist() == [float(text) for text in texts]


def test_the_first_bad_text_is_told() -> None:
    with pytest.raises(ColumnError, match="'x' is not a number") as caught:
        read_column(read_cells(b"1\n2\nx\ny\n"), 0)
    assert caught.value.index == 2
