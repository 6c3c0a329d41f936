"""A column of text read at once equals its texts read one by one."""

from __future__ import annotations

from hypothesis import example, given, strategies as st

from wealthsources import read_value
from wealthsources_file.bad_rows import Found
from wealthsources_file.cells import Cutter
from wealthsources_file.columns import Column, read_column
from wealthsources_file.header import Header
from wealthsources_file.line_numbers import LineNumbers

plain = st.decimals(min_value=0, max_value=10**14, allow_nan=False, allow_infinity=False).map(lambda d: format(d, "f"))
digits = st.from_regex(r"[0-9]{1,18}(\.[0-9]{0,18})?", fullmatch=True)
odd = st.text("0123456789.-+eE ,x\n\"'\u0661", max_size=20)
short = st.text("019.-", max_size=5)


Read = tuple[list[float], list[int], dict[int, str], dict[int, str]]


def one_by_one(texts: list[str]) -> Read:
    numbers, codes, kept, faults = [0.0] * len(texts), [0] * len(texts), {}, {}
    for index, text in enumerate(texts):
        try:
            numbers[index], codes[index], aside = read_value(text)
        except ValueError as error:
            faults[index] = str(error)
        else:
            if aside is not None:
                kept[index] = aside
    return numbers, codes, kept, faults


def column_of(texts: list[str]) -> Column:
    # Quoted, so that a cell may hold anything; the column beside it keeps an empty cell from being a blank line.
    lines = "".join('"{}",0\n'.format(text.replace('"', '""')) for text in texts)
    return read_column(Cutter(1, Header(2, {}), LineNumbers(), Found()).cut(lines.encode(), last=True)[0], 0)


@given(st.lists(plain | digits | odd | short, min_size=1, max_size=30))
@example(["0", "00", "0.0", "0.", ".0", ".", "", "1..2", "1.2.3"])
@example(["123456789012345", "1234567890123456", "12345678901234.5", "123456789012345.6", "0.12345678901234567"])
def test_a_column_is_read_like_each_of_its_texts(texts: list[str]) -> None:
    column = column_of(texts)
    assert (column.numbers.tolist(), column.codes.tolist(), column.texts, column.faults) == one_by_one(texts)


@given(st.lists(digits, min_size=1, max_size=50))
def test_numbers_are_the_nearest_floats(texts: list[str]) -> None:
    assert column_of(texts).numbers.tolist() == [float(text) for text in texts]


def test_bad_texts_are_told_and_spoil_no_others() -> None:
    column = column_of(["1", "x", "3", ""])
    assert column.faults == {1: "'x' is not a number", 3: "'' is not a number"}
    assert column.numbers.tolist() == [1, 0, 3, 0]


def test_no_rows_are_no_numbers() -> None:
    assert column_of([]).numbers.tolist() == []
